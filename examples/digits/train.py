"""Trains the digits model and writes the four parts of a push: ``python train.py FOLDER``.

The data is scikit-learn's own copy of the UCI handwritten digits: 1,797 real images. A fifth is held out, the same one
each time; ``held_out.json`` holds those images and what they show.
"""

import json
import pickle
import shutil
import sys
import zipfile
from pathlib import Path

from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data, digits.target, test_size=360, random_state=0, stratify=digits.target
    )
    model = CalibratedClassifierCV(SVC(gamma=0.001), ensemble=False).fit(train_x, train_y)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    with zipfile.ZipFile(folder / "source.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((HERE / "source").glob("*.py")):
            archive.write(file, file.name)
    for name in ("requirements.txt", "config.json"):
        shutil.copy(HERE / name, folder / name)
    held_out = {"images": test_x.reshape(-1, 8, 8).tolist(), "labels": test_y.tolist()}
    (folder / "held_out.json").write_text(json.dumps(held_out))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
