"""Times and durations in the words of ui.md 4.10."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from octoplat.ui import times

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=10), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=5, minutes=10), "5 h ago"),
        (-timedelta(minutes=90), "in 2 h"),
        (-timedelta(seconds=5), "in a moment"),
        (timedelta(days=1), ""),
    ],
)
def test_the_last_and_next_day_are_told_relatively(distance, words):
    assert times.relative(NOW - distance, NOW) == words


def test_what_is_further_away_is_told_by_date():
    assert times.short(NOW - timedelta(days=3), NOW) == "21 Nov, 12:00"
    assert times.short(NOW - timedelta(days=400), NOW) == "20 Oct 2025"


def test_the_exact_time_names_the_readers_zone():
    with timezone.override("Europe/Oslo"):
        assert times.absolute(NOW) == "Tue 24 Nov 2026, 13:00:00 CET"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (134, "2 m 14 s"), (3900, "1 h 5 m"), (187_200, "2 d 4 h")],
)
def test_durations_show_their_two_largest_units(seconds, words):
    assert times.duration(timedelta(seconds=seconds)) == words
