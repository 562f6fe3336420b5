"""Editing images of a dataset: a new index over the same packs, in the build of a version."""

from dataclasses import replace

from modelyard.rooms.packs import service as packs
from modelyard.rooms.packs.errors import NotPacked
from modelyard.rooms.packs.schemas import INDEX, Edits, PackedIndex
from modelyard.rooms.packs.service import PackTools
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import BranchMoved
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.versions import committing, packing
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.building import Build
from modelyard.rooms.versions.reporting import Reporter


def edit_images(tools: BuildTools, pack_tools: PackTools, build: Build) -> None:
    """Writes the index anew, commits it with the packs that it needs, and counts the version's files. May be repeated.

    Raises ``NotPacked`` where the version that was edited is gone, ``PackUnreadable`` where no image would be left, and
    ``BranchMoved`` where others were quicker.
    """
    reporter = Reporter(tools.database, build, clock=tools.clock)
    order = build.project["edit"]
    with tools.database.read() as session:
        former = packs.find_index(session, build.repository_id, order["base"])
    if former is None:
        raise NotPacked("The version that was edited is gone.", remedy="Edit another one.")
    edits = Edits({int(row): label for row, label in order["labels"].items()}, frozenset(order["delete"]))
    with committing.workdir(tools.scratch) as folder:
        reporter.say("index", "writing the index")
        reading, needed = pack_tools.editor.edit(packs.index_path(pack_tools, former), edits, folder / INDEX)
        kept = replace(former, packs=tuple(pack for pack in former.packs if pack.digest in needed))
        index = packing.keep_index(tools, build, folder, reading, kept)
        try:
            commit_id = packing.commit_index(tools, build, folder, index, order["base"])
        except BranchMoved:
            commit_id = _made_before(tools, build, index)
    packing.record(tools, build, reporter, index, commit_id, notes=())


def _made_before(tools: BuildTools, build: Build, index: PackedIndex) -> str:
    """The commit that this very build has made before it was broken off; raises ``BranchMoved`` for another one."""
    head = repos.head(tools.repositories, build.repository_id)
    files = dict(repos.walk_files(tools.repositories, build.repository_id, head))
    pointer = LfsPointer.parse(files.get(INDEX, b""))
    if pointer is None or f"sha256:{pointer.oid}" != index.digest:
        raise BranchMoved
    return head
