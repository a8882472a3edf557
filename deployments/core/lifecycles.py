"""Phases and progression: where a release may go next. domain.md 8."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

ID = int


@dataclass(frozen=True)
class Phase:
    """One step of a lifecycle. `minimum` environments must succeed before the next; 0 = all.

    others: environments that the subject is not connected to; see `for_subject`.
    """

    id: str
    name: str
    automatic: tuple[ID, ...] = ()
    manual: tuple[ID, ...] = ()
    minimum: int = 0
    is_optional: bool = False
    is_priority: bool = False
    others: tuple[ID, ...] = ()

    @property
    def environments(self) -> tuple[ID, ...]:
        return self.automatic + self.manual

    @property
    def needed(self) -> int:
        """How many environments must have succeeded for the next phase to open."""
        if self.is_optional:
            return 0
        count = len(self.environments)
        return count if self.minimum == 0 else min(self.minimum, count)


class Progress(StrEnum):
    PENDING = "Pending"
    CURRENT = "Current"
    COMPLETE = "Complete"


@dataclass(frozen=True)
class PhaseProgress:
    """How one phase stands for one release and subject.

    deployable: environments that a deployment may go to now. satisfied: it does not hold up later ones.
    blocked: a defect holds the release back from this phase.
    """

    phase: Phase
    progress: Progress
    reachable: bool
    deployable: frozenset[ID]
    blocked: bool = False
    satisfied: bool = True


@dataclass(frozen=True)
class Progression:
    """Where a release stands in its lifecycle, and where it may go."""

    phases: tuple[PhaseProgress, ...]
    next_deployments: tuple[ID, ...]

    @property
    def deployable(self) -> frozenset[ID]:
        return frozenset().union(*(phase.deployable for phase in self.phases))

    def phase_of(self, environment: ID) -> PhaseProgress | None:
        return next((p for p in self.phases if environment in p.phase.environments), None)

    def missing_before(self, environment: ID) -> list[Phase]:
        """The phases that must be satisfied before `environment` opens, in order."""
        missing: list[Phase] = []
        for phase in self.phases:
            if environment in phase.phase.environments:
                return missing
            if not phase.satisfied:
                missing.append(phase.phase)
        return missing


def effective_phases(phases: Sequence[Phase], environments: Sequence[ID]) -> tuple[Phase, ...]:
    """The phases as they count today; `environments` are the space's, in sort order.

    No phases: one manual phase per environment. A phase without environments takes every
    environment that no other phase names. domain.md 8.2.
    """
    if not phases:
        return tuple(Phase(id=f"implicit-{env}", name="", manual=(env,)) for env in environments)
    named = {env for phase in phases for env in phase.environments}
    rest = tuple(env for env in environments if env not in named)
    return tuple(phase if phase.environments else replace(phase, manual=rest) for phase in phases)


def for_subject(phases: Sequence[Phase], connected: Collection[ID]) -> tuple[Phase, ...]:
    """The phases as a tenant sees them: only environments it is connected to. domain.md 8.3(1)."""
    return tuple(
        replace(
            phase,
            automatic=tuple(env for env in phase.automatic if env in connected),
            manual=tuple(env for env in phase.manual if env in connected),
            others=tuple(env for env in phase.environments if env not in connected),
        )
        for phase in phases
    )


def satisfied_gaps(
    phases: Sequence[Phase], done: Collection[ID], connected: Collection[ID]
) -> tuple[bool, ...]:
    """For each phase whether it holds up nobody who has no environment in it. domain.md 8.3(7).

    phases: whole, not limited to a subject. done: where the release succeeded for whomever. connected:
    the environments in which the project has any tenant.
    """
    return tuple(
        not phase.needed
        or not set(phase.environments).isdisjoint(done)
        or set(phase.environments).isdisjoint(connected)
        for phase in phases
    )


def progression(
    phases: Sequence[Phase],
    done: Collection[ID],
    *,
    gaps_satisfied: Sequence[bool] | None = None,
    has_defect: bool = False,
) -> Progression:
    """Where the release may go.

    phases: effective ones, limited to the subject's environments.
    done: environments where a deployment of this release for this subject ever succeeded.
    gaps_satisfied: for each phase whether it counts as satisfied although the subject has no
        environment in it (8.3(7)); None = untenanted, where an empty phase is satisfied.
    has_defect: an unresolved defect; phases without a success are then closed, except the first (8.5).
    """
    finished = set(done)
    judged: list[PhaseProgress] = []
    reachable, current_found = True, False
    for index, phase in enumerate(phases):
        count = len(finished.intersection(phase.environments))
        blocked = has_defect and index > 0 and count == 0
        complete = _is_complete(phase, count)
        is_current = reachable and not complete and not current_found
        satisfied = count >= phase.needed
        if not phase.environments and gaps_satisfied is not None:
            satisfied = gaps_satisfied[index]
        judged.append(
            PhaseProgress(
                phase=phase,
                progress=_shown(complete and reachable, is_current),
                reachable=reachable,
                deployable=frozenset(phase.environments if reachable and not blocked else ()),
                blocked=blocked,
                satisfied=satisfied,
            )
        )
        current_found = current_found or is_current
        reachable = reachable and satisfied
    return Progression(tuple(judged), _next_deployments(judged, finished))


def _is_complete(phase: Phase, count: int) -> bool:
    return count >= phase.needed and (count > 0 or not phase.environments or not phase.is_optional)


def _shown(complete: bool, is_current: bool) -> Progress:
    if complete:
        return Progress.COMPLETE
    return Progress.CURRENT if is_current else Progress.PENDING


def _next_deployments(judged: Sequence[PhaseProgress], done: set[ID]) -> tuple[ID, ...]:
    """Not-yet-done environments of the current phase, and of the reachable ones right behind it."""
    found: list[ID] = []
    started = False
    for phase in judged:
        started = started or phase.progress == Progress.CURRENT
        if started and phase.reachable and not phase.blocked:
            found += [env for env in phase.phase.environments if env not in done]
    return tuple(found)
