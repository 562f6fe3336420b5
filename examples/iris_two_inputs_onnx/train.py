"""Trains a classifier of irises and exports it to ONNX with two named inputs: ``python train.py FOLDER``."""

import json
import sys
from pathlib import Path

import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

TYPES = [("sepal", FloatTensorType([None, 2])), ("petal", FloatTensorType([None, 2]))]


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    iris = load_iris()
    data = iris.data.astype("float32")
    columns = ColumnTransformer([("sepal", StandardScaler(), [0, 1]), ("petal", MinMaxScaler(), [2, 3])])
    model = make_pipeline(columns, LogisticRegression(max_iter=500)).fit(data, iris.target)
    graph = to_onnx(model, initial_types=TYPES, options={"zipmap": False}).SerializeToString()
    (folder / "model.onnx").write_bytes(graph)
    test_x = data[::15]
    labels, scores = onnxruntime.InferenceSession(graph).run(None, {"sepal": test_x[:, :2], "petal": test_x[:, 2:]})
    outputs = [
        {"label": label, "probabilities": row} for label, row in zip(labels.tolist(), scores.tolist(), strict=True)
    ]
    inputs = [{"sepal": row[:2], "petal": row[2:]} for row in test_x.tolist()]
    (folder / "expected.json").write_text(json.dumps({"inputs": inputs, "outputs": outputs}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
