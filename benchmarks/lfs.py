"""An object of 512 MB by Git LFS, with the stock client both ways, against the same bytes as one raw upload.

The raw upload (tus) is sent by the kernel and costs its client nothing; `git lfs` is all that people wait for: its
start, the batch, the bytes, and at a fetch the client's own hashing and writing.
"""

import hashlib
import os
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from measure import Bar, in_turn, private_services, report
from rooms.repos.test_clone import git
from rooms.versions.tiny import Author, author
from support import server
from support.programs import need

MB = 1000**2
SIZE = 512 * MB


def main() -> None:
    need("git-lfs", package="git-lfs")
    with private_services() as scratch:
        me = author(server.shared("sqlite"), scratch, name="unused")
        seconds = _measure(me, scratch)
    rates = {f"{name} MB/s": SIZE / MB / taken for name, taken in seconds.items()}
    raw = rates["raw upload MB/s"]
    bars = [
        Bar(f"{name} rate / raw upload rate", rates[f"{name} MB/s"] / raw, 0.5) for name in ("lfs push", "lfs fetch")
    ]
    report("lfs", rates, bars)


def _measure(me: Author, scratch: Path) -> dict[str, float]:
    work = scratch / "work"
    work.mkdir()
    git("init", "-q", cwd=work)
    git("lfs", "install", "--local", cwd=work)
    git("remote", "add", "origin", "none", cwd=work)
    oid, file = _make_object(work)
    blob = me.server.folder / "d/blobs/sha256" / oid[:2] / oid[2:4] / oid
    made = iter(range(100))

    def forget() -> None:
        """Every round stores the bytes anew, in a repository that has none."""
        blob.unlink(missing_ok=True)
        address = f"{me.username}/round-{next(made)}"
        me.client.create_repository(address)
        url = f"{me.server.url.replace('://', f'://x:{me.token}@')}/{address}.git"
        git("remote", "set-url", "origin", url, cwd=work)

    def forget_own() -> None:
        file.rename(work / "aside")

    def push() -> None:
        _run(work, "lfs", "push", "--object-id", "origin", oid)

    def fetch() -> None:
        _run(work, "lfs", "fetch", "origin", "HEAD")
        (work / "aside").unlink()

    _commit_pointer(work, oid)
    pushed = in_turn(
        {
            "raw upload": lambda: _upload(me, file),
            "lfs push": lambda: _run(work, "lfs", "push", "--object-id", "origin", oid),
        },
        rounds=3,
        before={"raw upload": forget, "lfs push": forget},
    )
    return pushed | in_turn({"lfs fetch": fetch}, rounds=3, before={"lfs fetch": forget_own})


def _make_object(work: Path) -> tuple[str, Path]:
    """An object in the place where LFS keeps them."""
    hasher, partial = hashlib.sha256(), work / "partial"
    with partial.open("wb") as opened:
        for _ in range(SIZE // MB):
            data = os.urandom(MB)
            hasher.update(data)
            opened.write(data)
    oid = hasher.hexdigest()
    file = work / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid
    file.parent.mkdir(parents=True)
    partial.rename(file)
    return oid, file


def _commit_pointer(work: Path, oid: str) -> None:
    (work / "big.bin").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {SIZE}\n")
    git("add", "big.bin", cwd=work)
    (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    git("add", ".gitattributes", cwd=work)
    _run(work, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "-m", "big")


def _run(work: Path, *arguments: str) -> None:
    done = git(*arguments, cwd=work)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)


def _upload(me: Author, file: Path) -> None:
    """One creation with all the bytes, which the kernel sends from the file."""
    host, size = urlsplit(me.server.url), file.stat().st_size
    with socket.create_connection((host.hostname, host.port)) as connection, file.open("rb") as data:
        lines = {
            "Host": host.netloc,
            "Authorization": f"Bearer {me.token}",
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(size),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(size),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"POST /api/v1/uploads HTTP/1.1\r\n{head}\r\n".encode())
        connection.sendfile(data)
        status = connection.recv(4096).split(b" ", 2)[1]
        if status != b"201":
            sys.exit(f"the upload was answered {status.decode()}")


if __name__ == "__main__":
    main()
