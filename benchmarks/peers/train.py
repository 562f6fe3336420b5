"""Trains the models of benchmark ``box`` where it runs: ``python train.py FOLDER``. The same for every server."""

import sys
from pathlib import Path

import joblib
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

folder = Path(sys.argv[1])
data = load_iris()
labels = data.target_names[data.target]
for name, model in {
    "logistic": LogisticRegression(max_iter=1000),
    "forest": RandomForestClassifier(n_estimators=100, random_state=0),
}.items():
    model.fit(data.data, labels)
    joblib.dump(model, folder / f"{name}.joblib")
    converted = to_onnx(model, data.data[:1].astype("float32"), options={"zipmap": False})
    (folder / f"{name}.onnx").write_bytes(converted.SerializeToString())
