"""Asking for an edited version of a dataset of images: a queued version that knows what is to be changed."""

from sqlalchemy.orm import Session

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.packs import service as packs
from modelyard.rooms.packs.errors import NotPacked
from modelyard.rooms.packs.schemas import PackedIndex
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.versions import pushing, service
from modelyard.rooms.versions.errors import EditInvalid, EditOutdated, VersionNotReady
from modelyard.rooms.versions.pushing import PushTools
from modelyard.rooms.versions.rules import VersionState
from modelyard.rooms.versions.schemas import NewEdit, Version


def begin_edit(
    session: Session, tools: PushTools, *, principal: Principal, repository: Repository, number: int, wanted: NewEdit
) -> Version:
    """Reserves the next number and queues the edit of version ``number``, which starts after the commit.

    Raises ``VersionMissing``, ``VersionNotReady``, ``NotPacked``, ``EditInvalid``, and ``EditOutdated`` where ``main``
    has gone on since that version: what others added would be lost.
    """
    row = service.require_row(session, repository.id, number)
    if row.state != VersionState.READY.value:
        raise VersionNotReady(f"v{number} is {row.state}.", remedy="Edit a version that is ready.")
    index = packs.find_index(session, repository.id, row.commit_id)
    if index is None:
        raise NotPacked(f"v{number} holds files, and no images with an index.", remedy="Push other files instead.")
    if repos.head(tools.repositories, repository.id) != row.commit_id:
        raise EditOutdated(f"v{number} is not the newest state.", remedy="Make the changes in the newest version.")
    _require_rows(index, wanted)
    labels = {str(each.row): each.label for each in wanted.relabel}
    return pushing.insert_version(
        session,
        tools,
        principal=principal,
        repository=repository,
        values={
            "commit_id": row.commit_id,
            "message": wanted.message or _message(number, wanted),
            "platforms": [],
            "signature": {},
            "card": row.card,
            "project": {
                "contents": None,
                "notes": [],
                "edit": {"base": row.commit_id, "labels": labels, "delete": sorted(set(wanted.delete))},
            },
        },
    )


def _require_rows(index: PackedIndex, wanted: NewEdit) -> None:
    rows = [each.row for each in wanted.relabel]
    named = {*rows, *wanted.delete}
    if not named:
        raise EditInvalid("Nothing is changed.", remedy="Name images to relabel or delete.")
    if len(set(rows)) < len(rows) or set(rows) & set(wanted.delete):
        raise EditInvalid("An image is named twice.", remedy="Name each once.", field="relabel")
    if max(named) >= index.items + index.errors:
        raise EditInvalid(f"There is no image {max(named)}.", remedy="Look at the list of items.", field="relabel")


def _message(number: int, wanted: NewEdit) -> str:
    said = [
        f"{count:,} {what}"
        for count, what in ((len(wanted.relabel), "relabelled"), (len(wanted.delete), "deleted"))
        if count
    ]
    return f"v{number} with {', '.join(said)}"
