"""The shim's own parts: what it imports, how it writes, what it measures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.engine_bench import until
from modelyard.adapters.engines.local import launcher
from modelyard.adapters.engines.local.shim import tree
from modelyard.adapters.engines.local.shim.cgroups import Place
from modelyard.adapters.engines.local.shim.log import BoundedLog
from modelyard.adapters.engines.local.shim.meters import stored_bytes
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.adapters.engines.local.shim.records import move_back, to_json

SLOW = {"json", "enum", "re", "typing", "contextlib", "pathlib", "datetime", "subprocess", "signal", "functools"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.mark.parametrize("entry", ["entry_namespaces", "entry_staged", "entry_bare"])
def test_entries_import_nothing_slow_and_only_the_standard_library(entry: str) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(launcher.SOURCES)!r});"
        f"from modelyard.adapters.engines.local.shim import {entry}; print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    modules = set(loaded.stdout.split())
    assert modules & SLOW == set()
    assert ("ctypes" in modules) == (entry != "entry_namespaces")
    roots = {name.partition(".")[0] for name in modules}
    assert roots <= set(sys.stdlib_module_names) | {"modelyard", "__main__"}


@given(JSON)
def test_what_the_shim_writes_is_json(value: object) -> None:
    assert json.loads(to_json(value)) == value  # type: ignore[arg-type]


def test_lone_surrogates_can_be_written() -> None:
    assert json.loads(to_json({"name": "a\udcffb"}).encode()) == {"name": "a\udcffb"}


def test_a_plan_survives_the_way_to_the_shim() -> None:
    fields = dict.fromkeys(Plan.__annotations__, "x") | {"places": [Place(2, "/sys/fs/cgroup/x", ["memory"])]}
    again = Plan.from_bytes(Plan(**fields).to_bytes())
    assert again.folder == "x"
    assert again.places[0].to_list() == [2, "/sys/fs/cgroup/x", ["memory"]]


def test_a_plan_is_complete() -> None:
    with pytest.raises(TypeError, match="exactly these fields"):
        Plan(folder="x")


def test_a_log_ends_with_its_marker(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb", buffering=0) as file, (tmp_path / "source").open("w+b") as source:
        source.write(b"0123456789" * 3)
        source.seek(0)
        BoundedLog(source.fileno(), file.fileno(), limit=25).drain()
    text = (tmp_path / "log").read_bytes()
    assert text.startswith(b"0123456789012345678901234\n[the log limit of 25 bytes is reached")
    assert text.count(b"limit") == 1


def test_a_log_of_exactly_its_limit_has_no_marker(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb", buffering=0) as file, (tmp_path / "source").open("w+b") as source:
        source.write(b"0123456789")
        source.seek(0)
        BoundedLog(source.fileno(), file.fileno(), limit=10).drain()
    assert (tmp_path / "log").read_bytes() == b"0123456789"


@pytest.mark.parametrize("interrupted", ["before", "link made", "back", "half back", "nearly back"])
def test_moving_back_works_from_every_point(tmp_path: Path, interrupted: str) -> None:
    inside, source, staged = tmp_path / "inside", tmp_path / "source", tmp_path / "source.returning"
    place = {"back": source, "half back": staged, "nearly back": staged}.get(interrupted, inside)
    place.mkdir()
    (place / "file").write_text("kept")
    if interrupted in ("link made", "half back"):
        source.symlink_to(inside)
    for _ in range(2):
        move_back(str(inside), str(source))
    assert (source / "file").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_moving_back_spares_a_folder_that_was_never_moved(tmp_path: Path) -> None:
    for name in ("inside", "source"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    move_back(str(tmp_path / "inside"), str(tmp_path / "source"))
    assert (tmp_path / "source/source").exists()
    assert (tmp_path / "inside/inside").exists()


def test_children_are_found_at_any_depth() -> None:
    with subprocess.Popen(
        ["/bin/sh", "-c", "sh -c 'echo up; sleep 60; true' & wait"], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        below = tree.descendants(parent.pid)
        assert [tree.name(pid) for pid in tree.children(parent.pid)] == ["sh"]
        assert tree.resident_bytes([parent.pid, *below]) >= tree.proportional_bytes([parent.pid, *below]) > 0
        assert tree.living(below) == below
        assert tree._children_by_scan(parent.pid) == tree.children(parent.pid)
        tree.kill_all([*below, parent.pid])
    until(lambda: tree.living(below) == [])
    assert tree.start_of(parent.pid) is None


def test_stored_bytes_counts_what_lies_on_disk(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_bytes(b"x" * 10**6)
    (tmp_path / "link").symlink_to("/usr")
    assert 10**6 <= stored_bytes(str(tmp_path)) < 2 * 10**6
    assert stored_bytes(str(tmp_path / "absent")) == 0
