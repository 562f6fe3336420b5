"""Repositories in a database, without a server, and what is found among them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import ANONYMOUS, Principal, Role, Via
from modelyard.rooms.repos import finding, service
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import NewRepository, Repository, SearchQuery
from modelyard.rooms.search.schemas import Facets, Sort

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Shelf:
    database: Database
    root: Path
    people: dict[str, Principal] = field(default_factory=dict)
    minutes: int = 0

    def clock(self) -> datetime:
        """Every look is a minute later."""
        self.minutes += 1
        return START + timedelta(minutes=self.minutes)

    def person(self, name: str, role: Role = Role.CREATOR) -> Principal:
        if name not in self.people:
            with self.database.write() as session:
                account = accounts.create_account(session, username=name, password=None, role=role)
            self.people[name] = Principal(account.id, name, role, frozenset(), Via.SESSION)
        return self.people[name]

    def make(
        self, address: str, *, card: dict[str, Any] | None = None, data: tuple[str, ...] = (), **wanted: Any
    ) -> Repository:
        owner, _, name = address.partition("/")
        wanted = {"visibility": "public", **wanted}
        with self.database.write() as session:
            made = service.create_repository(
                session,
                principal=self.person(owner),
                wanted=NewRepository(name=name, **wanted),
                options=RepositoryOptions(self.root),
                clock=self.clock,
            )
            if card is not None or data:
                service.describe_from_card(session, made.id, card or {}, data_types=data, clock=self.clock)
        return made

    def star(self, address: str, *people: str) -> None:
        for name in people:
            with self.database.write() as session:
                owner, _, repository = address.partition("/")
                found = service.find_repository(
                    session, principal=self.person(name), owner=owner, name=repository, require_sign_in=False
                )
                finding.star(session, principal=self.person(name), repository=found, clock=self.clock)

    def find(self, text: str = "", *, who: Principal = ANONYMOUS, sort: str | None = None, **query: Any) -> list[str]:
        """Names of everything that is found, from all pages."""
        return [name for page in self.pages(text, who=who, sort=sort, size=200, **query) for name in page]

    def pages(
        self, text: str = "", *, who: Principal = ANONYMOUS, sort: str | None = None, size: int = 3, **query: Any
    ) -> Iterator[list[str]]:
        cursor = None
        while True:
            with self.database.read() as session:
                page = finding.search_repositories(
                    session,
                    principal=who,
                    require_sign_in=False,
                    query=SearchQuery(q=text, **query),
                    sort=Sort(sort) if sort else None,
                    cursor=cursor,
                    limit=size,
                )
            yield [found.name for found in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return

    def facets(self, text: str = "", *, who: Principal = ANONYMOUS, **query: Any) -> Facets:
        with self.database.read() as session:
            return finding.count_facets(
                session, principal=who, require_sign_in=False, query=SearchQuery(q=text, **query)
            )
