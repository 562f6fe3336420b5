"""The registry's write side, request by request (distribution-spec 1.1)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Scope
from rooms.images.pushes import begin, code, local, push, push_blob, pushing, put_manifest, token_for
from rooms.versions.tiny import Author, author
from support import images
from support.images import INDEX, MANIFEST, digest_of, encoded, layer
from support.server import Server

NOTHING = "sha256:" + "0" * 64
HELLO = images.image(layer({"hello": "hello"}), Cmd=["/hello"])


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    return author(site, tmp_path)


@pytest.fixture
def client(me: Author) -> Iterator[httpx.Client]:
    """Somebody who pushes to a repository that is made by that."""
    me.name = "pushed"
    with pushing(me) as client:
        yield client


def test_a_token_to_push_makes_the_repository_and_opens_nothing_else(me: Author, client: httpx.Client) -> None:
    made = me.server.client(me.token).get(f"/api/v1/repos/{me.address}").json()
    assert (made["kind"], made["visibility"]) == ("operation", "private")
    begin(client)
    other = f"{me.server.url}/v2/{me.username}/line/blobs/uploads/"
    refused = client.post(other)
    assert code(refused) == (403, "DENIED")
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"], "a client asks for another token then"
    assert client.post(f"{me.server.url}/api/v1/repos", json={"name": "x"}).status_code == 403


def test_only_the_owner_pushes(me: Author, client: httpx.Client, tmp_path: Path) -> None:
    stranger = author(me.server, tmp_path)
    token = token_for(stranger, f"repository:{me.address}:pull,push")
    theirs = me.server.client(token)
    assert code(theirs.post(f"/v2/{me.address}/blobs/uploads/")) == (403, "DENIED")
    assert code(theirs.get(f"/v2/{me.address}/tags/list")) == (404, "NAME_UNKNOWN")
    me.server.client(me.token).patch(f"/api/v1/repos/{me.address}", json={"visibility": "public"})
    again = me.server.client(token_for(stranger, f"repository:{me.address}:pull,push"))
    assert code(again.post(f"/v2/{me.address}/blobs/uploads/")) == (403, "DENIED")
    assert code(me.server.client(stranger.token).post(f"/v2/{me.address}/blobs/uploads/")) == (403, "DENIED")
    assert again.get(f"/v2/{me.address}/tags/list").status_code == 200
    nobody = me.server.client("").post(f"/v2/{me.address}/blobs/uploads/")
    assert code(nobody) == (401, "UNAUTHORIZED")
    assert f'scope="repository:{me.address}:pull,push"' in nobody.headers["www-authenticate"]
    elsewhere = me.server.client(stranger.token).post(f"/v2/{me.username}/new/blobs/uploads/")
    assert code(elsewhere) == (404, "NAME_UNKNOWN"), "nobody makes repositories for others"
    assert code(me.server.client(me.token).post(f"/v2/{me.username}/Up/blobs/uploads/")) == (400, "NAME_INVALID")


def join(me: Author, organisation: str, other: Author, role: str) -> None:
    """Somebody invites another one into an organisation, who accepts."""
    with me.server.client(me.token) as mine, me.server.client(other.token) as theirs:
        wanted = {"username": other.username, "role": role}
        asked = mine.post(f"/api/v1/organisations/{organisation}/invitations", json=wanted)
        assert asked.status_code == 201, asked.text
        assert theirs.post(f"/api/v1/account/invitations/{asked.json()['id']}/accept").is_success


def test_members_push_to_repositories_of_their_organisation_as_their_role_says(me: Author, tmp_path: Path) -> None:
    organisation, reader = f"o{me.username}", author(me.server, tmp_path)
    maintainer, stranger = author(me.server, tmp_path / "m"), author(me.server, tmp_path / "s")
    with me.server.client(me.token) as mine:
        assert mine.post("/api/v1/organisations", json={"username": organisation}).status_code == 201
    join(me, organisation, reader, "reader")
    join(me, organisation, maintainer, "maintainer")
    with pushing(me, "shared", owner=organisation) as client:
        push(client, HELLO, "one")
    address = f"{organisation}/shared"
    with me.server.client(me.token) as mine:
        made = mine.get(f"/api/v1/repos/{address}").json()
        assert (made["owner"], made["kind"], made["visibility"]) == (organisation, "operation", "private")
    with pushing(maintainer, "shared", owner=organisation) as client:
        push(client, images.image(layer({"hello": "again"}), Cmd=["/hello"]), "two")
    with pushing(reader, "shared", owner=organisation) as client:
        assert code(client.post("/blobs/uploads/")) == (403, "DENIED")
        assert {"one", "two"} <= set(client.get("/tags/list").json()["tags"])
    with pushing(stranger, "shared", owner=organisation) as client:
        assert code(client.get("/tags/list")) == (404, "NAME_UNKNOWN")
        assert client.post("/blobs/uploads/").status_code in (403, 404)


def test_a_token_of_the_api_pushes_too(me: Author) -> None:
    with me.server.client(me.token) as mine:
        answer = mine.post(f"/v2/{me.username}/fresh/blobs/uploads/")
        assert answer.status_code == 202, answer.text
    database = Database(me.server.database_url)
    with database.write() as session:
        account = accounts.get_account(session, accounts.find_account_id(session, me.username))
        reading = accounts.create_token(session, account_id=account.id, name="r", scopes=[Scope.READ], lifetime=None)
    database.close()
    with me.server.client(reading.secret) as mine:
        assert code(mine.post(f"/v2/{me.username}/fresh/blobs/uploads/")) == (403, "DENIED")
    exchanged = token_for(me, f"repository:{me.username}/fresh:pull,push", password=reading.secret)
    with me.server.client(exchanged) as mine:
        assert code(mine.post(f"/v2/{me.username}/fresh/blobs/uploads/")) == (403, "DENIED")
        assert mine.get(f"/v2/{me.username}/fresh/tags/list").status_code == 200


def test_a_blob_in_one_request(client: httpx.Client) -> None:
    data = b"all of it"
    answer = client.post("/blobs/uploads/", params={"digest": digest_of(data)}, content=data)
    assert (answer.status_code, answer.headers["docker-content-digest"]) == (201, digest_of(data))
    assert client.get(f"/blobs/{digest_of(data)}").content == data
    assert code(client.post("/blobs/uploads/", params={"digest": NOTHING}, content=data)) == (400, "DIGEST_INVALID")
    assert code(client.post("/blobs/uploads/", params={"digest": "md5:0"}, content=data)) == (400, "DIGEST_INVALID")
    assert push_blob(client, b"") == digest_of(b"")


def test_a_blob_in_chunks_that_come_in_order(client: httpx.Client) -> None:
    data = bytes(range(256)) * 1000
    place = local(begin(client))
    first = client.patch(place, content=data[:1000], headers={"Content-Range": "0-999"})
    assert (first.status_code, first.headers["range"]) == (202, "0-999")
    again = client.patch(place, content=data[:1000], headers={"Content-Range": "0-999"})
    assert (code(again), again.headers["range"]) == ((416, "BLOB_UPLOAD_INVALID"), "0-999")
    beyond = client.patch(place, content=data[2000:], headers={"Content-Range": f"2000-{len(data) - 1}"})
    assert code(beyond) == (416, "BLOB_UPLOAD_INVALID")
    wrong = client.patch(place, content=data[1000:2000], headers={"Content-Range": "1000-1500"})
    assert code(wrong) == (400, "BLOB_UPLOAD_INVALID")
    assert code(client.patch(place, content=b"x", headers={"Content-Range": "many"})) == (400, "BLOB_UPLOAD_INVALID")
    standing = client.get(place)
    assert (standing.status_code, standing.headers["range"]) == (204, "0-999")
    client.patch(place, content=data[1000:2000], headers={"Content-Range": "1000-1999"})
    done = client.put(
        place,
        params={"digest": digest_of(data)},
        content=data[2000:],
        headers={"Content-Range": f"2000-{len(data) - 1}"},
    )
    assert done.status_code == 201, done.text
    assert client.get(f"/blobs/{digest_of(data)}").content == data
    assert code(client.get(place)) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_stream_without_a_length(client: httpx.Client) -> None:
    data = b"0123456789" * 300_000
    place = local(begin(client))
    sent = client.patch(place, content=(data[at : at + 65_536] for at in range(0, len(data), 65_536)))
    assert (sent.status_code, sent.headers["range"]) == (202, f"0-{len(data) - 1}")
    assert client.put(place, params={"digest": digest_of(data)}).status_code == 201
    assert client.head(f"/blobs/{digest_of(data)}").headers["content-length"] == str(len(data))


def test_other_bytes_than_the_digest_says_are_forgotten(client: httpx.Client) -> None:
    place = local(begin(client))
    assert code(client.put(place, params={"digest": digest_of(b"a")}, content=b"b")) == (400, "DIGEST_INVALID")
    assert code(client.get(place)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert code(client.get(f"/blobs/{digest_of(b'b')}")) == (404, "BLOB_UNKNOWN")


def test_an_upload_is_ended_and_belongs_to_its_repository(me: Author, client: httpx.Client) -> None:
    place = local(begin(client))
    with pushing(me, "other") as other:
        assert code(other.get(place)) == (404, "BLOB_UPLOAD_UNKNOWN")
        assert code(other.put(place, params={"digest": NOTHING})) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert client.delete(place).status_code == 204
    assert code(client.patch(place, content=b"x")) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_one_blob_pushed_by_many_at_a_time(client: httpx.Client) -> None:
    data = b"the same" * 500_000
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(push_blob(client, data))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [digest_of(data)] * 6
    assert client.get(f"/blobs/{digest_of(data)}").content == data


def test_a_blob_is_mounted_from_what_the_caller_may_read(me: Author, client: httpx.Client, tmp_path: Path) -> None:
    digest = push_blob(client, b"shared")
    with pushing(me, "second") as second:
        mounted = begin(second, mount=digest, **{"from": me.address})
        assert (mounted.status_code, mounted.headers["docker-content-digest"]) == (201, digest)
        assert second.get(f"/blobs/{digest}").content == b"shared"
        assert begin(second, mount=NOTHING, **{"from": me.address}).status_code == 202
        assert begin(second, mount=digest, **{"from": f"{me.username}/nothing"}).status_code == 202
    stranger = author(me.server, tmp_path)
    with pushing(stranger, "theirs") as theirs:
        foreign = begin(theirs, mount=digest, **{"from": me.address})
        assert foreign.status_code == 202, "an ordinary upload, as if there were no such blob"
        assert code(theirs.get(f"/blobs/{digest}")) == (404, "BLOB_UNKNOWN")


def test_an_image_by_digest_and_by_tag(client: httpx.Client) -> None:
    answer = push(client, HELLO, "latest")
    assert answer.headers["docker-content-digest"] == HELLO.digest
    by_tag = client.get("/manifests/latest")
    assert (by_tag.content, by_tag.headers["content-type"]) == (HELLO.blobs[HELLO.digest], MANIFEST)
    assert put_manifest(client, HELLO).status_code == 201
    assert code(put_manifest(client, HELLO, NOTHING)) == (400, "DIGEST_INVALID")
    assert code(put_manifest(client, HELLO, "v7")) == (403, "DENIED"), "the platform's own"
    assert code(put_manifest(client, HELLO, "-x")) == (400, "TAG_INVALID")


def test_what_a_manifest_refers_to_has_to_be_there(me: Author, client: httpx.Client) -> None:
    config, sent = list(HELLO.parts.values())
    push_blob(client, config)
    missing = put_manifest(client, HELLO, "latest")
    assert code(missing) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert digest_of(sent) in missing.text
    push_blob(client, sent)
    assert put_manifest(client, HELLO, "latest").status_code == 201
    shrunk = HELLO.document
    shrunk["layers"][0]["size"] -= 1
    assert code(put_manifest(client, images.of_document(shrunk, {}), "x")) == (400, "MANIFEST_BLOB_UNKNOWN")
    other = images.index(images.image(layer({"other": "x"})))
    assert code(put_manifest(client, other, "x")) == (400, "MANIFEST_BLOB_UNKNOWN")
    with pushing(me, "second") as second:
        assert code(put_manifest(second, HELLO, "x")) == (400, "MANIFEST_BLOB_UNKNOWN"), "another repository's"


def test_a_manifest_that_is_wrong_in_itself_is_refused(client: httpx.Client) -> None:
    for data in HELLO.parts.values():
        push_blob(client, data)
    both = encoded(HELLO.document | {"manifests": []})
    for wrong in (both, b"", b"\xff", b"[" * 100_000):
        answer = client.put("/manifests/x", content=wrong, headers={"Content-Type": MANIFEST})
        assert code(answer) == (400, "MANIFEST_INVALID")
    large = client.put("/manifests/x", content=b" " * (5 * 1024**2), headers={"Content-Type": MANIFEST})
    assert large.status_code in (400, 413)
    assert client.get("/tags/list").json()["tags"] == []


def test_what_is_about_an_image_is_listed(client: httpx.Client) -> None:
    push(client, HELLO, "latest")
    empty = push_blob(client, b"{}")
    subject = {"mediaType": MANIFEST, "digest": HELLO.digest, "size": len(HELLO.blobs[HELLO.digest])}

    def about(kind: str) -> dict[str, object]:
        config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": empty, "size": 2}
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind, "config": config}
        made = images.of_document(document | {"layers": [config], "subject": subject, "annotations": {"k": kind}}, {})
        answer = put_manifest(client, made)
        assert (answer.status_code, answer.headers["oci-subject"]) == (201, HELLO.digest)
        size = len(made.blobs[made.digest])
        return {
            "mediaType": MANIFEST,
            "digest": made.digest,
            "size": size,
            "artifactType": kind,
            "annotations": {"k": kind},
        }

    found = [about("application/sbom"), about("application/signature")]
    listed = client.get(f"/referrers/{HELLO.digest}")
    assert (listed.headers["content-type"], listed.json()["manifests"]) == (INDEX, found)
    one = client.get(f"/referrers/{HELLO.digest}", params={"artifactType": "application/sbom"})
    assert (one.headers["oci-filters-applied"], one.json()["manifests"]) == ("artifactType", found[:1])
    assert client.get(f"/referrers/{NOTHING}").json()["manifests"] == []
    assert code(client.get("/referrers/x")) == (400, "DIGEST_INVALID")


def test_what_nothing_stands_on_is_deleted(me: Author, client: httpx.Client) -> None:
    artifact = images.of_document(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": images.descriptor(b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": [images.descriptor(b"data", "application/x-data")],
        },
        {digest_of(data): data for data in (b"{}", b"data")},
    )
    push(client, artifact, "data")
    assert code(client.delete(f"/blobs/{digest_of(b'data')}")) == (403, "DENIED"), "the manifest refers to it"
    assert client.delete("/manifests/data").status_code == 202
    assert code(client.get("/manifests/data")) == (404, "MANIFEST_UNKNOWN")
    assert client.get(f"/manifests/{artifact.digest}").status_code == 200, "a tag is a name only"
    assert client.delete(f"/manifests/{artifact.digest}").status_code == 202
    assert code(client.get(f"/manifests/{artifact.digest}")) == (404, "MANIFEST_UNKNOWN")
    assert client.delete(f"/blobs/{digest_of(b'data')}").status_code == 202
    assert code(client.delete(f"/blobs/{digest_of(b'data')}")) == (404, "BLOB_UNKNOWN")
    assert code(client.delete(f"/manifests/{artifact.digest}")) == (404, "MANIFEST_UNKNOWN")
    assert code(client.delete("/manifests/data")) == (404, "MANIFEST_UNKNOWN")
    versions = me.server.client(me.token).get(me.versions).json()["items"]
    assert versions == [], "what is no container image makes no version"


def test_an_image_is_kept_as_long_as_its_version(me: Author, client: httpx.Client) -> None:
    made = images.index(HELLO, images.image(layer({"x": "y"}), architecture="arm64"))
    for each in (HELLO, images.image(layer({"x": "y"}), architecture="arm64")):
        for data in each.parts.values():
            push_blob(client, data)
        assert put_manifest(client, each).status_code == 201
    assert put_manifest(client, made, "latest").status_code == 201
    version = me.ready({"number": 1})
    assert version["platforms"] == ["linux/amd64", "linux/arm64"]
    assert client.get("/tags/list").json()["tags"] == ["latest", "v1"]
    assert code(client.delete(f"/manifests/{made.digest}")) == (403, "DENIED")
    assert code(client.delete(f"/manifests/{HELLO.digest}")) == (403, "DENIED"), "the index refers to it"
    assert code(client.delete("/manifests/v1")) == (403, "DENIED")
    assert client.delete("/manifests/latest").status_code == 202
    assert me.server.client(me.token).delete(f"{me.versions}/1").status_code == 204
    assert client.get("/tags/list").json()["tags"] == []
    assert code(client.get(f"/manifests/{made.digest}")) == (404, "MANIFEST_UNKNOWN")
    assert code(client.get(f"/manifests/{HELLO.digest}")) == (404, "MANIFEST_UNKNOWN")


def test_images_are_not_pushed_to_models(me: Author) -> None:
    with pushing(me, "line") as client:  # made by `author`, of kind model
        for data in HELLO.parts.values():
            push_blob(client, data)
        assert code(put_manifest(client, HELLO, "latest")) == (403, "DENIED")
        assert client.get("/tags/list").json()["tags"] == []
