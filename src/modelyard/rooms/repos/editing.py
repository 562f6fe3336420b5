"""Commits by hand, on the page of a file."""

from datetime import datetime

from sqlalchemy.orm import Session

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.repos import revisions, service, upkeep
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Commit, NewCommit, Repository


def commit_by_hand(
    session: Session,
    options: RepositoryOptions,
    *,
    principal: Principal,
    repository: Repository,
    wanted: NewCommit,
    at: datetime,
) -> Commit:
    """Writes text files of a branch, or removes them. Raises ``NotOwner``, and what ``revisions.commit_texts`` does."""
    service.require_branch(session, principal, repository, wanted.branch)
    made = revisions.commit_texts(options, repository.id, wanted, author=principal.username or "unknown", at=at)
    upkeep.record_size(session, options, repository.id)
    if wanted.branch == revisions.MAIN:
        service.tell(session, principal, Action.REPOSITORY_PUSHED, repository, before=wanted.base, after=made.id)
    return made
