"""Resolves requirements with ``uv pip compile``, for a platform that need not be this one."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import uv

from modelyard.adapters.uv.settings import PackageIndexes
from modelyard.kit.errors import Invalid, ModelyardError, StorageFull
from modelyard.rooms.images import rules
from modelyard.rooms.images.errors import IndexUnavailable, PackagesConflict, UnknownPackage
from modelyard.rooms.images.locks import no_wheel

NEWEST_PLATFORM = 40
"""The highest ``manylinux_2_N`` that ``uv`` knows as a target."""
TIMEOUT_S = 600
ANSWER_MAX_AGE_S = 600
_INHERITED = re.compile(
    r"PATH|HOME|TMPDIR|SSL_CERT_(?:FILE|DIR)|(?:https?|all|no)_proxy|UV_HTTP_(?:RETRIES|TIMEOUT)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class UvResolver:
    """The resolving half of a ``WheelSource``.

    ``cache`` is a folder for ``uv``'s own cache and for answers, which count for ``ANSWER_MAX_AGE_S``: as long as an
    index such as PyPI lets its pages be kept.
    """

    cache: Path
    indexes: PackageIndexes

    def lock(self, requirements: str, *, python: str, platform: str, glibc: str) -> str:
        """See ``ports.WheelSource``. Blocks for as long as the index takes."""
        command = self._command(python, platform, glibc)
        answer = self.cache / "answers" / f"{rules.cache_key(requirements, command)}.toml"
        if _is_fresh(answer):
            return answer.read_text()
        text = self._ask(requirements, command, platform, python)
        _keep(answer, text)
        return text

    def _ask(self, requirements: str, command: Sequence[str], platform: str, python: str) -> str:
        try:
            done = subprocess.run(
                command,
                input=requirements,
                env=self._environment(),
                cwd=self._folder(),
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as e:
            raise IndexUnavailable(f"The requirements could not be resolved: {e}", remedy="Try again later.") from e
        if done.returncode:
            raise _error(_without_passwords(done.stderr), platform, python)
        return done.stdout

    def _command(self, python: str, platform: str, glibc: str) -> list[str]:
        machine = rules.ARCHITECTURES[rules.parse_platform(platform)]
        level = min(int(glibc.split(".")[1]), NEWEST_PLATFORM)
        return [
            *(uv.find_uv_bin(), "pip", "compile", "-", "--format", "pylock.toml", "--quiet"),
            *("--python", sys.executable, "--python-version", python, "--no-python-downloads"),
            *("--python-platform", f"{machine}-manylinux_2_{level}", "--only-binary", ":all:"),
            *("--no-header", "--no-config", "--no-progress", "--no-sources", "--color", "never"),
            *("--cache-dir", str(self.cache / "uv"), *self.indexes.arguments()),
        ]

    def _folder(self) -> Path:
        """Where it runs: an empty place, so that no project file there has a say."""
        folder = self.cache / "empty"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _environment(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
        if self.indexes.ca_bundle:
            environment["SSL_CERT_FILE"] = str(self.indexes.ca_bundle)
        return environment


def _is_fresh(answer: Path) -> bool:
    try:
        age = time.time() - answer.stat().st_mtime
    except FileNotFoundError:
        return False
    return 0 <= age < ANSWER_MAX_AGE_S


def _keep(answer: Path, text: str) -> None:
    """Writes an answer all or nothing, and forgets those that are too old, and what a crash left of one."""
    answer.parent.mkdir(parents=True, exist_ok=True)
    for known in answer.parent.iterdir():
        if not _is_fresh(known):
            known.unlink(missing_ok=True)
    with NamedTemporaryFile("w", dir=answer.parent, suffix=".new", delete=False) as file:
        file.write(text)
    Path(file.name).replace(answer)


def _error(output: str, platform: str, python: str) -> ModelyardError:
    """What ``uv`` said, as one of our errors. Its wording has no codes, so what is not known stays a plain refusal."""
    text = _reason(output)
    if "No space left on device" in text:
        return StorageFull("There is no room left for what the package index says.")
    if re.search(r"Failed to fetch|error sending request|connectivity is disabled|timed out", text):
        return IndexUnavailable(f"The package index does not answer: {text}", remedy="Try again later.")
    return _unknown(text) or _unsatisfiable(text, platform, python)


def _unknown(text: str) -> UnknownPackage | None:
    places = "the package registry|the provided package locations|the cache"
    if match := re.search(rf"(\S+) was not found in (?:{places})", text):
        return UnknownPackage(
            f"There is no package {match[1]} in the package index.", remedy="Check its spelling.", field="requirements"
        )
    if match := re.search(r"there (?:is|are) no versions? of (\S+?)([=<>!~]=?\S*) and you require", text):
        return UnknownPackage(
            f"There is no version {match[2].lstrip('=')} of {match[1]} in the package index.",
            remedy="Choose a version that exists.",
            field="requirements",
        )
    return None


def _unsatisfiable(text: str, platform: str, python: str) -> ModelyardError:
    if match := re.search(r"(\S+) (?:has|have) no (?:usable wheels|wheels with a matching)", text):
        return no_wheel(match[1], platform, python)
    if "unsatisfiable" in text:
        return PackagesConflict(text, remedy="Loosen one of the named requirements.", field="requirements")
    return Invalid(f"The requirements cannot be resolved: {text}", field="requirements")


def _reason(output: str) -> str:
    """The message without its frame: ``error:`` and ``cause:`` lines, joined; hints are for ``uv``'s own users."""
    kept = re.sub(r"(?m)^\s*hint:.*(?:\n(?!\S).*)*", "", output)
    kept = re.sub(r"(?m)^\s*(?:error|cause|×|╰─▶|│|├─▶)[:\s]*", "", kept)
    text = " ".join(kept.split()).removeprefix("No solution found when resolving dependencies").strip()
    return text.lstrip(": ")[:2000] or "no reason was given"


def _without_passwords(text: str) -> str:
    return re.sub(r"(https?://)[^/@\s]+@", r"\1", text)
