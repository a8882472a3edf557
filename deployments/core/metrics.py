"""How often, how fast and how safely deployments go, from plain rows. domain.md 28.

A deployment counts as failed when it Failed, or ended as Success after a failure on the way; cancelled
ones do not count at all.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median

from deployments.core.states import TaskState

FEWEST = 5  # values below which a median says nothing
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
Place = tuple[int, int, int | None]


@dataclass(frozen=True)
class Finished:
    """One deployment that ended as Success or Failed.

    place: project, environment, tenant. began: when the earliest release that it was first to bring there
    was created; None: it brought nothing new. waited: for people. queued: from when it was due to its start.
    """

    place: Place
    at: datetime
    is_failure: bool
    began: datetime | None = None
    duration: timedelta = timedelta()
    waited: timedelta = timedelta()
    queued: timedelta = timedelta()


@dataclass(frozen=True)
class Spread:
    """The middle of some times, and what nine of ten stay below. count: of how many values."""

    count: int
    middle: timedelta
    most: timedelta


@dataclass(frozen=True)
class Measures:
    """What a period looked like. None: too few values, or nothing that could fail."""

    successes: int
    failures: int
    failure_rate: float | None
    lead_time: Spread | None
    time_to_restore: Spread | None
    duration: Spread | None
    duration_without_waiting: Spread | None
    queue_time: Spread | None


@dataclass(frozen=True)
class Bar:
    """One day or week of a chart."""

    start: datetime
    successes: int
    failures: int


def is_failure(state: TaskState, *, failure_encountered: bool) -> bool:
    return state == TaskState.FAILED or failure_encountered


def measure(finished: Sequence[Finished]) -> Measures:
    """The measures of all these deployments together."""
    good = [row for row in finished if not row.is_failure]
    failures = len(finished) - len(good)
    return Measures(
        successes=len(good),
        failures=failures,
        failure_rate=failures / len(finished) if finished else None,
        lead_time=spread([row.at - row.began for row in good if row.began]),
        time_to_restore=spread(restore_times(finished)),
        duration=spread([row.duration for row in finished]),
        duration_without_waiting=spread([row.duration - row.waited for row in finished]),
        queue_time=spread([row.queued for row in finished]),
    )


def spread(values: Sequence[timedelta]) -> Spread | None:
    """None for fewer than `FEWEST` values."""
    if len(values) < FEWEST:
        return None
    in_order = sorted(values)
    nine_of_ten = in_order[ceil(len(in_order) * 0.9) - 1]
    seconds = median(value.total_seconds() for value in in_order)
    return Spread(len(in_order), timedelta(seconds=seconds), nine_of_ten)


def restore_times(finished: Iterable[Finished]) -> list[timedelta]:
    """From the end of each failure to the next success in the same place; a failure that nothing has
    followed yet has none."""
    by_place: dict[Place, list[Finished]] = defaultdict(list)
    for row in sorted(finished, key=lambda row: row.at):
        by_place[row.place].append(row)
    return [time for rows in by_place.values() for time in _restored(rows)]


def _restored(rows: Sequence[Finished]) -> list[timedelta]:
    broken: list[datetime] = []
    times: list[timedelta] = []
    for row in rows:
        if row.is_failure:
            broken.append(row.at)
        else:
            times += [row.at - since for since in broken]
            broken = []
    return times


def bars(finished: Iterable[Finished], starts: Sequence[datetime]) -> list[Bar]:
    """How many went well and how many failed in each part of a period, which ends where the next starts."""
    counts = [[0, 0] for _ in starts]
    for row in finished:
        at = bisect_right(starts, row.at) - 1
        if at >= 0:
            counts[at][row.is_failure] += 1
    return [Bar(start, good, bad) for start, (good, bad) in zip(starts, counts, strict=True)]


def starts_of_parts(now: datetime, days: int) -> list[datetime]:
    """Where the parts of the last `days` days begin: days up to a fortnight, else weeks that begin on
    Monday. In the zone of `now`, which also cuts the days."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - (days - 1) * DAY
    if days <= 14:
        return [first + number * DAY for number in range(days)]
    monday = first - first.weekday() * DAY
    return [monday + number * WEEK for number in range((today - monday).days // 7 + 1)]
