"""Tenants and tag sets as clients see them. api-dialect.md 8.24, 8.25."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from spaces.permissions import Permission
from tests.factories.deployments import make_project, make_target
from tests.factories.spaces import grant, make_user
from tests.factories.tenants import make_tag_set, make_tenant


@pytest.fixture
def base(space):
    return f"/api/{space.wire_id}"


@pytest.fixture
def rings(space):
    return make_tag_set(space, "Alpha", "Beta", name="Ring")


@pytest.fixture
def shop(space):
    return make_project(space, name="Shop", tenanted_mode="Tenanted")


@pytest.fixture
def acme(space, shop, dev, rings):
    return make_tenant(space, "Acme", tags=rings.tags.filter(name="Alpha"), connect={shop: [dev]})


def names(page):
    return [item["Name"] for item in page.json()["Items"]]


def test_a_tenant_has_the_properties_of_the_reference(api, manager, base, acme, shop, dev):
    document = api(manager).get(f"{base}/tenants/Acme").json()

    assert document["TenantTags"] == ["Ring/Alpha"]
    assert document["ProjectEnvironments"] == {shop.wire_id: [dev.wire_id]}
    assert document.keys() >= {"Name", "Slug", "Description", "IsDisabled", "ClonedFromTenantId"}
    assert document["Links"].keys() >= {"Self", "Logo", "Web"}


def test_a_client_connects_a_tenant_by_replacing_its_document(api, manager, base, acme, shop, dev):
    client = api(manager)
    document = client.get(f"{base}/tenants/{acme.wire_id}").json()
    document |= {"ProjectEnvironments": {shop.wire_id: []}, "TenantTags": ["Ring/Beta"]}

    answer = client.send("PUT", f"{base}/tenants/{acme.wire_id}", document)

    assert answer.status_code == 200, answer.content
    assert answer.json()["ProjectEnvironments"] == {shop.wire_id: []}
    assert answer.json()["TenantTags"] == ["Ring/Beta"]


def test_a_tenant_is_copied(api, manager, base, acme, shop, dev):
    answer = api(manager).send(
        "POST", f"{base}/tenants?clone={acme.wire_id}", {"Name": "Acme 2", "TenantTags": []}
    )

    assert answer.status_code == 201, answer.content
    assert answer.json()["ClonedFromTenantId"] == acme.wire_id
    assert answer.json()["ProjectEnvironments"] == {shop.wire_id: [dev.wire_id]}


def test_tags_of_one_set_are_alternatives_and_sets_narrow(api, manager, base, space, acme, rings):
    vip = make_tag_set(space, "VIP", name="Type").tags.get()
    make_tenant(space, "Bolt", tags=[rings.tags.get(name="Beta"), vip])
    make_tenant(space, "Coil", tags=[vip])
    client = api(manager)

    assert names(client.get(f"{base}/tenants?tags=Ring/Alpha,ring/beta")) == ["Acme", "Bolt"]
    assert names(client.get(f"{base}/tenants?tags=Ring/Alpha,Ring/Beta,Type/VIP")) == ["Bolt"]
    tested = client.get(f"{base}/tenants/tag-test?tenantIds={acme.wire_id}&tags=Type/VIP").json()
    assert tested[acme.wire_id]["IsMatched"] is False


def test_tenants_are_filtered_by_project_and_state(api, manager, base, space, acme, shop):
    make_tenant(space, "Idle", is_disabled=True)
    client = api(manager)

    assert names(client.get(f"{base}/tenants?projectId={shop.wire_id}")) == ["Acme"]
    assert names(client.get(f"{base}/tenants?isDisabled=true")) == ["Idle"]
    assert client.get(f"{base}/tenants/status").json() == {"Enabled": True}


def test_connections_to_projects_one_cannot_see_are_not_told(api, base, space, acme):
    user = make_user()
    grant(user, [Permission.TENANT_VIEW, Permission.ENVIRONMENT_VIEW], space)

    assert api(user).get(f"{base}/tenants/Acme").json()["ProjectEnvironments"] == {}


def test_a_list_of_tenants_costs_the_same_however_many_there_are(
    api, manager, base, space, acme, shop, dev, rings
):
    client = api(manager)
    client.get(f"{base}/tenants/all")
    for number in range(5):
        make_tenant(space, f"T{number}", tags=rings.tags.all(), connect={shop: [dev]})

    with CaptureQueriesContext(connection) as captured:
        assert len(client.get(f"{base}/tenants/all").json()) == 6

    assert len([q for q in captured if "deployments_" in q["sql"]]) == 6


def test_a_tag_set_is_made_and_changed_with_its_tags(api, manager, base):
    client = api(manager)
    tags = [{"Name": "Alpha", "Color": "#FF0000"}, {"Name": "Beta"}]

    made = client.send("POST", f"{base}/tagsets", {"Name": "Ring", "Tags": tags})
    document = made.json()

    assert made.status_code == 201, made.content
    assert [t["CanonicalTagName"] for t in document["Tags"]] == ["Ring/Alpha", "Ring/Beta"]
    assert document["Tags"][0]["Id"].startswith(f"{document['Id']}/tags-")
    assert document["Scopes"] == ["Tenant"]
    document["Tags"] = [document["Tags"][1], {**document["Tags"][0], "Name": "First"}]
    changed = client.send("PUT", f"{base}/tagsets/{document['Id']}", document).json()
    assert [(t["Name"], t["SortOrder"]) for t in changed["Tags"]] == [("Beta", 0), ("First", 1)]
    assert changed["Tags"][1]["Id"] == document["Tags"][1]["Id"]


def test_tag_sets_are_ordered_filtered_and_deleted(api, manager, base, space, rings):
    other = make_tag_set(space, name="Type", sort_order=1, scopes=["Target"])
    client = api(manager)

    client.send("PUT", f"{base}/tagsets/sortorder", [other.wire_id, rings.wire_id])

    assert names(client.get(f"{base}/tagsets")) == ["Type", "Ring"]
    assert names(client.get(f"{base}/tagsets?scopes=Target")) == ["Type"]
    assert client.delete(f"{base}/tagsets/Ring").status_code == 200
    assert names(client.get(f"{base}/tagsets")) == ["Type"]


def test_a_machine_serves_tenants_and_carries_tags(api, space, manager, base, dev, acme):
    machine = make_target(space, dev, name="web-1")
    client = api(manager)
    address = f"{base}/machines/{machine.wire_id}"
    wanted = {
        "TenantIds": [acme.wire_id],
        "TenantTags": ["Ring/Beta"],
        "TenantedDeploymentParticipation": "Tenanted",
    }

    answer = client.send("PUT", address, client.get(address).json() | wanted)

    assert answer.status_code == 200, answer.content
    shown = client.get(address).json()
    assert {name: shown[name] for name in wanted} == wanted


def test_a_machine_shows_nobody_tenants_that_they_do_not_see(api, space, base, dev, acme):
    machine = make_target(space, dev, name="web-1")
    machine.tenants.create(space=space, tenant=acme)
    user = make_user()
    grant(user, Permission.MACHINE_VIEW, space)

    shown = api(user).get(f"{base}/machines/{machine.wire_id}").json()

    assert shown["TenantIds"] == []
