"""The port ``Sheets`` by Pillow, in processes of their own."""

import base64
from collections.abc import Sequence

from modelyard.kit.workers import WorkerFailed, WorkerLimits, WorkerPool
from modelyard.rooms.results.errors import PreviewImpossible
from modelyard.rooms.viewing.ports import PackedPicture

WORKER = "modelyard.adapters.pictures.sheet_worker"
LIMITS = WorkerLimits(memory_bytes=1024**3, cpu_seconds=300)
DRAW_S = 20.0
SIZE = 2


class PillowSheets:
    """Writes WebP with transparency."""

    media_type = "image/webp"

    def __init__(self, limits: WorkerLimits = LIMITS, *, size: int = SIZE) -> None:
        self._workers = WorkerPool(WORKER, limits, size=size)

    def draw(self, owner: str, pictures: Sequence[PackedPicture], *, side: int, columns: int) -> bytes:
        listed = [[str(each.file), each.offset, each.length, each.method] for each in pictures]
        request = {"pictures": listed, "side": side, "columns": columns}
        try:
            answer = self._workers.ask(owner, request, timeout=DRAW_S)
        except WorkerFailed as e:
            raise PreviewImpossible(
                "Drawing these takes more time or memory than is allowed.", remedy="Look at fewer, or at each alone."
            ) from e
        return base64.b64decode(answer["sheet"])

    def close(self) -> None:
        self._workers.close()
