"""Upload to stored: 1 GB in one stream, against `sha256sum` of the same file; memory of the server meanwhile.

Ours includes everything a caller waits for: HTTP, hashing, writing, flushing to the disk, the rows in the database.
"""

import http.client
import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from measure import Bar, in_turn, private_services, report
from modelyard.kit.db import Database
from rooms.content.yard import BYTES, Yard
from support import databases

MB = 1000**2
SIZE = 1000 * MB
SMALL = 50 * MB
TESTS = Path(__file__).resolve().parents[1] / "tests"


def main() -> None:
    with private_services() as scratch:
        file = _make_file(scratch / "content.bin", SIZE)
        url = databases.create("sqlite", scratch)
        server, port = _start_server(url, scratch / "content")
        try:
            token = Yard(Database(url), scratch / "content").headers()
            seconds, memory = _measure(scratch, file, port, token, server.pid)
        finally:
            server.kill()
            server.wait()
    rates = {name: SIZE / MB / taken for name, taken in seconds.items()}
    figures = {"upload MB/s": rates["upload"], "sha256sum MB/s": rates["sha256sum"]} | memory
    growth = memory["peak MB after 1 GB"] - memory["peak MB after 50 MB"]
    bars = [
        Bar("upload rate / sha256sum rate", rates["upload"] / rates["sha256sum"], 0.5),
        Bar("memory growth from 50 MB to 1 GB, MB", growth, 16, at_most=True),
    ]
    report("content", figures, bars)


def _measure(
    scratch: Path, file: Path, port: int, headers: dict[str, str], pid: int
) -> tuple[dict[str, float], dict[str, float]]:
    small = _make_file(scratch / "small.bin", SMALL)
    _upload(small, port, headers)
    memory = {"peak MB after 50 MB": _peak_memory(pid)}
    locations: list[str] = []

    def forget() -> None:
        """Every round stores the bytes anew."""
        for location in locations:
            _request("DELETE", port, location, headers).read()
        locations.clear()
        for blob in (scratch / "content" / "sha256").glob("*/*/*"):
            blob.unlink()

    seconds = in_turn(
        {
            "sha256sum": lambda: subprocess.run(["sha256sum", file], check=True, stdout=subprocess.DEVNULL),
            "upload": lambda: locations.append(_upload(file, port, headers)),
        },
        rounds=3,
        before={"upload": forget},
    )
    return seconds, memory | {"peak MB after 1 GB": _peak_memory(pid)}


def _upload(file: Path, port: int, headers: dict[str, str]) -> str:
    """One creation and one PATCH with all the bytes, which the kernel sends from the file."""
    size = file.stat().st_size
    created = _request("POST", port, "/api/v1/uploads", headers | {"Upload-Length": str(size)})
    location = str(created.getheader("Location"))
    with socket.create_connection(("127.0.0.1", port)) as connection, file.open("rb") as data:
        lines = headers | BYTES | {"Host": "127.0.0.1", "Upload-Offset": "0", "Content-Length": str(size)}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"PATCH {urlsplit(location).path} HTTP/1.1\r\n{head}\r\n".encode())
        connection.sendfile(data)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        if answer.status != 204:
            sys.exit(f"the upload was answered {answer.status}: {answer.read().decode()}")
    return location


def _request(method: str, port: int, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, path, headers=headers)
    return connection.getresponse()


def _start_server(url: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    argv = [sys.executable, "-m", "rooms.content.yard", url, str(folder)]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=TESTS)
    assert server.stdout
    return server, int(server.stdout.readline())


def _make_file(file: Path, size: int) -> Path:
    with file.open("wb") as opened:
        for _ in range(size // MB):
            opened.write(os.urandom(MB))
    return file


def _peak_memory(pid: int) -> float:
    """MB of memory that the process had at most (VmHWM, proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / MB


if __name__ == "__main__":
    main()
