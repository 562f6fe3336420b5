"""Level ``none``: paths rewritten to the host's, programs started by the image's own loader."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.engine_bench import Bench, until
from contracts.engine_elsewhere import NOBODY, Elsewhere, become_nobody
from contracts.engine_images import busybox_image, directory, file, layer, link
from fakes.blob_folder import LocalFolderBlobs
from modelyard.adapters.engines.local.loader import HostView, elf_interpreter, host_command, host_environment
from modelyard.adapters.engines.local.shim import tree
from modelyard.rooms.runs.errors import EngineRefused
from modelyard.rooms.runs.ports import Isolation, Mount

PROGRAM = Path("/usr/bin/env")


def libraries(program: Path) -> list[Path]:
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return [Path(match) for match in re.findall(r"(/\S+) \(0x", said)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a dynamic program, its loader and its libraries, as an image would have them."""
    root = tmp_path / "root"
    for path in (PROGRAM, *libraries(PROGRAM)):
        (root / str(path)[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / str(path)[1:])
    (root / "bin").mkdir()
    (root / "bin/absolute").symlink_to("/usr/bin/env")
    (root / "script").write_text("#!/usr/bin/env -i\n")
    (root / "other").write_text("#!/usr/bin/env absolute\n")
    for name in ("script", "other"):
        (root / name).chmod(0o755)
    return root


@pytest.fixture
def view(root: Path, tmp_path: Path) -> HostView:
    return HostView(root, {"/in": tmp_path / "given", "/tmp": tmp_path / "scratch"})


def test_paths_of_mounts_and_image_are_rewritten(view: HostView, tmp_path: Path) -> None:
    assert view.path("/in") == str(tmp_path / "given")
    assert view.path("/in/deep/file") == f"{tmp_path}/given/deep/file"
    assert view.path("/inner") == "/inner"
    assert view.path("/tmp/x") == f"{tmp_path}/scratch/x"
    assert view.path("/usr/bin/env") == f"{tmp_path}/root/usr/bin/env"
    assert view.path("/dev/null") == "/dev/null"
    assert view.path("usr/bin/env") == "usr/bin/env"
    assert view.path("--file=/in/x") == "--file=/in/x"
    assert view.path("/") == "/"


def test_links_are_followed_inside_the_root(view: HostView, root: Path) -> None:
    (root / "up").symlink_to("../../../../etc")
    (root / "loop").symlink_to("loop")
    assert view.resolve("/bin/absolute") == root / "usr/bin/env"
    assert view.resolve("/up/passwd") == root / "etc/passwd"
    assert view.resolve("/../../x") == root / "x"
    assert view.resolve("/loop").is_relative_to(root)


def test_variables_with_paths_are_rewritten(view: HostView, root: Path, tmp_path: Path) -> None:
    given = {"PATH": "/usr/bin:/bin", "SOCKET": "/in/box.sock", "HOME": "/tmp", "LANG": "C.UTF-8", "URL": "http://x/in"}
    command = host_command(view, ["env"], given["PATH"])
    found = host_environment(view, given, command)
    assert found["PATH"] == f"{root}/usr/bin:{root}/bin"
    assert (found["SOCKET"], found["HOME"]) == (f"{tmp_path}/given/box.sock", f"{tmp_path}/scratch")
    assert (found["LANG"], found["URL"]) == ("C.UTF-8", "http://x/in")
    assert found["MODELYARD_ROOT"] == str(root)
    assert [*found["MODELYARD_LOADER"].splitlines(), "--argv0"] == command[:4]
    assert "MODELYARD_LOADER" not in host_environment(view, given, ["/static", "--x"])


@pytest.mark.parametrize("command", [["env"], ["/usr/bin/env"], ["/bin/absolute"], ["absolute"], ["/other"]])
def test_programs_run_with_the_loader_of_the_image(view: HostView, root: Path, command: list[str]) -> None:
    argv = host_command(view, command, "/usr/bin:/bin")
    assert Path(argv[0]).is_relative_to(root)
    assert "--library-path" in argv
    done = subprocess.run(argv[:6], env={"SEEN": "yes"}, capture_output=True, text=True, check=True)
    assert "SEEN=yes" in done.stdout


def test_scripts_keep_their_arguments(view: HostView, root: Path) -> None:
    argv = host_command(view, ["/script", "/in/x"], "/usr/bin")
    assert argv[-3:] == ["-i", f"{root}/script", view.path("/in/x")]
    (root / "script").write_text("#!/usr/bin/env -S env --debug\n")
    argv = host_command(view, ["/script", "/in/x"], "/usr/bin")
    assert argv[-3:] == ["--debug", f"{root}/script", view.path("/in/x")]


@pytest.mark.parametrize("name", ["absent", "/bin/absent", "/etc", "../../bin/sh"])
def test_what_is_not_in_the_image_is_refused(view: HostView, name: str) -> None:
    with pytest.raises(EngineRefused, match="not in the image"):
        host_command(view, [name], "/usr/bin")


def test_the_loader_is_read_from_the_program(tmp_path: Path) -> None:
    assert elf_interpreter(PROGRAM) in {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"}
    for name, data in {"text": b"#!/bin/sh", "short": b"\x7fELF\x02\x01", "none": b""}.items():
        (tmp_path / name).write_bytes(data)
        assert elf_interpreter(tmp_path / name) is None
    assert elf_interpreter(Path("/bin/busybox")) is None
    assert elf_interpreter(tmp_path / "absent") is None


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    elsewhere = Elsewhere(become_nobody, uid=NOBODY)
    yield elsewhere
    elsewhere.close()


@pytest.fixture
def bench(elsewhere: Elsewhere) -> Iterator[Bench]:
    blobs = LocalFolderBlobs(elsewhere.folder())
    programs = [(path, path.read_bytes()) for path in (PROGRAM, *libraries(PROGRAM))]
    dynamic = layer(
        *(file(str(path), data, 0o755) for path, data in programs),
        directory("out"),
        file("usr/bin/hello", "#!/bin/sh\necho hello from $0\n", 0o755),
        link("usr/bin/alias", "/usr/bin/env"),
    )
    image = busybox_image(blobs, dynamic, Env=["PATH=/usr/bin:/bin", "HOME=/tmp"])
    bench = Bench(elsewhere.engine(elsewhere.folder(), blobs, level=Isolation.NONE), image)  # type: ignore[arg-type]
    yield bench
    bench.close()


def test_a_dynamic_program_of_an_image_runs(bench: Bench) -> None:
    ended, log = bench.run(command=["alias"], env={"SEEN": "yes"})
    assert ended.exit_code == 0
    assert "SEEN=yes" in log


def test_a_script_of_an_image_runs(bench: Bench) -> None:
    ended, log = bench.run(command=["hello"])
    assert ended.exit_code == 0
    assert log.startswith("hello from /")
    assert log.endswith("/usr/bin/hello\n")


def test_mounts_are_found_by_the_environment(bench: Bench, elsewhere: Elsewhere) -> None:
    folder = elsewhere.folder()
    script = 'echo from inside > "$TARGET"; echo $TMPDIR; echo x > /tmp/../$TMPDIR/y'
    ended, log = bench.run(script, env={"TARGET": "/out/file"}, mounts=[Mount(folder, "/out", read_only=False)])
    assert ended.exit_code == 0
    assert (folder / "file").read_text() == "from inside\n"
    assert not Path(log.strip()).is_relative_to("/var")
    bench.engine.remove(ended.name)
    assert not os.path.exists(log.strip())


def test_the_image_cannot_be_changed_by_accident(bench: Bench) -> None:
    script = 'for f in $MODELYARD_ROOT/etc/motd $MODELYARD_ROOT/work/new; do echo x >> "$f" && echo wrote; done'
    _, log = bench.run(script)
    assert "wrote" not in log


def test_without_a_network_only_unix_sockets_can_be_made(bench: Bench) -> None:
    ended, log = bench.run("nc -w 1 127.0.0.1 9")
    assert ended.exit_code != 0
    assert "Operation not permitted" in log


def test_what_a_dead_supervisor_left_is_found_and_ended(bench: Bench, elsewhere: Elsewhere) -> None:
    """Nothing but a variable ties a grandchild in a session of its own to the container."""
    container = bench.start("setsid sh -c 'echo $$; exec sleep 300' & sleep 300")
    log = bench.wait_for_log(container.name, "\n")
    grandchild = int(log.split()[0])
    (state,) = elsewhere.root.glob(f"*/c/{container.name}/state.json")
    os.kill(json.loads(state.read_text())["supervisor"], 9)
    ended = bench.engine.wait(container.name, timeout=30)
    assert ended.reason == "its supervisor was killed"
    until(lambda: tree.living([grandchild]) == [])
