"""What the text of a version says, per format. variables-and-versions.md 6."""

import pytest

from deployments.core.versions import InvalidVersion, Version, parse


def told(version: Version) -> tuple[object, ...]:
    return (version.numbers, version.prerelease, version.metadata)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", ((1, 0, 0, 0), "", "")),
        ("v1.2.3.4-beta.1+sha.5", ((1, 2, 3, 4), "beta.1", "sha.5")),
        (" 1.001.002 ", ((1, 1, 2, 0), "", "")),
        ("1. 2 .3-rc", ((1, 2, 3, 0), "rc", "")),
    ],
)
def test_semantic_versions_are_read_with_tolerance(text, expected):
    assert told(parse(text, "semver")) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v",
        "V1.0",
        "1 2.3",
        "1.2.3.4.5",
        "1..2",
        "1.0-",
        "1.0-a..b",
        "1.0-a_b",
        "1.0+",
        "1.*",
        "-beta",
    ],
)
def test_what_is_no_semantic_version_is_refused(text):
    with pytest.raises(InvalidVersion, match="is not a semantic version"):
        parse(text, "semver")


@pytest.mark.parametrize("text", ["1.2", "01.2.3", "1.2.3.4", "v1.2.3", " 1.2.3", "1.2.3-01"])
def test_strict_versions_allow_nothing_beside_semver_2(text):
    with pytest.raises(InvalidVersion):
        parse(text, "semver-strict")


def test_the_text_is_kept_and_the_normal_form_is_not():
    version = parse("1.001.0.0-Beta+meta", "nuget")

    assert version.original == "1.001.0.0-Beta+meta"
    assert version.normalized == "1.1.0-Beta"
    assert version.full == "1.1.0-Beta+meta"
    assert parse("1.0.0.7", "nuget").normalized == "1.0.0.7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("19.0.0.Final", ((19, 0, 0, 0), "Final", "")),
        ("latest", ((0, 0, 0, 0), "latest", "")),
        ("V1_x", ((1, 0, 0, 0), "x", "")),
        ("V 1.2", ((1, 2, 0, 0), "", "")),
        ("1-0-alpha", ((1, 0, 0, 0), "0-alpha", "")),
        ("vnext+b", ((0, 0, 0, 0), "vnext", "b")),
        ("1.2.3.4.5", ((1, 2, 3, 4), "5", "")),
        ("a\\b+c+d", ((0, 0, 0, 0), "a\\b", "c+d")),
    ],
)
def test_a_release_number_may_be_any_text_of_its_characters(text, expected):
    assert told(parse(text, "octopus")) == expected


@pytest.mark.parametrize(
    "text", [None, "", "  ", "a b", "1.0!", "1.0-ä", "1.2147483648", "x" * 256]
)
def test_what_cannot_be_a_release_number_is_refused(text):
    with pytest.raises(InvalidVersion):
        parse(text, "octopus")


@pytest.mark.parametrize(
    ("prerelease", "prefix", "counter"),
    [("alpha-a.b-c", "alpha", "a.b-c"), ("---RC", "", "--RC"), ("beta", "beta", ""), ("", "", "")],
)
def test_a_prerelease_has_a_prefix_and_a_counter(prerelease, prefix, counter):
    version = parse(f"1.0-{prerelease}", "octopus")

    assert (version.prerelease_prefix, version.prerelease_counter) == (prefix, counter)


def test_latest_is_no_prerelease_of_an_image():
    assert not parse("latest", "docker").is_prerelease
    assert parse("1.0.0-latest", "docker").is_prerelease


@pytest.mark.parametrize(
    ("text", "numbers", "prerelease", "is_prerelease"),
    [
        ("1.2.3-4", (1, 2, 3, 4), "", False),
        ("junk", (0, 0, 0, 0), "junk", False),
        ("19.0.0.Final", (19, 0, 0, 0), "Final", False),
        ("1.0-SNAPSHOT", (1, 0, 0, 0), "SNAPSHOT", True),
        ("1.0-M3", (1, 0, 0, 0), "M3", True),
        ("1.0-a", (1, 0, 0, 0), "a", False),
        ("1.0-release", (1, 0, 0, 0), "release", False),
        ("1.0-20260721093000", (1, 0, 0, 0), "20260721093000", False),
        ("20260721093000", (0, 0, 0, 0), "20260721093000", False),
    ],
)
def test_maven_versions_have_three_numbers_a_revision_or_a_qualifier(
    text, numbers, prerelease, is_prerelease
):
    version = parse(text, "maven")

    assert (version.numbers, version.prerelease) == (numbers, prerelease)
    assert version.is_prerelease == is_prerelease


@pytest.mark.parametrize("text", ["", "-a", "a b", "ä", "a!"])
def test_lexicographic_names_begin_with_a_letter_or_digit(text):
    with pytest.raises(InvalidVersion):
        parse(text, "lexicographic")


def test_lexicographic_names_have_no_numbers():
    assert told(parse("10-branch+7", "lexicographic")) == ((0, 0, 0, 0), "10-branch", "7")
