"""Deleting versions and repositories: everything of theirs goes, nothing of anybody else."""

import hashlib
import pickle
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.kit.db import Database
from modelyard.rooms.content import tasks as content
from modelyard.rooms.content.tables import GrantRow
from modelyard.rooms.repos import git
from modelyard.rooms.runs import service as runs
from rooms.versions.tiny import MODEL, SOURCE, Author, author
from support import databases, server
from support.server import Server
from support.waiting import until


@pytest.fixture(scope="module", params=databases.KINDS)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own: collecting garbage without grace would take what others are about to use."""
    folder = tmp_path_factory.mktemp("s")
    started = server.start(folder, databases.create(request.param, folder))
    yield started
    server.stop(started)


@pytest.fixture
def me(own: Server, tmp_path: Path) -> Author:
    return author(own, tmp_path)


@pytest.fixture
def facts(own: Server) -> Iterator[Database]:
    database = Database(own.database_url)
    yield database
    database.close()


def store_of(me: Author) -> LocalBlobStore:
    return LocalBlobStore(me.server.folder / "d" / "blobs")


def collect(me: Author, facts: Database) -> None:
    content.collect_garbage(facts, store_of(me), grace=timedelta(0))


def own_layers(me: Author, number: int) -> set[str]:
    """Digests of what the registry shows of a version: manifest, config, layers."""
    with me.server.client(me.token) as client:
        answer = client.get(f"/v2/{me.address}/manifests/v{number}")
        manifest = answer.json()
        blobs = {manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}
        return blobs | {answer.headers["docker-content-digest"]}


def repository(me: Author) -> UUID:
    with me.server.client(me.token) as client:
        return UUID(client.get(f"/api/v1/repos/{me.address}").json()["id"])


def only_by(me: Author) -> dict[str, str]:
    """A source whose layer no other repository has."""
    return {"line.py": f"{SOURCE}\nAUTHOR = {me.username!r}\n"}


def held(me: Author, digests: set[str]) -> set[str]:
    blobs = store_of(me)
    return {digest for digest in digests if blobs.stat(digest)}


def test_deleting_a_version_frees_what_only_it_held(me: Author, facts: Database) -> None:
    me.ready(me.push(only_by(me)))
    me.ready(me.push({"line.py": SOURCE + "\nOTHER = 1\n"}))
    first, second = own_layers(me, 1), own_layers(me, 2)
    identity = repository(me)
    path = git.repository_path(me.server.folder / "d" / "git", identity)
    assert set(git.tags(path)) == {"v1", "v2"}
    with me.server.client(me.token) as client:
        assert client.delete(f"{me.versions}/1").status_code == 204
        assert client.get(f"{me.versions}/1").json()["code"] == "version_missing"
        assert client.delete(f"{me.versions}/1").status_code == 404
        assert client.get(f"/v2/{me.address}/tags/list").json()["tags"] == ["v2"]
        assert client.get(f"/v2/{me.address}/manifests/v1").status_code == 404
    assert set(git.tags(path)) == {"v2"}
    with facts.read() as session:
        assert {r.version for r in runs.checks_of(session, identity)} == {2}
        reasons = set(session.scalars(sa.select(GrantRow.why).where(GrantRow.holder_id == identity)))
        assert not any(why == "image:v1" for why in reasons)
    collect(me, facts)
    assert held(me, first - second) == set()
    assert held(me, second) == second
    assert me.ready(me.push())["number"] == 3


def test_what_two_versions_share_stays_with_the_other(me: Author, facts: Database) -> None:
    me.ready(me.push())
    me.ready(me.push())
    layers = own_layers(me, 1)
    assert layers == own_layers(me, 2)
    with me.server.client(me.token) as client:
        client.delete(f"{me.versions}/1")
    collect(me, facts)
    assert held(me, layers) == layers
    assert own_layers(me, 2) == layers


def test_a_version_that_an_alias_points_at_stays(me: Author) -> None:
    me.ready(me.push())
    with me.server.client(me.token) as client:
        assert client.put(f"/api/v1/repos/{me.address}/deployment", json={"version": 1}).status_code == 202
        refused = client.delete(f"{me.versions}/1")
        assert (refused.status_code, refused.json()["code"]) == (409, "version_in_use")
        assert "production" in refused.json()["detail"]
        assert client.get(f"{me.versions}/1").json()["state"] == "ready"


def test_deleting_a_repository_removes_everything(me: Author, facts: Database, tmp_path: Path) -> None:
    other = author(me.server, tmp_path, name="kept")
    other.ready(other.push({"line.py": SOURCE + "\nKEPT = 1\n"}))
    me.ready(me.push(only_by(me), artifact=(mine := pickle.dumps(MODEL | {"mine": me.username}))))
    layers, kept, identity = own_layers(me, 1), own_layers(other, 1), repository(me)
    path = git.repository_path(me.server.folder / "d" / "git", identity)
    lfs = f"sha256:{hashlib.sha256(mine).hexdigest()}"
    with me.server.client(me.token) as client:
        assert client.delete(f"/api/v1/repos/{me.address}").status_code == 202
        assert client.get(f"/api/v1/repos/{me.address}").status_code == 404
        assert client.get(me.versions).status_code == 404
    until(lambda: not path.exists(), what="the Git repository to go")
    with facts.read() as session:
        assert session.scalar(sa.select(sa.func.count()).where(GrantRow.holder_id == identity)) == 0
        assert runs.checks_of(session, identity) == []
    with facts.write() as session:  # what was uploaded is the account's for a while yet
        session.execute(sa.delete(GrantRow).where(GrantRow.why.startswith("upload:")))
    collect(me, facts)
    left = held(me, (layers | {lfs}) - kept)
    with facts.read() as session:
        assert [(g.digest, g.why) for g in session.scalars(sa.select(GrantRow).where(GrantRow.digest.in_(left)))] == []
    assert left == set()
    assert held(me, kept) == kept


def test_a_repository_deleted_while_it_is_built_leaves_nothing(me: Author, facts: Database) -> None:
    hangs = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n" + SOURCE
    version, identity = me.push({"line.py": hangs}), repository(me)
    for event in me.client.follow_build(me.address, version["number"]):
        if event.name == "log":
            break
    with me.server.client(me.token) as client:
        assert client.delete(f"/api/v1/repos/{me.address}").status_code == 202
    path = git.repository_path(me.server.folder / "d" / "git", identity)
    runs_folder = me.server.folder / "d" / "runs"
    until(lambda: not path.exists() and not list(runs_folder.iterdir()), seconds=60, what="the build to end")
    with facts.read() as session:
        assert session.scalar(sa.select(sa.func.count()).where(GrantRow.holder_id == identity)) == 0


def test_a_version_deleted_while_it_is_built_is_given_up(me: Author) -> None:
    hangs = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n" + SOURCE
    version = me.push({"line.py": hangs})
    for event in me.client.follow_build(me.address, version["number"]):
        if event.name == "log":
            break
    with me.server.client(me.token) as client:
        assert client.delete(f"{me.versions}/1").status_code == 204
    until(lambda: not list((me.server.folder / "d" / "runs").iterdir()), seconds=60, what="the run to end")
    assert me.ready(me.push())["number"] == 2
