"""JSON in and out, strictly: api-dialect.md 1, security-and-reliability.md 5."""

import codecs
import json
from collections.abc import Iterable, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from spaces.errors import TooLarge

DEEPEST = 64


class StrictJSONParser(BaseParser):
    """Refuses what only seems to be JSON: NaN, doubled keys, lone surrogates, endless nesting.

    An empty body is an empty object: several clients send none where nothing is to be said.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        content = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(content) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge(
                f"A request body has at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes."
            )
        text = content.removeprefix(codecs.BOM_UTF8).strip()
        return _parsed(text) if text else {}


class DialectRenderer(JSONRenderer):
    """`application/json; charset=utf-8`, as the dialect has it."""

    charset = "utf-8"


class AlwaysJSON(BaseContentNegotiation):
    """Clients send all kinds of Accept headers; the answer is JSON whatever they say."""

    def select_parser(self, request: Any, parsers: Iterable[BaseParser]) -> BaseParser | None:
        kind = (request.content_type or "application/json").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type in (kind, "*/*")), None)

    def select_renderer(
        self, request: Any, renderers: Iterable[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        first = next(iter(renderers))
        return first, first.media_type


def _parsed(content: bytes) -> Any:
    try:
        text = content.decode()
        _refuse_depth(text)
        return json.loads(
            text, parse_constant=_refuse_constant, parse_float=_number, object_pairs_hook=_object
        )
    except UnicodeDecodeError as exc:
        raise ParseError(f"The body is not UTF-8 at byte {exc.start}.") from exc
    except json.JSONDecodeError as exc:
        raise ParseError(f"The body is not JSON: {exc}.") from exc
    except RecursionError as exc:
        raise ParseError(f"The body is nested deeper than {DEEPEST} levels.") from exc


def _refuse_depth(text: str) -> None:
    """Counts brackets outside of texts before anything recursive sees them."""
    depth, in_text, escaped = 0, False, False
    for position, character in enumerate(text):
        if in_text:
            escaped, in_text = character == "\\" and not escaped, character != '"' or escaped
        elif character == '"':
            in_text = True
        elif character in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ParseError(
                    f"The body is nested deeper than {DEEPEST} levels at character {position}."
                )
        elif character in "]}":
            depth -= 1


def _refuse_constant(name: str) -> None:
    raise ParseError(f"{name} is not JSON.")


def _number(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ParseError(f"The number {text} is too large.")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ParseError(f"The property {key!r} is there twice.")
        if _is_broken(key) or (isinstance(value, str) and _is_broken(value)):
            raise ParseError(f"The property {key!r} holds half a surrogate pair.")
        found[key] = value
    return found


def _is_broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
