"""Trains a pipeline on scikit-learn's wine data and saves it with joblib: ``python train.py FOLDER``."""

import json
import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    wine = load_wine(as_frame=True)
    labels = wine.target_names[wine.target]
    train_x, test_x, train_y, _ = train_test_split(wine.data, labels, test_size=10, random_state=0, stratify=labels)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(train_x, train_y)
    joblib.dump(model, folder / "model.joblib")
    expected = {"inputs": test_x.to_dict(orient="records"), "outputs": model.predict(test_x).tolist()}
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
