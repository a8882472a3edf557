"""Runbooks: creating, changing and deleting them, and their steps. domain.md 24."""

from collections.abc import Sequence
from copy import deepcopy
from typing import TypedDict, Unpack

from django.db import transaction

from deployments.core.process import Step
from deployments.models import Environment, Project, ServerTask
from deployments.services.changes import (
    apply,
    naming_problems,
    new_slug,
    refuse,
    save,
    texts_problems,
)
from deployments.services.processes import copied_steps, save_steps
from deployments.services.projects import TENANTED_MODES
from runbooks.models import Runbook, RunbookEnvironment, RunbookProcess, RunbookSnapshot
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict
from spaces.permissions import Permission


class RunbookFields(TypedDict, total=False):
    """What can be said about a runbook; what is left out stays as it is.

    environments: where it runs when its scope is Specified. runs_kept: None keeps all.
    """

    slug: str
    description: str
    environment_scope: str
    environments: Sequence[Environment]
    tenanted_mode: str
    guided_failure: str
    force_package_download: bool
    skip_unavailable_targets: bool
    exclude_unhealthy_targets: bool
    allow_no_targets: bool
    skip_target_roles: list[str]
    runs_kept: int | None
    tags: list[str]


class RunbookChanges(RunbookFields, total=False):
    name: str


@transaction.atomic
def create_runbook(
    *, actor: Actor, project: Project, name: str, **fields: Unpack[RunbookFields]
) -> Runbook:
    """A new runbook without steps, of which nothing is published. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.RUNBOOK_EDIT, project)
    runbook = Runbook(space_id=project.space_id, project=project, name=name.strip())
    slug, environments = fields.pop("slug", ""), fields.pop("environments", ())
    refuse([*_name_problems(runbook, name, slug), *texts_problems(fields), *_problems(fields)])
    apply(runbook, fields)
    runbook.slug = new_slug(Runbook.objects.in_space(project.space_id), name, slug)
    save(runbook)
    # by id: the row in hand must not remember the process as it is now, empty
    RunbookProcess.objects.create(space_id=runbook.space_id, runbook_id=runbook.pk)
    _limit_to(runbook, environments)
    record(actor, "Created", runbook)
    return runbook


@transaction.atomic
def update_runbook(*, actor: Actor, runbook: Runbook, **fields: Unpack[RunbookChanges]) -> Runbook:
    """Change it; what is published stays as it is. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.RUNBOOK_EDIT, runbook)
    environments = fields.pop("environments", None)
    fields["name"] = fields.get("name", runbook.name).strip()
    fields["slug"] = fields.get("slug") or runbook.slug
    refuse(
        [
            *_name_problems(runbook, fields["name"], fields["slug"]),
            *texts_problems(fields),
            *_problems(fields),
        ]
    )
    changes = apply(runbook, fields)
    save(runbook)
    if environments is not None:
        changes |= _limit_to(runbook, environments)
    record(actor, "Modified", runbook, details=changes)
    return runbook


@transaction.atomic
def delete_runbook(*, actor: Actor, runbook: Runbook) -> None:
    """Delete it with its snapshots, runs and their logs. Raises Conflict while one of them is active."""
    authorize(actor, Permission.RUNBOOK_EDIT, runbook)
    tasks = ServerTask.objects.select_for_update().filter(runbookrun__runbook=runbook)
    if active := [task.description for task in tasks.active()]:
        raise Conflict([f"{description} is not finished." for description in active])
    record(actor, "Deleted", runbook)
    ServerTask.objects.filter(pk__in=[task.pk for task in tasks]).delete()  # and with them the runs
    RunbookSnapshot.objects.filter(runbook=runbook).delete()
    runbook.delete()


@transaction.atomic
def clone_runbook(
    *, actor: Actor, original: Runbook, name: str, project: Project | None = None
) -> Runbook:
    """A copy of steps and settings, without snapshots or runs.

    project: None means the original's. Another one is for who copies the whole project and was asked
    there for the right to use its secrets. Raises PermissionRefused, Invalid.
    """
    project = project or original.project
    settings = {
        field: deepcopy(getattr(original, field))
        for field in RunbookFields.__annotations__.keys() - {"slug", "environments"}
    }
    places = [row.environment for row in original.environments.select_related("environment")]
    runbook = create_runbook(
        actor=actor, project=project, name=name, environments=places, **settings
    )
    # ids stay: what variables are scoped to holds for both
    steps = copied_steps(original.process.steps, original.project, project)
    RunbookProcess.objects.filter(runbook=runbook).update(steps=steps, version=1)
    return runbook


def clone_runbooks(actor: Actor, original: Project, copy: Project) -> None:
    """All runbooks of a project, for its copy. domain.md 9."""
    for runbook in Runbook.objects.filter(project=original).select_related("project", "process"):
        clone_runbook(actor=actor, original=runbook, name=runbook.name, project=copy)


@transaction.atomic
def save_runbook_process(
    *, actor: Actor, runbook: Runbook, steps: Sequence[Step], version: int | None = None
) -> RunbookProcess:
    """Make these what the runbook does. Nothing that is published changes.

    Raises PermissionRefused, and as `deployments.services.processes.save_steps` does.
    """
    authorize(actor, Permission.RUNBOOK_EDIT, runbook)
    authorize(actor, Permission.PROCESS_EDIT, runbook)
    process = RunbookProcess.objects.select_for_update().get(runbook=runbook)
    save_steps(actor, process, steps, version)
    return process


def _limit_to(runbook: Runbook, environments: Sequence[Environment]) -> dict[str, list[list[str]]]:
    """Replaces the environments of a Specified scope; returns what that changed."""
    before = {row.environment_id: row for row in runbook.environments.select_related("environment")}
    after = {environment.pk: environment for environment in environments}
    if before.keys() == after.keys():
        return {}
    runbook.environments.exclude(environment_id__in=after).delete()
    RunbookEnvironment.objects.bulk_create(
        RunbookEnvironment(space_id=runbook.space_id, runbook=runbook, environment=environment)
        for pk, environment in after.items()
        if pk not in before
    )
    told = [row.environment.name for row in before.values()], [env.name for env in after.values()]
    return {"environments": [sorted(names) for names in told]}


def _name_problems(runbook: Runbook, name: str, slug: str) -> list[str]:
    """Names differ within the project, slugs within the space (api-dialect.md 6)."""
    existing = runbook if runbook.pk else None
    problems = naming_problems(
        Runbook.objects.filter(project_id=runbook.project_id), name, existing=existing
    )
    others = Runbook.objects.in_space(runbook.space_id).exclude(pk=runbook.pk)
    if slug and others.filter(slug=slug).exists():
        problems.append(f"The slug {slug!r} is already in use.")
    return problems


def _problems(fields: RunbookFields | RunbookChanges) -> list[str]:
    choices = {
        "environment_scope": ("environment scope", Runbook.EnvironmentScope.values),
        "tenanted_mode": ("tenanted mode", TENANTED_MODES),
        "guided_failure": ("guided failure mode", Runbook.GuidedFailure.values),
    }
    return [
        f"The {words} must be one of {', '.join(allowed)}."
        for name, (words, allowed) in choices.items()
        if name in fields and fields[name] not in allowed  # type: ignore[literal-required]  # from the list above
    ]
