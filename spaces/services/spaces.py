"""Spaces: creating them with managers, changing, deleting. domain.md 2."""

from collections.abc import Callable, Collection
from typing import Any, Protocol

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from spaces import roles
from spaces.access import UNKNOWN, allowed_system, authorize_system, visible_spaces
from spaces.actors import Actor
from spaces.audit import difference, record
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import ScopedUserRole, Space, Team, User, UserRole, WireIdentified
from spaces.naming import SLUG, free_slug, name_problems, text_problems
from spaces.permissions import Permission
from spaces.queries.names import is_taken
from spaces.queries.spaces import manager_rows, managers_of
from spaces.services.grants import keep_in_step, rights_changed
from spaces.services.installation import add_space_managers
from spaces.services.second_factor import refuse_without_own

LONGEST_NAME = 50

# What else a new space needs: other apps add their part when they are ready. Called with the actor and
# the space, in the transaction that creates it.
space_created_hooks: list[Callable[[Actor, Space], None]] = []


class DeletionQueue(Protocol):
    """The queue of tasks, as far as deleting a space needs it."""

    def blockers(self, space: Space) -> list[str]:
        """What runs in the space now, as reasons not to delete it; nothing starts until the end of the
        transaction."""

    def add(self, actor: Actor, space: Space) -> WireIdentified:
        """Queue a task of the system that removes the space."""


# Tasks are another app's, which puts its queue here when it is ready.
deletion_queues: list[DeletionQueue] = []


@transaction.atomic
def create_space(
    *,
    actor: Actor,
    name: str,
    slug: str = "",
    description: str = "",
    is_default: bool = False,
    is_private: bool = False,
    manager_users: Collection[User] = (),
    manager_teams: Collection[Team] = (),
) -> Space:
    """Add a space with everything it needs from the first minute.

    At least one manager is required; the actor does not become one by creating it.
    Raises PermissionRefused, Invalid or Conflict.
    """
    authorize_system(actor, Permission.SPACE_CREATE)
    return make_space(
        actor=actor,
        name=name,
        slug=slug,
        description=description,
        is_default=is_default,
        is_private=is_private,
        manager_users=manager_users,
        manager_teams=manager_teams,
    )


def make_space(
    *,
    actor: Actor,
    name: str,
    slug: str = "",
    description: str = "",
    is_default: bool = False,
    is_private: bool = False,
    manager_users: Collection[User] = (),
    manager_teams: Collection[Team] = (),
) -> Space:
    """`create_space` without asking for a permission: for the first space there is."""
    space = Space(
        name=name.strip(),
        slug=slug or _free_slug(name),
        description=description,
        is_default=is_default,
        is_private=is_private,
    )
    if not manager_users and not manager_teams:
        raise Invalid("A space needs at least one manager.")
    _save(space)
    add_space_managers(space)
    _set_managers(space, manager_users, manager_teams)
    for hook in space_created_hooks:
        hook(actor, space)
    record(actor, "Created", space, related=_manager_ids(space))
    return space


@transaction.atomic
def update_space(
    *,
    actor: Actor,
    space: Space,
    name: str | None = None,
    slug: str | None = None,
    description: str | None = None,
    is_default: bool | None = None,
    is_private: bool | None = None,
    task_queue_stopped: bool | None = None,
    requires_second_factor: bool | None = None,
    manager_users: Collection[User] | None = None,
    manager_teams: Collection[Team] | None = None,
) -> Space:
    """Change what is given. For the space's managers, and for whoever may edit spaces at system level.

    Raises NotFound, PermissionRefused, Invalid, or Conflict when another space is the default one, or
    when the actor asks for a second factor without having one.
    """
    _authorize_managing(actor, space)
    refuse_without_own(actor, is_required=bool(requires_second_factor))
    space = Space.objects.select_for_update(no_key=True).get(pk=space.pk)
    if space.deletion_requested_at:
        raise NotFound(UNKNOWN)
    given = {
        "name": name.strip() if name is not None else None,
        "slug": slug or None,
        "description": description,
        "is_default": is_default,
        "is_private": is_private,
        "task_queue_stopped": task_queue_stopped,
        "requires_second_factor": requires_second_factor,
    }
    before = _shown(space)
    for field, value in given.items():
        if value is not None:
            setattr(space, field, value)
    _save(space)
    if manager_users is not None or manager_teams is not None:
        current = managers_of(space)
        _set_managers(
            space,
            current.users if manager_users is None else manager_users,
            current.teams if manager_teams is None else manager_teams,
        )
    if changes := difference(before, _shown(space)):
        record(actor, "Modified", space, details=changes)
    if "requires_second_factor" in changes:
        rights_changed()
    return space


@transaction.atomic
def request_deletion(*, actor: Actor, space: Space, typed_name: str) -> WireIdentified:
    """Have a server task remove the space with all its content and history. Returns the task.

    From this commit on nobody sees the space any more. typed_name: what the person typed to confirm.
    Raises PermissionRefused, or Conflict or Invalid with every reason.
    """
    authorize_system(actor, Permission.SPACE_DELETE)
    space = Space.objects.select_for_update().get(pk=space.pk)
    if reasons := deletion_blockers(space):
        raise Conflict(reasons)
    if typed_name != space.name:
        raise Invalid(f"Type the name of the space, {space}, to confirm.")
    Space.objects.filter(pk=space.pk).update(deletion_requested_at=Now())
    rights_changed()
    record(actor, "DeletionRequested", space)
    (queue,) = deletion_queues
    return queue.add(actor, space)


def deletion_blockers(space: Space) -> list[str]:
    """Why the space cannot be deleted now, all reasons."""
    reasons = []
    if space.deletion_requested_at:
        reasons.append(f"The space {space} is being deleted already.")
    if not space.task_queue_stopped:
        reasons.append(f"Stop the task queue of the space {space} first.")
    if space.is_default:
        reasons.append(
            f"The space {space} is the default space; make another one the default first."
        )
    return reasons + [reason for queue in deletion_queues for reason in queue.blockers(space)]


def may_delete(requester: User | None) -> bool:
    """Whether who asked for a deletion may still have it: asked again when its task starts (P9)."""
    return requester is None or allowed_system(Actor(requester), Permission.SPACE_DELETE)


@transaction.atomic
def withdraw_deletion(*, actor: Actor, space: Space, reason: str) -> None:
    """Give the space back to its people. Only before anything of it was removed."""
    Space.objects.filter(pk=space.pk).update(deletion_requested_at=None)
    rights_changed()
    record(actor, "DeletionWithdrawn", space, details={"reason": [None, reason]})


@transaction.atomic
def complete_deletion(*, actor: Actor, space: Space) -> None:
    """Remove the emptied space itself with its teams; only the system's events about it survive."""
    record(actor, "Deleted", space)
    groups = list(Group.objects.filter(team__space=space).values_list("pk", flat=True))
    space.delete()
    Group.objects.filter(pk__in=groups).delete()
    rights_changed()


def _set_managers(space: Space, users: Collection[User], teams: Collection[Team]) -> None:
    others = [team for team in teams if team.builtin != Team.SPACE_MANAGERS]
    if not users and not others:
        raise Invalid("A space needs at least one manager.")
    if foreign := [team for team in others if team.space_id not in (None, space.pk)]:
        raise Invalid([f"The team {team} does not exist in this space." for team in foreign])
    Team.objects.get(space=space, builtin=Team.SPACE_MANAGERS).members.set(users)
    rows = manager_rows([space]).exclude(team__builtin=Team.SPACE_MANAGERS)
    rows.exclude(team__in=others).delete()
    holding = set(rows.values_list("team_id", flat=True))
    role = UserRole.objects.get(slug=roles.SPACE_MANAGER)
    added = [
        ScopedUserRole(team=team, role=role, space=space)
        for team in others
        if team.pk not in holding
    ]
    keep_in_step(ScopedUserRole.objects.bulk_create(added))


def _authorize_managing(actor: Actor, space: Space) -> None:
    if actor.is_system or allowed_system(actor, Permission.SPACE_EDIT):
        return
    if actor.user and manager_rows([space]).filter(team__members=actor.user).exists():
        return
    if not visible_spaces(actor).filter(pk=space.pk).exists():
        raise NotFound(UNKNOWN)
    raise PermissionRefused(
        Permission.SPACE_EDIT.value, f"Only managers of the space {space} may change it."
    )


def _save(space: Space) -> None:
    problems = name_problems(space.name, longest=LONGEST_NAME)
    problems += text_problems("description", space.description)
    if not SLUG.fullmatch(space.slug) or len(space.slug) > 60:
        problems.append(
            f"The slug {space.slug!r} may hold only lower-case letters, digits and dashes."
        )
    if problems:
        raise Invalid(problems)
    if is_taken(Space.objects.all(), space.name, but=space):
        raise Conflict(f"The name {space.name!r} is already in use.")
    if space.is_default and Space.objects.filter(is_default=True).exclude(pk=space.pk).exists():
        raise Conflict("Another space is the default space; it must stop being that first.")
    try:
        with transaction.atomic():
            space.save()
    except IntegrityError as exc:
        raise Conflict("The name or slug is already in use.") from exc


def _free_slug(name: str) -> str:
    taken = set(Space.objects.values_list("slug", flat=True))
    return free_slug(name[:LONGEST_NAME], taken, otherwise="space")


def _manager_ids(space: Space) -> list[str]:
    managers = managers_of(space)
    return [
        *(user.wire_id for user in managers.users),
        *(team.wire_id for team in managers.teams),
    ]


def _shown(space: Space) -> dict[str, Any]:
    managers = managers_of(space)
    return {
        "name": space.name,
        "slug": space.slug,
        "description": space.description,
        "is_default": space.is_default,
        "is_private": space.is_private,
        "task_queue_stopped": space.task_queue_stopped,
        "requires_second_factor": space.requires_second_factor,
        "managers": sorted([*map(str, managers.users), *map(str, managers.teams)]),
    }
