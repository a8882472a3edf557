"""What a release froze, compared with the project as it is now. domain.md 16.5."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from deployments.core.process import Step
from deployments.core.variables import VariableScope
from deployments.models import Release, Variable, VariableSet
from deployments.queries.variable_access import VariableAccess
from deployments.queries.variable_inputs import live_variables
from spaces.access import allowed
from spaces.actors import Actor
from spaces.permissions import Permission

HIDDEN = "********"


class Change(StrEnum):
    """What happened since the release took its copy."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class VariableChange:
    """One value. before, now: as texts, `HIDDEN` for a secret; None where there is none."""

    change: Change
    name: str
    before: str | None
    now: str | None


def variable_changes(actor: Actor, release: Release) -> list[VariableChange]:
    """What *Update variables* would change, as far as the actor may see it, by name."""
    live = {row.pk: row for _, row in live_variables(release.project)}
    frozen: dict[int, Mapping[str, Any]] = {e["id"]: e for e in release.variables.entries}
    sees = _Sight(actor, release)
    gone = [
        VariableChange(Change.REMOVED, entry["name"], _frozen(entry), None)
        for pk, entry in frozen.items()
        if pk not in live and sees(entry["set"], entry["scope"])
    ]
    fresh = [
        VariableChange(Change.ADDED, row.name, None, _live(row))
        for pk, row in live.items()
        if pk not in frozen and sees(row.set_id, row.scope)
    ]
    changed = [
        VariableChange(Change.CHANGED, row.name, _frozen(frozen[pk]), _live(row))
        for pk, row in live.items()
        if pk in frozen
        and _differs(frozen[pk], row)
        and sees(row.set_id, row.scope)
        and sees(row.set_id, frozen[pk]["scope"])
    ]
    return sorted([*gone, *fresh, *changed], key=lambda found: found.name.lower())


def step_changes(actor: Actor, release: Release) -> list[tuple[Change, str]]:
    """(what, name of the step) in the order of the process; nothing for who may not see it."""
    if not allowed(actor, Permission.PROCESS_VIEW, release.project):
        return []
    return _compared(release.process.parsed, release.project.process.parsed())


def _compared(before: Sequence[Step], now: Sequence[Step]) -> list[tuple[Change, str]]:
    known = {step.id: step for step in before}
    there = {step.id for step in now}
    found = [(Change.REMOVED, step.name) for step in before if step.id not in there]
    for step in now:
        if step.id not in known:
            found.append((Change.ADDED, step.name))
        elif known[step.id] != step:
            found.append((Change.CHANGED, step.name))
    return found


class _Sight:
    """Whether the actor may see a value of a set; a set that is gone counts as the project's."""

    def __init__(self, actor: Actor, release: Release) -> None:
        self._actor = actor
        ids = {entry["set"] for entry in release.variables.entries}
        ids |= {row.set_id for _, row in live_variables(release.project)}
        own = VariableSet.objects.get(project_id=release.project_id)
        self._own = VariableAccess.of(actor, own)
        sets = VariableSet.objects.in_space(release.space_id).filter(pk__in=ids - {own.pk})
        self._access = {row.pk: VariableAccess.of(actor, row) for row in sets}

    def __call__(self, set_id: int, scope: Mapping[str, Any]) -> bool:
        access = self._access.get(set_id, self._own)
        return access.may_see(VariableScope.from_json(scope))


def _differs(entry: Mapping[str, Any], row: Variable) -> bool:
    names = ("name", "value", "secret", "is_sensitive", "scope", "prompt")
    return any(entry[name] != getattr(row, name) for name in names)


def _frozen(entry: Mapping[str, Any]) -> str:
    return HIDDEN if entry["is_sensitive"] else str(entry["value"])


def _live(row: Variable) -> str:
    return HIDDEN if row.is_sensitive else row.value
