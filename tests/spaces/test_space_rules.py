"""The rules of spaces that no other test tells: private ones, the default one, addresses without one.

domain.md 2.
"""

import pytest

from spaces.access import visible_spaces
from spaces.actors import Actor
from spaces.errors import Conflict
from spaces.models import Event, Space
from spaces.queries.spaces import NO_DEFAULT
from spaces.services.spaces import create_space, update_space
from tests.factories.spaces import actor_for, grant, make_administrator, make_user


@pytest.fixture
def private(space: Space) -> Space:
    Space.objects.filter(pk=space.pk).update(is_private=True)
    space.refresh_from_db()
    return space


@pytest.fixture
def system_manager(db) -> Actor:
    user = make_user()
    grant(user, "systemmanager", None)
    return actor_for(user)


def test_a_private_space_is_listed_to_its_people_and_to_system_administrators(private, viewer):
    assert private in visible_spaces(viewer)
    assert private in visible_spaces(actor_for(make_administrator()))


@pytest.mark.promise("P2")
def test_a_private_space_does_not_exist_for_system_managers(api, private, system_manager):
    client = api(system_manager)

    assert private not in visible_spaces(system_manager)
    assert private.name not in str(client.get("/api/spaces/all").json())
    for name in (private.wire_id, private.slug, private.name):
        assert client.get(f"/api/spaces/{name}").status_code == 404


def test_an_open_space_is_listed_to_system_managers(space, system_manager):
    assert space in visible_spaces(system_manager)


def test_changing_the_default_space_is_two_acts_and_both_are_audited(space, other_space):
    administrator = actor_for(make_administrator())
    with pytest.raises(Conflict, match="must stop being that first"):
        update_space(actor=administrator, space=other_space, is_default=True)

    update_space(actor=administrator, space=space, is_default=False)
    update_space(actor=administrator, space=other_space, is_default=True)

    details = [event.details for event in Event.objects.order_by("id")]
    assert details == [{"is_default": [True, False]}, {"is_default": [False, True]}]


def test_a_second_default_space_is_not_made(space):
    with pytest.raises(Conflict, match="default"):
        create_space(
            actor=actor_for(make_administrator()),
            name="Second",
            is_default=True,
            manager_users=[make_user()],
        )

    assert list(Space.objects.filter(is_default=True)) == [space]


def test_an_address_without_a_space_means_the_default_one(api, viewer, space):
    assert api(viewer).get("/api/environments").status_code == 200


def test_without_a_default_space_such_an_address_names_the_form_that_works(api, viewer, space):
    Space.objects.update(is_default=False)

    answer = api(viewer).get("/api/environments")

    assert answer.status_code == 404
    assert answer.json()["ErrorMessage"] == NO_DEFAULT
    assert api(viewer).get(f"/api/{space.wire_id}/environments").status_code == 200


def test_stopping_the_queue_is_for_managers_and_audited(manager, space):
    update_space(actor=manager, space=space, task_queue_stopped=True)

    assert Space.objects.get(pk=space.pk).task_queue_stopped
    assert Event.objects.latest("id").details == {"task_queue_stopped": [False, True]}
