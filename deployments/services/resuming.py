"""Going on where a run failed, instead of from the start. domain.md 17.9."""

from django.db import transaction

from deployments.core.states import TaskState
from deployments.models import ProcessRun, ServerTask
from deployments.queries.run_kinds import run_kind
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid

ENDED = (TaskState.FAILED.value, TaskState.CANCELED.value)


@transaction.atomic
def resume_task(*, actor: Actor, task: ServerTask) -> ServerTask:
    """Queue the same run once more, by the plan that the failed one had; what succeeded there is not done
    again, and its outputs are known.

    Raises PermissionRefused, Invalid or Conflict with the reasons, or as doing it again does.
    """
    kind = run_kind(task)
    if kind is None:
        raise Invalid(f"{task} cannot be resumed.")
    authorize(actor, kind.permission, task)
    run = kind.load(task)
    if reasons := resume_blockers(task, run):
        raise Conflict(reasons)
    again = kind.do_again(actor, run)
    _keep_secret_answers(again, run)
    ServerTask.objects.filter(pk=again.task_id).update(resumes=task)
    record(actor, "TaskResumed", again.task, details={"from": [None, task.wire_id]})
    resumed: ServerTask = ServerTask.objects.get(pk=again.task_id)
    return resumed


def resume_blockers(task: ServerTask, run: ProcessRun) -> list[str]:
    """Why the run cannot be resumed, whoever asks."""
    if task.state not in ENDED:
        return [f"Only what failed or was cancelled is resumed; {task} is {task.state}."]
    if not task.plan or task.started_at is None:
        return [f"{task} never started: there is nothing to go on from."]
    if run.assembly.variables.created_at > task.started_at:
        return ["Its variables were updated since; what was done with the old ones cannot be used."]
    return []


def _keep_secret_answers(again: ProcessRun, run: ProcessRun) -> None:
    """A sealed text keeps the identity it was sealed for."""
    again.sealed_form_values = run.sealed_form_values
    again.secret_id = run.secret_id
    again.save(update_fields=["sealed_form_values", "secret_id"])
