"""The measures of domain.md 28, on plain rows."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.metrics import (
    FEWEST,
    Finished,
    bars,
    is_failure,
    measure,
    restore_times,
    spread,
    starts_of_parts,
)
from deployments.core.states import TaskState

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHOP, BLOG = (1, 1, None), (2, 1, None)


def row(hours: float, *, failed: bool = False, place=SHOP, **given) -> Finished:
    return Finished(place=place, at=NOON + hours * HOUR, is_failure=failed, **given)


@pytest.mark.parametrize(
    ("state", "encountered", "failed"),
    [
        (TaskState.SUCCESS, False, False),
        (TaskState.SUCCESS, True, True),
        (TaskState.FAILED, False, True),
        (TaskState.FAILED, True, True),
    ],
)
def test_a_success_after_a_failure_on_the_way_counts_as_failed(state, encountered, failed):
    assert is_failure(state, failure_encountered=encountered) is failed


def test_frequency_counts_successes_and_the_rate_what_failed_of_all_that_finished():
    found = measure([row(0), row(1), row(2, failed=True), row(3)])

    assert (found.successes, found.failures, found.failure_rate) == (3, 1, 0.25)


def test_of_nothing_there_is_no_rate():
    assert measure([]).failure_rate is None


def test_lead_time_runs_from_the_earliest_release_to_a_success():
    rows = [row(hour, began=NOON - HOUR) for hour in range(FEWEST)]

    lead = measure([*rows, row(9, failed=True, began=NOON - 99 * HOUR), row(10)]).lead_time

    assert lead is not None
    assert (lead.count, lead.middle, lead.most) == (5, 3 * HOUR, 5 * HOUR)


def test_time_to_restore_ends_with_the_next_success_in_the_same_place():
    rows = [
        row(0, failed=True),
        row(1, failed=True, place=BLOG),
        row(2),
        row(3),
        row(5, failed=True),
        row(6, failed=True),
        row(9),
        row(10, place=BLOG, failed=True),
    ]

    assert restore_times(rows) == [2 * HOUR, 4 * HOUR, 3 * HOUR]


def test_durations_are_told_with_and_without_waiting():
    rows = [row(n, duration=3 * HOUR, waited=2 * HOUR, queued=HOUR) for n in range(FEWEST)]

    found = measure(rows)

    spreads = (found.duration, found.duration_without_waiting, found.queue_time)
    assert [shown and shown.middle for shown in spreads] == [3 * HOUR, HOUR, HOUR]


def test_fewer_than_five_values_say_nothing():
    assert spread([HOUR] * (FEWEST - 1)) is None
    assert spread([HOUR] * FEWEST) is not None


@given(st.lists(st.integers(0, 10**6), min_size=FEWEST))
def test_nine_of_ten_stay_below_the_second_number(seconds):
    found = spread([timedelta(seconds=value) for value in seconds])

    assert found is not None
    within = [value for value in seconds if timedelta(seconds=value) <= found.most]
    assert len(within) >= 0.9 * len(seconds)
    assert found.middle <= found.most


def test_days_are_cut_in_the_readers_zone():
    oslo = datetime(2026, 3, 4, 0, 30, tzinfo=ZoneInfo("Europe/Oslo"))

    starts = starts_of_parts(oslo, 7)

    assert len(starts) == 7
    assert starts[-1].isoformat() == "2026-03-04T00:00:00+01:00"


def test_longer_periods_are_cut_into_weeks_that_begin_on_monday():
    starts = starts_of_parts(NOON, 30)

    assert {start.weekday() for start in starts} == {0}
    assert starts[0] <= NOON - timedelta(days=29)
    assert starts[-1] <= NOON < starts[-1] + timedelta(days=7)


def test_a_summer_time_change_moves_no_midnight():
    after = datetime(2026, 3, 31, 12, tzinfo=ZoneInfo("Europe/Oslo"))

    assert {start.hour for start in starts_of_parts(after, 7)} == {0}


def test_each_deployment_is_in_one_bar_and_none_from_before_the_period():
    starts = starts_of_parts(NOON, 7)
    rows = [row(-24 * 30), row(-24), row(-24, failed=True), row(0)]

    found = bars(rows, starts)

    assert [(bar.successes, bar.failures) for bar in found[-2:]] == [(1, 1), (1, 0)]
    assert sum(bar.successes + bar.failures for bar in found) == 3
