"""Environments. domain.md 5."""

import pytest

from deployments.models import Environment
from deployments.services.environments import (
    create_environment,
    delete_environment,
    sort_environments,
    update_environment,
)
from deployments.services.lifecycles import PhaseRequest, create_lifecycle
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event, ScopedUserRole
from spaces.permissions import Permission
from tests.factories.deployments import (
    SYSTEM,
    make_deployment,
    make_environment,
    make_project,
    make_release,
    make_target,
)
from tests.factories.spaces import actor_for, grant, make_user


def test_a_new_environment_is_last_and_has_a_slug(manager, space, dev):
    created = create_environment(actor=manager, space=space, name=" Staging (EU) ")

    assert (created.name, created.slug, created.sort_order) == ("Staging (EU)", "staging-eu", 1)
    assert Event.objects.get(category="Created", subject_type="Environment", user=manager.user)


@pytest.mark.promise("P8")
def test_without_permission_nothing_is_created(viewer, space):
    with pytest.raises(PermissionRefused, match="EnvironmentCreate"):
        create_environment(actor=viewer, space=space, name="Staging")

    assert not Environment.objects.exists()


@pytest.mark.promise("P3")
def test_somebody_of_another_space_does_not_even_learn_that_it_exists(outsider, dev):
    with pytest.raises(NotFound):
        update_environment(actor=outsider, environment=dev, name="Mine")
    with pytest.raises(NotFound):
        delete_environment(actor=outsider, environment=dev)


@pytest.mark.parametrize("name", ["", "  ", "x" * 51, "De\0v", "development", "DEVELOPMENT "])
def test_bad_and_taken_names_are_refused(manager, space, dev, name):
    with pytest.raises(Invalid):
        create_environment(actor=manager, space=space, name=name)


def test_the_same_name_in_another_space_is_no_matter(manager, space, dev, other_space):
    assert make_environment(other_space, name="Development")


def test_all_reasons_come_at_once(manager, space, dev):
    with pytest.raises(Invalid) as refused:
        create_environment(
            actor=manager, space=space, name="Development", slug="No Slug", description="\0"
        )

    assert len(refused.value.reasons) == 3


def test_a_rename_keeps_the_slug_and_tells_what_changed(manager, dev):
    update_environment(actor=manager, environment=dev, name="Dev", use_guided_failure=True)

    dev.refresh_from_db()
    assert (dev.name, dev.slug, dev.use_guided_failure) == ("Dev", "development", True)
    details = Event.objects.get(category="Modified", subject_type="Environment").details
    assert details["name"] == ["Development", "Dev"]


def test_a_slug_of_two_equal_names_gets_a_number(manager, space):
    first = create_environment(actor=manager, space=space, name="Q A")
    second = create_environment(actor=manager, space=space, name="Q-A")

    assert (first.slug, second.slug) == ("q-a", "q-a-2")


def test_sorting_moves_those_named_to_the_front(manager, space, dev, production):
    staging = make_environment(space, name="Staging")

    ordered = sort_environments(actor=manager, space=space, order=[staging.pk, dev.pk])

    assert ordered == [staging, dev, production]
    assert list(Environment.objects.in_space(space)) == ordered


def test_sorting_refuses_environments_of_other_spaces(manager, space, dev, other_space):
    foreign = make_environment(other_space)

    with pytest.raises(Invalid, match=f"Environments-{foreign.pk}"):
        sort_environments(actor=manager, space=space, order=[foreign.pk])


def test_deleting_lists_everything_that_names_the_environment(manager, space, dev):
    create_lifecycle(
        actor=SYSTEM, space=space, name="Fast", phases=[PhaseRequest("Only", manual=[dev])]
    )
    make_target(space, dev, name="web-1")
    make_deployment(make_release(make_project(space)), dev)

    with pytest.raises(Conflict) as refused:
        delete_environment(actor=manager, environment=dev)

    text = str(refused.value)
    assert "the lifecycle Fast" in text
    assert "the target web-1" in text
    assert "the deployment of" in text


@pytest.mark.promise("P7")
def test_referrers_that_the_actor_may_not_see_are_counted_but_not_named(space, dev):
    make_target(space, dev, name="secret-host")
    user = make_user()
    grant(user, [Permission.ENVIRONMENT_VIEW, Permission.ENVIRONMENT_DELETE], space)

    with pytest.raises(Conflict) as refused:
        delete_environment(actor=actor_for(user), environment=dev)

    assert "secret-host" not in str(refused.value)
    assert "1 more" in str(refused.value)


def test_a_role_limited_to_a_deleted_environment_goes_with_it(manager, space, viewer, dev):
    row = grant(viewer.user, "deploymentcreator", space, environments=[dev.pk])

    delete_environment(actor=manager, environment=dev)

    assert not ScopedUserRole.objects.filter(pk=row.pk).exists()
