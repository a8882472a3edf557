"""Teams: who is in them, and which roles they hold where. domain.md 4.1, 4.2."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from spaces.access import allowed_system, authorize, authorize_system
from spaces.actors import Actor
from spaces.audit import difference, record
from spaces.errors import Conflict, Invalid, NotFound
from spaces.models import ScopedUserRole, Space, Team, User, UserRole
from spaces.naming import name_problems, text_problems
from spaces.permissions import Permission
from spaces.queries.names import is_taken
from spaces.scopes import EVERYTHING, WIRE_PREFIXES, Scope, dimension_models
from spaces.services.escalation import refuse_to_give, refuse_to_share
from spaces.services.grants import keep_in_step, rights_changed
from spaces.services.installation import new_group

_COLUMNS = {
    "project": "project_ids",
    "group": "project_group_ids",
    "environment": "environment_ids",
    "tenant": "tenant_ids",
}


@transaction.atomic
def create_team(
    *,
    actor: Actor,
    space: Space | None,
    name: str,
    description: str = "",
    members: Collection[User] = (),
) -> Team:
    """Add a team to a space, or a system team. Raises PermissionRefused, Invalid or Conflict."""
    _authorize(actor, Permission.TEAM_CREATE, space)
    team = Team(space=space, name=name.strip(), description=description, group=new_group())
    _save(team)
    team.members.set(members)
    rights_changed()
    record(actor, "Created", team, details={"members": _names(members)})
    return team


@transaction.atomic
def update_team(
    *,
    actor: Actor,
    team: Team,
    name: str | None = None,
    description: str | None = None,
    members: Collection[User] | None = None,
) -> Team:
    """Change what is given.

    Raises PermissionRefused (also for adding somebody to a team that holds more than the actor),
    Invalid, or Conflict where the team is built in or would leave no administrator.
    """
    _authorize(actor, Permission.TEAM_EDIT, team.space)
    team = Team.objects.select_for_update(of=("self",), no_key=True).get(pk=team.pk)
    before = _shown(team)
    if name is not None and name.strip() != team.name:
        if not team.can_be_renamed:
            raise Conflict(f"The built-in team {team} cannot be renamed.")
        team.name = name.strip()
    team.description = team.description if description is None else description
    _save(team)
    if members is not None:
        _set_members(actor, team, members)
    if changes := difference(before, _shown(team)):
        record(actor, "Modified", team, details=changes)
    return team


@transaction.atomic
def delete_team(*, actor: Actor, team: Team) -> None:
    """Remove a team and all it holds. Raises PermissionRefused, or Conflict for built-in ones."""
    _authorize(actor, Permission.TEAM_DELETE, team.space)
    if not team.can_be_deleted:
        raise Conflict(f"The built-in team {team} cannot be deleted.")
    record(actor, "Deleted", team)
    group = team.group
    team.delete()
    group.delete()
    rights_changed()


@transaction.atomic
def assign_role(
    *,
    actor: Actor,
    team: Team,
    role: UserRole,
    space: Space | None = None,
    scope: Scope = EVERYTHING,
) -> ScopedUserRole:
    """Give a team a role, in a space unless the role has system permissions only.

    Raises PermissionRefused, also for giving what the actor does not hold; Invalid; Conflict.
    """
    row = ScopedUserRole(team=team, role=role, space=space)
    _judge(actor, row, scope)
    _set_scope(row, scope)
    row.save()
    keep_in_step([row])
    record(actor, "Created", row, space=team.space or space, details=_described(row))
    return row


@transaction.atomic
def change_assignment(
    *, actor: Actor, assignment: ScopedUserRole, role: UserRole, scope: Scope
) -> ScopedUserRole:
    """Exchange the role or the limits of an assignment. Raises as `assign_role` does."""
    row = ScopedUserRole.objects.select_for_update(of=("self",), no_key=True).get(pk=assignment.pk)
    before = _described(row)
    row.role = role
    _judge(actor, row, scope)
    _set_scope(row, scope)
    row.save()
    keep_in_step([row])
    changes = difference(before, _described(row))
    record(actor, "Modified", row, space=row.team.space or row.space, details=changes)
    return row


@transaction.atomic
def remove_assignment(*, actor: Actor, assignment: ScopedUserRole) -> None:
    """Take a role away from a team. Raises PermissionRefused, or Conflict for built-in teams."""
    _authorize(actor, Permission.TEAM_EDIT, assignment.team.space or assignment.space)
    _refuse_fixed_roles(assignment.team)
    _delete(actor, assignment)


def join_team(*, actor: Actor, team: Team, user: User) -> None:
    """Add a member without asking for a permission, as part of a change that was judged."""
    team.members.add(user)
    if team.builtin == Team.ADMINISTRATORS:
        _settle_administrators(team)
    rights_changed()
    record(actor, "Modified", team, message=f"{user} joined {team}", related=[user.wire_id])


def forget(actor: Actor, space: Space, dimension: str, pk: int) -> None:
    """Take a deleted project, group, environment or tenant out of all limits, in the caller's
    transaction. dimension: as in `Dimensions`.

    An assignment limited to it alone goes as well: without the limit it would reach everything
    (domain.md 4.3).
    """
    column = _COLUMNS[dimension]
    for row in ScopedUserRole.objects.filter(space=space, **{f"{column}__contains": [pk]}):
        left = [other for other in getattr(row, column) if other != pk]
        if left or _still_limited(row, dimension):
            setattr(row, column, left or None)
            row.save(update_fields=[column])
        else:
            _delete(actor, row)
    rights_changed()


def _still_limited(row: ScopedUserRole, dimension: str) -> bool:
    """Projects and groups are one dimension: what is left of the other one still limits."""
    other = {"project": row.project_group_ids, "group": row.project_ids}
    return bool(other.get(dimension))


def _delete(actor: Actor, row: ScopedUserRole) -> None:
    record(actor, "Deleted", row, space=row.team.space or row.space, details=_described(row))
    row.delete()
    rights_changed()


def _judge(actor: Actor, row: ScopedUserRole, scope: Scope) -> None:
    """All rules of domain.md 4.2 about one assignment."""
    _authorize(actor, Permission.TEAM_EDIT, row.team.space or row.space)
    _refuse_fixed_roles(row.team)
    if row.team.space_id and row.space_id != row.team.space_id:
        raise NotFound("The team does not exist in this space.")
    if row.role.space_permissions and row.space_id is None:
        raise Invalid(f"The role {row.role} has space permissions: choose the space.")
    if not row.role.space_permissions and row.space_id is not None:
        raise Invalid(f"The role {row.role} has system permissions only, which no space can hold.")
    if row.space_id is not None:
        _refuse_strangers(row.space_id, scope)
    refuse_to_give(actor, row.role, space_id=row.space_id, scope=scope)


def _refuse_strangers(space_id: int, scope: Scope) -> None:
    """Limits may name only what exists in the space."""
    wanted = {
        "project": scope.projects,
        "group": scope.groups,
        "environment": scope.environments,
        "tenant": scope.tenants,
    }
    missing: list[str] = []
    for dimension, ids in wanted.items():
        if ids and (model := dimension_models.get(dimension)):
            rows = model.objects.in_space(space_id).filter(pk__in=ids)
            there = set(rows.values_list("pk", flat=True))
            missing += [f"{WIRE_PREFIXES[dimension]}-{pk}" for pk in sorted(ids - there)]
    if missing:
        raise Invalid([f"{wire_id} does not exist." for wire_id in missing])


def _refuse_fixed_roles(team: Team) -> None:
    if not team.can_change_roles:
        raise Conflict(f"The roles of the built-in team {team} cannot be changed.")


def _set_scope(row: ScopedUserRole, scope: Scope) -> None:
    row.project_ids = _listed(scope.projects)
    row.project_group_ids = _listed(scope.groups)
    row.environment_ids = _listed(scope.environments)
    row.tenant_ids = _listed(scope.tenants)


def _listed(ids: Iterable[int] | None) -> list[int] | None:
    return sorted(ids) if ids else None


def _set_members(actor: Actor, team: Team, members: Collection[User]) -> None:
    current = set(team.members.all())
    added, removed = set(members) - current, current - set(members)
    if not added and not removed:
        return
    if not team.can_change_members:
        raise Conflict(f"Everybody is in the built-in team {team}.")
    if added:
        refuse_to_share(actor, team.scoped_roles.select_related("role"))
    team.members.set(members)
    if team.builtin == Team.ADMINISTRATORS:
        _settle_administrators(team)
    rights_changed()


def _settle_administrators(team: Team) -> None:
    """One active person must be left (P10); Django's admin opens for exactly these users."""
    if not team.members.filter(is_active=True, is_service=False).exists():
        raise Conflict(f"The team {team} must keep an active member who is a person.")
    is_member = Exists(team.members.through.objects.filter(team=team, user=OuterRef("pk")))
    User.objects.filter(anonymised_at=None).update(is_staff=is_member, is_superuser=is_member)


def _authorize(actor: Actor, permission: Permission, space: Space | None) -> None:
    """Who may manage teams at system level may do so in every space."""
    if space is None:
        authorize_system(actor, permission)
    elif not allowed_system(actor, permission):
        authorize(actor, permission, space)


def _save(team: Team) -> None:
    problems = name_problems(team.name) + text_problems("description", team.description)
    if problems:
        raise Invalid(problems)
    if is_taken(Team.objects.filter(space=team.space), team.name, but=team):
        raise Conflict(f"The name {team.name!r} is already in use.")
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as exc:
        raise Conflict(f"The name {team.name!r} is already in use.") from exc


def _names(members: Iterable[User]) -> list[str]:
    return sorted(user.username for user in members)


def _shown(team: Team) -> dict[str, Any]:
    return {
        "name": team.name,
        "description": team.description,
        "members": _names(team.members.all()),
    }


def _described(row: ScopedUserRole) -> dict[str, Any]:
    return {
        "team": row.team.wire_id,
        "role": row.role.name,
        **{column: getattr(row, column) for column in _COLUMNS.values()},
    }
