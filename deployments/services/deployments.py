"""Deployments: queueing a release for environments, all or none. domain.md 17."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from deployments.models import Deployment, Environment, Release, ServerTask
from deployments.queries.blockers import Blocker, deployment_blockers
from deployments.queries.deployment_changes import Changes, ReleaseChanges, running_versions
from deployments.queries.plan_inputs import NO_OPTIONS, DeploymentOptions
from deployments.queries.variable_inputs import prompts_of
from deployments.queue import enqueue
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Invalid
from spaces.permissions import Permission

FURTHEST_AHEAD = timedelta(days=30)
DEFAULT_EXPIRY = timedelta(hours=1)


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
    options: DeploymentOptions = NO_OPTIONS,
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
    options: DeploymentOptions = NO_OPTIONS,
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
    blockers = _schedule_blockers(options, timezone.now())
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
    options: DeploymentOptions,
    reason: str,
    changes: Changes,
) -> Deployment:
    task = ServerTask.objects.create(
        space_id=release.space_id,
        kind=ServerTask.Kind.DEPLOY,
        description=f"Deploy {release} to {environment}",
        project=release.project,
        environment=environment,
        concurrency_tag=f"{release.project.wire_id}/{environment.wire_id}",
        requested_by=actor.user,
        requested_with=actor.identity,
        **_schedule(options),
    )
    deployment = Deployment(
        space_id=release.space_id,
        project=release.project,
        release=release,
        channel=release.channel,
        environment=environment,
        task=task,
        created_by=actor.name,
        comments=options.comments,
        skip_actions=sorted(options.skip_actions),
        specific_machines=sorted(options.specific_machines),
        excluded_machines=sorted(options.excluded_machines),
        force_package_download=options.force_package_download,
        force_package_redeployment=options.force_package_redeployment,
        use_guided_failure=options.use_guided_failure,
        reason=reason,
        changes=changes.documents,
        changes_markdown=changes.markdown,
    )
    _keep_answers(deployment, options)
    deployment.save()
    task.arguments = {"DeploymentId": deployment.wire_id}
    task.save(update_fields=["arguments"])
    record(actor, "DeploymentQueued", deployment)
    transaction.on_commit(partial(enqueue, task.pk))
    return deployment


def _keep_answers(deployment: Deployment, options: DeploymentOptions) -> None:
    """Answers to sensitive prompts are sealed; names that nobody asked for are dropped."""
    prompts = {p["name"].lower(): p for p in prompts_of(deployment.release.variables)}
    asked = {
        prompts[name.lower()]["name"]: (value, prompts[name.lower()]["is_sensitive"])
        for name, value in options.form_values.items()
        if name.lower() in prompts
    }
    deployment.form_values = {n: value for n, (value, secret) in asked.items() if not secret}
    secrets = {n: value for n, (value, secret) in asked.items() if secret}
    if secrets:
        deployment.seal_json("sealed_form_values", secrets)


def _schedule(options: DeploymentOptions) -> dict[str, datetime]:
    """Queue time and expiry of the task; an immediate deployment has neither."""
    if options.queue_time is None:
        return {"queue_expiry": options.queue_expiry} if options.queue_expiry else {}
    return {
        "queue_time": options.queue_time,
        "queue_expiry": options.queue_expiry or options.queue_time + DEFAULT_EXPIRY,
    }


def _schedule_blockers(options: DeploymentOptions, now: datetime) -> list[Blocker]:
    """domain.md 17.2: not past, at most 30 days ahead, and expiring after it starts."""
    found = []
    start = options.queue_time or now
    if options.queue_time and options.queue_time < now - timedelta(minutes=1):
        found.append(Blocker("schedule", "The time to start is in the past."))
    if start > now + FURTHEST_AHEAD:
        found.append(Blocker("schedule", "A deployment is scheduled at most 30 days ahead."))
    if options.queue_expiry and options.queue_expiry <= start:
        found.append(Blocker("schedule", "It would expire before it starts."))
    return found
