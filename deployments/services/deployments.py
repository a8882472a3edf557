"""Deployments: queueing a release for environments and tenants, all or none. domain.md 17."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from deployments.models import Deployment, Environment, Release, ServerTask, Tenant
from deployments.queries.blockers import Place, places_blockers
from deployments.queries.deployment_changes import Changes, ReleaseChanges, versions_at
from deployments.queries.plan_inputs import NO_OPTIONS, RunOptions
from deployments.queries.switches import CONCURRENCY_TAG, switch
from deployments.services.queueing import RunBlocked, queue_run, schedule_blockers
from deployments.services.superseding import supersede
from spaces.access import authorize
from spaces.actors import Actor
from spaces.permissions import Permission


class DeploymentBlocked(RunBlocked):
    """The lifecycle, the targets or a missing value stands in the way; all reasons are listed."""


def deploy_release(
    *,
    actor: Actor,
    release: Release,
    environment: Environment,
    tenant: Tenant | None = None,
    options: RunOptions = NO_OPTIONS,
    reason: str = "",
) -> Deployment:
    """Queue one deployment; a worker starts it once the transaction has committed.

    Raises PermissionRefused, or DeploymentBlocked with every reason at once.
    """
    places = [Place(environment, tenant)]
    return deploy_to_places(
        actor=actor, release=release, places=places, options=options, reason=reason
    )[0]


def deploy_to_environments(
    *,
    actor: Actor,
    release: Release,
    environments: Sequence[Environment],
    options: RunOptions = NO_OPTIONS,
) -> list[Deployment]:
    """The same for each environment, without a tenant; if one is refused, none is queued."""
    places = [Place(environment) for environment in environments]
    return deploy_to_places(actor=actor, release=release, places=places, options=options)


@transaction.atomic
def deploy_to_places(
    *,
    actor: Actor,
    release: Release,
    places: Sequence[Place],
    options: RunOptions = NO_OPTIONS,
    reason: str = "",
) -> list[Deployment]:
    """Queue a deployment, with a task of its own, for each place; if one is refused, none is queued.

    Raises PermissionRefused, or DeploymentBlocked with the reasons of all places.
    """
    for place in places:
        authorize(
            actor,
            Permission.DEPLOYMENT_CREATE,
            release,
            environment=place.environment,
            tenant=place.tenant,
        )
    authorize(actor, Permission.RELEASE_VIEW, release)
    release = (
        Release.objects.select_for_update(of=("self",))
        .select_related("project", "channel", "process", "variables")
        .get(pk=release.pk)
    )
    blockers = schedule_blockers(options, timezone.now())
    for found in places_blockers(release, places, options).values():
        blockers += found
    if blockers:
        raise DeploymentBlocked(blockers)
    running = versions_at(release, [place.environment for place in places])
    changes = ReleaseChanges(release)
    return [
        _queue(actor, release, place, options, reason, changes.since(running.get(_key(place))))
        for place in places
    ]


def _key(place: Place) -> tuple[int, int | None]:
    return place.environment.pk, place.tenant.pk if place.tenant else None


def _queue(
    actor: Actor,
    release: Release,
    place: Place,
    options: RunOptions,
    reason: str,
    changes: Changes,
) -> Deployment:
    deployment = Deployment(
        space_id=release.space_id,
        project=release.project,
        release=release,
        channel=release.channel,
        environment=place.environment,
        tenant=place.tenant,
        reason=reason,
        changes=changes.documents,
        changes_markdown=changes.markdown,
    )
    queue_run(
        actor,
        deployment,
        options,
        kind=ServerTask.Kind.DEPLOY,
        description=f"Deploy {release} to {place}",
        concurrency_tag=_concurrency_tag(release, place),
    )
    supersede(actor, deployment, _to_the_same_place(deployment))
    return deployment


def _concurrency_tag(release: Release, place: Place) -> str:
    """What one deployment at a time holds: what a variable says, else project, environment and tenant.
    domain.md 17.7."""
    if own := switch(release, place.environment, CONCURRENCY_TAG):
        return own[:300]
    around = f"{release.project.wire_id}/{place.environment.wire_id}"
    return f"{place.tenant.wire_id}/{around}" if place.tenant else around


def _to_the_same_place(deployment: Deployment) -> "QuerySet[Deployment]":
    return Deployment.objects.filter(
        project=deployment.project,
        environment=deployment.environment,
        tenant=deployment.tenant_id,
    )
