"""Estimators without a predict function, in real boxes: their signatures, their rows, and how they fail."""

import concurrent.futures
import contextlib
import json
import pickle
import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from box import running
from modelyard_box.config import Box, Target
from modelyard_box.errors import LoadError, Mismatch
from modelyard_box.flavours import load_model
from modelyard_box.flavours.rows import RowModel, Together
from support.pickles import made_with

ROWS = np.arange(40.0).reshape(20, 2) % 7
LABELS = np.array(["no", "yes"] * 10)


def model_of(folder: Path, artifact: Any, *, name: str = "sklearn") -> RowModel:
    """The adapter in this very process, which has the packages; boxes of their own are started where that matters."""
    file = folder / "model.pkl"
    file.write_bytes(artifact if isinstance(artifact, bytes) else pickle.dumps(artifact))
    framework = {"name": name, "model": None, "arguments": {}}
    target = Target("modelyard_box.flavours.estimator", "Model", "predict")
    return load_model(Box(target, str(file), str(folder), str(folder), {}, {}, framework=framework))


def signature_of(folder: Path, model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    found = model_of(folder, model).signature()
    return found["inputs"]["properties"], found["output"]


def described_box(folder: Path, model: Any) -> Path:
    """The configuration of a box that serves the model with its own signature."""
    signature = model_of(folder, model).signature()
    config = running.write_box(folder, {}, inputs={}, artifact=model, site=running.packages())
    framework = {"name": "sklearn", "model": None, "arguments": {}}
    config.write_text(json.dumps(json.loads(config.read_text()) | {"signature": signature, "framework": framework}))
    return config


def test_a_box_serves_an_estimator(tmp_path: Path):
    """A row of another length is a 422 that names it; waiting calls are answered together, each with its own."""
    model = LogisticRegression().fit(ROWS, LABELS)
    config = described_box(tmp_path, model)
    wanted = model.predict(ROWS).tolist()
    with running.serving(config, ready=False) as box:
        running.wait_for(lambda: _is_ready(box), seconds=120)  # importing scikit-learn takes its time on a busy machine
        assert box.output([1, 2]) == model.predict([[1, 2]])[0]
        wrong = box.predict({"features": [1, 2, 3]})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "features")
        assert box.predict({"features": [1, "x"]}).json()["errors"][0]["pointer"] == "/features/1"
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            assert list(pool.map(lambda row: box.output({"features": row.tolist()}), ROWS)) == wanted


def test_describe_reports_the_signature_or_the_reason(tmp_path: Path):
    config = described_box(tmp_path, LogisticRegression().fit(ROWS, LABELS))
    for artifact, status in ((None, 0), (b"broken", 1)):
        if artifact is not None:
            (tmp_path / "model.pkl").write_bytes(artifact)
        done = subprocess.run(
            running.box_command("describe"),
            env=running.box_environ(config, MODELYARD_CHECK_RESULT=str(tmp_path / "result.json")),
            capture_output=True,
            text=True,
            check=False,
        )
        found = json.loads((tmp_path / "result.json").read_text())
        assert (done.returncode, found["ok"]) == (status, status == 0), done.stderr
    assert "is not a pickle, or it is damaged" in found["reason"]


def test_rows_go_together_and_stand_alone(tmp_path: Path):
    """What does not convert is refused, and its neighbours are answered."""
    model = model_of(tmp_path, LogisticRegression().fit(ROWS, LABELS))
    wrong = Mismatch("is wrong")
    answered = Together(model).call([{"features": [0, 1]}, wrong, {"features": [1, 0]}])
    assert answered == [model.predict(features=[0, 1]), wrong, model.predict(features=[1, 0])]
    with pytest.raises(Mismatch):
        model.predict_rows([{"features": [0, 1]}, {"features": [0, 1, 2]}])


def test_named_features_are_inputs_of_their_own(tmp_path: Path):
    frame = pd.DataFrame(ROWS, columns=["width", "self"])
    estimator = make_pipeline(StandardScaler(), LinearRegression()).fit(frame, ROWS[:, 0])
    model = model_of(tmp_path, estimator)
    assert list(model.signature()["inputs"]["properties"]) == ["width", "self"]
    assert model.predict(**{"width": 3, "self": 2}) == pytest.approx(3)


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
    estimator = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good day", "bad day"] * 3, [1, 0] * 3)
    model = model_of(tmp_path, estimator)
    assert model.signature()["inputs"]["properties"] == {"text": {"type": "string"}}
    assert model.predict_rows([{"text": "good"}, {"text": "bad"}]) == [1, 0]


def test_columns_of_a_frame_are_chosen_by_name(tmp_path: Path):
    frame = pd.DataFrame({"size": ROWS[:, 0], "colour": ["red", "blue"] * 10})
    columns = make_column_transformer((StandardScaler(), ["size"]), (OneHotEncoder(), ["colour"]))
    estimator = make_pipeline(columns, LogisticRegression()).fit(frame, LABELS)
    rows = frame.to_dict(orient="records")
    assert model_of(tmp_path, estimator).predict_rows(rows) == estimator.predict(frame).tolist()


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
    with pytest.raises(LoadError, match=words):
        model_of(tmp_path, artifact)


def test_another_version_of_scikit_learn_is_said_so(tmp_path: Path):
    """With the wrong version it may still load; where it fails, the reason says which version to require."""
    old = made_with(LogisticRegression().fit(ROWS, LABELS), "0.1.0")
    noted = model_of(tmp_path, old).signature()
    assert "made with scikit-learn 0.1.0" in " ".join(noted["notes"])
    broken = old.replace(b"coef_", b"xoef_")
    with pytest.raises(LoadError, match=r"require scikit-learn==0\.1\.0; it fails"):
        model_of(tmp_path, broken).signature()


def test_an_unknown_framework_is_refused(tmp_path: Path):
    with pytest.raises(LoadError, match="this box knows no framework 'perceptron'"):
        model_of(tmp_path, {}, name="perceptron")


def _is_ready(box: running.RunningBox) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return box.client.get("/health").status_code == 200
    return False
