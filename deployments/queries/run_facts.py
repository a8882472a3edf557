"""The rows of a process run as the values its variables are made of. variables-and-versions.md 3."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from deployments.core.bindings import MachineFacts, Person, RunFacts, Thing
from deployments.core.plan import Plan
from deployments.models import Process, ProcessRun, ServerTask, Target
from deployments.queries.tenants import tags_of
from spaces import secrets


def run_facts(run: ProcessRun, plan: Plan) -> RunFacts:
    """What every kind of run tells; each adds its own. Secrets of the process are opened: for the worker
    that runs it."""
    project, environment, task = run.project, run.environment, run.task
    tags = tags_of([run.tenant])[run.tenant.pk] if run.tenant else ()
    return RunFacts(
        space=thing(run.space),
        project=thing(project),
        group=thing(project.group),
        environment=thing(environment),
        environment_order=environment.sort_order,
        created_by=_person(task, run.created_by),
        comments=run.comments,
        force_download=run.force_package_download,
        force_redeployment=run.force_package_redeployment,
        specific_machines=tuple(f"Machines-{pk}" for pk in run.specific_machines),
        excluded_machines=tuple(f"Machines-{pk}" for pk in run.excluded_machines),
        task=Thing(task.wire_id, task.description),
        arguments={name: str(value) for name, value in task.arguments.items()},
        queue_time=moment_text(task.queue_time),
        queue_expiry=moment_text(task.queue_expiry),
        machines=machine_facts(plan),
        links={
            "ProjectLink": project_link(run),
            "ServerUri": settings.PUBLIC_URL,
            "BaseUrl": settings.PUBLIC_URL,
        },
        secrets=_process_secrets(run, plan),
        tenant=thing(run.tenant) if run.tenant else Thing(),
        tenant_tags=tuple(sorted(tags)),
        tenant_id=run.tenant_id,
        environment_id=environment.pk,
        channel_id=run.assembly.channel_number,
        process=run.assembly.process_owner,
    )


def machine_facts(plan: Plan) -> dict[int, MachineFacts]:
    """The machines a plan visits, by id. Nothing here is a secret."""
    wanted = {machine.id for step in plan.steps for machine in step.machines}
    rows = Target.objects.filter(pk__in=wanted).select_related("account").order_by("name")
    return {row.pk: _machine(row) for row in rows}


def project_link(run: ProcessRun) -> str:
    """The address of the project's page, relative to the server."""
    return f"/app#/{run.space.wire_id}/projects/{run.project.wire_id}"


def thing(row: object) -> Thing:
    return Thing(getattr(row, "wire_id", ""), getattr(row, "name", str(row)))


def moment_text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


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
        machine=thing(row),
        roles=tuple(row.roles),
        host=row.host,
        endpoint={"Type": row.communication_style, **endpoint},
    )


def _process_secrets(run: ProcessRun, plan: Plan) -> dict[str, Mapping[str, str]]:
    """The sensitive properties of the actions, opened, by action id."""
    return {
        action.action.id: {
            name: secrets.open_(
                sealed,
                table=Process._meta.db_table,
                row=f"{run.project_id}/{action.action.id}",
                field=name,
                space_id=run.space_id,
            )
            for name, sealed in action.action.sealed_properties.items()
        }
        for step in plan.steps
        for action in step.active
        if action.action.sealed_properties
    }


def _person(task: ServerTask, name: str) -> Person:
    user = task.requested_by
    if user is None:
        return Person(username=name, display_name=name)
    return Person(user.wire_id, user.username, user.display_name, user.email)
