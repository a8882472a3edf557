"""Finding rows by what clients call them. domain.md 1: id, then slug, then name."""

import unicodedata
from collections.abc import Iterable
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q, QuerySet

Row = TypeVar("Row", bound=models.Model)


def find(rows: QuerySet[Row], text: str, *, name: str = "name") -> Row | None:
    """The row that `text` means: its id, else its slug, else its name in any case.

    name: the column that people know a row by.
    """
    wanted = canonical(text)
    if not wanted:
        return None
    for lookup in _lookups(rows.model, wanted, name):
        if row := rows.filter(lookup).first():
            return row
    return None


def with_ids(rows: QuerySet[Row], ids: Iterable[str]) -> QuerySet[Row]:
    """The rows with these ids; whatever is no id of theirs is left out silently (api-dialect.md 4)."""
    model: Any = rows.model
    condition = Q(pk__in=[])
    for text in ids:
        condition |= model.wire_lookup(canonical(text)) or Q(pk__in=[])
    return rows.filter(condition)


def canonical(text: str) -> str:
    """One spelling for all that look alike: blanks and Unicode forms do not distinguish references."""
    return unicodedata.normalize("NFKC", text).strip() if "\0" not in text else ""


def _lookups(model: Any, wanted: str, name: str) -> Iterable[Q]:
    if (by_id := model.wire_lookup(wanted)) is not None:
        yield by_id
    if has_field(model, "slug"):
        yield Q(slug=wanted.lower())
    if has_field(model, name):
        yield Q(**{f"{name}__iexact": wanted})


def has_field(model: type[models.Model], name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
