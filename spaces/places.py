"""Where a check asks, and whether a scope reaches there: one judgement for checks and explanations.

A thing in several environments or tenants is in several places. What those mean together is for
`spaces.access` to say. Rules: domain.md 4.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import product
from typing import Any

from django.db import models

from spaces.models import Dimensions, Space, SpaceOwned
from spaces.permissions import Permission
from spaces.scopes import Scope

Where = Space | SpaceOwned
Named = SpaceOwned | int | None


class Open(Enum):
    """A dimension nobody asks about."""

    OPEN = auto()


@dataclass(frozen=True)
class Place:
    """One combination of what a check asks about. None: the thing belongs to none."""

    project: int | Open | None
    group: int | Open | None
    environment: int | Open | None
    tenant: int | Open | None


def places_of(
    permission: Permission,
    where: Where,
    project: Named = None,
    environment: Named = None,
    tenant: Named = None,
    *,
    missing: Open | None = None,
) -> list[Place]:
    """Every combination of where the thing is. missing: what stands for parts that are not there."""
    everywhere = Open.OPEN if permission.is_view else None
    combinations = product(
        _part(project or where, "project") or [missing],
        _part(project or where, "group") or [missing],
        _part(environment or where, "environment", empty=everywhere) or [missing],
        _part(tenant or where, "tenant") or [missing],
    )
    return [Place(*combination) for combination in combinations]


def that_matters(scope: Scope, permission: Permission) -> Scope:
    """The scope without the dimensions that the permission does not know (domain.md 4.3)."""
    return Scope(
        projects=scope.projects if permission.knows_groups else None,
        groups=scope.groups if permission.knows_groups else None,
        environments=scope.environments if permission.knows_environments else None,
        tenants=scope.tenants if permission.knows_tenants else None,
        within=scope.within if permission.knows_groups else None,
    )


def reaches(scope: Scope, permission: Permission, place: Place) -> bool:
    """Whether all limits of the scope, which holds only those the permission knows, let the place in."""
    return (
        _reaches_project(scope, place)
        and _reaches_environment(scope, place)
        and _reaches_tenant(scope, permission, place)
    )


def missed(scope: Scope, permission: Permission, place: Place) -> list[str]:
    """The dimensions, named as in `Dimensions`, whose limit leaves the place out; none if it is in."""
    judged = {
        "project": _reaches_project(scope, place),
        "environment": _reaches_environment(scope, place),
        "tenant": _reaches_tenant(scope, permission, place),
    }
    return [dimension for dimension, is_in in judged.items() if not is_in]


def space_of(where: Where) -> int:
    return int(where.pk if isinstance(where, Space) else where.space_id)


def _reaches_project(scope: Scope, place: Place) -> bool:
    if isinstance(place.project, Open) or isinstance(place.group, Open):
        return True
    return scope.has_project(place.project, place.group)


def _reaches_environment(scope: Scope, place: Place) -> bool:
    return scope.environments is None or place.environment in (Open.OPEN, *scope.environments)


def _reaches_tenant(scope: Scope, permission: Permission, place: Place) -> bool:
    if scope.tenants is None or place.tenant is Open.OPEN:
        return True
    if place.tenant is None:
        return not permission.explicit_tenant
    return place.tenant in scope.tenants


def _part(
    source: Where | int, name: str, *, empty: Open | None = None
) -> Sequence[int | Open | None]:
    """The ids that a thing has in one dimension; nothing when the dimension does not apply to it.

    empty: what it means to have none of several, such as an account without environments.
    """
    if isinstance(source, int):
        return [] if name == "group" else [source]
    dimensions = source.dimensions if isinstance(source, SpaceOwned) else Dimensions()
    path: str = getattr(dimensions, name)
    if not path:
        return []
    if name in dimensions.many:
        return _looked_up(source, path) or [empty]
    return [_walked(source, path)]


def _looked_up(source: models.Model, path: str) -> list[int]:
    rows = type(source)._base_manager.filter(pk=source.pk)
    return [pk for pk in rows.values_list(path, flat=True) if pk is not None]


def _walked(source: Any, path: str) -> int | None:
    for step in path.split("__"):
        if source is None:
            return None
        source = getattr(source, step)
    return None if source is None else int(source)
