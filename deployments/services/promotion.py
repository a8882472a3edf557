"""Automatic deployments: what a lifecycle starts by itself. domain.md 8.4."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from deployments.models import Deployment, Environment, PhaseEnvironment, Release
from deployments.queries.progression import progression_of
from deployments.services.deployments import DeploymentBlocked, deploy_release
from spaces.actors import Actor
from spaces.audit import record
from spaces.models import Event

logger = logging.getLogger(__name__)

REASON = "lifecycle"
BLOCKED = "AutoDeployBlocked"
SWEPT = timedelta(hours=1)


def promote(release: Release, *, cause: str) -> list[Deployment]:
    """Queue the automatic environments of every open, non-optional phase that were not tried yet.

    Idempotent: an environment counts as tried as soon as any deployment of the release to it exists,
    so it may be called after every commit and again by the sweep. Each environment is its own
    transaction: a blocked one is audited and does not hold up the others.
    """
    started = []
    for environment in _untried(release):
        deployment = _deploy(release, environment, cause)
        if deployment is not None:
            started.append(deployment)
    return started


def sweep() -> list[Deployment]:
    """Promote what a node that died between commit and promotion has left: releases made or deployed
    within the last hour whose lifecycle starts anything by itself."""
    automatic = PhaseEnvironment.objects.filter(is_automatic=True).values("phase__lifecycle")
    recently = Now() - SWEPT
    touched = Release.objects.filter(
        Q(assembled_at__gt=recently) | Q(deployments__task__finished_at__gt=recently),
        Q(channel__lifecycle__in=automatic)
        | Q(channel__lifecycle__isnull=True, project__lifecycle__in=automatic),
        project__is_disabled=False,
    )
    releases = touched.select_related("project", "channel").distinct()
    return [
        started for release in releases for started in promote(release, cause="lifecycle sweep")
    ]


def _untried(release: Release) -> list[Environment]:
    open_now = [
        env
        for phase in progression_of(release).phases
        if phase.reachable and not phase.blocked and not phase.phase.is_optional
        for env in phase.phase.automatic
    ]
    tried = set(release.deployments.values_list("environment_id", flat=True))
    wanted = [env for env in open_now if env not in tried]
    return list(Environment.objects.in_space(release.space_id).filter(pk__in=wanted))


def _deploy(release: Release, environment: Environment, cause: str) -> Deployment | None:
    actor = Actor.system(cause)
    with transaction.atomic():
        # two workers may evaluate the same release at once; the row decides who goes first
        Release.objects.select_for_update().get(pk=release.pk)
        if Deployment.objects.filter(release=release, environment=environment).exists():
            return None
        try:
            with transaction.atomic():
                return deploy_release(
                    actor=actor, release=release, environment=environment, reason=REASON
                )
        except DeploymentBlocked as blocked:
            _tell_once(actor, release, environment, blocked.reasons)
            return None


def _tell_once(
    actor: Actor, release: Release, environment: Environment, reasons: list[str]
) -> None:
    """The sweep comes back every minute; the audit trail hears of it once."""
    told = Event.objects.filter(
        category=BLOCKED, related__contains=[release.wire_id, environment.wire_id]
    )
    if not told.exists():
        logger.info("%s is not deployed to %s by itself: %s", release, environment, reasons)
        record(actor, BLOCKED, release, related=[environment.wire_id], details={"reasons": reasons})
