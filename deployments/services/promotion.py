"""Automatic deployments: what a lifecycle starts by itself. domain.md 8.4."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from deployments.core.tags import carries
from deployments.models import Deployment, Environment, PhaseEnvironment, Release, Tenant
from deployments.queries.blockers import Place
from deployments.queries.progression import standings
from deployments.queries.tenants import UNTENANTED, Subject, subjects
from deployments.services.deployments import DeploymentBlocked, deploy_release
from spaces.actors import Actor
from spaces.audit import record
from spaces.models import Event

logger = logging.getLogger(__name__)

REASON = "lifecycle"
BLOCKED = "AutoDeployBlocked"
SWEPT = timedelta(hours=1)


def promote(release: Release, *, cause: str) -> list[Deployment]:
    """Queue the automatic environments of every open, non-optional phase that were not tried yet, for
    each tenant as far as it has come itself.

    Idempotent: a place counts as tried as soon as any deployment of the release to it exists, so it may
    be called after every commit and again by the sweep. Each place is its own transaction: a blocked one
    is audited and does not hold up the others.
    """
    started = []
    for place in _untried(release):
        deployment = _deploy(release, place, cause)
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


def _untried(release: Release) -> list[Place]:
    people = {subject.id: subject for subject in _subjects(release)}
    tried = set(release.deployments.values_list("environment_id", "tenant_id"))
    wanted = [
        (env, tenant_id)
        for tenant_id, standing in standings(release, list(people.values())).items()
        for phase in standing.phases
        if phase.reachable and not phase.blocked and not phase.phase.is_optional
        for env in phase.phase.automatic
        if (env, tenant_id) not in tried
    ]
    rows = Environment.objects.in_space(release.space_id).in_bulk([env for env, _ in wanted])
    return [Place(rows[env], people[tenant_id].tenant) for env, tenant_id in wanted]


def _subjects(release: Release) -> list[Subject]:
    """For whom the lifecycle may start something: nobody in particular, and the connected tenants that
    the channel is for, as the project's mode allows."""
    mode, found = release.project.tenanted_mode, []
    if mode != "Tenanted":
        found.append(UNTENANTED)
    if mode != "Untenanted":
        connected = Tenant.objects.filter(projects__project=release.project, is_disabled=False)
        found += [
            subject
            for subject in subjects(release.project, list(connected))
            if carries(release.channel.tenant_tags, subject.tags)
        ]
    return found


def _deploy(release: Release, place: Place, cause: str) -> Deployment | None:
    actor = Actor.system(cause)
    with transaction.atomic():
        # two workers may evaluate the same release at once; the row decides who goes first
        Release.objects.select_for_update().get(pk=release.pk)
        if Deployment.objects.filter(
            release=release, environment=place.environment, tenant=place.tenant
        ).exists():
            return None
        try:
            with transaction.atomic():
                return deploy_release(
                    actor=actor,
                    release=release,
                    environment=place.environment,
                    tenant=place.tenant,
                    reason=REASON,
                )
        except DeploymentBlocked as blocked:
            _tell_once(actor, release, place, blocked.reasons)
            return None


def _tell_once(actor: Actor, release: Release, place: Place, reasons: list[str]) -> None:
    """The sweep comes back every minute; the audit trail hears of it once."""
    where = [row.wire_id for row in (place.environment, place.tenant) if row is not None]
    told = Event.objects.filter(category=BLOCKED, related__contains=[release.wire_id, *where])
    if not told.exists():
        logger.info("%s is not deployed to %s by itself: %s", release, place, reasons)
        record(actor, BLOCKED, release, related=where, details={"reasons": reasons})
