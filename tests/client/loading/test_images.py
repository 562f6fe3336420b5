"""Images of a packed dataset: items, splits, views; read from the pack as it lies."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from modelyard_client import Refused
from modelyard_client.loading.images import ImageDataset
from support import packs

FILES = packs.pictures() | {"dog/broken.png": b"no picture"}

Opened = Callable[..., ImageDataset]


@pytest.fixture(params=[zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    index, pack = packs.write(tmp_path, packs.pack(FILES, method=request.param))

    def open_dataset(split: str | None = None, decode: bool = True) -> ImageDataset:
        return ImageDataset(index, lambda _digest: pack, split=split, decode=decode)

    return open_dataset


def test_items_are_what_was_packed_by_path_without_what_is_no_picture(opened: Opened) -> None:
    items = list(opened(decode=False))
    assert {item.path: item.image for item in items} == packs.pictures()
    assert [item.path for item in items] == sorted(item.path for item in items)
    assert all(item.label == item.path.partition("/")[0] for item in items)


def test_items_are_decoded(opened: Opened) -> None:
    item = opened()[3]
    with Image.open(io.BytesIO(FILES[item.path])) as image:
        assert (item.image.size, item.image.getpixel((0, 0))) == (image.size, image.getpixel((0, 0)))


def test_a_split_is_part_of_the_whole_with_the_same_numbers_of_classes(opened: Opened) -> None:
    whole, train, test = opened(decode=False), opened("train"), opened("test")
    assert len(train) + len(test) == len(whole) == 30
    assert train.classes == test.classes == whole.classes == ("cat", "dog", "owl")
    assert {item.path for item in train} | {item.path for item in test} == {item.path for item in whole}
    assert [test.classes[number] for number in test.numbers] == [item.label for item in test]
    with pytest.raises(Refused, match=r"no split 'validation'. It has test, train"):
        opened("validation")


def test_it_is_a_sequence(opened: Opened) -> None:
    dataset = opened(decode=False)
    assert dataset[-1] == dataset[29]
    assert dataset[2:5] == [dataset[2], dataset[3], dataset[4]]
    for outside in (30, -31):
        with pytest.raises(IndexError, match="among 30"):
            dataset[outside]


def test_views_of_other_libraries_hold_the_same(opened: Opened) -> None:
    dataset = opened()
    images, labels = dataset.numpy()
    assert images.shape == (30, 8, 8)
    assert [dataset.classes[label] for label in labels] == [item.label for item in dataset]
    assert np.array_equal(images[7], np.asarray(dataset[7].image))
    table, frame = dataset.arrow(), dataset.pandas()
    assert dict(zip(table["path"].to_pylist(), table["image"].to_pylist(), strict=True)) == packs.pictures()
    assert list(frame["label"]) == [item.label for item in dataset]
    assert set(frame["split"]) == {"train", "test"}


def test_it_travels_to_other_processes(opened: Opened) -> None:
    dataset = opened("train")
    again = pickle.loads(pickle.dumps(dataset))
    assert len(pickle.dumps(dataset)) < 2000
    assert [(i.path, i.label, i.image.tobytes()) for i in again] == [
        (i.path, i.label, i.image.tobytes()) for i in dataset
    ]


def test_pictures_of_several_sizes_are_no_array(tmp_path: Path) -> None:
    index, pack = packs.write(tmp_path, packs.pack({"a/1.png": packs.picture(1, 4), "a/2.png": packs.picture(1, 5)}))
    with pytest.raises(Refused, match="differ in size"):
        ImageDataset(index, lambda _digest: pack, split=None, decode=True).numpy()


def test_a_photo_is_turned_as_its_camera_was_held(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it right by 90°
    target = io.BytesIO()
    Image.new("RGB", (20, 10), (9, 9, 9)).save(target, "JPEG", exif=exif)
    index, pack = packs.write(tmp_path, packs.pack({"a/1.jpg": target.getvalue()}))
    (item,) = ImageDataset(index, lambda _digest: pack, split=None, decode=True)
    assert item.image.size == (10, 20)


@settings(max_examples=25, deadline=None)
@given(
    shades=st.lists(st.integers(0, 255), min_size=1, max_size=20),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_whatever_is_packed_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, shades: list[int], method: int
) -> None:
    files = {f"{shade % 3}/{number}.png": packs.picture(shade) for number, shade in enumerate(shades)}
    index, pack = packs.write(tmp_path_factory.mktemp("d"), packs.pack(files, method=method))
    read = ImageDataset(index, lambda _digest: pack, split=None, decode=False)
    assert {item.path: item.image for item in read} == files
