"""Creating, changing, copying and deleting runbooks. domain.md 24."""

from dataclasses import replace

import pytest

from deployments.core.states import TaskState
from deployments.models import ServerTask
from deployments.services.environments import delete_environment
from deployments.services.processes import reveal_property
from deployments.services.projects import clone_project, delete_project
from runbooks.models import Runbook, RunbookRun, RunbookSnapshot
from runbooks.services.runbooks import (
    clone_runbook,
    create_runbook,
    delete_runbook,
    save_runbook_process,
    update_runbook,
)
from spaces.errors import Conflict, Invalid, PermissionRefused
from spaces.models import Event
from spaces.permissions import Permission
from tests.factories.deployments import SYSTEM, make_project, script_step
from tests.factories.runbooks import make_run, make_runbook
from tests.factories.spaces import actor_for, grant, make_user


def test_a_new_runbook_has_no_steps_and_nothing_published(manager, project):
    runbook = create_runbook(actor=manager, project=project, name=" Restart ")

    assert (runbook.name, runbook.slug) == ("Restart", "restart")
    assert runbook.published is None
    assert Runbook.objects.get(pk=runbook.pk).process.parsed() == ()
    assert (runbook.environment_scope, runbook.runs_kept) == ("All", 100)
    assert runbook.allow_no_targets
    assert Event.objects.filter(category="Created", subject_type="Runbook").count() == 1


@pytest.mark.promise("P8")
def test_without_permission_nothing_is_created(consumer, project):
    with pytest.raises(PermissionRefused, match="RunbookEdit"):
        create_runbook(actor=consumer, project=project, name="Restart")

    assert not Runbook.objects.exists()


def test_names_differ_within_a_project_and_slugs_within_the_space(manager, space, project):
    make_runbook(project, name="Restart")
    elsewhere = make_runbook(make_project(space), name="Restart")

    assert elsewhere.slug == "restart-2"
    with pytest.raises(Invalid, match="already in use"):
        create_runbook(actor=manager, project=project, name="RESTART")
    with pytest.raises(Invalid, match="slug"):
        create_runbook(actor=manager, project=project, name="Other", slug="restart")


def test_everything_wrong_is_told_at_once(manager, project):
    with pytest.raises(Invalid) as refused:
        create_runbook(
            actor=manager,
            project=project,
            name="",
            environment_scope="Some",
            tenanted_mode="Maybe",
            guided_failure="Perhaps",
        )

    assert len(refused.value.reasons) == 4


def test_changes_are_told_with_the_environments_it_is_limited_to(manager, project, dev, production):
    runbook = make_runbook(project, environments=[dev])

    update_runbook(
        actor=manager, runbook=runbook, environment_scope="Specified", environments=[production]
    )

    assert [row.environment for row in runbook.environments.all()] == [production]
    details = Event.objects.filter(category="Modified", subject_type="Runbook").latest("pk").details
    assert details == {
        "environment_scope": ["All", "Specified"],
        "environments": [["Development"], ["Production"]],
    }


def test_editing_the_steps_never_touches_what_is_published(manager, project):
    runbook = make_runbook(project, script_step(body="echo old"))
    published = runbook.published

    save_runbook_process(actor=manager, runbook=runbook, steps=[script_step(body="echo new")])

    frozen = RunbookSnapshot.objects.get(pk=published.pk).steps[0].actions[0]
    assert frozen.properties["Octopus.Action.Script.ScriptBody"] == "echo old"


def test_steps_take_the_right_to_edit_processes_as_well(space, project):
    user = make_user()
    grant(user, [Permission.RUNBOOK_VIEW, Permission.RUNBOOK_EDIT], space)
    runbook = make_runbook(project)

    with pytest.raises(PermissionRefused, match="ProcessEdit"):
        save_runbook_process(actor=actor_for(user), runbook=runbook, steps=[])


def test_a_copy_has_steps_and_settings_but_no_history(manager, project, dev):
    original = make_runbook(project, environments=[dev], runs_kept=7, description="As told.")
    make_run(original, dev)

    copy = clone_runbook(actor=manager, original=original, name="Copy")

    copy = Runbook.objects.get(pk=copy.pk)
    assert copy.process.parsed() == original.process.parsed()
    assert (copy.runs_kept, copy.description) == (7, "As told.")
    assert [row.environment for row in copy.environments.all()] == [dev]
    assert copy.published is None
    assert not copy.runs.exists()


def test_a_copied_project_has_the_runbooks_too(manager, project):
    step = script_step()
    action = replace(step.actions[0], sealed_properties={"Token": "swordfish"})
    make_runbook(project, replace(step, actions=(action,)), name="Restart")

    copy = clone_project(actor=manager, original=project, name="Copy")

    [runbook] = Runbook.objects.filter(project=copy)
    action = runbook.process.parsed()[0].actions[0]
    assert runbook.name == "Restart"
    assert reveal_property(copy.pk, copy.space_id, action, "Token") == "swordfish"


def test_it_goes_with_snapshots_runs_and_logs(manager, project, dev):
    runbook = make_runbook(project)
    make_run(runbook, dev)

    delete_runbook(actor=manager, runbook=runbook)

    assert not Runbook.objects.exists()
    assert not RunbookRun.objects.exists()
    assert not ServerTask.objects.exists()


def test_it_stays_while_a_run_is_active(manager, project, dev):
    runbook = make_runbook(project)
    make_run(runbook, dev, TaskState.EXECUTING)

    with pytest.raises(Conflict, match="not finished"):
        delete_runbook(actor=manager, runbook=runbook)

    assert Runbook.objects.exists()


def test_it_goes_with_its_project(manager, project, dev):
    make_run(make_runbook(project), dev)

    delete_project(actor=manager, project=project)

    assert not Runbook.objects.exists()
    assert not RunbookSnapshot.objects.exists()


def test_an_environment_it_is_limited_to_stays(project, dev, production):
    make_runbook(project, name="Restart", environments=[production])

    with pytest.raises(Conflict, match="the runbook Restart"):
        delete_environment(actor=SYSTEM, environment=production)
