"""What a prediction gave, as files: the answer is read where it lies, so that no file in it is in memory as a whole."""

from __future__ import annotations

import binascii
import json
import math
import mimetypes
import mmap
import re
import uuid
from pathlib import Path
from typing import IO, Any

from modelyard_cog.failures import Failed, one_line

OUT = Path("/out")
TEXT_LIMIT = 64 * 1024**2
PIECE = 1024**2
"""Of base64; a multiple of 4, so that each piece can be decoded by itself."""
FILE = re.compile(rb'(?<!\\)"data:([^"\\,]{0,200}?);base64,([A-Za-z0-9+/]*={0,2})"')
ENDINGS = {"image/jpeg": ".jpg", "text/plain": ".txt", "audio/mpeg": ".mp3", "application/octet-stream": ".bin"}
"""Where old Pythons, or the image's own table, would guess another one."""


class _Answer:
    """``text`` is JSON; ``said`` what it means, with a mark in place of each file."""

    def __init__(self, text: mmap.mmap) -> None:
        self.text = text
        self.files: dict[str, tuple[str, int, int]] = {}
        self.said = self._read()

    def write_file(self, mark: str, name: str) -> str:
        """Writes the file that the mark stands for; returns its name with an ending."""
        kind, start, end = self.files[mark]
        ending = ENDINGS.get(kind) or mimetypes.guess_extension(kind) or ""
        while (OUT / f"{name}{ending}").exists():
            name += "_"
        with (OUT / f"{name}{ending}").open("xb") as file:
            for at in range(start, end, PIECE):
                file.write(binascii.a2b_base64(self.text[at : min(at + PIECE, end)]))
        return name + ending

    def _read(self) -> dict[str, Any]:
        secret, parts, size, at = uuid.uuid4().hex, [], 0, 0
        for match in FILE.finditer(self.text):
            mark = f"{secret}-{len(self.files)}"
            kind = match.group(1).decode("utf-8", "replace").partition(";")[0]
            self.files[mark] = (kind, *match.span(2))
            size += _bounded(match.start() - at, size)
            parts += [self.text[at : match.start()], json.dumps(mark).encode()]
            at = match.end()
        _bounded(len(self.text) - at, size)
        try:
            said = json.loads(b"".join([*parts, self.text[at:]]).decode("utf-8", "replace"))
        except (ValueError, RecursionError) as error:
            raise Failed(f"Cog's answer is not JSON: {error}") from error
        return said if isinstance(said, dict) else {}


def keep_answer(answer: IO[bytes], schema: dict[str, Any]) -> None:
    """Writes output and metrics to the folder of results; ``schema`` is the output's. Raises ``Failed``."""
    if not answer.seek(0, 2):
        raise Failed("Cog's answer is empty")
    with mmap.mmap(answer.fileno(), 0, access=mmap.ACCESS_READ) as text:
        found = _Answer(text)
        status = found.said.get("status") or "failed"
        if status != "succeeded":
            raise Failed(f"the prediction {status}: {one_line(found.said.get('error') or 'it said nothing')}")
        output = _with_files(found.said.get("output"), "output", found)
    if output is not None:
        _write("result.json", json.dumps({"output": output}, ensure_ascii=False))
    text_only = None if found.files else _text(output, schema)
    if text_only is not None:
        _write("output.txt", text_only)
    _write_metrics(found.said.get("metrics"))


def _with_files(value: Any, name: str, answer: _Answer) -> Any:
    """The output with names in place of files, which are written; ``name`` is what this part of it is called."""
    if isinstance(value, str) and value in answer.files:
        return answer.write_file(value, name)
    if isinstance(value, list):
        width = len(str(len(value) - 1))
        return [_with_files(part, f"{name}.{number:0{width}d}", answer) for number, part in enumerate(value)]
    if isinstance(value, dict):
        names = {key: re.sub(r"[^A-Za-z0-9_-]", "_", key) for key in value}
        return {key: _with_files(part, f"{name}.{names[key]}", answer) for key, part in value.items()}
    return value


def _text(output: Any, schema: dict[str, Any]) -> str | None:
    """The output where it is one text, also where it came in pieces that are to be put together."""
    pieces = output if isinstance(output, list) and schema.get("x-cog-array-display") == "concatenate" else [output]
    return "".join(pieces) if all(isinstance(piece, str) for piece in pieces) else None


def _write_metrics(metrics: Any) -> None:
    """A line of those that are numbers."""
    numbers = {name: value for name, value in metrics.items() if _is_number(value)} if isinstance(metrics, dict) else {}
    if numbers:
        _write("metrics.jsonl", json.dumps(numbers) + "\n", mode="a")


def _write(name: str, text: str, *, mode: str = "w") -> None:
    with (OUT / name).open(mode, encoding="utf-8", errors="replace") as file:
        file.write(text)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _bounded(more: int, size: int) -> int:
    if size + more > TEXT_LIMIT:
        raise Failed(
            f"its answer has more than {TEXT_LIMIT // 1024**2} MiB besides files: return large results as files"
        )
    return more
