"""Pushing and pulling an image of 512 MB against Debian's docker-registry, side by side by the same plain client; and a
push, by skopeo, of an image whose layers the platform has already.

The client sends files by the kernel and throws away what it reads, so that it costs both the same and little.
"""

import hashlib
import http.client
import os
import socket
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from measure import Bar, in_turn, private_services, report, timed
from rooms.images.pushes import token_for
from rooms.versions.tiny import Author, author
from support import images, registry, server
from support.images import layer, skopeo

MB = 1000**2
LAYERS = 4
LAYER_BYTES = 128 * MB
KNOWN_LAYERS = 10
BUFFER = bytearray(1024**2)


@dataclass(frozen=True)
class Place:
    """A repository in a registry, and what proves who asks there."""

    host: str
    address: str
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Host": self.host} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})


def main() -> None:
    with private_services() as scratch:
        me = author(server.shared("sqlite"), scratch, name="unused")
        files = [_make_file(scratch / f"layer-{number}") for number in range(LAYERS)]
        digests = [_digest(file) for file in files]
        seconds = _push_both(me, files, digests) | _pull_both(me, digests)
        known = _push_known(me, scratch)
    rates = {f"{name} MB/s": LAYERS * LAYER_BYTES / MB / taken for name, taken in seconds.items()}
    bars = [
        Bar("push rate / docker-registry's", rates["push MB/s"] / rates["docker-registry push MB/s"], 0.5),
        Bar("pull rate / docker-registry's", rates["pull MB/s"] / rates["docker-registry pull MB/s"], 0.5),
        Bar("push of known layers, s", known, 1.0, at_most=True),
    ]
    report("registry", rates | {"push of known layers s": known}, bars)


def _push_both(me: Author, files: list[Path], digests: list[str]) -> dict[str, float]:
    """Each round pushes to both as if for the first time: what they have stored is taken out before."""
    ours, theirs = _ours(me), Place(registry.address(), "bench/image")
    return in_turn(
        {
            "push": lambda: _push(ours, files, digests),
            "docker-registry push": lambda: _push(theirs, files, digests),
        },
        rounds=3,
        before={
            "push": lambda: _forget(me.server.folder / "d" / "blobs" / "sha256", digests),
            "docker-registry push": lambda: _forget(registry.folder() / "data", digests),
        },
    )


def _pull_both(me: Author, digests: list[str]) -> dict[str, float]:
    ours, theirs = _ours(me), Place(registry.address(), "bench/image")
    return in_turn(
        {"pull": lambda: _pull(ours, digests), "docker-registry pull": lambda: _pull(theirs, digests)}, rounds=5
    )


def _push_known(me: Author, scratch: Path) -> float:
    """Seconds that skopeo takes for another image of the same layers to the same repository; the median of three."""
    layers = [layer({f"file-{number}": os.urandom(2 * MB)}) for number in range(KNOWN_LAYERS)]
    made = [images.image(*layers, Cmd=[f"/file-{number}"]) for number in range(4)]
    folders = [images.write_layout(each, scratch / f"known-{number}") for number, each in enumerate(made)]
    target = f"docker://{urlsplit(me.server.url).netloc}/{me.username}/known"
    options = ["copy", "--dest-tls-verify=false", f"--dest-creds={me.username}:{me.password}"]

    def push(number: int) -> None:
        done = skopeo(*options, f"oci:{folders[number]}", f"{target}:t{number}", home=scratch)
        if done.returncode != 0:
            sys.exit(done.stderr)

    push(0)
    return statistics.median(timed(lambda number=number: push(number)) for number in (1, 2, 3))


def _ours(me: Author) -> Place:
    address = f"{me.username}/bench"
    token = token_for(me, f"repository:{address}:pull,push")
    return Place(urlsplit(me.server.url).netloc, address, token)


def _push(place: Place, files: list[Path], digests: list[str]) -> None:
    """Each layer as Docker does it: POST, one PATCH with all the bytes, PUT."""
    for file, digest in zip(files, digests, strict=True):
        location = _ask(place, "POST", f"/v2/{place.address}/blobs/uploads/", 202).getheader("Location")
        location = _send_file(place, str(location), file)
        _ask(place, "PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", 201)


def _send_file(place: Place, location: str, file: Path) -> str:
    host, _, port = place.host.partition(":")
    path = location.removeprefix(f"http://{place.host}")
    with socket.create_connection((host, int(port))) as connection, file.open("rb") as data:
        headers = place.headers | {"Content-Length": str(file.stat().st_size)}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"PATCH {path} HTTP/1.1\r\n{head}\r\n".encode())
        connection.sendfile(data)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        if answer.status != 202:
            sys.exit(f"PATCH was answered {answer.status}: {answer.read().decode()}")
        return str(answer.getheader("Location")).removeprefix(f"http://{place.host}")


def _pull(place: Place, digests: list[str]) -> None:
    for digest in digests:
        answer = _ask(place, "GET", f"/v2/{place.address}/blobs/{digest}", 200, read=False)
        size = 0
        while taken := answer.readinto(BUFFER):
            size += taken
        if size != LAYER_BYTES:
            sys.exit(f"{digest} came with {size} bytes")


def _ask(place: Place, method: str, path: str, wanted: int, *, read: bool = True) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(place.host)
    connection.request(method, path.removeprefix(f"http://{place.host}"), headers=place.headers)
    answer = connection.getresponse()
    if answer.status != wanted:
        sys.exit(f"{method} {path} was answered {answer.status}: {answer.read().decode()}")
    if read:
        answer.read()
    return answer


def _forget(folder: Path, digests: list[str]) -> None:
    """Takes the bytes of blobs away, so that they are written again."""
    for digest in digests:
        for found in folder.rglob(digest.removeprefix("sha256:")):
            for file in [found] if found.is_file() else [f for f in found.rglob("*") if f.is_file()]:
                file.unlink()


def _make_file(file: Path) -> Path:
    with file.open("wb") as opened:
        for _ in range(LAYER_BYTES // MB):
            opened.write(os.urandom(MB))
    return file


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return f"sha256:{hashlib.file_digest(data, 'sha256').hexdigest()}"


if __name__ == "__main__":
    main()
