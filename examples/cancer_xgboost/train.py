"""Trains XGBoost on scikit-learn's breast cancer data and pickles it: ``python train.py FOLDER``."""

import json
import pickle
import shutil
import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = load_breast_cancer()
    train_x, test_x, train_y, _ = train_test_split(data.data, data.target, test_size=10, random_state=0)
    model = XGBClassifier(n_estimators=30, max_depth=3).fit(train_x, train_y)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    shutil.copy(HERE / "requirements.txt", folder)
    inputs = [{"features": row} for row in test_x.tolist()]
    (folder / "expected.json").write_text(json.dumps({"inputs": inputs, "outputs": model.predict(test_x).tolist()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
