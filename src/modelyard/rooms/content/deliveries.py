"""Bytes that come in one request and are a blob at once, for clients that cannot resume: LFS, DVC.

They are hashed and written while more of them arrive, in constant memory, and no database session is held meanwhile.
Nothing is kept of a request that ends early, nor of bytes that are not what was announced.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import ClientDisconnect

from modelyard.rooms.content import rules
from modelyard.rooms.content.errors import DeliveryBroken, DigestMismatch, UploadTooLarge
from modelyard.rooms.content.ports import StoredBlob
from modelyard.rooms.content.staging import StagedUpload
from modelyard.rooms.content.uploads import UploadTools

BATCH_BYTES = 1024**2
PREFIX = "put-"
"""As stores name their own unfinished files: what a killed server leaves goes when the store is opened again."""


class Watcher(Protocol):
    """Looks at the bytes while they are written, in a thread."""

    def update(self, data: bytes, /) -> object: ...

    def check(self) -> None:
        """All bytes came: raises what speaks against keeping them."""
        ...


async def receive_blob(
    tools: UploadTools,
    body: AsyncIterator[bytes],
    *,
    digest: str | None = None,
    size: int | None = None,
    watcher: Watcher | None = None,
) -> StoredBlob:
    """Stores a request's body. Nobody holds it yet: record it (``service.record_blob``), then ``require_held``.

    ``digest`` and ``size`` (bytes) are what it has to have, None where that is not known. Raises ``DigestMismatch``,
    ``DeliveryBroken`` (it ended early, or fell silent), ``UploadTooLarge`` and ``StorageFull``.
    """
    limit = tools.options.max_upload_bytes
    rules.check_length(size or 0, limit=limit)
    path = tools.adopting.staging() / f"{PREFIX}{secrets.token_hex(16)}"
    staged = await asyncio.to_thread(StagedUpload, path, position=0, hasher=None, checksum=None)
    try:
        stall = tools.options.upload_stall.total_seconds()
        await _write(staged, body, limit=limit if size is None else size, stall=stall, watcher=watcher)
        return await asyncio.to_thread(_keep, tools, staged, path, digest, size, watcher)
    finally:
        await asyncio.shield(asyncio.to_thread(_discard, staged, path))


async def _write(
    staged: StagedUpload, body: AsyncIterator[bytes], *, limit: int, stall: float, watcher: Watcher | None
) -> None:
    """One batch is written while the next gathers."""
    loop = asyncio.get_running_loop()
    batch: list[bytes] = []
    gathered = taken = 0
    writing: asyncio.Future[Any] | None = None
    try:
        async with asyncio.timeout(stall) as patience:
            async for chunk in body:
                gathered, taken = gathered + len(chunk), taken + len(chunk)
                if taken > limit:
                    raise UploadTooLarge(f"More than {limit} bytes came.", remedy="Send what was announced.")
                batch.append(chunk)
                patience.reschedule(loop.time() + stall)
                if gathered >= BATCH_BYTES:
                    if writing:
                        await asyncio.shield(writing)
                    writing = loop.run_in_executor(None, _append, staged, batch, watcher)
                    batch, gathered = [], 0
    except (TimeoutError, ClientDisconnect) as e:
        raise DeliveryBroken(f"{taken} bytes came, then no more.", remedy="Send it again.") from e
    finally:
        if writing:
            await asyncio.wait([writing])
    if writing:
        writing.result()
    await asyncio.to_thread(_append, staged, batch, watcher)


def _append(staged: StagedUpload, batch: list[bytes], watcher: Watcher | None) -> None:
    staged.write(batch)
    if watcher:
        for chunk in batch:
            watcher.update(chunk)


def _keep(
    tools: UploadTools,
    staged: StagedUpload,
    path: Path,
    digest: str | None,
    size: int | None,
    watcher: Watcher | None,
) -> StoredBlob:
    found = staged.digest()
    if size is not None and staged.position != size:
        raise DeliveryBroken(f"{staged.position} of {size} bytes came.", remedy="Send it again.")
    if digest not in (None, found):
        raise DigestMismatch(f"Announced {digest}, found {found}.", remedy="Send it again.", field="digest")
    if watcher:
        watcher.check()
    return tools.adopting.adopt(path, digest=found)


def _discard(staged: StagedUpload, path: Path) -> None:
    staged.close()
    path.unlink(missing_ok=True)
