"""Scopes, precedence, and the value each variable has somewhere. Pure.

Rules: variables-and-versions.md 2, domain.md 14.2. Text substitution is `deployments.core.templates`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

DEPLOYMENT_PROCESS = "deployment"


class Source(StrEnum):
    """Where a definition comes from, in falling precedence where scopes tie."""

    SYSTEM = "system"
    PROMPTED = "prompted"
    OUTPUT = "output"
    TENANT = "tenant"
    PROJECT = "project"
    LIBRARY = "library"


# These win over the rest whatever their scopes: domain.md 14.2, last sentence of the ranking.
_ABOVE_ALL = {Source.SYSTEM: 3, Source.PROMPTED: 2, Source.TENANT: 1}


@dataclass(frozen=True)
class VariableScope:
    """Where a value applies. Empty kinds do not limit; kinds AND, entries of one kind OR.

    environments, machines, channels, tenants: row ids. roles, tenant_tags: names, lower-case.
    actions: step or action ids. processes: "deployment" or "runbook:<id>".
    """

    environments: frozenset[int] = frozenset()
    machines: frozenset[int] = frozenset()
    roles: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    channels: frozenset[int] = frozenset()
    tenants: frozenset[int] = frozenset()
    tenant_tags: frozenset[str] = frozenset()
    processes: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, data: Mapping[str, Iterable[Any]]) -> Self:
        """The inverse of `to_json`."""
        return cls(**{kind: frozenset(entries) for kind, entries in data.items()})

    def to_json(self) -> dict[str, list[Any]]:
        """Only the kinds that limit, sorted, so that equal scopes give equal JSON."""
        return {kind: sorted(entries) for kind, entries in vars(self).items() if entries}


UNSCOPED = VariableScope()


@dataclass(frozen=True)
class Definition:
    """One value of one name. `order` ranks library sets (smaller was included earlier).

    value: None for a secret that nobody opened; ranking never needs it.
    """

    id: int
    name: str
    value: str | None
    scope: VariableScope = UNSCOPED
    is_sensitive: bool = False
    source: Source = Source.PROJECT
    order: int = 0
    type: str = "String"


@dataclass(frozen=True)
class Situation:
    """Where a value is asked for. A dimension that is None or empty matches no scope of its kind.

    machine_roles, step_roles: lower-case; step_roles are those the current step is aimed at.
    actions: ids of the current step and action.
    """

    environment: int | None = None
    machine: int | None = None
    machine_roles: frozenset[str] = frozenset()
    step_roles: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    channel: int | None = None
    tenant: int | None = None
    tenant_tags: frozenset[str] = frozenset()
    process: str | None = None


@dataclass(frozen=True)
class Loser:
    """A definition that is not used, and the rule that beat it."""

    definition: Definition
    rule: str


@dataclass(frozen=True)
class Explanation:
    """Why a name has its value: the winner (None: nothing applies) and everything it beat."""

    winner: Definition | None
    losers: tuple[Loser, ...] = ()
    is_tie: bool = field(default=False)


_RANKS = (
    "it names the step",
    "it names the target",
    "it names a role of the target that the step is aimed at",
    "it names a role of the target",
    "it names the tenant",
    "it names a tag of the tenant",
    "it names the environment",
    "it names the channel",
    "it names the process",
)

Rank = tuple[int, tuple[bool, ...], bool, int, int]


def matches(scope: VariableScope, where: Situation) -> bool:
    """Whether a value with this scope applies there."""
    if scope is UNSCOPED:
        return True
    return (
        (not scope.environments or where.environment in scope.environments)
        and (not scope.machines or where.machine in scope.machines)
        and (not scope.roles or not scope.roles.isdisjoint(where.machine_roles))
        and (not scope.actions or not scope.actions.isdisjoint(where.actions))
        and (not scope.channels or where.channel in scope.channels)
        and (not (scope.tenants or scope.tenant_tags) or _tenant_matches(scope, where))
        and (not scope.processes or where.process in scope.processes)
    )


class Resolver:
    """Definitions made ready to be resolved in many places.

    Those of one scope and one kind of source stand or fall together, so a place asks once for each such
    group and not once for each definition.
    """

    def __init__(self, definitions: Iterable[Definition]) -> None:
        groups: dict[tuple[int, VariableScope], dict[str, Definition]] = defaultdict(dict)
        for definition in definitions:
            group = groups[_ABOVE_ALL.get(definition.source, 0), definition.scope]
            _keep_stronger(group, definition.name.lower(), definition)
        self._groups = [(above, scope, group) for (above, scope), group in groups.items()]

    def at(self, where: Situation) -> dict[str, Definition]:
        """The definition each variable takes in this situation, by lower-case name.

        Names nothing of which applies are absent. Ties fall to the project, then to the earlier
        library set, then to the smaller id.
        """
        applying: dict[tuple[int, tuple[bool, ...]], list[dict[str, Definition]]] = defaultdict(
            list
        )
        for above, scope, group in self._groups:
            if matches(scope, where):
                applying[above, _specificity(scope, where)].append(group)
        winners: dict[str, Definition] = {}
        for rank in sorted(applying):
            winners |= _merged(applying[rank])
        return winners


def resolve(definitions: Iterable[Definition], where: Situation) -> dict[str, Definition]:
    """The definition each variable takes in one situation; see `Resolver.at`."""
    return Resolver(definitions).at(where)


def explain(definitions: Iterable[Definition], name: str, where: Situation) -> Explanation:
    """The winner for `name` and every loser with the rule that beat it, strongest first."""
    same_name = [d for d in definitions if d.name.lower() == name.lower()]
    applying = [d for d in same_name if matches(d.scope, where)]
    if not applying:
        return Explanation(None, tuple(Loser(d, "its scope does not match") for d in same_name))
    ranked = sorted(applying, key=lambda d: _rank(d, where), reverse=True)
    winner = ranked[0]
    losers = [Loser(d, _beaten_by(winner, d, where)) for d in ranked[1:]]
    losers += [Loser(d, "its scope does not match") for d in same_name if d not in applying]
    return Explanation(
        winner, tuple(losers), is_tie=len(ranked) > 1 and _ties(winner, ranked[1], where)
    )


def ties(definitions: Sequence[Definition]) -> list[tuple[Definition, Definition]]:
    """Pairs of one name with the same scope, source and set: saving them deserves a warning."""
    seen: dict[tuple[str, VariableScope, Source, int], Definition] = {}
    pairs: list[tuple[Definition, Definition]] = []
    for definition in definitions:
        key = (definition.name.lower(), definition.scope, definition.source, definition.order)
        if key in seen:
            pairs.append((seen[key], definition))
        else:
            seen[key] = definition
    return pairs


def by_name(definitions: Iterable[Definition]) -> dict[str, list[Definition]]:
    """Definitions grouped by lower-case name, in the given order."""
    grouped: dict[str, list[Definition]] = defaultdict(list)
    for definition in definitions:
        grouped[definition.name.lower()].append(definition)
    return grouped


def _tenant_matches(scope: VariableScope, where: Situation) -> bool:
    """Tenants and tags of tenants select tenants together: either may match."""
    return (where.tenant is not None and where.tenant in scope.tenants) or not (
        scope.tenant_tags.isdisjoint(where.tenant_tags)
    )


def _specificity(scope: VariableScope, where: Situation) -> tuple[bool, ...]:
    if scope is UNSCOPED:
        return ()
    return (
        bool(scope.actions),
        bool(scope.machines),
        not scope.roles.isdisjoint(where.machine_roles & where.step_roles),
        bool(scope.roles),
        where.tenant is not None and where.tenant in scope.tenants,
        not scope.tenant_tags.isdisjoint(where.tenant_tags),
        bool(scope.environments),
        bool(scope.channels),
        bool(scope.processes),
    )


def _rank(definition: Definition, where: Situation) -> Rank:
    above = _ABOVE_ALL.get(definition.source, 0)
    return (above, _specificity(definition.scope, where), *_tie_break(definition))


def _tie_break(definition: Definition) -> tuple[bool, int, int]:
    return (definition.source != Source.LIBRARY, -definition.order, -definition.id)


def _keep_stronger(found: dict[str, Definition], name: str, definition: Definition) -> None:
    """Keep `definition` unless one of equal scope and kind of source wins the tie."""
    known = found.get(name)
    if known is None or _tie_break(definition) > _tie_break(known):
        found[name] = definition


def _merged(groups: Sequence[dict[str, Definition]]) -> dict[str, Definition]:
    """The stronger one of each name in groups that rank alike."""
    if len(groups) == 1:
        return groups[0]
    found = dict(groups[0])
    for group in groups[1:]:
        for name, definition in group.items():
            _keep_stronger(found, name, definition)
    return found


def _ties(first: Definition, second: Definition, where: Situation) -> bool:
    return _rank(first, where)[:-1] == _rank(second, where)[:-1]


def _beaten_by(winner: Definition, loser: Definition, where: Situation) -> str:
    """The first rule by which the winner is ahead, in words."""
    if _ABOVE_ALL.get(winner.source, 0) != _ABOVE_ALL.get(loser.source, 0):
        return f"{winner.source.value} values come before all others"
    ours = _specificity(winner.scope, where) or (False,) * len(_RANKS)
    theirs = _specificity(loser.scope, where) or (False,) * len(_RANKS)
    for mine, other, words in zip(ours, theirs, _RANKS, strict=True):
        if mine and not other:
            return f"the winner is more specific: {words}"
    if (winner.source == Source.LIBRARY) != (loser.source == Source.LIBRARY):
        return "project values come before library sets"
    if winner.order != loser.order:
        return "the winner's library set is included earlier"
    return "both are equally specific; the older one wins"
