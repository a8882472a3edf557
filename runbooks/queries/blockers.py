"""Why a runbook cannot run somewhere now, all reasons at once. Pages, API, service and worker ask the same."""

from collections.abc import Mapping, Sequence

from deployments.core.plan import Plan
from deployments.models import Tenant
from deployments.queries.blockers import (
    Blocker,
    Place,
    choice_blockers,
    gap_blockers,
    package_blockers,
    project_blockers,
)
from deployments.queries.plan_inputs import NO_OPTIONS, RunOptions, machines_in, plan_of
from deployments.queries.tenants import Subject, subjects
from runbooks.models import Runbook, RunbookSnapshot
from runbooks.queries.places import environments_of
from spaces.access import allowed
from spaces.actors import Actor
from spaces.permissions import Permission

UNPUBLISHED = Blocker(
    "unpublished",
    "Nothing of this runbook is published. Somebody who may edit it publishes a snapshot first.",
)
ONLY_PUBLISHED = Blocker(
    "no-permission", "Your teams allow you to run the published snapshot of this runbook only."
)


def run_blockers(
    actor: Actor, snapshot: RunbookSnapshot, place: Place, options: RunOptions = NO_OPTIONS
) -> list[Blocker]:
    """Why `actor` cannot run this there now, permission first. Empty: the service will accept it."""
    return places_blockers(actor, snapshot, [place], options)[place]


def places_blockers(
    actor: Actor,
    snapshot: RunbookSnapshot,
    places: Sequence[Place],
    options: RunOptions = NO_OPTIONS,
    plans: Mapping[Place, Plan] | None = None,
) -> dict[Place, list[Blocker]]:
    """The same for many places at once; the number of queries depends on the environments alone.

    plans: of exactly these places, for a caller who has worked them out.
    """
    starting = places_start_blockers(snapshot, places)
    of_snapshot = snapshot_blockers(actor, snapshot)
    choices = {
        environment: [*choice_blockers(snapshot, environment, options)]
        for environment in {place.environment for place in places}
    }
    plans = plans or place_plans(snapshot, places, options)
    return {
        place: [
            *permission_blockers(actor, snapshot.runbook, place),
            *of_snapshot,
            *starting[place],
            *choices[place.environment],
            *(Blocker("no-targets", problem) for problem in plans[place].problems),
        ]
        for place in places
    }


def place_plans(
    snapshot: RunbookSnapshot, places: Sequence[Place], options: RunOptions
) -> dict[Place, Plan]:
    """What running it would do in each place."""
    people = _subjects(snapshot.runbook, places)
    machines = {e: machines_in(e) for e in {place.environment for place in places}}
    return {
        place: plan_of(
            snapshot,
            place.environment,
            options,
            people[_id(place.tenant)],
            machines[place.environment],
        )
        for place in places
    }


def permission_blockers(actor: Actor, runbook: Runbook, place: Place) -> list[Blocker]:
    needed = Permission.RUNBOOK_RUN_CREATE
    if allowed(actor, needed, runbook, environment=place.environment, tenant=place.tenant):
        return []
    return [Blocker("no-permission", f"Your teams do not allow you to run this in {place}.")]


def snapshot_blockers(actor: Actor, snapshot: RunbookSnapshot | None) -> list[Blocker]:
    """domain.md 4.4: only who may edit a runbook runs what is not published. None: nothing is."""
    if snapshot is None:
        return [UNPUBLISHED]
    may_run = snapshot.is_published or allowed(actor, Permission.RUNBOOK_EDIT, snapshot.runbook)
    return [] if may_run else [ONLY_PUBLISHED]


def start_blockers(snapshot: RunbookSnapshot, place: Place) -> list[Blocker]:
    """What can change between queueing and starting, so the worker asks again. domain.md 17.4."""
    return places_start_blockers(snapshot, [place])[place]


def places_start_blockers(
    snapshot: RunbookSnapshot, places: Sequence[Place]
) -> dict[Place, list[Blocker]]:
    """The same for many places at once, in constant queries."""
    runbook = snapshot.runbook
    everywhere = project_blockers(snapshot.project)
    packages = package_blockers(snapshot)
    scope = set(environments_of(runbook).values_list("pk", flat=True))
    people = _subjects(runbook, places)
    gaps = gap_blockers(snapshot.project, places)

    def tenanted(place: Place) -> list[Blocker]:
        return _tenant_blockers(runbook, place, people[_id(place.tenant)]) or gaps[place]

    return {
        place: [
            *everywhere,
            *_scope_blockers(runbook, place, scope),
            *tenanted(place),
            *packages,
        ]
        for place in places
    }


def _scope_blockers(runbook: Runbook, place: Place, scope: set[int]) -> list[Blocker]:
    if place.environment.pk in scope:
        return []
    return [Blocker("environment-scope", f"{runbook} does not run in {place.environment}.")]


def _tenant_blockers(runbook: Runbook, place: Place, subject: Subject) -> list[Blocker]:
    """Whether it runs for this tenant there, or for none: mode, state, connection. domain.md 23.1."""
    tenant = subject.tenant
    if tenant is None:
        if runbook.tenanted_mode != "Tenanted":
            return []
        return [Blocker("tenant", f"{runbook} runs for tenants only: choose tenants.")]
    found = []
    if runbook.tenanted_mode == "Untenanted":
        found.append(f"{runbook} runs without tenants.")
    if tenant.is_disabled:
        found.append(f"The tenant {tenant} is disabled.")
    if place.environment.pk not in (subject.connected or ()):
        found.append(
            f"The tenant {tenant} is not connected to {runbook.project} in {place.environment}."
        )
    return [Blocker("tenant", text) for text in found]


def _subjects(runbook: Runbook, places: Sequence[Place]) -> dict[int | None, Subject]:
    tenants = {_id(place.tenant): place.tenant for place in places}
    return {subject.id: subject for subject in subjects(runbook.project, list(tenants.values()))}


def _id(tenant: Tenant | None) -> int | None:
    return tenant.pk if tenant else None
