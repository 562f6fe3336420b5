"""Trains LightGBM on scikit-learn's diabetes data and saves it with joblib: ``python train.py FOLDER``."""

import json
import shutil
import sys
from pathlib import Path

import joblib
from lightgbm import LGBMRegressor
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = load_diabetes(as_frame=True)
    train_x, test_x, train_y, _ = train_test_split(data.data, data.target, test_size=10, random_state=0)
    model = LGBMRegressor(n_estimators=30, verbose=-1).fit(train_x, train_y)
    joblib.dump(model, folder / "model.joblib")
    for name in ("requirements.txt", "config.json"):
        shutil.copy(HERE / name, folder)
    expected = {"inputs": test_x.to_dict(orient="records"), "outputs": model.predict(test_x).tolist()}
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
