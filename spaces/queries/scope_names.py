"""What the limits of assignments are called, as far as the person who reads them may know."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from spaces.access import view_permission, visible
from spaces.actors import Actor
from spaces.models import ScopedUserRole, Space, SpaceOwned
from spaces.scopes import Ids, Scope, dimension_models

# Of each dimension: how its limit is told, for one and for several.
WORDS = {
    "project": ("project", "projects"),
    "group": ("project group", "project groups"),
    "environment": ("environment", "environments"),
    "tenant": ("tenant", "tenants"),
}


@dataclass(frozen=True)
class ScopeNames:
    """Names by dimension and number; what is not among them the reader may not see."""

    names: Mapping[tuple[str, int], str]

    def phrase(self, scope: Scope) -> str:
        """ "projects Web, Api; environment Development", or "everything" without a limit."""
        parts = [
            self._part(dimension, ids)
            for dimension, ids in limits(scope).items()
            if ids is not None
        ]
        return "; ".join(parts) or "everything"

    def _part(self, dimension: str, ids: frozenset[int]) -> str:
        known = sorted(
            (name for pk in ids if (name := self.names.get((dimension, pk)))), key=str.casefold
        )
        if len(known) < len(ids):
            known.append("others" if known else "some that you cannot see")
        one, several = WORDS[dimension]
        return f"{one if len(ids) == 1 else several} {', '.join(known)}"


def limits(scope: Scope) -> dict[str, Ids]:
    """The limits by dimension. None: any."""
    return {
        "project": scope.projects,
        "group": scope.groups,
        "environment": scope.environments,
        "tenant": scope.tenants,
    }


def scope_names(actor: Actor, scopes: Iterable[Scope]) -> ScopeNames:
    """The names that these scopes need, in at most one query for each dimension."""
    wanted: dict[str, set[int]] = {dimension: set() for dimension in WORDS}
    for scope in scopes:
        for dimension, ids in limits(scope).items():
            wanted[dimension] |= ids or frozenset()
    found: dict[tuple[str, int], str] = {}
    for dimension, numbers in wanted.items():
        if numbers and dimension in dimension_models:
            rows = _seen(actor, dimension).filter(pk__in=numbers)
            found |= {(dimension, pk): name for pk, name in rows.values_list("pk", "name")}
    return ScopeNames(found)


def names_for(actor: Actor, rows: Iterable[ScopedUserRole]) -> ScopeNames:
    return scope_names(actor, (row.scope for row in rows))


def choosable(actor: Actor, dimension: str, space: Space) -> QuerySet[SpaceOwned]:
    """What a limit in this dimension may name: what the actor sees in the space."""
    return _seen(actor, dimension).filter(space=space).order_by("name")


def _seen(actor: Actor, dimension: str) -> QuerySet[Any]:
    model = dimension_models[dimension]
    rows = model.objects.all()
    permission = view_permission(model)
    return visible(actor, permission, rows) if permission else rows
