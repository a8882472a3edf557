"""What a channel's rules let in, and which channel is chosen. domain.md 10."""

from dataclasses import dataclass

import pytest

from deployments.core.versions.channel_rules import (
    AmbiguousChannel,
    passes,
    select_channel,
    tag_of,
)


@pytest.mark.parametrize(
    ("version", "tag"),
    [
        ("1.0", ""),
        ("1.0-beta.1", "beta.1"),
        ("1.0-beta-1+sha-7", "beta-1+sha-7"),
        ("1.0+sha-7", "+sha-7"),
    ],
)
def test_a_tag_is_matched_against_what_follows_the_numbers(version, tag):
    assert tag_of(version) == tag


@pytest.mark.parametrize(
    ("tag", "accepted", "refused"),
    [
        ("^$", "1.0", "1.0-beta 1.0+sha 1.0-beta+sha"),
        (r"^(|\+.*)$", "1.0 1.0+sha", "1.0-beta 1.0-beta+sha"),
        (r"^[^\+].*", "1.0-beta 1.0-rc+sha", "1.0 1.0+sha"),
        (".+", "1.0-beta 1.0+sha", "1.0"),
        ("^beta", "1.0-beta.1 1.0-BETA", "1.0 1.0-rc.beta"),
        ("beta", "1.0-rc.beta 1.0+beta", "1.0 1.0-rc"),
        ("^(?!beta).+", "1.0-rc", "1.0 1.0-beta.1"),
        ("", "1.0 1.0-x+y", ""),
    ],
)
def test_the_usual_tags(tag, accepted, refused):
    assert [version for version in accepted.split() if not passes(version, "", tag).passes] == []
    assert [version for version in refused.split() if passes(version, "", tag).passes] == []


def test_all_parts_of_a_rule_must_hold():
    verdict = passes("2.0-beta", "[1.0,2.0)", "^$")

    assert (verdict.satisfies_range, verdict.satisfies_tag) == (True, False)
    assert not verdict.passes


@pytest.mark.parametrize(("feed_type", "accepted"), [("Maven", False), ("NuGet", True)])
def test_the_feed_decides_how_a_range_is_read(feed_type, accepted):
    assert passes("1.1", "(,1.0],[1.2,)", "", "Maven").errors == ()
    assert passes("1.0-xyz", "[0.9,1.0)", "", feed_type).passes == accepted


@pytest.mark.parametrize(
    ("version", "range", "tag", "message"),
    [
        ("1.0", "[1.0", "", "is not a version range"),
        ("1.0", "", "(", "is not a regular expression"),
        ("latest", "[1.0,)", "", "is not a semantic version"),
    ],
)
def test_what_cannot_be_judged_does_not_pass_and_says_why(version, range, tag, message):
    verdict = passes(version, range, tag)

    assert not verdict.passes
    assert message in " ".join(verdict.errors)


@pytest.mark.parametrize("tag", ["(a+)+$", "^(?!x)(a|aa)+$"])
def test_a_tag_that_backtracks_cannot_hang_the_server(tag):
    verdict = passes(f"1.0-{'a' * 200}.", "", tag)

    assert not verdict.passes


@dataclass(frozen=True)
class Channel:
    name: str
    rules: tuple[str, ...] = ()
    is_default: bool = False


DEFAULT, RULED_DEFAULT = Channel("Default", (), True), Channel("Default", ("rule",), True)
BETA, STABLE = Channel("Beta", ("rule",)), Channel("Stable", ("rule",))


@pytest.mark.parametrize(
    ("fitting", "chosen"),
    [
        ([], None),
        ([DEFAULT], DEFAULT),
        ([DEFAULT, BETA], BETA),
        ([RULED_DEFAULT, BETA], RULED_DEFAULT),
        ([DEFAULT, Channel("Other")], DEFAULT),
    ],
)
def test_channels_with_rules_come_first_then_the_default(fitting, chosen):
    assert select_channel(fitting) == chosen


def test_several_equal_channels_are_named_for_the_user_to_choose():
    with pytest.raises(AmbiguousChannel, match=r"\(Beta, Stable\)"):
        select_channel([DEFAULT, BETA, STABLE])
