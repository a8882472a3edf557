"""Deployments: queueing a release for environments, all or none. domain.md 17."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from deployments.models import Deployment, Environment, Release, ServerTask
from deployments.queries.blockers import Blocker, deployment_blockers
from deployments.queries.deployment_changes import Changes, ReleaseChanges, running_versions
from deployments.queries.plan_inputs import NO_OPTIONS, RunOptions
from deployments.queries.switches import CONCURRENCY_TAG, switch
from deployments.services.queueing import queue_run, schedule_blockers
from deployments.services.superseding import supersede
from spaces.access import authorize
from spaces.actors import Actor
from spaces.errors import Invalid
from spaces.permissions import Permission


class DeploymentBlocked(Invalid):
    """The lifecycle, the targets or a missing value stands in the way; all reasons are listed."""

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        self.blockers = list(blockers)
        super().__init__([str(blocker) for blocker in blockers])


def deploy_release(
    *,
    actor: Actor,
    release: Release,
    environment: Environment,
    options: RunOptions = NO_OPTIONS,
    reason: str = "",
) -> Deployment:
    """Queue one deployment; a worker starts it once the transaction has committed.

    Raises PermissionRefused, or DeploymentBlocked with every reason at once.
    """
    return deploy_to_environments(
        actor=actor, release=release, environments=[environment], options=options, reason=reason
    )[0]


@transaction.atomic
def deploy_to_environments(
    *,
    actor: Actor,
    release: Release,
    environments: Sequence[Environment],
    options: RunOptions = NO_OPTIONS,
    reason: str = "",
) -> list[Deployment]:
    """Queue a deployment for each environment; if one is refused, none is queued.

    Raises PermissionRefused, or DeploymentBlocked with the reasons of all environments.
    """
    for environment in environments:
        authorize(actor, Permission.DEPLOYMENT_CREATE, release, environment=environment)
    authorize(actor, Permission.RELEASE_VIEW, release)
    release = (
        Release.objects.select_for_update(of=("self",))
        .select_related("project", "channel", "process", "variables")
        .get(pk=release.pk)
    )
    blockers = schedule_blockers(options, timezone.now())
    for environment in environments:
        blockers += deployment_blockers(release, environment, options)
    if blockers:
        raise DeploymentBlocked(list(dict.fromkeys(blockers)))
    running, changes = running_versions(release, environments), ReleaseChanges(release)
    return [
        _queue(
            actor, release, environment, options, reason, changes.since(running.get(environment.pk))
        )
        for environment in environments
    ]


def _queue(
    actor: Actor,
    release: Release,
    environment: Environment,
    options: RunOptions,
    reason: str,
    changes: Changes,
) -> Deployment:
    deployment = Deployment(
        space_id=release.space_id,
        project=release.project,
        release=release,
        channel=release.channel,
        environment=environment,
        reason=reason,
        changes=changes.documents,
        changes_markdown=changes.markdown,
    )
    queue_run(
        actor,
        deployment,
        options,
        kind=ServerTask.Kind.DEPLOY,
        description=f"Deploy {release} to {environment}",
        concurrency_tag=_concurrency_tag(release, environment),
    )
    supersede(actor, deployment, _to_the_same_place(deployment))
    return deployment


def _concurrency_tag(release: Release, environment: Environment) -> str:
    """Deployments with equal tags run one after another. domain.md 17.7."""
    own = switch(release, environment, CONCURRENCY_TAG)
    return (own or f"{release.project.wire_id}/{environment.wire_id}")[:300]


def _to_the_same_place(deployment: Deployment) -> "QuerySet[Deployment]":
    return Deployment.objects.filter(
        project=deployment.project,
        environment=deployment.environment,
        tenant=deployment.tenant_id,
    )
