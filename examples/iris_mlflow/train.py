"""Trains a model on scikit-learn's iris data and saves it as MLflow does: ``python train.py FOLDER``."""

import json
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import mlflow.sklearn
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

PACKAGES = ("mlflow-skinny", "scikit-learn", "skops", "pandas", "numpy")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    iris = load_iris(as_frame=True)
    model = LogisticRegression(max_iter=500).fit(iris.data, iris.target)
    test_x = iris.data.iloc[::15]
    target = folder / "model"
    shutil.rmtree(target, ignore_errors=True)
    mlflow.sklearn.save_model(
        model,
        target,
        signature=infer_signature(iris.data, model.predict(iris.data)),
        input_example=test_x.head(1),
        pip_requirements=[f"{name}=={version(name)}" for name in PACKAGES],
    )
    expected = {"inputs": test_x.to_dict(orient="records"), "outputs": model.predict(test_x).tolist()}
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
