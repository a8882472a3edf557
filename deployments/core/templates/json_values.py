"""JSON inside variable values: a lenient reader, navigation, and values as text."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NoReturn

from deployments.core.templates.names import FirstIndex, Index, Member, Step
from deployments.core.templates.net_numbers import shortest

MAX_JSON_DEPTH = 64

Json = Any  # whatever json.loads gives: dict, list, str, int, float, bool, None

SPACE = re.compile(r"(?:\s|/\*.*?\*/|//[^\n]*)*", re.DOTALL)
BARE_KEY = re.compile(r"[^\W\d][\w$-]*|\$[\w$-]*")
SCALAR = re.compile(r"[-+\w.]+")
STRING = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'""", re.DOTALL)
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}


class NotJson(ValueError):
    """The text is no JSON, or has no such member."""


def read_json(text: str) -> Json:
    """The value of `text`; property names without quotes, single quotes and trailing commas do.

    Raises NotJson, also for documents nested deeper than 64.
    """
    try:
        value = json.loads(text)
    except RecursionError as reason:
        raise NotJson("nested too deep") from reason
    except ValueError:
        return LenientReader(text).document()
    if not _is_within(value, MAX_JSON_DEPTH):
        raise NotJson("nested too deep")
    return value


def _is_within(value: Json, depth: int) -> bool:
    level = [value]
    while level and depth >= 0:
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        depth -= 1
    return not level


def navigate(value: Json, steps: Sequence[Step]) -> Json:
    """The value `steps` lead to; None when its container has no such member. Raises NotJson."""
    for step in steps:
        value = child(value, step)
    return value


def child(value: Json, step: Step) -> Json:
    if isinstance(value, str):
        value = read_json(value)
    match value, step:
        case dict(), Member(text) | Index(text):
            return value.get(text)
        case dict(), FirstIndex():
            return next(iter(value.values()), None)
        case list(), FirstIndex():
            return value[0] if value else None
        case list(), Member(text) | Index(text) if (
            text.isascii() and text.isdigit() and len(text) < 10
        ):
            return value[int(text)] if int(text) < len(value) else None
    raise NotJson(f"nothing below {value!r:.40}")


def as_text(value: Json) -> str:
    """A scalar as text, a container as compact JSON."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool() | int():
            return str(value)
        case float():
            return shortest(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class LenientReader:
    """JSON as people write it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0

    def document(self) -> Json:
        value = self.value()
        self.skip()
        if self.position < len(self.text):
            self.fail("text after the value")
        return value

    def value(self) -> Json:
        self.skip()
        start = self.text[self.position : self.position + 1]
        if start in ("{", "["):
            self.depth += 1
            if self.depth > MAX_JSON_DEPTH:
                self.fail("nested too deep")
            value = self.object() if start == "{" else self.array()
            self.depth -= 1
            return value
        return self.string() if start in ('"', "'") else self.scalar()

    def object(self) -> dict[str, Json]:
        found = {}
        self.position += 1
        while not self.take("}"):
            key = self.key()
            if not self.take(":"):
                self.fail("expected ':'")
            found[key] = self.value()
            self.comma_or("}")
        return found

    def array(self) -> list[Json]:
        found = []
        self.position += 1
        while not self.take("]"):
            found.append(self.value())
            self.comma_or("]")
        return found

    def key(self) -> str:
        if self.text[self.position : self.position + 1] in ('"', "'"):
            return self.string()
        return self.match(BARE_KEY)[0]

    def string(self) -> str:
        found = self.match(STRING)
        inside: str = found[1] if found[1] is not None else found[2]
        if "\\" not in inside:
            return inside
        text = ESCAPE.sub(lambda escape: unescaped(escape[1]), inside)
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def scalar(self) -> Json:
        word = self.match(SCALAR)[0]
        if word in WORDS:
            return WORDS[word]
        try:
            return json.loads(word)
        except ValueError:
            self.fail(f"{word!r:.40} is no value")

    def comma_or(self, end: str) -> None:
        self.skip()
        if not self.take(",") and not self.text.startswith(end, self.position):
            self.fail(f"expected ',' or {end!r}")

    def take(self, mark: str) -> bool:
        self.skip()
        if self.text.startswith(mark, self.position):
            self.position += 1
            self.skip()
            return True
        return False

    def match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.position)
        if found is None:
            self.fail("not JSON")
        self.position = found.end()
        return found

    def skip(self) -> None:
        found = SPACE.match(self.text, self.position)
        self.position = found.end() if found else self.position

    def fail(self, reason: str) -> NoReturn:
        raise NotJson(f"{reason} at {self.position}")


@lru_cache(maxsize=256)
def unescaped(code: str) -> str:
    if code[0] == "u" and len(code) == 5:
        return chr(int(code[1:], 16))
    return ESCAPES.get(code, code)
