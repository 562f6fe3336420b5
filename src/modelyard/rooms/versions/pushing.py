"""A push: what was uploaded becomes a commit (slowly, outside any transaction), then a queued version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore, LocalPaths
from modelyard.rooms.datasets.schemas import PlacedFile
from modelyard.rooms.images import service as images
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Kind, Repository
from modelyard.rooms.signatures.schemas import Signature
from modelyard.rooms.sources import service as sources
from modelyard.rooms.sources.schemas import Project
from modelyard.rooms.versions import committing, rules, service, store, tasks
from modelyard.rooms.versions.errors import NotAModel, NotAnOperation, PartsInvalid
from modelyard.rooms.versions.ports import Bounds
from modelyard.rooms.versions.rules import VersionState
from modelyard.rooms.versions.schemas import NewVersion, Version

CHUNK = 1024**2
ATTRIBUTES_LIMIT = 256 * 1024


@dataclass(frozen=True, slots=True)
class PushTools:
    """What a push needs. ``scratch`` is a folder for unpacking; ``python`` the version used where none is asked for."""

    database: Database
    blobs: BlobStore
    repositories: RepositoryOptions
    scratch: Path
    clock: Clock
    python: str = "3.11"
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class PreparedPush:
    """A push that was checked and committed to Git, but is not a version yet."""

    project: Project
    signature: Signature
    commit_id: str


def prepare_push(tools: PushTools, *, principal: Principal, repository: Repository, wanted: NewVersion) -> PreparedPush:
    """Checks the parts and commits them. Slow: call it outside any transaction.

    Raises what ``sources`` and ``signatures`` raise for parts that cannot be a model; nothing is kept then, and the
    uploads stay, so that the push can be repeated.
    """
    if wanted.files or wanted.keep:
        detail = f"Repositories of kind {repository.kind} have no single files."
        raise PartsInvalid(detail, remedy="Push parts, or a zip as archive.", field="files")
    with committing.workdir(tools.scratch) as folder:
        project = _read_project(tools, principal, wanted, folder)
        return _commit_project(tools, principal, repository, project, folder, wanted.message)


def prepare_blobs(
    tools: PushTools, *, principal: Principal, repository: Repository, files: Sequence[PlacedFile], message: str
) -> PreparedPush:
    """As ``prepare_push``, of blobs that somebody holds who may give them away: one file of a trained model, or a
    folder with ``modelyard.yaml`` or ``MLmodel``."""
    with committing.workdir(tools.scratch) as folder:
        source = folder / "source"
        sources.check_paths([file.path for file in files])
        for file in files:
            copy_blob(tools, file.digest, source / file.path)
        if len(files) == 1 and files[0].path not in sources.MANIFESTS:
            project = sources.read_artifact(source / files[0].path, None, None, workdir=folder)
        else:
            project = sources.read_directory(source)
        return _commit_project(tools, principal, repository, project, folder, message)


def _commit_project(
    tools: PushTools, principal: Principal, repository: Repository, project: Project, folder: Path, message: str
) -> PreparedPush:
    require_kind(repository, project)
    rules.check_resources(project.to_json(), tools.bounds)
    signature = sources.read_signature(project, default_python=tools.python)
    tree = sources.write_commit_tree(project, folder / "tree")
    always = frozenset({project.artifact_path} if project.artifact_path else ())
    commit_id = commit_tree(tools, principal, repository, tree, message=message, always_large=always)
    return PreparedPush(project, signature, commit_id)


def record_push(
    session: Session,
    tools: PushTools,
    *,
    principal: Principal,
    repository: Repository,
    wanted: NewVersion,
    push: PreparedPush,
) -> Version:
    """Reserves the next number and queues the build, which starts after the commit."""
    return record_blobs(
        session,
        tools,
        principal=principal,
        repository=repository,
        message=wanted.message,
        push=push,
        platforms=wanted.platforms,
    )


def record_blobs(
    session: Session,
    tools: PushTools,
    *,
    principal: Principal,
    repository: Repository,
    message: str,
    push: PreparedPush,
    platforms: Sequence[str] = (),
) -> Version:
    """As ``record_push``."""
    card, project = push.project.card.to_json(), push.project.to_json()
    kinds = _data_types(push) if rules.is_described(project) else None
    repos.describe_from_card(session, repository.id, card, data_types=kinds, clock=tools.clock)
    return insert_version(
        session,
        tools,
        principal=principal,
        repository=repository,
        values={
            "commit_id": push.commit_id,
            "message": message,
            "platforms": list(platforms) or [images.own_platform()],
            "signature": push.signature.to_json(),
            "card": card,
            "project": project,
        },
    )


def insert_version(
    session: Session, tools: PushTools, *, principal: Principal, repository: Repository, values: Mapping[str, Any]
) -> Version:
    """A queued version with the next number; its build starts after the commit."""
    row = store.insert(
        session,
        {
            "id": new_id(),
            "repository_id": repository.id,
            "number": repos.reserve_version(session, repository.id),
            "state": VersionState.QUEUED.value,
            "attempt": 1,
            "pushed_by": principal.account_id,
            "created_at": tools.clock(),
            **values,
        },
    )
    identity = str(row.id)
    asked = {"version": row.number, "commit": row.commit_id}
    repos.tell(session, principal, Action.VERSION_ASKED, repository, **asked)
    db.after_commit(session, lambda: tasks.enqueue_build(identity, 1))
    return service.present(session, [row])[0]


def commit_tree(
    tools: PushTools,
    principal: Principal,
    repository: Repository,
    tree: Path,
    *,
    message: str,
    always_large: frozenset[str] = frozenset(),
    known: Mapping[str, LfsPointer] | None = None,
    base: str | None = None,
) -> str:
    """As ``committing.commit_tree``, in the name of the principal."""
    return committing.commit_tree(
        tools,
        repository.id,
        tree,
        author=principal.username or "unknown",
        message=message,
        always_large=always_large,
        known=known,
        base=base,
    )


def _read_project(tools: PushTools, principal: Principal, wanted: NewVersion, workdir: Path) -> Project:
    if wanted.archive:
        return sources.read_archive(
            fetch_upload(tools, principal, wanted.archive, workdir / "archive"), workdir=workdir
        )
    parts = wanted.parts
    assert parts is not None  # NewVersion holds one of the two
    fetched = {
        name: fetch_upload(tools, principal, upload, workdir / name) if upload else None
        for name, upload in (
            ("source", parts.source),
            ("artifact", parts.artifact),
            ("requirements", parts.requirements),
            ("config", parts.config),
        )
    }
    source, artifact, requirements, config = fetched.values()
    if source is not None and sources.is_script(source):
        return sources.read_script(source, artifact, requirements, config, workdir=workdir)
    if source is not None and config is None:
        raise PartsInvalid(
            "A zip as source needs a config, which says what predicts or runs.", remedy="Add it.", field="config"
        )
    if source is not None and config is not None:
        return sources.read_parts(source, artifact, requirements, config, workdir=workdir)
    assert artifact is not None  # Parts holds this
    return sources.read_artifact(artifact, requirements, config, workdir=workdir)


def require_kind(repository: Repository, project: Project) -> None:
    """Raises ``NotAModel`` or ``NotAnOperation`` where the repository is for the other."""
    if repository.kind is Kind.MODEL and project.operation is not None:
        raise NotAModel(
            f"{repository.address} is for models, and what was pushed is an operation.",
            remedy="Push to a repository of kind operation.",
        )
    if repository.kind is Kind.OPERATION and project.operation is None:
        raise NotAnOperation(
            f"{repository.address} is for operations, and what was pushed is a model.",
            remedy='Name the function that runs, as in run: "rotate:rotate", or push to a repository of kind model.',
        )


def _data_types(push: PreparedPush) -> tuple[str, ...]:
    return rules.data_types_of(push.signature.to_json(), of_operation=push.project.operation is not None)


def fetch_upload(tools: PushTools, principal: Principal, upload_id: UUID, folder: Path) -> Path:
    """The uploaded file under its own name: a link to the blob where it is a file here, else a copy."""
    with tools.database.read() as session:
        upload = content.claim_upload(session, account_id=own_id(principal), upload_id=upload_id)
    folder.mkdir(parents=True)
    target = folder / sources.safe_file_name(upload.filename)
    if isinstance(tools.blobs, LocalPaths):
        target.symlink_to(tools.blobs.path(upload.digest))
        return target
    return copy_blob(tools, upload.digest, target)


def copy_blob(tools: PushTools, digest: str, target: Path) -> Path:
    """Writes a blob to a file, whose folder is made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        for chunk in tools.blobs.open(digest):
            file.write(chunk)
    return target
