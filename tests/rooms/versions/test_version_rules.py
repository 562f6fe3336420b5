"""What a version may become, what its events say, and why a check failed."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.rooms.runs.ports import Limits
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import Purpose, Run
from modelyard.rooms.versions import rules
from modelyard.rooms.versions.errors import VersionStateInvalid
from modelyard.rooms.versions.rules import Event, StageState, VersionState

AT = datetime(2026, 1, 1, tzinfo=UTC)


def failed(**fields: Any) -> Run:
    nothing = {"isolation": None, "exit_code": 1, "reason": None, "result": None, "cpu_seconds": None}
    times = {"memory_peak_bytes": None, "created_at": AT, "started_at": AT, "ended_at": AT}
    whose = {"id": uuid4(), "repository_id": uuid4(), "version": 1, "purpose": Purpose.CHECK, "attempt": 1}
    told = {"repository": "ada/r", "title": "", "image_digest": f"sha256:{'0' * 64}"}
    empty = dict.fromkeys(("progress", "progress_text", "experiment_id"))
    return Run(**{"state": RunState.FAILED} | whose | nothing | times | told | empty | fields)


def test_a_ready_version_stays_ready_and_a_failed_one_is_queued_again() -> None:
    for wanted in VersionState:
        with pytest.raises(VersionStateInvalid):
            rules.require_step(VersionState.READY, wanted)
    rules.require_step(VersionState.FAILED, VersionState.QUEUED)
    rules.require_step(VersionState.BUILDING, VersionState.BUILDING)
    assert set(rules.NEXT) == set(VersionState)


def test_stages_are_those_of_the_present_attempt() -> None:
    events = [
        Event(1, 1, "base", "complete", "", AT),
        Event(2, 1, "lock", "failed", "no such package", AT),
        Event(3, 2, "base", "running", "looking", AT),
        Event(4, 2, "base", "log", "a line", AT),
        Event(5, 2, "elsewhere", "running", "", AT),
    ]
    stages = {s.name: s for s in rules.stages_of(events, attempt=2)}
    assert tuple(stages) == rules.STAGES
    assert (stages["base"].state, stages["base"].text) == (StageState.RUNNING, "looking")
    assert stages["lock"].state is StageState.WAITING
    first = {s.name: s.state for s in rules.stages_of(events, attempt=1)}
    assert first["lock"] is StageState.FAILED


states = st.sampled_from([*[s.value for s in StageState], "log"])
names = st.sampled_from([*rules.STAGES, "other"])


@given(st.lists(st.builds(Event, st.integers(1), st.integers(1, 2), names, states, st.text(), st.just(AT))))
def test_no_story_breaks_the_stages(events: list[Event]) -> None:
    stages = rules.stages_of(events, attempt=1)
    assert [s.name for s in stages] == list(rules.STAGES)
    assert all((s.ended_at is None) == (s.state in (StageState.WAITING, StageState.RUNNING)) for s in stages)


def test_a_project_asks_for_bounds_time_and_network() -> None:
    asked = {"resources": {"memory_bytes": 5, "cpus": 0.5, "timeout_seconds": 3.0, "network": True}}
    assert rules.limits_of(asked) == Limits(memory_bytes=5, cpus=0.5)
    assert rules.check_timeout(asked) == 3.0
    assert rules.wants_network(asked)
    for nothing in ({}, {"resources": None}, {"resources": {}}):
        assert rules.limits_of(nothing) == Limits()
        assert rules.check_timeout(nothing) == rules.CHECK_TIMEOUT_S
        assert not rules.wants_network(nothing)


@pytest.mark.parametrize(
    ("run", "said", "remedy"),
    [
        (failed(result={"reason": "No module named 'x'", "remedy": "Add x."}), "No module named 'x'", "Add x."),
        (failed(result={"reason": "a worker died"}, reason="out of memory"), "out of memory", "memory"),
        (failed(reason="did not end within 3 s"), "did not end within 3 s", "Mend"),
        (failed(exit_code=139), "139", "Mend"),
        (failed(result={"reason": ["odd"], "remedy": 5}), "odd", "5"),
    ],
)
def test_a_failed_check_says_why_and_what_to_do(run: Run, said: str, remedy: str) -> None:
    error = rules.failure_of(run)
    assert said in error.detail
    assert remedy in error.remedy
