"""Runs by the client: what inputs mean, downloads that go on, and the whole way against the real server."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelyard.rooms.accounts.schemas import Role
from modelyard_client import Client, Missing, Refused
from modelyard_client.inputs import read_source
from support import operations, server

RUN = "01a1ffb0-9ed1-7888-afec-55e8211de88f"
DATA = bytes(range(256)) * 12_000
BROKEN = 2**20


@pytest.fixture
def token() -> str:
    """A new creator's."""
    return server.shared().account(Role.CREATOR)[2]


@pytest.fixture
def client(token: str) -> Iterator[Client]:
    with Client(server.shared().url, token=token) as client:
        yield client


@pytest.fixture
def counter(token: str) -> str:
    """Their operation that counts."""
    return operations.add_operation(server.shared(), token)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada/data@v2", {"dataset": "ada/data@v2"}),
        ("ada/data@v2/train/", {"dataset": "ada/data@v2", "path": "train/"}),
        ("ada/data@v2/a b.csv", {"dataset": "ada/data@v2", "path": "a b.csv"}),
        ("ada/data", {"dataset": "ada/data"}),
        (f"run:{RUN}", {"run": RUN}),
        (f"run:{RUN}/charts/a.png", {"run": RUN, "path": "charts/a.png"}),
        ({"dataset": "ada/data"}, {"dataset": "ada/data"}),
    ],
)
def test_data_of_the_server_is_named(
    text: Any, expected: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_source(text, _sends_nothing) == expected


def test_files_that_are_here_are_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ada/data/deep").mkdir(parents=True)
    for name in ("ada/data/deep/b.txt", "ada/data/c.txt", "a.txt"):
        (tmp_path / name).write_text("x")
    sent: list[Path] = []

    def send(path: Path) -> str:
        sent.append(path)
        return f"u{len(sent)}"

    folder = [{"upload": "u1", "path": "c.txt"}, {"upload": "u2", "path": "deep/b.txt"}]
    assert read_source("ada/data", send) == {"uploads": folder}  # it is here, so it is no address
    both = read_source([Path("a.txt"), Path("ada/data/deep")], send)
    assert [one["path"] for one in both["uploads"]] == ["a.txt", "b.txt"]


@pytest.mark.parametrize("text", ["./nowhere", "run:last", "nowhere.csv", "Not/An/Address"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_source(text, _sends_nothing)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "link").symlink_to("/etc/passwd")
    with pytest.raises(Refused, match="link"):
        read_source(tmp_path / "a", _sends_nothing)


def test_a_download_of_outputs_goes_on_where_it_broke(tmp_path: Path) -> None:
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/outputs"):
            entry = {"path": "charts/a.png", "size": len(DATA), "digest": f"sha256:{hashlib.sha256(DATA).hexdigest()}"}
            return httpx.Response(200, json={"items": [entry], "next_cursor": None})
        asked.append(request.headers.get("range"))
        if len(asked) == 1:
            return httpx.Response(
                200, stream=_Breaking(DATA[: BROKEN + 1000]), headers={"content-length": str(len(DATA))}
            )
        rest = DATA[BROKEN:]
        return httpx.Response(206, stream=httpx.ByteStream(rest), headers={"content-length": str(len(rest))})

    client = Client("http://s", http=httpx.MockTransport(answer), sleep=lambda _seconds: None)
    (file,) = client.runs.download(RUN, tmp_path, paths=["charts/"])
    assert file.read_bytes() == DATA
    assert asked == [None, f"bytes={BROKEN}-"]
    with pytest.raises(Missing):
        client.runs.download(RUN, tmp_path, paths=["nowhere"])


def test_a_run_from_python(client: Client, counter: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("12345")
    run = client.run(counter, parameters={"steps": 2}, inputs={"data": tmp_path / "a.txt"}, wait=True)
    assert (run["state"], run["result"]) == ("succeeded", {"steps": 2, "word": "hello"})
    form = client.runs.find_form(counter)
    assert [field["name"] for field in form["inputs"]] == ["data", "table"]
    assert "line 2 of 2" in client.runs.read_log(run["id"])
    assert [one["id"] for one in client.runs.list_newest(repository=counter, states=["succeeded"])] == [run["id"]]

    order = client.runs.read_order(run["id"])
    again = client.runs.create(counter, **order)
    names = {event.name for event in client.runs.follow(again["id"])}
    assert {"run", "log", "metrics", "end"} <= names

    third = client.runs.wait(client.runs.reproduce(run["id"])["id"])
    assert client.runs.compare(third["id"])["identical"]
    client.runs.delete(run["id"])
    with pytest.raises(Missing):
        client.runs.get(run["id"])


def test_a_wrong_parameter_is_named(client: Client, counter: str) -> None:
    with pytest.raises(Refused) as e:
        client.run(counter, parameters={"steps": "many"}, inputs={"data": "ada/data@v1"})
    assert e.value.field == "parameters.steps"


class _Breaking(httpx.SyncByteStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self._data
        raise httpx.ReadError("cut")


def _sends_nothing(path: Path) -> str:
    raise AssertionError(f"{path} is sent")
