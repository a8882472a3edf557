"""What a space owns, and removing it bit by bit. domain.md 2.

Nothing here asks for a permission: `spaces.services.spaces` does, long before.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from spaces.models import ScopedUserRole, Space, Team
from spaces.queries.references import has_field

BATCH = 1_000  # rows per transaction
BLOB = "sha256"  # the column of tables whose rows have bytes in the blob store
Rows = models.QuerySet[Any]
Table = type[models.Model]
Column = Any  # a foreign key; generic only in the stubs


@dataclass(frozen=True)
class Order:
    """In which order the tables of a space can be emptied: what refers comes before what it refers to.

    loose: columns that are cleared before anything is removed, because they close a circle.
    """

    tables: Sequence[Table]
    loose: Sequence[Column]


@dataclass(frozen=True)
class Removed:
    """One committed batch of one table."""

    table: str
    rows: int


def remove_contents(
    space: Space, forget_blob: Callable[[str], None], batch: int = BATCH
) -> Iterator[Removed]:
    """Removes all that the space owns, but for its teams, in transactions of at most `batch` rows.

    Yields after each of them. Begun again after a crash it goes on with what is left. forget_blob: is
    told the SHA-256 of bytes of which a row was removed, in the transaction that removes it.
    """
    order = order_of_removal()
    for column in order.loose:
        yield from _clear(column, space, batch)
    for model in order.tables:
        while count := _remove(model, space, forget_blob, batch):
            yield Removed(str(model._meta.verbose_name_plural), count)


def order_of_removal() -> Order:
    """The tables with rows of spaces. Teams and their roles are left: they go with the space itself."""
    return in_order([m for m in apps.get_models(include_auto_created=True) if _is_content(m)])


def in_order(tables: Collection[Table]) -> Order:
    """Raises CycleError when columns that must not be empty refer to each other in a circle."""
    loose: list[Column] = []
    while True:
        try:
            return Order(list(TopologicalSorter(_referring(tables, loose)).static_order()), loose)
        except CycleError as exc:
            loose.append(_nullable_in(exc.args[1], exc))


def rows_of(model: Table, space: Space) -> Rows:
    """The rows of one table that belong to the space, by themselves or through another row."""
    path = getattr(model, "owned_through", "")
    owner = f"{path}__space" if path else "space"
    return model._base_manager.filter(**{owner: space})


def _is_content(model: Table) -> bool:
    if getattr(model, "owned_through", ""):
        return True
    owner = next((f for f in model._meta.local_fields if f.name == "space"), None)
    return (
        isinstance(owner, models.ForeignKey)
        and owner.related_model is Space
        and model not in (Team, ScopedUserRole)
    )


def _referring(tables: Collection[Table], loose: Collection[Column]) -> dict[Table, set[Table]]:
    """For each table those that refer to it. A table's references to itself do not count: its newest
    rows go first."""
    referring: dict[Table, set[Table]] = {m: set() for m in tables}
    for model in tables:
        for column in _references(model):
            if column not in loose and column.related_model in referring:
                referring[column.related_model].add(model)
    return referring


def _references(model: Table) -> Iterator[Column]:
    for column in model._meta.local_fields:
        if isinstance(column, models.ForeignKey) and column.related_model is not model:
            yield column


def _nullable_in(circle: list[Table], error: CycleError) -> Column:
    for model in circle:
        for column in _references(model):
            if column.null and column.related_model in circle:
                return column
    raise error


def _clear(column: Column, space: Space, batch: int) -> Iterator[Removed]:
    model = column.model
    filled = rows_of(model, space).filter(**{f"{column.name}__isnull": False})
    while pks := list(filled.values_list("pk", flat=True)[:batch]):
        count = model._base_manager.filter(pk__in=pks).update(**{column.name: None})
        yield Removed(str(model._meta.verbose_name_plural), count)


@transaction.atomic
def _remove(model: Table, space: Space, forget_blob: Callable[[str], None], batch: int) -> int:
    """In SQL: nothing is loaded, and no cascade is asked for, because there is nothing left below."""
    _allow_removing_events(space)
    rows = rows_of(model, space).order_by("-pk")[:batch]
    names = _blobs(rows) if has_field(model, BLOB) else ()
    doomed = model._base_manager.filter(pk__in=rows.values("pk"))
    count = int(doomed._raw_delete(doomed.db))
    for name in names:
        forget_blob(name)
    return count


def _blobs(rows: Rows) -> list[str]:
    """Sorted, so that two who lock them do not wait for each other."""
    return sorted(set(rows.values_list(BLOB, flat=True)))


def _allow_removing_events(space: Space) -> None:
    """For the rest of the transaction the trigger that guards events lets those of the space go."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('octoplat.deleting_space', %s, true)", [str(space.pk)])
