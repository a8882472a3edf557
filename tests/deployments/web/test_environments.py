"""Environments by hand: created, changed, ordered, deleted, and by whom."""

import pytest

from deployments.models import Environment
from spaces.models import Event
from tests.factories.deployments import make_environment, make_target


def test_an_environment_is_created(browse, manager, space, home):
    answer = browse(manager).post(
        f"{home}/environments/new", {"name": "Staging", "is_production": "on"}
    )

    assert answer.status_code == 302
    assert Environment.objects.get(space=space, name="Staging").is_production


def test_a_name_in_use_comes_back_with_what_was_typed(browse, manager, dev, home):
    answer = browse(manager).post(
        f"{home}/environments/new", {"name": "development", "description": "typed"}
    )

    assert answer.status_code == 422
    assert "already in use" in answer.text
    assert "typed" in answer.text


def test_an_environment_is_changed(browse, manager, dev, home):
    browse(manager).post(f"{home}/environments/{dev.slug}/", {"name": "Dev"})

    dev.refresh_from_db()
    assert dev.name == "Dev"


@pytest.mark.promise("P8")
def test_a_viewer_reads_and_changes_nothing(browse, viewer, dev, home):
    before = Event.objects.count()
    page = browse(viewer)

    read = page.get(f"{home}/environments/{dev.slug}/")
    changed = page.post(f"{home}/environments/{dev.slug}/", {"name": "Mine"})

    dev.refresh_from_db()
    assert (read.status_code, changed.status_code) == (200, 403)
    assert "<input" not in read.text.split("<main")[1]
    assert dev.name == "Development"
    assert Event.objects.count() == before


def test_environments_move_up_and_down(browse, manager, space, dev, production, home):
    browse(manager).post(f"{home}/environments", {"id": production.pk, "move": "up"})

    order = Environment.objects.in_space(space).order_by("sort_order")
    assert [row.name for row in order] == ["Production", "Development"]


def test_what_is_in_use_lists_its_users_instead_of_a_field(browse, manager, space, dev, home):
    make_target(space, dev, name="web-1")

    answer = browse(manager).get(f"{home}/environments/{dev.slug}/delete")

    assert "the target web-1" in answer.text
    assert 'name="typed"' not in answer.text


def test_deleting_asks_for_the_name(browse, manager, space, home):
    row = make_environment(space, name="Old")
    page, url = browse(manager), f"{home}/environments/{row.slug}/delete"

    wrong = page.post(url, {"typed": "old"})
    there = Environment.objects.filter(pk=row.pk).exists()
    page.post(url, {"typed": "Old"})

    assert (wrong.status_code, there) == (422, True)
    assert not Environment.objects.filter(pk=row.pk).exists()
