"""Signing in with a password. Promise S5."""

import time
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from spaces.actors import Actor
from spaces.errors import Invalid, NotAuthenticated, TooManyRequests
from spaces.models import Event, SignInFailure
from spaces.services.attempts import MOST_PER_ADDRESS
from spaces.services.sign_in import check_password, welcome
from tests.factories.spaces import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def attempt(username="ada", password="wrong password", address="10.0.0.1"):
    actor = Actor(user=None, identity="Nobody", ip_address=address)
    return check_password(actor=actor, username=username, password=password)


def fail(times, **given):
    for _ in range(times):
        with pytest.raises(NotAuthenticated):
            attempt(**given)


@pytest.mark.parametrize("spelling", ["ada", "ADA", "  Ada ", "\uff41\uff44\uff41"])
def test_the_right_password_is_known_in_any_spelling_of_the_name(spelling):
    user = make_user(username="ada")

    assert attempt(spelling, PASSWORD) == user


@pytest.mark.promise("S20")
def test_who_has_signed_in_is_written_down():
    user = make_user(username="ada", display_name="Ada")

    welcome(actor=Actor(user=None, identity="Nobody"), user=user, by="password and a code")

    event = Event.objects.get()
    assert (event.category, event.user) == ("LoginSucceeded", user)
    assert event.message == "Ada signed in with password and a code"


@pytest.mark.promise("S5")
@pytest.mark.parametrize(
    "state", [{"username": "other"}, {}, {"is_active": False}, {"is_service": True}]
)
def test_whatever_is_wrong_the_answer_is_the_same(state):
    make_user(**{"username": "ada"} | state)

    with pytest.raises(NotAuthenticated, match=r"^Invalid username or password\.$"):
        attempt(password=PASSWORD if state else "wrong password")

    assert Event.objects.get().category == "LoginFailed"


@pytest.mark.promise("S5")
@pytest.mark.slow
@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.Argon2PasswordHasher"])
def test_the_answer_takes_equally_long_for_known_unknown_and_disabled_users():
    make_user(username="ada")
    make_user(username="eve", is_active=False)

    def took(name):
        start = time.process_time()  # the work: the time on the clock depends on who else is busy
        with pytest.raises(NotAuthenticated):
            attempt(name, address=f"10.0.{len(name)}.{time.perf_counter_ns() % 250}")
        return time.process_time() - start

    names = ("ada", "eve", "nobody-at-all")
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(5):
        for name in names:
            times[name].append(took(name))
    undisturbed = [min(values) for values in times.values()]
    assert max(undisturbed) - min(undisturbed) < 0.05


@pytest.mark.promise("S5")
@pytest.mark.parametrize("spelling", ["ada", "ADA ", "\uff41da"])
def test_five_failures_close_the_door_to_every_spelling(spelling):
    make_user(username="ada")
    fail(5)

    with pytest.raises(TooManyRequests) as caught:
        attempt(spelling, PASSWORD)

    assert 0 < caught.value.retry_after <= 900


@pytest.mark.promise("S5")
def test_the_door_opens_again_after_a_while_and_for_other_addresses():
    make_user(username="ada")
    fail(5)

    assert attempt(password=PASSWORD, address="10.0.0.2")
    SignInFailure.objects.update(at=timezone.now() - timedelta(minutes=16))
    assert attempt(password=PASSWORD)


@pytest.mark.promise("S5")
def test_one_address_cannot_try_many_names():
    for number in range(MOST_PER_ADDRESS):
        fail(1, username=f"user{number}")

    with pytest.raises(TooManyRequests):
        attempt("yet-another")


@pytest.mark.promise("S5")
@pytest.mark.parametrize("username", ["ada\0", "ada\r\n", "a\u200bda", "", "x" * 151])
def test_unusable_names_are_refused_before_they_are_counted(username):
    with pytest.raises(Invalid):
        attempt(username)

    assert not SignInFailure.objects.exists()
