"""The ``check`` command: what it finds, and the words it has for it."""

import _ctypes
import json
import re
from pathlib import Path

import pytest
import sklearn
from sklearn.linear_model import LogisticRegression

from box.running import NUMBER, inputs_schema, packages, run_check, write_box
from support.pickles import made_with

ONE = inputs_schema(x=NUMBER)
FINE = "def predict(model, x): return x"


def test_a_good_model_passes(tmp_path):
    config = write_box(tmp_path, FINE, inputs=ONE, artifact={}, card={"example": {"x": 1}})
    status, report = run_check(config)
    assert (status, report["ok"], report["reason"], report["notes"]) == (0, True, "", [])
    assert report["load_seconds"] >= 0


def test_without_an_example_the_model_is_loaded_only_and_a_note_says_so(tmp_path):
    config = write_box(tmp_path, "def predict(x): raise ValueError", inputs=ONE)
    status, report = run_check(config)
    assert status == 0
    assert "no example" in report["notes"][0]


def test_the_report_goes_to_the_file_that_is_named(tmp_path):
    import subprocess

    from box.running import box_command, box_environ

    config = write_box(tmp_path, "print('noise')\ndef predict(x): return x", inputs=ONE, card={"example": 3})
    path = tmp_path / "result.json"
    environ = box_environ(config, MODELYARD_CHECK_RESULT=str(path))
    done = subprocess.run(box_command("check"), env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert json.loads(path.read_text())["ok"] is True
    assert "noise" in done.stdout
    assert '"ok"' not in done.stdout


def test_a_streaming_example_is_heard_to_its_end(tmp_path):
    source = "def predict(x):\n  yield x\n  raise ValueError('at the end')"
    status, report = run_check(write_box(tmp_path, source, inputs=ONE, card={"example": {"x": 1}}))
    assert status == 1
    assert "at the end" in report["reason"]


BY_ITS_STATE = """
    class Model:
        def __setstate__(self, state):
            {}
    def predict(model, x): return x
"""
PICKLED_MODEL = b"cm\nModel\n)\x81}b."


@pytest.mark.parametrize(
    ("source", "artifact", "words", "field"),
    [
        (FINE, b"hello, I am text", ["model.pkl is not a pickle"], "artifact"),
        (FINE, b"", ["model.pkl is not a pickle"], "artifact"),
        (FINE, b"\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00}", ["model.pkl is not a pickle"], "artifact"),
        (FINE, b"1,2,3\n4,5,6\n", ["model.pkl", "pickle"], "artifact"),
        (FINE, b"\x89PNG\r\n\x1a\n" + b"\0" * 50, ["model.pkl is not a pickle"], "artifact"),
        (FINE, b"csklearn.svm\nSVC\n.", ["'sklearn' is missing", "add scikit-learn to the requirements"], "artifact"),
        (FINE, b"cabsent.part\nX\n.", ["add absent to the requirements"], "artifact"),
        (FINE, b"cm\nAbsent\n.", ["Absent"], "artifact"),
        (FINE, b"c__main__\nNet\n.", ["script or notebook", "Net"], "artifact"),
        (BY_ITS_STATE.format("raise ValueError('odd state')"), PICKLED_MODEL, ["ValueError: odd state"], "artifact"),
        (
            BY_ITS_STATE.format("open('vocabulary.txt')"),
            PICKLED_MODEL,
            ["model.pkl cannot be unpickled: FileNotFoundError", "'vocabulary.txt'"],
            "artifact",
        ),
        (BY_ITS_STATE.format("bytearray(1 << 60)"), PICKLED_MODEL, ["needs more memory"], "artifact"),
        (BY_ITS_STATE.format("import os; os._exit(7)"), PICKLED_MODEL, ["loading", "exit status 7"], None),
        (BY_ITS_STATE.format("import os; os.kill(os.getpid(), 9)"), PICKLED_MODEL, ["killed", "memory"], None),
        (BY_ITS_STATE.format("import ctypes; ctypes.string_at(0)"), PICKLED_MODEL, ["SIGSEGV"], None),
        ("import cv2\ndef predict(m, x): return x", {}, ["add opencv-python-headless"], "predict.module"),
        ("def predict(m, x) return x", {}, ["SyntaxError"], "predict.module"),
        ("import sys; sys.exit(1)", {}, ["SystemExit"], "predict.module"),
        (
            "import ctypes; ctypes.CDLL('libabsent.so.7')",
            {},
            ["system library libabsent.so.7 is missing", "system_packages in modelyard.yaml"],
            "predict.module",
        ),
        ("import ctypes; ctypes.CDLL('./mine.so')", {}, ["library ./mine.so is missing: add it to the source"], None),
        (
            "raise RuntimeError('cannot load: [libgomp.so.1: cannot open shared object file: No such file]')",
            {},
            ["system library libgomp.so.1 is missing: add libgomp1 to system_packages"],
            "predict.module",
        ),
        ("other = 1", {}, ["m.predict does not exist"], "predict.function"),
        ("predict = 1", {}, ["m.predict is not a function"], "predict.function"),
        ("def predict(): return 1", {}, ["first must take the model"], "predict.function"),
        ("def predict(m, x): raise RuntimeError('no luck')", {}, ["RuntimeError: no luck"], "card.example"),
        ("def predict(m, x): return object()", {}, ["object"], "card.example"),
        ("import datetime\ndef predict(m, x: datetime.date): return 1", {}, ["x is not a date"], "card.example/x"),
        ("import os\ndef predict(m, x): os._exit(8)", {}, ["example", "exit status 8"], None),
    ],
)
def test_a_bad_model_fails_with_the_reason(tmp_path, source, artifact, words, field):
    config = write_box(tmp_path, source, inputs=ONE, artifact=artifact, card={"example": {"x": 1}})
    status, report = run_check(config)
    assert (status, report["ok"]) == (1, False)
    assert all(word in report["reason"] for word in words), report["reason"]
    if field:
        assert report["field"] == field
        assert "type" in report or field.startswith(("card", "predict.function"))


def test_an_absent_module_is_named(tmp_path):
    config = write_box(tmp_path, {"other.py": FINE}, inputs=ONE, artifact={})
    report = run_check(config)[1]
    assert "the source has no module 'm'" in report["reason"]


def test_a_module_with_the_name_of_one_of_pythons_own_is_named(tmp_path):
    config = write_box(tmp_path, FINE, inputs=ONE, module="struct", artifact={})
    assert "'struct' has the name of one of Python's own" in run_check(config)[1]["reason"]


def test_a_class_that_cannot_be_created_is_named(tmp_path):
    source = "class C:\n  def __init__(self, m): raise OSError('no weights')\n  def predict(self, x): return x"
    report = run_check(write_box(tmp_path, source, inputs=ONE, cls="C", artifact={}))[1]
    assert report["reason"] == "C cannot be created: OSError: no weights"
    assert report["field"] == "predict.class"
    assert "m.py" in report["traceback"]


def test_a_package_that_is_too_new_or_old_is_named(tmp_path):
    config = write_box(tmp_path, FINE, inputs=ONE, artifact=b"cnumpy.absent_part\nX\n.", site=packages())
    reason = run_check(config)[1]["reason"]
    assert "numpy" in reason
    assert "pin the version" in reason


def test_an_extension_that_lacks_a_system_library_says_which(tmp_path):
    """A real extension of this Python, whose library has been given a name that there is not."""
    extension = Path(_ctypes.__file__).read_bytes()
    config = write_box(tmp_path, "import native\ndef predict(x): return x", inputs=ONE)
    assert b"libffi.so" in extension
    (tmp_path / "src" / "native.so").write_bytes(extension.replace(b"libffi.so", b"libnot.so"))
    report = run_check(config)[1]
    assert re.search(r"system library libnot\.so\.\d is missing: add the Debian package", report["reason"])


def test_an_absent_model_file_is_said(tmp_path):
    config = write_box(tmp_path, FINE, inputs=ONE, artifact={})
    (tmp_path / "model.pkl").unlink()
    assert "model.pkl cannot be opened (No such file or directory)" in run_check(config)[1]["reason"]


@pytest.mark.parametrize("cls", [None, "C"])
def test_a_model_of_another_version_of_scikit_learn_is_noted(tmp_path, cls):
    """Whether it is called by a function or a class; a model of the version that is installed is not."""
    source = (
        "def predict(model, x): return 1\nclass C:\n  def __init__(self, m): pass\n  def predict(self, x): return 1"
    )
    for version, noted in (("0.1.0", True), (sklearn.__version__, False)):
        model = made_with(LogisticRegression().fit([[0], [1]], [0, 1]), version)
        example = {"example": {"x": 1}}
        config = write_box(tmp_path, source, inputs=ONE, artifact=model, cls=cls, card=example, site=packages())
        status, report = run_check(config)
        assert status == 0, report
        assert [f"made with scikit-learn {version}" in note for note in report["notes"]] == [True] * noted


@pytest.mark.parametrize("source", ["import time; time.sleep(1000)", "while True: pass"])
def test_a_model_that_hangs_is_given_up(tmp_path, source):
    status, report = run_check(write_box(tmp_path, source, inputs=ONE), MODELYARD_CHECK_TIMEOUT_S="0.5")
    assert status == 1
    assert "did not come to an end within 0.5 seconds" in report["reason"]


def test_a_model_that_allocates_without_bound_is_told_so(tmp_path):
    import resource
    import subprocess

    from box.running import box_command, box_environ

    source = "class Model:\n  def __setstate__(self, s):\n    self.a = [bytes(1 << 24) for _ in range(10**6)]\n" + FINE
    config = write_box(tmp_path, source, inputs=ONE, artifact=PICKLED_MODEL)
    limit = (1 << 30, 1 << 30)
    done = subprocess.run(
        box_command("check"),
        env=box_environ(config),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit),
    )
    assert "needs more memory" in json.loads(done.stdout.splitlines()[-1])["reason"]


@pytest.mark.parametrize(
    ("example", "field"),
    [({"x": "one"}, "card.example/x"), ({}, "card.example/x"), ({"x": 1, "y": 2}, "card.example/y")],
)
def test_an_example_that_does_not_fit_the_signature_is_named(tmp_path, example, field):
    config = write_box(tmp_path, FINE, inputs=ONE, artifact={}, card={"example": example})
    status, report = run_check(config)
    assert (status, report["field"]) == (1, field)
    assert "example does not fit the signature" in report["reason"]
