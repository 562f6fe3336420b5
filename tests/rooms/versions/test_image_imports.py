"""Images that are imported from other registries by their names, with sign-ins that are kept encrypted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rooms.versions.tiny import Author, author
from support import databases, images, server, session, token_registry
from support.images import MadeImage, layer, skopeo
from support.server import Server
from support.token_registry import TokenRegistry

LABELS = {"org.opencontainers.image.title": "Brought"}
MADE = images.image(layer({"a": "1"}), Labels=LABELS)


@pytest.fixture(scope="module", params=databases.KINDS)
def near(request: pytest.FixtureRequest) -> Server:
    """A server that may call registries on this machine."""
    folder = session.new_folder("near")
    return server.start(folder, databases.create(request.param, folder), import_registries='["127.0.0.1"]')


@pytest.fixture
def me(near: Server, tmp_path: Path) -> Author:
    me = author(near, tmp_path)
    me.name = "brought"
    with near.client(me.token) as mine:
        assert mine.post("/api/v1/repos", json={"name": me.name, "kind": "operation"}).status_code == 201
    return me


@pytest.fixture
def guarded() -> Iterator[TokenRegistry]:
    """A registry that shows ``team/base:one`` to ada alone."""
    with token_registry.guarded(MADE) as running:
        yield running


def bring(me: Author, reference: str) -> httpx.Response:
    with me.server.client(me.token) as mine:
        return mine.post(me.versions, json={"image": reference})


def sign_in(me: Author, registry: str, secret: str = "secret") -> dict[str, Any]:
    with me.server.client(me.token) as mine:
        wanted = {"registry": registry, "username": "ada", "secret": secret}
        answer = mine.post("/api/v1/registry-credentials", json=wanted)
        assert answer.status_code == 201, answer.text
        return answer.json()


def publish(made: MadeImage, foreign: str, name: str, folder: Path) -> str:
    layout = images.write_layout(made, folder / "layout")
    options = ["copy", "--all", "--preserve-digests", "--dest-tls-verify=false"]
    done = skopeo(*options, f"oci:{layout}", f"docker://{foreign}/{name}", home=folder)
    assert done.returncode == 0, done.stderr
    return f"{foreign}/{name}"


def test_every_platform_of_an_image_comes_as_it_is(me: Author, foreign_registry: str, tmp_path: Path) -> None:
    made = images.index(MADE, images.image(layer({"b": "2"}), architecture="arm64"))
    answer = bring(me, publish(made, foreign_registry, f"team/{me.username}:1.2", tmp_path))
    assert answer.status_code == 202, answer.text
    version = me.ready(answer.json())
    assert (version["image"]["digest"], version["card"]["title"]) == (made.digest, "Brought")
    assert version["platforms"] == ["linux/amd64", "linux/arm64"]
    with me.server.client(me.token) as mine:
        kept = mine.get(f"/v2/{me.address}/manifests/v1")
        assert kept.content == made.blobs[made.digest]
        for entry in kept.json()["manifests"]:
            found = mine.get(f"/v2/{me.address}/manifests/{entry['digest']}").json()
            assert all(
                mine.head(f"/v2/{me.address}/blobs/{part['digest']}").status_code == 200 for part in found["layers"]
            )
    again = bring(me, f"{foreign_registry}/team/{me.username}@{made.digest}")
    assert (again.status_code, again.json()["code"]) == (409, "image_known")


def test_a_stored_sign_in_opens_what_is_not_shown_to_all(me: Author, guarded: TokenRegistry) -> None:
    reference = f"{guarded.address}/team/base:one"
    refused = bring(me, reference).json()
    assert (refused["code"], "save your sign-in" in refused["remedy"]) == ("registry_sign_in_refused", True)
    kept = sign_in(me, guarded.address, "wrong")
    refused = bring(me, reference).json()
    assert (refused["code"], "let ada sign in" in refused["detail"]) == ("registry_sign_in_refused", True)
    kept = sign_in(me, guarded.address)
    assert "secret" not in kept
    version = me.ready(bring(me, reference).json())
    assert version["image"]["digest"] == MADE.digest
    with me.server.client(me.token) as mine:
        assert mine.get("/api/v1/registry-credentials").json() == [kept], "the wrong one was replaced"
        assert mine.delete(f"/api/v1/registry-credentials/{kept['id']}").status_code == 204
        assert mine.delete(f"/api/v1/registry-credentials/{kept['id']}").status_code == 404
        assert mine.get("/api/v1/registry-credentials").json() == []


def test_a_secret_lies_encrypted_on_the_disk(me: Author, near: Server) -> None:
    secret = "a-secret-of-my-own"
    sign_in(me, "quay.example", secret)
    assert (near.folder / "d" / "secrets.key").stat().st_mode & 0o777 == 0o600
    for file in near.folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            assert secret.encode() not in file.read_bytes(), file


def test_somebody_elses_sign_in_is_not_seen(me: Author, tmp_path: Path) -> None:
    kept = sign_in(me, "quay.example")
    other = author(me.server, tmp_path)
    with other.server.client(other.token) as theirs:
        assert theirs.get("/api/v1/registry-credentials").json() == []
        assert theirs.delete(f"/api/v1/registry-credentials/{kept['id']}").status_code == 404


def test_what_cannot_be_imported_is_refused_at_once(me: Author, foreign_registry: str) -> None:
    def refused(reference: str) -> tuple[int, str]:
        answer = bring(me, reference)
        return answer.status_code, answer.json()["code"]

    assert refused(f"{foreign_registry}/no/such:1") == (422, "remote_image_missing")
    assert refused("Not A Name") == (422, "image_reference_refused")
    assert refused("169.254.169.254/latest/meta:1") == (422, "registry_address_refused")
    assert refused("10.0.0.1:5000/x/y:1") == (422, "registry_address_refused")
    with me.server.client(me.token) as mine:
        model = mine.post(f"/api/v1/repos/{me.username}/line/versions", json={"image": "x/y:1"})
        assert (model.status_code, model.json()["code"]) == (422, "not_an_operation")
        hub = mine.post("/api/v1/registry-credentials", json={"registry": "docker.io", "username": "u", "secret": "s"})
        assert hub.json()["registry"] == "docker.io"
        wrong = mine.post("/api/v1/registry-credentials", json={"registry": "a b", "username": "u", "secret": "s"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "image_reference_refused")


def test_a_registry_that_lies_fails_the_import(me: Author, guarded: TokenRegistry) -> None:
    sign_in(me, guarded.address)
    [sent] = MADE.document["layers"]
    guarded.blobs[sent["digest"]] += b"more"
    failed = me.finish(bring(me, f"{guarded.address}/team/base:one").json())
    assert failed["state"] == "failed"
    assert "bytes of" in failed["reason"]
    guarded.blobs[sent["digest"]] = MADE.blobs[sent["digest"]]
    with me.server.client(me.token) as mine:
        assert mine.post(f"{me.versions}/1/retry").status_code == 202
    assert me.ready({"number": 1})["state"] == "ready"


def test_a_server_does_not_call_this_machine_unasked(site: Server, tmp_path: Path, foreign_registry: str) -> None:
    me = author(site, tmp_path)
    with site.client(me.token) as mine:
        mine.post("/api/v1/repos", json={"name": "op", "kind": "operation"})
        answer = mine.post(f"/api/v1/repos/{me.username}/op/versions", json={"image": f"{foreign_registry}/x/y:1"})
    assert (answer.status_code, "public" in answer.json()["detail"]) == (422, True)
