"""``/invocations`` and its kin, side by side with MLflow's own scoring server on the same model."""

import json
import pickle

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from box.references import MLFLOW, mlflow_server
from box.running import NUMBER, TEXT, inputs_schema, packages, serving, write_box

TABLE = {"type": "array", "items": {"type": "object"}, "x-modelyard": "table"}
ROWS = [[5.1, 3.5, 1.4, 0.2], [6, 3, 5, 2], [6.1, 2.9, 4.7, 1.4]]
NAMES = ["sl", "sw", "pl", "pw"]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
COLUMNS = {name: [row[index] for row in ROWS] for index, name in enumerate(NAMES)}
SPLIT = {"columns": NAMES, "data": ROWS}
CSV = "sl,sw,pl,pw\n" + "\n".join(",".join(map(str, row)) for row in ROWS)
SCALARS = "def predict(model, sl: float, sw: float, pl: float, pw: float): return model.predict([[sl, sw, pl, pw]])[0]"
FRAME = """
    import pandas as pd
    def predict(model, rows: pd.DataFrame): return model.predict(rows[["sl", "sw", "pl", "pw"]])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def model(folder):
    iris = load_iris(as_frame=True)
    data = iris.data.set_axis(NAMES, axis=1)
    model = LogisticRegression(max_iter=500).fit(data, iris.target_names[iris.target])
    (folder / "reference.pkl").write_bytes(pickle.dumps({"model": model, "example": data}))
    return model


@pytest.fixture(scope="module")
def mlflow(folder, model):
    with mlflow_server(folder) as client:
        yield client


@pytest.fixture(scope="module")
def scalars(folder, model):
    inputs = inputs_schema(**dict.fromkeys(NAMES, NUMBER))
    (folder / "scalars").mkdir()
    config = write_box(folder / "scalars", SCALARS, inputs=inputs, artifact=model, site=packages())
    with serving(config) as box:
        yield box


@pytest.fixture(scope="module")
def frame(folder, model):
    (folder / "frame").mkdir()
    inputs = inputs_schema(rows=TABLE)
    config = write_box(folder / "frame", FRAME, inputs=inputs, artifact=model, site=packages())
    with serving(config) as box:
        yield box


def invoke(client, body, kind="application/json"):
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post("/invocations", content=content, headers={"content-type": kind})


SAME = {
    "split": ({"dataframe_split": SPLIT}, "application/json"),
    "split with an index": ({"dataframe_split": {**SPLIT, "index": [7, 8, 9]}}, "application/json"),
    "records": ({"dataframe_records": RECORDS}, "application/json"),
    "more columns": ({"dataframe_records": [{**row, "extra": 1} for row in RECORDS]}, "application/json"),
    "columns in another order": (
        {"dataframe_split": {"columns": NAMES[::-1], "data": [row[::-1] for row in ROWS]}},
        "application/json",
    ),
    "instances": ({"instances": RECORDS}, "application/json"),
    "inputs by row": ({"inputs": RECORDS}, "application/json"),
    "inputs by column": ({"inputs": COLUMNS}, "application/json"),
    "params that the model has not": ({"dataframe_split": SPLIT, "params": {"odd": 1}}, "application/json"),
    "charset": ({"dataframe_split": SPLIT}, "application/json; charset=utf-8"),
    "csv": (CSV, "text/csv"),
    "csv with a line end and more columns": ("id," + CSV.replace("\n", "\n1,") + "\n", "text/csv"),
    "csv of pandas.to_csv with its index": ("," + CSV.replace("\n", "\n0,"), "text/csv; charset=UTF-8"),
}


@pytest.mark.parametrize("name", SAME)
def test_predictions_are_those_of_mlflow(mlflow, scalars, frame, name):
    body, kind = SAME[name]
    expected = invoke(mlflow, body, kind)
    assert len(expected.json()["predictions"]) == 3
    for box in (scalars, frame):
        found = invoke(box.client, body, kind)
        assert (found.status_code, found.json()) == (expected.status_code, expected.json())
        assert found.headers["content-type"] == expected.headers["content-type"]


REFUSED = {
    "no json": ("{x", "application/json"),
    "a list": ([1], "application/json"),
    "a number": (3, "application/json"),
    "no form": ({"x": 1}, "application/json"),
    "two forms": ({"instances": RECORDS, "inputs": RECORDS}, "application/json"),
    "split is a list": ({"dataframe_split": [1]}, "application/json"),
    "split without data": ({"dataframe_split": {"columns": NAMES}}, "application/json"),
    "split with ragged rows": ({"dataframe_split": {"columns": NAMES, "data": [[1, 2]]}}, "application/json"),
    "split without names": ({"dataframe_split": {"data": ROWS}}, "application/json"),
    "records are no list": ({"dataframe_records": {"a": 1}}, "application/json"),
    "no records": ({"dataframe_records": []}, "application/json"),
    "a column is missing": ({"dataframe_records": [{"sl": 1, "sw": 2, "pl": 3}]}, "application/json"),
    "instances without names": ({"instances": ROWS}, "application/json"),
    "inputs without names": ({"inputs": ROWS}, "application/json"),
    "empty csv": ("", "text/csv"),
    "csv lacks a column": ("sl,sw,pl\n1,2,3\n", "text/csv"),
    "csv that is not text": (b"sl,sw\n\xff\xfe", "text/csv"),
    "plain text": ("x", "text/plain"),
    "another charset": (CSV, "text/csv; charset=latin-1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_mlflow_refuses_is_refused_in_its_envelope(mlflow, scalars, name):
    body, kind = REFUSED[name]
    expected, found = invoke(mlflow, body, kind), invoke(scalars.client, body, kind)
    assert found.status_code == expected.status_code
    assert found.headers["content-type"] == expected.headers["content-type"]
    if found.status_code == 415:
        return
    assert {"error_code", "message"} <= found.json().keys() & expected.json().keys()
    assert found.json()["error_code"] in {expected.json()["error_code"], "INVALID_PARAMETER_VALUE"}
    assert found.json()["message"]


@pytest.mark.parametrize("name", ["split is a list", "records are no list"])
def test_some_messages_are_the_same_to_the_letter(mlflow, scalars, name):
    messages = [invoke(client, *REFUSED[name]).json()["message"] for client in (mlflow, scalars.client)]
    assert messages[0] == f"Invalid input. {messages[1]}"


def test_text_in_a_number_column_is_named_with_its_row(mlflow, scalars):
    body = {"dataframe_records": [RECORDS[0], {**RECORDS[1], "sw": "wide"}]}
    assert invoke(mlflow, body).status_code == invoke(scalars.client, body).status_code == 400
    found = invoke(scalars.client, body).json()
    assert found["error_code"] == "INVALID_PARAMETER_VALUE"
    assert found["message"].startswith("row 1: input 'sw'")
    assert found["errors"][0]["field"] == "sw"
    assert "input 'sw'" in invoke(scalars.client, CSV + "\n1,wide,3,4", "text/csv").json()["message"]


@pytest.mark.parametrize("path", ["/ping", "/version"])
def test_what_is_asked_before_is_answered_as_mlflow_does(mlflow, scalars, path):
    expected, found = mlflow.get(path), scalars.client.get(path)
    assert (found.status_code, found.content) == (expected.status_code, expected.content)
    assert found.headers["content-type"] == expected.headers["content-type"]


def test_the_version_is_the_one_that_was_compared(scalars):
    assert scalars.client.get("/version").text == MLFLOW


def test_every_row_is_a_prediction_with_an_id(scalars):
    response = invoke(scalars.client, {"dataframe_records": RECORDS})
    assert len({*response.headers["x-prediction-id"].split(", ")}) == 3


def test_more_rows_than_may_wait_are_answered_in_order(scalars):
    rows = RECORDS * 400
    found = invoke(scalars.client, {"dataframe_records": rows}).json()["predictions"]
    assert found == ["setosa", "virginica", "versicolor"] * 400


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """Models of other signatures, made when they are asked for."""
    boxes = {}

    def get(source, **signature):
        if source not in boxes:
            config = write_box(tmp_path_factory.mktemp("kinds"), source, site=packages(), **signature)
            manager = serving(config)
            boxes[source] = (manager, manager.__enter__())
        return boxes[source][1].client

    yield get
    for manager, _ in boxes.values():
        manager.__exit__(None, None, None)


MATRIX = {"type": "array", "items": {"type": "array", "items": NUMBER}}


@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_one_array_takes_the_whole_where_it_fits_and_else_one_instance_after_another(kinds, form):
    client = kinds("def predict(m): return sum(map(sum, m))", inputs=inputs_schema(m=MATRIX))
    assert invoke(client, {form: [[1, 2], [3]]}).json() == {"predictions": 6}
    assert invoke(client, {form: [[[1, 2], [3]], [[4]]]}).json() == {"predictions": [6, 4]}
    assert invoke(client, {form: {"m": [[1, 2]]}}).json()["predictions"] in (3, [3])
    assert invoke(client, {form: "x"}).status_code == 400


def test_one_array_takes_the_rows_of_a_table(kinds):
    source = "import numpy as np\ndef predict(a: np.ndarray): return a.sum(axis=1)"
    client = kinds(source, inputs=inputs_schema(a={"type": "array", "x-modelyard": "array"}))
    expected = {"predictions": [6, 15]}
    assert (
        invoke(client, {"dataframe_split": {"columns": ["x", "y", "z"], "data": [[1, 2, 3], [4, 5, 6]]}}).json()
        == expected
    )
    assert invoke(client, {"instances": [[1, 2, 3], [4, 5, 6]]}).json() == expected
    assert invoke(client, "x,y,z\n1,2,3\n4,5,6", "text/csv").json() == expected


def test_one_vector_takes_a_row_for_each_call(kinds):
    client = kinds("def predict(v): return max(v)", inputs=inputs_schema(v={"type": "array", "items": NUMBER}))
    assert invoke(client, {"instances": [[1, 2], [4, 3]]}).json() == {"predictions": [2, 4]}
    assert invoke(client, {"instances": [1, 2]}).json() == {"predictions": 2}


def test_one_scalar_takes_a_value_for_each_call(kinds):
    client = kinds("def predict(t): return t.upper()", inputs=inputs_schema(t=TEXT))
    assert invoke(client, {"instances": ["a", "b"]}).json() == {"predictions": ["A", "B"]}
    assert invoke(client, {"inputs": "a"}).json() == {"predictions": "A"}
    assert invoke(client, "t\n1\n b", "text/csv").json() == {"predictions": ["1", " B"]}


def test_params_fill_inputs_and_defaults_stay(kinds):
    source = "def predict(x, times=1, plus=0): return None if x is None else x * times + plus"
    nullable = {"anyOf": [NUMBER, {"type": "null"}]}
    client = kinds(source, inputs=inputs_schema(("times", "plus"), x=nullable, times=NUMBER, plus=NUMBER))
    frame = {"columns": ["x", "times"], "data": [[1, None], [None, 5], [3, 4]]}
    assert invoke(client, {"dataframe_split": frame, "params": {"plus": 10}}).json() == {"predictions": [11, None, 22]}
    assert invoke(client, "x,times\n1,\nNaN,5\n3,4", "text/csv").json() == {"predictions": [1, None, 12]}
    assert invoke(client, {"inputs": {"x": 2}, "params": {"times": 3}}).json() == {"predictions": 6}
    assert invoke(client, {"inputs": {"x": 2}, "params": 3}).status_code == 400
    assert "times" in invoke(client, {"inputs": {"x": 2}, "params": {"times": "3"}}).json()["message"]


def test_a_stream_is_collected(kinds):
    client = kinds(
        "def predict(n):\n    yield from range(n)", inputs=inputs_schema(n={"type": "integer"}), streams=True
    )
    assert invoke(client, {"instances": [2, 3]}).json() == {"predictions": [[0, 1], [0, 1, 2]]}


def test_a_failing_row_fails_the_request_with_its_reason(kinds):
    client = kinds("def predict(x): return 1 / x", inputs=inputs_schema(x=NUMBER))
    response = invoke(client, {"instances": [1, 0, 2]})
    assert response.status_code == 500
    assert response.json()["error_code"] == "INTERNAL_ERROR"
    assert "row 1" in response.json()["message"]
    assert "ZeroDivisionError" in response.json()["message"]
    assert invoke(client, {"instances": [4]}).json() == {"predictions": [0.25]}


def test_data_that_no_input_can_take_is_refused_with_the_inputs_names(kinds):
    client = kinds("def predict(x, y): return x", inputs=inputs_schema(x=NUMBER, y=NUMBER))
    response = invoke(client, {"instances": [[1, 2]]})
    assert response.status_code == 400
    assert "(x, y)" in response.json()["message"]
    assert "a, b" in invoke(client, "a,b\n1,2", "text/csv").json()["message"]
