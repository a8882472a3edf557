"""Targets, their host keys and their policies. domain.md 6."""

import asyncssh
import pytest
from django.db import IntegrityError, connection

from deployments.models import MachinePolicy, ServerTask, Target
from deployments.services.targets import (
    accept_host_key,
    check_health,
    create_machine_policy,
    create_target,
    delete_machine_policy,
    delete_target,
    update_machine_policy,
    update_target,
)
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.permissions import Permission
from tests.factories.deployments import SYSTEM, make_account, make_environment, make_target
from tests.factories.spaces import actor_for, grant, make_user
from tests.factories.tenants import make_tag_set, make_tenant


@pytest.fixture
def target(space, dev):
    return make_target(space, dev, name="web-1")


def new_key():
    return asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()


def test_a_new_target_follows_the_default_policy_and_is_checked_next(
    manager, space, dev, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as rings:
        created = create_target(
            actor=manager,
            space=space,
            name="web-1",
            environments=[dev],
            roles=[" Web ", "web", "db"],
            host="shop.example.org",
            account=make_account(space),
        )

    assert (created.roles, created.policy.is_default) == (["Web", "db"], True)
    task = ServerTask.objects.get(kind="Health")
    assert task.arguments == {"MachineIds": [created.wire_id]}
    assert rings


@pytest.mark.promise("S15")
@pytest.mark.parametrize(
    "given",
    [
        {"host": "-oProxyCommand=touch /tmp/x"},
        {"host": "a host"},
        {"host": "fe80::1%eth0"},
        {"host": ""},
        {"port": 0},
        {"port": 70000},
        {"environments": []},
        {"roles": []},
        {"roles": ["a,b"]},
        {"roles": ["x" * 101]},
        {"account": None},
        {"host_key": "not a key"},
        {"fingerprint": "d4:1d:8c"},
        {"communication_style": "Telnet"},
        {"name": ""},
    ],
)
def test_bad_targets_are_refused(manager, space, dev, given):
    fine = {
        "name": "web-1",
        "environments": [dev],
        "roles": ["web"],
        "host": "shop.example.org",
        "account": make_account(space),
    }

    with pytest.raises(Invalid):
        create_target(actor=manager, space=space, **fine | given)

    assert not Target.objects.exists()


def test_whoever_manages_one_environment_adds_targets_to_that_one_only(space, dev, production):
    user = make_user()
    grant(user, "environmentmanager", space, environments=[dev.pk])
    actor = actor_for(user)
    given = {"roles": ["web"], "host": "h.example.org", "account": make_account(space)}

    assert create_target(actor=actor, space=space, name="one", environments=[dev], **given)
    with pytest.raises(PermissionRefused):
        create_target(actor=actor, space=space, name="two", environments=[dev, production], **given)


@pytest.mark.promise("P6")
def test_a_target_of_two_environments_is_changed_by_who_manages_both(space, dev, production):
    target = make_target(space, dev, production)
    user = make_user()
    grant(user, "environmentmanager", space, environments=[dev.pk])

    with pytest.raises(PermissionRefused):
        update_target(actor=actor_for(user), target=target, host="other.example.org")


def test_a_stranger_learns_nothing_of_it(outsider, target):
    with pytest.raises(NotFound):
        update_target(actor=outsider, target=target, name="mine")


def test_a_changed_endpoint_makes_the_health_unknown_and_queues_a_check(manager, target):
    Target.objects.filter(pk=target.pk).update(health="Healthy")
    before = ServerTask.objects.count()
    target.refresh_from_db()

    update_target(actor=manager, target=target, port=2222)

    target.refresh_from_db()
    assert (target.port, target.health) == (2222, "Unknown")
    assert ServerTask.objects.count() == before + 1


def test_a_new_description_leaves_the_health_alone(manager, target):
    Target.objects.filter(pk=target.pk).update(health="Healthy")
    target.refresh_from_db()
    before = ServerTask.objects.count()

    update_target(actor=manager, target=target, description="in the cellar", roles=["web", "db"])

    target.refresh_from_db()
    assert (target.health, target.roles) == ("Healthy", ["web", "db"])
    assert ServerTask.objects.count() == before


def test_enabling_queues_a_check_and_disabling_does_not(manager, target):
    count = ServerTask.objects.count
    before = count()

    update_target(actor=manager, target=target, is_disabled=True)
    assert count() == before

    update_target(actor=manager, target=target, is_disabled=False)
    assert count() == before + 1


@pytest.mark.promise("S18")
def test_a_host_key_counts_once_a_person_has_confirmed_it(manager, target):
    key = new_key()

    accept_host_key(actor=manager, target=target, host_key=key)

    target.refresh_from_db()
    assert target.host_key == key
    assert target.fingerprint == asyncssh.import_public_key(key).get_fingerprint()
    assert target.host_key_accepted_by == "manager"
    assert target.host_key_accepted_at


def test_a_viewer_confirms_no_host_key(viewer, target):
    grant(viewer.user, Permission.MACHINE_VIEW, target.space)

    with pytest.raises(PermissionRefused, match="MachineEdit"):
        accept_host_key(actor=actor_for(viewer.user), target=target, host_key=new_key())


def test_another_fingerprint_replaces_the_key(manager, target):
    accept_host_key(actor=manager, target=target, host_key=new_key())
    other = asyncssh.import_public_key(new_key()).get_fingerprint()

    update_target(actor=manager, target=target, fingerprint=other)

    target.refresh_from_db()
    assert (target.host_key, target.fingerprint) == ("", other)


def test_moving_a_target_changes_its_environments(manager, target, production):
    update_target(actor=manager, target=target, environments=[production])

    assert [row.environment for row in target.environments.all()] == [production]


def test_a_deleted_target_is_gone(manager, target):
    delete_target(actor=manager, target=target)

    assert not Target.objects.exists()


def test_checking_disabled_targets_is_refused(manager, target):
    update_target(actor=manager, target=target, is_disabled=True)

    with pytest.raises(Invalid, match="Disabled"):
        check_health(actor=manager, targets=[target])


def test_policies_are_made_changed_and_deleted(manager, space):
    policy = create_machine_policy(actor=manager, space=space, name="Lazy", only_connectivity=True)

    update_machine_policy(actor=manager, policy=policy, name="Lazier")
    delete_machine_policy(actor=manager, policy=policy)

    assert [row.name for row in MachinePolicy.objects.in_space(space)] == ["Default Machine Policy"]


def test_the_default_policy_and_policies_in_use_stay(manager, space, target):
    with pytest.raises(Conflict, match="default"):
        delete_machine_policy(actor=manager, policy=target.policy)

    used = create_machine_policy(actor=manager, space=space, name="Used")
    update_target(actor=manager, target=target, policy=used)
    with pytest.raises(Conflict, match="web-1"):
        delete_machine_policy(actor=manager, policy=used)


@pytest.mark.promise("P5")
def test_the_database_refuses_a_reference_into_another_space(space, other_space, dev):
    target = make_target(space, dev)

    Target.objects.filter(pk=target.pk).update(account=make_account(other_space))

    with pytest.raises(IntegrityError):
        connection.check_constraints()


def test_environments_of_the_other_space_are_refused(manager, space, other_space):
    with pytest.raises((PermissionRefused, NotFound)):
        create_target(
            actor=manager,
            space=space,
            name="x",
            environments=[make_environment(other_space)],
            roles=["web"],
            host="h.example.org",
            account=make_account(space),
        )


def served(target):
    return sorted(target.tenants.values_list("tenant__name", flat=True))


def test_a_target_serves_the_tenants_it_is_given(manager, space, target):
    make_tag_set(space, "Alpha", name="Ring")
    acme, capital = make_tenant(space, "Acme"), make_tenant(space, "Capital")

    update_target(
        actor=manager,
        target=target,
        tenants=[acme, capital],
        tenant_tags=["Ring/Alpha"],
        tenanted_participation="Tenanted",
    )
    assert served(target) == ["Acme", "Capital"]

    update_target(actor=manager, target=target, tenants=[acme])
    assert served(target) == ["Acme"]
    update_target(actor=manager, target=target, name="web-2")
    assert served(target) == ["Acme"]
    target.refresh_from_db()
    assert (target.tenanted_participation, target.tenant_tags) == ("Tenanted", ["Ring/Alpha"])


def test_every_reason_against_the_tenants_of_a_target_is_told(manager, target):
    with pytest.raises(Invalid) as refused:
        update_target(
            actor=manager,
            target=target,
            tenanted_participation="Sometimes",
            tenant_tags=["Ring/Gamma"],
        )

    assert "'Sometimes'" in refused.value.reasons[0]
    assert refused.value.reasons[1:] == ["The tag 'Ring/Gamma' does not exist."]


@pytest.mark.promise("P6")
def test_a_target_is_given_only_tenants_that_one_is_trusted_with(space, dev, target):
    acme, capital = make_tenant(space, "Acme"), make_tenant(space, "Capital")
    user = make_user()
    wanted = (Permission.MACHINE_VIEW, Permission.MACHINE_EDIT, Permission.TENANT_VIEW)
    for permission in wanted:
        grant(user, permission, space, tenants=[acme.pk])
    actor = actor_for(user)
    update_target(actor=actor, target=target, tenants=[acme])

    with pytest.raises(PermissionRefused):
        update_target(actor=actor, target=target, tenants=[capital])

    update_target(actor=SYSTEM, target=target, tenants=[acme, capital])
    with pytest.raises((PermissionRefused, NotFound)):
        update_target(actor=actor, target=target, tenants=[])
    assert served(target) == ["Acme", "Capital"]
