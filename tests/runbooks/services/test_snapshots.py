"""Snapshots: what they freeze, and publishing one of them. domain.md 24."""

import pytest

from deployments.services.variables import VariableRow, save_variables
from runbooks.models import Runbook, RunbookSnapshot
from runbooks.services.runbooks import save_runbook_process
from runbooks.services.snapshots import (
    SnapshotRequest,
    delete_snapshot,
    edit_snapshot,
    publish_snapshot,
    take_snapshot,
    unpublish,
    update_snapshot_variables,
)
from spaces.errors import Conflict, Invalid, PermissionRefused
from spaces.models import Event
from spaces.permissions import Permission
from tests.factories.deployments import SYSTEM, make_package, package_step, script_step
from tests.factories.runbooks import make_run, make_runbook, make_snapshot
from tests.factories.spaces import actor_for, grant, make_user


@pytest.fixture
def ci(space):
    """A build server: it may snapshot, not rewrite."""
    user = make_user()
    grant(user, "buildserver", space)
    return actor_for(user)


def test_a_build_server_takes_a_snapshot_but_does_not_publish(ci, project):
    runbook = make_runbook(project, publish=False)

    snapshot = take_snapshot(actor=ci, runbook=runbook)

    assert snapshot.name == "Snapshot 1"
    assert not snapshot.is_published
    with pytest.raises(PermissionRefused, match="RunbookEdit"):
        take_snapshot(actor=ci, runbook=runbook, publish=True)
    assert runbook.snapshots.count() == 1


def test_packages_are_the_latest_or_those_named(producer, space, project):
    for version in ("1.0.0", "2.0.0"):
        make_package(space, version=version)
    runbook = make_runbook(project, package_step("Acme.Web"), publish=False)

    latest = take_snapshot(actor=producer, runbook=runbook)
    named = take_snapshot(
        actor=producer, runbook=runbook, request=SnapshotRequest(packages=["Acme.Web:1.0.0"])
    )

    assert [snapshot.packages[0]["version"] for snapshot in (latest, named)] == ["2.0.0", "1.0.0"]


def test_everything_wrong_is_told_at_once(producer, project):
    runbook = make_runbook(project, package_step("Acme.Web"), publish=False)
    project.is_disabled = True
    project.save()

    with pytest.raises(Invalid) as refused:
        take_snapshot(actor=producer, runbook=runbook)

    assert len(refused.value.reasons) == 2
    assert not RunbookSnapshot.objects.exists()


def test_a_runbook_without_steps_cannot_be_frozen(producer, project):
    runbook = make_runbook(project, publish=False)
    save_runbook_process(actor=SYSTEM, runbook=runbook, steps=[])

    with pytest.raises(Invalid, match="no steps"):
        take_snapshot(actor=producer, runbook=runbook)


def test_names_are_unique_within_the_runbook(producer, project):
    runbook = make_runbook(project, publish=False)
    make_snapshot(runbook, "First")

    with pytest.raises(Conflict, match="already exists"):
        take_snapshot(actor=producer, runbook=runbook, request=SnapshotRequest(name="first"))


def test_publishing_is_told(producer, project):
    runbook = make_runbook(project)
    other = make_snapshot(runbook, "Better")

    publish_snapshot(actor=producer, snapshot=other)

    assert Runbook.objects.get(pk=runbook.pk).published == other
    event = Event.objects.filter(category="RunbookPublished").latest("pk")
    assert event.details == {"published": ["Snapshot 1", "Better"]}


def test_what_is_published_can_be_withdrawn(producer, consumer, project):
    runbook = make_runbook(project)

    with pytest.raises(PermissionRefused):
        unpublish(actor=consumer, runbook=runbook)
    unpublish(actor=producer, runbook=runbook)

    assert Runbook.objects.get(pk=runbook.pk).published is None


def test_variables_are_taken_anew_and_steps_stay(producer, project):
    runbook = make_runbook(project)
    snapshot = runbook.published
    save_variables(
        actor=SYSTEM, variable_set=project.variable_set, rows=[VariableRow("Colour", "blue")]
    )
    save_runbook_process(actor=SYSTEM, runbook=runbook, steps=[script_step("Another")])

    update_snapshot_variables(actor=producer, snapshot=snapshot)

    snapshot = RunbookSnapshot.objects.get(pk=snapshot.pk)
    assert [entry["name"] for entry in snapshot.variables.entries] == ["Colour"]
    assert [step.name for step in snapshot.steps] == ["Say hello"]


def test_name_and_notes_can_be_changed(producer, project):
    runbook = make_runbook(project)
    make_snapshot(runbook, "Other")

    snapshot = edit_snapshot(
        actor=producer, snapshot=runbook.published, name="Good one", notes="**Use it**"
    )

    assert (snapshot.name, snapshot.notes) == ("Good one", "**Use it**")
    with pytest.raises(Conflict):
        edit_snapshot(actor=producer, snapshot=snapshot, name="other", notes="")


def test_what_is_published_or_was_run_stays(producer, project, dev):
    runbook = make_runbook(project)
    spare = make_snapshot(runbook, "Spare")
    make_run(runbook, dev)

    with pytest.raises(Conflict) as refused:
        delete_snapshot(actor=producer, snapshot=runbook.published)
    delete_snapshot(actor=producer, snapshot=spare)

    assert len(refused.value.reasons) == 2
    assert list(runbook.snapshots.all()) == [runbook.published]


def test_runbook_snapshot_create_is_enough_for_a_snapshot(space, project):
    user = make_user()
    grant(user, [Permission.RUNBOOK_SNAPSHOT_CREATE, Permission.RUNBOOK_VIEW], space)

    assert take_snapshot(actor=actor_for(user), runbook=make_runbook(project, publish=False))
