"""Decisions of serving, without I/O."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.rooms.serving import rules
from modelyard.rooms.serving.rules import Claim, ReplicaState, Standing, Wish

REPO = UUID(int=7)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

tokens = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(str.encode)
names = st.sampled_from(sorted(rules.REQUEST_HEADERS_DROPPED | rules.RESPONSE_HEADERS_KEPT)) | tokens
headers = st.lists(st.tuples(names, tokens))


def standing(version: int, *, idle: timedelta = timedelta(0), busy: int = 0, ready: bool = True) -> Standing:
    state = ReplicaState.READY if ready else ReplicaState.STARTING
    return Standing(uuid4(), REPO, version, state, NOW - idle, busy)


def wish(version: int, *, warm: int = 0, most: int = 1, previous: int | None = None) -> Wish:
    return Wish(REPO, version, warm, HOUR, most, previous)


@pytest.mark.parametrize(
    ("raw", "version", "alias", "path"),
    [
        (b"/serve/ada/digits/model/predict", None, "production", b"/model/predict"),
        (b"/serve/ada/digits", None, "production", b"/"),
        (b"/serve/ada/digits/", None, "production", b"/"),
        (b"/serve/ada/digits@v3/model/data", 3, "production", b"/model/data"),
        (b"/serve/ada/digits%40v3/model/data", 3, "production", b"/model/data"),
        (b"/serve/ada/digits@candidate", None, "candidate", b"/"),
        (b"/serve/ada/digits/a%2Fb/../c//d", None, "production", b"/a%2Fb/../c//d"),
    ],
)
def test_addresses_are_taken_apart(raw: bytes, version: int | None, alias: str, path: bytes) -> None:
    address = rules.parse_address(raw)
    assert address is not None
    assert (address.owner, address.name) == ("ada", "digits")
    assert (address.version, address.alias, address.path) == (version, alias, path)


@pytest.mark.parametrize(
    "raw",
    [
        b"/serve/ada",
        b"/serve//digits/x",
        b"/serve/ada/digits@v0/x",
        b"/serve/ada/digits@v3@v4/x",
        b"/serve/ada/digits@V3/x",
        b"/serve/ada/dig%2fits/x",
        b"/serve/a%00da/digits/x",
        b"/serve/ada/digits/a b",
        b"/serve/ada/digits/a\r\nx: y",
        b"/api/v1/repos",
        b"/serve/%ff/digits",
        b"",
    ],
)
def test_what_is_no_address_is_refused(raw: bytes) -> None:
    assert rules.parse_address(raw) is None


@given(st.binary(max_size=60))
def test_whatever_comes_the_target_is_one_line(rest: bytes) -> None:
    address = rules.parse_address(b"/serve/ada/digits/" + rest)
    assert address is None or not set(address.path) & {0, 9, 10, 13, 32, 127}


@given(headers)
def test_no_credential_and_no_hop_by_hop_header_reaches_the_box(given_headers: list[tuple[bytes, bytes]]) -> None:
    passed = rules.request_headers(given_headers)
    assert not {name for name, _ in passed} & rules.REQUEST_HEADERS_DROPPED
    assert {b"cookie", b"authorization", b"transfer-encoding", b"connection"} <= rules.REQUEST_HEADERS_DROPPED


def test_headers_that_connection_names_are_dropped() -> None:
    passed = rules.request_headers([(b"connection", b"close, X-Secret"), (b"x-secret", b"1"), (b"accept", b"*/*")])
    assert passed == [(b"accept", b"*/*")]


@given(headers)
def test_answers_carry_only_known_headers_and_are_fenced_in(given_headers: list[tuple[bytes, bytes]]) -> None:
    passed = rules.response_headers(given_headers)
    assert passed[-len(rules.ISOLATING_HEADERS) :] == list(rules.ISOLATING_HEADERS)
    inner = {name for name, _ in passed[: -len(rules.ISOLATING_HEADERS)]}
    assert inner <= rules.RESPONSE_HEADERS_KEPT
    assert not inner & {b"set-cookie", b"content-security-policy", b"location", b"refresh", b"link"}


def test_set_cookie_is_dropped_however_it_is_written() -> None:
    passed = rules.response_headers([(b"Set-Cookie", b"a=b"), (b"CONTENT-TYPE", b"text/html")])
    assert (b"content-type", b"text/html") in passed
    assert all(b"cookie" not in name for name, _ in passed)


def test_the_version_before_answers_until_the_wanted_one_is_ready() -> None:
    assert rules.answering_version(2, 1, {1}) == 1
    assert rules.answering_version(2, 1, {1, 2}) == 2
    assert rules.answering_version(2, 1, set()) == 2
    assert rules.answering_version(2, None, set()) == 2


def test_idle_replicas_go_and_busy_or_warm_ones_stay() -> None:
    idle, busy = standing(1, idle=2 * HOUR), standing(1, idle=2 * HOUR, busy=1)
    assert rules.to_stop([idle], [wish(1)], now=NOW) == [idle.id]
    assert rules.to_stop([busy], [wish(1)], now=NOW) == []
    assert rules.to_stop([idle], [wish(1, warm=1)], now=NOW) == []
    assert rules.to_stop([standing(1, idle=HOUR / 2)], [wish(1)], now=NOW) == []


def test_what_nothing_points_at_goes_after_a_moment() -> None:
    old = standing(1, idle=rules.DRAIN * 2)
    assert rules.to_stop([old], [], now=NOW) == [old.id]
    assert rules.to_stop([standing(1, idle=rules.DRAIN / 2)], [], now=NOW) == []


def test_a_version_stays_while_the_one_that_follows_is_not_ready() -> None:
    old = standing(1, idle=rules.DRAIN * 2)
    assert rules.to_stop([old], [wish(2, previous=1)], now=NOW) == []
    assert rules.to_stop([old, standing(2)], [wish(2, previous=1)], now=NOW) == [old.id]


def test_scaling_down_lets_the_surplus_go_at_once() -> None:
    used, less_used = standing(1), standing(1, idle=timedelta(seconds=1))
    assert rules.to_stop([less_used, used], [wish(1, warm=1, most=1)], now=NOW) == [less_used.id]
    assert rules.to_stop([less_used, used], [wish(1, warm=2, most=2)], now=NOW) == []


@given(st.lists(st.booleans(), max_size=6), st.integers(0, 6))
def test_what_is_missing_of_the_warm_is_started_and_no_more(readies: list[bool], warm: int) -> None:
    there = [standing(1, ready=ready) for ready in readies]
    assert len(rules.to_start(there, [wish(1, warm=warm, most=warm)])) == max(0, warm - len(there))


@given(st.lists(st.integers(0, 100), max_size=8), st.integers(0, 4), st.integers(0, 4))
def test_stopping_and_starting_do_not_fight(idle_minutes: list[int], warm: int, more: int) -> None:
    there = [standing(1, idle=timedelta(minutes=m)) for m in idle_minutes]
    wishes = [wish(1, warm=warm, most=max(warm, 1) + more)]
    going = rules.to_stop(there, wishes, now=NOW)
    left = [replica for replica in there if replica.id not in going]
    assert len(left) >= min(warm, len(there))
    if going:
        assert rules.to_start(left, wishes) == []


def test_moving_an_alias_starts_the_new_version_beside_the_one_that_runs() -> None:
    key = (wish(2).repository_id, 2)
    assert rules.to_start([standing(1)], [wish(2, previous=1)]) == [(key, Claim.ALIAS)]
    assert rules.to_start([standing(1)], [wish(2, previous=1, warm=2, most=2)]) == [(key, Claim.ALIAS)] * 2
    assert rules.to_start([standing(1), standing(2)], [wish(2, previous=1, warm=2, most=2)]) == [(key, Claim.UNASKED)]
    assert rules.to_start([standing(1), standing(2)], [wish(2, previous=1)]) == []
    assert rules.to_start([], [wish(2, previous=1)]) == []


@pytest.mark.parametrize(
    ("changes", "version", "before"),
    [
        ([("deploy", 1)], 1, None),
        ([("deploy", 1), ("deploy", 2)], 2, 1),
        ([("deploy", 1), ("deploy", 2), ("set", 3)], 3, 2),
        ([("deploy", 1), ("deploy", 2), ("set", 3), ("rollback", 2)], 2, 1),
        ([("deploy", 1), ("deploy", 2), ("rollback", 1)], 1, None),
        ([("deploy", 1), ("deploy", 2), ("rollback", 1), ("deploy", 3)], 3, 1),
        ([("deploy", 1), ("remove", None), ("deploy", 2)], 2, 1),
        ([], 1, None),
    ],
)
def test_rolling_back_undoes_one_step_each_time(
    changes: list[tuple[str, int | None]], version: int, before: int | None
) -> None:
    assert rules.version_before(changes, version) == before


def test_a_version_that_does_not_start_is_tried_less_and_less() -> None:
    pauses = [rules.pause_after(count) for count in range(1, 40)]
    assert pauses == sorted(pauses)
    assert pauses[0] == rules.BACKOFF
    assert pauses[-1] == rules.BACKOFF_MAX


OLD, ALIASED, WARM = 1, 2, 3
WISHES = [wish(ALIASED), wish(WARM, warm=1)]


def evicted(claim: Claim, *replicas: Standing, wishes: Sequence[Wish] = WISHES) -> int | None:
    """The version of the replica that goes."""
    going = rules.to_evict(replicas, wishes, claim=claim)
    return next((replica.version for replica in replicas if replica.id == going), None)


@pytest.mark.parametrize("claim", list(Claim))
def test_what_nothing_points_at_makes_room_first(claim: Claim) -> None:
    long_idle = standing(ALIASED, idle=HOUR), standing(WARM, idle=HOUR)
    assert evicted(claim, *long_idle, standing(OLD)) == OLD
    assert evicted(claim, *long_idle, standing(OLD, busy=1)) in (None, ALIASED)


def test_only_an_alias_puts_out_an_alias_and_nothing_what_is_kept_warm() -> None:
    both = standing(ALIASED), standing(WARM, idle=HOUR)
    assert [evicted(claim, *both) for claim in Claim] == [None, None, ALIASED]
    assert [evicted(claim, both[1]) for claim in Claim] == [None, None, None]
    assert [evicted(claim, *both, standing(WARM)) for claim in Claim] == [None, None, WARM]


def test_what_stands_in_for_a_version_that_is_not_ready_is_kept_like_it() -> None:
    moved = [wish(WARM, warm=1, previous=OLD)]
    assert [evicted(claim, standing(OLD), wishes=moved) for claim in Claim] == [None, None, None]
    assert evicted(Claim.VERSION, standing(OLD), standing(WARM), wishes=moved) == OLD
