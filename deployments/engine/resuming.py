"""Gives a run the results of the one it goes on from. domain.md 17.9."""

import secrets
from collections.abc import Collection

from django.db.models.functions import Now

from deployments.core.plan import Plan
from deployments.core.resuming import Where, carried
from deployments.core.states import JournalState, NodeStatus
from deployments.models import OutputVariable, ServerTask, StepJournal


def carry_over(task: ServerTask, before: ServerTask, planned: Plan) -> None:
    """Journal, outputs and log parts of what succeeded, in the caller's transaction. The log nodes of
    `task` are there already."""
    rows = {
        (row.action_id, row.machine_id): row
        for row in StepJournal.objects.filter(task=before, state=JournalState.SUCCEEDED.value)
    }
    statuses = dict(before.nodes.values_list("key", "status"))
    known = {key: NodeStatus(status) for key, status in statuses.items()}
    found = carried(planned, rows.keys(), known)
    StepJournal.objects.bulk_create([_again(rows[where], task) for where in found.visits])
    _carry_outputs(task, before, planned, found.visits)
    for key in found.nodes:
        task.nodes.filter(key=key).update(status=statuses[key], finished_at=Now())


def _again(row: StepJournal, task: ServerTask) -> StepJournal:
    return StepJournal(
        task=task,
        step_id=row.step_id,
        action_id=row.action_id,
        machine_id=row.machine_id,
        state=row.state,
        epoch=0,
        run_token=secrets.token_hex(12),
        operation=row.operation,
        facts=row.facts,
        exit_code=row.exit_code,
        finished_at=row.finished_at,
    )


def _carry_outputs(
    task: ServerTask, before: ServerTask, planned: Plan, visits: Collection[Where]
) -> None:
    """A sealed value keeps the identity it was sealed for."""
    names = {a.action.id: a.action.name for step in planned.steps for a in step.actions}
    done = {(names[action], machine) for action, machine in visits}
    OutputVariable.objects.bulk_create(
        OutputVariable(
            task=task,
            step_name=row.step_name,
            machine_id=row.machine_id,
            machine_name=row.machine_name,
            name=row.name,
            value=row.value,
            secret=row.secret,
            secret_id=row.secret_id,
            is_sensitive=row.is_sensitive,
        )
        for row in OutputVariable.objects.filter(task=before)
        if (row.step_name, row.machine_id) in done
    )
