"""Maven ranges and coordinates. variables-and-versions.md 6.4, 7.2."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deployments.core.versions import (
    InvalidRange,
    MavenRange,
    compare,
    in_range,
    maven_coordinates,
    maven_package_id,
    parse_range,
)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("[1.0,)", "1.0 1.1-SNAPSHOT 2", "1.0-SNAPSHOT 0.9"),
        ("(,9.0.1)", "9.0.0.M22 8", "9.0.1 9.0.10.M27"),
        ("[1.0]", "1 1.0.0 1.0-final", "1.0.1"),
        ("(,1.0],[1.2,)", "0.9 1.0 1.2", "1.1"),
        ("[2.0.0-alpha.1,2.0.0]", "2.0.0.alpha.1 2.0.0.beta1", "2.0.0-alpha.0 2.0.1"),
        ("1.0", "0.1 1.0 7", ""),
    ],
)
def test_ranges_hold_what_lies_between_their_bounds(text, inside, outside):
    assert [version for version in inside.split() if not in_range(version, text, "maven")] == []
    assert [version for version in outside.split() if in_range(version, text, "maven")] == []


@pytest.mark.parametrize(
    "text",
    [
        "(1.0)",
        "[1.0)",
        "(1.0,1.0]",
        "[1.1,1.0]",
        "[1.0,1.2),1.3",
        "1.0,[1.2,)",
        "[1.0,1.2],[1.1,2]",
        "[1,2],[2,3]",
        "[1,],[2,]",
        "[1,2,3]",
        "[]",
        "[1",
        "",
        "1" * 300,
    ],
)
def test_what_is_no_range_is_refused(text):
    with pytest.raises(InvalidRange):
        parse_range(text, "maven")


def test_a_bare_version_only_recommends():
    recommended = parse_range("1.5", "maven")

    assert isinstance(recommended, MavenRange)
    assert (recommended.recommended, recommended.restrictions) == ("1.5", ())


version = st.from_regex(r"[0-3](\.[0-3]){0,2}(-(alpha|rc|sp|1|x)(-[12])?)?", fullmatch=True)
bound = st.none() | version


@given(bound, bound, st.booleans(), st.booleans(), version)
def test_membership_is_two_comparisons(lower, upper, with_lower, with_upper, candidate):
    assume(not (lower and upper) or compare(lower, upper, "maven") < 0)
    text = f"{'(['[with_lower]}{lower or ''},{upper or ''}{')]'[with_upper]}"

    above = lower is None or compare(candidate, lower, "maven") > -with_lower
    below = upper is None or compare(candidate, upper, "maven") < with_upper

    assert in_range(candidate, text, "maven") == (above and below)


def test_coordinates_name_group_artifact_version_packaging_and_classifier():
    full = maven_coordinates("org.shop:web:1.0:war:sources")

    assert (full.group, full.artifact, full.version) == ("org.shop", "web", "1.0")
    assert (full.packaging, full.classifier) == ("war", "sources")


def test_a_package_id_leaves_the_version_out():
    package = maven_package_id("org.shop:web:war", version="1.0")

    assert (package.artifact, package.version, package.packaging) == ("web", "1.0", "war")


@pytest.mark.parametrize("text", ["web", ":web", "org:", "a:b:c:d:e:f"])
def test_an_incomplete_name_is_refused(text):
    with pytest.raises(ValueError, match="group:artifact"):
        maven_coordinates(text)
