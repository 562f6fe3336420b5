"""Trains XGBoost on scikit-learn's breast cancer data and saves it in its own format: ``python train.py FOLDER``."""

import json
import sys
from pathlib import Path

import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = load_breast_cancer(as_frame=True)
    train_x, test_x, train_y, _ = train_test_split(data.data, data.target, test_size=10, random_state=0)
    settings = {"objective": "binary:logistic", "max_depth": 3}
    model = xgboost.train(settings, xgboost.DMatrix(train_x, label=train_y), num_boost_round=30)
    model.save_model(folder / "model.ubj")
    outputs = model.predict(xgboost.DMatrix(test_x)).tolist()
    expected = {"inputs": test_x.to_dict(orient="records"), "outputs": outputs}
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
