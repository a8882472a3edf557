"""Whole runs of runbooks: rows and the real engine, on this machine's worker."""

from dataclasses import replace

import pytest

from deployments.core.process import RUN_ON_SERVER, Step
from deployments.core.states import TaskState
from deployments.core.variables import VariableScope
from deployments.models import ServerTask, TaskLogLine
from deployments.queries.blockers import Place
from deployments.services.variables import VariableRow, save_variables
from deployments.tasks import run_server_task
from runbooks.models import RunbookRun
from runbooks.services.runs import run_runbook
from runbooks.services.snapshots import update_snapshot_variables
from spaces.models import Event
from tests.factories.deployments import SYSTEM, script_step
from tests.factories.runbooks import make_runbook

pytestmark = pytest.mark.django_db(transaction=True)


def on_worker(body: str) -> Step:
    step = script_step("Do it", body, properties={RUN_ON_SERVER: "true"})
    return replace(step, properties={})


def ran(runbook, environment) -> RunbookRun:
    """Queued and run, as one worker would."""
    [run] = run_runbook(actor=SYSTEM, runbook=runbook, places=[Place(environment)])
    run_server_task(run.task_id)
    return RunbookRun.objects.select_related("task").get(pk=run.pk)


def log(task: ServerTask) -> str:
    return "\n".join(TaskLogLine.objects.filter(task=task).values_list("text", flat=True))


def test_a_run_tells_its_script_what_it_is(project, dev):
    asked = ("Runbook.Name", "RunbookSnapshot.Name", "RunbookRun.Id", "Release.Number", "Task.Id")
    body = "\n".join(f'echo "{name}=$(get_octopusvariable "Octopus.{name}")"' for name in asked)
    runbook = make_runbook(project, on_worker(body), name="Restart")

    run = ran(runbook, dev)

    assert run.task.state == TaskState.SUCCESS.value
    lines = log(run.task)
    for told in ("Runbook.Name=Restart", "RunbookSnapshot.Name=Snapshot 1", "Release.Number=\n"):
        assert told in lines
    assert f"RunbookRun.Id={run.wire_id}" in lines
    kinds = Event.objects.filter(category__startswith="RunbookRun").values_list("category")
    assert [kind for (kind,) in kinds.order_by("sequence")] == [
        "RunbookRunQueued",
        "RunbookRunStarted",
        "RunbookRunSucceeded",
    ]


def test_values_of_this_runbook_win_and_those_of_channels_and_deployments_do_not_apply(
    project, dev
):
    runbook = make_runbook(project, on_worker('echo "it is $(get_octopusvariable Who)"'))
    channel = project.channels.get()
    scopes = {
        "everybody": VariableScope(),
        "this runbook": VariableScope(processes=frozenset({f"runbook:{runbook.pk}"})),
        "another runbook": VariableScope(processes=frozenset({"runbook:0"})),
        "deployments": VariableScope(processes=frozenset({"deployment"})),
        "a channel": VariableScope(channels=frozenset({channel.pk})),
    }
    rows = [VariableRow("Who", value, scope=scope) for value, scope in scopes.items()]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)
    update_snapshot_variables(actor=SYSTEM, snapshot=runbook.published)

    assert "it is this runbook" in log(ran(runbook, dev).task)


def test_a_failed_run_says_so(project, dev):
    run = ran(make_runbook(project, on_worker('fail_step "no disk"')), dev)

    assert run.task.state == TaskState.FAILED.value
    assert run.failure_encountered
    assert "no disk" in run.task.error_message
    assert Event.objects.filter(category="RunbookRunFailed").exists()


def test_what_changed_while_it_was_queued_is_judged_again(project, dev):
    runbook = make_runbook(project, on_worker("echo hello"))
    [run] = run_runbook(actor=SYSTEM, runbook=runbook, places=[Place(dev)])
    project.is_disabled = True
    project.save()

    run_server_task(run.task_id)

    run.task.refresh_from_db()
    assert run.task.state == TaskState.FAILED.value
    assert "disabled" in run.task.error_message
