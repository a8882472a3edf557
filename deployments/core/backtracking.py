"""The regular expression engine for what RE2 does not know: look-around, back references, long repetitions.

Its searches take a time limit, its compiler does not: a pattern that would be unrolled into gigabytes is
refused before it is compiled.
"""

import math
import re
from functools import lru_cache

import regex

MOST_CHARACTERS = 10_000
MOST_REPETITIONS = 100_000
"""Of all counted repetitions together, as if each stood within the next."""

_REPETITION = re.compile(r"\{([0-9]+)")


class BadPattern(ValueError):
    """The pattern is no regular expression, or one too large to try."""


@lru_cache(maxsize=512)
def compiled(pattern: str, *, ignore_case: bool = False) -> "regex.Pattern[str]":
    """A pattern to be searched for with a `timeout`. Raises BadPattern."""
    if len(pattern) > MOST_CHARACTERS:
        raise BadPattern(f"longer than {MOST_CHARACTERS} characters")
    if _repetitions(pattern) > MOST_REPETITIONS:
        raise BadPattern(f"more than {MOST_REPETITIONS} repetitions")
    try:
        return regex.compile(pattern, regex.VERSION0 | (regex.IGNORECASE if ignore_case else 0))
    except (regex.error, RecursionError, OverflowError) as reason:
        raise BadPattern(str(reason)) from reason


def _repetitions(pattern: str) -> int:
    """How often the innermost part may have to occur; numbers too long to be counts are cut."""
    counts = (int(digits[:9]) for digits in _REPETITION.findall(pattern))
    return math.prod(max(count, 1) for count in counts)
