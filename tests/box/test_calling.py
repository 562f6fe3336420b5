"""Every row of "How a model is called", and what users' functions look like."""

import pytest

from box.running import NUMBER, inputs_schema, serving, write_box

ONE = inputs_schema(x=NUMBER)


@pytest.mark.parametrize(
    ("source", "cls", "artifact", "expected"),
    [
        ("def predict(model, x: float) -> float: return model['w'] * x", None, {"w": 2}, 6),
        ("def predict(x: float) -> float: return x + 1", None, None, 4),
        (
            "class C:\n  def __init__(self, m): self.m = m\n  def predict(self, x: float): return self.m['w'] * x",
            "C",
            {"w": 2},
            6,
        ),
        ("class C:\n  def predict(self, x: float): return x + 1", "C", {"w": 2}, 4),
        ("class C:\n  def predict(self, x: float): return x + 1", "C", None, 4),
        ("class C:\n  @staticmethod\n  def predict(x: float): return x + 1", "C", None, 4),
        ("class A:\n  def predict(self, x: float): return x + 1\nclass C(A): pass", "C", None, 4),
        ("def predict(model, x, /): return model['w'] * x", None, {"w": 2}, 6),
        ("def predict(model, *, x): return model['w'] * x", None, {"w": 2}, 6),
        ("def predict(*args, **kwargs): return args[0]['w'] * kwargs['x']", None, {"w": 2}, 6),
        ("async def predict(model, x: float): return model['w'] * x", None, {"w": 2}, 6),
        ("from functools import partial\npredict = partial(lambda m, k, x: m['w'] * x + k, k=1)", None, {"w": 2}, 7),
        ("from __future__ import annotations\ndef predict(model, x: float): return x", None, {}, 3),
        ("def predict(model, x: 'Missing'): return x", None, {}, 3),
    ],
)
def test_a_target_is_called_as_the_design_says(tmp_path, source, cls, artifact, expected):
    with serving(write_box(tmp_path, source, inputs=ONE, cls=cls, artifact=artifact)) as box:
        assert box.output({"x": 3}) == expected


def test_a_re_exported_function_in_a_package_is_found(tmp_path):
    source = {"pkg/__init__.py": "from .inner import predict", "pkg/inner.py": "def predict(x): return x * 2"}
    with serving(write_box(tmp_path, source, inputs=ONE, module="pkg")) as box:
        assert box.output({"x": 3}) == 6


def test_the_model_is_loaded_once(tmp_path):
    source = """
        class Model:
            def __setstate__(self, state):
                print("unpickled", flush=True)
        class C:
            def __init__(self, model):
                print("created", flush=True)
            def predict(self, x): return x
    """
    config = write_box(tmp_path, source, inputs=ONE, cls="C", artifact=b"cm\nModel\n)\x81}b.")
    with serving(config) as box:
        assert [box.output({"x": n}) for n in range(20)] == list(range(20))
        assert box.log.count("unpickled") == 1
        assert box.log.count("created") == 1


def test_a_joblib_file_is_read_by_the_users_joblib(tmp_path):
    from io import BytesIO

    import joblib
    import numpy

    from box.running import packages

    for compress in (0, 3):
        file = BytesIO()
        joblib.dump({"w": numpy.arange(1000.0)}, file, compress=compress)
        folder = tmp_path / str(compress)
        folder.mkdir()
        source = "def predict(model, x): return model['w'][int(x)]"
        with serving(write_box(folder, source, inputs=ONE, artifact=file.getvalue(), site=packages())) as box:
            assert box.output({"x": 3}) == 3.0


def test_an_estimator_predicts(tmp_path):
    from sklearn.linear_model import LogisticRegression

    from box.running import packages

    model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
    source = """
        def predict(model, x: float) -> dict[str, float]:
            return dict(zip(model.classes_, model.predict_proba([[x]])[0]))
    """
    with serving(write_box(tmp_path, source, inputs=ONE, artifact=model, site=packages())) as box:
        output = box.output({"x": 3})
        assert output["high"] > 0.5 > output["low"]
        assert abs(sum(output.values()) - 1) < 1e-9


def test_with_several_workers_each_predicts(tmp_path):
    config = write_box(tmp_path, "import os\ndef predict(x): return os.getpid()", inputs=ONE)
    with serving(config, MODELYARD_WORKERS="3") as box:
        assert len(box.worker_pids()) == 3
        assert box.output({"x": 1}) in box.worker_pids()
