"""Git's smart HTTP protocol, by Git's own CGI program ``git http-backend`` (gitprotocol-http(5))."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import ClientDisconnect

CHUNK = 1024**2
CONFIG = {
    "safe.directory": "*",
    "core.hooksPath": "/dev/null",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",  # a partial clone asks for blobs by their ids
}
BOUNDS = {
    "pack.threads": "2",
    "pack.windowMemory": "64m",
    "pack.deltaCacheSize": "64m",
    "core.bigFileThreshold": "16m",
    "core.deltaBaseCacheLimit": "64m",
    "core.packedGitWindowSize": "32m",
    "core.packedGitLimit": "256m",
}
"""What one program of Git's may have in memory: of each thread a window of objects to compare, caches, mapped pieces of
packs; larger files are streamed and never compared. (``pack.packSizeLimit`` bounds files, not memory, and makes clones
larger; it stays off.)"""

PLAIN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request of a Git client; ``path`` is the part below the repository (``/info/refs``, ``/git-upload-pack``)."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class WireResponse:
    """Git's answer, which begins before the request has ended; ``feeding`` is done when all of that was read."""

    status: int
    headers: dict[str, str]
    body: AsyncIterator[bytes]
    feeding: asyncio.Task[None]


async def serve(repository: Path, request: WireRequest, *, config: Mapping[str, str] | None = None) -> WireResponse:
    """Answers one request that only reads; the process ends with the response or when the client goes."""
    process = await start(repository, request, config=config)
    feeding = asyncio.create_task(feed(process, request.body))
    try:
        status, headers = await read_headers(process)
    except BaseException:  # the client has gone, or Git said something that is no header
        await _end(process, feeding)
        raise
    return WireResponse(status, headers, _read_body(process, feeding), feeding)


async def start(
    repository: Path,
    request: WireRequest,
    *,
    config: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    keep_open: tuple[int, ...] = (),
) -> Process:
    """Runs ``git http-backend`` for one request. ``config`` goes over what the repository's own file says;
    ``keep_open`` are files that stay open until the last program that Git started has ended."""
    return await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        stdin=PIPE,
        stdout=PIPE,
        stderr=None,
        env=_environment(repository, request)
        | _config({**CONFIG, **BOUNDS, **(config or {})})
        | dict(environment or {}),
        limit=CHUNK,
        start_new_session=True,
        pass_fds=keep_open,
    )


def environment_for(config: Mapping[str, str]) -> dict[str, str]:
    """What a program of Git's that serves nobody is started with."""
    return PLAIN | _config({**CONFIG, **BOUNDS, **config})


def _environment(repository: Path, request: WireRequest) -> dict[str, str]:
    environment = PLAIN | {
        "GIT_PROJECT_ROOT": str(repository.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository.name}{request.path}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
    }
    if "content-length" in request.headers:
        environment["CONTENT_LENGTH"] = request.headers["content-length"]
    return environment


def _config(values: Mapping[str, str]) -> dict[str, str]:
    """Git's configuration by environment, which nothing in a repository can change (git-config(1))."""
    found = {"GIT_CONFIG_COUNT": str(len(values))}
    for number, (key, value) in enumerate(values.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


async def feed(process: Process, body: AsyncIterator[bytes]) -> None:
    """Gives Git what the client sends, to its end: a client that is still sending would not hear an answer."""
    assert process.stdin is not None
    try:
        async for chunk in body:
            if process.stdin.is_closing():  # git has read all it wanted
                continue
            with suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(chunk)
                await process.stdin.drain()
    except ClientDisconnect:
        return  # git sees the end of its input
    finally:
        process.stdin.close()


async def read_headers(process: Process) -> tuple[int, dict[str, str]]:
    """The status and the headers of the program's answer."""
    assert process.stdout is not None
    status, headers = 200, {}
    while line := (await process.stdout.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers[name] = value.strip()
    return status, headers


async def _read_body(process: Process, feeding: asyncio.Task[None]) -> AsyncIterator[bytes]:
    assert process.stdout is not None
    try:
        while chunk := await process.stdout.read(CHUNK):
            yield chunk
    finally:
        await _end(process, feeding)


async def _end(process: Process, feeding: asyncio.Task[None]) -> None:
    feeding.cancel()
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with the programs that it started
    await process.wait()
