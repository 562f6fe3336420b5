import importlib.util
import sys
import zipfile

import pytest

from modelyard.rooms.images.bytecode import Interpreter, Source, compile_sources
from modelyard.rooms.images.errors import WheelRefused
from modelyard.rooms.images.tars import tar_chunks
from modelyard.rooms.images.wheels import Layout, wheel_entries

LAYOUT = Layout(site="app/site-packages", prefix="app", interpreter="/usr/bin/python3.11")
HERE = Interpreter((sys.executable,), (("LC_ALL", "C.UTF-8"),), sys.version.split()[0])
INFO = "demo-1.0.dist-info"


def make_wheel(folder, members, name="demo-1.0-py3-none-any.whl"):
    file = folder / name
    with zipfile.ZipFile(file, "w") as archive:
        for path, data in members.items():
            archive.writestr(path, data)
    return file


def installed(file):
    entries = wheel_entries(file, LAYOUT, HERE)
    b"".join(tar_chunks(entries))
    return {entry.path: entry for entry in entries}


def test_parts_go_where_the_wheel_format_says(tmp_path):
    file = make_wheel(
        tmp_path,
        {
            "demo/__init__.py": "x = 1\n",
            f"{INFO}/RECORD": "",
            f"{INFO}/entry_points.txt": "[console_scripts]\nDemo-Run = demo.cli:main.go [extra]\n",
            "demo-1.0.data/scripts/tool": "#!python\nprint()\n",
            "demo-1.0.data/scripts/shell": "#!/bin/sh\n",
            "demo-1.0.data/data/share/demo.txt": "d",
            "demo-1.0.data/headers/demo.h": "h",
            "demo-1.0.data/platlib/_demo.so": "s",
        },
    )
    found = installed(file)
    assert set(found) == {
        "app/site-packages/demo/__init__.py",
        "app/site-packages/demo/__pycache__/__init__.cpython-311.pyc",
        f"app/site-packages/{INFO}/RECORD",
        f"app/site-packages/{INFO}/entry_points.txt",
        "app/bin/Demo-Run",
        "app/bin/tool",
        "app/bin/shell",
        "app/share/demo.txt",
        "app/include/demo.h",
        "app/site-packages/_demo.so",
    }
    assert found["app/bin/tool"].content == b"#!/usr/bin/python3.11\nprint()\n"
    assert found["app/bin/shell"].content == b"#!/bin/sh\n"
    assert found["app/bin/tool"].mode == found["app/bin/Demo-Run"].mode == 0o755
    script = found["app/bin/Demo-Run"].content.decode()
    assert script.startswith("#!/usr/bin/python3.11\n")
    assert "from demo.cli import main" in script
    assert "sys.exit(main.go())" in script


def test_bytecode_is_used_without_looking_at_the_source(tmp_path):
    found = installed(make_wheel(tmp_path, {"demo.py": "x = 1\n", "tests/test_x.py": "", "broken.py": "def (\n"}))
    pyc = found["app/site-packages/__pycache__/demo.cpython-311.pyc"].content
    assert pyc[:4] == importlib.util.MAGIC_NUMBER
    assert pyc[4:8] == b"\x01\0\0\0"  # PEP 552: hash-based, not checked
    assert pyc[8:16] == importlib.util.source_hash(b"x = 1\n")
    assert "app/site-packages/broken.py" in found
    assert sum(path.endswith(".pyc") for path in found) == 1


def test_executable_files_stay_executable(tmp_path):
    file = tmp_path / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("demo/run")
        info.external_attr = 0o100777 << 16
        archive.writestr(info, "x")
        archive.writestr("demo/data", "x")
    found = installed(file)
    assert found["app/site-packages/demo/run"].mode == 0o755
    assert found["app/site-packages/demo/data"].mode == 0o644


@pytest.mark.parametrize(
    "members",
    [
        {"../evil.py": ""},
        {"/etc/passwd": ""},
        {"demo/../../evil": ""},
        {"demo-1.0.data/scripts/../../evil": ""},
        {"demo-1.0.data/other/x": ""},
        {f"{INFO}/entry_points.txt": "[console_scripts]\n../evil = demo:main\n"},
        {f"{INFO}/entry_points.txt": "[console_scripts]\nx = demo:main();import os\n"},
        {f"{INFO}/entry_points.txt": "no section\n"},
    ],
)
def test_a_wheel_that_reaches_out_is_refused(tmp_path, members):
    with pytest.raises(WheelRefused):
        installed(make_wheel(tmp_path, members))


def test_a_damaged_wheel_is_refused(tmp_path):
    whole = make_wheel(tmp_path, {"demo.py": "x = 1\n" * 1000, "big": b"y" * 3_000_000}).read_bytes()
    late = whole.replace(b"y" * 100, b"z" * 100)
    for data in (b"", b"not a zip", whole[: len(whole) // 2], whole.replace(b"x = 1", b"x = 2"), late):
        file = tmp_path / "bad-1.0-py3-none-any.whl"
        file.write_bytes(data)
        with pytest.raises(WheelRefused):
            installed(file)


def test_the_same_sources_give_the_same_bytecode_in_any_order():
    sources = [
        Source(f"app/m{n}.py", f"def f{n}(a, b={n}):\n    return {{'k{n}', 'x', a}}\n".encode()) for n in range(400)
    ]
    forward = compile_sources(sources, HERE)
    assert len(forward) == 400
    assert compile_sources(sources[::-1], HERE) == forward


def test_a_source_on_which_the_compiler_dies_costs_only_its_own_bytecode():
    deep = b"x = " + b"(" * 5000 + b")" * 5000
    sources = [Source("app/a.py", b"x = 1\n"), Source("app/deep.py", b"-" * 300_000 + b"1"), Source("app/par.py", deep)]
    compiled = {entry.path for entry in compile_sources(sources, HERE)}
    assert "app/__pycache__/a.cpython-311.pyc" in compiled
    assert "app/__pycache__/par.cpython-311.pyc" not in compiled
