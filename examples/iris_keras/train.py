"""Trains a small network on scikit-learn's iris data and saves it as ``.keras``: ``python train.py FOLDER``."""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
from sklearn.datasets import load_iris


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)
    iris = load_iris()
    data = iris.data.astype("float32")
    layers = [keras.Input((4,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(data, iris.target, epochs=10, verbose=0)
    model.save(folder / "model.keras")
    test_x = data[::15]
    outputs = model.predict(test_x, verbose=0).tolist()
    expected = {"inputs": [{"input": row} for row in test_x.tolist()], "outputs": outputs}
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
