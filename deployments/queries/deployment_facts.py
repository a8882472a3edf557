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
    successes = _deployments_here(deployment).filter(task__state=TaskState.SUCCESS.value)
    current = successes.first()
    latest = current.release if current else None
    facts = run_facts(deployment, plan)
    return replace(
        facts,
        release=_release_facts(deployment, latest),
        deployment=Thing(deployment.wire_id, f"Deploy to {deployment.environment.name}"),
        created=moment_text(deployment.created_at),
        changes=deployment.changes,
        changes_markdown=deployment.changes_markdown,
        mode=mode(deployment.release, latest),
        previous_successful=current.wire_id if current else "",
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
    here = _deployments_here(deployment).filter(task__state__in=FINAL).first()
    return ReleaseFacts(
        id=release.wire_id,
        number=release.version,
        notes=release.notes,
        created=moment_text(release.assembled_at),
        channel=thing(deployment.channel),
        custom_fields={name: str(text) for name, text in release.custom_fields.items()},
        previous=_numbered(before),
        previous_here=_numbered(here.release if here else None),
        current_here=_numbered(current),
    )


def _deployments_here(deployment: Deployment) -> "QuerySet[Deployment]":
    """Those before it in the same environment for the same tenant, the latest first."""
    found: QuerySet[Deployment] = Deployment.objects.filter(
        project=deployment.project,
        environment=deployment.environment,
        tenant=deployment.tenant,
        pk__lt=deployment.pk,
    )
    return found.select_related("release").order_by("-id")


def _links(deployment: Deployment) -> dict[str, str]:
    """Addresses of pages, relative to the server."""
    release = f"{project_link(deployment)}/deployments/releases/{deployment.release.version}"
    return {
        "ReleaseLink": release,
        "DeploymentLink": f"{release}/deployments/{deployment.wire_id}",
    }


def _numbered(release: Release | None) -> Thing:
    return Thing(release.wire_id, release.version) if release else Thing()
