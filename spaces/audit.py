"""The audit trail: written with the change itself, chained so that tampering shows.

Every event's hash is HMAC-SHA256 over the hash before it and the canonical JSON of the row. Numbers have
no gaps and follow the order of commits, because writing takes the lock of the chain's head. If the row
cannot be written, the change does not happen. security-and-reliability.md 4.4, domain.md 27.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from spaces import keyring
from spaces.actors import Actor
from spaces.models import Event, EventHead, Space
from spaces.models.base import Dimensions, WireIdentified
from spaces.scopes import WIRE_PREFIXES
from spaces.secrets import SealedFields, is_sealed

CHANGED = "changed"
_DOCUMENT_ACTS = {"Created", "Modified", "Deleted"}
_CHAINED = (
    "space_id",
    "sequence",
    "category",
    "occurred",
    "user_id",
    "username",
    "identity",
    "cause",
    "ip_address",
    "user_agent",
    "request_id",
    "message",
    "subject_type",
    "related",
    "details",
    "project_id",
    "project_group_id",
    "environment_id",
    "tenant_id",
)


def record(
    actor: Actor,
    category: str,
    subject: models.Model | None,
    *,
    space: Space | None = None,
    message: str | None = None,
    related: Iterable[str] = (),
    details: Mapping[str, Any] | None = None,
) -> Event:
    """Write down what `actor` did to `subject`, in the caller's transaction.

    subject: decides space, place and kind; None for events about nothing in particular.
    space: only where the subject does not say, as a sign-in does not.
    details: a difference, such as `{"name": ["old", "new"]}`; sealed columns show as changed.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An event belongs into the transaction of what it tells about.")
    space_id = space.pk if space else getattr(subject, "space_id", None)
    place = _place(subject)
    event = Event(
        space_id=space_id,
        category=category,
        occurred=timezone.now(),
        user=actor.user,
        username=actor.name,
        identity=actor.identity[:250],
        cause=actor.cause,
        ip_address=actor.ip_address,
        user_agent=actor.user_agent[:400],
        request_id=actor.request_id[:64],
        message=message or _sentence(category, subject),
        subject_type=type(subject).__name__ if subject else "",
        related=_related(subject, place, related),
        details=_without_secrets(details or {}, _sealed_names(subject)),
        project_id=place["project"],
        project_group_id=place["group"],
        environment_id=place["environment"],
        tenant_id=place["tenant"],
    )
    return _appended(event)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What changed, by name, as [old, new]: the `details` of a Modified event."""
    return {
        name: [before.get(name), after.get(name)]
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }


@dataclass(frozen=True)
class Broken:
    """Where a chain stops being true: the first number that is wrong, and how it is."""

    sequence: int
    reason: str

    def __str__(self) -> str:
        return f"Event {self.sequence}: {self.reason}"


def verify(space: Space | None) -> Broken | None:
    """Recompute a chain; None when every event is as it was written. space: None for the system's."""
    key = _key()
    previous, expected = "", 1
    for event in Event.objects.filter(space=space).order_by("sequence").iterator():
        if event.sequence != expected:
            return Broken(expected, "is missing")
        if event.previous_hash != previous:
            return Broken(expected, "does not follow the one before")
        if not hmac.compare_digest(event.hash, _hash(key, event)):
            return Broken(expected, "was changed")
        previous, expected = event.hash, expected + 1
    head = EventHead.objects.filter(space=space).first()
    if (head.sequence, head.hash) != (expected - 1, previous) if head else expected > 1:
        return Broken(expected, "is missing at the end")
    return None


def _appended(event: Event) -> Event:
    head = _locked_head(event.space_id)
    event.sequence = head.sequence + 1
    event.previous_hash = head.hash
    event.hash = _hash(_key(), event)
    event.save(force_insert=True)
    EventHead.objects.filter(pk=head.pk).update(sequence=event.sequence, hash=event.hash)
    return event


def _locked_head(space_id: int | None) -> EventHead:
    heads = EventHead.objects.select_for_update().filter(models.Q(space_id=space_id))
    if (head := heads.first()) is None:
        EventHead.objects.bulk_create([EventHead(space_id=space_id)], ignore_conflicts=True)
        head = heads.get()
    return head


def _key() -> bytes:
    return keyring.audit_key(
        may_create=lambda: not EventHead.objects.filter(sequence__gt=0).exists()
    )


def _hash(key: bytes, event: Event) -> str:
    row = {name: getattr(event, name) for name in _CHAINED}
    row["occurred"] = event.occurred.isoformat()
    canonical = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.new(key, f"{event.previous_hash}|{canonical}".encode(), hashlib.sha256).hexdigest()


def _sentence(category: str, subject: models.Model | None) -> str:
    act = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", category).capitalize()
    if subject is None:
        return act
    if category in _DOCUMENT_ACTS:
        return f"{act} {subject._meta.verbose_name} {subject}"
    return f"{act}: {subject}"


def _place(subject: models.Model | None) -> dict[str, int | None]:
    """The ids of the dimensions. A thing in several environments or tenants has none of them here, so
    that its events need an EventView without such a limit."""
    dimensions = getattr(subject, "dimensions", Dimensions())
    return {
        name: None if name in dimensions.many else _value(subject, getattr(dimensions, name))
        for name in WIRE_PREFIXES
    }


def _value(subject: Any, path: str) -> int | None:
    if not path:
        return None
    for step in path.split("__"):
        if subject is None:
            return None
        subject = getattr(subject, step)
    return int(subject) if subject is not None else None


def _related(
    subject: models.Model | None, place: Mapping[str, int | None], related: Iterable[str]
) -> list[str]:
    own: list[str] = [subject.wire_id] if isinstance(subject, WireIdentified) else []
    around = [f"{WIRE_PREFIXES[name]}-{pk}" for name, pk in place.items() if pk is not None]
    return list(dict.fromkeys([*own, *around, *related]))


def _sealed_names(subject: models.Model | None) -> frozenset[str]:
    return frozenset(subject.sealed_fields if isinstance(subject, SealedFields) else ())


def _without_secrets(value: Any, names: frozenset[str]) -> Any:
    """The details as they may be kept. A sealed text leaves a short keyed mark, so that two changes can
    be told apart and none can be guessed."""
    if isinstance(value, Mapping):
        return {
            str(key): CHANGED if key in names else _without_secrets(item, names)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(item, names) for item in value]
    if isinstance(value, str) and is_sealed(value):
        mark = hmac.new(_key(), value.encode(), hashlib.sha256).hexdigest()
        return f"{CHANGED} #{mark[:8]}"
    return value if isinstance(value, str | int | float | bool | None) else str(value)
