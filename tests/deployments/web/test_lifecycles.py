"""Lifecycles by hand: phases are edited together and saved once."""

import pytest

from deployments.models import Lifecycle
from tests.factories.deployments import make_lifecycle


def phase(number, name):
    return {"phase": [str(number)], f"name-{number}": name, f"minimum-{number}": "0"}


def phases(*given):
    """Form data of several phases."""
    data = {"phase": [number for one in given for number in one["phase"]]}
    for one in given:
        data |= {key: value for key, value in one.items() if key != "phase"}
    return data


@pytest.fixture
def two(dev, production):
    return phases(
        phase(1, "Dev") | {f"place-1-{dev.pk}": "automatic"},
        phase(2, "Prod") | {f"place-2-{production.pk}": "manual"},
    )


def names(lifecycle):
    return [row.name for row in lifecycle.phases.all()]


def test_a_lifecycle_is_created_with_its_phases(browse, manager, space, dev, two, home):
    browse(manager).post(f"{home}/library/lifecycles/new", two | {"name": "Careful", "save": "1"})

    lifecycle = Lifecycle.objects.get(space=space, name="Careful")
    assert names(lifecycle) == ["Dev", "Prod"]
    assert lifecycle.phases.get(name="Dev").environments.get().is_automatic


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        ({"add": "1"}, ["Dev", "Prod", ""]),
        ({"remove": "1"}, ["Prod"]),
        ({"down": "1"}, ["Prod", "Dev"]),
        ({"up": "2"}, ["Prod", "Dev"]),
    ],
)
def test_buttons_change_the_form_and_save_nothing(
    browse, manager, space, two, home, button, expected
):
    lifecycle = make_lifecycle(space, slug="careful")

    answer = browse(manager).post(
        f"{home}/library/lifecycles/careful/", two | {"name": "Typed"} | button
    )

    lifecycle.refresh_from_db()
    assert [draft.name for draft in answer.context["drafts"]] == expected
    assert 'value="Typed"' in answer.text
    assert (names(lifecycle), lifecycle.name == "Typed") == ([], False)


def test_phases_are_replaced_on_saving(browse, manager, space, two, home):
    lifecycle = make_lifecycle(space, slug="careful")

    browse(manager).post(
        f"{home}/library/lifecycles/careful/", two | {"name": "Careful", "save": "1"}
    )

    assert names(lifecycle) == ["Dev", "Prod"]


def test_an_environment_in_two_phases_is_refused(browse, manager, space, dev, home):
    twice = phases(
        phase(1, "A") | {f"place-1-{dev.pk}": "manual"},
        phase(2, "B") | {f"place-2-{dev.pk}": "manual"},
    )

    answer = browse(manager).post(
        f"{home}/library/lifecycles/new", twice | {"name": "Odd", "save": "1"}
    )

    assert answer.status_code == 422
    assert "Development is in more than one phase." in answer.text


def test_the_picture_says_the_rules_in_words(browse, manager, space, dev, production, two, home):
    make_lifecycle(space, slug="careful")
    page = browse(manager)
    page.post(f"{home}/library/lifecycles/careful/", two | {"name": "Careful", "save": "1"})

    text = page.get(f"{home}/library/lifecycles/careful/").text

    assert "Must succeed before the next phase." in text


def test_a_viewer_reads_and_changes_nothing(browse, viewer, space, two, home):
    lifecycle = make_lifecycle(space, slug="careful")
    page = browse(viewer)

    read = page.get(f"{home}/library/lifecycles/careful/")
    refused = page.post(f"{home}/library/lifecycles/careful/", two | {"name": "Mine", "save": "1"})

    lifecycle.refresh_from_db()
    assert (read.status_code, refused.status_code) == (200, 403)
    assert "do not let you change" in read.text
    assert lifecycle.name != "Mine"
