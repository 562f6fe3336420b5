"""Runs that do harm, with the real engine: each ends with its reason, and its neighbours do not notice."""

from pathlib import Path
from uuid import UUID

import pytest

from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.kit.db import Database
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import Input, InputFile, Resources
from rooms.runs.site import OPTIONS, Site, real_site
from support.waiting import until

MIB = 1024**2
SMALL = Resources(memory_bytes=64 * MIB, disk_bytes=16 * MIB, pids=40, cpus=0.5, timeout_seconds=60)
NEIGHBOUR = "for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.05; done; echo done > /out/done"


@pytest.fixture
def site(db: Database, tmp_path: Path) -> Site:
    blobs = LocalBlobStore(tmp_path / "blobs")
    return real_site(db, tmp_path, LocalEngine(tmp_path / "engine", blobs), blobs)


@pytest.mark.parametrize(
    ("script", "reasons"),
    [
        (
            "bomb() { bomb | bomb & }; bomb; sleep 2; exit 3",
            ("too many processes", "exit code 3", "out of memory"),
        ),
        ("x=a; while true; do x=$x$x$x; done", ("out of memory",)),
        ("dd if=/dev/zero of=/out/fill bs=1M count=200", ("disk full",)),
        ("exit 7", ("exit code 7",)),
        ("kill -SEGV $$", ("exit code 139",)),
        ("ln -s /etc/passwd /out/passwd", ("It left a link that leads out of /out",)),
        ("mkdir /out/d; ln -s ../../.. /out/d/up", ("It left a link that leads out of /out",)),
        ("mkfifo /out/pipe 2>/dev/null || mknod /out/pipe p", ("It left pipe, which",)),
    ],
)
def test_it_fails_with_the_reason_and_the_neighbour_is_unharmed(
    site: Site, script: str, reasons: tuple[str, ...]
) -> None:
    with site.running():
        hostile, neighbour = site.script(script, resources=SMALL), site.script(NEIGHBOUR, resources=SMALL)
        run = site.ended(hostile)
        assert run.state is RunState.FAILED
        assert (run.reason or "").startswith(reasons), run.reason
        other = site.ended(neighbour)
    assert other.state is RunState.SUCCEEDED
    assert site.outputs(neighbour) == {"done": b"done\n"}
    assert run.cpu_seconds is not None


def test_a_log_that_never_ends_is_bounded(site: Site) -> None:
    with site.running():
        run = site.ended(site.script("yes 0123456789 | head -c 40000000; echo end", resources=SMALL))
    assert run.state is RunState.SUCCEEDED
    log = site.log(run.id)
    assert b"0123456789\n" in log
    assert log.endswith(b"what follows is not kept]\n")


def test_binary_on_the_output_is_kept_as_it_is(site: Site) -> None:
    with site.running():
        run = site.ended(site.script("head -c 3000 /dev/urandom; printf '\\377\\376\\000'"))
    assert run.state is RunState.SUCCEEDED
    assert site.log(run.id).endswith(b"\xff\xfe\x00")


def test_one_that_ignores_term_is_killed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelyard.rooms.runs.watching.CANCEL_GRACE_S", 0.5)
    with site.running():
        id = site.script("trap '' TERM; echo up; while true; do sleep 0.1; done")
        until(lambda: site.get(id).state is RunState.RUNNING)
        site.cancel(id)
        assert site.ended(id).state is RunState.CANCELLED


def test_inputs_cannot_be_changed(site: Site) -> None:
    blob = site.blobs.put([b"1,2\n"])
    file = InputFile(path="a.csv", digest=blob.digest, size=blob.size)
    table = Input(
        name="t", kind="table", source="upload", digest=blob.digest, count=1, size=4, path="/in/t/a.csv", files=[file]
    )
    script = "cat /in/t/a.csv; echo x >> /in/t/a.csv; chmod 777 /in/t/a.csv; rm -f /in/t/a.csv; touch /in/new; id -u"
    with site.running():
        run = site.ended(site.script(script, inputs=[table]))
    assert run.state is RunState.SUCCEEDED
    assert site.log(run.id).startswith(b"1,2\n")
    assert b"".join(site.blobs.open(blob.digest)) == b"1,2\n"
    assert site.log(run.id).strip().splitlines()[-1] != b"0"


def test_closed_folders_and_files_are_kept_all_the_same(site: Site) -> None:
    script = "mkdir /out/d; echo a > /out/d/a; chmod 0 /out/d/a; chmod 0 /out/d; ln -s d/a /out/link"
    with site.running():
        run = site.ended(site.script(script))
    assert run.state is RunState.SUCCEEDED, run.reason
    assert site.outputs(run.id) == {"d/a": b"a\n", "link": b"a\n"}


def test_many_runs_one_after_the_other(site: Site) -> None:
    with site.running(OPTIONS):
        ids: list[UUID] = [site.script(f"echo {n} > /out/n") for n in range(20)]
        for n, id in enumerate(ids):
            assert site.ended(id).state is RunState.SUCCEEDED
            assert site.outputs(id) == {"n": f"{n}\n".encode()}
    assert list(site.scratch.iterdir()) == []
