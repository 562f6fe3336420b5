"""Downloads continue where they broke off, notice other bytes, and are checked."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from modelyard_client import Client, ClientError, Refused, Unreachable

DATA = bytes(range(256)) * 40


class Breaking(httpx.SyncByteStream):
    """A body that ends in the middle."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self._data
        raise httpx.ReadError("cut")


@dataclass
class Site:
    """Serves ``data``; a connection breaks after each of ``breaks`` bytes in turn."""

    data: bytes = DATA
    checksum: str | None = None
    breaks: list[int] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)

    def client(self) -> Client:
        return Client("http://s", http=httpx.MockTransport(self.answer), sleep=lambda _seconds: None)

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.data).hexdigest()[:8]}"'

    def answer(self, request: httpx.Request) -> httpx.Response:
        headers = {"ETag": self.etag}
        if request.url.path.endswith("/checksum"):
            found = self.checksum or hashlib.sha256(self.data).hexdigest()
            return httpx.Response(200, text=f"{found}  m-v1-amd64.tar\n", headers=headers)
        headers["Content-Disposition"] = "attachment; filename*=UTF-8''m-v1-amd64.tar"
        if request.method == "HEAD":
            return httpx.Response(200, headers=headers | {"Content-Length": str(len(self.data))})
        self.ranges.append(request.headers["range"])
        if request.headers["if-range"] != self.etag:
            return httpx.Response(200, content=self.data, headers=headers)
        rest = self.data[int(request.headers["range"][6:-1]) :]
        if self.breaks and len(rest) > (limit := self.breaks.pop(0)):
            return httpx.Response(206, stream=Breaking(rest[:limit]), headers=headers)
        return httpx.Response(206, content=rest, headers=headers)


def left_beside(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path != target)


def test_a_download_is_there_whole(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    target = tmp_path / "m.tar"
    done = Site().client().download_bundle("ada/m", 1, target, progress=lambda *at: told.append(at))
    assert target.read_bytes() == DATA
    assert (done.size, done.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert told[-1] == (len(DATA), len(DATA))
    assert left_beside(target) == []


def test_without_a_target_it_has_the_server_s_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Site().client().download_bundle("ada/m", 1).path == Path("m-v1-amd64.tar")
    assert (tmp_path / "m-v1-amd64.tar").read_bytes() == DATA


def test_what_broke_off_is_continued(tmp_path: Path) -> None:
    site = Site(breaks=[1000, 500])
    site.client().download_bundle("ada/m", 1, tmp_path / "m.tar")
    assert site.ranges == ["bytes=0-", "bytes=1000-", "bytes=1500-"]
    assert (tmp_path / "m.tar").read_bytes() == DATA


def test_the_next_call_continues_too(tmp_path: Path) -> None:
    target = tmp_path / "m.tar"
    with pytest.raises(Unreachable):
        Site(breaks=[1000, *[0] * 20]).client().download_bundle("ada/m", 1, target)
    assert not target.exists()
    assert len(left_beside(target)) == 1
    again = Site()
    again.client().download_bundle("ada/m", 1, target)
    assert again.ranges == ["bytes=1000-"]
    assert target.read_bytes() == DATA
    assert left_beside(target) == []


def test_other_bytes_begin_anew(tmp_path: Path) -> None:
    target = tmp_path / "m.tar"
    with pytest.raises(Unreachable):
        Site(breaks=[1000, *[0] * 20]).client().download_bundle("ada/m", 1, target)
    newer = Site(data=DATA[::-1])
    newer.client().download_bundle("ada/m", 1, target)
    assert target.read_bytes() == DATA[::-1]
    assert left_beside(target) == []


def test_bytes_that_change_under_way_begin_anew(tmp_path: Path) -> None:
    site = Site(breaks=[1000])
    first = site.answer

    def change(request: httpx.Request) -> httpx.Response:
        if request.headers.get("range") == "bytes=1000-":
            site.data = DATA[::-1]
        return first(request)

    client = Client("http://s", http=httpx.MockTransport(change), sleep=lambda _seconds: None)
    client.download_bundle("ada/m", 1, tmp_path / "m.tar")
    assert (tmp_path / "m.tar").read_bytes() == DATA[::-1]


def test_another_checksum_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "m.tar"
    with pytest.raises(Refused) as raised:
        Site(checksum="0" * 64).client().download_bundle("ada/m", 1, target)
    assert raised.value.code == "checksum_mismatch"
    assert not target.exists()
    assert left_beside(target) == []


def test_what_is_no_download_is_said(tmp_path: Path) -> None:
    client = Client("http://s", http=httpx.MockTransport(lambda _request: httpx.Response(200)))
    with pytest.raises(ClientError):
        client.download_bundle("ada/m", 1, tmp_path / "m.tar")
