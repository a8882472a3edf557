"""Who may do what where: the one door to every right.

`authorize` and `allowed` judge one act, `visible` filters a list; all three read the same effective rows,
and judge the whole tuple (project, environment, tenant) per row, never a union of dimensions
(domain.md 4.3, security-and-reliability.md P6). django-guardian keeps the rows' permissions; nothing else
asks it.

A read may touch any of a thing's environments or tenants, every other act must be allowed in all of them.
A permission that knows environments, asked without one, is denied to whoever is limited to some: forgetting
to say where never opens a door. `anywhere` answers "somewhere in this space, at least".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from spaces.actors import Actor
from spaces.errors import NotFound, PermissionRefused
from spaces.models import (
    ApiKey,
    Installation,
    ScopedUserRole,
    Space,
    SpaceOwned,
    Team,
    User,
)
from spaces.models.base import Dimensions
from spaces.permissions import SYSTEM_MARK, Permission
from spaces.places import Named, Open, Place, Where, places_of, reaches, space_of, that_matters
from spaces.scopes import EVERYTHING, Ids, Scope

Row = TypeVar("Row", bound=models.Model)

UNKNOWN = "The resource you requested was not found."


# --- the door ---------------------------------------------------------------------------------------


def authorize(
    actor: Actor,
    permission: Permission,
    where: Where,
    *,
    project: Named = None,
    environment: Named = None,
    tenant: Named = None,
) -> None:
    """Refuse unless `actor` holds the permission there.

    where: the space, or a row of it, whose `dimensions` say where it is; the keywords say more, or
    otherwise. A row without a space is the system's, which asks for the permission there. Raises NotFound, in the words of an unknown id, when the actor may not even see `where`;
    else PermissionRefused, naming permission and place.
    """
    given = (project, environment, tenant)
    if _is_of_system(where):
        return authorize_system(actor, permission)
    if not _holds(actor, permission, where, *given):
        raise _refusal(actor, permission, where, *given)
    return None


def allowed(
    actor: Actor,
    permission: Permission,
    where: Where,
    *,
    project: Named = None,
    environment: Named = None,
    tenant: Named = None,
) -> bool:
    """The answer of `authorize` without its refusal."""
    if _is_of_system(where):
        return allowed_system(actor, permission)
    return _holds(actor, permission, where, project, environment, tenant)


def anywhere(actor: Actor, permission: Permission, space: Space | int) -> bool:
    """Whether the actor holds the permission for at least something in the space."""
    space_id = space if isinstance(space, int) else space.pk
    return actor.is_system or bool(rights_of(actor).scopes(space_id, permission))


def visible(actor: Actor, permission: Permission, rows: QuerySet[Row]) -> QuerySet[Row]:
    """The rows for which `allowed` says yes, by one filter in the database."""
    if actor.is_system:
        return rows
    model: Any = rows.model
    condition = Q(pk__in=[])
    for scopes, space_ids in rights_of(actor).spaces_by_scopes(permission).items():
        condition |= Q(space_id__in=space_ids) & _admitted(model, permission, scopes)
    return rows.filter(condition)


def authorize_system(actor: Actor, permission: Permission) -> None:
    """Refuse unless `actor` holds the permission at system level. Raises PermissionRefused."""
    if not allowed_system(actor, permission):
        raise PermissionRefused(
            permission.value,
            f"You do not have permission to do this: {permission.value} is missing at system level.",
        )


def allowed_system(actor: Actor, permission: Permission) -> bool:
    return actor.is_system or permission in rights_of(actor).system


def visible_spaces(actor: Actor) -> QuerySet[Space]:
    """The spaces the actor may know of: those with a role of theirs, and for system managers all but
    the private ones (domain.md 2). Nobody knows of one that is being deleted."""
    spaces = Space.objects.filter(deletion_requested_at=None)
    if actor.is_system or allowed_system(actor, Permission.ADMINISTER_SYSTEM):
        return spaces
    own = Q(pk__in=rights_of(actor).space_ids)
    if allowed_system(actor, Permission.SPACE_VIEW):
        own |= Q(is_private=False)
    return spaces.filter(own)


def view_permission(model: type[SpaceOwned]) -> Permission | None:
    """The permission that shows rows of a model, if it has one of its own."""
    return Permission.named(model.view_permission or f"{model.__name__}View")


# --- effective rights -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grant:
    """What one assignment gives. space_id: None at system level.

    takes_second_factor: whether it holds only in sessions that began with a second factor (S6).
    """

    space_id: int | None
    scope: Scope
    permissions: frozenset[str]
    takes_second_factor: bool = False


class Rights:
    """Everything an actor holds, with what was worked out from it before. Never changes."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        self.grants = tuple(grants)
        self.space_ids = frozenset(g.space_id for g in self.grants if g.space_id is not None)
        self.system = frozenset(
            name.removeprefix(SYSTEM_MARK)
            for grant in self.grants
            for name in grant.permissions
            if name.startswith(SYSTEM_MARK)
        )
        self._scopes: dict[tuple[int, Permission], tuple[Scope, ...]] = {}

    def scopes(self, space_id: int, permission: Permission) -> tuple[Scope, ...]:
        """The scopes in which the permission is held; no two alike, one alone when it is unlimited."""
        key = (space_id, permission)
        if (found := self._scopes.get(key)) is None:
            found = self._scopes[key] = self._worked_out(space_id, permission)
        return found

    def spaces_by_scopes(self, permission: Permission) -> dict[tuple[Scope, ...], list[int]]:
        """The spaces in which the permission is held, those with equal scopes together."""
        grouped: dict[tuple[Scope, ...], list[int]] = {}
        for space_id in sorted(self.space_ids):
            if scopes := self.scopes(space_id, permission):
                grouped.setdefault(scopes, []).append(space_id)
        return grouped

    @cached_property
    def without_second_factor(self) -> "Rights":
        """What is left of them in a session without a second factor."""
        kept = [grant for grant in self.grants if not grant.takes_second_factor]
        return self if len(kept) == len(self.grants) else Rights(kept)

    def narrowed_to(self, key: ApiKey) -> "Rights":
        """What a request with this key may do: the intersection with the key's limits."""
        return Rights(
            replace(grant, scope=_narrowed(grant.scope, key), permissions=names)
            for grant in self.grants
            if key.space_ids is None or grant.space_id in key.space_ids
            if (names := _kept_by(key, grant.permissions))
        )

    def _worked_out(self, space_id: int, permission: Permission) -> tuple[Scope, ...]:
        scopes = {
            that_matters(grant.scope, permission)
            for grant in self.grants
            if grant.space_id == space_id and permission.value in grant.permissions
        }
        return (EVERYTHING,) if EVERYTHING in scopes else tuple(sorted(scopes, key=repr))


def rights_of(actor: Actor) -> Rights:
    """The rights of an actor, loaded once per actor and shared between requests until they change."""
    rights: Rights | None = actor.memo.get("rights")
    if rights is None:
        rights = actor.memo["rights"] = _loaded(actor)
    return rights


def _loaded(actor: Actor) -> Rights:
    if actor.user is None:
        raise LookupError("octoplat itself needs no rights.")
    rights = rights_of_user(actor.user, getattr(actor.api_key, "access_stamp", None))
    if not actor.is_proven:
        rights = rights.without_second_factor
    return rights.narrowed_to(actor.api_key) if actor.api_key else rights


def rights_of_user(user: User, stamp: UUID | None = None) -> Rights:
    """The rights of a user without any key's limits. stamp: the access stamp, where it is known."""
    # the stamp first: rows read after it are at least as new, so nothing stale is kept under a new stamp
    if stamp is None:
        stamp = Installation.objects.values_list("access_stamp", flat=True).get()
    return _rights(user.pk, stamp)


def lacks_second_factor(user: User) -> bool:
    """Whether a session of the user without a second factor is worth less than one with it."""
    if Installation.objects.get().second_factor_for == Installation.SecondFactorFor.EVERYBODY:
        return True
    rights = rights_of_user(user)
    return rights.without_second_factor is not rights


@lru_cache(maxsize=2048)
def _rights(user_id: int, stamp: UUID) -> Rights:
    if not User.objects.filter(pk=user_id, is_active=True).exists():
        return Rights([])
    return Rights(_grants(user_id))


def _grants(user_id: int) -> Iterator[Grant]:
    teams = Team.objects.filter(Q(builtin=Team.EVERYONE) | Q(members=user_id))
    rows = (
        ScopedUserRole.objects.filter(
            team__in=teams, grants__group=F("team__group"), space__deletion_requested_at=None
        )
        .annotate(
            names=ArrayAgg("grants__permission__codename"),
            builtin=F("team__builtin"),
            of_space=F("space__requires_second_factor"),
            of_whom=Subquery(Installation.objects.values("second_factor_for")[:1]),
        )
        .order_by()
    )
    for row in rows:
        takes = row.of_space or _takes_second_factor(row.of_whom, row.builtin)
        yield Grant(row.space_id, row.scope, frozenset(row.names), takes)


def _takes_second_factor(of_whom: str, builtin: str) -> bool:
    match of_whom:
        case Installation.SecondFactorFor.EVERYBODY:
            return True
        case Installation.SecondFactorFor.ADMINISTRATORS:
            return builtin in (Team.ADMINISTRATORS, Team.MANAGERS)
    return False


def _narrowed(scope: Scope, key: ApiKey) -> Scope:
    return scope.narrowed(
        projects=_limit(key.project_ids),
        environments=_limit(key.environment_ids),
        tenants=_limit(key.tenant_ids),
    )


def _limit(ids: list[int] | None) -> Ids:
    return None if ids is None else frozenset(ids)


def _kept_by(key: ApiKey, names: frozenset[str]) -> frozenset[str]:
    places = (key.project_ids, key.environment_ids, key.tenant_ids, key.space_ids)
    limited = any(ids is not None for ids in places)
    return frozenset(
        name
        for name in names
        if not (limited and name.startswith(SYSTEM_MARK))
        if key.permissions is None or name.removeprefix(SYSTEM_MARK) in key.permissions
        if not key.read_only or Permission(name.removeprefix(SYSTEM_MARK)).is_view
    )


# --- one act ----------------------------------------------------------------------------------------


def _holds(
    actor: Actor,
    permission: Permission,
    where: Where,
    project: Named,
    environment: Named,
    tenant: Named,
) -> bool:
    if actor.is_system:
        return True
    space_id = space_of(where)
    for thing in (project, environment, tenant):
        if isinstance(thing, SpaceOwned) and thing.space_id != space_id:
            return False
    scopes = rights_of(actor).scopes(space_id, permission)
    if not scopes or scopes[0] == EVERYTHING:
        return bool(scopes)
    places = places_of(permission, where, project, environment, tenant)
    if permission.is_view:
        return any(_admits(scopes, permission, place) for place in places)
    return all(_admits(scopes, permission, place) for place in places)


def _admits(scopes: Iterable[Scope], permission: Permission, place: Place) -> bool:
    return any(reaches(scope, permission, place) for scope in scopes)


def _is_of_system(where: Where) -> bool:
    """Whether it is a row that spaces as well as the system may have, and the system has this one."""
    return not isinstance(where, Space) and where.space_id is None


# --- lists ------------------------------------------------------------------------------------------


def _admitted(model: type[models.Model], permission: Permission, scopes: tuple[Scope, ...]) -> Q:
    """The filter that says of a row what `_holds` says of it in memory."""
    if scopes[0] == EVERYTHING:
        return Q()
    dimensions: Dimensions = getattr(model, "dimensions", Dimensions())
    if not dimensions.many:
        return _any_scope(scopes, permission, dimensions)
    # one joined row per combination of what the thing touches; annotations, because Django turns
    # a negated filter over several rows into another question
    names = {name: f"at_{name}" for name in dimensions.many}
    combinations = model._base_manager.filter(pk=OuterRef("pk")).annotate(
        **{alias: F(getattr(dimensions, name)) for name, alias in names.items()}
    )
    flat = replace(dimensions, **names)  # type: ignore[arg-type]  # str for the str fields
    passing = _any_scope(scopes, permission, flat)
    if permission.is_view:
        return Q(Exists(combinations.filter(passing)))
    return ~Q(Exists(combinations.exclude(passing)))


def _any_scope(scopes: Iterable[Scope], permission: Permission, dimensions: Dimensions) -> Q:
    condition = Q(pk__in=[])
    for scope in scopes:
        condition |= (
            _in_projects(scope, dimensions)
            & _in_environments(scope, permission, dimensions)
            & _in_tenants(scope, permission, dimensions)
        )
    return condition


def _in_projects(scope: Scope, dimensions: Dimensions) -> Q:
    condition = Q()
    if scope.limits_projects:
        condition = _one_of(dimensions.project, scope.projects) | _one_of(
            dimensions.group, scope.groups
        )
    if scope.within is not None:
        condition &= _one_of(dimensions.project, scope.within)
    return condition


def _in_environments(scope: Scope, permission: Permission, dimensions: Dimensions) -> Q:
    if scope.environments is None:
        return Q()
    condition = _one_of(dimensions.environment, scope.environments)
    if permission.is_view and "environment" in dimensions.many:
        condition |= Q(**{f"{dimensions.environment}__isnull": True})
    return condition


def _in_tenants(scope: Scope, permission: Permission, dimensions: Dimensions) -> Q:
    if scope.tenants is None:
        return Q()
    if permission.explicit_tenant:
        return _one_of(dimensions.tenant, scope.tenants)
    if not dimensions.tenant:
        return Q()
    return _one_of(dimensions.tenant, scope.tenants) | Q(**{f"{dimensions.tenant}__isnull": True})


def _one_of(path: str, ids: Ids) -> Q:
    """False, and not unknown, where the column is NULL: the filter may be negated."""
    if not path or not ids:
        return Q(pk__in=[])
    return Q(**{f"{path}__isnull": False, f"{path}__in": sorted(ids)})


# --- refusals ---------------------------------------------------------------------------------------


def _refusal(
    actor: Actor,
    permission: Permission,
    where: Where,
    project: Named,
    environment: Named,
    tenant: Named,
) -> NotFound | PermissionRefused:
    space_id = space_of(where)
    things = (project, environment, tenant)
    strangers = [t for t in things if isinstance(t, SpaceOwned) and t.space_id != space_id]
    if strangers or not _sees(actor, permission, where):
        return NotFound(UNKNOWN)
    context = _context(where, *things)
    reasons = [
        f"You do not have permission to do this: {permission.value} is missing for {context}."
    ]
    if names := _teams_that_could(actor, permission, where, *things):
        reasons.append(f"Teams that have it: {', '.join(names)}.")
    return PermissionRefused(permission.value, reasons)


def _sees(actor: Actor, permission: Permission, where: Where) -> bool:
    """Whether the actor may know that `where` exists."""
    if isinstance(where, Space):
        return visible_spaces(actor).filter(pk=where.pk).exists()
    view = view_permission(type(where)) or permission.view
    if view is None:
        return where.space_id in rights_of(actor).space_ids
    scopes = rights_of(actor).scopes(where.space_id, view)
    places = places_of(view, where, missing=Open.OPEN)
    return any(_admits(scopes, view, place) for place in places)


def _context(where: Where, *things: Named) -> str:
    """Where it was refused, in the names of things the actor can see or named themselves."""
    named = [where, *(thing for thing in things if isinstance(thing, SpaceOwned))]
    return ", ".join(f"{thing._meta.verbose_name} {thing}" for thing in named)


def _teams_that_could(
    actor: Actor, permission: Permission, where: Where, *things: Named
) -> list[str]:
    """Teams holding the permission there, for those who may see teams."""
    space_id = space_of(where)
    if not anywhere(actor, Permission.TEAM_VIEW, space_id):
        return []
    places = places_of(permission, where, *things)
    holding = ScopedUserRole.objects.filter(
        space_id=space_id, grants__permission__codename=permission.value
    ).select_related("team")
    names = {
        row.team.name
        for row in holding
        if all(reaches(that_matters(row.scope, permission), permission, place) for place in places)
    }
    return sorted(names)
