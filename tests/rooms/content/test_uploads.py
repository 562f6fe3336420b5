"""Resumable uploads through HTTP, as tus 1.0 has them."""

import hashlib
import os
from base64 import b64encode
from datetime import timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from modelyard.rooms.accounts.schemas import Role
from modelyard.rooms.content import service
from modelyard.rooms.content.errors import UploadIncomplete, UploadMissing
from rooms.content.yard import BYTES, TUS, Yard, metadata

UPLOADS = "/api/v1/uploads"
MIB = 1024**2


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def create(client: TestClient, length: int, data: bytes | None = None, **headers: str) -> str:
    headers = {"Upload-Length": str(length)} | {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.post(UPLOADS, headers=headers | (BYTES if data else {}), content=data)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def patch(client: TestClient, url: str, offset: int, data: bytes, **headers: str):
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.patch(url, headers=BYTES | {"Upload-Offset": str(offset)} | extra, content=data)


def checksum(algorithm: str, data: bytes) -> str:
    return f"{algorithm} {b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def offset_of(client: TestClient, url: str) -> int:
    answer = client.head(url)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def claim(yard: Yard, url: str, username: str = "ada"):
    account = yard.account(username)
    with yard.database.read() as session:
        return service.claim_upload(session, account_id=account.id, upload_id=UUID(url.rpartition("/")[2]))


def read(yard: Yard, digest: str, username: str = "ada") -> bytes:
    account = yard.account(username)
    with yard.database.read() as session:
        blob = service.open_granted(session, store=yard.store, holder_id=account.id, digest=digest)
    return b"".join(blob.chunks)


def test_an_upload_in_three_requests(yard: Yard) -> None:
    client, data = yard.client(), os.urandom(3 * MIB + 17)
    url = create(client, len(data), **metadata(filename="model.pkl"))
    for start, end in ((0, 5), (5, 2 * MIB), (2 * MIB, len(data))):
        answer = patch(client, url, start, data[start:end])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(end))
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert offset_of(client, url) == end
    claimed = claim(yard, url)
    assert (claimed.digest, claimed.size, claimed.filename) == (digest_of(data), len(data), "model.pkl")
    assert read(yard, claimed.digest) == data
    assert list(yard.tools.adopting.staging().iterdir()) == []


def test_the_digest_is_told_with_the_last_byte(yard: Yard) -> None:
    client = yard.client()
    url = create(client, 4)
    assert "Repr-Digest" not in patch(client, url, 0, b"da").headers
    told = f"sha-256=:{b64encode(hashlib.sha256(b'data').digest()).decode()}:"
    assert patch(client, url, 2, b"ta").headers["Repr-Digest"] == told
    assert client.head(url).headers["Repr-Digest"] == told


def test_creation_with_upload(yard: Yard) -> None:
    client = yard.client()
    answer = client.post(UPLOADS, headers=BYTES | {"Upload-Length": "8"}, content=b"half")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "4")
    assert patch(client, answer.headers["Location"], 4, b"half").status_code == 204
    assert read(yard, digest_of(b"halfhalf")) == b"halfhalf"


@pytest.mark.parametrize("data", [b"", b"whole"])
def test_an_upload_that_is_complete_at_creation(yard: Yard, data: bytes) -> None:
    url = create(yard.client(), len(data), data or None)
    assert claim(yard, url).digest == digest_of(data)
    assert read(yard, digest_of(data)) == data


def test_a_body_in_chunks_of_unknown_length(yard: Yard) -> None:
    client = yard.client()
    url = create(client, 3 * MIB)
    answer = client.patch(url, headers=BYTES | {"Upload-Offset": "0"}, content=(bytes(1000) for _ in range(3000)))
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "3000000")


def test_abilities(yard: Yard) -> None:
    answer = TestClient(yard.app).options(UPLOADS)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(yard.options.max_upload_bytes)
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "termination",
        "checksum",
        "expiration",
    }
    assert "sha1" in answer.headers["Tus-Checksum-Algorithm"].split(","), "tus requires sha1"


def test_head_says_all(yard: Yard) -> None:
    client = yard.client()
    url = create(client, 100, b"x" * 30, **metadata(filename="m.pkl", kind=""))
    answer = client.head(url)
    assert answer.headers["Upload-Length"] == "100"
    assert answer.headers["Upload-Offset"] == "30"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.headers["Upload-Metadata"].split(",")) == {"filename " + b64encode(b"m.pkl").decode(), "kind"}
    assert parsedate_to_datetime(answer.headers["Upload-Expires"]) > yard.clock()


@pytest.mark.parametrize("offset", [0, 4, 6, 10, 10**30])
def test_another_offset_is_refused(yard: Yard, offset: int) -> None:
    client = yard.client()
    url = create(client, 10, b"x" * 5)
    answer = patch(client, url, offset, b"y")
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_offset")
    assert offset_of(client, url) == 5


def test_nothing_more_after_the_last_byte(yard: Yard) -> None:
    client = yard.client()
    url = create(client, 5, b"whole")
    assert patch(client, url, 5, b"").status_code == 204
    assert patch(client, url, 5, b"more").status_code == 413
    assert patch(client, url, 0, b"other").status_code == 409
    assert read(yard, digest_of(b"whole")) == b"whole"


@pytest.mark.parametrize("chunked", [False, True])
def test_more_than_announced_is_refused(yard: Yard, chunked: bool) -> None:
    client = yard.client()
    url = create(client, 10)
    body = iter([b"x" * 6, b"y" * 6]) if chunked else b"z" * 12
    answer = client.patch(url, headers=BYTES | {"Upload-Offset": "0"}, content=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert offset_of(client, url) == 0
    assert client.post(UPLOADS, headers=BYTES | {"Upload-Length": "1"}, content=b"two").status_code == 413


def test_the_site_limits_the_size(yard: Yard) -> None:
    client = yard.client()
    for length in (yard.options.max_upload_bytes + 1, 10**40):
        answer = client.post(UPLOADS, headers={"Upload-Length": str(length)})
        assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
def test_checksums(yard: Yard, algorithm: str) -> None:
    client = yard.client()
    url = create(client, 9, b"abc", Upload_Checksum=checksum(algorithm, b"abc"))
    answer = patch(client, url, 3, b"dex", Upload_Checksum=checksum(algorithm, b"def"))
    assert (answer.status_code, answer.json()["code"]) == (460, "upload_checksum_mismatch")
    assert offset_of(client, url) == 3
    assert patch(client, url, 3, b"def", Upload_Checksum=checksum(algorithm, b"def")).status_code == 204
    assert patch(client, url, 6, b"ghi").status_code == 204
    assert read(yard, digest_of(b"abcdefghi")) == b"abcdefghi"


def test_creation_with_wrong_bytes_leaves_nothing(yard: Yard) -> None:
    headers = BYTES | {"Upload-Length": "3", "Upload-Checksum": checksum("sha1", b"abc")}
    assert yard.client().post(UPLOADS, headers=headers, content=b"abx").status_code == 460
    assert list(yard.tools.adopting.staging().iterdir()) == []


@pytest.mark.parametrize("value", ["sha1", "crc32 AAAA", "sha1 AAAA", "sha1 ?", "", " ", "SHA1 " + "A" * 28, "é é"])
def test_malformed_checksums(yard: Yard, value: str) -> None:
    client = yard.client()
    url = create(client, 3)
    answer = client.patch(
        url, headers={**BYTES, "Upload-Offset": "0", "Upload-Checksum": value.encode()}, content=b"abc"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "upload_header")
    assert offset_of(client, url) == 0


@pytest.mark.parametrize(
    "value", ["filename ?", "a b c", "a YQ==,a YQ==", ",", "a YQ==,", "a " + "A" * 5000, "a /w==", "a AA=="]
)
def test_malformed_metadata(yard: Yard, value: str) -> None:
    answer = yard.client().post(UPLOADS, headers={"Upload-Length": "3", "Upload-Metadata": value})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        400,
        "upload_header",
        "Upload-Metadata",
    )


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\m.pkl", "m.pkl"),
        ("..", "upload"),
        ("a\nb\x7f", "ab"),
        ("моде́ль.pkl", "моде́ль.pkl"),
        ("x" * 400 + ".zip", "x" * 251 + ".zip"),
    ],
)
def test_file_names_are_bare(yard: Yard, sent: str, name: str) -> None:
    assert claim(yard, create(yard.client(), 1, b"x", **metadata(filename=sent))).filename == name


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1"])
def test_another_version_of_tus(yard: Yard, version: str | None) -> None:
    client = TestClient(yard.app, headers={"Authorization": yard.headers()["Authorization"]})
    url = create(yard.client(), 3)
    headers = {"Upload-Length": "1"} | ({"Tus-Resumable": version} if version else {})
    for answer in (client.post(UPLOADS, headers=headers), client.head(url, headers=headers)):
        assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
        assert answer.headers["Tus-Resumable"] == "1.0.0"


@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "multipart/form-data"])
def test_another_content_type(yard: Yard, content_type: str | None) -> None:
    client = yard.client()
    url = create(client, 3)
    headers = {"Upload-Offset": "0"} | ({"Content-Type": content_type} if content_type else {})
    assert client.patch(url, headers=headers, content=b"abc").json()["code"] == "upload_media_type"
    assert client.post(UPLOADS, headers={"Upload-Length": "3"} | headers, content=b"abc").status_code == 415


@pytest.mark.parametrize("headers", [{}, {"Upload-Length": "-1"}, {"Upload-Length": "many"}, {"Upload-Length": "1.5"}])
def test_a_length_is_needed(yard: Yard, headers: dict[str, str]) -> None:
    answer = yard.client().post(UPLOADS, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["field"] == "Upload-Length"


def test_termination(yard: Yard) -> None:
    client = yard.client()
    half, whole = create(client, 10, b"half"), create(client, 5, b"whole")
    for url in (half, whole):
        assert client.delete(url).status_code == 204
        assert client.head(url).status_code == 404
        assert patch(client, url, 4, b"x").status_code == 404
        assert client.delete(url).status_code == 404
        with pytest.raises(UploadMissing):
            claim(yard, url)
    assert list(yard.tools.adopting.staging().iterdir()) == []
    with yard.database.read() as session:
        assert not service.holds(session, holder_id=yard.account().id, digest=digest_of(b"whole"))


def test_expiry(yard: Yard) -> None:
    client = yard.client()
    url = create(client, 10, b"x" * 5)
    yard.clock.ahead += yard.options.upload_lifetime - timedelta(minutes=1)
    assert patch(client, url, 5, b"x").status_code == 204, "each byte makes it last"
    yard.clock.ahead += yard.options.upload_lifetime - timedelta(minutes=1)
    assert offset_of(client, url) == 6
    yard.clock.ahead += timedelta(minutes=2)
    assert client.head(url).status_code == 404
    assert patch(client, url, 6, b"x").status_code == 404


def test_only_the_own_uploads(yard: Yard) -> None:
    url = create(yard.client(), 10, b"x" * 5)
    done = create(yard.client(), 5, b"whole")
    for stranger in (yard.client("eve"), yard.client("chief", Role.ADMINISTRATOR)):
        for answer in (stranger.head(url), patch(stranger, url, 5, b"y"), stranger.delete(url), stranger.head(done)):
            assert answer.status_code == 404
    with pytest.raises(UploadMissing):
        claim(yard, done, "eve")
    assert offset_of(yard.client(), url) == 5


@pytest.mark.parametrize("upload_id", [str(UUID(int=0)), str(UUID(int=2**128 - 1))])
def test_uploads_that_never_were(yard: Yard, upload_id: str) -> None:
    client = yard.client()
    for answer in (client.head(f"{UPLOADS}/{upload_id}"), patch(client, f"{UPLOADS}/{upload_id}", 0, b"")):
        assert answer.status_code == 404


def test_readers_and_strangers_create_nothing(yard: Yard) -> None:
    headers = {"Upload-Length": "3"}
    assert yard.client("rita", Role.READER).post(UPLOADS, headers=headers).status_code == 403
    answer = TestClient(yard.app).post(UPLOADS, headers=TUS | headers)
    assert answer.status_code == 401
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_incomplete_upload_cannot_be_claimed(yard: Yard) -> None:
    with pytest.raises(UploadIncomplete, match="4 of 10 bytes"):
        claim(yard, create(yard.client(), 10, b"half"))


def test_knowing_a_digest_gives_nothing(yard: Yard) -> None:
    """Who uploads what is held already sends every byte and sees the same as for new content."""
    first, second = yard.client("ada"), yard.client("bob")
    create(first, 6, b"secret")
    url = create(second, 6)
    assert patch(second, url, 0, b"sec").headers["Upload-Offset"] == "3"
    with yard.database.read() as session:
        assert not service.holds(session, holder_id=yard.account("bob").id, digest=digest_of(b"secret"))
    assert patch(second, url, 3, b"ret").status_code == 204
    assert read(yard, digest_of(b"secret"), "bob") == b"secret"
    second.delete(url)
    assert read(yard, digest_of(b"secret"), "ada") == b"secret"


def test_openapi_names_the_headers(yard: Yard) -> None:
    paths = yard.app.openapi()["paths"]
    headers = {p["name"].lower() for p in paths["/api/v1/uploads/{upload_id}"]["patch"]["parameters"]}
    assert {"upload-offset", "upload-checksum", "tus-resumable", "upload_id"} <= headers
    body = paths["/api/v1/uploads"]["post"]["requestBody"]["content"]
    assert list(body) == ["application/offset+octet-stream"]
