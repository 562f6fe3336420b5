"""Uploads that expire, crash at a bad moment, or lose bytes."""

import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from contracts.blob_store import digest_of
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.rooms.content import service, staging, tasks, uploads
from modelyard.rooms.content.schemas import Collected, Upload
from modelyard.rooms.content.uploads import UploadTools
from rooms.content.blob_steps import collect_after_grace, keep, let_go, read
from rooms.content.yard import Yard


def test_the_sweep_ends_expired_uploads(yard: Yard) -> None:
    client = yard.client()
    half = client.post("/api/v1/uploads", headers={"Upload-Length": "10"}).headers["Location"]
    body = {"Content-Type": "application/offset+octet-stream"}
    client.patch(half, headers=body | {"Upload-Offset": "0"}, content=b"half")
    client.post("/api/v1/uploads", headers=body | {"Upload-Length": "5"}, content=b"whole")
    assert tasks.sweep_uploads(yard.tools) == 0
    assert client.head(half).status_code == 200
    yard.clock.ahead += yard.options.upload_lifetime
    assert tasks.sweep_uploads(yard.tools) == 2
    assert list(yard.tools.adopting.staging().iterdir()) == []
    assert collect_after_grace(yard) == Collected(blobs=1, size=5)


def test_a_claimed_upload_outlives_its_expiry(yard: Yard, holder: UUID) -> None:
    body = {"Content-Type": "application/offset+octet-stream", "Upload-Length": "5"}
    url = yard.client().post("/api/v1/uploads", headers=body, content=b"whole").headers["Location"]
    with yard.database.write() as session:
        claimed = service.claim_upload(session, account_id=yard.account().id, upload_id=UUID(url.rpartition("/")[2]))
        service.grant(session, holder_id=holder, digest=claimed.digest, why="lfs")
    yard.clock.ahead += yard.options.upload_lifetime
    tasks.sweep_uploads(yard.tools)
    collect_after_grace(yard)
    assert read(yard, claimed.digest, holder) == b"whole"


def test_the_sweep_removes_what_has_no_upload(yard: Yard, holder: UUID) -> None:
    stray = uuid4()
    (yard.tools.adopting.staging() / f"upload-{stray}").write_bytes(b"stray")
    digest = keep(yard, b"dangling", holder, f"upload:{stray}")
    keep(yard, b"dangling", holder, "lfs")
    tasks.sweep_uploads(yard.tools)
    assert list(yard.tools.adopting.staging().iterdir()) == []
    assert let_go(yard, holder) == 1
    assert yard.store.stat(digest)


@pytest.mark.parametrize("moment", ["noted", "adopted"])
@pytest.mark.parametrize("finder", ["sweep", "client"])
def test_a_crash_before_the_last_step_is_made_good(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, moment: str, finder: str
) -> None:
    client = yard.client()
    url = client.post("/api/v1/uploads", headers={"Upload-Length": "5"}).headers["Location"]

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as broken:
        if moment == "noted":
            broken.setattr(LocalBlobStore, "adopt", crash)
        else:
            broken.setattr(service, "record_stored", crash)
        body = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        assert client.patch(url, headers=body, content=b"whole").status_code == 500
    if finder == "sweep":
        tasks.sweep_uploads(yard.tools)
    else:
        assert client.head(url).headers["Upload-Offset"] == "5"
    with yard.database.read() as session:
        claimed = service.claim_upload(session, account_id=yard.account().id, upload_id=UUID(url.rpartition("/")[2]))
    assert read(yard, claimed.digest, yard.account().id) == b"whole"
    assert list(yard.tools.adopting.staging().iterdir()) == []


def test_what_is_acknowledged_was_flushed_first(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order that survives a power cut: the new file's folder, its bytes, the note in the database."""
    seen: list[str] = []
    flush_folder, flush, note = staging._flush_folder, os.fdatasync, uploads.save_received

    def note_folder(folder: Path) -> None:
        flush_folder(folder)
        seen.append("folder")

    def note_flush(descriptor: int) -> None:
        flush(descriptor)
        seen.append(f"{os.fstat(descriptor).st_size} bytes flushed")

    def note_row(tools: UploadTools, upload: Upload, *, received: int, digest: str | None = None) -> Upload:
        seen.append(f"{received} noted")
        return note(tools, upload, received=received, digest=digest)

    monkeypatch.setattr(staging, "_flush_folder", note_folder)
    monkeypatch.setattr(os, "fdatasync", note_flush)
    monkeypatch.setattr(uploads, "save_received", note_row)
    body = {"Content-Type": "application/offset+octet-stream"}
    client = yard.client()
    url = client.post("/api/v1/uploads", headers=body | {"Upload-Length": "9"}, content=b"four").headers["Location"]
    client.patch(url, headers=body | {"Upload-Offset": "4"}, content=b"more")
    assert seen == ["folder", "4 bytes flushed", "4 noted", "8 bytes flushed", "8 noted"]


def test_bytes_that_nobody_acknowledged_do_not_count_after_a_restart(yard: Yard) -> None:
    body = {"Content-Type": "application/offset+octet-stream"}
    client = yard.client()
    url = client.post("/api/v1/uploads", headers=body | {"Upload-Length": "9"}, content=b"good").headers["Location"]
    for file in yard.tools.adopting.staging().iterdir():
        file.write_bytes(file.read_bytes() + b"junk")
    restarted = Yard(yard.database, yard.tools.adopting.staging().parent).client()
    assert restarted.head(url).headers["Upload-Offset"] == "4"
    assert restarted.patch(url, headers=body | {"Upload-Offset": "4"}, content=b"bytes").status_code == 204
    assert read(yard, digest_of(b"goodbytes"), yard.account().id) == b"goodbytes"


def test_an_upload_whose_bytes_are_lost_begins_again(yard: Yard) -> None:
    client = yard.client()
    url = client.post("/api/v1/uploads", headers={"Upload-Length": "10"}).headers["Location"]
    body = {"Content-Type": "application/offset+octet-stream"}
    client.patch(url, headers=body | {"Upload-Offset": "0"}, content=b"half")
    for file in yard.tools.adopting.staging().iterdir():
        os.truncate(file, 2)
    assert client.head(url).headers["Upload-Offset"] == "2"
    assert client.patch(url, headers=body | {"Upload-Offset": "2"}, content=b"LFandmore").status_code == 413
    assert client.patch(url, headers=body | {"Upload-Offset": "2"}, content=b"LFandall").status_code == 204
    with yard.database.read() as session:
        claimed = service.claim_upload(session, account_id=yard.account().id, upload_id=UUID(url.rpartition("/")[2]))
    assert read(yard, claimed.digest, yard.account().id) == b"haLFandall"
