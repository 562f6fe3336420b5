"""Uploads over real sockets: requests that break off, stall, collide, or meet a full disk."""

import hashlib
import os
import resource
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from tusclient.client import TusClient

from modelyard.kit.db import Database
from modelyard.rooms.content import intake, receiving, service
from rooms.content.yard import BYTES, Yard
from support.waiting import until

MIB = 1024**2


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Sender:
    """A client that sends one request in pieces, whenever the test wants, and may vanish."""

    def __init__(self, url: str, method: str, headers: Mapping[str, str], *, length: int | None) -> None:
        parts = urlsplit(url)
        self.connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        self.chunked = length is None
        self.connection.putrequest(method, parts.path)
        framing = {"Transfer-Encoding": "chunked"} if self.chunked else {"Content-Length": str(length)}
        for name, value in {**headers, **framing}.items():
            self.connection.putheader(name, value)
        self.connection.endheaders()

    def send(self, data: bytes) -> None:
        self.connection.send(f"{len(data):x}\r\n".encode() + data + b"\r\n" if self.chunked else data)

    def end(self) -> HTTPResponse:
        if self.chunked:
            self.connection.send(b"0\r\n\r\n")
        response = self.connection.getresponse()
        response.read()
        return response

    def vanish(self) -> None:
        self.connection.close()


class Wire:
    """An account's client on a served yard."""

    def __init__(self, yard: Yard, base: str, username: str = "ada") -> None:
        self.yard = yard
        self.base = base
        self.headers = yard.headers(username)
        self.http = httpx.Client(headers=self.headers, timeout=30)

    def create(self, length: int) -> str:
        answer = self.http.post(self.base, headers={"Upload-Length": str(length)})
        assert answer.status_code == 201, answer.text
        return str(httpx.URL(self.base).join(answer.headers["Location"]))

    def offset(self, url: str) -> int:
        return int(self.http.head(url).headers["Upload-Offset"])

    def patch(self, url: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
        return self.http.patch(url, headers=BYTES | {"Upload-Offset": str(offset)} | headers, content=data)

    def begin(self, url: str, offset: int, *, length: int | None, **headers: str) -> Sender:
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        return Sender(url, "PATCH", self.headers | BYTES | {"Upload-Offset": str(offset)} | extra, length=length)

    def is_receiving(self, url: str) -> bool:
        return self.heard(url) >= 0

    def heard(self, url: str) -> int:
        """Bytes that the request now sending has brought; -1 when none is sending."""
        reception = self.yard.receiver._receptions.get(UUID(url.rpartition("/")[2]))
        return reception.received if reception else -1

    def stored(self, data: bytes) -> bool:
        with self.yard.database.read() as session:
            blob = service.open_granted(
                session, store=self.yard.store, holder_id=self.yard.account().id, digest=digest_of(data)
            )
        return b"".join(blob.chunks) == data


@pytest.fixture
def wire(yard: Yard) -> Iterator[Wire]:
    with yard.served() as base:
        yield Wire(yard, base)


def test_what_came_before_the_connection_broke_is_kept(wire: Wire) -> None:
    data = os.urandom(3 * MIB)
    url = wire.create(len(data))
    sender = wire.begin(url, 0, length=len(data))
    sender.send(data[: 2 * MIB + 5])
    until(lambda: wire.heard(url) == 2 * MIB + 5)
    sender.vanish()
    until(lambda: wire.offset(url) == 2 * MIB + 5)
    assert wire.patch(url, 2 * MIB + 5, data[2 * MIB + 5 :]).status_code == 204
    assert wire.stored(data)


def test_bytes_with_a_checksum_that_broke_off_are_not_kept(wire: Wire) -> None:
    data = os.urandom(2 * MIB)
    url = wire.create(len(data))
    announced = f"sha1 {b64encode(hashlib.sha1(data).digest()).decode()}"
    sender = wire.begin(url, 0, length=len(data), Upload_Checksum=announced)
    sender.send(data[: MIB + 5])
    until(lambda: wire.heard(url) == MIB + 5)
    sender.vanish()
    until(lambda: not wire.is_receiving(url))
    assert wire.offset(url) == 0
    assert wire.patch(url, 0, data, **{"Upload-Checksum": announced}).status_code == 204
    assert wire.stored(data)


def test_more_bytes_than_announced_are_refused_and_the_others_kept(wire: Wire) -> None:
    url = wire.create(10)
    sender = wire.begin(url, 0, length=None)
    sender.send(b"sixsix")
    until(lambda: wire.heard(url) == 6)
    sender.send(b"fivefive")
    assert sender.end().status == 413
    assert wire.offset(url) == 6


def test_an_upload_whose_request_breaks_at_its_very_end_is_complete(wire: Wire) -> None:
    url = wire.create(6)
    sender = wire.begin(url, 0, length=None)
    sender.send(b"sixsix")
    until(lambda: wire.heard(url) == 6)
    sender.vanish()
    until(lambda: wire.offset(url) == 6)
    assert wire.stored(b"sixsix")


def test_two_requests_at_once(wire: Wire) -> None:
    url = wire.create(8)
    first = wire.begin(url, 0, length=8)
    first.send(b"first")
    until(lambda: wire.is_receiving(url))
    second = wire.patch(url, 0, b"another!")
    assert (second.status_code, second.json()["code"]) == (423, "upload_busy")
    first.send(b"one")
    assert first.end().status == 204
    assert wire.stored(b"firstone")


def test_many_requests_at_once_store_one_of_the_contents(wire: Wire) -> None:
    contents = [bytes([number]) * MIB for number in range(6)]
    url = wire.create(MIB)
    start = threading.Barrier(6)

    def send(data: bytes) -> int:
        with httpx.Client(headers=wire.headers, timeout=30) as client:
            start.wait()
            return client.patch(url, headers=BYTES | {"Upload-Offset": "0"}, content=data).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(send, contents))
    assert sorted(set(statuses) - {204}) in ([409], [423], [409, 423])
    assert statuses.count(204) == 1
    assert wire.stored(contents[statuses.index(204)])


def test_a_request_that_fell_silent_gives_way(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection may be lost without the server being told; the client comes back on another one."""
    monkeypatch.setattr(receiving, "TAKE_OVER_SECONDS", 0.05)
    url = wire.create(9)
    lost = wire.begin(url, 0, length=9)
    lost.send(b"lost")
    until(lambda: wire.heard(url) == 4)
    until(lambda: wire.offset(url) == 4)
    assert wire.patch(url, 4, b"found").status_code == 204
    assert wire.stored(b"lostfound")
    assert lost.connection.getresponse().status == 408


def test_a_silent_request_ends_by_itself(db: Database, tmp_path: Path) -> None:
    yard = Yard(db, tmp_path / "content", upload_stall=timedelta(seconds=0.2))
    with yard.served() as base:
        wire = Wire(yard, base)
        url = wire.create(9)
        sender = wire.begin(url, 0, length=9)
        sender.send(b"lost")
        answer = sender.connection.getresponse()
        assert (answer.status, answer.getheader("Content-Type")) == (408, "application/problem+json")
        assert wire.offset(url) == 4


def test_termination_ends_a_request_that_is_sending(wire: Wire) -> None:
    url = wire.create(8)
    sender = wire.begin(url, 0, length=8)
    sender.send(b"some")
    until(lambda: wire.is_receiving(url))
    assert wire.http.delete(url).status_code == 204
    assert sender.connection.getresponse().status in (404, 408)
    assert wire.http.head(url).status_code == 404
    assert list(wire.yard.tools.adopting.staging().iterdir()) == []


def test_no_database_session_is_held_while_bytes_come(wire: Wire) -> None:
    url = wire.create(8)
    sender = wire.begin(url, 0, length=8)
    sender.send(b"some")
    until(lambda: wire.is_receiving(url))
    until(lambda: wire.yard.database.engine.pool.checkedout() == 0)  # type: ignore[attr-defined]
    sender.send(b"more")
    assert sender.end().status == 204


def test_long_requests_are_noted_on_the_way(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "CHECKPOINT_BYTES", MIB)
    url = wire.create(10 * MIB)
    sender = wire.begin(url, 0, length=10 * MIB)
    sender.send(bytes(3 * MIB))
    until(lambda: wire.offset(url) >= MIB)
    assert wire.is_receiving(url)
    sender.vanish()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size``: writing fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_and_the_upload_goes_on_when_there_is_room(wire: Wire) -> None:
    data = os.urandom(24 * MIB)
    url = wire.create(len(data))
    with file_size_limit(16 * MIB + 100):
        answer = wire.patch(url, 0, data)
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        assert wire.offset(url) == 16 * MIB + 100
        assert wire.patch(url, 16 * MIB + 100, b"x").status_code == 507
    with wire.yard.database.read() as session:
        assert service.blob_info(session, digest=digest_of(data)) is None
    assert list(wire.yard.store.list()) == []
    assert wire.patch(url, 16 * MIB + 100, data[16 * MIB + 100 :]).status_code == 204
    assert wire.stored(data)


def test_a_full_disk_at_creation_leaves_nothing(wire: Wire) -> None:
    with file_size_limit(16 * MIB):
        headers = BYTES | {"Upload-Length": str(24 * MIB)}
        assert wire.http.post(wire.base, headers=headers, content=bytes(24 * MIB)).status_code == 507
    assert list(wire.yard.tools.adopting.staging().iterdir()) == []


def test_an_upload_larger_than_the_disk_is_refused_at_once(db: Database, tmp_path: Path) -> None:
    yard = Yard(db, tmp_path / "content", max_upload_bytes=2**60)
    answer = yard.client().post("/api/v1/uploads", headers={"Upload-Length": str(2**59)})
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")


def test_a_real_client(wire: Wire, tmp_path: Path) -> None:
    """tuspy: creation, three chunks with checksums, and taking up where another process stopped."""
    data, file = os.urandom(5 * MIB + 7), tmp_path / "model.pkl"
    file.write_bytes(data)
    client = TusClient(wire.base, headers=wire.headers)
    first = client.uploader(str(file), upload_checksum=True, chunk_size=2 * MIB, metadata={"filename": "model.pkl"})
    first.upload_chunk()
    assert first.offset == 2 * MIB
    second = client.uploader(str(file), url=first.url, upload_checksum=True, chunk_size=2 * MIB)
    second.upload()
    assert wire.stored(data)


def start_server(url: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    argv = [sys.executable, "-m", "rooms.content.yard", url, str(folder)]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert server.stdout
    return server, f"http://127.0.0.1:{int(server.stdout.readline())}/api/v1/uploads"


@contextmanager
def killed_at_end(server: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        server.kill()
        server.wait(20)
        if server.stdout:
            server.stdout.close()


def test_a_killed_server_loses_nothing_acknowledged(yard: Yard, database_url: str, tmp_path: Path) -> None:
    data = os.urandom(9 * MIB)
    server, base = start_server(database_url, tmp_path / "content")
    with killed_at_end(server):
        wire = Wire(yard, base)
        url = wire.create(len(data))
        assert wire.patch(url, 0, data[: 4 * MIB + 1]).status_code == 204
        sender = wire.begin(url, 4 * MIB + 1, length=4 * MIB)
        sender.send(data[4 * MIB + 1 : 6 * MIB])
    server, base = start_server(database_url, tmp_path / "content")
    with killed_at_end(server):
        wire = Wire(yard, base)
        url = f"{base}/{url.rpartition('/')[2]}"
        offset = wire.offset(url)
        assert offset >= 4 * MIB + 1
        assert wire.patch(url, offset, data[offset:]).status_code == 204
        assert wire.stored(data)


def test_memory_stays_constant(yard: Yard, database_url: str, tmp_path: Path) -> None:
    server, base = start_server(database_url, tmp_path / "content")
    with killed_at_end(server):
        wire = Wire(yard, base)
        peaks = []
        for size in (8 * MIB, 128 * MIB):
            sender = wire.begin(wire.create(size), 0, length=size)
            for _ in range(size // MIB):
                sender.send(bytes(MIB))
            assert sender.end().status == 204
            status = Path(f"/proc/{server.pid}/status").read_text()
            peaks.append(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
    assert peaks[1] - peaks[0] < 24, f"MiB at most, after {peaks}"
