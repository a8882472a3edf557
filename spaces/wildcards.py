"""Patterns with `*` for any text and `?` for one character, and nothing else. Case-sensitive.

Our own, because `fnmatch` gives `[` a meaning and folds case on some platforms (domain.md 3.4), and because
a regular expression with many `*` can take for ever.
"""


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits. Takes len(pattern) * len(text) steps at most."""
    at, place = 0, 0
    star, resumed = -1, 0  # the last `*`, and how far the text went that it stands for
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resumed = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[place]):
            at, place = at + 1, place + 1
        elif star >= 0:
            resumed += 1
            at, place = star + 1, resumed
        else:
            return False
    return not pattern[at:].strip("*")


def says_nothing(pattern: str) -> bool:
    """Whether it consists of wildcards alone, and so admits whatever is long enough."""
    return not pattern.strip("*?")
