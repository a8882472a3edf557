"""Spaces: creating them with managers, changing, deleting. domain.md 2."""

from collections.abc import Callable, Collection
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, models, transaction

from spaces import roles
from spaces.access import UNKNOWN, allowed_system, authorize_system, visible_spaces
from spaces.actors import Actor
from spaces.audit import difference, record
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event, EventHead, ScopedUserRole, Space, Team, User, UserRole
from spaces.naming import SLUG, free_slug, name_problems, text_problems
from spaces.permissions import Permission
from spaces.queries.spaces import manager_rows, managers_of
from spaces.services.grants import keep_in_step, rights_changed
from spaces.services.installation import add_space_managers

LONGEST_NAME = 50

# What else a new space needs: other apps add their part when they are ready. Called with the actor and
# the space, in the transaction that creates it.
space_created_hooks: list[Callable[[Actor, Space], None]] = []


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
    manager_users: Collection[User] | None = None,
    manager_teams: Collection[Team] | None = None,
) -> Space:
    """Change what is given. For the space's managers, and for whoever may edit spaces at system level.

    Raises NotFound, PermissionRefused, Invalid, or Conflict when another space is the default one.
    """
    _authorize_managing(actor, space)
    space = Space.objects.select_for_update(no_key=True).get(pk=space.pk)
    given = {
        "name": name.strip() if name is not None else None,
        "slug": slug or None,
        "description": description,
        "is_default": is_default,
        "is_private": is_private,
        "task_queue_stopped": task_queue_stopped,
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
    return space


@transaction.atomic
def delete_space(*, actor: Actor, space: Space) -> None:
    """Remove a space with all its content and history; only the system's events about it survive.

    Its queue must be stopped, and it must not be the default one. Raises PermissionRefused or Conflict.
    """
    authorize_system(actor, Permission.SPACE_DELETE)
    space = Space.objects.select_for_update().get(pk=space.pk)
    if reasons := deletion_blockers(space):
        raise Conflict(reasons)
    record(actor, "Deleted", space)
    _empty(space)
    groups = list(Group.objects.filter(team__space=space))
    space.delete()
    Group.objects.filter(pk__in=[group.pk for group in groups]).delete()
    rights_changed()


def deletion_blockers(space: Space) -> list[str]:
    """Why the space cannot be deleted now, all reasons."""
    reasons = []
    if not space.task_queue_stopped:
        reasons.append(f"Stop the task queue of the space {space} first.")
    if space.is_default:
        reasons.append(
            f"The space {space} is the default space; make another one the default first."
        )
    return reasons


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


def _empty(space: Space) -> None:
    """Delete the rows of every table of the space, in SQL: they refer to each other in circles, which
    PostgreSQL checks at the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('octoplat.deleting_space', %s, true)", [str(space.pk)])
    for rows in _content_of(space):
        rows._raw_delete(rows.db)


def _content_of(space: Space) -> list[models.QuerySet[Any]]:
    """Every row that the space owns: those owned through another row first."""
    through: list[models.QuerySet[Any]] = []
    direct: list[models.QuerySet[Any]] = []
    for model in apps.get_models(include_auto_created=True):
        if path := getattr(model, "owned_through", ""):
            owned = model._base_manager.filter(**{f"{path}__space": space})
            through.append(model._base_manager.filter(pk__in=owned.values("pk")))
        elif model in (Event, EventHead) or _has_space(model):
            direct.append(model._base_manager.filter(space=space))
    return through + direct


def _has_space(model: type[models.Model]) -> bool:
    return any(
        isinstance(field, models.ForeignKey)
        and field.name == "space"
        and field.related_model is Space
        for field in model._meta.local_fields
    ) and model not in (Team, ScopedUserRole)


def _save(space: Space) -> None:
    problems = name_problems(space.name, longest=LONGEST_NAME)
    problems += text_problems("description", space.description)
    if not SLUG.fullmatch(space.slug) or len(space.slug) > 60:
        problems.append(
            f"The slug {space.slug!r} may hold only lower-case letters, digits and dashes."
        )
    if problems:
        raise Invalid(problems)
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
        "managers": sorted([*map(str, managers.users), *map(str, managers.teams)]),
    }
