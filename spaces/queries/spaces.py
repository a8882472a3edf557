"""Which space a request means, and who manages spaces. api-dialect.md 3.4, domain.md 2."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import QuerySet

from spaces import roles
from spaces.access import UNKNOWN, visible_spaces
from spaces.actors import Actor
from spaces.errors import NotFound
from spaces.models import ScopedUserRole, Space, Team, User
from spaces.queries.references import find

NO_DEFAULT = "There is no default space; name one in the address: /api/{space}/…"


@dataclass
class Managers:
    """users: the members of the space's built-in team. teams: others that hold the role there."""

    users: list[User] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)


def managers_of(space: Space) -> Managers:
    return managers_of_all([space])[space.pk]


def managers_of_all(spaces: Collection[Space]) -> dict[int, Managers]:
    """By the space's number, in constant queries."""
    found = {space.pk: Managers() for space in spaces}
    rows = manager_rows(spaces).select_related("team").prefetch_related("team__members")
    for row in rows:
        if row.space_id is None:
            continue
        if row.team.builtin == Team.SPACE_MANAGERS:
            found[row.space_id].users = list(row.team.members.all())
        else:
            found[row.space_id].teams.append(row.team)
    return found


def manager_rows(spaces: Collection[Space]) -> QuerySet[ScopedUserRole]:
    """The unlimited assignments of the Space Manager role."""
    return ScopedUserRole.objects.filter(
        space__in=spaces,
        role__slug=roles.SPACE_MANAGER,
        project_ids=None,
        project_group_ids=None,
        environment_ids=None,
        tenant_ids=None,
    )


def space_named(actor: Actor, text: str) -> Space:
    """The space with this id, slug or name. Raises NotFound, also for one the actor may not know of."""
    if space := find(visible_spaces(actor), text):
        return space
    raise NotFound(UNKNOWN)


def default_space(actor: Actor) -> Space:
    """The space that addresses without one mean. Raises NotFound when there is none for the actor."""
    if space := visible_spaces(actor).filter(is_default=True).first():
        return space
    raise NotFound(NO_DEFAULT)
