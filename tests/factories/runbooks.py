"""Runbooks and their runs, in a line."""

from itertools import count
from typing import Any

from deployments.core.process import Step
from deployments.core.states import TaskState
from deployments.models import Environment, Project, ServerTask
from runbooks.models import Runbook, RunbookRun, RunbookSnapshot
from runbooks.services.runbooks import create_runbook, save_runbook_process
from runbooks.services.snapshots import SnapshotRequest, take_snapshot
from tests.factories.deployments import SYSTEM, make_task, script_step

serial = count(1)


def make_runbook(project: Project, *steps: Step, publish: bool = True, **given: Any) -> Runbook:
    """A runbook with these steps, or one script for targets with the role "web"; published."""
    runbook = create_runbook(
        actor=SYSTEM, project=project, **{"name": f"Runbook {next(serial)}"} | given
    )
    save_runbook_process(actor=SYSTEM, runbook=runbook, steps=steps or (script_step(),))
    runbook = Runbook.objects.get(pk=runbook.pk)
    if publish:
        make_snapshot(runbook, publish=True)
        runbook.refresh_from_db()
    return runbook


def make_snapshot(runbook: Runbook, name: str = "", *, publish: bool = False) -> RunbookSnapshot:
    """A snapshot of the runbook as it is now."""
    return take_snapshot(
        actor=SYSTEM, runbook=runbook, request=SnapshotRequest(name=name), publish=publish
    )


def make_run(
    runbook: Runbook,
    environment: Environment,
    state: TaskState = TaskState.SUCCESS,
    **given: Any,
) -> RunbookRun:
    """A run whose task is in this state, made past every rule of services and workers."""
    snapshot: Any = given.pop("snapshot", None) or runbook.published
    task = make_task(
        runbook.space,
        state,
        kind=ServerTask.Kind.RUNBOOK_RUN,
        project=runbook.project,
        environment=environment,
        tenant=given.get("tenant"),
        description=f"Run {runbook} in {environment}",
    )
    run = RunbookRun.objects.create(
        space_id=runbook.space_id,
        project=runbook.project,
        runbook=runbook,
        snapshot=snapshot,
        environment=environment,
        task=task,
        **given,
    )
    task.arguments = {"RunbookRunId": run.wire_id}
    task.save(update_fields=["arguments"])
    return run
