"""Operators see what is in a space only after they said why, for a while. domain.md 4.7."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from spaces.access import allowed, visible_spaces
from spaces.actors import Actor
from spaces.errors import Conflict, Invalid, PermissionRefused
from spaces.models import Elevation, Event
from spaces.permissions import SPACE_PERMISSIONS
from spaces.queries.elevations import elevations_of
from spaces.services.elevations import elevate, end_elevation
from tests.factories.spaces import actor_for, make_administrator, make_api_key

WHY = "A deployment hangs, ticket 4711"


@pytest.fixture
def operator(db) -> Actor:
    return actor_for(make_administrator())


def test_a_space_is_open_for_half_an_hour(operator, space):
    elevation = elevate(actor=operator, space=space, reason=WHY)

    assert elevation.expires_at - elevation.started_at == timedelta(minutes=30)
    assert list(elevations_of(operator.user)) == [elevation]
    Elevation.objects.update(started_at=Now() - timedelta(hours=1), expires_at=Now())
    assert not elevations_of(operator.user).exists()


def test_both_the_space_and_the_system_are_told_why(operator, space):
    elevate(actor=operator, space=space, reason=WHY)

    events = Event.objects.order_by("id")
    assert [(e.category, e.space_id) for e in events] == [
        ("ElevationStarted", space.pk),
        ("ElevationStarted", None),
    ]
    assert all(event.details == {"reason": [None, WHY]} for event in events)


def test_it_opens_nothing_outside_the_admin(operator, space):
    elevate(actor=operator, space=space, reason=WHY)

    again = actor_for(operator.user)
    assert not any(allowed(again, permission, space) for permission in SPACE_PERMISSIONS)
    assert list(visible_spaces(again)) == [space]


@pytest.mark.parametrize("reason", ["", "   ", "because", "x" * 1001])
def test_without_a_reason_nothing_opens(operator, space, reason):
    with pytest.raises(Invalid, match="Say why"):
        elevate(actor=operator, space=space, reason=reason)

    assert not Elevation.objects.exists()
    assert not Event.objects.exists()


def test_a_space_is_opened_once_at_a_time(operator, space, other_space):
    elevate(actor=operator, space=space, reason=WHY)
    elevate(actor=operator, space=other_space, reason=WHY)

    with pytest.raises(Conflict, match="already"):
        elevate(actor=operator, space=space, reason=WHY)


@pytest.mark.promise("P8")
def test_a_manager_of_the_space_is_no_operator(manager, space):
    with pytest.raises(PermissionRefused, match="AdministerSystem"):
        elevate(actor=manager, space=space, reason=WHY)

    assert not Event.objects.exists()


def test_a_key_opens_no_space(operator, space):
    key, _ = make_api_key(operator.user)

    with pytest.raises(PermissionRefused, match="Only a person"):
        elevate(actor=actor_for(operator.user, api_key=key), space=space, reason=WHY)


def test_it_can_be_ended_and_ending_twice_tells_once(operator, space):
    elevation = elevate(actor=operator, space=space, reason=WHY)

    end_elevation(actor=operator, elevation=elevation)
    end_elevation(actor=operator, elevation=elevation)

    assert not elevations_of(operator.user).exists()
    assert Event.objects.filter(category="ElevationEnded").count() == 2


def test_nobody_but_an_operator_ends_that_of_another(operator, manager, space):
    elevation = elevate(actor=operator, space=space, reason=WHY)

    with pytest.raises(PermissionRefused):
        end_elevation(actor=manager, elevation=elevation)
    end_elevation(actor=actor_for(make_administrator()), elevation=elevation)

    assert not elevations_of(operator.user).exists()
