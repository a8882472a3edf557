"""Variables of version templates and what masks count on from. domain.md 16.1."""

from datetime import UTC, datetime

import pytest

from deployments.core.versions.strategy import counted_from, version_variables

NOW = datetime(2026, 3, 1, 9, 5, 7, tzinfo=UTC)


def test_the_project_and_its_channels_count_apart():
    known = version_variables(NOW, "3.4.5-rc.1", channel="Beta", last_in={"Beta": "1.2"})

    assert known["Octopus.Version.LastMajor"] == "3"
    assert known["Octopus.Version.NextPatch"] == "6"
    assert known["Octopus.Version.LastSuffix"] == "rc.1"
    assert known["Octopus.Version.Channel.NextMinor"] == "3"
    assert known["Octopus.Version.Channel[Beta].LastMajor"] == "1"
    assert known["Octopus.Release.Channel.Name"] == "Beta"
    assert known["Octopus.Date.DayOfYear"] == "60"
    assert known["Octopus.Time.Second"] == "7"


def test_a_channel_without_releases_starts_at_nothing():
    known = version_variables(NOW, "3.4.5", channel="Beta", last_in={"Default": "3.4.5"})

    assert known["Octopus.Version.Channel.LastMajor"] == "0"


@pytest.mark.parametrize(
    ("mask", "newest", "recent", "expected"),
    [
        ("2.1.i", "3.0.0", ["3.0.0", "2.1.4", "2.1.10"], "2.1.10"),
        ("2.1.i", "2.1.7", ["2.1.4"], "2.1.7"),
        ("4.0.i", "3.0.0", ["3.0.0"], None),
        ("i.0.0", None, [], None),
    ],
)
def test_a_mask_counts_on_from_the_highest_version_it_fits(mask, newest, recent, expected):
    assert counted_from(mask, newest, recent) == expected
