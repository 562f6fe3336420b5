"""Days, months, meters and hours."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.rooms.usage import rules
from modelyard.rooms.usage.errors import PeriodInvalid

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(MOMENTS)
def test_a_month_begins_at_or_before_now_and_is_over_when_it_renews(now: datetime) -> None:
    first, renewal = rules.month_of(now), rules.renewal(now)
    assert first.day == 1
    assert first <= now.date() < renewal.date()
    assert rules.month_of(renewal - timedelta(seconds=1)) == first
    assert rules.month_of(renewal) == renewal.date()


def test_a_day_is_one_of_utc() -> None:
    assert rules.day_of(datetime(2026, 11, 21, 1, tzinfo=timezone(timedelta(hours=2)))) == date(2026, 11, 20)


def test_the_period_is_the_month_so_far_unless_said_otherwise() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert rules.period(None, None, now=now) == (date(2026, 11, 1), date(2026, 11, 21))
    assert rules.period(None, date(2026, 2, 5), now=now) == (date(2026, 2, 1), date(2026, 2, 5))
    assert rules.period(date(2026, 3, 3), None, now=now) == (date(2026, 3, 3), date(2026, 11, 21))
    with pytest.raises(PeriodInvalid):
        rules.period(date(2026, 12, 1), None, now=now)


@pytest.mark.parametrize("day", [date.min, date(2026, 11, 21), date.max])
def test_moments_of_any_day(day: date) -> None:
    first, end = rules.moments(day, day)
    assert first.date() == day
    assert first < end


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_a_meter_that_begins_anew_loses_nothing_it_says(steps: list[float]) -> None:
    stood, counted = None, 0.0
    for step in steps:
        now = 0.0 + step if stood is None else stood + step
        counted += rules.grown(stood, now)
        stood = now
    assert counted == pytest.approx(sum(steps))
    assert rules.grown(5.0, 3.0) == 3.0


@given(MOMENTS, st.integers(0, 100_000))
def test_whole_hours_are_each_one_once(after: datetime, seconds: int) -> None:
    now = after + timedelta(seconds=seconds)
    middle = after + timedelta(seconds=seconds // 2)
    hours = rules.whole_hours(after, now)
    assert hours == sorted(set(hours))
    assert all(after < hour <= now and hour.minute == hour.second == 0 for hour in hours)
    assert rules.whole_hours(after, middle) + rules.whole_hours(middle, now) == hours
