"""What a deployment tells beside what every run does: its release, and how that compares with what is there.
variables-and-versions.md 3."""

from dataclasses import replace

from django.db.models import QuerySet

from deployments.core.bindings import ReleaseFacts, RunFacts, Thing
from deployments.core.plan import Plan
from deployments.core.states import FINAL, TaskState
from deployments.core.versions import compare
from deployments.models import Deployment, Release
from deployments.queries.run_facts import moment_text, project_link, run_facts, thing


def deployment_facts(deployment: Deployment, plan: Plan) -> RunFacts:
    """Everything system variables tell, secrets of the process opened: for the worker that runs it."""
    current = _releases_here(deployment).filter(deployments__task__state=TaskState.SUCCESS.value)
    latest = current.first()
    facts = run_facts(deployment, plan)
    return replace(
        facts,
        release=_release_facts(deployment, latest),
        deployment=Thing(deployment.wire_id, f"Deploy to {deployment.environment.name}"),
        created=moment_text(deployment.created_at),
        changes=deployment.changes,
        changes_markdown=deployment.changes_markdown,
        mode=mode(deployment.release, latest),
        previous_successful=_previous_successful(deployment),
        links=dict(facts.links) | _links(deployment),
    )


def mode(release: Release, current: Release | None) -> str:
    """Deploy, Redeploy or Rollback, by comparing with what is there. domain.md 14.7."""
    if current is None:
        return "Deploy"
    order = compare(release.version, current.version, "octopus")
    if current.pk == release.pk or order == 0:
        return "Redeploy"
    return "Rollback" if order < 0 else "Deploy"


def _release_facts(deployment: Deployment, current: Release | None) -> ReleaseFacts:
    release = deployment.release
    before = (
        Release.objects.filter(project_id=release.project_id, assembled_at__lt=release.assembled_at)
        .order_by("-assembled_at", "-id")
        .first()
    )
    here = _releases_here(deployment).filter(deployments__task__state__in=FINAL).first()
    return ReleaseFacts(
        id=release.wire_id,
        number=release.version,
        notes=release.notes,
        created=moment_text(release.assembled_at),
        channel=thing(deployment.channel),
        custom_fields={name: str(text) for name, text in release.custom_fields.items()},
        previous=_numbered(before),
        previous_here=_numbered(here),
        current_here=_numbered(current),
    )


def _releases_here(deployment: Deployment) -> "QuerySet[Release]":
    """Releases deployed to the same environment before, the latest deployment first."""
    found: QuerySet[Release] = Release.objects.filter(
        project_id=deployment.project_id,
        deployments__environment_id=deployment.environment_id,
        deployments__id__lt=deployment.pk,
    ).order_by("-deployments__id")
    return found


def _previous_successful(deployment: Deployment) -> str:
    before = Deployment.objects.filter(
        project_id=deployment.project_id,
        environment_id=deployment.environment_id,
        pk__lt=deployment.pk,
        task__state=TaskState.SUCCESS.value,
    )
    found = before.order_by("-id").first()
    return found.wire_id if found else ""


def _links(deployment: Deployment) -> dict[str, str]:
    """Addresses of pages, relative to the server."""
    release = f"{project_link(deployment)}/deployments/releases/{deployment.release.version}"
    return {
        "ReleaseLink": release,
        "DeploymentLink": f"{release}/deployments/{deployment.wire_id}",
    }


def _numbered(release: Release | None) -> Thing:
    return Thing(release.wire_id, release.version) if release else Thing()
