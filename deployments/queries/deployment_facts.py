"""A deployment's rows as the values its variables are made of. variables-and-versions.md 3."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from deployments.core.bindings import (
    DeploymentFacts,
    MachineFacts,
    Person,
    ReleaseFacts,
    Thing,
)
from deployments.core.plan import Plan
from deployments.core.states import FINAL, TaskState
from deployments.core.versions import compare
from deployments.models import Deployment, Process, Release, ServerTask, Target
from spaces import secrets


def deployment_facts(deployment: Deployment, plan: Plan) -> DeploymentFacts:
    """Everything system variables tell, secrets of the process opened: for the worker that runs it."""
    project, environment, task = deployment.project, deployment.environment, deployment.task
    current = _releases_here(deployment).filter(deployments__task__state=TaskState.SUCCESS.value)
    latest = current.first()
    return DeploymentFacts(
        space=_thing(deployment.space),
        project=_thing(project),
        group=_thing(project.group),
        environment=_thing(environment),
        environment_order=environment.sort_order,
        release=_release_facts(deployment, latest),
        deployment=Thing(deployment.wire_id, f"Deploy to {environment.name}"),
        created=_text(deployment.created_at),
        created_by=_person(task, deployment.created_by),
        comments=deployment.comments,
        changes=deployment.changes,
        changes_markdown=deployment.changes_markdown,
        mode=mode(deployment.release, latest),
        previous_successful=_previous_successful(deployment),
        force_download=deployment.force_package_download,
        force_redeployment=deployment.force_package_redeployment,
        specific_machines=tuple(f"Machines-{pk}" for pk in deployment.specific_machines),
        excluded_machines=tuple(f"Machines-{pk}" for pk in deployment.excluded_machines),
        task=Thing(task.wire_id, task.description),
        arguments={name: str(value) for name, value in task.arguments.items()},
        queue_time=_text(task.queue_time),
        queue_expiry=_text(task.queue_expiry),
        machines=machine_facts(plan),
        links=_links(deployment),
        secrets=_process_secrets(deployment, plan),
        environment_id=environment.pk,
        channel_id=deployment.channel_id,
    )


def machine_facts(plan: Plan) -> dict[int, MachineFacts]:
    """The machines a plan visits, by id. Nothing here is a secret."""
    wanted = {machine.id for step in plan.steps for machine in step.machines}
    rows = Target.objects.filter(pk__in=wanted).select_related("account").order_by("name")
    return {row.pk: _machine(row) for row in rows}


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
        created=_text(release.assembled_at),
        channel=_thing(deployment.channel),
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


def _machine(row: Target) -> MachineFacts:
    endpoint: dict[str, str] = {}
    if row.communication_style == Target.Style.SSH:
        endpoint = {
            "Ssh.Host": row.host,
            "Ssh.Port": str(row.port),
            "Ssh.Fingerprint": row.fingerprint,
            "Ssh.Username": row.account.username if row.account else "",
        }
    return MachineFacts(
        machine=_thing(row),
        roles=tuple(row.roles),
        host=row.host,
        endpoint={"Type": row.communication_style, **endpoint},
    )


def _process_secrets(deployment: Deployment, plan: Plan) -> dict[str, Mapping[str, str]]:
    """The sensitive properties of the actions, opened, by action id."""
    return {
        action.action.id: {
            name: secrets.open_(
                sealed,
                table=Process._meta.db_table,
                row=f"{deployment.project_id}/{action.action.id}",
                field=name,
                space_id=deployment.space_id,
            )
            for name, sealed in action.action.sealed_properties.items()
        }
        for step in plan.steps
        for action in step.active
        if action.action.sealed_properties
    }


def _links(deployment: Deployment) -> dict[str, str]:
    """Addresses of pages, relative to the server, and the server's own where it is known."""
    top = f"/app#/{deployment.space.wire_id}"
    project = f"{top}/projects/{deployment.project.wire_id}"
    release = f"{project}/deployments/releases/{deployment.release.version}"
    return {
        "ProjectLink": project,
        "ReleaseLink": release,
        "DeploymentLink": f"{release}/deployments/{deployment.wire_id}",
        "ServerUri": settings.PUBLIC_URL,
        "BaseUrl": settings.PUBLIC_URL,
    }


def _person(task: ServerTask, name: str) -> Person:
    user = task.requested_by
    if user is None:
        return Person(username=name, display_name=name)
    return Person(user.wire_id, user.username, user.display_name, user.email)


def _thing(row: object) -> Thing:
    return Thing(getattr(row, "wire_id", ""), getattr(row, "name", str(row)))


def _numbered(release: Release | None) -> Thing:
    return Thing(release.wire_id, release.version) if release else Thing()


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
