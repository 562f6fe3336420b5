"""Writing what one request sends, behind the back of the event loop: one batch is written while the next gathers."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from modelyard.kit.errors import ModelyardError
from modelyard.rooms.content import rules, uploads
from modelyard.rooms.content.schemas import Upload
from modelyard.rooms.content.staging import StagedUpload
from modelyard.rooms.content.uploads import UploadTools

BATCH_BYTES = 1024**2
BATCH_SECONDS = 1.0
CHECKPOINT_BYTES = 64 * 1024**2
CHECKPOINT_SECONDS = 5.0

log = logging.getLogger("modelyard.content")


class Intake:
    """The bytes of one request on their way into an upload's file.

    Every 64 MiB or 5 s what is written is made durable and noted, so that a crash loses no more than that. Bytes with a
    checksum are noted at the end only.
    """

    def __init__(self, tools: UploadTools, upload: Upload, staged: StagedUpload) -> None:
        self._tools = tools
        self._upload = upload
        self._staged = staged
        self._taken = 0
        self._batch: list[bytes] = []
        self._batch_size = 0
        self._batch_at = self._checkpoint_at = time.monotonic()
        self._checkpoint_position = staged.start
        self._writing: asyncio.Future[Any] | None = None
        self._checkpoint: asyncio.Future[Any] | None = None
        self.standing = (staged.start, staged.start_hasher)
        """Up to where the bytes count, and the digest's state there."""

    async def take(self, chunk: bytes) -> None:
        """Accepts the next bytes; waits when the disk is slower than the sender. Raises ``UploadTooLarge``."""
        rules.check_room(self._taken + len(chunk), offset=self._staged.start, length=self._upload.length)
        self._taken += len(chunk)
        self._batch.append(chunk)
        self._batch_size += len(chunk)
        if self._batch_size >= BATCH_BYTES or time.monotonic() - self._batch_at > BATCH_SECONDS:
            await self._write_batch()
            self._start_checkpoint()

    async def finish(self) -> Upload:
        """All bytes have come: checks them, makes them durable and notes them."""
        await self._write_batch()
        await _settled(self._writing)
        await _settled(self._checkpoint)
        return await asyncio.to_thread(self._note_checked)

    async def keep(self) -> None:
        """The request ended early: keeps what came, as far as that is possible and allowed. Does not raise."""
        for pending in (self._writing, self._checkpoint):
            if pending:
                await asyncio.wait([pending])
        if self._staged.has_checksum:
            return
        for work in (self._write_rest, self._note):
            try:
                await asyncio.to_thread(work)
            except (ModelyardError, SQLAlchemyError) as e:
                log.warning("upload %s: not all bytes of a request that ended early are kept: %s", self._upload.id, e)

    async def _write_batch(self) -> None:
        await _settled(self._writing)
        batch, self._batch, self._batch_size = self._batch, [], 0
        self._batch_at = time.monotonic()
        self._writing = _in_thread(lambda: self._staged.write(batch))

    def _start_checkpoint(self) -> None:
        if self._checkpoint and not self._checkpoint.done():
            return
        if self._checkpoint:
            self._checkpoint.result()
        since, now = self._staged.position - self._checkpoint_position, time.monotonic()
        if since >= CHECKPOINT_BYTES or now - self._checkpoint_at > CHECKPOINT_SECONDS:
            self._checkpoint_position, self._checkpoint_at = self._staged.position, now
            self._checkpoint = _in_thread(self._make_durable)

    def _make_durable(self) -> None:
        position = self._staged.flush()
        if not self._staged.has_checksum and position < self._upload.length:
            uploads.save_received(self._tools, self._upload, received=position)

    def _write_rest(self) -> None:
        self._staged.write(self._batch)

    def _note_checked(self) -> Upload:
        self._staged.check()
        return self._note()

    def _note(self) -> Upload:
        position = self._staged.flush()
        digest = self._staged.digest() if position == self._upload.length else None
        upload = uploads.save_received(self._tools, self._upload, received=position, digest=digest)
        self.standing = (position, self._staged.hasher)
        return upload


async def _settled(pending: "asyncio.Future[Any] | None") -> None:
    """Waits for work in a thread; the work goes on if the waiting is cancelled."""
    if pending:
        await asyncio.shield(pending)


def _in_thread(work: Callable[[], None]) -> "asyncio.Future[Any]":
    return asyncio.get_running_loop().run_in_executor(None, work)
