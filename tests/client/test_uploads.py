"""Uploads to the real server over connections that break."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from modelyard_client import Client, ClientError
from modelyard_client import uploads as tus
from support import server


class Breaking(httpx.BaseTransport):
    """The network, but bodies of PATCH requests break off after some bytes, a number of times."""

    def __init__(self, *, times: int, after: int, spared: int = 0) -> None:
        self._network = httpx.HTTPTransport()
        self._times, self._after, self._spared = times, after, spared
        self.broken = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH" and self._spared:
            self._spared -= 1
        elif request.method == "PATCH" and self.broken < self._times:
            self.broken += 1
            request.stream = _Cut(request.stream, self._after)  # type: ignore[arg-type]
        return self._network.handle_request(request)


class _Cut(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, after: int) -> None:
        self._stream, self._after = stream, after

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for piece in self._stream:
            yield piece
            sent += len(piece)
            if sent >= self._after:
                raise httpx.WriteError("the connection broke")


class Notebook:
    """Remembers uploads, as a file of the command line does."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def find(self, key: str) -> str | None:
        return self.kept.get(key)

    def keep(self, key: str, address: str) -> None:
        self.kept[key] = address

    def forget(self, key: str) -> None:
        self.kept.pop(key, None)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tus, "CHUNK", 1024 * 1024)
    made = tmp_path / "größe.bin"
    made.write_bytes(os.urandom(3 * 1024 * 1024 + 17))
    return made


def stored(client: Client, upload: str) -> str:
    """The digest that the server found over the whole upload."""
    headers = client.transport.send("HEAD", f"/api/v1/uploads/{upload}", headers=tus.TUS).headers
    assert headers["upload-offset"] == headers["upload-length"]
    return headers["repr-digest"]


def expected(file: Path) -> str:
    return f"sha-256=:{tus.base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()}:"


def test_file_arrives_whole_over_a_bad_line(file: Path) -> None:
    running = server.shared()
    network = Breaking(times=3, after=700_000)
    seen: list[tuple[int, int]] = []
    with Client(running.url, token=running.token, http=network, sleep=lambda _s: None) as client:
        upload = client.upload(file, progress=lambda sent, size: seen.append((sent, size)))
        assert stored(client, upload) == expected(file)
    assert network.broken == 3
    assert seen[-1] == (file.stat().st_size, file.stat().st_size)


def test_next_push_continues_what_broke_off(file: Path) -> None:
    running, memory = server.shared(), Notebook()
    hopeless = Breaking(times=99, after=300_000, spared=1)
    with (
        Client(running.url, token=running.token, http=hopeless, sleep=lambda _s: None) as client,
        pytest.raises(ClientError),
    ):
        client.upload(file, memory=memory)
    (address,) = memory.kept.values()
    seen: list[int] = []
    with Client(running.url, token=running.token) as client:
        upload = client.upload(file, memory=memory, progress=lambda sent, _size: seen.append(sent))
        assert stored(client, upload) == expected(file)
    assert address.endswith(upload)
    assert seen[0] > 0, "it must not begin at the beginning"
    assert memory.kept == {}


def test_upload_that_is_gone_begins_anew(file: Path) -> None:
    running, memory = server.shared(), Notebook()
    with Client(running.url, token=running.token) as client:
        memory.keep(tus._key(client.transport, file), "/api/v1/uploads/01890000-0000-7000-8000-000000000000")
        upload = client.upload(file, memory=memory)
        assert stored(client, upload) == expected(file)


def test_empty_file_is_a_file(tmp_path: Path) -> None:
    running, empty = server.shared(), tmp_path / "empty"
    empty.touch()
    with Client(running.url, token=running.token) as client:
        assert stored(client, client.upload(empty)) == expected(empty)
