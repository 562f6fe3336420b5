"""What stands in a Cog image beside its inputs, without an image: the files of an answer, words of failures."""

import ast
import base64
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

import modelyard_cog
from modelyard_cog import answers, files
from modelyard_cog.failures import Failed
from modelyard_cog.log import Log
from modelyard_cog.server import _refusal

SOURCES = sorted(Path(modelyard_cog.__file__).parent.glob("*.py"))


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(answers, "OUT", tmp_path)
    return tmp_path


@pytest.fixture
def file() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        yield file


def keep(file: IO[bytes], output: Any, *, schema: dict[str, Any] | None = None, **said: Any) -> None:
    file.write(json.dumps({"status": "succeeded", "output": output, **said}).encode())
    answers.keep_answer(file, schema or {})


def data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_any_python_that_cog_has_had_can_run_it(source: Path) -> None:
    tree = ast.parse(source.read_text(), feature_version=(3, 7))
    modules = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    modules += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    roots = {module.partition(".")[0] for module in modules}
    assert roots <= sys.stdlib_module_names | {"modelyard_cog"}


def test_files_anywhere_in_an_output_are_written(file: IO[bytes], out: Path) -> None:
    large = bytes(range(256)) * 20_000
    output = {"a b": [data("image/jpeg", b"one"), {"deep": data("None", large)}], "n": 1, "c": data("text/plain", b"")}
    keep(file, output)
    assert (out / "output.a_b.0.jpg").read_bytes() == b"one"
    assert (out / "output.a_b.1.deep").read_bytes() == large
    assert (out / "output.c.txt").read_bytes() == b""
    told = {"a b": ["output.a_b.0.jpg", {"deep": "output.a_b.1.deep"}], "n": 1, "c": "output.c.txt"}
    assert json.loads((out / "result.json").read_text()) == {"output": told}
    assert sorted(path.name for path in out.iterdir() if path.suffix == ".txt") == ["output.c.txt"]


@pytest.mark.parametrize(
    "text",
    ['say "data:text/plain;base64,aGk="', "data:text/plain,hi", '\\"data:a;base64,aGk=', "data:x;base64,a b", ""],
)
def test_what_only_looks_like_a_file_stays_text(file: IO[bytes], out: Path, text: str) -> None:
    keep(file, text)
    assert (out / "output.txt").read_text() == text
    assert json.loads((out / "result.json").read_text()) == {"output": text}


def test_names_that_are_taken_are_left_alone(file: IO[bytes], out: Path) -> None:
    (out / "output.png").write_bytes(b"the model's own")
    keep(file, data("image/png", b"returned"))
    assert (out / "output.png").read_bytes() == b"the model's own"
    assert (out / "output_.png").read_bytes() == b"returned"


def test_pieces_are_one_text_where_cog_says_so(file: IO[bytes], out: Path) -> None:
    keep(file, ["a", "b"], schema={"x-cog-array-display": "concatenate"})
    assert (out / "output.txt").read_text() == "ab"


def test_numbers_among_the_metrics_are_kept(file: IO[bytes], out: Path) -> None:
    keep(file, None, metrics={"predict_time": 0.5, "tokens": 3, "model": "big", "ok": True, "all": [1]})
    assert json.loads((out / "metrics.jsonl").read_text()) == {"predict_time": 0.5, "tokens": 3}
    assert not (out / "result.json").exists()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "empty"),
        (b"no JSON", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "it said nothing"),
        (b'{"status": "failed", "error": "first\\nsecond"}', "the prediction failed: first second"),
        (b'{"status": "canceled"}', "the prediction canceled"),
    ],
)
def test_an_answer_without_a_result_is_a_failure(file: IO[bytes], answer: bytes, reason: str) -> None:
    file.write(answer)
    with pytest.raises(Failed, match=reason):
        answers.keep_answer(file, {})


def test_text_that_is_too_long_is_a_failure(file: IO[bytes], out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "TEXT_LIMIT", 1000)
    keep(file, [data("text/plain", b"x" * 5000)])
    file.seek(0)
    with pytest.raises(Failed, match="files"):
        keep(file, ["x" * 5000])


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (422, '{"detail": [{"loc": ["body", "input", "n"], "msg": "is no number"}]}', "not accepted: n: is no number"),
        (422, '{"error": "n is missing", "status": "failed"}', "not accepted: n is missing"),
        (409, '{"detail": "Already running"}', "answered 409: Already running"),
        (500, "Internal Server Error", "answered 500: Internal Server Error"),
        (500, "[]", r"answered 500: \[\]"),
    ],
)
def test_a_refusal_is_told_without_its_json(status: int, text: str, words: str) -> None:
    assert words.replace("\\", "") in _refusal(status, text)


def test_inputs_are_handed_out_under_their_own_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "IN", tmp_path)
    (tmp_path / "pages" / "deep").mkdir(parents=True)
    for name in ("b+ä b.txt", "deep/a.txt"):
        (tmp_path / "pages" / name).write_text(name)
    (tmp_path / "params.json").write_text('{"n": null}')
    (tmp_path / "inputs.json").write_text(json.dumps({"pages": str(tmp_path / "pages")}))
    handed = files.Files()
    try:
        given = files.given(handed)
    finally:
        handed.server_close()
    assert given["n"] is None
    assert [address.rpartition("/")[2] for address in given["pages"]] == ["b%2B%C3%A4%20b.txt", "a.txt"]


def test_what_the_model_prints_comes_out_of_its_wrapping(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    wrapped = {
        "timestamp": "t",
        "target": "coglet::prediction",
        "fields": {"message": "progress: 0.5", "source": "Stdout"},
    }
    other = {"timestamp": "t", "target": "coglet", "fields": {"message": "ready"}}
    lines = [b"\xff plain\n", json.dumps(wrapped).encode() + b"\n", b'{"timestamp": 1}\n', json.dumps(other).encode()]
    log = Log()
    log.pass_on(io.BytesIO(b"".join(lines).replace(b'{"timestamp": ', b'{"timestamp":')))
    written = capfdbinary.readouterr().out.splitlines()
    assert written[:3] == [b"\xff plain", b"progress: 0.5", b'{"timestamp":1}']
    assert b"ready" in written[3]
    assert log.last == "progress: 0.5"
