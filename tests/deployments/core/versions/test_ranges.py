"""NuGet ranges, floating versions and best matches. variables-and-versions.md 7.1."""

from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deployments.core.versions import (
    InvalidRange,
    Range,
    best_match,
    compare,
    float_satisfies,
    in_range,
    parse_float,
    parse_range,
    ranges_equal,
)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("1.0", "1.0 1.0.0 2 1.0.1-a", "0.9 1.0-alpha"),
        ("[1.0]", "1.0 1.0.0.0 1+meta", "1.0.1 1.0-a"),
        ("[1.0,2.0)", "1.0 1.9 2.0-beta", "2.0 1.0-a"),
        ("(1.0,)", "1.0.0.1 9", "1.0"),
        ("(,1.0]", "0 1.0 1.0-a", "1.0.1"),
        ("[2.0.0-alpha.1,2.0.0)", "2.0.0-alpha.1 2.0.0-ALPHA.2 2.0.0-beta", "2.0.0-alpha 2.0.0"),
        (" [ 1.0 , 2.0 ] ", "1.0 2.0", "2.1"),
        ("[1.2.0)", "", "1.2.0 1.2"),
        ("[1.0.*, 2.0.0)", "1.0.0 1.7", "2.0.0"),
    ],
)
def test_ranges_hold_what_lies_between_their_bounds(text, inside, outside):
    assert [version for version in inside.split() if not in_range(version, text)] == []
    assert [version for version in outside.split() if in_range(version, text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "(,)",
        "[]",
        "[,)",
        "[-1,2]",
        "1.3..2",
        "1.2.3.4.5",
        "1.*.0",
        "[1.0,2.*]",
        "[*]",
        "1.0*",
        ">=1.0",
        "~1.0",
        "^1.0",
        "(1,2,3)",
        "",
        " ",
        "[",
        "[1.0",
        "1.0]",
        "1.0.0.0.*",
        "1" * 300,
    ],
)
def test_what_is_no_range_is_refused(text):
    with pytest.raises(InvalidRange, match="is not a version range"):
        parse_range(text)


def nuget_range(text: str) -> Range:
    found = parse_range(text)
    assert isinstance(found, Range)
    return found


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("[1,2)", "[1.0.0, 2.0.0)"),
        ("1.0", "[1.0.0, )"),
        ("(,1.0]", "(, 1.0.0]"),
        ("1.0.*", "[1.0.*, )"),
        ("1.0.0-beta*", "[1.0.0-beta*, )"),
    ],
)
def test_ranges_have_a_normal_form(text, normal):
    assert nuget_range(text).normalized == normal


@pytest.mark.parametrize(
    ("text", "pretty"),
    [
        ("1.0", "(>= 1.0.0)"),
        ("[1.0]", "(= 1.0.0)"),
        ("(1.0,2.0]", "(> 1.0.0 && <= 2.0.0)"),
        ("(,2.0)", "(< 2.0.0)"),
    ],
)
def test_ranges_can_be_told_to_people(text, pretty):
    assert nuget_range(text).pretty == pretty


@pytest.mark.parametrize(
    ("text", "lower", "behaviour"),
    [
        ("*", "0.0.0", "major"),
        ("1.*", "1.0.0", "minor"),
        ("1.0.*", "1.0.0", "patch"),
        ("1.0.0.*", "1.0.0", "revision"),
        ("1.0.0-*", "1.0.0-0", "prerelease"),
        ("1.0.0-beta*", "1.0.0-beta", "prerelease"),
        ("1.0.0-beta.*", "1.0.0-beta.0", "prerelease"),
        ("1.0.0-beta-*", "1.0.0-beta-0", "prerelease"),
        ("1.0.0", "1.0.0", "none"),
    ],
)
def test_a_star_floats_the_part_it_stands_for(text, lower, behaviour):
    floating = parse_float(text)

    assert (floating.lower.normalized, floating.float_behaviour) == (lower, behaviour)


@pytest.mark.parametrize(
    ("text", "version", "satisfied"),
    [
        ("1.0.0-*", "1.0.0-alpha", True),
        ("1.0.0-*", "1.0.0", True),
        ("1.0.0-*", "1.0.1-alpha", False),
        ("1.0.0-beta*", "1.0.0-Beta7", True),
        ("1.*", "1.9.3", True),
        ("1.*", "1.9.3-a", False),
        ("1.*", "2.0", False),
        ("1.0", "1.0.0", True),
    ],
)
def test_a_floating_version_takes_what_lies_within_its_prefix(text, version, satisfied):
    assert float_satisfies(text, version) == satisfied


@pytest.mark.parametrize(
    ("text", "versions", "best"),
    [
        ("1.0", "1.5 1.1 0.9", "1.1"),
        ("1.0.*", "1.0.1 1.0.7 1.1 1.0.9-rc", "1.0.7"),
        ("1.*", "0.1 2.5 2.0", "2.0"),
        ("1.0.0-*", "1.0.0-alpha 1.0.0-beta 2.0", "1.0.0-beta"),
        ("[1.0.*, 2.0.0)", "2.0.0 1.0.0-a", None),
    ],
)
def test_the_best_match_is_the_highest_within_a_star_and_else_the_lowest(text, versions, best):
    assert best_match(text, versions.split()) == best


def test_ranges_are_equal_by_meaning():
    assert ranges_equal("[1,2)", "[ 1.0.0 , 2.0+meta )")
    assert not ranges_equal("[1,2)", "[1,2]")
    assert not ranges_equal("1.0.*", "1.0.0")


# --- for any range ---------------------------------------------------------------------------------------

version = st.from_regex(r"[0-3](\.[0-3]){0,3}(-(a|b|1|2)(\.[0-3])?)?", fullmatch=True)
bound = st.none() | version


@given(bound, bound, st.booleans(), st.booleans(), version)
def test_membership_is_two_comparisons(lower, upper, with_lower, with_upper, candidate):
    assume(lower or upper)
    text = f"{'(['[with_lower]}{lower or ''},{upper or ''}{')]'[with_upper]}"

    above = lower is None or compare(candidate, lower, "nuget") > -with_lower
    below = upper is None or compare(candidate, upper, "nuget") < with_upper

    assert in_range(candidate, text) == (above and below)


@given(bound, bound, st.booleans(), st.booleans())
def test_the_normal_form_means_the_same_range(lower, upper, with_lower, with_upper):
    assume(lower or upper)
    text = f"{'(['[with_lower]}{lower or ''},{upper or ''}{')]'[with_upper]}"

    assert ranges_equal(nuget_range(text).normalized, text)


@given(st.text(st.sampled_from("[](),.*-+ 019ab"), max_size=30))
def test_any_text_is_a_range_or_refused(text):
    for format in ("nuget", "maven"):
        with suppress(InvalidRange):
            parse_range(text, format)
