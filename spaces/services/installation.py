"""What every installation has before anybody signs in: permissions, built-in roles, system teams."""

from uuid import uuid4

from django.contrib.auth.models import Group
from django.contrib.auth.models import Permission as GuardianPermission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from spaces import roles
from spaces.models import Installation, ScopedUserRole, Space, Team, UserRole
from spaces.permissions import SPACE_PERMISSIONS, SYSTEM_PERMISSIONS, codename
from spaces.services import grants

_SYSTEM_TEAMS = (
    (Team.EVERYONE, "Everyone", "All users.", ""),
    (
        Team.ADMINISTRATORS,
        "Octopus Administrators",
        "May do everything at system level.",
        roles.SYSTEM_ADMINISTRATOR,
    ),
    (
        Team.MANAGERS,
        "Octopus Managers",
        "Manage spaces, users, teams and roles.",
        roles.SYSTEM_MANAGER,
    ),
)


@transaction.atomic
def install_builtins() -> None:
    """Add what is missing; harmless to repeat, and repeated after every migration.

    Existing roles stay as they are: an upgrade adds no permission to what somebody was given. Space
    Manager alone follows, being defined as every permission of a space (domain.md 4.1).
    """
    Installation.objects.get_or_create(pk=1)
    _add_permissions()
    _add_roles()
    for builtin, name, description, role in _SYSTEM_TEAMS:
        _add_system_team(builtin, name, description, role)


def add_space_managers(space: Space) -> Team:
    """The built-in team of a space's managers, without members."""
    team = Team.objects.create(
        space=space,
        name="Space Managers",
        description="May do everything in this space.",
        builtin=Team.SPACE_MANAGERS,
        group=new_group(),
    )
    role = UserRole.objects.get(slug=roles.SPACE_MANAGER)
    _assign(ScopedUserRole(team=team, role=role, space=space))
    return team


def new_group() -> Group:
    """The group behind a new team. Its name is random: names of teams repeat between spaces."""
    return Group.objects.create(name=f"team-{uuid4()}")


def _add_permissions() -> None:
    kind = ContentType.objects.get_for_model(ScopedUserRole)
    wanted = [
        GuardianPermission(
            content_type=kind, codename=codename(p, system=system), name=p.description
        )
        for system, permissions in ((False, SPACE_PERMISSIONS), (True, SYSTEM_PERMISSIONS))
        for p in permissions
    ]
    GuardianPermission.objects.bulk_create(wanted, ignore_conflicts=True)


def _add_roles() -> None:
    known = set(UserRole.objects.exclude(slug="").values_list("slug", flat=True))
    UserRole.objects.bulk_create(
        UserRole(
            name=role.name,
            slug=role.slug,
            description=role.description,
            is_builtin=True,
            space_permissions=[p.value for p in role.space],
            system_permissions=[p.value for p in role.system],
        )
        for role in roles.BUILTIN_ROLES
        if role.slug not in known
    )
    _complete_space_manager()


def _complete_space_manager() -> None:
    role = UserRole.objects.get(slug=roles.SPACE_MANAGER)
    every = [p.value for p in SPACE_PERMISSIONS]
    if set(role.space_permissions) != set(every):
        role.space_permissions = every
        role.save(update_fields=["space_permissions"])
        grants.keep_in_step(ScopedUserRole.objects.filter(role=role))


def _add_system_team(builtin: str, name: str, description: str, role: str) -> None:
    if Team.objects.filter(builtin=builtin).exists():
        return
    team = Team.objects.create(
        name=name, description=description, builtin=builtin, group=new_group()
    )
    if role:
        _assign(ScopedUserRole(team=team, role=UserRole.objects.get(slug=role)))


def _assign(row: ScopedUserRole) -> None:
    row.save()
    grants.keep_in_step([row])
