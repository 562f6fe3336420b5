"""Trains a small network on scikit-learn's digits and exports it to ONNX: ``python train.py FOLDER``."""

import json
import sys
from pathlib import Path

import onnxruntime
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    digits = load_digits()
    data = (digits.data / 16).astype("float32")
    train_x, test_x, train_y, _ = train_test_split(data, digits.target, test_size=10, random_state=0)
    model = MLPClassifier((32,), max_iter=60, random_state=0).fit(train_x, train_y)
    graph = to_onnx(model, train_x[:1], options={"zipmap": False})
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    labels, scores = onnxruntime.InferenceSession(graph.SerializeToString()).run(None, {"X": test_x})
    outputs = [
        {"label": label, "probabilities": row} for label, row in zip(labels.tolist(), scores.tolist(), strict=True)
    ]
    expected = {"inputs": [{"X": row} for row in test_x.tolist()], "outputs": outputs}
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
