"""Patterns that the backtracking engine may be given."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.backtracking import BadPattern, compiled
from deployments.core.versions.channel_rules import passes


@pytest.mark.parametrize(
    "pattern",
    [
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?!x)",
        r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}",
        r"^(?!beta).{1,255}$",
        r"(\w+) \1",
    ],
)
def test_what_people_write_compiles(pattern):
    assert compiled(pattern).pattern == pattern


def test_case_is_ignored_on_request():
    assert compiled("^(?!x)beta", ignore_case=True).search("BETA")
    assert not compiled("^(?!x)beta").search("BETA")


HOSTILE = [
    "a{99999999}",
    "(?!x)a{99999999}b",
    "(?!x)(?:a{1000}){1000}",
    "(?!x)((a{1000}){1000}){1000}",
    "(?!x)" + "(?:" * 80 + "a" + "{999})" * 80,
    "(?!x)a{" + "9" * 5000 + "}",
    "(" * 5000,
    "(?!x)" + "(?:" * 3000 + "a" + ")" * 3000,
    "a" * 10_001 + "(?!x)",
]


@pytest.mark.parametrize("pattern", HOSTILE, ids=range(len(HOSTILE)))
def test_a_pattern_that_would_fill_the_memory_is_refused_at_once(pattern):
    began = time.process_time()

    with pytest.raises(BadPattern):
        compiled(pattern)

    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("pattern", HOSTILE[:7], ids=range(7))
def test_a_channel_rule_says_that_such_a_tag_is_refused(pattern):
    verdict = passes("1.0-a", "", pattern)

    assert not verdict.passes
    assert "is not a regular expression" in verdict.errors[0]


@given(st.text("ab(){}[]|?*+\\^$.<=!:1,9-", max_size=40))
def test_any_text_compiles_or_is_refused(text):
    with suppress(BadPattern):
        compiled(text)
