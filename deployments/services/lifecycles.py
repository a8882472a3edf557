"""Lifecycles and their phases. domain.md 8."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from django.db import transaction

from deployments.models import Environment, Lifecycle, Phase, PhaseEnvironment
from deployments.queries import referrers
from deployments.services.changes import (
    Changes,
    apply,
    naming_problems,
    new_slug,
    refuse,
    refuse_while_used,
    save,
    texts_problems,
)
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict
from spaces.models import Space
from spaces.naming import name_key, name_problems
from spaces.permissions import Permission

Retention = dict[str, Any]


@dataclass(frozen=True)
class PhaseRequest:
    """A phase as somebody wants it. id: of a phase the lifecycle has already; None = a new one.

    Retention policies: as in `Lifecycle`; None = the lifecycle's.
    """

    name: str
    automatic: Sequence[Environment] = ()
    manual: Sequence[Environment] = ()
    id: int | None = None
    minimum: int = 0
    is_optional: bool = False
    is_priority: bool = False
    release_retention: Retention | None = None
    files_retention: Retention | None = None

    @property
    def environments(self) -> list[Environment]:
        return [*self.automatic, *self.manual]


class LifecycleFields(TypedDict, total=False):
    """What can be said about a lifecycle beside its phases; what is left out stays as it is."""

    slug: str
    description: str
    release_retention: Retention
    files_retention: Retention


class LifecycleChanges(LifecycleFields, total=False):
    name: str


@transaction.atomic
def create_lifecycle(
    *,
    actor: Actor,
    space: Space,
    name: str,
    phases: Sequence[PhaseRequest] = (),
    **fields: Unpack[LifecycleFields],
) -> Lifecycle:
    """A new lifecycle. Without phases it follows the environments' order.

    Raises PermissionRefused, Invalid with every reason.
    """
    authorize(actor, Permission.LIFECYCLE_CREATE, space)
    siblings = Lifecycle.objects.in_space(space)
    slug = fields.pop("slug", "")
    refuse(
        naming_problems(siblings, name, slug=slug)
        + texts_problems(fields)
        + phase_problems(phases)
        + _retention_problems(fields, phases)
    )
    lifecycle = Lifecycle(
        space=space, name=name.strip(), slug=new_slug(siblings, name, slug), **fields
    )
    save(lifecycle)
    _set_phases(lifecycle, phases)
    record(actor, "Created", lifecycle)
    return lifecycle


@transaction.atomic
def update_lifecycle(
    *,
    actor: Actor,
    lifecycle: Lifecycle,
    phases: Sequence[PhaseRequest] | None = None,
    **fields: Unpack[LifecycleChanges],
) -> Lifecycle:
    """Change it, for existing releases too: lifecycles are looked up at use (domain.md 8.2).

    phases: None leaves them, else they become exactly these. Raises PermissionRefused, Invalid.
    """
    authorize(actor, Permission.LIFECYCLE_EDIT, lifecycle)
    fields["name"] = fields.get("name", lifecycle.name).strip()
    fields["slug"] = fields.get("slug") or lifecycle.slug
    siblings = Lifecycle.objects.in_space(lifecycle.space_id)
    refuse(
        naming_problems(siblings, fields["name"], slug=fields["slug"], existing=lifecycle)
        + texts_problems(fields)
        + phase_problems(phases or ())
        + _retention_problems(fields, phases or ())
    )
    changes = apply(lifecycle, fields)
    save(lifecycle)
    if phases is not None:
        changes |= _set_phases(lifecycle, phases)
    record(actor, "Modified", lifecycle, details=changes)
    return lifecycle


@transaction.atomic
def delete_lifecycle(*, actor: Actor, lifecycle: Lifecycle) -> None:
    """Delete it. Raises Conflict for the default one, or listing its projects and channels."""
    authorize(actor, Permission.LIFECYCLE_DELETE, lifecycle)
    if lifecycle.is_default:
        raise Conflict("The default lifecycle cannot be deleted.")
    refuse_while_used(lifecycle, referrers.of_lifecycle(actor, lifecycle))
    record(actor, "Deleted", lifecycle)
    lifecycle.delete()


def phase_problems(phases: Sequence[PhaseRequest]) -> list[str]:
    """What is wrong with these phases together, each a sentence."""
    problems = []
    names = Counter(name_key(phase.name) for phase in phases)
    for phase in phases:
        problems += [f"Phase {phase.name!r}: {text}" for text in name_problems(phase.name)]
        if names[name_key(phase.name)] > 1:
            problems.append(f"There are several phases named {phase.name!r}.")
        if phase.minimum < 0 or (phase.environments and phase.minimum > len(phase.environments)):
            problems.append(
                f"Phase {phase.name!r} has {len(phase.environments)} environments; "
                f"{phase.minimum} cannot be required of it."
            )
    used = Counter(env for phase in phases for env in phase.environments)
    problems += [f"{env} is in more than one phase." for env, count in used.items() if count > 1]
    return problems


def _retention_problems(
    fields: LifecycleFields | LifecycleChanges, phases: Sequence[PhaseRequest]
) -> list[str]:
    policies = [fields.get("release_retention"), fields.get("files_retention")]
    for phase in phases:
        policies += [phase.release_retention, phase.files_retention]
    return [
        "To keep a number of releases or days, give a quantity of at least 1."
        for policy in policies
        if policy and policy["strategy"] == "Count" and policy.get("quantity", 0) < 1
    ]


def _set_phases(lifecycle: Lifecycle, wanted: Sequence[PhaseRequest]) -> Changes:
    """Makes the phases exactly these; a known id keeps its row."""
    stored = {phase.pk: phase for phase in lifecycle.phases.all()}
    before = _told(lifecycle)
    kept = {phase.id for phase in wanted}
    Phase.objects.filter(pk__in=[pk for pk in stored if pk not in kept]).delete()
    for order, request in enumerate(wanted):
        phase = stored.get(request.id or 0) or Phase(
            space_id=lifecycle.space_id, lifecycle=lifecycle
        )
        _write_phase(phase, order, request)
    after = _told(lifecycle)
    return {"phases": [before, after]} if before != after else {}


def _write_phase(phase: Phase, order: int, request: PhaseRequest) -> None:
    phase.name = request.name.strip()
    phase.sort_order = order
    phase.minimum_environments = request.minimum
    phase.is_optional = request.is_optional
    phase.is_priority = request.is_priority
    phase.release_retention = request.release_retention
    phase.files_retention = request.files_retention
    phase.save()
    phase.environments.all().delete()
    PhaseEnvironment.objects.bulk_create(
        PhaseEnvironment(
            space_id=phase.space_id,
            phase=phase,
            environment=environment,
            is_automatic=index < len(request.automatic),
            sort_order=index,
        )
        for index, environment in enumerate(request.environments)
    )


def _told(lifecycle: Lifecycle) -> list[dict[str, Any]]:
    """The phases as audit shows them."""
    rows = Phase.objects.filter(lifecycle=lifecycle).prefetch_related("environments__environment")
    return [
        {
            "name": phase.name,
            "environments": [str(member.environment) for member in phase.environments.all()],
            "automatic": [str(m.environment) for m in phase.environments.all() if m.is_automatic],
            "minimum": phase.minimum_environments,
            "optional": phase.is_optional,
        }
        for phase in rows
    ]
