"""Spaces, and the first minute of an installation. domain.md 2."""

import pytest
from django.apps import apps
from django.db import connection, models

from spaces.access import allowed, visible_spaces
from spaces.actors import Actor
from spaces.audit import record, verify
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event, Space, SpaceOwned, Team
from spaces.permissions import Permission
from spaces.secrets import seal
from spaces.services import spaces as service
from spaces.services.bootstrap import install
from spaces.services.installation import install_builtins
from spaces.services.space_contents import remove_contents
from spaces.services.spaces import (
    complete_deletion,
    create_space,
    request_deletion,
    update_space,
    withdraw_deletion,
)
from tests.factories.spaces import (
    PASSWORD,
    actor_for,
    make_administrator,
    make_team,
    make_user,
)


@pytest.fixture
def administrator(db):
    return actor_for(make_administrator())


def test_a_new_space_belongs_to_its_managers_and_not_to_its_creator(administrator):
    boss = make_user()

    space = create_space(actor=administrator, name="Shop", manager_users=[boss])

    assert space.slug == "shop"
    assert allowed(actor_for(boss), Permission.PROJECT_CREATE, space)
    assert not allowed(actor_for(administrator.user), Permission.PROJECT_CREATE, space)


def test_a_team_may_manage_a_space(administrator):
    member = make_user()
    team = make_team(None, member)

    space = create_space(actor=administrator, name="Shop", manager_teams=[team])

    assert allowed(actor_for(member), Permission.TEAM_EDIT, space)


def test_a_space_without_managers_is_refused(administrator):
    with pytest.raises(Invalid, match="at least one manager"):
        create_space(actor=administrator, name="Shop")

    assert not Space.objects.exists()


@pytest.mark.promise("P8")
def test_a_space_manager_makes_no_further_space(manager):
    with pytest.raises(PermissionRefused):
        create_space(actor=manager, name="Shop", manager_users=[manager.user])


def test_other_apps_furnish_a_new_space(administrator, monkeypatch):
    seen = []
    hooks = [lambda actor, space: seen.append((actor, space))]
    monkeypatch.setattr(service, "space_created_hooks", hooks)

    space = create_space(actor=administrator, name="Shop", manager_users=[make_user()])

    assert seen == [(administrator, space)]


def test_there_is_one_default_space_at_most(administrator, space, other_space):
    with pytest.raises(Conflict, match="default"):
        update_space(actor=administrator, space=other_space, is_default=True)

    update_space(actor=administrator, space=space, is_default=False)
    update_space(actor=administrator, space=other_space, is_default=True)

    assert Space.objects.get(is_default=True) == other_space


def test_managers_change_their_space_and_others_do_not(manager, viewer, outsider, space):
    update_space(actor=manager, space=space, description="Ours")

    with pytest.raises(PermissionRefused):
        update_space(actor=viewer, space=space, description="Mine")
    with pytest.raises(NotFound):
        update_space(actor=outsider, space=space, description="Mine")
    assert Space.objects.get(pk=space.pk).description == "Ours"


def test_an_administrator_can_let_themselves_in_and_audit_tells(administrator, space):
    update_space(actor=administrator, space=space, manager_users=[administrator.user])

    assert allowed(actor_for(administrator.user), Permission.PROJECT_EDIT, space)
    assert "managers" in Event.objects.get(space=None).details


@pytest.fixture
def idle(space):
    """A space that may be deleted."""
    Space.objects.filter(pk=space.pk).update(is_default=False, task_queue_stopped=True)
    space.refresh_from_db()
    return space


def test_a_space_that_is_to_be_deleted_is_nobodys_any_more(administrator, manager, idle):
    request_deletion(actor=administrator, space=idle, typed_name="Main")

    manager = actor_for(manager.user)
    assert not visible_spaces(administrator).exists()
    assert not visible_spaces(manager).exists()
    assert not allowed(manager, Permission.PROJECT_VIEW, idle)
    with pytest.raises(NotFound):
        update_space(actor=administrator, space=idle, task_queue_stopped=False)
    with pytest.raises(Conflict, match="already"):
        request_deletion(actor=administrator, space=idle, typed_name="Main")


def test_only_the_systems_events_about_a_deleted_space_survive(administrator, manager, idle):
    record(manager, "Noted", None, space=idle)
    seal("secret", table="t", row="r", field="f", space_id=idle.pk)
    request_deletion(actor=administrator, space=idle, typed_name="Main")

    for _ in remove_contents(idle, forget_blob=lambda sha256: None):
        pass
    complete_deletion(actor=administrator, space=idle)

    assert not Space.objects.filter(pk=idle.pk).exists()
    assert not Team.objects.filter(space__isnull=False).exists()
    categories = [e.category for e in Event.objects.order_by("id")]
    assert categories == ["DeletionRequested", "Deleted"]
    assert verify(None) is None
    connection.check_constraints()


def test_a_deletion_is_withdrawn_as_long_as_nothing_is_gone(administrator, manager, idle):
    request_deletion(actor=administrator, space=idle, typed_name="Main")

    withdraw_deletion(actor=Actor.system("test"), space=idle, reason="not permitted")

    assert list(visible_spaces(actor_for(manager.user))) == [idle]


def test_a_space_at_work_is_not_deleted(administrator, space):
    with pytest.raises(Conflict) as caught:
        request_deletion(actor=administrator, space=space, typed_name="Main")

    assert len(caught.value.reasons) == 2


@pytest.mark.parametrize("typed", ["", "main", "Main ", "Other"])
def test_deleting_a_space_takes_typing_its_name(administrator, idle, typed):
    with pytest.raises(Invalid, match="Type the name"):
        request_deletion(actor=administrator, space=idle, typed_name=typed)

    assert Space.objects.get().deletion_requested_at is None


@pytest.mark.promise("P8")
def test_a_manager_does_not_delete_the_space(manager, idle):
    with pytest.raises(PermissionRefused):
        request_deletion(actor=manager, space=idle, typed_name="Main")

    assert Space.objects.get().deletion_requested_at is None
    assert not Event.objects.exists()


@pytest.mark.promise("P1")
def test_every_table_below_a_space_says_how_it_belongs_to_one():
    """What deleting a space, and holding spaces apart, rely on."""
    for model in apps.get_models(include_auto_created=True):
        to_owned = [
            field
            for field in model._meta.local_fields
            if isinstance(field, models.ForeignKey) and issubclass(field.related_model, SpaceOwned)
        ]
        if to_owned:
            assert issubclass(model, SpaceOwned) or vars(model).get("owned_through"), model


def test_the_first_administrator_gets_a_default_space(db):
    installed = install("root", PASSWORD)

    actor = actor_for(installed.administrator)
    assert installed.space.is_default
    assert installed.administrator.is_superuser
    assert allowed(actor, Permission.PROJECT_CREATE, installed.space)
    assert list(visible_spaces(actor)) == [installed.space]
    with pytest.raises(Conflict, match="installed already"):
        install("second", PASSWORD)


def test_installing_what_is_built_in_again_changes_nothing(db):
    before = set(Team.objects.values_list("pk", "builtin"))

    install_builtins()

    assert set(Team.objects.values_list("pk", "builtin")) == before


def test_octoplat_itself_may_make_a_space(db):
    space = create_space(actor=Actor.system("test"), name="Shop", manager_users=[make_user()])

    assert Event.objects.get(related__contains=[space.wire_id]).username == "system"
