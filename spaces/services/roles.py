"""Custom roles. Built-in ones never change: clone one to change it. domain.md 4.1."""

from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction

from spaces.access import authorize_system
from spaces.actors import Actor
from spaces.audit import difference, record
from spaces.errors import Conflict, Invalid
from spaces.models import UserRole
from spaces.naming import name_problems, text_problems
from spaces.permissions import Permission
from spaces.queries.names import is_taken
from spaces.scopes import EVERYTHING
from spaces.services.escalation import refuse_to_give
from spaces.services.grants import keep_in_step


@transaction.atomic
def create_role(
    *,
    actor: Actor,
    name: str,
    description: str = "",
    space_permissions: Collection[str] = (),
    system_permissions: Collection[str] = (),
) -> UserRole:
    """Add a role. Raises PermissionRefused, Invalid or Conflict."""
    return _changed(
        actor, UserRole(), "Created", name, description, space_permissions, system_permissions
    )


@transaction.atomic
def update_role(
    *,
    actor: Actor,
    role: UserRole,
    name: str,
    description: str = "",
    space_permissions: Collection[str] = (),
    system_permissions: Collection[str] = (),
) -> UserRole:
    """Replace a role's text and permissions; whoever holds it gains and loses at once.

    Raises PermissionRefused, Invalid or Conflict.
    """
    role = UserRole.objects.select_for_update(no_key=True).get(pk=role.pk)
    _refuse_builtin(role)
    return _changed(
        actor, role, "Modified", name, description, space_permissions, system_permissions
    )


@transaction.atomic
def delete_role(*, actor: Actor, role: UserRole) -> None:
    """Raises PermissionRefused, or Conflict while a team holds the role."""
    authorize_system(actor, Permission.USER_ROLE_EDIT)
    _refuse_builtin(role)
    if teams := sorted(role.scoped_roles.values_list("team__name", flat=True).distinct()):
        raise Conflict(f"The role {role} is held by {', '.join(teams)}.")
    record(actor, "Deleted", role)
    role.delete()


def _changed(
    actor: Actor,
    role: UserRole,
    category: str,
    name: str,
    description: str,
    space_permissions: Collection[str],
    system_permissions: Collection[str],
) -> UserRole:
    authorize_system(actor, Permission.USER_ROLE_EDIT)
    before = _shown(role)
    role.name, role.description = name.strip(), description
    role.space_permissions = sorted(set(space_permissions))
    role.system_permissions = sorted(set(system_permissions))
    if problems := _problems(role):
        raise Invalid(problems)
    if is_taken(UserRole.objects.all(), role.name, but=role):
        raise Conflict(f"The name {role.name!r} is already in use.")
    refuse_to_give(actor, role, space_id=None, scope=EVERYTHING)
    try:
        with transaction.atomic():
            role.save()
    except IntegrityError as exc:
        raise Conflict(f"The name {role.name!r} is already in use.") from exc
    keep_in_step(role.scoped_roles.all())
    record(actor, category, role, details=difference(before, _shown(role)))
    return role


def _problems(role: UserRole) -> list[str]:
    problems = name_problems(role.name) + text_problems("description", role.description)
    for name in role.space_permissions:
        permission = Permission.named(name)
        if permission is None or not permission.in_spaces:
            problems.append(f"{name} is not a space permission.")
    for name in role.system_permissions:
        permission = Permission.named(name)
        if permission is None or not permission.at_system_level:
            problems.append(f"{name} is not a system permission.")
    return problems


def _refuse_builtin(role: UserRole) -> None:
    if role.is_builtin:
        raise Conflict(f"The built-in role {role} cannot be changed; make a copy of it.")


def _shown(role: UserRole) -> dict[str, Any]:
    return {
        "name": role.name,
        "description": role.description,
        "space_permissions": list(role.space_permissions),
        "system_permissions": list(role.system_permissions),
    }
