"""Taking the bytes of an upload from a request: in constant memory, hashed and written while more of them arrive.

No database session is held meanwhile. What is acknowledged is on the disk and noted in the database. The bytes of a
request that ends early are kept, unless it announced a checksum, which then cannot be checked.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from modelyard.rooms.content import rules, staging, uploads
from modelyard.rooms.content.errors import DigestMismatch, UploadStalled
from modelyard.rooms.content.intake import Intake
from modelyard.rooms.content.rules import Checksum
from modelyard.rooms.content.schemas import Upload
from modelyard.rooms.content.staging import StagedUpload
from modelyard.rooms.content.uploads import UploadTools

TAKE_OVER_SECONDS = 2.0
REMEMBERED_HASHES = 1000


class Receiver:
    """Who is sending to which upload in this process, and how far its digest was computed. One per application."""

    def __init__(self) -> None:
        self._receptions: dict[UUID, Reception] = {}
        self._hashes: OrderedDict[UUID, tuple[int, Any]] = OrderedDict()

    async def receive(
        self,
        tools: UploadTools,
        upload: Upload,
        body: AsyncIterator[bytes],
        *,
        offset: int,
        announced: int | None,
        checksum: Checksum | None,
    ) -> Upload:
        """Appends a request's body at ``offset``; ``announced`` is its length, where the request says so.

        Raises ``UploadOffset``, ``UploadBusy``, ``UploadTooLarge``, ``UploadChecksumMismatch``, ``UploadStalled``,
        ``UploadMissing`` (ended meanwhile) and ``StorageFull``.
        """
        async with self._claim(upload.id) as reception:
            upload = await asyncio.to_thread(
                uploads.find_upload, tools, account_id=upload.account_id, upload_id=upload.id
            )
            rules.check_offset(offset, received=upload.received)
            rules.check_room(announced or 0, offset=offset, length=upload.length)
            if upload.complete:
                return upload
            upload = await self._append(tools, upload, body, reception, checksum)
        return await run_in_threadpool(uploads.complete_upload, tools, upload) if upload.digest else upload

    async def seal(self, tools: UploadTools, upload: Upload, *, digest: str) -> Upload:
        """Ends an upload whose length was not known where it stands, if its bytes have ``digest``.

        Raises ``DigestMismatch``, ``UploadBusy`` and ``UploadMissing``.
        """
        async with self._claim(upload.id):
            return await run_in_threadpool(self._seal, tools, upload, digest)

    async def release(self, upload_id: UUID, *, even_if_busy: bool = False) -> None:
        """Ends a request that is sending to the upload if it has fallen silent (its connection was lost, mostly)."""
        reception = self._receptions.get(upload_id)
        if reception and (even_if_busy or reception.silent_for > TAKE_OVER_SECONDS):
            reception.interrupt()
            await reception.ended.wait()

    @asynccontextmanager
    async def _claim(self, upload_id: UUID) -> "AsyncIterator[Reception]":
        await self.release(upload_id)
        if upload_id in self._receptions:
            raise rules.busy()
        reception = self._receptions[upload_id] = Reception()
        try:
            yield reception
        finally:
            del self._receptions[upload_id]
            reception.ended.set()

    def _seal(self, tools: UploadTools, upload: Upload, digest: str) -> Upload:
        upload = uploads.find_upload(tools, account_id=upload.account_id, upload_id=upload.id)
        found = upload.digest or self._digest_at(tools, upload)
        if found != digest:
            raise DigestMismatch(f"Announced {digest}, found {found}.", remedy="Send it again.", field="digest")
        self._hashes.pop(upload.id, None)
        return upload if upload.complete else uploads.seal_upload(tools, upload, digest=digest)

    def _digest_at(self, tools: UploadTools, upload: Upload) -> str:
        """Of the bytes that came so far; they are read where this process has not received all of them."""
        path = staging.path_of(tools.adopting.staging(), upload.id)
        hasher = self._hasher_at(upload.id, upload.received)
        with closing(StagedUpload(path, position=upload.received, hasher=hasher, checksum=None)) as staged:
            return staged.digest()

    async def _append(
        self,
        tools: UploadTools,
        upload: Upload,
        body: AsyncIterator[bytes],
        reception: "Reception",
        checksum: Checksum | None,
    ) -> Upload:
        path = staging.path_of(tools.adopting.staging(), upload.id)
        hasher = self._hasher_at(upload.id, upload.received)
        staged = await asyncio.to_thread(StagedUpload, path, position=upload.received, hasher=hasher, checksum=checksum)
        intake = Intake(tools, upload, staged)
        try:
            await reception.listen(body, intake, stall=tools.options.upload_stall.total_seconds())
            upload = await intake.finish()
        except BaseException:
            await intake.keep()
            raise
        finally:
            await asyncio.to_thread(staged.close)
            self._remember(upload, *intake.standing)
        return upload

    def _hasher_at(self, upload_id: UUID, position: int) -> Any:
        stands_at, hasher = self._hashes.get(upload_id, (-1, None))
        return hasher if stands_at == position else None

    def _remember(self, upload: Upload, position: int, hasher: Any) -> None:
        self._hashes.pop(upload.id, None)
        if position < upload.length:
            self._hashes[upload.id] = (position, hasher)
        while len(self._hashes) > REMEMBERED_HASHES:
            self._hashes.popitem(last=False)


class Reception:
    """A request that is sending to an upload at this moment."""

    def __init__(self) -> None:
        self.received = 0
        self.ended = asyncio.Event()
        self._heard_at = self._armed_at = time.monotonic()
        self._interrupted = False
        self._limit: asyncio.Timeout | None = None

    @property
    def silent_for(self) -> float:
        """Seconds since bytes last came."""
        return time.monotonic() - self._heard_at

    def interrupt(self) -> None:
        """Makes the request end soon, with ``UploadStalled``."""
        self._interrupted = True
        if self._limit:
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def listen(self, body: AsyncIterator[bytes], intake: Intake, *, stall: float) -> None:
        """Hands the body to ``intake``; ``UploadStalled`` when nothing comes for ``stall`` seconds or it breaks off."""
        try:
            async with asyncio.timeout(0 if self._interrupted else stall) as self._limit:
                async for chunk in body:
                    self._heard(stall)
                    await intake.take(chunk)
                    self.received += len(chunk)
        except (TimeoutError, ClientDisconnect) as e:
            raise UploadStalled(remedy="Ask with HEAD where the upload stands and continue from there.") from e
        finally:
            self._limit = None

    def _heard(self, stall: float) -> None:
        self._heard_at = now = time.monotonic()
        if self._limit and not self._interrupted and now - self._armed_at > 1:
            self._armed_at = now
            self._limit.reschedule(asyncio.get_running_loop().time() + stall)
