"""The port ``Previews`` by Pillow, in processes of their own: more formats than ``PillowPictures``, from anybody."""

import base64
from pathlib import Path

from modelyard.kit.workers import WorkerFailed, WorkerLimits, WorkerPool
from modelyard.rooms.results.errors import PreviewImpossible

WORKER = "modelyard.adapters.pictures.preview_worker"
LIMITS = WorkerLimits(memory_bytes=1024**3, cpu_seconds=120)
DRAW_S = 20.0
SIZE = 2
DOWNLOAD = "Download the file and look at it with a program of yours."


class PillowPreviews:
    """Decodes one frame and writes it as WebP."""

    media_type = "image/webp"

    def __init__(self, limits: WorkerLimits = LIMITS, *, size: int = SIZE) -> None:
        self._workers = WorkerPool(WORKER, limits, size=size)

    def draw(self, file: Path, *, side: int) -> bytes:
        try:
            answer = self._workers.ask("", {"file": str(file), "side": side}, timeout=DRAW_S)
        except WorkerFailed as e:
            raise PreviewImpossible("It takes more time or memory than is allowed.", remedy=DOWNLOAD) from e
        if "refused" in answer:
            raise PreviewImpossible(answer["refused"], remedy=DOWNLOAD)
        return base64.b64decode(answer["picture"])

    def close(self) -> None:
        self._workers.close()
