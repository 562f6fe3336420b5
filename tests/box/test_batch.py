"""Batch prediction: files of rows in, one table out, with real models of scikit-learn."""

import csv
import json
import resource
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LogisticRegression

from box.running import NUMBER, TEXT, box_command, box_environ, inputs_schema, packages, write_box

WINE = """
    def predict(model, alcohol: float, hue: float, proline: float | None = None) -> dict[str, float]:
        if hue < 0:
            raise ValueError("no such hue")
        scores = model.predict_proba([[alcohol, hue]])[0]
        return {f"class_{number}": float(score) for number, score in enumerate(scores)}
"""
SCORES = {"type": "object", "additionalProperties": NUMBER, "x-modelyard": "probabilities"}
DIGITS = """
    import numpy
    from PIL import Image

    def predict(model, image: Image.Image) -> int:
        return int(model.predict([numpy.asarray(image.convert("L")).ravel() / 16])[0])
"""
IMAGE = {"type": "string", "contentEncoding": "base64", "x-modelyard": "image"}


@pytest.fixture(scope="module")
def wine() -> Any:
    data = load_wine()
    columns = [data.feature_names.index(name) for name in ("alcohol", "hue")]
    return LogisticRegression(max_iter=1000).fit(data.data[:, columns], data.target)


@pytest.fixture
def wine_box(tmp_path: Path, wine: Any) -> Path:
    inputs = inputs_schema(("proline",), alcohol=NUMBER, hue=NUMBER, proline={"anyOf": [NUMBER, {"type": "null"}]})
    return write_box(tmp_path, WINE, inputs=inputs, artifact=wine, site=packages(), output=SCORES)


def batch(config: Path, rows: dict[str, Any], params: Any = None, **options: Any) -> tuple[int, str, Path]:
    """Exit status, log and results of the ``batch`` command on files of that content."""
    given, out = config.parent / "in", config.parent / "out"
    for name, content in rows.items():
        path = given / "rows" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (given / "rows").mkdir(parents=True, exist_ok=True)
    (given / "params.json").write_text(json.dumps(params or {}))
    places = {"MODELYARD_IN": str(given), "MODELYARD_OUT": str(out)}
    done = subprocess.run(
        box_command("batch"),
        env=box_environ(config, **places),
        capture_output=True,
        timeout=120,
        check=False,
        **options,
    )
    return done.returncode, (done.stdout + done.stderr).decode(), out


def table(out: Path) -> list[dict[str, str]]:
    with (out / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_wine_of_a_csv_gets_its_probabilities(wine_box: Path, wine: Any) -> None:
    frame = load_wine(as_frame=True).frame
    status, log, out = batch(wine_box, {"wine.csv": frame.to_csv(index=False)})
    assert status == 0, log
    found = table(out)
    wanted = wine.predict_proba(frame[["alcohol", "hue"]].to_numpy())
    assert [row["label"] for row in found] == [f"class_{number}" for number in wanted.argmax(axis=1)]
    assert float(found[7]["class_1"]) == pytest.approx(wanted[7, 1])
    assert list(found[0])[:3] == ["file", "row", "alcohol"]
    assert list(found[0])[-5:] == ["label", "class_0", "class_1", "class_2", "error"]
    assert [row["row"] for row in found] == [str(number) for number in range(1, 179)]
    assert found[0]["target"] == "0"
    assert json.loads((out / "result.json").read_text()) == {"rows": 178, "failed": 0}
    assert log.splitlines()[-1] == "progress: 1 178 of 178 rows"
    assert sorted(path.name for path in out.iterdir()) == ["predictions.csv", "result.json"]


def test_a_bad_row_fails_alone(wine_box: Path) -> None:
    lines = ['{"alcohol": 13, "hue": 1}', "{", '{"alcohol": "x", "hue": 1}', '{"hue": 1}', '{"alcohol": 13, "hue": -1}']
    status, log, out = batch(wine_box, {"rows.jsonl": "\n".join(lines), "rows.csv": "alcohol,hue\n13,1,7\n12,1\n"})
    assert status == 0, log
    assert [(row["file"], row["row"], row["error"][:38]) for row in table(out)] == [
        ("rows.csv", "1", "it has 3 cells"),
        ("rows.csv", "2", ""),
        ("rows.jsonl", "1", ""),
        ("rows.jsonl", "2", "it is not JSON: Expecting property nam"),
        ("rows.jsonl", "3", 'input \'alcohol\': "x" is not of type "n'),
        ("rows.jsonl", "4", "input 'alcohol' is required"),
        ("rows.jsonl", "5", "ValueError: no such hue"),
    ]
    assert json.loads((out / "result.json").read_text()) == {"rows": 7, "failed": 5}


def test_all_rows_bad_is_a_failure_and_none_is_not(wine_box: Path) -> None:
    assert batch(wine_box, {"rows.csv": "alcohol,hue\n"})[0] == 0
    assert batch(wine_box, {"rows.csv": "alcohol,hue\nx,1\n"})[0] == 1
    assert batch(wine_box, {"rows.csv": "alcohol,hue\nx,1\n"}, {"batch_size": 0})[0] == 2
    assert batch(wine_box, {"rows.csv": "alcohol,hue\nx,1\n"}, {"workers": 2})[0] == 2


def test_what_is_no_table_is_left_out_or_refused(wine_box: Path) -> None:
    status, log, _ = batch(wine_box, {"README.md": "# Wines", "LICENSE": "MIT"})
    assert status == 1
    assert "none of the 2 files in rows can be read: give .csv, .tsv, .jsonl" in log
    status, log, out = batch(wine_box, {"rows.json": '[{"alcohol": 13, "hue": 1}, {"alcohol": 12, "hue": 1}]'})
    assert status == 0, log
    assert len(table(out)) == 2
    assert "batch: 2 files are left out: they are no rows" in log


def test_a_broken_file_does_not_take_the_others_with_it(wine_box: Path) -> None:
    rows = {"a.json": '[{"alcohol": 13, "hue": 1}, {"alcohol": ', "b.csv": b"alcohol,hue\n\xff,1\n", "c.csv": "hue\n1"}
    status, _, out = batch(wine_box, rows)
    assert status == 0
    found = table(out)
    assert [row["file"] for row in found] == ["a.json", "a.json", "b.csv", "c.csv"]
    assert found[1]["error"].startswith("the file cannot be read on")
    assert "utf-8" in found[2]["error"]
    assert found[3]["error"] == "input 'alcohol' is required"


def test_parquet_is_read_by_the_users_packages(wine_box: Path, tmp_path: Path) -> None:
    frame = load_wine(as_frame=True).frame.head(5)
    frame.assign(day=pd.Timestamp("2026-01-01")).to_parquet(tmp_path / "wine.parquet")
    content = (tmp_path / "wine.parquet").read_bytes()
    status, log, out = batch(wine_box, {"wine.parquet": content, "broken.parquet": b"PAR1"})
    assert status == 0, log
    found = table(out)
    assert len(found) == 6
    assert "cannot be read" in found[0]["error"]
    assert [row["label"] for row in found[1:]] == ["class_0"] * 5
    assert found[1]["day"].startswith("2026-01-01")


def test_without_a_package_for_parquet_the_row_says_so(tmp_path: Path) -> None:
    config = write_box(tmp_path, "def predict(x: float) -> float:\n    return x", inputs=inputs_schema(x=NUMBER))
    status, _, out = batch(config, {"a.parquet": b"PAR1", "b.csv": "x\n1\n"})
    assert status == 0
    assert "Parquet needs pyarrow: add it to the requirements" in table(out)[0]["error"]


def test_images_of_digits(tmp_path: Path) -> None:
    data = load_digits()
    model = LogisticRegression(max_iter=2000).fit(data.data / 16, data.target)
    rows: dict[str, Any] = {"notes.txt": "not an image", "broken.png": b"\x89PNG"}
    for number in range(20):
        path = tmp_path / "digit.png"
        Image.fromarray(data.images[number].astype(np.uint8)).save(path)
        rows[f"{data.target[number]}/{number:02}.png"] = path.read_bytes()
    config = write_box(tmp_path, DIGITS, inputs=inputs_schema(image=IMAGE), artifact=model, site=packages())
    status, log, out = batch(config, rows, {"batch_size": 3})
    assert status == 0, log
    found = {row["file"]: row for row in table(out)}
    assert len(found) == 21
    assert "is not an image that Pillow can read" in found.pop("broken.png")["error"]
    assert list(next(iter(found.values()))) == ["file", "output", "error"]
    assert sum(name[0] == row["output"] for name, row in found.items()) >= 19


def test_a_table_model_gets_each_row_as_a_table(tmp_path: Path) -> None:
    source = """
        import pandas

        def predict(rows: pandas.DataFrame) -> list[float]:
            return list(rows["a"] * 2)
    """
    rows = {"type": "array", "items": {"type": "object"}, "x-modelyard": "table"}
    config = write_box(tmp_path, source, inputs=inputs_schema(rows=rows), site=packages())
    _, log, out = batch(config, {"rows.csv": "a,b\n1.5,x\n2,y\n"})
    assert [row["output"] for row in table(out)] == ["3.0", "4"], log


def test_outputs_of_every_shape_have_their_columns(tmp_path: Path) -> None:
    source = """
        def predict(error: str, n: int):
            return [None, True, "text", {"n": n, "more": [1]}, [1, 2], float("nan"), {"error": 1}][n]
    """
    config = write_box(tmp_path, source, inputs=inputs_schema(error=TEXT, n={"type": "integer"}))
    _, log, out = batch(config, {"rows.jsonl": "\n".join(json.dumps({"error": "e", "n": n}) for n in range(7))})
    found = table(out)
    assert [row["output"] for row in found] == ["", "true", "text", "", "[1, 2]", "", ""], log
    assert (found[3]["output.n"], found[3]["more"]) == ("3", "[1]")
    assert (found[6]["input.error"], found[6]["output.error"], found[6]["error"]) == ("e", "1", "")


def test_a_worker_that_dies_costs_its_row_alone(tmp_path: Path) -> None:
    source = """
        import os

        def predict(n: int) -> int:
            if n == 3:
                os._exit(9)
            return n
    """
    config = write_box(tmp_path, source, inputs=inputs_schema(n={"type": "integer"}))
    status, _, out = batch(config, {"rows.csv": "n\n" + "".join(f"{n}\n" for n in range(50))})
    assert status == 0
    found = table(out)
    assert [row["n"] for row in found if row["error"]] == ["3"]
    assert [row["output"] for row in found if not row["error"]] == [str(n) for n in range(50) if n != 3]


def test_a_model_that_does_not_load_is_the_reason(tmp_path: Path) -> None:
    config = write_box(tmp_path, "import nowhere_at_all", inputs=inputs_schema(n=NUMBER))
    status, log, out = batch(config, {"rows.csv": "n\n1\n"})
    assert status == 1
    assert "nowhere_at_all" in log.splitlines()[-1]
    assert not (out / "predictions.csv").exists()


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_memory_is_bounded(tmp_path: Path, kind: str) -> None:
    """150 MB of rows in processes that may have 120 MiB of data each."""
    source = "def predict(n: int, text: str) -> int:\n    return n"
    config = write_box(tmp_path, source, inputs=inputs_schema(n={"type": "integer"}, text=TEXT))
    text = "x" * 5000
    rows = "n,text\n" + f"1,{text}\n" * 30_000 if kind == "csv" else json.dumps([{"n": 1, "text": text}] * 30_000)
    bound = partial(resource.setrlimit, resource.RLIMIT_DATA, (120 * 2**20, 120 * 2**20))
    status, log, out = batch(config, {f"rows.{kind}": rows}, preexec_fn=bound)
    assert status == 0, log
    with (out / "predictions.csv").open() as file:
        assert sum(1 for _ in file) == 30_001
    assert json.loads((out / "result.json").read_text())["failed"] == 0
