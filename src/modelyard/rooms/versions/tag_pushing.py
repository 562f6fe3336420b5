"""A tag pushed with Git asks for the next version of its commit, which stays as it is."""

import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from modelyard.kit.errors import ModelyardError, NotFound
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.content import service as content
from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.git import BRANCH, NOTHING, LfsPointer
from modelyard.rooms.repos.ports import RefChange, UnfinishedPush
from modelyard.rooms.repos.schemas import Kind, Repository
from modelyard.rooms.sources import service as sources
from modelyard.rooms.versions import committing, file_pushing, pushing, rules, store
from modelyard.rooms.versions.errors import PartsInvalid
from modelyard.rooms.versions.file_pushing import PreparedFiles
from modelyard.rooms.versions.pushing import PreparedPush, PushTools
from modelyard.rooms.versions.schemas import Version

TAGS = "refs/tags/"
NO_MAIN = "This repository shows 'main', which is not there yet: git push origin HEAD:main"

log = logging.getLogger("modelyard.git")


@dataclass(frozen=True, slots=True)
class TagPushes:
    """Implements ``repos.ports.PushedRefs``. ``site`` is the address that people open."""

    tools: PushTools
    site: str

    def refs_changed(self, principal: Principal, repository: Repository, changes: Sequence[RefChange]) -> Sequence[str]:
        tags = [change.ref for change in changes if change.ref.startswith(TAGS) and change.new != NOTHING]
        words = [self._ask(principal, repository, tag) for tag in tags]
        self._tell(principal, repository, changes)
        return words if self._has_main(repository) else [*words, NO_MAIN]

    def resume(self, push: UnfinishedPush) -> None:
        """The same for a push of before a crash, unless its account or its repository has gone."""
        with contextlib.suppress(NotFound):
            with self.tools.database.read() as session:
                account = accounts.get_account(session, push.account_id)
                repository = repos.get_repository(session, push.repository_id)
            principal = Principal(account_id=account.id, username=account.username, role=account.role)
            for line in self.refs_changed(principal, repository, push.changes):
                log.info("%s: %s", repository.address, line)

    def _ask(self, principal: Principal, repository: Repository, ref: str) -> str:
        tag = ref.removeprefix(TAGS)
        try:
            number, is_new = ask_version(self.tools, principal=principal, repository=repository, tag=tag)
        except ModelyardError as e:
            return f"No version is made of {tag}: {e.detail} {e.remedy}".strip()
        said = f"v{number} is being made of {tag}" if is_new else f"v{number} is of the same commit as {tag}"
        return f"{said}: {self.site}/{repository.address}/versions/{number}"

    def _tell(self, principal: Principal, repository: Repository, changes: Sequence[RefChange]) -> None:
        """Writes to the audit log what became of ``main``; after a crash perhaps twice."""
        for change in (change for change in changes if change.ref == BRANCH):
            with self.tools.database.write() as session:
                facts = {"before": change.old, "after": change.new}
                repos.tell(session, principal, Action.REPOSITORY_PUSHED, repository, **facts)

    def _has_main(self, repository: Repository) -> bool:
        return repos.head(self.tools.repositories, repository.id) != NOTHING


def ask_version(tools: PushTools, *, principal: Principal, repository: Repository, tag: str) -> tuple[int, bool]:
    """The number of the version of a tag's commit, and whether this asked for it: a commit has one, however often and
    by how many tags it is asked for.

    Slow: call it outside any transaction. Raises what a push of such content raises.
    """
    commit = repos.find_commit(tools.repositories, repository.id, revision=f"{TAGS}{tag}")
    with tools.database.read() as session:
        known = store.number_of_commit(session, repository.id, commit.id)
    if known is not None:
        return known, False
    message = commit.message.strip()[:2000]
    prepared = prepare_commit(tools, repository, commit.id)
    with tools.database.write() as session:
        repos.require_present(session, repository.id)  # and nobody else asks meanwhile
        known = store.number_of_commit(session, repository.id, commit.id)
        if known is not None:
            return known, False
        return _record(session, tools, principal, repository, message, prepared).number, True


def prepare_commit(tools: PushTools, repository: Repository, commit_id: str) -> PreparedPush | PreparedFiles:
    """Checks the files of a commit as those of any push."""
    sources.check_paths(repos.list_paths(tools.repositories, repository.id, commit_id))
    with committing.workdir(tools.scratch) as folder:
        tree = folder / "tree"
        tree.mkdir()
        pointers = repos.checkout(tools.repositories, repository.id, commit_id, tree)
        _require_held(tools, repository, pointers)
        if repository.kind is Kind.DATASET:
            return _prepare_files(tree, pointers, commit_id)
        return _prepare_project(tools, repository, tree, pointers, commit_id)


def _record(
    session: Session,
    tools: PushTools,
    principal: Principal,
    repository: Repository,
    message: str,
    push: PreparedPush | PreparedFiles,
) -> Version:
    if isinstance(push, PreparedFiles):
        return file_pushing.record_blobs(
            session, tools, principal=principal, repository=repository, message=message, push=push
        )
    return pushing.record_blobs(session, tools, principal=principal, repository=repository, message=message, push=push)


def _prepare_files(tree: Path, pointers: Mapping[str, LfsPointer], commit_id: str) -> PreparedFiles:
    for path in pointers:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).touch()
    kept = {path: (f"sha256:{pointer.oid}", pointer.size) for path, pointer in pointers.items()}
    return PreparedFiles(datasets.collect_files([], tree, kept=kept, small={}), commit_id)


def _prepare_project(
    tools: PushTools, repository: Repository, tree: Path, pointers: Mapping[str, LfsPointer], commit_id: str
) -> PreparedPush:
    for path, pointer in pointers.items():
        pushing.copy_blob(tools, f"sha256:{pointer.oid}", tree / path)
    project = sources.read_directory(tree)
    pushing.require_kind(repository, project)
    rules.check_resources(project.to_json(), tools.bounds)
    signature = sources.read_signature(project, default_python=tools.python)
    if project.artifact is not None and project.artifact_path not in pointers:
        _keep_artifact(tools, repository, project.artifact)
    return PreparedPush(project, signature, commit_id)


def _keep_artifact(tools: PushTools, repository: Repository, file: Path) -> None:
    """Images take the trained model as a blob, also where it is small enough for Git."""
    stored = tools.blobs.put(committing.read_chunks(file))
    with tools.database.write() as session:
        repos.require_present(session, repository.id)
        content.record_blob(session, digest=stored.digest, size=stored.size, holder_id=repository.id, why="lfs")
    content.require_held(tools.blobs, [stored.digest])


def _require_held(tools: PushTools, repository: Repository, pointers: Mapping[str, LfsPointer]) -> None:
    digests = {f"sha256:{pointer.oid}" for pointer in pointers.values()}
    with tools.database.read() as session:
        held = content.held_sizes(session, holder_id=repository.id, digests=digests)
    missing = next((path for path, pointer in pointers.items() if f"sha256:{pointer.oid}" not in held), None)
    if missing is not None:
        raise PartsInvalid(
            f"{missing} is a Git LFS pointer to a file that this repository does not hold.",
            remedy="Run `git lfs push --all origin`, then push the tag again.",
            field=missing,
        )
