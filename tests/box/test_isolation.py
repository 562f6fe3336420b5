"""The server and the user's code do not see each other's packages, and neither can the user's break the server."""

import pytest

from box.running import NUMBER, inputs_schema, serving, write_box

ONE = inputs_schema(x=NUMBER)
POISON = "raise RuntimeError('this package must not be imported by the server')"


def test_a_user_who_pins_what_would_break_the_server_is_served(tmp_path):
    site = tmp_path / "site"
    for name in ("uvloop", "httptools", "orjson", "jsonschema_rs", "multipart", "pydantic", "typing_extensions"):
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").write_text("VERSION = 'the users own'\nclass BaseModel: pass")
    source = "import orjson, pydantic, uvloop\ndef predict(x): return [orjson.VERSION, uvloop.__file__]"
    with serving(write_box(tmp_path, source, inputs=ONE)) as box:
        version, path = box.output({"x": 1})
        assert version == "the users own"
        assert path.startswith(str(site))


def test_the_servers_packages_are_not_there_for_the_user(tmp_path):
    source = """
        import importlib.util
        def predict(x):
            return [name for name in ("orjson", "uvloop", "modelyard", "worker", "frames", "config", "server", "errors")
                    if importlib.util.find_spec(name)]
    """
    with serving(write_box(tmp_path, source, inputs=ONE)) as box:
        assert box.output({"x": 1}) == []


@pytest.mark.parametrize(
    "name", ["frames", "worker", "config", "server", "errors", "modelyard", "orjson", "http_client"]
)
def test_the_source_may_have_modules_with_names_of_ours(tmp_path, name):
    source = {f"{name}.py": "def predict(x): return 'mine'", "uvloop.py": POISON, "multipart.py": POISON}
    with serving(write_box(tmp_path, source, inputs=ONE, module=name)) as box:
        assert box.output({"x": 1}) == "mine"


def test_the_source_comes_before_the_packages_and_path_files_are_followed(tmp_path):
    site, extra = tmp_path / "site", tmp_path / "extra"
    site.mkdir()
    extra.mkdir()
    (site / "both.py").write_text("WHO = 'site'")
    (site / "more.pth").write_text(f"{extra}\n")
    (extra / "linked.py").write_text("WHO = 'extra'")
    source = {"m.py": "import both, linked\ndef predict(x): return [both.WHO, linked.WHO]", "both.py": "WHO = 'source'"}
    with serving(write_box(tmp_path, source, inputs=ONE)) as box:
        assert box.output({"x": 1}) == ["source", "extra"]


def test_nothing_is_written_into_the_image(tmp_path):
    config = write_box(tmp_path, {"m.py": "import n\ndef predict(x): return x", "n.py": ""}, inputs=ONE)
    with serving(config) as box:
        assert box.output({"x": 1}) == 1
    assert not list(tmp_path.rglob("__pycache__"))


def test_multiprocessing_works_in_both_ways_of_starting(tmp_path):
    source = """
        import multiprocessing
        def double(x): return 2 * x
        def predict(how):
            with multiprocessing.get_context(how).Pool(1) as pool:
                return pool.map(double, [1, 2])
    """
    with serving(write_box(tmp_path, source, inputs=inputs_schema(how={}))) as box:
        assert box.output({"how": "fork"}) == [2, 4]
        assert box.output({"how": "spawn"}) == [2, 4]
