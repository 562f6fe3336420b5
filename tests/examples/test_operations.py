"""The operations among the examples: pushed to a real server as they are, and run on data of scikit-learn."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.datasets import load_digits, load_iris, load_wine

from support import examples
from support.containers import Ran, run_version


def ready(name: str) -> dict[str, Any]:
    """The example's version; pushed once."""
    return examples.push_operation(name)


def run(name: str, folder: Path, inputs: dict[str, Path], **params: Any) -> Ran:
    return run_version(examples.site(), ready(name), folder, inputs=inputs, params=params)


def write_digits(folder: Path, count: int) -> Path:
    """So many digits as images of 8 × 8, in folders by label."""
    data = load_digits()
    for number in range(count):
        path = folder / str(data.target[number]) / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((data.images[number] * 15).astype(np.uint8)).save(path)
    return folder


def contents(ran: Ran) -> dict[str, bytes]:
    return {name: (ran.out / name).read_bytes() for name in ran.files}


def test_images_are_augmented_the_same_way_for_the_same_seed(tmp_path: Path) -> None:
    images = {"images": write_digits(tmp_path / "digits", 20)}
    first, again, other = (
        run("augment_images", tmp_path, images, copies=2, seed=seed, rotate=10) for seed in (7, 7, 8)
    )
    assert first.exit_code == 0, first.log
    assert first.result == {"images": 20, "made": 60}
    assert first.files[:3] == ["0/000-1.png", "0/000-2.png", "0/000.png"]
    assert contents(first) == contents(again)
    changed = {name for name in first.files if contents(first)[name] != contents(other)[name]}
    assert changed == {name for name in first.files if "-" in name}
    original = np.asarray(Image.open(images["images"] / "0" / "000.png"), float)
    copy = np.asarray(Image.open(first.out / "0" / "000-1.png"), float)
    assert copy.shape == original.shape
    assert 0 < np.abs(copy - original).mean() < 100
    assert first.log.splitlines()[-1] == "progress: 1.0000 20 of 20 images"


def test_augmenting_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.txt").write_text("x")
    empty = run("augment_images", tmp_path, {"images": tmp_path / "none"})
    assert (empty.exit_code, "there are no images" in empty.log) == (1, True)
    refused = run("augment_images", tmp_path, {"images": tmp_path / "none"}, rotate=400)
    assert (refused.exit_code, "'rotate'" in refused.log) == (2, True)


def test_a_table_is_cleaned_and_split(tmp_path: Path) -> None:
    iris = load_iris(as_frame=True)
    frame = iris.frame.assign(species=iris.target.map(dict(enumerate(iris.target_names)))).drop(columns="target")
    frame.loc[[3, 4], "sepal length (cm)"] = None
    messy = pd.concat([frame, frame.iloc[[10, 10, 20]]])
    messy.to_csv(tmp_path / "iris.csv", index=False)
    ran = run("tabular_split", tmp_path, {"table": tmp_path / "iris.csv"}, stratify="species", encode="codes", seed=3)
    assert ran.exit_code == 0, ran.log
    clean = messy.drop_duplicates().dropna()
    assert ran.result["train"] + ran.result["test"] == len(clean)
    assert ran.result["duplicates_left_out"] == len(messy) - len(messy.drop_duplicates())
    assert (ran.result["missing"], ran.result["incomplete_left_out"]) == (2, 2)
    train, test = pd.read_csv(ran.out / "train.csv"), pd.read_csv(ran.out / "test.csv")
    assert len(test) == round(0.25 * len(clean))
    shares = [part["species"].value_counts(normalize=True).sort_index() for part in (train, test)]
    assert np.abs(shares[0] - shares[1]).max() < 0.03
    both = pd.concat([train, test]).sort_values(list(train)).to_numpy()
    coded = clean.assign(species=clean["species"].astype("category").cat.codes)
    assert np.allclose(both, coded.sort_values(list(coded)).to_numpy())
    assert "mean in train" in (ran.out / "report.html").read_text()
    again = run("tabular_split", tmp_path, {"table": tmp_path / "iris.csv"}, stratify="species", encode="codes", seed=3)
    assert contents(again) == contents(ran)


def test_missing_values_are_filled_and_texts_become_columns(tmp_path: Path) -> None:
    table = pd.DataFrame({"size": [1, None, 3, 4], "colour": ["red", "blue", None, "red"], "kind": list("aabb")})
    table.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    given = {"table": tmp_path / "t.jsonl"}
    ran = run("tabular_split", tmp_path, given, missing="fill", encode="columns", stratify="kind", test_share=0.5)
    assert ran.exit_code == 0, ran.log
    both = pd.concat([pd.read_csv(ran.out / f"{part}.csv") for part in ("train", "test")])
    assert sorted(both["size"]) == [1, 3, 3, 4]
    assert both["colour_red"].sum() == 3
    wrong = run("tabular_split", tmp_path, given, stratify="nothing")
    assert (wrong.exit_code, "there is no column 'nothing'" in wrong.log) == (1, True)


def test_wines_are_shown_in_the_plane(tmp_path: Path) -> None:
    frame = load_wine(as_frame=True).frame
    frame.to_csv(tmp_path / "wine.csv", index=False)
    given = {"table": tmp_path / "wine.csv"}
    ran, again = (run("embedding_plot", tmp_path, given, label="target", seed=1) for _ in range(2))
    assert ran.exit_code == 0, ran.log
    assert (ran.result["points"], ran.result["dimensions"]) == (178, 13)
    assert ran.result["explained_variance"][0] > 0.3
    points = pd.read_csv(ran.out / "points.csv")
    assert nearest_agree(points[["t-sne_x", "t-sne_y"]].to_numpy(), points["label"].to_numpy()) > 0.9
    assert Image.open(ran.out / "embedding.png").size == (1200, 600)
    assert (ran.out / "embedding.html").read_text().count("<circle") == 2 * 178
    assert contents(again) == contents(ran)


def test_digits_are_shown_by_their_folders(tmp_path: Path) -> None:
    ran = run("embedding_plot", tmp_path, {"images": write_digits(tmp_path / "digits", 200)}, size=8)
    assert ran.exit_code == 0, ran.log
    points = pd.read_csv(ran.out / "points.csv")
    assert nearest_agree(points[["t-sne_x", "t-sne_y"]].to_numpy(), points["label"].to_numpy()) > 0.8
    neither = run("embedding_plot", tmp_path, {})
    assert (neither.exit_code, "give either a table or images" in neither.log) == (1, True)


def nearest_agree(points: np.ndarray, labels: np.ndarray) -> float:
    """The share of points whose nearest neighbour has the same label."""
    distances = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    return float((labels[distances.argmin(axis=1)] == labels).mean())


def test_the_label_of_the_image_is_the_form() -> None:
    version = ready("augment_images")
    assert version["operation"]["kind"] == "operation"
    properties = version["signature"]["inputs"]["properties"]
    assert properties["images"]["x-modelyard"] == "files"
    assert properties["copies"]["maximum"] == 100
    assert json.dumps(properties).count("description") == len(properties)
