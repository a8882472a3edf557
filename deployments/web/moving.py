"""Move up and move down: how lists are ordered without dragging (ui.md 4.9)."""

from collections.abc import Sequence
from typing import TypeVar

from django.http import QueryDict

Id = TypeVar("Id", int, str)


def moved(order: Sequence[Id], posted: QueryDict) -> list[Id]:
    """The order after `posted` moved one of them: {"id": which, "move": "up" | "down"}.

    What is not in the list, or already at the end, stays where it is.
    """
    found = list(order)
    ids = [str(item) for item in found]
    wanted = str(posted.get("id", ""))
    if wanted not in ids:
        return found
    at = ids.index(wanted)
    to = at - 1 if posted.get("move") == "up" else at + 1
    if 0 <= to < len(found):
        found[at], found[to] = found[to], found[at]
    return found
