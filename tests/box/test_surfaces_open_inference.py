"""The Open Inference Protocol, driven by Triton's own client; and byte by byte what that client would never send."""

import base64
import contextlib
import json
import struct

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from PIL import Image
from tritonclient.utils import InferenceServerException

from box.running import NUMBER, TEXT, inputs_schema, packages, serving, write_box
from support.ports import free_port

ARRAY = {"type": "array", "x-modelyard": "array"}
MATRIX = {"type": "array", "items": {"type": "array", "items": NUMBER}}
TABLE = {"type": "array", "items": {"type": "object"}, "x-modelyard": "table"}
FILE = {"type": "string", "contentEncoding": "base64", "x-modelyard": "file"}
IMAGE = {**FILE, "x-modelyard": "image"}
INTEGER, BOOLEAN = {"type": "integer"}, {"type": "boolean"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Boxes by source, each started when it is first asked for, and Triton's client of each."""
    with contextlib.ExitStack() as stack:
        found = {}

        def get(source, inputs, **more):
            if source not in found:
                port = str(free_port())
                config = write_box(tmp_path_factory.mktemp("v2"), source, inputs=inputs, site=packages(), **more)
                environ = {"MODELYARD_REPOSITORY": "ann/thing", "MODELYARD_VERSION": "3"}
                box = stack.enter_context(serving(config, MODELYARD_PORT=port, **environ))
                found[source] = box, stack.enter_context(triton.InferenceServerClient(f"127.0.0.1:{port}"))
            return found[source]

        yield get


SCALARS = "def predict(x: float, times: int = 1, up: bool = False) -> float: return x * times + up"
SCALAR_INPUTS = inputs_schema(("times", "up"), x=NUMBER, times=INTEGER, up=BOOLEAN)


@pytest.fixture(scope="module")
def scalars(models):
    return models(SCALARS, SCALAR_INPUTS, output=NUMBER)


def tensor(name, values, datatype, *, binary=True):
    array = np.asarray(values)
    made = triton.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def infer(client, *tensors, outputs=("output",), binary=True, **more):
    """The outputs by name, as numpy arrays."""
    asked = [triton.InferRequestedOutput(name, binary_data=binary) for name in outputs]
    answer = client.infer("thing", list(tensors), outputs=asked, **more)
    found = [answer.as_numpy(name) for name in outputs]
    return found[0] if len(found) == 1 else found


def test_health_and_metadata(scalars):
    _, client = scalars
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("thing")
    assert client.is_model_ready("ann/thing", "3")
    assert not client.is_model_ready("other")
    assert not client.is_model_ready("thing", "4")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    assert client.get_model_metadata("thing") == {
        "name": "thing",
        "versions": ["3"],
        "platform": "modelyard",
        "inputs": [
            {"name": "x", "datatype": "FP64", "shape": [-1]},
            {"name": "times", "datatype": "INT64", "shape": [-1]},
            {"name": "up", "datatype": "BOOL", "shape": [-1]},
        ],
        "outputs": [{"name": "output", "datatype": "FP64", "shape": [-1]}],
    }


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_scalars_come_and_go_as_binary_data_and_as_json(scalars, binary_in, binary_out):
    _, client = scalars
    tensors = [
        tensor("x", np.array([1.5, 2, 3]), "FP64", binary=binary_in),
        tensor("times", np.array([2, 3, 4]), "INT64", binary=binary_in),
        tensor("up", np.array([True, False, True]), "BOOL", binary=binary_in),
    ]
    found = infer(client, *tensors, binary=binary_out)
    assert found.dtype == np.float64
    assert found.tolist() == [4.0, 6.0, 13.0]


def test_what_is_given_once_holds_for_all_calls(scalars):
    _, client = scalars
    times = tensor("times", np.array([10]), "INT64")
    assert infer(client, tensor("x", np.array([[1.0], [2.0]]), "FP64"), times).tolist() == [10.0, 20.0]
    assert infer(client, tensor("x", np.array([1.0, 2.0]), "FP64"), parameters={"times": 3}).tolist() == [3.0, 6.0]


NUMPY = {
    "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "UINT8": np.uint8, "UINT16": np.uint16,
    "UINT32": np.uint32, "UINT64": np.uint64, "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
}  # fmt: skip


@pytest.mark.parametrize("datatype", NUMPY)
def test_every_number_type_arrives_as_it_was(scalars, datatype):
    _, client = scalars
    kind = NUMPY[datatype]
    limits = np.finfo(kind) if datatype.startswith("FP") else np.iinfo(kind)
    values = np.array([limits.min, 0, 1, limits.max], kind)
    if datatype == "FP64":
        values /= 2  # the model adds to it
    assert infer(client, tensor("x", values, datatype)).tolist() == [float(value) for value in values.tolist()]


def test_bfloat16_arrives(scalars):
    box, _ = scalars
    values = [1.0, -2.5, 0.0, 3.0e38]
    halves = b"".join(struct.pack("<f", value)[2:] for value in values)
    head = {"inputs": [{"name": "x", "datatype": "BF16", "shape": [4], "parameters": {"binary_data_size": 8}}]}
    found = post_binary(box, head, halves).json()["outputs"][0]["data"]
    assert found[:3] == values[:3]
    assert found[3] == pytest.approx(3.0e38, rel=0.01)


def test_the_answer_names_the_model_and_the_request(scalars):
    _, client = scalars
    answer = client.infer("thing", [tensor("x", np.array([1.0]), "FP64")], "3", request_id="mine").get_response()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("thing", "3", "mine")


def test_an_array_is_one_call_or_with_one_more_dimension_many(models):
    source = "def predict(m: list[list[float]]) -> float: return sum(map(sum, m))"
    _, client = models(source, inputs_schema(m=MATRIX), output=NUMBER)
    assert client.get_model_metadata("thing")["inputs"] == [{"name": "m", "datatype": "FP64", "shape": [-1, -1]}]
    values = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    assert infer(client, tensor("m", values[0], "FP32")).tolist() == [15.0]
    assert infer(client, tensor("m", values, "FP32")).tolist() == [15.0, 51.0]
    with pytest.raises(InferenceServerException, match="2 dimensions, or 3"):
        infer(client, tensor("m", values[0][0], "FP32"))


@pytest.mark.parametrize("kind", ["float32", "int64", "bool"])
def test_arrays_of_any_shape_go_through_whole(models, kind):
    source = "import numpy as np\ndef predict(a: np.ndarray): return a.swapaxes(0, -1)"
    _, client = models(source, inputs_schema(a=ARRAY), output=ARRAY)
    values = np.arange(24).reshape(2, 3, 4).astype(kind)
    datatype = {"float32": "FP32", "int64": "INT64", "bool": "BOOL"}[kind]
    found = infer(client, tensor("a", values, datatype))
    assert found.shape == (4, 3, 2)
    assert (found == values.swapaxes(0, -1)).all()


def test_an_array_without_elements_in_one_dimension_is_refused(models):
    _, client = models(
        "import numpy as np\ndef predict(a: np.ndarray): return a.swapaxes(0, -1)", inputs_schema(a=ARRAY)
    )
    with pytest.raises(InferenceServerException, match="is empty"):
        infer(client, tensor("a", np.zeros((3, 0, 2)), "FP64"))


def test_missing_numbers_are_nan_in_binary_data(models):
    source = "def predict(x: float) -> float: return float('nan') if x < 0 else x"
    _, client = models(source, inputs_schema(x=NUMBER), output=NUMBER)
    found = infer(client, tensor("x", np.array([-1.0, 2.0]), "FP64"))
    assert np.isnan(found[0])
    assert found[1] == 2.0


@pytest.mark.parametrize("binary", [True, False])
def test_text(models, binary):
    _, client = models("def predict(t: str) -> str: return t + '!'", inputs_schema(t=TEXT), output=TEXT)
    given = tensor("t", np.array(["äh", "", "z" * 1000], dtype=object), "BYTES", binary=binary)
    found = infer(client, given, binary=binary)
    texts = [item.decode() if isinstance(item, bytes) else item for item in found]
    assert texts == ["äh!", "!", "z" * 1000 + "!"]


def test_a_table_is_tensors_by_column(models):
    source = """
        import pandas as pd
        def predict(rows: pd.DataFrame) -> list[float]: return (rows["a"] * rows["b"]).tolist()
    """
    _, client = models(source, inputs_schema(rows=TABLE), output={"type": "array", "items": NUMBER})
    assert client.get_model_metadata("thing")["inputs"] == [{"name": "rows", "datatype": "BYTES", "shape": [-1]}]
    columns = [tensor("a", np.array([1.0, 2.0]), "FP64"), tensor("b", np.array([[3], [4]]), "INT64")]
    assert infer(client, *columns).tolist() == [3.0, 8.0]
    rows = np.array(['{"a": 1, "b": 5}', '{"a": 2, "b": 6}'], dtype=object)
    assert infer(client, tensor("rows", rows, "BYTES")).tolist() == [5.0, 12.0]
    with pytest.raises(InferenceServerException, match="different lengths"):
        infer(client, tensor("a", np.array([1.0]), "FP64"), tensor("b", np.array([3, 4]), "INT64"))


def test_columns_that_the_signature_names_are_in_the_metadata(models):
    items = {"type": "object", "properties": {"a": NUMBER, "name": TEXT}, "additionalProperties": False}
    inputs = inputs_schema(rows={"type": "array", "items": items, "x-modelyard": "table"})
    _, client = models("def predict(rows): return [row['name'] * int(row['a']) for row in rows]", inputs)
    assert client.get_model_metadata("thing")["inputs"] == [
        {"name": "a", "datatype": "FP64", "shape": [-1]},
        {"name": "name", "datatype": "BYTES", "shape": [-1]},
    ]
    columns = [tensor("a", np.array([1.0, 2.0]), "FP64"), tensor("name", np.array(["x", "y"], dtype=object), "BYTES")]
    assert [item.decode() for item in infer(client, *columns)] == ["x", "yy"]


def test_a_file_is_raw_in_binary_data_and_base64_in_json(models):
    source = "def predict(f: bytes) -> int: return sum(f)"
    box, client = models(source, inputs_schema(f=FILE), output=INTEGER)
    data = bytes(range(256))
    assert infer(client, tensor("f", np.array([data, b"\x01"], dtype=object), "BYTES")).tolist() == [sum(data), 1]
    text = base64.b64encode(data).decode()
    for form in (text, f"data:application/octet-stream;base64,{text}"):
        body = {"inputs": [{"name": "f", "datatype": "BYTES", "shape": [1], "data": [form]}]}
        found = box.client.post("/v2/models/thing/infer", json=body)
        assert found.json()["outputs"][0]["data"] == [sum(data)]


def test_an_image(models, tmp_path):
    source = "from PIL.Image import Image\ndef predict(i: Image) -> list[int]: return list(i.size)"
    _, client = models(source, inputs_schema(i=IMAGE), output={"type": "array", "items": INTEGER})
    Image.new("RGB", (5, 4)).save(tmp_path / "i.png")
    data = np.array([(tmp_path / "i.png").read_bytes()], dtype=object)
    assert infer(client, tensor("i", data, "BYTES")).tolist() == [[5, 4]]


def test_objects_are_json_documents(models):
    source = "def predict(o): return {'had': o, 'n': 1}"
    _, client = models(source, inputs_schema(o={"type": "object"}), output={"type": "object"})
    found = infer(client, tensor("o", np.array(['{"a": [1]}', "{}"], dtype=object), "BYTES"))
    assert [json.loads(item) for item in found] == [{"had": {"a": [1]}, "n": 1}, {"had": {}, "n": 1}]


def test_an_output_with_named_fields_is_a_tensor_for_each(models):
    source = "def predict(x): return {'twice': 2 * x, 'words': str(x), 'both': [x, x]}"
    output = {
        "type": "object",
        "properties": {"twice": NUMBER, "words": TEXT, "both": {"type": "array", "items": NUMBER}},
        "additionalProperties": False,
    }
    _, client = models(source, inputs_schema(x=NUMBER), output=output)
    given = tensor("x", np.array([1.0, 2.0]), "FP64")
    twice, words, both = infer(client, given, outputs=("twice", "words", "both"))
    assert (twice.tolist(), both.tolist()) == ([2.0, 4.0], [[1.0, 1.0], [2.0, 2.0]])
    assert [word.decode() for word in words] == ["1.0", "2.0"]
    answer = client.infer("thing", [given], outputs=[triton.InferRequestedOutput("twice")])
    assert [output["name"] for output in answer.get_response()["outputs"]] == ["twice"]


def test_a_stream_is_collected(models):
    source = "def predict(n: int):\n    yield from range(n)"
    _, client = models(source, inputs_schema(n=INTEGER), streams=True)
    assert infer(client, tensor("n", np.array([3, 3]), "INT64")).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_a_failing_model_is_told_in_the_envelope(models):
    _, client = models("def predict(x): return 1 / x", inputs_schema(x=NUMBER))
    with pytest.raises(InferenceServerException, match="ZeroDivisionError") as caught:
        infer(client, tensor("x", np.array([1.0, 0.0]), "FP64"))
    assert "500" in caught.value.status()
    assert infer(client, tensor("x", np.array([2.0]), "FP64")).tolist() == [0.5]


def post_binary(box, head, binary: bytes, length=None, url="/v2/models/thing/infer") -> httpx.Response:
    text = json.dumps(head).encode()
    told = str(len(text) if length is None else length)
    return box.client.post(url, content=text + binary, headers={"inference-header-content-length": told})


X = {"name": "x", "datatype": "FP64", "shape": [1], "data": [1.0]}


def sized(size, **more):
    told = {key: value for key, value in X.items() if key != "data"}
    return {**told, "parameters": {"binary_data_size": size}, **more}


REFUSED = {
    "not json": ([1], b"", 2, "JSON"),
    "no inputs": ({}, b"", None, "inputs"),
    "an input that is no object": ({"inputs": [3]}, b"", None, "not an object"),
    "no tensor at all": ({"inputs": []}, b"", None, "input 'x' is required"),
    "a tensor that is no input": ({"inputs": [{**X, "name": "z"}]}, b"", None, "no input 'z'"),
    "twice the same": ({"inputs": [X, X]}, b"", None, "more than once"),
    "no name": ({"inputs": [{**X, "name": None}]}, b"", None, "no name"),
    "no shape": ({"inputs": [{**X, "shape": None}]}, b"", None, "no shape"),
    "a shape below zero": ({"inputs": [{**X, "shape": [-1]}]}, b"", None, "no shape"),
    "an unknown datatype": ({"inputs": [{**X, "datatype": "FP8"}]}, b"", None, "FP8"),
    "fewer elements": ({"inputs": [{**X, "shape": [2]}]}, b"", None, "1 elements"),
    "a huge shape": ({"inputs": [{**X, "shape": [2**40, 2**40]}]}, b"", None, "elements"),
    "ragged data": ({"inputs": [{**X, "shape": [2, 2], "data": [[1, 2], [3]]}]}, b"", None, "nested"),
    "data of another type": ({"inputs": [{**X, "data": ["1"]}]}, b"", None, "not FP64"),
    "an integer out of range": ({"inputs": [{**X, "datatype": "INT8", "data": [128]}]}, b"", None, "not INT8"),
    "no data": ({"inputs": [{**X, "data": None}]}, b"", None, "no data"),
    "an element that the schema refuses": (
        {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [1], "data": ["a"]}]}, b"", None, "input 'x'",
    ),
    "an unknown output": ({"inputs": [X], "outputs": [{"name": "y"}]}, b"", None, "no output 'y'"),
    "outputs that are none": ({"inputs": [X], "outputs": "y"}, b"", None, "outputs"),
    "parameters that are none": ({"inputs": [X], "parameters": 3}, b"", None, "parameters"),
    "binary data beyond the body": ({"inputs": [sized(16, shape=[2])]}, b"12345678", None, "8 are left"),
    "binary data of another size": ({"inputs": [sized(4)]}, b"1234", None, "needs 8 bytes"),
    "binary data of no tensor": ({"inputs": [X]}, b"1234", None, "belong to no tensor"),
    "a size below zero": ({"inputs": [sized(-8)]}, b"12345678", None, "says -8 bytes"),
    "json beyond the body": ({"inputs": [X]}, b"", 10_000, "but the body has"),
    "text that ends early": ({"inputs": [sized(6, datatype="BYTES")]}, b"\xff\0\0\0ab", None, "within an element"),
    "text that ends in its length": ({"inputs": [sized(2, datatype="BYTES")]}, b"\xff\0", None, "within the length"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_malformed_requests_are_refused_with_the_reason(scalars, name):
    head, binary, length, words = REFUSED[name]
    box, _ = scalars
    response = post_binary(box, head, binary, length)
    assert response.status_code == 400, response.text
    assert words in response.json()["error"]
    assert box.output({"x": 1}) == 1.0


def test_another_model_or_version_is_not_found(scalars):
    box, _ = scalars
    assert post_binary(box, {"inputs": [X]}, b"", url="/v2/models/other/infer").status_code == 404
    assert post_binary(box, {"inputs": [X]}, b"", url="/v2/models/thing/versions/9/infer").status_code == 404
    assert post_binary(box, {"inputs": [X]}, b"", url="/v2/models/ann/thing/versions/v3/infer").status_code == 200
