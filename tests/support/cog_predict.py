"""What Cog's images of ``cog_images`` predict: a class for each kind of output, and of failure."""

import os
import tempfile
import time
from collections.abc import Iterator
from typing import List  # noqa: UP035 (Cog's own words)

from cog import BaseModel, BasePredictor, ConcatenateIterator, Input, Path

TEXT = Input(description="What is said.", default="hello")
TIMES = Input(description="How often.", ge=1, le=20, default=2)
TITLE = Input(description="What it is called.", default=None)


def written(name: str, content: bytes) -> Path:
    path = Path(tempfile.mkdtemp()) / name
    path.write_bytes(content)
    return Path(path)


class Tokens(BasePredictor):
    def predict(self, text: str = TEXT, times: int = TIMES) -> ConcatenateIterator[str]:
        print("progress: 0.5 half of it", flush=True)
        for _ in range(times):
            yield text


class Text(BasePredictor):
    def predict(self, text: str = TEXT, times: int = TIMES) -> str:
        return text * times


class Picture(BasePredictor):
    def predict(self, image: Path, title: str | None = TITLE) -> Path:
        print("given", image.name[-10:], flush=True)
        return written("shown.png", image.read_bytes())


class Pages(BasePredictor):
    def predict(self, pages: List[Path]) -> List[Path]:  # noqa: UP006
        return [written("page.txt", page.read_bytes().upper()) for page in pages]


class Steps(BasePredictor):
    def predict(self, times: int = TIMES) -> Iterator[Path]:
        for number in range(times):
            yield written("step.txt", b"%d" % number)


class Scored(BaseModel):
    mask: Path
    score: float


class Scores(BasePredictor):
    def predict(self) -> Scored:
        return Scored(mask=written("mask.png", b"\x89PNG"), score=0.5)


class Raises(BasePredictor):
    def predict(self, text: str = TEXT) -> str:
        raise ValueError(f"{text} cannot be said")


class BadSetup(Text):
    def setup(self) -> None:
        raise RuntimeError("there are no weights")


class Dies(BasePredictor):
    def setup(self) -> None:
        os._exit(7)

    def predict(self, text: str = TEXT) -> str:
        return text


class Slow(BasePredictor):
    def predict(self, text: str = TEXT) -> str:
        try:
            print("it begins", flush=True)
            while True:
                time.sleep(0.1)
        finally:
            print("it cleans up", flush=True)
