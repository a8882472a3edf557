"""Who holds what through which assignment: the rows behind rights, read for people. domain.md 4."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, Q, QuerySet

from spaces.access import Grant
from spaces.models import ScopedUserRole, Team, User
from spaces.permissions import SYSTEM_MARK, Permission


@dataclass(frozen=True)
class Holding:
    """One assignment with the permissions that it gives. The row has its team and role at hand."""

    row: ScopedUserRole
    names: frozenset[str]

    @cached_property
    def grant(self) -> Grant:
        return Grant(self.row.space_id, self.row.scope, self.names)

    def gives(self, permission: Permission, *, at_system_level: bool = False) -> bool:
        return (f"{SYSTEM_MARK}{permission}" if at_system_level else permission) in self.names


def holdings(rows: QuerySet[ScopedUserRole]) -> list[Holding]:
    """Those of the assignments that give something, with what they give. One query."""
    rows = (
        rows.filter(grants__group=F("team__group"), space__deletion_requested_at=None)
        .select_related("team", "role")
        .annotate(names=ArrayAgg("grants__permission__codename"))
        .order_by("team__name", "pk")
    )
    return [Holding(row, frozenset(row.names)) for row in rows]


def assignments_of(user: User) -> QuerySet[ScopedUserRole]:
    """What all teams of the user hold."""
    return ScopedUserRole.objects.filter(team__in=teams_of(user))


def teams_of(user: User) -> QuerySet[Team]:
    return Team.objects.filter(Q(builtin=Team.EVERYONE) | Q(members=user)).distinct()


def members_of(teams: Iterable[Team]) -> QuerySet[User]:
    """Who may act through these teams: Everyone has no list of members, it means all active users."""
    active = User.objects.filter(is_active=True)
    teams = list(teams)
    if any(team.builtin == Team.EVERYONE for team in teams):
        return active
    return active.filter(teams__in=teams).distinct()


def grants_of(users: Collection[User]) -> dict[int, list[Grant]]:
    """What each of the users holds, by the user's number, in constant queries."""
    active = [user.pk for user in users if user.is_active]
    through = Team.members.through.objects.filter(user__in=active)
    memberships = list(through.values_list("user_id", "team_id"))
    reached = Q(team__builtin=Team.EVERYONE) | Q(team__in={team for _, team in memberships})
    found: dict[int, list[Grant]] = {user.pk: [] for user in users}
    by_team: dict[int, list[Grant]] = {}
    for holding in holdings(ScopedUserRole.objects.filter(reached)):
        if holding.row.team.builtin == Team.EVERYONE:
            for pk in active:
                found[pk].append(holding.grant)
        by_team.setdefault(holding.row.team_id, []).append(holding.grant)
    for user_id, team_id in memberships:
        found[user_id] += by_team.get(team_id, [])
    return found
