"""Why somebody may do something, or why not: the judgement of `spaces.access`, told assignment by assignment.

The verdict is that of `authorize` for the user in a session with everything proved: limits of API keys, and
rights that wait for a second factor, are told beside it. domain.md 4.3, ui.md 7(j).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from spaces.access import allowed_system, anywhere, authorize_system
from spaces.actors import Actor
from spaces.errors import PermissionRefused
from spaces.models import ScopedUserRole, Space, SpaceOwned, User
from spaces.permissions import Permission
from spaces.places import Named, Place, Where, missed, places_of, space_of, that_matters
from spaces.queries.holdings import Holding, assignments_of, holdings, members_of
from spaces.queries.scope_names import WORDS, ScopeNames

MOST_NEAREST = 5
NO_ONE = {
    "project": "it is for no project in particular",
    "environment": "it is for no environment in particular",
    "tenant": "it is for no tenant",
}


@dataclass(frozen=True)
class Question:
    """What is asked. where: None asks at system level."""

    permission: Permission
    where: Where | None
    project: Named = None
    environment: Named = None
    tenant: Named = None

    @property
    def things(self) -> dict[str, Named]:
        return {
            "project": self.project,
            "environment": self.environment,
            "tenant": self.tenant,
        }

    @property
    def crosses_spaces(self) -> bool:
        space_id = space_of(self.where) if self.where else None
        owned = [thing for thing in self.things.values() if isinstance(thing, SpaceOwned)]
        return any(thing.space_id != space_id for thing in owned)

    def places(self) -> list[Place]:
        """Empty at system level, which is no place in a space."""
        if self.where is None:
            return []
        things = (self.project, self.environment, self.tenant)
        return places_of(self.permission, self.where, *things)


@dataclass(frozen=True)
class Judged:
    """One assignment that carries the permission. missed: the dimensions whose limit leaves out what is
    asked about, in the place that comes nearest; none when it reaches that."""

    holding: Holding
    missed: Sequence[str] = ()

    def sentence(self, names: ScopeNames, question: Question) -> str:
        """ "Team Bakers holds Deployment creator in environment Development; environment Production is
        not among them.\""""
        row = self.holding.row
        held = f"Team {row.team} holds {row.role}"
        if row.space_id is None:
            return f"{held} at system level."
        scope = that_matters(row.scope, question.permission)
        reason = "".join(f"; {_miss(dimension, question)}" for dimension in self.missed)
        return f"{held} in {names.phrase(scope)}{reason}."


@dataclass(frozen=True)
class Explanation:
    """granting: what gives the permission, each alone or (for a thing in several places) together.
    nearest: where it is refused, the assignments that carry it elsewhere, the nearest first."""

    user: User
    question: Question
    is_allowed: bool
    granting: Sequence[Judged] = ()
    nearest: Sequence[Judged] = field(default=())

    @property
    def summary(self) -> str:
        permission = self.question.permission
        if self.is_allowed:
            return f"{self.user} holds {permission} here."
        if not self.user.is_active:
            return f"{self.user} is disabled and may do nothing."
        if self.question.crosses_spaces:
            return "What is asked about is in different spaces, so nobody may."
        if self.nearest or self.granting:
            return f"{self.user} holds {permission}, but not here."
        level = "in this space" if self.question.where else "at system level"
        return f"No team of {self.user} holds a role with {permission} {level}."


def explain(user: User, question: Question) -> Explanation:
    """Whether `user` may, and which assignments decide it. Asks for no permission: see `refuse_to_tell`."""
    (found,) = explain_all(user, [question])
    return found


def explain_all(user: User, questions: Iterable[Question]) -> list[Explanation]:
    """`explain` for each of the questions, from one query."""
    held = holdings(assignments_of(user)) if user.is_active else []
    return [judge(user, question, carrying(held, question)) for question in questions]


def judge(user: User, question: Question, held: Iterable[Holding]) -> Explanation:
    """The explanation from the assignments that carry the permission."""
    held = [] if question.crosses_spaces else list(held)
    if question.where is None:
        granting = [Judged(holding) for holding in held]
        return Explanation(user, question, bool(granting), granting)
    places = question.places()
    judged = [_judged(holding, question.permission, places) for holding in held]
    granting = [one for one in judged if not one.missed]
    nearest = sorted((one for one in judged if one.missed), key=lambda one: len(one.missed))
    is_allowed = _covers(held, question.permission, places)
    return Explanation(
        user, question, is_allowed, granting, () if is_allowed else nearest[:MOST_NEAREST]
    )


def who_may(question: Question) -> QuerySet[User]:
    """The active users to whom `explain` says yes, by user name.

    Exact where the thing is in one place; of one in several places, those whom a single assignment covers.
    """
    held = [] if question.crosses_spaces else holdings(_asked_about(question))
    places = question.places()
    teams = [
        holding.row.team
        for holding in carrying(held, question)
        if question.where is None or _covers([holding], question.permission, places)
    ]
    return members_of(teams).order_by("username")


def carrying(held: Iterable[Holding], question: Question) -> list[Holding]:
    """Those of the assignments through which the permission is held at the level of the question."""
    if question.where is None:
        return [h for h in held if h.gives(question.permission, at_system_level=True)]
    space_id = space_of(question.where)
    return [h for h in held if h.row.space_id == space_id and h.gives(question.permission)]


def may_ask_about_others(actor: Actor, space: Space | None) -> bool:
    """Whether the actor may ask what other people may do: who may see users, and the teams of the space."""
    if space is None:
        return allowed_system(actor, Permission.USER_ROLE_VIEW)
    sees_users = allowed_system(actor, Permission.USER_VIEW)
    return sees_users and anywhere(actor, Permission.TEAM_VIEW, space)


def refuse_to_tell(actor: Actor, user: User, space: Space | None) -> None:
    """Everybody may ask about themselves. Raises PermissionRefused for other people."""
    if actor.is_system or actor.user == user or may_ask_about_others(actor, space):
        return
    authorize_system(actor, Permission.USER_ROLE_VIEW if space is None else Permission.USER_VIEW)
    if space is not None:
        raise PermissionRefused(
            Permission.TEAM_VIEW.value,
            f"You may ask about yourself only: {Permission.TEAM_VIEW} is missing in the space {space}.",
        )


def _asked_about(question: Question) -> QuerySet[ScopedUserRole]:
    rows = ScopedUserRole.objects.all()
    return rows.filter(space=space_of(question.where)) if question.where else rows


def _judged(holding: Holding, permission: Permission, places: Sequence[Place]) -> Judged:
    scope = that_matters(holding.row.scope, permission)
    misses = [missed(scope, permission, place) for place in places]
    return Judged(holding, min(misses, key=len))


def _covers(held: Iterable[Holding], permission: Permission, places: Sequence[Place]) -> bool:
    """Reading takes any of the places, every other act all of them; each from one assignment alone."""
    scopes = [that_matters(holding.row.scope, permission) for holding in held]
    covered = (any(not missed(scope, permission, place) for scope in scopes) for place in places)
    return any(covered) if permission.is_view else all(covered)


def _miss(dimension: str, question: Question) -> str:
    thing = question.things[dimension] or question.where
    if not isinstance(thing, SpaceOwned):
        return NO_ONE[dimension]
    return f"{WORDS[dimension][0]} {thing} is not among them"
