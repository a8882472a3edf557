"""The process by hand: steps added, changed, moved, disabled, removed."""

from dataclasses import replace

import pytest

from deployments.core.process import Condition, StartTrigger
from deployments.models import Feed
from deployments.services.processes import save_process
from tests.factories.deployments import SYSTEM, make_project, script_step

ANYWAY = {"condition": "Success", "retries": "0", "timeout": "0"}


@pytest.fixture
def project(space, dev):
    return make_project(space, script_step("First"), script_step("Second"), name="Shop")


@pytest.fixture
def url(project, home):
    return f"{home}/projects/shop/process"


def steps(project):
    project.process.refresh_from_db()
    return project.process.parsed()


def test_a_script_step_is_added(browse, manager, project, dev, url):
    given = ANYWAY | {
        "name": "Say hello",
        "place": "targets",
        "roles": "Web, db",
        "syntax": "Bash",
        "body": "echo one\r\necho two",
        "environments": dev.pk,
        "with_previous": "on",
        "window": "2",
    }

    answer = browse(manager).post(f"{url}/steps/new?kind=Octopus.Script", given)

    step = steps(project)[-1]
    assert answer.status_code == 302
    assert (step.name, step.roles, step.window) == ("Say hello", ("web", "db"), 2)
    assert step.start_trigger == StartTrigger.WITH_PREVIOUS
    assert step.actions[0].properties["Octopus.Action.Script.ScriptBody"] == "echo one\necho two"
    assert step.actions[0].environments == (dev.pk,)


def test_a_package_step_names_its_package_and_feed(browse, manager, space, project, url):
    feed = Feed.objects.get(space=space)
    given = ANYWAY | {
        "name": "Deploy web",
        "roles": "web",
        "package_id": "Acme.Web",
        "feed": feed.pk,
        "substitute": "index.html",
    }

    browse(manager).post(f"{url}/steps/new?kind=Octopus.TentaclePackage", given)

    action = steps(project)[-1].actions[0]
    assert (action.packages[0].package_id, action.packages[0].feed) == ("Acme.Web", feed.pk)
    assert action.properties["Octopus.Action.SubstituteInFiles.Enabled"] == "True"


def test_an_approval_is_added(browse, manager, project, url):
    given = ANYWAY | {"name": "Approve", "instructions": "Look **first**"}

    browse(manager).post(f"{url}/steps/new?kind=Octopus.Manual", given)

    action = steps(project)[-1].actions[0]
    assert action.properties["Octopus.Action.Manual.Instructions"] == "Look **first**"


def test_a_step_that_makes_no_sense_comes_back_as_typed(browse, manager, project, url):
    given = ANYWAY | {"name": "First", "place": "worker", "syntax": "Bash", "body": "echo kept"}

    answer = browse(manager).post(f"{url}/steps/new?kind=Octopus.Script", given)

    assert answer.status_code == 422
    assert "echo kept" in answer.text
    assert len(steps(project)) == 2


def test_changing_a_step_keeps_what_the_form_does_not_know(browse, manager, project, url):
    first, second = steps(project)
    [action] = first.actions
    unknown = replace(action, properties={**action.properties, "Some.Other.Property": "kept"})
    changed = replace(first, actions=(unknown,))
    save_process(actor=SYSTEM, project=project, steps=[changed, second])
    given = ANYWAY | {
        "name": "Renamed",
        "place": "worker",
        "syntax": "Python",
        "body": "print()",
        "condition": "Always",
    }

    browse(manager).post(f"{url}/steps/{action.id}", given)

    step = steps(project)[0]
    assert (step.name, step.condition, step.roles) == ("Renamed", Condition.ALWAYS, ())
    assert step.actions[0].id == action.id
    assert step.actions[0].properties["Some.Other.Property"] == "kept"


def test_steps_move_are_disabled_and_removed(browse, manager, project, url):
    page = browse(manager)
    first, second = steps(project)

    page.post(f"{url}/order", {"id": second.id, "move": "up"})
    page.post(f"{url}/steps/{first.actions[0].id}/toggle")
    moved = steps(project)
    page.post(f"{url}/steps/{first.actions[0].id}/remove")

    assert [step.name for step in moved] == ["Second", "First"]
    assert moved[1].actions[0].is_disabled
    assert [step.name for step in steps(project)] == ["Second"]


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(browse, manager, project, url):
    looked_at = project.process.version
    save_process(actor=SYSTEM, project=project, steps=[script_step("Theirs")])
    given = ANYWAY | {"name": "Mine", "place": "worker", "syntax": "Bash", "body": "echo mine"}

    answer = browse(manager).post(
        f"{url}/steps/new?kind=Octopus.Script", given | {"version": looked_at}
    )

    assert answer.status_code == 409
    assert "echo mine" in answer.text
    assert [step.name for step in steps(project)] == ["Theirs"]


@pytest.mark.promise("P8")
def test_a_viewer_reads_and_changes_nothing(browse, viewer, project, url):
    action = steps(project)[0].actions[0]
    page = browse(viewer)

    assert "You cannot change the process" in page.get(url).text
    assert "<textarea" not in page.get(f"{url}/steps/{action.id}").text
    refused = page.post(
        f"{url}/steps/{action.id}",
        ANYWAY | {"name": "Mine", "place": "worker", "syntax": "Bash", "body": "echo"},
    )
    assert refused.status_code == 403
    assert page.post(f"{url}/steps/{action.id}/remove").status_code == 403
    assert [step.name for step in steps(project)] == ["First", "Second"]
