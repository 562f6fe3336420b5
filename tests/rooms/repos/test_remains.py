"""What a killed server left among the Git repositories: cut-off creations go, content stays."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.rooms.access.schemas import Visibility
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Role
from modelyard.rooms.repos import committing, folders, git, service
from modelyard.rooms.repos import store as rows
from modelyard.rooms.repos.ports import RepositoryOptions


def test_only_an_empty_repository_without_a_row_goes(db: Database, tmp_path: Path) -> None:
    options = RepositoryOptions(root=tmp_path / "git")
    ids = [uuid4() for _ in range(3)]
    known, cut_off, restored = (git.repository_path(options.root, id) for id in ids)
    for path in (known, cut_off, restored):
        folders.create(path)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("1")
    at = datetime(2026, 1, 2, tzinfo=UTC)
    committing.commit_folder(restored, tmp_path / "tree", pointers={}, message="Push", author="ada", at=at)
    with db.write() as session:
        owner = accounts.create_account(session, username="ada", password="a long password", role=Role.CREATOR)
        text = {"name": "r", "kind": "model", "visibility": Visibility.PRIVATE.value, "title": "", "description": ""}
        rest = {"tags": [], "next_version": 1, "deleting": False, "created_at": at, "updated_at": system_clock()}
        rows.insert(session, {"id": ids[0], "owner_id": owner.id} | text | rest)

    with db.read() as session:
        assert service.clear_remains(session, options) == [cut_off]
        assert service.clear_remains(session, options) == []

    assert [path.exists() for path in (known, cut_off, restored)] == [True, False, True]
    assert len(git.history(restored, "main")) == 1
