"""The life of a version and the stages of its build, as tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from modelyard.rooms.packs.schemas import PackedIndex
from modelyard.rooms.runs.ports import Limits
from modelyard.rooms.runs.schemas import Run
from modelyard.rooms.versions.errors import CheckFailed, ResourcesRefused, VersionStateInvalid
from modelyard.rooms.versions.ports import Bounds


class VersionState(StrEnum):
    QUEUED = "queued"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


class StageState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


NEXT: dict[VersionState, frozenset[VersionState]] = {
    VersionState.QUEUED: frozenset({VersionState.BUILDING, VersionState.FAILED}),
    # Building again: the build was taken up after a crash.
    VersionState.BUILDING: frozenset({VersionState.BUILDING, VersionState.READY, VersionState.FAILED}),
    VersionState.READY: frozenset(),
    VersionState.FAILED: frozenset({VersionState.QUEUED}),
}

STAGES = ("base", "lock", "wheels", "layers", "manifest", "check", "publish")
"""What a build does, in order. Images reports the first five."""

IMPORT_STAGES = ("import", "publish")
"""What becomes of a push to a dataset."""

PACK_STAGES = ("check", "index", "publish")
"""What becomes of archives of images; fetching and unpacking come first where there is something to."""

COMPRESSED = (".gz", ".tgz", ".xz", ".txz", ".zst")

EDIT_STAGES = ("index", "publish")
"""What becomes of changed labels and deletions."""

IMAGE_STAGES = ("import", "check", "publish")
"""What becomes of an image that was pushed or imported."""

PLATFORMS = ("linux/amd64", "linux/arm64")

ENDED = frozenset({VersionState.READY, VersionState.FAILED})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a build: a stage's change of state, or (``state`` ``log``) lines of its log."""

    sequence: int
    attempt: int
    stage: str
    state: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    state: StageState
    text: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


LOG = "log"

OPERATION_INPUTS = frozenset({"file", "files", "image", "table"})
SHOWN_KINDS = frozenset({"image", "file", "table", "array"})
KINDS_BY_TYPE = {
    "number": "number",
    "integer": "number",
    "boolean": "category",
    "string": "text",
    "array": "array",
    "object": "object",
}
NOTES_KEPT, NOTE_LENGTH = 20, 1000

CHECK_TIMEOUT_S = 300.0

REMEDIES = {
    "out of memory": "Make the model smaller, or ask for more with resources: memory in modelyard.yaml.",
    "disk full": "Write less, or ask for more with resources: disk in modelyard.yaml.",
    "too many processes": "Start fewer processes or threads, or ask for more with resources: pids in modelyard.yaml.",
}
"""What to do about an engine's reason for ending a container."""


def require_step(now: VersionState, wanted: VersionState) -> None:
    """Raises ``VersionStateInvalid`` unless a version in state ``now`` may go to ``wanted``."""
    if wanted not in NEXT[now]:
        raise VersionStateInvalid(f"A version that is {now} cannot become {wanted}.")


def data_types_of(signature: Mapping[str, Any], *, of_operation: bool = False) -> tuple[str, ...]:
    """What kinds of data a model takes, by the JSON Schema of its inputs: image, file, table, text, number, …

    Of an operation only what it is given as files counts, for numbers and texts are its parameters.
    """
    properties = (signature.get("inputs") or {}).get("properties") or {}
    if of_operation:
        kinds = {schema.get("x-modelyard") for schema in properties.values() if isinstance(schema, Mapping)}
        return tuple(sorted({"file" if kind == "files" else kind for kind in kinds if kind in OPERATION_INPUTS}))
    return tuple(sorted({kind for schema in properties.values() if (kind := _data_type(schema))}))


def is_dataset(project: Mapping[str, Any]) -> bool:
    """Whether the version is one of a dataset; ``contents`` is None until it is imported."""
    return "contents" in project


def is_pushed_image(project: Mapping[str, Any]) -> bool:
    """Whether the version is an image that was made elsewhere."""
    return "pushed_image" in project


def is_edit(project: Mapping[str, Any]) -> bool:
    """Whether the version of a dataset is another one with other labels, or without some images."""
    return "edit" in project


def is_import(project: Mapping[str, Any]) -> bool:
    """Whether the version of a dataset is made from archives of images, as packs, or from tables."""
    return "import" in project


def import_reason(number: int) -> str:
    """Why a repository holds what was uploaded for the import of a version, until it is imported."""
    return f"import:{number}"


def packed_facts(index: PackedIndex) -> dict[str, Any]:
    """What a version says of its packs."""
    return {"items": index.items, "errors": index.errors, "classes": len(index.classes), **index.summary}


def known_platforms(platforms: Iterable[str]) -> list[str]:
    """Those that this site knows, of all that an image is for."""
    return [platform for platform in platforms if platform in PLATFORMS]


def stage_names(project: Mapping[str, Any]) -> tuple[str, ...]:
    """What the version goes through before it is ready."""
    if is_edit(project):
        return EDIT_STAGES
    if is_import(project):
        return _pack_stages(project["import"])
    if is_dataset(project):
        return IMPORT_STAGES
    return IMAGE_STAGES if is_pushed_image(project) else STAGES


def _pack_stages(order: Mapping[str, Any]) -> tuple[str, ...]:
    is_compressed = any(source["name"].casefold().endswith(COMPRESSED) for source in order["sources"])
    return ("fetch",) * bool(order["urls"]) + ("unpack",) * is_compressed + PACK_STAGES


def stages_of(events: Iterable[Event], *, attempt: int, names: tuple[str, ...] = STAGES) -> list[Stage]:
    """Where each stage of the present attempt stands, from what happened."""
    stages = {name: Stage(name, StageState.WAITING) for name in names}
    for event in events:
        if event.attempt != attempt or event.state == LOG or event.stage not in stages:
            continue
        stages[event.stage] = _advance(stages[event.stage], event)
    return list(stages.values())


def limits_of(project: Mapping[str, Any]) -> Limits:
    """The bounds that a project asks for its containers, over the defaults."""
    asked = project.get("resources") or {}
    return Limits(**{name: asked[name] for name in ("memory_bytes", "cpus", "disk_bytes", "pids") if asked.get(name)})


def check_resources(project: Mapping[str, Any], bounds: Bounds) -> None:
    """Raises ``ResourcesRefused`` for what is more than the operator lets a version ask for."""
    asked = project.get("resources") or {}
    for name, most in bounds.most().items():
        if (asked.get(name) or 0) > most:
            raise ResourcesRefused(
                f"{name} may be {most:g} at most on this site.",
                remedy="Ask for less, or ask an administrator to raise the bound.",
                field=f"resources.{name}",
            )
    if asked.get("network") and not bounds.network:
        raise ResourcesRefused(
            "Models get no network on this site.",
            remedy="Leave 'network' out, or ask an administrator to set MODELYARD_ALLOW_NETWORK.",
            field="resources.network",
        )


def notes_of(run: Run) -> list[str]:
    """What the box noted in a check: a stranger's words, so few and short."""
    notes = (run.result or {}).get("notes")
    return [str(note)[:NOTE_LENGTH] for note in notes[:NOTES_KEPT]] if isinstance(notes, list) else []


def wants_network(project: Mapping[str, Any]) -> bool:
    """Whether the project asks for a network; a push that may not have one was refused."""
    return bool((project.get("resources") or {}).get("network"))


def is_part_of_script(path: str) -> bool:
    """Whether a change of this file makes another operation; what is only read by people does not."""
    name = path.rpartition("/")[2].lower()
    return not name.startswith((".git", "readme", "license", "licence", "changelog"))


def subject_of(project: Mapping[str, Any]) -> str:
    """What is loaded: a model, or an operation's script."""
    return "script" if project.get("operation") else "model"


def is_described(project: Mapping[str, Any]) -> bool:
    """Whether the signature is known; else a run reads it from the loaded model."""
    return bool(project.get("is_described", True))


def check_timeout(project: Mapping[str, Any]) -> float:
    """How many seconds loading the model and trying its example may take."""
    return float((project.get("resources") or {}).get("timeout_seconds") or CHECK_TIMEOUT_S)


def failure_of(run: Run) -> CheckFailed:
    """Why a load check failed: what the engine saw where that explains it, else what the box said, else the exit."""
    result = run.result or {}
    said = str(result.get("reason") or "")
    if run.reason in REMEDIES or (run.reason and not said):
        remedy = REMEDIES.get(run.reason, "Mend it and push again.")
        return CheckFailed(f"Loading it was ended: {run.reason}.", remedy=remedy)
    detail = said or f"The process that loaded it ended with exit code {run.exit_code}."
    return CheckFailed(detail, remedy=str(result.get("remedy") or "Mend the code or its requirements and push again."))


def _data_type(schema: Any) -> str | None:
    if not isinstance(schema, Mapping):
        return None
    choices = [s for s in schema.get("anyOf") or () if isinstance(s, Mapping) and s.get("type") != "null"]
    if len(choices) == 1:
        return _data_type(choices[0])
    if schema.get("x-modelyard") in SHOWN_KINDS:
        return str(schema["x-modelyard"])
    if "enum" in schema:
        return "category"
    if str(schema.get("format", "")).startswith("date"):
        return "time"
    return KINDS_BY_TYPE.get(str(schema.get("type")))


def _advance(stage: Stage, event: Event) -> Stage:
    state = StageState(event.state)
    ended = event.at if state in (StageState.COMPLETE, StageState.FAILED) else None
    return Stage(stage.name, state, event.text or stage.text, stage.started_at or event.at, ended)
