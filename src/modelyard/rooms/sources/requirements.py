"""Reads requirements as data: plain PEP 508 requirements, and nothing that tells an installer what to do."""

import codecs
import re
from dataclasses import dataclass, replace

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from modelyard.rooms.sources.errors import Problem, RequirementsInvalid

MAX_BYTES = 256 * 1024
MAX_REQUIREMENTS = 1000
MAX_LINE = 1000
COMMENT = re.compile(r"(^|\s+)#.*$")
OPTION = re.compile(r"(?:^|\s)(--?[A-Za-z][A-Za-z0-9-]*)")
URL = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*://|(?:git|hg|svn|bzr)\+|file:)")
PATH = re.compile(r"^(?:\.{0,2}[/\\]|~|[A-Za-z]:[/\\]|\.{1,2}$)|\.(?:whl|zip|tar\.gz|tgz|tar|egg)$", re.IGNORECASE)
VARIABLE = re.compile(r"\$\{?[A-Za-z_]|%[A-Za-z_]+%")
REMEDY = "Write one requirement a line, such as numpy==2.1.0; the operator of this site chooses the package index."
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Requirements:
    """What the model needs: normalised requirements in the order of the text, each name once per marker."""

    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """One requirement a line; empty when there are none."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    requirement: Requirement


def parse_requirements(data: bytes | str) -> Requirements:
    """Reads a requirements file; raises ``RequirementsInvalid`` with every line at fault.

    UTF-8 and, with a byte order mark, UTF-16 are read (``pip freeze`` on Windows PowerShell writes the latter).
    """
    text, notes = _decode(data) if isinstance(data, bytes) else (data, ())
    if len(text) > MAX_BYTES:
        raise RequirementsInvalid((Problem(1, f"the file is larger than {MAX_BYTES // 1024} KiB"),))
    lines: list[_Line] = []
    problems: list[Problem] = []
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        line = COMMENT.sub("", raw).strip(" \t")
        if line and (why := refuse_reason(line)):
            problems.append(Problem(number, why))
        elif line:
            lines.append(_Line(number, Requirement(line)))
    if len(lines) > MAX_REQUIREMENTS:
        problems.append(Problem(lines[-1].number, f"there are more than {MAX_REQUIREMENTS} requirements"))
    merged = _merge(lines, problems)
    if problems:
        raise RequirementsInvalid(tuple(problems), remedy=_remedy(problems))
    return Requirements(tuple(str(line.requirement) for line in merged), notes)


def refuse_reason(line: str) -> str | None:
    """Why a line is no plain requirement; None when it is one."""
    shown = line if len(line) <= 60 else line[:60] + "…"
    shown = shown if shown.isprintable() else ascii(shown)
    if len(line) > MAX_LINE or not line.isprintable():
        return f"{shown} has control characters or is longer than {MAX_LINE}"
    if "--hash" in line:
        return "--hash is not needed: the platform keeps a lock with the hashes of every package"
    if line.endswith("\\"):
        return "a line may not be continued with a backslash"
    if option := OPTION.search(line.split(";", maxsplit=1)[0]):
        return f"the option {option[1]} is not allowed"
    if VARIABLE.search(line):
        return f"{shown} refers to an environment variable"
    return _refuse_source(line, shown)


def _refuse_source(line: str, shown: str) -> str | None:
    if URL.search(line):
        return f"{shown} is a URL; only packages of the index can be required"
    requirement, complaint = _try_parse(line)
    if requirement is not None and requirement.url is not None:
        return f"{shown} names a URL; write {requirement.name}==VERSION instead"
    if PATH.search(line.split(";", maxsplit=1)[0].strip()):
        return f"{shown} is a path; only packages of the index can be required"
    return f"{shown} is not a requirement ({complaint})" if complaint else None


def _try_parse(line: str) -> tuple[Requirement | None, str]:
    try:
        return Requirement(line), ""
    except InvalidRequirement as e:
        return None, str(e).splitlines()[0]


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    if len(data) > 2 * MAX_BYTES:
        raise RequirementsInvalid((Problem(1, f"the file is larger than {MAX_BYTES // 1024} KiB"),))
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            text = _decode_as(data[len(mark) :], encoding)
            is_wide = encoding != "utf-8"
            return text, ("The requirements were in UTF-16 and are kept as UTF-8.",) if is_wide else ()
    return _decode_as(data, "utf-8"), ()


def _decode_as(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as e:
        line = data[: e.start].count(b"\n") + 1
        problem = Problem(line, f"the file is not {encoding.upper()} text")
        raise RequirementsInvalid((problem,), remedy="Save the file as UTF-8 text.") from e


def _merge(lines: list[_Line], problems: list[Problem]) -> list[_Line]:
    """Each name once per marker: what is said twice alike is one, what is said differently is a problem."""
    kept: dict[tuple[str, str], _Line] = {}
    for line in lines:
        key = (canonicalize_name(line.requirement.name), str(line.requirement.marker or ""))
        first = kept.setdefault(key, line)
        if first.requirement.specifier != line.requirement.specifier:
            problems.append(
                Problem(line.number, f"{line.requirement.name} is required differently on line {first.number}")
            )
        elif first is not line:
            kept[key] = replace(first, requirement=_with_extras(first.requirement, line.requirement.extras))
    return list(kept.values())


def _with_extras(requirement: Requirement, extras: set[str]) -> Requirement:
    both = Requirement(str(requirement))
    both.extras = requirement.extras | extras
    return both


def _remedy(problems: list[Problem]) -> str:
    texts = " ".join(problem.text for problem in problems)
    if "file:" in texts:
        return "Conda writes file: URLs; make the list with: pip list --format=freeze > requirements.txt"
    return REMEDY
