"""Verbs on repositories: create, find, change, delete; commits, files, tags."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.ids import new_id
from modelyard.kit.paging import Page, decode_cursor, encode_cursor
from modelyard.rooms.access import service as access
from modelyard.rooms.access.schemas import Visibility
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.content import service as content
from modelyard.rooms.repos import folders, git, store
from modelyard.rooms.repos.changing import change_repository, give_to
from modelyard.rooms.repos.deleting import (
    begin_deletion,
    clear_remains,
    delete_git,
    delete_rows,
    repositories_to_delete,
)
from modelyard.rooms.repos.describing import (
    count_download,
    describe_data,
    describe_from_card,
    index_missing,
    set_rating,
)
from modelyard.rooms.repos.errors import RepositoryExists, RepositoryMissing
from modelyard.rooms.repos.permissions import (
    maintains,
    may_create_for,
    owner_for_new,
    require_branch,
    require_contributor,
    require_maintainer,
    require_member,
    require_owner,
    tell,
)
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.presenting import present, write_entry
from modelyard.rooms.repos.receiving import settle_pushes
from modelyard.rooms.repos.revisions import (
    changed_paths,
    checkout,
    commit_changes,
    commit_files,
    compare,
    create_ref,
    delete_ref,
    delete_tag,
    delete_version_tag,
    file_reader,
    find_commit,
    find_item,
    head,
    list_commits,
    list_files,
    list_paths,
    list_tree,
    read_file,
    refs,
    require_ref,
    resolve,
    version_commit,
    walk_files,
    write_overlay_tag,
    write_version_tag,
)
from modelyard.rooms.repos.rewriting import move_refs, replace_files
from modelyard.rooms.repos.schemas import Kind, NewRepository, Repository
from modelyard.rooms.repos.store import require_present
from modelyard.rooms.repos.tables import RepositoryRow
from modelyard.rooms.repos.upkeep import after_change

__all__ = [
    "after_change",
    "begin_deletion",
    "change_repository",
    "changed_paths",
    "checkout",
    "clear_remains",
    "commit_changes",
    "commit_files",
    "compare",
    "count_download",
    "create_ref",
    "create_repository",
    "delete_git",
    "delete_ref",
    "delete_rows",
    "delete_tag",
    "delete_version_tag",
    "describe_data",
    "describe_from_card",
    "file_reader",
    "find_commit",
    "find_item",
    "find_repository",
    "get_repository",
    "git_bytes",
    "give_to",
    "head",
    "holders",
    "index_missing",
    "list_commits",
    "list_files",
    "list_paths",
    "list_repositories",
    "list_tree",
    "maintains",
    "may_create_for",
    "move_refs",
    "owner_for_new",
    "owner_of",
    "owners_of",
    "owns_any",
    "present_repositories",
    "read_file",
    "readable_id",
    "refs",
    "replace_files",
    "repositories_to_delete",
    "require_branch",
    "require_contributor",
    "require_maintainer",
    "require_member",
    "require_owner",
    "require_present",
    "require_ref",
    "reserve_version",
    "resolve",
    "set_rating",
    "settle_pushes",
    "stored_bytes",
    "tell",
    "version_commit",
    "walk_files",
    "write_overlay_tag",
    "write_version_tag",
]


def create_repository(
    session: Session, *, principal: Principal, wanted: NewRepository, options: RepositoryOptions, clock: Clock
) -> Repository:
    """Creates an empty repository; raises ``RepositoryExists``, ``OwnerInvalid``, ``RoleMissing``."""
    access.require_creator(principal)
    owner_id = owner_for_new(session, principal, wanted.owner)
    now = clock()
    values = wanted.model_dump(exclude={"owner"}, mode="json")
    row_id = new_id()
    inserted = store.insert(
        session,
        {"id": row_id, "owner_id": owner_id, "next_version": 1, "deleting": False, "created_at": now, "updated_at": now}
        | values,
    )
    if not inserted:
        raise RepositoryExists(
            f"There is a repository '{wanted.name}' already.", remedy="Choose another name.", field="name"
        )
    folders.create(git.repository_path(options.root, row_id))
    row = store.require(session, row_id)
    write_entry(session, row)
    made = present(session, [row], principal)[0]
    tell(session, principal, Action.REPOSITORY_CREATED, made, visibility=made.visibility)
    return made


def find_repository(
    session: Session, *, principal: Principal, owner: str, name: str, require_sign_in: bool
) -> Repository:
    """The repository, if the principal may read it; else ``RepositoryMissing``, as if it were absent."""
    account_id = accounts.find_account_id(session, owner)
    row = store.find(session, owner_id=account_id, name=name) if account_id else None
    found = present(session, [row], principal)[0] if row else None
    if found is None or not access.may_read(
        principal, id=found.id, role=found.role, visibility=found.visibility, require_sign_in=require_sign_in
    ):
        raise RepositoryMissing(f"There is no {owner}/{name}.", remedy="Check the address, or sign in to see more.")
    return found


def get_repository(session: Session, id: UUID) -> Repository:
    """The repository whoever asks; for work that runs by itself. Raises ``RepositoryMissing``."""
    row = store.get(session, id)
    if row is None:
        raise RepositoryMissing
    return present(session, [row], None)[0]


def list_repositories(
    session: Session,
    *,
    principal: Principal,
    require_sign_in: bool,
    kind: Kind | None = None,
    owner: str | None = None,
    visibility: Visibility | None = None,
    text: str | None = None,
    tag: str | None = None,
    mine: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Repository]:
    """What the principal may read, newest first; ``text`` is looked for in name, title, description and tags.

    ``mine``: what the principal owns, which is nothing where nobody is signed in.
    """
    owner_id = accounts.find_account_id(session, owner) if owner else None
    if (owner and owner_id is None) or (
        mine and (principal.is_anonymous or owner_id not in (None, principal.account_id))
    ):
        return Page(items=[])
    allowed = access.readable(
        principal,
        id=RepositoryRow.id,
        owner_id=RepositoryRow.owner_id,
        visibility=RepositoryRow.visibility,
        require_sign_in=require_sign_in,
    )
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = store.page(
        session,
        allowed=allowed,
        kind=kind,
        owner_id=principal.account_id if mine else owner_id,
        text=text,
        tag=tag,
        visibility=visibility,
        before=before,
        limit=limit + 1,
    )
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=present(session, rows[:limit], principal), next_cursor=more)


def reserve_version(session: Session, repository_id: UUID) -> int:
    """The next version's number, which is never given again; raises ``RepositoryMissing``."""
    number = store.reserve_number(session, repository_id)
    if number is None:
        raise RepositoryMissing
    return number


def readable_id(column: Any, principal: Principal, *, require_sign_in: bool, but_own: bool = False) -> Any:
    """A clause for rows of other rooms whose ``column`` holds a repository's id: those that the principal may read;
    with ``but_own``, and does not maintain."""
    return store.readable_id(column, principal, require_sign_in=require_sign_in, but_own=but_own)


def holders(account_id: UUID | None = None) -> Any:
    """A subquery of ``holder_id`` and ``owner_id``: who pays for what a holder has, of one account or of all."""
    return store.holders(account_id)


def git_bytes(session: Session, account_id: UUID | None = None) -> dict[UUID, int]:
    """What Git holds of each owner's repositories, in bytes, as of their last changes; of one account or of all."""
    return store.git_bytes(session, account_id)


def stored_bytes(session: Session, repository: Repository) -> int:
    """What the repository takes of its owner's storage: blobs, and what Git holds."""
    held = content.bytes_held(session, store.holder(repository.id))
    return held.get(repository.owner_id, 0) + store.require(session, repository.id).git_bytes


def owner_of(session: Session, repository_id: UUID) -> UUID | None:
    """Whose the repository is, one being deleted too; None where it is gone."""
    row = store.get(session, repository_id)
    return row.owner_id if row else None


def owns_any(session: Session, account_id: UUID) -> bool:
    """Whether the account owns a repository, one being deleted too."""
    return store.owns_any(session, account_id)


def owners_of(session: Session, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The same of several; what is gone is left out."""
    return store.owners_of(session, ids)


def present_repositories(session: Session, ids: Sequence[UUID], principal: Principal | None) -> dict[UUID, Repository]:
    """Those that are still there. Does not ask whether the principal may read them."""
    return {found.id: found for found in present(session, store.present(session, ids), principal)}
