"""Running runbooks: who may, what stands in the way, and forgetting old runs. domain.md 24, 29."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.core.variables import VariableScope
from deployments.models import ServerTask
from deployments.queries.blockers import Place
from deployments.queries.dashboard import cells
from deployments.queries.plan_inputs import RunOptions
from deployments.services.lifecycles import PhaseRequest, create_lifecycle
from deployments.services.queueing import RunBlocked
from deployments.services.tasks import rerun_task
from deployments.services.variables import VariableRow, save_variables
from runbooks.models import RunbookRun, RunbookSnapshot
from runbooks.services.runbooks import update_runbook
from runbooks.services.runs import delete_run, forget_old_runs, run_draft, run_runbook
from runbooks.services.snapshots import unpublish, update_snapshot_variables
from spaces.errors import Conflict, PermissionRefused
from spaces.models import Event
from tests.factories.deployments import SYSTEM, make_lifecycle, make_project, make_target
from tests.factories.runbooks import make_run, make_runbook, make_snapshot
from tests.factories.spaces import actor_for, grant, make_user
from tests.factories.tenants import make_tenant

DEPLOYMENTS = VariableScope(processes=frozenset({"deployment"}))


@pytest.fixture
def runbook(project, dev, production):
    make_target(project.space, dev, production, name="web-1")
    return make_runbook(project, name="Restart")


def blocked(actor, runbook, *environments, **given):
    with pytest.raises(RunBlocked) as refused:
        run_runbook(
            actor=actor,
            runbook=runbook,
            places=[Place(environment) for environment in environments],
            **given,
        )
    assert not RunbookRun.objects.exists()
    return refused.value.blockers


def test_a_run_is_queued_for_each_environment(
    consumer, runbook, dev, production, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as rung:
        runs = run_runbook(actor=consumer, runbook=runbook, places=[Place(dev), Place(production)])

    assert len(rung) == 2
    assert [run.environment for run in runs] == [dev, production]
    assert {run.snapshot for run in runs} == {runbook.published}
    task = runs[0].task
    assert (task.kind, task.description) == ("RunbookRun", "Run Restart in Development")
    assert task.arguments == {"RunbookRunId": runs[0].wire_id}
    assert Event.objects.filter(category="RunbookRunQueued").count() == 2


def test_runs_do_not_exclude_each_other_unless_a_variable_says_so(consumer, project, runbook, dev):
    [free] = run_runbook(actor=consumer, runbook=runbook, places=[Place(dev)])
    tag = VariableRow("Octopus.Task.ConcurrencyTag", "db/#{Octopus.Environment.Name}")
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=[tag])
    update_snapshot_variables(actor=SYSTEM, snapshot=runbook.published)

    [tagged] = run_runbook(actor=consumer, runbook=runbook, places=[Place(dev)])

    assert free.task.concurrency_tag == ""
    assert tagged.task.concurrency_tag == "db/Development"


@pytest.mark.promise("P8")
def test_without_permission_nothing_is_queued(viewer, runbook, dev):
    with pytest.raises(PermissionRefused, match="RunbookRunCreate"):
        run_runbook(actor=viewer, runbook=runbook, places=[Place(dev)])

    assert not RunbookRun.objects.exists()


def test_permission_is_asked_for_each_environment(space, runbook, dev, production):
    user = make_user()
    grant(user, "runbookconsumer", space, environments=[dev.pk])

    with pytest.raises(PermissionRefused):
        run_runbook(actor=actor_for(user), runbook=runbook, places=[Place(dev), Place(production)])

    assert not RunbookRun.objects.exists()


def test_nothing_published_is_told_to_everybody(consumer, producer, runbook, dev):
    unpublish(actor=producer, runbook=runbook)

    for actor in (consumer, producer):
        assert [blocker.code for blocker in blocked(actor, runbook, dev)] == ["unpublished"]


def test_only_who_may_edit_runs_what_is_not_published(consumer, producer, runbook, dev):
    other = make_snapshot(runbook, "Other")

    assert "published snapshot" in str(blocked(consumer, runbook, dev, snapshot=other)[0])
    assert run_runbook(actor=producer, runbook=runbook, places=[Place(dev)], snapshot=other)


def test_a_draft_run_makes_a_snapshot(producer, runbook, dev):
    [run] = run_draft(actor=producer, runbook=runbook, places=[Place(dev)])

    runbook.refresh_from_db()
    assert run.snapshot != runbook.published
    assert run.snapshot.name == "Snapshot 2"


def test_a_refused_draft_leaves_no_snapshot(consumer, producer, project, runbook, dev):
    with pytest.raises(PermissionRefused, match="RunbookEdit"):
        run_draft(actor=consumer, runbook=runbook, places=[Place(dev)])
    project.is_disabled = True
    project.save()
    with pytest.raises(Exception, match="disabled"):
        run_draft(actor=producer, runbook=runbook, places=[Place(dev)])

    assert RunbookSnapshot.objects.count() == 1


def test_all_reasons_are_told_at_once(consumer, project, runbook, dev, production):
    runbook.environment_scope, runbook.tenanted_mode = "Specified", "Tenanted"
    runbook.allow_no_targets = False
    runbook.save()
    project.is_disabled = True
    project.save()
    options = RunOptions(
        skip_actions=frozenset({"nonsense"}),
        queue_time=timezone.now() + timedelta(days=31),
        excluded_machines=frozenset({-1}),
    )

    codes = [blocker.code for blocker in blocked(consumer, runbook, dev, options=options)]

    assert codes == ["schedule", "archived", "environment-scope", "tenant", "options", "options"]


def test_it_runs_for_each_tenant_that_takes_part(producer, project, runbook, dev, production):
    acme = make_tenant(project.space, name="Acme", connect={project: [dev]})
    update_runbook(actor=SYSTEM, runbook=runbook, tenanted_mode="Tenanted")
    places = [Place(dev, acme), Place(production, acme), Place(dev)]

    with pytest.raises(RunBlocked) as refused:
        run_runbook(actor=producer, runbook=runbook, places=places)
    [run] = run_runbook(actor=producer, runbook=runbook, places=places[:1])

    assert refused.value.reasons == [
        "The tenant Acme is not connected to Shop in Production.",
        "Restart runs for tenants only: choose tenants.",
    ]
    assert (run.tenant, run.task.tenant) == (acme, acme)
    assert run.task.description == "Run Restart in Development for Acme"


def test_a_scope_may_be_the_environments_of_the_lifecycles(consumer, space, dev, production):
    lifecycle = create_lifecycle(
        actor=SYSTEM, space=space, name="Dev only", phases=[PhaseRequest("One", manual=[dev])]
    )
    project = make_project(space, lifecycle=lifecycle)
    runbook = make_runbook(project, environment_scope="FromProjectLifecycles")

    [blocker] = blocked(consumer, runbook, production)

    assert blocker.code == "environment-scope"
    assert run_runbook(actor=consumer, runbook=runbook, places=[Place(dev)])


def test_a_lifecycle_without_phases_means_every_environment(consumer, space, dev, production):
    project = make_project(space, lifecycle=make_lifecycle(space))
    runbook = make_runbook(project, environment_scope="FromProjectLifecycles")

    assert run_runbook(actor=consumer, runbook=runbook, places=[Place(dev), Place(production)])


def test_required_answers_are_asked_for_and_secret_ones_sealed(consumer, project, runbook, dev):
    prompt = {"label": "Reason", "required": True}
    rows = [
        VariableRow("Why", "", prompt=prompt),
        VariableRow("Token", "x", is_sensitive=True, prompt={"label": "Token"}),
        VariableRow("Elsewhere", "", prompt=prompt, scope=DEPLOYMENTS),
    ]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)
    update_snapshot_variables(actor=SYSTEM, snapshot=runbook.published)

    [missing] = blocked(consumer, runbook, dev)
    options = RunOptions(form_values={"why": "because", "Token": "s3cret", "Elsewhere": "no"})
    [run] = run_runbook(actor=consumer, runbook=runbook, places=[Place(dev)], options=options)

    assert str(missing) == "A value for Reason is required."
    assert run.form_values == {"Why": "because"}
    assert run.reveal_json("sealed_form_values") == {"Token": "s3cret"}


def test_runs_are_no_deployments_on_the_dashboard(manager, project, runbook, dev):
    make_run(runbook, dev)

    assert cells(manager, [project], [dev]) == {}


def test_a_finished_run_is_done_again_with_its_snapshot(producer, runbook, dev):
    other = make_snapshot(runbook, "Other")
    run = make_run(runbook, dev, snapshot=other, comments="First try")

    again = rerun_task(actor=producer, task=run.task)

    assert again.runbookrun.snapshot == other
    assert again.runbookrun.comments == "First try"


def test_deleting_a_run_takes_its_log_and_is_refused_while_it_runs(producer, runbook, dev):
    done, running = make_run(runbook, dev), make_run(runbook, dev, TaskState.EXECUTING)

    delete_run(actor=producer, run=done)
    with pytest.raises(Conflict):
        delete_run(actor=producer, run=running)

    assert list(RunbookRun.objects.all()) == [running]
    assert not ServerTask.objects.filter(pk=done.task_id).exists()


def test_only_the_newest_runs_of_each_place_are_kept(runbook, dev, production):
    runbook.runs_kept = 2
    runbook.save()
    here = [make_run(runbook, dev) for _ in range(3)]
    there = make_run(runbook, production)
    going_on = make_run(runbook, dev, TaskState.EXECUTING)

    assert forget_old_runs() == 1

    assert set(RunbookRun.objects.all()) == {*here[1:], there, going_on}
    event = Event.objects.get(category="RunbookRunsForgotten")
    assert event.details == {"runs": [here[0].wire_id]}


def test_a_runbook_may_keep_all_its_runs(runbook, dev):
    runbook.runs_kept = None
    runbook.save()
    make_run(runbook, dev)

    assert forget_old_runs() == 0
