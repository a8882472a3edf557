"""Ids of another server in documents, and what they are here. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_ID = re.compile(r"[A-Z][A-Za-z]+-[0-9]+")
_OWN = frozenset({"Id", "SpaceId", "Links", "LastModifiedOn", "LastModifiedBy", "Slug"})


class References:
    """What each id of the other server is here, learnt one by one."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, theirs: str, ours: str) -> None:
        self._known[theirs] = ours

    def __contains__(self, theirs: object) -> bool:
        return theirs in self._known

    def __getitem__(self, theirs: str) -> str:
        return self._known[theirs]

    def get(self, theirs: str | None) -> str | None:
        return self._known.get(theirs or "")

    def translated(self, value: Any) -> Any:
        """A document with every id that is known replaced, in texts with several between commas, too."""
        if isinstance(value, Mapping):
            return {self._text(str(key)): self.translated(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.translated(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        if text in self._known:
            return self._known[text]
        parts = text.split(",")
        if len(parts) > 1 and all(part.strip() in self._known for part in parts):
            return ",".join(self._known[part.strip()] for part in parts)
        return text


def without_own(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document without what only its server may say: its id, its space, its links."""
    return {name: value for name, value in document.items() if name not in _OWN}


def secrets_in(value: Any, path: str = "") -> Iterator[str]:
    """Where a document says that there is a secret which it does not tell."""
    if isinstance(value, Mapping):
        if value.get("HasValue") is True:
            yield path
            return
        for name, item in value.items():
            yield from secrets_in(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for item in value:
            named = str(item.get("Name", "")) if isinstance(item, Mapping) else ""
            yield from secrets_in(item, f"{path}[{named}]" if named else path)


def without_secrets(value: Any) -> Any:
    """The same with these secrets left out: there is nothing to keep here yet."""
    if isinstance(value, Mapping):
        kept = {
            n: v for n, v in value.items() if not (isinstance(v, Mapping) and v.get("HasValue"))
        }
        return {name: without_secrets(item) for name, item in kept.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value


def ids_in(value: Any) -> Iterator[str]:
    """Everything in a document that looks like an id."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from ids_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from ids_in(item)
    elif isinstance(value, str) and _ID.fullmatch(value):
        yield value
