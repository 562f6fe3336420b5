"""Whose code may be executed, by isolation level."""

import pytest

from modelyard.rooms.runs import rules
from modelyard.rooms.runs.ports import Isolation

WEAK = (Isolation.CHROOT, Isolation.NONE)


@pytest.mark.parametrize("isolation", Isolation)
@pytest.mark.parametrize(
    ("username", "is_administrator", "trusted_where_weak"),
    [("ada", False, False), ("ada", True, True), ("named", False, True), (None, False, False), (None, True, False)],
)
def test_below_namespaces_only_code_of_the_trusted_runs(
    isolation: Isolation, username: str | None, is_administrator: bool, trusted_where_weak: bool
) -> None:
    may = rules.may_run(isolation, username=username, is_administrator=is_administrator, trusted=("named",))
    assert may is (trusted_where_weak if isolation in WEAK else True)
