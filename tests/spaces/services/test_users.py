"""Users: creating, changing, disabling, removing. domain.md 3.1, 3.2."""

import threading

import pytest
from django.db import connections

from spaces.access import allowed
from spaces.errors import Conflict, Invalid, PermissionRefused
from spaces.models import Event, Team, User
from spaces.permissions import Permission
from spaces.services.users import create_user, delete_user, update_user
from tests.factories.spaces import (
    PASSWORD,
    actor_for,
    grant,
    make_administrator,
    make_api_key,
    make_user,
)


@pytest.fixture
def administrator(db):
    return actor_for(make_administrator())


def test_an_administrator_adds_a_person(administrator):
    user = create_user(
        actor=administrator, username=" Ada ", password=PASSWORD, email="ada@example.com"
    )

    assert (user.username, user.display_name) == ("Ada", "Ada")
    assert user.check_password(PASSWORD)
    assert Event.objects.get().message == "Created user Ada"


@pytest.mark.promise("P8")
def test_nobody_else_adds_one(manager):
    with pytest.raises(PermissionRefused):
        create_user(actor=manager, username="ada", password=PASSWORD)

    assert not User.objects.filter(username="ada").exists()


@pytest.mark.parametrize("name", ["ADA", "ada ", "\uff41\uff44\uff41"])
def test_names_that_look_alike_are_one_name(administrator, name):
    make_user(username="ada")

    with pytest.raises(Conflict):
        create_user(actor=administrator, username=name, password=PASSWORD)


@pytest.mark.promise("S5")
@pytest.mark.parametrize("password", ["", "short", "password1234", "ada.lovelace", "111111111111"])
def test_weak_passwords_are_refused(administrator, password):
    with pytest.raises(Invalid):
        create_user(actor=administrator, username="ada.lovelace", password=password)


def test_a_service_account_has_no_password(administrator):
    robot = create_user(actor=administrator, username="robot", is_service=True)

    assert not robot.has_usable_password()
    with pytest.raises(Invalid):
        update_user(actor=administrator, user=robot, password=PASSWORD)


def test_people_change_their_own_name_but_not_whether_they_are_active(viewer):
    update_user(actor=viewer, user=viewer.user, display_name="Vera")

    with pytest.raises(PermissionRefused):
        update_user(actor=viewer, user=viewer.user, is_active=False)
    assert User.objects.get(pk=viewer.user.pk).display_name == "Vera"


def test_disabling_ends_rights_and_keeps_teams(administrator, space):
    user = make_user()
    grant(user, Permission.PROJECT_VIEW, space)

    update_user(actor=administrator, user=user, is_active=False)

    assert not allowed(actor_for(user), Permission.PROJECT_VIEW, space)
    assert user.teams.exists()


@pytest.mark.promise("P4")
def test_setting_a_strangers_password_takes_all_their_rights(space):
    operator = make_user()
    Team.objects.get(builtin="managers").members.add(operator)
    strong = make_user()
    grant(strong, "spacemanager", space)

    with pytest.raises(PermissionRefused):
        update_user(actor=actor_for(operator), user=strong, password="a new long password")
    strong.refresh_from_db()
    assert strong.check_password(PASSWORD)


def test_a_deleted_user_leaves_history_and_nothing_else(administrator, space):
    user = make_user(username="ada", email="ada@example.com")
    grant(user, Permission.PROJECT_VIEW, space)
    make_api_key(user)

    delete_user(actor=administrator, user=user)

    user.refresh_from_db()
    assert user.username == f"deleted-{user.pk}"
    assert (user.email, user.is_active) == ("", False)
    assert not user.teams.exists()
    assert not user.api_keys.exists()


@pytest.mark.promise("P10")
def test_the_last_administrator_is_neither_disabled_nor_deleted(administrator):
    assert administrator.user is not None
    with pytest.raises(Conflict, match="last active administrator"):
        update_user(actor=administrator, user=administrator.user, is_active=False)
    with pytest.raises(Conflict):
        delete_user(actor=administrator, user=administrator.user)


@pytest.mark.promise("P10")
def test_of_two_administrators_who_disable_each_other_one_stays(transactional_db):
    first, second = make_administrator(), make_administrator()
    outcomes = []

    def disable(actor, user):
        try:
            update_user(actor=actor_for(actor), user=user, is_active=False)
            outcomes.append("done")
        except (Conflict, PermissionRefused):
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=disable, args=pair) for pair in ((first, second), (second, first))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["done", "refused"]
    assert Team.objects.get(builtin="administrators").members.filter(is_active=True).count() == 1
