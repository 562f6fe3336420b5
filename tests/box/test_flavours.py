"""Estimators without a predict function, in real boxes: their signatures, their rows, and how they fail."""

import concurrent.futures
import json
import pickle
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from box import running

ROWS = np.arange(40.0).reshape(20, 2) % 7
LABELS = np.array(["no", "yes"] * 10)


def write(folder: Path, artifact: Any, *, name: str = "sklearn", signature: Any = None, **more: Any) -> Path:
    """A box of an estimator; its signature accepts anything until it was described."""
    anything = {"type": "object", "properties": {}}
    config = running.write_box(folder, {}, inputs=anything, artifact=artifact, site=running.packages(), **more)
    document = json.loads(config.read_text()) | {"framework": {"name": name, "model": None, "arguments": {}}}
    config.write_text(json.dumps(document | ({"signature": signature} if signature else {})))
    return config


def describe(config: Path) -> dict[str, Any]:
    """What the ``describe`` command reports."""
    out = config.parent / "result.json"
    environ = running.box_environ(config, MODELYARD_CHECK_RESULT=str(out))
    done = subprocess.run(running.box_command("describe"), env=environ, capture_output=True, timeout=120, check=False)
    found: dict[str, Any] = json.loads(out.read_text())
    assert done.returncode == (0 if found["ok"] else 1)
    return found


def described(folder: Path, model: Any) -> Path:
    config = write(folder, model)
    found = describe(config)
    assert found["ok"], found
    return write(folder, model, signature=found["signature"])


def signature_of(folder: Path, model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    found = describe(write(folder, model))
    assert found["ok"], found
    return found["signature"]["inputs"]["properties"], found["signature"]["output"]


def test_unnamed_features_are_one_input(tmp_path: Path):
    """A row of another length is a 422 that names it; waiting calls are answered together, each with its own."""
    model = LogisticRegression().fit(ROWS, LABELS)
    config = described(tmp_path, model)
    wanted = model.predict(ROWS).tolist()
    with running.serving(config) as box:
        assert box.output({"features": [1, 2]}) == model.predict([[1, 2]])[0]
        assert box.output([1, 2]) == model.predict([[1, 2]])[0]
        wrong = box.predict({"features": [1, 2, 3]})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "features")
        assert box.predict({"features": [1, "x"]}).json()["errors"][0]["pointer"] == "/features/1"
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            assert list(pool.map(lambda row: box.output({"features": row.tolist()}), ROWS)) == wanted


def test_named_features_are_inputs_of_their_own(tmp_path: Path):
    frame = pd.DataFrame(ROWS, columns=["width", "self"])
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(frame, ROWS[:, 0])
    config = described(tmp_path, model)
    with running.serving(config) as box:
        assert box.output({"width": 3, "self": 2}) == pytest.approx(3)
        assert "'self' is required" in box.predict({"width": 3}).json()["detail"]


def test_columns_tell_what_they_take(tmp_path: Path):
    frame = pd.DataFrame({"size": ROWS[:, 0], "colour": ["red", "blue"] * 10, "code": [1, 2] * 10})
    encoder = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer((SimpleImputer(), ["size"]), (OneHotEncoder(), ["colour"]), (encoder, ["code"]))
    model = make_pipeline(columns, LogisticRegression()).fit(frame, LABELS)
    inputs, output = signature_of(tmp_path, model)
    assert inputs == {
        "size": {"type": ["number", "null"]},
        "colour": {"type": "string", "enum": ["blue", "red"]},
        "code": {"type": "number", "examples": [1, 2]},
    }
    assert output == {"type": "string", "enum": ["no", "yes"]}


def test_texts_are_an_input(tmp_path: Path):
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good day", "bad day"] * 3, [1, 0] * 3)
    config = described(tmp_path, model)
    with running.serving(config) as box:
        assert [box.output("good"), box.output({"text": "bad"})] == [1, 0]


def test_many_outputs_are_a_list(tmp_path: Path):
    inputs, output = signature_of(tmp_path, LinearRegression().fit(ROWS, ROWS))
    assert inputs["features"]["maxItems"] == 2
    assert output == {"type": "array", "items": {"type": "number"}}


@pytest.mark.parametrize(
    ("artifact", "words"),
    [
        (b"\x80\x04broken", "is not a pickle, or it is damaged"),
        ({"not": "a model"}, "the file holds a dict, which has no predict"),
        (b"cgone_package.models\nNet\n.", "module 'gone_package' is missing: add gone_package to the requirements"),
    ],
)
def test_files_that_are_no_estimator(tmp_path: Path, artifact: Any, words: str):
    found = describe(write(tmp_path, artifact))
    assert words in found["reason"]
    assert not running.run_check(write(tmp_path, artifact))[1]["ok"]


def test_another_version_of_scikit_learn_is_said_so(tmp_path: Path):
    """With the wrong version it may still load; where it fails, the reason says which version to require."""
    model = LogisticRegression().fit(ROWS, LABELS)
    state = pickle.dumps(model, protocol=2)
    old = state.replace(_text(sklearn.__version__), _text("0.1.0"))
    assert old != state
    noted = describe(write(tmp_path, old))
    assert "made with scikit-learn 0.1.0" in " ".join(noted["signature"]["notes"])
    broken = old.replace(_text("coef_"), _text("xoef_"))
    failed = describe(write(tmp_path, broken))
    assert "require scikit-learn==0.1.0; it fails" in failed["reason"]


def test_an_unknown_framework_is_refused(tmp_path: Path):
    found = describe(write(tmp_path, {}, name="perceptron"))
    assert found["reason"] == "this box knows no framework 'perceptron'"


def _text(value: str) -> bytes:
    """As protocol 2 writes it."""
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data
