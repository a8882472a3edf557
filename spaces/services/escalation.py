"""Nobody gives away what they do not hold. domain.md 4.2, security-and-reliability.md P4."""

from collections.abc import Iterable

from spaces.access import Rights, allowed_system, rights_of
from spaces.actors import Actor
from spaces.errors import PermissionRefused
from spaces.models import ScopedUserRole, User, UserRole
from spaces.permissions import SYSTEM_MARK, Permission
from spaces.scopes import Scope

# What a role may carry to system level without its giver holding it: looking up names.
HARMLESS = frozenset(
    {Permission.TEAM_VIEW.value, Permission.USER_VIEW.value, Permission.USER_ROLE_VIEW.value}
)


def refuse_to_give(actor: Actor, role: UserRole, *, space_id: int | None, scope: Scope) -> None:
    """Raises PermissionRefused, naming what `actor` lacks to give this role away there.

    Who may edit roles at system level may give any space permission, but no system permission they lack.
    """
    lacking = set(role.system_permissions) - HARMLESS - _system_rights(actor)
    if space_id is not None and not allowed_system(actor, Permission.USER_ROLE_EDIT):
        lacking |= _uncovered(actor, role.space_permissions, space_id, scope)
    _refuse(lacking, f"the role {role}")


def refuse_to_share(actor: Actor, assignments: Iterable[ScopedUserRole]) -> None:
    """Adding somebody to a team gives them all that the team holds."""
    for row in assignments:
        refuse_to_give(actor, row.role, space_id=row.space_id, scope=row.scope)


def refuse_to_impersonate(actor: Actor, user: User, theirs: Rights) -> None:
    """A key or a new password of another user is the power to act as that user."""
    if actor.is_system or actor.user == user:
        return
    lacking: set[str] = set(theirs.system - HARMLESS - _system_rights(actor))
    for grant in theirs.grants:
        if grant.space_id is not None:
            names = [name for name in grant.permissions if not name.startswith(SYSTEM_MARK)]
            lacking |= _uncovered(actor, names, grant.space_id, grant.scope)
    _refuse(lacking, f"the rights of {user}")


def _system_rights(actor: Actor) -> frozenset[str]:
    if actor.is_system:
        return frozenset(permission.value for permission in Permission)
    return rights_of(actor).system


def _uncovered(actor: Actor, names: Iterable[str], space_id: int, scope: Scope) -> set[str]:
    """Those of the permissions that the actor does not hold in all of `scope`."""
    if actor.is_system:
        return set()
    rights = rights_of(actor)
    return {
        name
        for name in names
        if not any(own.covers(scope) for own in rights.scopes(space_id, Permission(name)))
    }


def _refuse(lacking: set[str], what: str) -> None:
    if lacking:
        names = ", ".join(sorted(lacking))
        raise PermissionRefused(
            names, f"You cannot give {what}, because you do not hold all of it: {names}."
        )
