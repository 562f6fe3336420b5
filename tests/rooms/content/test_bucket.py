"""Uploads, reading and collection with the content store in a bucket."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from contracts.blob_store import digest_of
from modelyard.adapters.blobs.s3 import S3BlobStore, S3Options
from modelyard.kit.db import Database
from modelyard.rooms.content import service, tasks
from rooms.content.yard import BYTES, Yard
from support import s3
from support.ports import free_port

MIB = 1024**2


def open_bucket(bucket: str, staging: Path, endpoint: str | None = None) -> S3BlobStore:
    options = S3Options(bucket=bucket, staging=staging, endpoint=endpoint or s3.endpoint(), **s3.CREDENTIALS)
    return S3BlobStore(options)


@pytest.fixture
def yard(db: Database, s3_bucket: str, tmp_path: Path) -> Yard:
    return Yard(db, tmp_path, store=open_bucket(s3_bucket, tmp_path / "staging"))


def send(yard: Yard, data: bytes) -> UUID:
    client = yard.client()
    url = client.post("/api/v1/uploads", headers={"Upload-Length": str(len(data))}).headers["Location"]
    half = len(data) // 2
    for start, part in ((0, data[:half]), (half, data[half:])):
        answer = client.patch(url, headers=BYTES | {"Upload-Offset": str(start)}, content=part)
        assert answer.status_code == 204, answer.text
    return UUID(url.rpartition("/")[2])


def test_from_upload_to_collection(yard: Yard, tmp_path: Path) -> None:
    data = os.urandom(9 * MIB + 1)
    upload_id = send(yard, data)
    assert list((tmp_path / "staging").iterdir()) == []
    account = yard.account().id
    with yard.database.read() as session:
        claimed = service.claim_upload(session, account_id=account, upload_id=upload_id)
        blob = service.open_granted(session, store=yard.store, holder_id=account, digest=claimed.digest)
    assert b"".join(blob.chunks) == data
    assert tasks.scrub(yard.database, yard.store, clock=yard.clock).damaged == ()

    yard.clock.ahead += yard.options.upload_lifetime
    tasks.sweep_uploads(yard.tools)
    grace = timedelta(hours=1)
    for _ in range(2):
        tasks.collect_garbage(yard.database, yard.store, grace=grace, clock=yard.clock)
        yard.clock.ahead += 2 * grace
    assert list(yard.store.list()) == []


def test_a_bucket_that_is_away_for_a_while_costs_nothing(
    db: Database, s3_bucket: str, tmp_path: Path, yard: Yard
) -> None:
    away = Yard(db, tmp_path, store=open_bucket(s3_bucket, tmp_path / "staging", f"http://127.0.0.1:{free_port()}"))
    client = away.client()
    url = client.post("/api/v1/uploads", headers={"Upload-Length": "4"}).headers["Location"]
    answer = client.patch(url, headers=BYTES | {"Upload-Offset": "0"}, content=b"data")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unreachable")
    assert yard.client().head(url).headers["Upload-Offset"] == "4"
    with db.read() as session:
        assert service.holds(session, holder_id=yard.account().id, digest=digest_of(b"data"))
