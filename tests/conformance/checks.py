"""The checks of a conformance case: walk a path into the result, then compare.

The language of both is described in the README of the cases. Results may be mappings or objects; a refusal
(`ValueError`) is a result too, its fields are those of the exception.
"""

import base64
import codecs
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from lxml import etree
from ruamel.yaml import YAML

from deployments.core.templates.net_dates import Moment, format_date

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
NOTHING_MAY_BE_EMPTY = ("version.", "nuget.", "maven.")
"""Operations where a field without a value may be None or the empty text."""


class Unreachable(Exception):
    """A path leads nowhere in this result."""


@dataclass(frozen=True)
class Outcome:
    """What an operation gave back, or the `ValueError` by which it refused."""

    result: Any
    refused: bool

    @classmethod
    def of(cls, operation: Callable[..., Any], given: Mapping[str, Any]) -> Self:
        try:
            return cls(operation(**given), refused=False)
        except ValueError as refusal:
            return cls(refusal, refused=True)


def failure(check: Mapping[str, Any], outcome: Outcome, *, op: str) -> str | None:
    """Why `check` does not hold, or None when it does."""
    kind, path = check["kind"], check["path"]
    if kind == "raises":
        return None if outcome.refused else f"accepted, gave {outcome.result!r}"
    if kind == "ok":
        return f"refused: {outcome.result!r}" if outcome.refused else None
    try:
        actual = walk(outcome.result, path)
    except Unreachable as reason:
        return f"{path}: {reason} in {outcome.result!r}"
    expected = moment(check["value"])
    if kind == "equals" and op.startswith(NOTHING_MAY_BE_EMPTY):
        actual, expected = (None if side == "" else side for side in (actual, expected))
    if KINDS[kind](actual, expected):
        return None
    return f"{path} {kind}\nexpected: {expected!r}\n  actual: {actual!r}"


def moment(value: Any) -> Any:
    """The value itself, or what a placeholder for the current time or an amount stands for."""
    match value:
        case {"$now": layout, "hours": hours}:
            now = datetime.now(UTC).astimezone() + timedelta(hours=hours)
            return format_date(Moment(now), layout) if layout else now
        case {"$currency": amount}:
            return [f"{symbol}{amount:,.2f}" for symbol in "$¤"]
        case _:
            return value


# --- paths -----------------------------------------------------------------------------------------------


def walk(value: Any, path: list[Any]) -> Any:
    for step in path:
        if isinstance(step, str):
            value = field(value, step)
        else:
            name, *arguments = step
            value = STEPS[name](value, *arguments)
    return value


def field(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        if name in value:
            return value[name]
    elif hasattr(value, name):
        return getattr(value, name)
    raise Unreachable(f"no field {name!r}")


def index(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except LookupError as reason:
        raise Unreachable(f"nothing at {key!r}") from reason


def ocl_attribute(document: list[Mapping[str, Any]], name: str) -> Any:
    for element in document:
        if element.get("attribute") == name:
            value = element["value"]
            return value["heredoc"] if isinstance(value, Mapping) and "heredoc" in value else value
    raise Unreachable(f"no attribute {name!r}")


def as_bytes(value: str | bytes) -> bytes:
    return base64.b64decode(value) if isinstance(value, str) else value


def byte_order_mark(data: bytes) -> bytes:
    return next((mark for mark in BYTE_ORDER_MARKS if data.startswith(mark)), b"")


def encoding(value: str | bytes) -> str:
    data = as_bytes(value)
    return BYTE_ORDER_MARKS.get(byte_order_mark(data), "utf-8")


def decode(value: str | bytes, name: str | None) -> str:
    data = as_bytes(value)
    try:
        return data[len(byte_order_mark(data)) :].decode(name or encoding(data))
    except UnicodeDecodeError as reason:
        raise Unreachable(f"not {name or encoding(data)}: {reason}") from reason


def xml(value: Any) -> Any:
    """`value` as elements: an element or a list of them stays, text and bytes are parsed."""
    if isinstance(value, bytes | str):
        data = value.encode() if isinstance(value, str) else value
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False))
    return value


def first(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if not value:
        raise Unreachable("no such node")
    return value[0]


def descendants(value: Any, name: str) -> list[Any]:
    return [node for node in first(xml(value)).iter(etree.Element) if local_name(node) == name]


def local_name(node: Any) -> str:
    return etree.QName(node).localname


def xml_text(value: Any) -> str:
    node = first(xml(value))
    return node if isinstance(node, str) else "".join(node.itertext())


def as_datetime(text: str) -> datetime:
    given = datetime.fromisoformat(text)
    return given if given.tzinfo else given.astimezone()


STEPS: dict[str, Callable[..., Any]] = {
    "index": index,
    "len": len,
    "replace": lambda text, old, new: text.replace(old, new),
    "regex_replace": lambda text, pattern, new: re.sub(pattern, lambda _: new, text),
    "trim": str.strip,
    "trim_end": str.rstrip,
    "not": lambda value: not value,
    "less": lambda value, limit: value < limit,
    "less_or_equal": lambda value, limit: value <= limit,
    "greater": lambda value, limit: value > limit,
    "greater_or_equal": lambda value, limit: value >= limit,
    "equal": lambda value, other: value == other,
    "not_equal": lambda value, other: value != other,
    "is_none": lambda value: value is None,
    "datetime": as_datetime,
    "yaml": lambda text: YAML(typ="safe").load(text),
    "decode": decode,
    "encoding": encoding,
    "bom_length": lambda value: len(byte_order_mark(as_bytes(value))),
    "xpath": lambda value, path: xml(value).xpath(path),
    "attr": lambda value, name: first(xml(value)).get(name),
    "descendants": descendants,
    "xml_text": xml_text,
    "attribute": ocl_attribute,
}


# --- comparisons -----------------------------------------------------------------------------------------


def equals(actual: Any, expected: Any) -> bool:
    if isinstance(expected, str) and not isinstance(actual, str | bytes | Mapping | list | None):
        actual = str(actual)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return actual is expected
    if isinstance(expected, list) and isinstance(actual, str):  # alternatives of a currency sign
        return actual in expected
    return bool(actual == expected)


def contains(actual: Any, expected: Any) -> bool:
    wanted = expected if isinstance(expected, list) else [expected]
    return all(item in actual for item in wanted)


def equivalent(actual: Any, expected: list[Any]) -> bool:
    return Counter(map(repr, actual)) == Counter(map(repr, expected))


def plain_text(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def same_xml(actual: Any, expected: Any) -> bool:
    def normal(value: Any) -> str:
        parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False)
        data = value.encode() if isinstance(value, str) else value
        return str(etree.tostring(etree.fromstring(data.strip(), parser), method="c14n"))

    return normal(actual) == normal(expected)


def same_version(actual: Any, expected: str) -> bool:
    return actual is not None and version_value(str(actual)) == version_value(expected)


def version_value(text: str) -> tuple[list[int], str]:
    """Four numbers and the prerelease in lower case; metadata left out."""
    numbers, _, prerelease = text.strip().lower().partition("+")[0].partition("-")
    parts = [int(part) for part in numbers.removeprefix("v").split(".")]
    return parts + [0] * (4 - len(parts)), prerelease


KINDS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": equals,
    "not_equals": lambda actual, expected: not equals(actual, expected),
    "contains": contains,
    "not_contains": lambda actual, expected: not contains(actual, expected),
    "starts_with": lambda actual, expected: actual.startswith(expected),
    "equivalent": equivalent,
    "count": lambda actual, expected: len(actual) == expected,
    "less": lambda actual, expected: actual < expected,
    "greater": lambda actual, expected: actual > expected,
    "less_or_equal": lambda actual, expected: actual <= expected,
    "greater_or_equal": lambda actual, expected: actual >= expected,
    "matches": lambda actual, expected: re.search(expected, actual) is not None,
    "one_of": lambda actual, expected: any(equals(actual, one) for one in expected),
    "empty": lambda actual, _: not actual,
    "not_empty": lambda actual, _: bool(actual),
    "same_version": same_version,
    "equals_text": lambda actual, expected: plain_text(actual) == plain_text(expected),
    "equals_xml": same_xml,
    "close_to": lambda actual, expected: abs(actual - expected) <= timedelta(minutes=2),
}
