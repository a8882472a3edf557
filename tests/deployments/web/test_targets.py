"""Targets by hand: the host key is seen and confirmed before anything else."""

import asyncssh
import pytest

from deployments.models import MachinePolicy, ServerTask, Target
from deployments.transports.ssh import OfferedKey
from spaces.permissions import Permission
from tests.factories.deployments import make_account, make_target
from tests.factories.spaces import actor_for, grant, make_user

KEYS = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(2)]


def offered(key):
    text = key.export_public_key("openssh").decode().strip()
    return OfferedKey("ssh-ed25519", key.get_fingerprint(), text)


@pytest.fixture
def machine(monkeypatch):
    """A machine that shows the first key. Finding it needs a network, so that part is replaced."""
    shown = [offered(KEYS[0])]

    async def discover(host, port):
        return shown

    monkeypatch.setattr("deployments.web.targets.discover_host_keys", discover)
    return shown


@pytest.fixture
def connection(space):
    account = make_account(space, name="root")
    return {
        "communication_style": "Ssh",
        "host": "web-1.example.org",
        "port": "22",
        "account": account.pk,
    }


def test_the_wizard_shows_the_key_then_asks_what_for(
    browse, manager, space, dev, machine, connection, home
):
    page, url = browse(manager), f"{home}/targets/new"

    keys = page.post(url, connection | {"step": "connection"}).text
    confirmed = connection | {"host_key": machine[0].key}
    purpose = page.post(url, confirmed | {"step": "keys"}).text
    policy = MachinePolicy.objects.get(space=space)
    given = {"name": "web-1", "environments": dev.pk, "roles": "web, db", "policy": policy.pk}
    answer = page.post(url, confirmed | given | {"step": "purpose"})

    target = Target.objects.get(space=space)
    assert machine[0].fingerprint in keys
    assert 'value="web-1"' in purpose
    assert answer["Location"] == f"{home}/targets/web-1/"
    assert (target.fingerprint, target.host_key_accepted_by) == (machine[0].fingerprint, "manager")
    assert target.roles == ["web", "db"]


@pytest.mark.promise("S18")
def test_nobody_gets_past_the_host_key(browse, manager, dev, machine, connection, home):
    answer = browse(manager).post(
        f"{home}/targets/new", connection | {"step": "purpose", "name": "web-1", "roles": "web"}
    )

    assert "Confirm the host key before you go on." in answer.text
    assert not Target.objects.exists()


@pytest.mark.parametrize("host", ["-oProxyCommand=id", "a b", "", "10.1"])
def test_what_is_no_host_is_not_asked(browse, manager, machine, connection, home, host):
    answer = browse(manager).post(
        f"{home}/targets/new", connection | {"host": host, "step": "connection"}
    )

    assert answer.status_code == 422
    assert machine[0].fingerprint not in answer.text


def test_a_target_is_changed(browse, manager, space, dev, home):
    target = make_target(space, dev, name="web-1")
    given = {
        "name": "web-01",
        "environments": dev.pk,
        "roles": "web",
        "communication_style": "Ssh",
        "host": "web-01.example.org",
        "port": "2222",
        "account": target.account_id,
        "policy": target.policy_id,
    }

    browse(manager).post(f"{home}/targets/web-1/", given)

    target.refresh_from_db()
    assert (target.name, target.host, target.port) == ("web-01", "web-01.example.org", 2222)


@pytest.mark.promise("P8")
def test_who_may_only_look_changes_nothing(browse, space, dev, home):
    make_target(space, dev, name="web-1")
    user = make_user()
    grant(user, Permission.MACHINE_VIEW, space)
    page = browse(actor_for(user))

    assert "You cannot check this" in page.get(f"{home}/targets/web-1/").text
    assert page.post(f"{home}/targets/web-1/health").status_code == 403
    assert page.get(f"{home}/targets/new").status_code == 403


def test_health_is_checked_by_a_task(browse, manager, space, dev, home):
    make_target(space, dev, name="web-1")
    before = ServerTask.objects.count()

    answer = browse(manager).post(f"{home}/targets/web-1/health")

    task = ServerTask.objects.latest("pk")
    assert ServerTask.objects.count() == before + 1
    assert answer["Location"] == f"{home}/tasks/{task.pk}/"


@pytest.mark.promise("S18")
def test_another_key_is_trusted_only_by_typing_its_end(browse, manager, space, dev, machine, home):
    old, new = offered(KEYS[1]), machine[0]
    target = make_target(space, dev, name="web-1", host_key=old.key)
    page, url = browse(manager), f"{home}/targets/web-1/host-key"

    shown = page.get(url).text
    refused = page.post(url, {"key": new.key, "ending": old.fingerprint[-8:]})
    page.post(url, {"key": new.key, "ending": new.fingerprint[-8:]})

    target.refresh_from_db()
    assert old.fingerprint in shown
    assert new.fingerprint in shown
    assert refused.status_code == 422
    assert target.fingerprint == new.fingerprint


def test_lists_are_filtered_by_what_is_in_the_address(
    browse, manager, space, dev, production, home
):
    make_target(space, dev, name="web-1")
    make_target(space, production, name="db-1", roles=["db"])
    page = browse(manager)

    for query in ("q=db", "environment=production", "role=db"):
        text = page.get(f"{home}/targets?{query}").text
        assert "db-1" in text
        assert "web-1" not in text
    assert "No target matches" in page.get(f"{home}/targets?health=Healthy").text
