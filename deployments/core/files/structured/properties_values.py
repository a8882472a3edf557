"""Java properties: keys name variables; layout, comments and separators stay as they are."""

import re

from deployments.core.files.encodings import FileText
from deployments.core.files.structured.places import Places
from deployments.core.templates.filters import escape_property_value

_LINE_END = r"(?:\r\n|\n|\r)"
_FOLD = rf"\\{_LINE_END}[ \t\f]*"
_BLANK = rf"(?:[ \t\f]|{_FOLD})*"
_ENTRY = re.compile(
    rf"""
    (?P<indent>[ \t\f]*)
    (?:
        (?P<comment>[#!][^\r\n]*)
      | (?P<key>(?:{_FOLD}|\\.|[^\\:=\s])*)
        (?P<separator>{_BLANK}(?:[:=]{_BLANK})?)
        (?P<value>(?:{_FOLD}|\\.|[^\\\r\n])*\\?)
    )
    (?P<end>{_LINE_END}|\Z)
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(rf"{_FOLD}|\\u([0-9a-fA-F]{{4}})|\\(.)", re.DOTALL)
_MEANINGS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


def replace_in_properties(file: FileText, places: Places) -> FileText:
    return file.with_text(_ENTRY.sub(lambda entry: _replaced(entry, places), file.text))


def _replaced(entry: re.Match[str], places: Places) -> str:
    key = _unescaped(entry["key"] or "")
    # Unlike in the other formats, `Octopus:` cannot begin a place here.
    if not key or key not in places or key.lower().startswith("octopus"):
        return entry[0]
    separator = entry["separator"] or ":"
    value = escape_property_value(places.value(key) or "")
    return f"{entry['indent']}{entry['key']}{separator}{value}{entry['end']}"


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_meaning, text)


def _meaning(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return _MEANINGS.get(escape[2], escape[2]) if escape[2] else ""
