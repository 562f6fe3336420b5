"""Builds over HTTP: their story as events, their log and lock, models that fail, and trying again."""

import io
import json
import pickle
import tarfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelyard.adapters.blobs.local import LocalBlobStore
from rooms.versions.tiny import MODEL, SOURCE, Author, author
from support.server import Server

AARCH64 = b"\xb7\x00"
X86_64 = b"\x3e\x00"


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    return author(site, tmp_path)


def events(client: httpx.Client, address: str, *, after: int = 0) -> list[tuple[int, str, dict[str, Any]]]:
    """(id, name, data) of every server-sent event up to the end of the stream."""
    text = client.get(f"{address}/events", headers={"Last-Event-ID": str(after)} if after else {}).text
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def test_the_story_of_a_build_is_told_once_and_resumes(me: Author) -> None:
    source = 'print("a line of the log")\n' + SOURCE
    me.ready(me.push({"line.py": source}))
    with me.server.client(me.token) as client:
        told = events(client, f"{me.versions}/1")
        assert [i for i, _, _ in told[:-1]] == list(range(1, len(told)))
        assert told[-1][1] == "end"
        assert told[-1][2]["state"] == "ready"
        complete = [data["stage"] for _, name, data in told if name == "stage" and data["state"] == "complete"]
        assert set(complete) == {"base", "lock", "wheels", "layers", "manifest", "check", "publish"}
        assert complete[-3:] == ["manifest", "check", "publish"]
        assert any("a line of the log" in data["text"] for _, name, data in told if name == "log")
        assert events(client, f"{me.versions}/1", after=5) == told[5:]
        assert [name for _, name, _ in events(client, f"{me.versions}/1", after=told[-1][0])] == ["end"]
        for wrong in ("-1", "x", "9" * 40):
            assert client.get(f"{me.versions}/1/events", headers={"Last-Event-ID": wrong}).status_code == 422


def test_log_lines_are_the_owners_alone(me: Author) -> None:
    me.ready(me.push({"line.py": 'print("secret path")\n' + SOURCE}))
    with me.server.client(me.token) as client, me.server.client("") as nobody:
        client.patch(f"/api/v1/repos/{me.address}", json={"visibility": "public"})
        assert "secret path" in client.get(f"{me.versions}/1/log").text
        told = events(nobody, f"{me.versions}/1")
        assert {name for _, name, _ in told} == {"stage", "end"}
        assert "secret path" not in json.dumps(told)
        assert nobody.get(f"{me.versions}/1/log").status_code == 401
        assert nobody.get(f"{me.versions}/1/lock").status_code == 200


@pytest.mark.parametrize(
    ("source", "artifact", "said"),
    [
        (SOURCE, b"this is no pickle", "pickle"),
        (SOURCE, pickle.dumps(MODEL)[:-5], "pickle"),
        (SOURCE, b"cnowhere_at_all\nThing\n.", "nowhere_at_all"),
        ("import absent_module\n" + SOURCE, None, "absent_module"),
        ("raise RuntimeError('not \\x00 today')\n" + SOURCE, None, "not"),
        ("import os\nos._exit(7)\n" + SOURCE, None, ""),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n" + SOURCE, None, ""),
        ("import sys\nsys.exit(0)\n" + SOURCE, None, ""),
        ("import os\nos.mkdir('/out/result.json')\nraise ValueError('x')\n" + SOURCE, None, ""),
    ],
    ids=["no pickle", "cut", "absent class", "absent module", "raises", "exits", "killed", "ends", "hostile"],
)
def test_a_model_that_cannot_be_loaded_fails_with_a_reason(
    me: Author, source: str, artifact: bytes | None, said: str
) -> None:
    failed = me.finish(me.push({"line.py": source}, artifact=artifact or b""))
    assert failed["state"] == "failed", failed
    assert failed["reason"]
    assert failed["remedy"]
    assert said in failed["reason"]
    states = {s["name"]: s["state"] for s in failed["stages"]}
    assert (states["manifest"], states["check"], states["publish"]) == ("complete", "failed", "waiting")
    with me.server.client(me.token) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get(f"/v2/{me.address}/tags/list").json()["tags"] in ([], ["v1"])
    me.ready(me.push())


def test_a_model_that_hangs_or_takes_too_much_is_ended(me: Author) -> None:
    manifest = "predict: line:predict\nresources: {memory: 256 MiB, timeout: 3}\n"
    hangs = "import time\ntime.sleep(3600)\n" + SOURCE.replace("model: dict, ", "").replace('model["slope"]', "3")
    failed = me.finish(me.push_folder({"modelyard.yaml": manifest, "line.py": hangs}))
    assert "3 s" in failed["reason"]
    manifest = manifest.replace("timeout: 3", "timeout: 60")
    takes = "hoard = []\nwhile True:\n    hoard.append(bytearray(8 * 1024**2))\n" + hangs.split("\n", 2)[2]
    failed = me.finish(me.push_folder({"modelyard.yaml": manifest, "line.py": takes}))
    assert failed["state"] == "failed"
    assert "memory" in failed["reason"].lower()


def test_an_example_that_fails_is_told_before_anybody_deploys_it(me: Author) -> None:
    manifest = "predict: line:predict\ncard: {example: {x: 0}}\n"
    failed = me.finish(
        me.push_folder({"modelyard.yaml": manifest, "line.py": "def predict(x: float) -> float:\n    return 1 / x\n"})
    )
    assert "ZeroDivisionError" in failed["reason"]


@pytest.mark.parametrize(
    ("requirements", "said"),
    [
        ("surely-no-such-package-4711==1.0", "surely-no-such-package-4711"),
        ("flask==3.0.0\nwerkzeug==1.0.0", "werkzeug"),
        ("docopt==0.6.2", "docopt"),
    ],
)
def test_requirements_that_cannot_be_met_fail_with_their_name(me: Author, requirements: str, said: str) -> None:
    failed = me.finish(me.push(requirements=requirements))
    assert failed["state"] == "failed"
    assert said in failed["reason"].lower()
    assert failed["remedy"]
    assert {s["name"]: s["state"] for s in failed["stages"]}["lock"] == "failed"


def test_the_lock_names_every_package(me: Author) -> None:
    me.ready(me.push(requirements="six==1.16.0\n"))
    with me.server.client(me.token) as client:
        assert "six-1.16.0" in client.get(f"{me.versions}/1/lock").text


def test_a_failed_version_can_be_tried_again_and_a_ready_one_not(me: Author) -> None:
    failed = me.finish(me.push({"line.py": "raise ValueError('no')\n" + SOURCE}))
    with me.server.client(me.token) as client:
        again = client.post(f"{me.versions}/1/retry")
        assert (again.status_code, again.json()["state"], again.json()["attempt"]) == (202, "queued", 2)
        assert again.json()["reason"] is None
        ended = me.finish(again.json())
        assert (ended["state"], ended["attempt"], ended["reason"]) == ("failed", 2, failed["reason"])
        assert client.post(f"{me.versions}/9/retry").status_code == 404
        me.ready(me.push())
        assert client.post(f"{me.versions}/2/retry").json()["code"] == "version_state_invalid"


def test_the_same_commit_makes_the_same_image(me: Author, tmp_path: Path) -> None:
    first, second = me.ready(me.push()), me.ready(me.push())
    assert first["commit_id"] == second["commit_id"]
    assert first["image"] == second["image"]
    other = author(me.server, tmp_path, name="elsewhere")
    assert other.ready(other.push())["image"] == first["image"]


def test_one_push_for_two_platforms_is_an_index(me: Author) -> None:
    version = me.push(requirements="markupsafe==3.0.2\n", platforms=["linux/amd64", "linux/arm64", "linux/amd64"])
    assert version["platforms"] == ["linux/amd64", "linux/arm64"]
    me.ready(version)
    blobs = LocalBlobStore(me.server.folder / "d" / "blobs")
    with me.server.client(me.token) as client:
        index = client.get(f"/v2/{me.address}/manifests/v1").json()
        assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
        machines = {}
        for entry in index["manifests"]:
            manifest = client.get(f"/v2/{me.address}/manifests/{entry['digest']}").json()
            machines[entry["platform"]["architecture"]] = set().union(
                *(machines_of(blobs, m) for m in manifest["layers"])
            )
    assert machines == {"amd64": {X86_64}, "arm64": {AARCH64}}


def machines_of(blobs: LocalBlobStore, layer: dict[str, Any]) -> set[bytes]:
    """The machines (e_machine, elf(5)) of the ELF files in a layer."""
    found = set()
    with tarfile.open(fileobj=io.BytesIO(b"".join(blobs.open(layer["digest"])))) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            head = file.read(20) if file else b""
            if head.startswith(b"\x7fELF"):
                found.add(head[18:20])
    return found
