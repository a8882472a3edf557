"""Projects and their board: what is offered is what the service accepts."""

import pytest

from deployments.core.states import TaskState
from deployments.models import Lifecycle, Project, ProjectGroup
from tests.factories.deployments import make_deployment, make_release
from tests.factories.spaces import actor_for, grant, make_user


def test_a_project_is_created_and_leads_to_its_process(browse, manager, space, home):
    given = {
        "name": "Billing",
        "group": ProjectGroup.objects.get(space=space).pk,
        "lifecycle": Lifecycle.objects.get(space=space).pk,
    }

    answer = browse(manager).post(f"{home}/projects/new", given)

    assert answer["Location"] == f"{home}/projects/billing/process"
    assert Project.objects.filter(space=space, name="Billing").exists()


def test_settings_are_saved(browse, manager, project, home):
    given = {
        "name": "Web shop",
        "group": project.group_id,
        "lifecycle": project.lifecycle_id,
        "version_template": "1.0.i",
        "guided_failure": "On",
        "allow_no_targets": "on",
    }

    browse(manager).post(f"{home}/projects/shop/settings", given)

    project.refresh_from_db()
    assert (project.name, project.guided_failure, project.allow_no_targets) == (
        "Web shop",
        "On",
        True,
    )


def test_the_board_offers_the_next_promotion_and_only_that(
    browse, manager, project, release, dev, production, home
):
    make_deployment(release, dev)

    board = browse(manager).get(f"{home}/projects/shop/").text

    assert f"releases/1.0.0/deploy?env={production.slug}" in board
    assert f"releases/1.0.0/deploy?env={dev.slug}" not in board


def test_a_cell_that_cannot_be_deployed_says_why(browse, manager, project, release, home):
    board = browse(manager).get(f"{home}/projects/shop/").text

    assert "Shop 1.0.0 must succeed in Development before Production." in board


@pytest.mark.promise("U11")
def test_what_is_deployed_for_tenants_only_is_not_offered_without_one(
    browse, manager, project, release, home
):
    project.tenanted_mode = "Tenanted"
    project.save()

    board = browse(manager).get(f"{home}/projects/shop/").text

    assert "Shop is deployed for tenants only: choose tenants." in board
    assert "/deploy?env=" not in board


@pytest.mark.promise("U11")
def test_who_may_not_deploy_sees_the_reason_and_no_link(browse, viewer, release, home):
    board = browse(viewer).get(f"{home}/projects/shop/").text

    assert "Your teams do not allow you to deploy to Development." in board
    assert "/deploy?env=" not in board


def test_nothing_is_offered_again_while_it_runs(browse, manager, release, dev, home):
    make_deployment(release, dev, TaskState.EXECUTING)

    board = browse(manager).get(f"{home}/projects/shop/").text

    assert f"/deploy?env={dev.slug}" not in board


def test_htmx_gets_the_board_alone(browse, manager, release, home):
    answer = browse(manager).get(f"{home}/projects/shop/", headers={"HX-Request": "true"})

    assert answer.text.lstrip().startswith('<div id="board"')
    assert "HX-Request" in answer["Vary"]


def test_environments_out_of_sight_are_no_columns(browse, space, project, release, dev, home):
    user = make_user()
    grant(user, "projectviewer", space, environments=[dev.pk])

    board = browse(actor_for(user)).get(f"{home}/projects/shop/").text

    assert "Development" in board
    assert "Production" not in board


def test_a_project_is_deleted_by_typing_its_name(browse, manager, project, home):
    make_release(project)

    browse(manager).post(f"{home}/projects/shop/delete", {"typed": "Shop"})

    assert not Project.objects.filter(pk=project.pk).exists()
