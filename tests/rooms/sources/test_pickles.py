"""Pickles followed with stand-ins: what they import is told, and nothing of it happens."""

import collections
import gzip
import io
import os
import pickle
import pickletools
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from modelyard.rooms.sources import pickles
from modelyard.rooms.sources.pickles import Global, read_pickle, read_pickle_stream
from modelyard.rooms.sources.weights import Label, is_known, label_weights, scan_file


@pytest.fixture(scope="module")
def forest() -> RandomForestClassifier:
    features = np.arange(40.0).reshape(20, 2)
    return RandomForestClassifier(3, random_state=0).fit(features, np.array(["a", "b"] * 10, dtype=object))


class Evil:
    """Leaves a file behind when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


def read(data: bytes) -> pickles.PickleContents:
    return read_pickle_stream(io.BytesIO(data))


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_of_any_protocol_is_followed_to_its_end(forest: Any, protocol: int):
    found = read(pickle.dumps(forest, protocol=protocol))
    assert found.problem == ""
    assert len(found.versions) == 1
    assert "sklearn.tree._tree.Tree" in {str(name) for name in found.globals}


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_a_joblib_file_is_followed_past_its_arrays(tmp_path: Path, forest: Any, compress: Any):
    """Objects among the labels are pickles inside of it."""
    joblib.dump(forest, tmp_path / "m.joblib", compress=compress)
    found = read_pickle(tmp_path / "m.joblib")
    assert (found.problem, found.is_joblib, len(found.versions)) == ("", True, 1)
    assert found.modules() == {"sklearn", "numpy", "joblib"}


def test_what_it_would_import_is_what_loading_imports(forest: Any):
    """Held against the unpickler of the standard library."""
    seen = set()

    class Watching(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            seen.add(f"{module}.{name}")
            return super().find_class(module, name)

    data = pickle.dumps({"model": forest, "more": [collections.OrderedDict(a=1), np.float32(2)]})
    Watching(io.BytesIO(data)).load()
    assert {str(name) for name in read(data).globals} == seen


@pytest.mark.parametrize("protocol", range(6))
def test_a_malicious_pickle_is_seen_and_not_executed(tmp_path: Path, protocol: int):
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps({"weights": [1, 2], "x": Evil(tmp_path / "mark")}, protocol=protocol))
    found = scan_file("model.pkl", file)
    assert found is not None
    assert (found.label, found.details) == (Label.SUSPICIOUS, ("It imports posix.system.",))
    assert not (tmp_path / "mark").exists()


def test_malice_behind_an_array_of_objects_is_seen(tmp_path: Path):
    joblib.dump({"a": np.array([Evil(tmp_path / "mark")], dtype=object)}, tmp_path / "m.joblib")
    found = scan_file("m.joblib", tmp_path / "m.joblib")
    assert found is not None
    assert (found.label, found.format) == (Label.SUSPICIOUS, "joblib")
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"cbuiltins\neval\n(V1+1\ntR.", "It imports builtins.eval."),
        (b"(Vtouch /tmp/x\nios\nsystem\n.", "It imports os.system."),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.", "It imports os.system."),
        (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93.", "It imports os.system."),  # names by the memo
        (b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93.", "It imports builtins.getattr."),
        (b"\x80\x04\x8c\x09functools\x8c\x12__builtins__.eval_\x93.", "functools.__builtins__.eval_"),
        (b"\x80\x04}\x8c\x06system\x93.", "It puts together a name to import while loading."),
        (b"\x80\x02\x82\x01.", "It puts together a name to import while loading."),  # an extension's number
    ],
)
def test_ways_to_import(tmp_path: Path, data: bytes, detail: str):
    (tmp_path / "m.pkl").write_bytes(data)
    found = scan_file("m.pkl", tmp_path / "m.pkl")
    assert found is not None
    assert found.label is Label.SUSPICIOUS
    assert detail in " ".join(found.details)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it ends too early"),
        (b"\x80\x04\x95", "it ends too early"),
        (b"\xff\xff", "begins no instruction"),
        (b"\x80\x04R.", "more from its stack"),
        (b"\x80\x04a.", "more from its stack"),
        (b"\x80\x04t.", "a group has no beginning"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", "it ends too early"),
        (b"I" + b"9" * 5000, "it ends too early"),
        (b"Ixyz\n.", "is no number"),
        (b"\x1f\x8b\x08\x00broken", "cannot be decompressed"),
        (b"\x78\x9c\xff\xff\xff", "cannot be decompressed"),
        (b"\x04\x22\x4d\x18lz4", "compression is not read"),
    ],
)
def test_what_is_no_pickle_is_said_so(data: bytes, reason: str):
    assert reason in read(data).problem


def test_a_truncated_file_is_unreadable(tmp_path: Path, forest: Any):
    joblib.dump(forest, tmp_path / "m.joblib")
    whole = (tmp_path / "m.joblib").read_bytes()
    for length in range(0, len(whole), 97):
        assert read(whole[:length]).problem


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 5))
def test_no_bytes_break_the_reader(data: bytes, protocol: int):
    read(bytes([0x80, protocol]) + data)
    read(data)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(pickletools.opcodes), max_size=60), st.binary(min_size=64, max_size=64))
def test_no_instructions_break_the_reader(codes: list[Any], filler: bytes):
    read(b"".join(code.code.encode("latin-1") + filler[: 9 if code.arg else 0] for code in codes) + b".")


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pickles, "MAX_OPCODES", 5000)
    monkeypatch.setattr(pickles, "MAX_BYTES", 100_000)
    assert "too many instructions" in read(b"\x80\x04" + b"N0" * 4000 + b".").problem
    assert "too large" in read(b"\x80\x04\x8e" + (200_000).to_bytes(8, "little") + b"x" * 200_000 + b".").problem
    monkeypatch.setattr(pickles, "MAX_INFLATED", 1000)
    assert (
        "too large" in read(gzip.compress(b"\x80\x04\x8e" + (5000).to_bytes(8, "little") + b"x" * 5000 + b".")).problem
    )
    assert "too many names" in read(_many_names()).problem


def _many_names() -> bytes:
    return b"".join(f"cm\nn{i}\n0".encode() for i in range(pickles.MAX_FOUND + 1)) + b"."


def test_functions_of_the_author_are_other_code(tmp_path: Path):
    model = make_pipeline(FunctionTransformer(np.log1p))
    (tmp_path / "known.pkl").write_bytes(pickle.dumps(model))
    (tmp_path / "own.pkl").write_bytes(b"cmine.models\nNet\n.")
    found = [scan_file(name, tmp_path / name) for name in ("known.pkl", "own.pkl")]
    assert [finding.label for finding in found if finding] == [Label.OTHER, Label.OTHER]


def test_the_worst_file_gives_the_label(tmp_path: Path, forest: Any):
    (tmp_path / "a.onnx").write_bytes(b"data")
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(forest))
    names = ["a.onnx", "b.pkl", "README.md"]
    label = label_weights([(name, tmp_path / name) for name in names])
    assert label is not None
    assert (label["label"], label["format"], len(label["findings"])) == ("known-code", "pickle", 2)
    (tmp_path / "c.pkl").write_bytes(pickle.dumps(subprocess.Popen))
    label = label_weights([(name, tmp_path / name) for name in [*names, "c.pkl"]])
    assert label is not None
    assert label["label"] == "suspicious"
    assert label_weights([("README.md", tmp_path / "README.md")]) is None


def test_a_torch_file_is_looked_into(tmp_path: Path):
    """The form of ``torch.save``: a zip with a pickle whose tensors are persistent ids."""
    good = b"ccollections\nOrderedDict\n)R}(V0\nctorch._utils\n_rebuild_tensor_v2\n"
    good += b"((Vstorage\nctorch\nFloatStorage\ntQtRub."
    for name, inner in (("good.pt", good), ("bad.pt", b"cposix\nsystem\n(Vid\ntR.")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("archive/data.pkl", inner)
            archive.writestr("archive/data/0", b"1234")
    labels = [scan_file(name, tmp_path / name) for name in ("good.pt", "bad.pt")]
    assert [found and found.label for found in labels] == [Label.KNOWN, Label.SUSPICIOUS]


def test_a_keras_file_with_a_lambda_layer_holds_code(tmp_path: Path):
    def write(name: str, config: str) -> Any:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("metadata.json", '{"keras_version": "3.9.0"}')
            archive.writestr("config.json", config)
        return scan_file(name, tmp_path / name)

    assert write("a.keras", '{"class_name": "Dense"}').label is Label.DATA
    assert write("b.keras", '{"layers": [{"config": {"class_name": "Lambda"}}]}').label is Label.OTHER
    (tmp_path / "c.keras").write_bytes(b"PK not really")
    broken = scan_file("c.keras", tmp_path / "c.keras")
    assert broken is not None
    assert broken.label is Label.UNREADABLE


@pytest.mark.parametrize(
    ("module", "name", "known"),
    [
        ("sklearn.svm._classes", "SVC", True),
        ("sklearn.calibration", "_CalibratedClassifier", True),
        ("sklearn.utils", "deprecated", False),
        ("mine", "Model", False),
    ],
)
def test_classes_of_well_known_libraries_are_known_private_ones_too(module: str, name: str, *, known: bool) -> None:
    assert is_known(Global(module, name)) is known
