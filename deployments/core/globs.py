"""File patterns of package steps: `*.json`, `config/**/*.xml`, relative to the package. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache


def matches_any(path: str, patterns: Sequence[str]) -> bool:
    """Whether a relative path matches one of the patterns; `\\` counts as `/`, case matters."""
    return any(_compiled(pattern).fullmatch(path) for pattern in patterns)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """`*` and `?` stay in one folder, `**/` crosses any number of them."""
    pattern = pattern.replace("\\", "/").removeprefix("./").lstrip("/")
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    known = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts))
