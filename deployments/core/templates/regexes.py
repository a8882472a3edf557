"""Regular expressions written by users, in .NET syntax, without letting them hang a worker.

RE2 runs in linear time and is used whenever it means the same as .NET would; look-around, back references and
the like need the backtracking engine, which is stopped after `TIMEOUT`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from deployments.core import backtracking
from deployments.core.templates.limits import MAX_OUTPUT, TemplateLimit

TIMEOUT = 0.5  # seconds
DIFFERENT_IN_RE2 = re.compile(
    r"\[\[:|\\[QECpPXuwdsbWDSBZGkcxe0]|\(\?[A-Za-z-]*[inmsx]|[^\x00-\x7f]"
)
"""Constructs whose meaning depends on the engine beyond plain ASCII text."""
ASCII_SAFE = re.compile(r"\\[wdsbWDSB]|\(\?i\)")
REFERENCE = re.compile(r"\$(?:(?P<number>\d+)|\{(?P<name>\w+)\}|(?P<sign>[$&`'+_]))")

Found = Any  # a match of re2 or of regex; both have the interface of re.Match


def is_found(pattern: str, text: str) -> bool:
    """Whether `pattern` matches anywhere in `text`. Raises BadPattern or TemplateLimit."""
    return next(_matches(pattern, text), None) is not None


def replace(pattern: str, replacement: str, text: str) -> str:
    """`text` with each match replaced; `$1`, `${name}`, `$&` ... stand for what was matched."""
    pieces = []
    end = added = 0
    for found in _matches(pattern, text):
        new = _expand(replacement, found, text)
        added += len(new)
        if added > MAX_OUTPUT:
            raise TemplateLimit(f"Replace adds more than {MAX_OUTPUT} characters.")
        pieces += [text[end : found.start()], new]
        end = found.end()
    return "".join([*pieces, text[end:]])


def _matches(pattern: str, text: str) -> Iterator[Found]:
    linear = _linear(pattern) if _means_the_same(pattern, text) else None
    if linear is not None:
        yield from linear.finditer(text)
        return
    try:
        yield from backtracking.compiled(pattern).finditer(text, timeout=TIMEOUT)
    except TimeoutError as reason:
        raise TemplateLimit(
            f"The regular expression {pattern!r:.80} takes more than {TIMEOUT} seconds."
        ) from reason


def _means_the_same(pattern: str, text: str) -> bool:
    """Whether RE2 and .NET agree about `pattern` on `text`: only ASCII, no line end for `$` to skip."""
    if not text.isascii() or "\v" in text or text.endswith("\n"):
        return False
    return not DIFFERENT_IN_RE2.search(ASCII_SAFE.sub("", pattern))


@lru_cache(maxsize=512)
def _linear(pattern: str) -> Any | None:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None


def _expand(replacement: str, found: Found, text: str) -> str:
    if "$" not in replacement:
        return replacement
    return REFERENCE.sub(lambda reference: _referenced(reference, found, text), replacement)


def _referenced(reference: re.Match[str], found: Found, text: str) -> str:
    match reference["sign"]:
        case "$":
            return "$"
        case "&":
            return found.group() or ""
        case "`":
            return text[: found.start()]
        case "'":
            return text[found.end() :]
        case "+":
            return found.group(found.re.groups) or ""
        case "_":
            return text
    name = reference["number"] or reference["name"]
    group = int(name) if name.isdigit() else name
    try:
        return found.group(group) or ""
    except (IndexError, re2.error):
        return reference[0]
