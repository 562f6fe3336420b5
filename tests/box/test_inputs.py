"""What a request to predict may carry, and how it is told what is wrong."""

import base64
import io
import json

import pytest
from PIL import Image

from box.running import NUMBER, TEXT, inputs_schema, packages, serving, write_box

FILE = {"type": "string", "contentEncoding": "base64", "x-modelyard": "file"}
IMAGE = {"anyOf": [{**FILE, "contentMediaType": "image/*", "x-modelyard": "image"}, {"type": "null"}]}
ECHO = "def predict(**inputs): return inputs"
SCHEMA = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1, "maximum": 10},
        "size": {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]},
        "kind": {"enum": ["a", "b", 3]},
        "day": {"type": "string", "format": "date"},
        "moment": {"type": "string", "format": "date-time"},
        "point": {"$ref": "#/$defs/Point"},
        "either": {"anyOf": [{"type": "integer"}, {"type": "array"}]},
    },
    "required": ["count"],
    "additionalProperties": False,
    "$defs": {
        "Point": {
            "type": "object",
            "properties": {"x": NUMBER, "next": {"anyOf": [{"$ref": "#/$defs/Point"}, {"type": "null"}]}},
            "required": ["x"],
            "additionalProperties": False,
        }
    },
}


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with serving(write_box(tmp_path_factory.mktemp("inputs"), ECHO, inputs=SCHEMA)) as box:
        yield box


def one_input_box(folder, schema, source="def predict(x): return x"):
    return serving(write_box(folder, source, inputs=inputs_schema(x=schema)))


def test_valid_inputs_arrive(box):
    inputs = {
        "count": 3,
        "size": None,
        "kind": 3,
        "day": "2024-02-29",
        "moment": "2024-02-29T10:00",
        "point": {"x": 1.5, "next": {"x": 2}},
    }
    assert box.output(inputs) == inputs


@pytest.mark.parametrize(
    ("inputs", "pointers"),
    [
        ({}, ["/count"]),
        ({"count": 0}, ["/count"]),
        ({"count": "1"}, ["/count"]),
        ({"count": True}, ["/count"]),
        ({"count": 1.5}, ["/count"]),
        ({"count": 1e300}, ["/count"]),
        ({"count": None}, ["/count"]),
        ({"count": 1, "size": 1}, ["/size"]),
        ({"count": 1, "kind": "c"}, ["/kind"]),
        ({"count": 1, "day": "2024-02-30"}, ["/day"]),
        ({"count": 1, "moment": "2024-02-29T25:00"}, ["/moment"]),
        ({"count": 1, "unknown": 1}, ["/unknown"]),
        ({"count": 1, "point": {}}, ["/point/x"]),
        ({"count": 1, "point": {"x": 1, "next": {"x": 1, "next": {"x": "deep"}}}}, ["/point/next/next/x"]),
        ({"count": 1, "point": {"x": 1, "~a/b": 1}}, ["/point/~0a~1b"]),
        ({"count": 1, "either": "x"}, ["/either"]),
        ({"size": 1, "day": 3}, ["/count", "/day", "/size"]),
    ],
)
def test_invalid_inputs_are_a_422_that_names_each_field(box, inputs, pointers):
    response = box.predict(inputs)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "invalid-input"), problem
    assert response.headers["content-type"] == "application/problem+json"
    assert sorted(error["pointer"] for error in problem["errors"]) == pointers
    assert all(error["field"] == error["pointer"].split("/")[1] and error["detail"] for error in problem["errors"])
    assert any(error["field"] in problem["detail"] for error in problem["errors"])


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "empty"),
        (b"{", 400, "not JSON"),
        (b'{"count": NaN}', 400, "not JSON"),
        (b'{"count": Infinity}', 400, "not JSON"),
        (b'{"count": 1e999}', 400, "not JSON"),
        (b'{"count": 1} x', 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b"[" * 100_000, 400, "not JSON"),
        (b'{"count": 1, "point": ' + b'{"x":1,"next":' * 1100 + b"null" + b"}" * 1100 + b"}", 400, "not JSON"),
        (b'{"count": 1, "count": 1}', 422, "'count' is given more than once"),
        (b'{"count": 1, "point": {"x": 1, "x": 2}}', 422, "'x' is given more than once"),
        (b'{"count": 1, "day": "1:2:3", "day": "2024-01-01"}', 422, "'day' is given more than once"),
        (b"[1]", 422, "JSON object of inputs"),
        (b'"text"', 422, "JSON object of inputs"),
        (b"null", 422, "JSON object of inputs"),
    ],
)
def test_a_body_that_is_no_object_of_inputs_is_refused(box, body, status, words):
    response = box.predict(content=body, headers={"content-type": "application/json"})
    assert response.status_code == status
    assert words in response.json()["detail"]
    assert box.output({"count": 1}) == {"count": 1}


def test_colons_in_text_are_no_duplicates(tmp_path):
    with one_input_box(tmp_path, {}) as box:
        value = [{"a:b": "c:d", "e": [{"f": ":"}]}, ":::", {}]
        assert box.output({"x": value}) == value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (NUMBER, 3.5),
        (TEXT, "text"),
        ({"type": "array", "items": NUMBER}, [1, 2]),
        ({"anyOf": [NUMBER, {"type": "null"}]}, None),
        ({"type": "object"}, {"a": 1}),
        ({"type": "object"}, {}),
    ],
)
def test_one_input_may_come_bare(tmp_path, schema, value):
    with one_input_box(tmp_path, schema) as box:
        assert box.output(value) == value
        assert box.output({"x": value}) == value


def test_a_wrong_bare_value_names_the_input(tmp_path):
    with one_input_box(tmp_path, NUMBER) as box:
        for wrong in ("text", [1], None, {"y": 1}):
            problem = box.predict(wrong).json()
            assert {error["field"] for error in problem["errors"]} <= {"x", "y"}
            assert problem["errors"], problem


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/x-www-form-urlencoded", "a/b+json", ""]
)
def test_json_is_read_whatever_a_client_calls_it(box, kind):
    headers = {"content-type": kind} if kind else {}
    assert box.output(content=b'{"count": 2}', headers=headers) == {"count": 2}


def test_other_types_are_refused_when_no_input_takes_a_file(box):
    assert box.predict(content=b"a,b", headers={"content-type": "text/csv"}).status_code == 415
    assert box.predict(content=b"{}", headers={"content-encoding": "gzip"}).status_code == 415


UPLOADS = """
    from pathlib import Path
    from PIL import Image
    seen = []
    def predict(picture: Image.Image | None = None, paper: Path | None = None, data: bytes = b"", times: int = 1,
                word: str = "", flag: bool = False):
        gone = [path.exists() for path in seen]
        seen[:] = [paper] if paper else []
        return {"picture": picture and picture.size, "paper": paper and [paper.name, paper.read_text()],
                "data": data.hex(), "times": times, "word": word, "flag": flag, "left": gone}
"""


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 5)).save(buffer, "PNG")
    return buffer.getvalue()


def uploads_box(folder, *names: str):
    kinds = {"picture": IMAGE, "paper": FILE, "data": FILE}
    properties = {name: kinds[name] for name in names}
    properties |= {"times": {"type": "integer"}, "word": TEXT, "flag": {"type": "boolean"}}
    inputs = inputs_schema(("times", "word", "flag", *names[1:]), **properties)
    return serving(write_box(folder, UPLOADS, inputs=inputs, site=packages()))


def test_one_image_may_be_uploaded_raw_or_in_a_form_or_as_json(tmp_path):
    with uploads_box(tmp_path, "picture") as box:
        raw = box.output(content=png(), headers={"content-type": "image/png"})
        form = box.output(files={"anything": ("a.png", png(), "image/png")}, data={"times": "2", "word": "7"})
        text = box.output({"picture": base64.b64encode(png()).decode()})
        assert raw["picture"] == form["picture"] == text["picture"] == [4, 5]
        assert (form["times"], form["word"]) == (2, "7")
        bad = box.predict(content=b"no image", headers={"content-type": "image/png"})
        assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "picture")
        missing = box.predict(files={"times": (None, "2")})
        assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "picture")


def test_an_uploaded_file_keeps_its_base_name_and_is_gone_afterwards(tmp_path):
    with uploads_box(tmp_path, "paper") as box:
        first = box.output(files={"f": ("../../etc/a b.txt", b"hello", "text/plain")})
        assert first["paper"] == ["a b.txt", "hello"]
        second = box.output(content=b"x,y", headers={"content-type": "text/csv"})
        assert second["paper"] == ["file.csv", "x,y"]
        assert second["left"] == [False]
        disposition = {"content-type": "text/csv", "content-disposition": 'attachment; filename="t.csv"'}
        assert box.output(content=b"x", headers=disposition)["paper"][0] == "t.csv"
        assert box.output(files={"f": ("..", b"x")})["paper"][0] == "file"


def test_several_files_go_to_the_inputs_of_their_names(tmp_path):
    with uploads_box(tmp_path, "data", "paper") as box:
        files = {"data": ("d", b"\x00\xff"), "paper": ("p.txt", b"p"), "flag": (None, "true")}
        output = box.output(files=files)
        assert (output["data"], output["paper"], output["flag"]) == ("00ff", ["p.txt", "p"], True)
        stray = box.predict(files={"data": ("d", b"d"), "other": ("p", b"p")})
        assert (stray.status_code, stray.json()["errors"][0]["field"]) == (422, "other")
        assert box.predict(content=b"x", headers={"content-type": "text/csv"}).status_code == 415


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (b"garbage", "multipart/form-data; boundary=b"),
        (b"garbage", "multipart/form-data"),
        (
            b'--b\r\nContent-Disposition: form-data; name="times"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_a_broken_form_is_refused(tmp_path, content, kind):
    with uploads_box(tmp_path, "data") as box:
        response = box.predict(content=content, headers={"content-type": kind})
        assert response.status_code in (400, 422)
        assert response.json()["detail"]
        assert box.output(content=b"\x01", headers={"content-type": "a/b"})["data"] == "01"


def test_the_openapi_document_is_valid_and_describes_the_inputs(box):
    from openapi_spec_validator import validate

    document = box.client.get("/openapi.json").json()
    validate(document)
    schemas = document["components"]["schemas"]
    assert schemas["Inputs"]["properties"]["point"] == {"$ref": "#/components/schemas/Point"}
    assert list(schemas["Inputs"]["properties"]) == list(SCHEMA["properties"])
    assert "$defs" not in json.dumps(document)


def test_model_data_tells_the_card_the_signature_and_the_version(tmp_path):
    card = {"title": "Digits", "purpose": "to read", "example": {"x": 1}}
    config = write_box(tmp_path, "def predict(x): return x", inputs=inputs_schema(x=NUMBER), card=card)
    with serving(config, MODELYARD_REPOSITORY="ann/digits", MODELYARD_VERSION="v3") as box:
        data = box.client.get("/model/data").json()
        assert (data["title"], data["purpose"]) == ("Digits", "to read")
        assert (data["repository"], data["version"], data["loaded"]) == ("ann/digits", "v3", True)
        assert data["signature"]["inputs"]["properties"] == {"x": NUMBER}
