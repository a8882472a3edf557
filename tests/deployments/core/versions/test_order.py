"""How versions compare, per format. variables-and-versions.md 6."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.versions import InvalidVersion, compare, key, parse

RISING = {
    "semver": "1.0.0-1 1.0.0-2 1.0.0-11 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 "
    "1.0.0-beta.11 1.0.0-rc 1.0.0 1.0.0.1 1.0.1 1.10 2",
    "octopus": "0.0.0-z 1.0.0-2 1.0.0-alpha_1 1.0.0-alpha.2 1.0.0 1.0.0.1",
    "docker": "latest 1.0.0-rc 1.0.0 1.0.1",
    "maven": "1-alpha 1-alpha-1 1-beta 1-milestone 1-rc 1-snapshot 1 1-sp 1-abc 1-xyz 1-1 1-2 1.1 "
    "1.2-a1 1.2-beta-2 1.2 1.10",
    "lexicographic": "10 100 9 branch.1 branch_2 branch-3",
}
SAME = {
    "semver": ["1 1.0 1.0.0 1.0.0.0 v1 1+meta", "1.1 1.01", "1-alpha 1.0-Alpha 1-ALPHA+x"],
    "nuget": ["1 1.0 1.0.0.0+x", "1-b 1.0-B"],
    "semver-strict": ["1.0.0 1.0.0+x"],
    "octopus": ["1.0-prerelease-1 1.0-prerelease.1 1.0-prerelease_1 1-PRERELEASE\\1", "1 v1.0+m"],
    "docker": ["latest latest", "1.0-a 1.0-A"],
    "maven": [
        "1 1.0 1-0 1.ga 1-final 1.0.0-RELEASE",
        "1-rc 1-cr 1.cr",
        "1-a1 1-alpha1 1-alpha-1 1.0-ALPHA-1",
        "1-m3 1-milestone-3",
    ],
    "lexicographic": ["a-1 a.1 a_1 a-1+meta"],
}


@pytest.mark.parametrize("format", RISING)
def test_versions_rise(format):
    for lower, higher in pairwise(RISING[format].split()):
        assert compare(lower, higher, format) < 0, (lower, higher)
        assert compare(higher, lower, format) > 0, (lower, higher)


@pytest.mark.parametrize(
    ("format", "texts"), [(format, texts) for format, rows in SAME.items() for texts in rows]
)
def test_versions_are_equal_by_value(format, texts):
    assert len({key(text, format) for text in texts.split()}) == 1


def test_latest_equals_only_itself():
    assert compare("latest", "0.0.0-latest", "docker") != 0


# --- for any versions ------------------------------------------------------------------------------------

numbers = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(
    lambda values: ".".join(map(str, values))
)
label = st.sampled_from(["0", "1", "10", "2", "a", "A", "a1", "alpha", "beta", "rc", "x-y", "01"])
tail = st.lists(label, max_size=3).map(".".join)
semantic = st.builds(lambda n, pre: f"{n}-{pre}" if pre else n, numbers, tail)
loose = st.lists(
    st.sampled_from([*"0127.-_", "a", "alpha", "final", "sp", "rc", "snapshot", "B", "10"]),
    min_size=1,
    max_size=8,
).map("".join)
TEXTS = {
    "semver": semantic,
    "nuget": semantic,
    "semver-strict": st.from_regex(
        r"[0-3]\.[0-3]\.[0-3](-(0|[1-9a][0-9a]?)(\.[0-9a])?)?", fullmatch=True
    ),
    "octopus": semantic | loose,
    "docker": semantic | loose | st.just("latest"),
    "maven": semantic | loose,
    "lexicographic": loose.map(lambda text: f"b{text}"),
}
triples = st.sampled_from(sorted(TEXTS)).flatmap(
    lambda format: st.tuples(st.just(format), *[TEXTS[format]] * 3)
)


@given(triples)
def test_the_order_is_total_and_the_key_agrees(triple):
    format, a, b, c = triple

    assert compare(a, b, format) == -compare(b, a, format)
    assert (compare(a, b, format) == 0) == (key(a, format) == key(b, format))
    assert hash(key(a, format)) == hash(key(a, format))
    if compare(a, b, format) <= 0 and compare(b, c, format) <= 0:
        assert compare(a, c, format) <= 0


@given(semantic, semantic)
def test_the_text_for_a_database_column_sorts_as_versions_compare(a, b):
    texts = parse(a, "semver").sort_text, parse(b, "semver").sort_text

    assert compare(a, b, "semver") == (texts[0] > texts[1]) - (texts[0] < texts[1])


@given(st.text(max_size=300), st.sampled_from(sorted(TEXTS)))
def test_any_text_is_read_or_refused(text, format):
    with suppress(InvalidVersion):
        key(text, format)


def test_a_version_of_many_parts_is_compared_without_recursion():
    assert compare("1x" * 127, "1x" * 126, "maven") > 0
