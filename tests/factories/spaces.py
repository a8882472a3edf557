"""Spaces, people and what they may do."""

from collections.abc import Collection
from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from spaces.actors import Actor
from spaces.models import ApiKey, Invitation, ScopedUserRole, Space, Team, User, UserRole
from spaces.permissions import Permission
from spaces.scopes import Scope
from spaces.services import api_keys
from spaces.services.grants import keep_in_step, rights_changed
from spaces.services.installation import add_space_managers, new_group

serial = count(1)
PASSWORD = "correct horse battery staple"
Role = UserRole | str | Permission | Collection[Permission]


def make_space(**given: Any) -> Space:
    """A space with its built-in team, which has no members, and without the defaults of other apps."""
    number = next(serial)
    space = Space.objects.create(**{"name": f"Space {number}", "slug": f"space-{number}"} | given)
    add_space_managers(space)
    return space


def make_user(**given: Any) -> User:
    """A person in no team, whose password is PASSWORD."""
    name = f"user{next(serial)}"
    password = given.pop("password", PASSWORD)
    user = User(**{"username": name, "display_name": name.title()} | given)
    user.set_password(None if user.is_service else password)
    user.save()
    return user


def make_team(space: Space | None = None, *members: User, **given: Any) -> Team:
    """A team without roles; a system team when there is no space."""
    team = Team.objects.create(
        **{"space": space, "name": f"Team {next(serial)}", "group": new_group()} | given
    )
    team.members.set(members)
    rights_changed()
    return team


def make_role(*permissions: Permission, **given: Any) -> UserRole:
    """A custom role with these permissions, each where it exists."""
    defaults = {
        "name": f"Role {next(serial)}",
        "space_permissions": [p.value for p in permissions if p.in_spaces],
        "system_permissions": [p.value for p in permissions if not p.in_spaces],
    }
    return UserRole.objects.create(**defaults | given)


def grant(user: User, role: Role, space: Space | None, **scope: Collection[int]) -> ScopedUserRole:
    """Let a user do something, through a team of their own.

    role: a role, the slug of a built-in one ("projectviewer"), one permission or several.
    scope: projects=, groups=, environments=, tenants= as ids; none means any.
    An Actor made before keeps what it has loaded: make a new one with `actor_for`.
    """
    return assign(make_team(space, user), role, space, **scope)


def assign(team: Team, role: Role, space: Space | None, **scope: Collection[int]) -> ScopedUserRole:
    """Give a team a role without asking for anybody's permission."""
    limits = Scope.of(**scope)
    row = ScopedUserRole.objects.create(
        team=team,
        role=_role(role),
        space=space,
        project_ids=_listed(limits.projects),
        project_group_ids=_listed(limits.groups),
        environment_ids=_listed(limits.environments),
        tenant_ids=_listed(limits.tenants),
    )
    keep_in_step([row])
    return row


def make_administrator(**given: Any) -> User:
    """A member of Octopus Administrators, who has no right in any space."""
    user = make_user(is_staff=True, is_superuser=True, **given)
    Team.objects.get(builtin=Team.ADMINISTRATORS).members.add(user)
    rights_changed()
    return user


def make_api_key(user: User, **given: Any) -> tuple[ApiKey, str]:
    """A key of the user, and its text."""
    given = {"purpose": "Test"} | given
    return api_keys.create_api_key(actor=Actor.system("test"), user=user, **given)


def make_invitation(*teams: Team) -> Invitation:
    """Into these teams, by an administrator; nobody has its code."""
    invitation = Invitation.objects.create(
        digest=f"{next(serial)}",
        inviter=make_administrator(),
        expires_at=timezone.now() + timedelta(hours=1),
    )
    invitation.teams.set(teams)
    return invitation


def actor_for(user: User, **given: Any) -> Actor:
    """The user, as a request would bring them."""
    settings: dict[str, Any] = {"identity": "Session"} | given
    return Actor(user=user, **settings)


def _role(given: Role) -> UserRole:
    if isinstance(given, UserRole):
        return given
    if isinstance(given, Permission):
        return make_role(given)
    if isinstance(given, str):
        return UserRole.objects.get(slug=given)
    return make_role(*given)


def _listed(ids: Collection[int] | None) -> list[int] | None:
    return sorted(ids) if ids else None
