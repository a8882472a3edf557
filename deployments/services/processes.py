"""Saving the steps of a process. domain.md 11, api-dialect.md 8.7."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from deployments.core.process import TARGET_ROLES, Action, Step
from deployments.models import (
    Channel,
    EditedProcess,
    Environment,
    Feed,
    Process,
    Project,
    WorkerPool,
)
from deployments.services.changes import refuse
from deployments.steps import action_types, handler_for
from spaces import secrets
from spaces.access import authorize, visible
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict
from spaces.naming import free_slug, name_key, name_problems
from spaces.permissions import Permission

MOST_RETRIES = 3
PRIMARY_PACKAGE = "Octopus.Action.Package.PackageId"


@transaction.atomic
def save_process(
    *, actor: Actor, project: Project, steps: Sequence[Step], version: int | None = None
) -> Process:
    """Make these what deployments of the project do. Raises PermissionRefused, and as `save_steps` does."""
    authorize(actor, Permission.PROCESS_EDIT, project)
    process = Process.objects.select_for_update().get(project=project)
    save_steps(actor, process, steps, version)
    return process


def save_steps(
    actor: Actor, process: EditedProcess, steps: Sequence[Step], version: int | None
) -> None:
    """Make these the steps of a process whose row the caller has locked; each save adds one to its version.

    steps: new steps, actions and packages have the id "". `sealed_properties` hold new secrets as
    plain text; "" keeps the stored one.
    version: the one the edit began with; None skips that check (a program that has just read it).
    Raises Conflict when somebody else saved meanwhile; Invalid with every reason.
    """
    if version is not None and version != process.version:
        raise Conflict(
            f"The process was changed by {process.updated_by or 'somebody'} at "
            f"{process.updated_at:%Y-%m-%d %H:%M:%S} UTC. Load it again; yours was version {version}."
        )
    wanted = [_with_ids(step) for step in steps]
    refuse(process_problems(actor, process, wanted))
    before = process.parsed()
    after = _with_slugs(_sealed(wanted, before, process.home))
    process.steps = [step.to_json() for step in after]
    process.version += 1
    process.updated_by = actor.name
    process.save()
    record(actor, "Modified", process, details=_told(before, after))


def process_problems(actor: Actor, process: EditedProcess, steps: Sequence[Step]) -> list[str]:
    """Everything that is wrong with these steps, each a sentence naming the step."""
    problems = [*_name_problems(steps), *_id_problems(steps)]
    for step in steps:
        if not step.actions:
            problems.append(f"Step {step.name!r} does nothing: it has no action.")
        for action in step.actions:
            problems += [f"{action.name}: {text}" for text in _action_problems(step, action)]
    return problems + _reference_problems(actor, process, steps)


def reveal_property(project_id: int, space_id: int, action: Action, name: str) -> str:
    """The plain text of a sealed property, for the worker that runs the action."""
    return secrets.open_(
        action.sealed_properties[name], **_binding(project_id, space_id, action.id, name)
    )


def copied_steps(
    steps: Sequence[Mapping[str, Any]],
    original: Project,
    copy: Project,
    channels: Mapping[int, int] | None = None,
) -> list[dict[str, Any]]:
    """Stored steps of one project for another. channels: the new id of each; none is kept without."""
    copied = deepcopy([dict(step) for step in steps])
    known = channels or {}
    for step in copied:
        for action in step["actions"]:
            action["channels"] = [known[pk] for pk in action["channels"] if pk in known]
            action["sealed_properties"] = _resealed(
                action["sealed_properties"], action["id"], original, copy
            )
    return copied


def _resealed(
    sealed: Mapping[str, str], action_id: str, original: Project, copy: Project
) -> dict[str, str]:
    """Sealed properties of an action, bound to another project."""
    found = {}
    for name, text in sealed.items():
        plain = secrets.open_(text, **_binding(original.pk, original.space_id, action_id, name))
        found[name] = secrets.seal(plain, **_binding(copy.pk, copy.space_id, action_id, name))
    return found


def _name_problems(steps: Sequence[Step]) -> Iterable[str]:
    for kind, names in (
        ("step", [step.name for step in steps]),
        ("action", [action.name for step in steps for action in step.actions]),
    ):
        keys = Counter(name_key(name) for name in names)
        for name in names:
            yield from (f"The {kind} {name!r}: {text}" for text in name_problems(name))
        yield from (
            f"There are several {kind}s named {name!r}; names must differ."
            for name in {name_key(n): n for n in names}.values()
            if keys[name_key(name)] > 1
        )


def _id_problems(steps: Sequence[Step]) -> Iterable[str]:
    ids = [step.id for step in steps] + [a.id for step in steps for a in step.actions]
    if len(ids) != len(set(ids)):
        yield "Two steps or actions have the same id. Leave the id of new ones empty."


def _action_problems(step: Step, action: Action) -> list[str]:
    problems = []
    if not 0 <= action.retries <= MOST_RETRIES:
        problems.append(f"at most {MOST_RETRIES} retries are possible, not {action.retries}")
    if action.timeout < 0:
        problems.append("the time limit must not be negative")
    if len({package.name.lower() for package in action.packages}) < len(action.packages):
        problems.append("two package references have the same name")
    if action.action_type not in action_types():
        return [*problems, f"there is no step type {action.action_type!r}"]
    properties = {TARGET_ROLES: "", **step.properties, **action.properties}
    for package in action.packages:
        if not package.name:
            properties[PRIMARY_PACKAGE] = package.package_id
    return [*problems, *handler_for(action.action_type).problems(properties)]


@dataclass(frozen=True)
class _References:
    """The rows that steps name, by id."""

    environments: frozenset[int]
    channels: frozenset[int]
    feeds: frozenset[int]
    pools: frozenset[int]

    @classmethod
    def of(cls, steps: Sequence[Step]) -> "_References":
        actions = [action for step in steps for action in step.actions]
        return cls(
            environments=frozenset(
                pk for a in actions for pk in (*a.environments, *a.excluded_environments)
            ),
            channels=frozenset(pk for a in actions for pk in a.channels),
            feeds=frozenset(
                package.feed for a in actions for package in a.packages if package.feed
            ),
            pools=frozenset(a.worker_pool for a in actions if a.worker_pool),
        )


def _reference_problems(actor: Actor, process: EditedProcess, steps: Sequence[Step]) -> list[str]:
    """What steps newly name that does not exist in the space, or that the actor may not see (P5)."""
    space = process.space_id
    wanted = _References.of(steps)
    there = _References.of(process.parsed())
    environments = Environment.objects.in_space(space)
    channels = Channel.objects.filter(project=process.home)
    feeds = Feed.objects.in_space(space)
    pools = WorkerPool.objects.in_space(space)
    return [
        *_missing(
            actor,
            Permission.ENVIRONMENT_VIEW,
            environments,
            wanted.environments - there.environments,
        ),
        *_missing(actor, Permission.PROCESS_VIEW, channels, wanted.channels - there.channels),
        *_missing(actor, Permission.FEED_VIEW, feeds, wanted.feeds - there.feeds),
        *_missing(actor, Permission.WORKER_VIEW, pools, wanted.pools - there.pools),
    ]


def _missing(
    actor: Actor, permission: Permission, rows: QuerySet[Any], ids: frozenset[int]
) -> list[str]:
    if not ids:
        return []
    there = set(visible(actor, permission, rows.filter(pk__in=ids)).values_list("pk", flat=True))
    return [f"There is no {rows.model.wire_prefix}-{pk} here." for pk in sorted(ids - there)]


def _with_ids(step: Step) -> Step:
    return replace(
        step,
        id=step.id or str(uuid.uuid4()),
        name=step.name.strip(),
        actions=tuple(
            replace(
                action,
                id=action.id or str(uuid.uuid4()),
                name=action.name.strip(),
                packages=tuple(
                    replace(package, id=package.id or str(uuid.uuid4()))
                    for package in action.packages
                ),
            )
            for action in step.actions
        ),
    )


def _with_slugs(steps: Sequence[Step]) -> list[Step]:
    """Missing slugs are made from names; they differ among steps, and among all actions."""
    step_slugs = {step.slug for step in steps if step.slug}
    action_slugs = {action.slug for step in steps for action in step.actions if action.slug}

    def slug(given: str, name: str, taken: set[str]) -> str:
        found = given or free_slug(name, taken, otherwise="step")
        taken.add(found)
        return found

    return [
        replace(
            step,
            slug=slug(step.slug, step.name, step_slugs),
            actions=tuple(
                replace(action, slug=slug(action.slug, action.name, action_slugs))
                for action in step.actions
            ),
        )
        for step in steps
    ]


def _sealed(wanted: Sequence[Step], stored: Sequence[Step], project: Project) -> list[Step]:
    """The steps with new secrets sealed and unchanged ones as they were."""
    old = {action.id: action.sealed_properties for step in stored for action in step.actions}

    def sealed(action: Action) -> dict[str, str]:
        kept = old.get(action.id, {})
        return {
            name: secrets.seal(text, **_binding(project.pk, project.space_id, action.id, name))
            if text
            else kept[name]
            for name, text in action.sealed_properties.items()
            if text or name in kept
        }

    return [
        replace(
            step,
            actions=tuple(replace(a, sealed_properties=sealed(a)) for a in step.actions),
        )
        for step in wanted
    ]


def _binding(project_id: int, space_id: int, action_id: str, name: str) -> dict[str, Any]:
    """Where a sealed property belongs; a snapshot of the process keeps it."""
    return {
        "table": Process._meta.db_table,
        "row": f"{project_id}/{action_id}",
        "field": name,
        "space_id": space_id,
    }


def _told(before: Sequence[Step], after: Sequence[Step]) -> dict[str, list[object]]:
    """The steps that were added, removed or changed, by name. Sealed values differ only as "changed"."""
    old = {step.id: step for step in before}
    new = {step.id: step for step in after}
    changes: dict[str, list[object]] = {}
    for key in old.keys() | new.keys():
        was, now = old.get(key), new.get(key)
        if was != now:
            name = (now or was).name  # type: ignore[union-attr]  # one of them is there
            changes[f"step {name}"] = [_shown(was), _shown(now)]
    if [step.id for step in before] != [step.id for step in after]:
        changes["order"] = [[s.name for s in before], [s.name for s in after]]
    return changes


def _shown(step: Step | None) -> object:
    if step is None:
        return None
    shown = step.to_json()
    for action in shown["actions"]:
        action["sealed_properties"] = dict.fromkeys(action["sealed_properties"], "********")
    return shown
