"""Subject patterns. domain.md 3.4."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces.wildcards import matches, says_nothing


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("repo:acme/shop:ref:refs/heads/main", "repo:acme/shop:ref:refs/heads/main", True),
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/shop:ref:refs/heads/main", True),
        ("repo:acme/*", "repo:acme/", True),
        ("repo:acme/*", "repo:evil/acme/", False),
        ("repo:acme/sho?", "repo:acme/shop", True),
        ("repo:acme/sho?", "repo:acme/sho", False),
        ("repo:acme/shop", "repo:acme/Shop", False),
        ("repo:acme/shop", "repo:acme/shop2", False),
        ("repo:acme/shop", "xrepo:acme/shop", False),
        ("repo:[a-z]*", "repo:acme", False),
        ("repo:[a-z]*", "repo:[a-z]cme", True),
        ("a.c", "abc", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("*c", "abc\nc", True),
    ],
)
def test_only_star_and_question_mark_mean_something(pattern, text, fits):
    assert matches(pattern, text) is fits


@given(st.text("ab*?"), st.text("ab", max_size=12))
def test_patterns_mean_what_the_same_regular_expression_means(pattern, text):
    expression = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)

    assert matches(pattern, text) == bool(re.fullmatch(expression, text, re.DOTALL))


def test_a_pattern_of_many_stars_takes_no_time():
    began = time.monotonic()

    assert not matches("a*" * 100 + "b", "a" * 500)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("pattern", ["", "*", "**", "?*", "???"])
def test_wildcards_alone_say_nothing(pattern):
    assert says_nothing(pattern)
    assert not says_nothing(pattern + "a")
