"""JSON: keys joined by `:`, array positions as numbers; the file is written anew by two blanks."""

import json
import re
from collections.abc import Iterator
from typing import Any

from deployments.core.files.encodings import FileText
from deployments.core.files.structured.places import Places
from deployments.core.templates.json_values import MAX_JSON_DEPTH, NotJson, read_json
from deployments.core.templates.net_numbers import shortest

Json = Any  # what json.loads gives, with WrittenFloat for float

_INTEGER = re.compile(r"\s*[+-]?\d{1,19}\s*", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)
_SEPARATORS = str.maketrans({code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)})


class WrittenFloat(float):
    """A float that remembers how it was written, so that an untouched one stays as it was."""

    text: str

    def __new__(cls, text: str) -> "WrittenFloat":
        number = super().__new__(cls, text)
        number.text = text
        return number


def replace_in_json(file: FileText, places: Places) -> FileText:
    root = read(file.text)
    if isinstance(root, dict | list):
        _replace_below(root, "", places, depth=1)
    return file.with_text("".join(_written(root, "\n")))


def read(text: str) -> Json:
    """The value of `text`. Comments and trailing commas do. Raises ValueError."""
    try:
        return json.loads(text, parse_float=WrittenFloat, parse_constant=_refuse)
    except RecursionError as reason:
        raise NotJson("nested too deep") from reason
    except ValueError:
        return read_json(text)


def _refuse(constant: str) -> None:
    raise NotJson(f"{constant} is no value")


def _replace_below(parent: Json, place: str, places: Places, depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise NotJson("nested too deep")
    entries = list(parent.items()) if isinstance(parent, dict) else list(enumerate(parent))
    for key, old in entries:
        own_place = f"{place}:{key}" if place else str(key)
        if own_place in places:
            new = _like(old, own_place, places)
            if new is not old:
                parent[key] = new
                continue
        if isinstance(old, dict | list):
            _replace_below(old, own_place, places, depth + 1)


def _like(old: Json, place: str, places: Places) -> Json:
    """The variable's value in the type of `old`; `old` itself when it cannot take its place."""
    text = places.value(place)
    match old:
        case _ if text is None:
            return None
        case bool() if text.strip().lower() in ("true", "false"):
            return text.strip().lower() == "true"
        case bool():
            return text
        case int() | float():
            return _number(text)
        case dict() | list():
            try:
                return read(text)
            except ValueError as reason:
                places.refuse(place, f"it is not JSON ({reason})")
                return old
    return text


def _number(text: str) -> int | float | str:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and abs(number := float(text)) != float("inf"):
        return number
    return text


def _written(value: Json, line_end: str) -> Iterator[str]:
    match value:
        case dict() if value:
            for start, (key, item) in zip(_starts("{"), value.items(), strict=False):
                yield f"{start}{line_end}  {_quoted(key)}: "
                yield from _written(item, f"{line_end}  ")
            yield f"{line_end}}}"
        case list() if value:
            for start, item in zip(_starts("["), value, strict=False):
                yield f"{start}{line_end}  "
                yield from _written(item, f"{line_end}  ")
            yield f"{line_end}]"
        case str():
            yield _quoted(value)
        case WrittenFloat():
            yield value.text
        case float():
            text = shortest(value)
            yield text if "." in text or "E" in text else f"{text}.0"
        case _:
            yield json.dumps(value)


def _starts(first: str) -> Iterator[str]:
    yield first
    while True:
        yield ","


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_SEPARATORS)
