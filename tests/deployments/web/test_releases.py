"""Releases by hand: made, looked at, blocked, deleted."""

import pytest

from deployments.core.states import TaskState
from deployments.models import Release
from tests.factories.deployments import (
    make_deployment,
    make_package,
    make_project,
    make_release,
    package_step,
)


def test_the_form_proposes_version_and_packages(browse, manager, space, dev, home):
    make_package(space, "Acme.Web", "1.2.0")
    make_project(space, package_step("Acme.Web"), name="Site")

    text = browse(manager).get(f"{home}/projects/site/releases/new").text

    assert 'value="0.0.1"' in text
    assert 'value="1.2.0"' in text


def test_a_release_is_made_of_what_was_typed(browse, manager, space, dev, home):
    for version in ("1.2.0", "1.3.0"):
        make_package(space, "Acme.Web", version)
    project = make_project(space, package_step("Acme.Web"), name="Site")
    action = project.process.parsed()[0].actions[0]
    given = {
        "version": "5.0",
        "channel": project.channels.get().pk,
        f"package-{action.id}-": "1.2.0",
        "notes": "Better",
    }

    answer = browse(manager).post(f"{home}/projects/site/releases/new", given)

    release = Release.objects.get(project=project)
    assert answer["Location"] == f"{home}/projects/site/releases/5.0/"
    assert (release.version, release.packages[0]["version"]) == ("5.0", "1.2.0")


def test_what_the_service_refuses_comes_back_with_all_reasons(browse, manager, release, home):
    project = release.project
    given = {"version": "1.0.0", "channel": project.channels.get().pk, "notes": "kept"}

    answer = browse(manager).post(f"{home}/projects/shop/releases/new", given)

    assert answer.status_code == 409
    assert "already exists" in answer.text
    assert "kept" in answer.text


def test_the_page_shows_where_the_release_is_and_where_next(
    browse, manager, release, dev, production, home
):
    make_deployment(release, dev)

    text = browse(manager).get(f"{home}/projects/shop/releases/1.0.0/").text

    assert "Succeeded" in text
    assert "Deploy to Production" in text


@pytest.mark.parametrize("tab", ["overview", "changes", "deployments", "snapshot", "nonsense"])
def test_every_tab_has_an_address(browse, manager, release, dev, home, tab):
    make_deployment(release, dev, TaskState.FAILED)

    answer = browse(manager).get(f"{home}/projects/shop/releases/1.0.0/?tab={tab}")

    assert answer.status_code == 200


def test_blocking_needs_a_reason_that_everybody_sees(browse, manager, viewer, release, home):
    url = f"{home}/projects/shop/releases/1.0.0"
    page = browse(manager)

    without = page.post(f"{url}/block", {"description": " "})
    page.post(f"{url}/block", {"description": "It loses orders."})

    assert without.status_code == 422
    assert "It loses orders." in browse(viewer).get(f"{url}/").text


def test_a_viewer_can_neither_edit_nor_delete(browse, viewer, release, home):
    url = f"{home}/projects/shop/releases/1.0.0"
    page = browse(viewer)

    answers = [page.post(f"{url}/{act}", {}) for act in ("edit", "block", "variables", "delete")]

    assert {answer.status_code for answer in answers} == {403}
    assert Release.objects.filter(pk=release.pk).exists()


def test_the_version_in_the_address_ignores_case(browse, manager, project, home):
    make_release(project, "2.0.0-Beta.1")

    answer = browse(manager).get(f"{home}/projects/shop/releases/2.0.0-beta.1/")

    assert answer.status_code == 200
