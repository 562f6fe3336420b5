"""From a spec to what is executed: pure decisions."""

from pathlib import Path
from typing import Any

import pytest

from modelyard.adapters.engines.local import sandbox
from modelyard.adapters.engines.local.users import UserRange, available_uids
from modelyard.rooms.runs.errors import EngineRefused, EngineUnavailable
from modelyard.rooms.runs.ports import ContainerSpec, Image, Limits, Mount


def spec(config: dict[str, Any] | None = None, **fields: Any) -> ContainerSpec:
    return ContainerSpec(name="x", image=Image("sha256:0", {"config": config or {}}, ["sha256:0"]), **fields)


def test_the_command_replaces_entry_point_and_command() -> None:
    config = {"Entrypoint": ["a", "b"], "Cmd": ["c"]}
    assert sandbox.command(spec(config)) == ["a", "b", "c"]
    assert sandbox.command(spec(config, command=["d"])) == ["d"]
    assert sandbox.command(spec({"Cmd": ["c"], "Entrypoint": None})) == ["c"]
    for empty in (spec(), spec(config, command=[])):
        with pytest.raises(EngineRefused, match="no command"):
            sandbox.command(empty)


def test_variables_of_the_spec_win() -> None:
    assert sandbox.environment(spec({"Env": ["A=1", "B=x=y", "C="]}, env={"A": "2"})) == {"A": "2", "B": "x=y", "C": ""}


@pytest.mark.parametrize(
    ("user", "ids"),
    [
        ("10001:10001", (10001, 10001)),
        ("500", (500, 500)),
        ("500:600", (500, 600)),
        ("", (10001, 10001)),
        ("root", (10001, 10001)),
        ("0:0", (10001, 10001)),
        ("nginx:www", (10001, 10001)),
        ("99999999999", (10001, 10001)),
        (None, (10001, 10001)),
    ],
)
def test_users_inside_are_ordinary(user: str | None, ids: tuple[int, int]) -> None:
    assert sandbox.users(spec({"User": user})) == ids


@pytest.mark.parametrize("target", ["relative", "/a/../b", "/", "", "../x"])
def test_mount_targets_are_absolute_and_straight(target: str, tmp_path: Path) -> None:
    with pytest.raises(EngineRefused, match="absolute"):
        sandbox.check_spec(spec(command=["x"], mounts=[Mount(tmp_path, target)]))


@pytest.mark.parametrize("name", ["memory_bytes", "cpus", "pids", "disk_bytes"])
def test_limits_of_nothing_are_refused(name: str) -> None:
    with pytest.raises(EngineRefused, match="Limits"):
        sandbox.check_spec(spec(command=["x"], limits=Limits(**{name: 0})))


def test_an_image_of_nothing_is_refused() -> None:
    with pytest.raises(EngineRefused, match="no layers"):
        sandbox.check_spec(ContainerSpec(name="x", image=Image("sha256:0", {}, []), command=["x"]))


def test_nul_is_refused(tmp_path: Path) -> None:
    for bad in (
        spec(command=["a\0--bind\0/\0/host"]),
        spec(command=["x"], env={"A": "b\0c"}),
        spec(command=["x"], mounts=[Mount(tmp_path, "/a\0b")]),
    ):
        with pytest.raises(EngineRefused, match="NUL"):
            sandbox.check_spec(bad)


def arguments(wanted: ContainerSpec) -> str:
    return " ".join(sandbox.bubblewrap_arguments(wanted, lowers=["/a", "/b"], farm=None, sources={"/in": "/host/in"}))


def test_every_namespace_is_unshared_and_nothing_kept() -> None:
    said = arguments(spec(command=["x"]))
    for option in ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"):
        assert f"{option} " in said
    for option in ("--cap-drop ALL", "--die-with-parent", "--new-session", "--clearenv", "--ro-overlay /"):
        assert option in said
    assert "--overlay-src /a --overlay-src /b --ro-overlay /" in said
    assert "--unshare-net" not in arguments(spec(command=["x"], network=True))


def test_what_can_be_written_is_bounded() -> None:
    said = arguments(spec(command=["x"], limits=Limits(disk_bytes=5000, memory_bytes=4000)))
    assert "--size 5000 --perms 1777 --tmpfs /tmp" in said
    assert "--size 2000 --perms 1777 --tmpfs /dev/shm" in said


def test_mounts_are_read_only_unless_asked(tmp_path: Path) -> None:
    assert "--ro-bind /host/in /in" in arguments(spec(command=["x"], mounts=[Mount(tmp_path, "/in")]))
    assert " --bind /host/in /in" in arguments(spec(command=["x"], mounts=[Mount(tmp_path, "/in", read_only=False)]))


def test_overlays_are_bounded_by_a_page() -> None:
    assert sandbox.overlay_fits(["/mnt/s0/0123456789abcdef"] * 100)
    assert not sandbox.overlay_fits(["/a/long/path/to/where/layers/of/images/are/kept/0123456789abcdef"] * 60)


def test_uids_are_taken_once_and_given_back(tmp_path: Path) -> None:
    users = UserRange(tmp_path, range(5000, 5003))
    taken = [users.take(str(number)) for number in range(3)]
    assert sorted(taken) == [5000, 5001, 5002]
    with pytest.raises(EngineUnavailable):
        UserRange(tmp_path, range(5000, 5003)).take("more")
    users.give_back(5001)
    assert users.take("again") == 5001
    users.keep_only([5000])
    assert sorted(users.take(str(number)) for number in range(2)) == [5001, 5002]


@pytest.mark.parametrize(
    ("uid_map", "first", "count"),
    [
        ("         0          0 4294967295\n", 0x70000000, 65536),
        ("0 100000 65536\n", 60536, 5000),
        ("0 1000 1\n1 100000 65536\n", 60537, 5000),
    ],
)
def test_uids_fit_the_user_namespace(uid_map: str, first: int, count: int) -> None:
    found = available_uids(uid_map)
    assert (found.start, len(found)) == (first, count)
