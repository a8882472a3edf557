"""Cells of projects with tenants, alone and summed up. domain.md 26."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.core.states import TaskState
from deployments.queries.dashboard import TenantSummary, cells, place_cells
from spaces.permissions import Permission
from tests.factories.deployments import make_deployment, make_project, make_release
from tests.factories.spaces import actor_for, grant, make_user
from tests.factories.tenants import make_tenant


@pytest.fixture
def shop(space):
    return make_project(space, name="Shop", tenanted_mode="TenantedOrUntenanted")


@pytest.fixture
def tenants(space, shop, dev):
    return [make_tenant(space, name, connect={shop: [dev]}) for name in ("Acme", "Bolt", "Coil")]


def test_each_tenant_has_a_cell_of_its_own(manager, shop, dev, tenants):
    acme, bolt, _ = tenants
    release = make_release(shop)
    own = make_deployment(release, dev)
    for_acme = make_deployment(release, dev, tenant=acme)
    for_bolt = make_deployment(release, dev, TaskState.FAILED, tenant=bolt)

    found = place_cells(manager, [shop], [dev])

    assert {key[2]: cell.shown for key, cell in found.items()} == {
        None: own,
        acme.pk: for_acme,
        bolt.pk: for_bolt,
    }


def test_summed_up_the_worst_shows_and_the_newest_version_is_counted(manager, shop, dev, tenants):
    acme, bolt, coil = tenants
    old, new = make_release(shop, "1.0.0"), make_release(shop, "1.4.2")
    make_deployment(old, dev, tenant=acme)
    make_deployment(new, dev, tenant=acme)
    make_deployment(new, dev, tenant=bolt)
    make_deployment(old, dev, tenant=coil)
    failed = make_deployment(new, dev, TaskState.FAILED, tenant=coil)

    cell = cells(manager, [shop], [dev])[shop.pk, dev.pk]

    assert cell.shown == failed
    assert cell.tenants == TenantSummary(total=3, on=2, version="1.4.2")


def test_a_project_without_tenants_is_not_summed_up(manager, space, shop, dev):
    make_deployment(make_release(shop), dev)

    assert cells(manager, [shop], [dev])[shop.pk, dev.pk].tenants is None


@pytest.mark.promise("P7")
def test_somebody_limited_to_a_tenant_sees_its_cells_only(space, shop, dev, tenants):
    acme, bolt, _ = tenants
    release = make_release(shop)
    for tenant in (None, acme, bolt):
        make_deployment(release, dev, tenant=tenant)
    user = make_user()
    grant(user, [Permission.PROJECT_VIEW, Permission.ENVIRONMENT_VIEW], space)
    grant(user, [Permission.DEPLOYMENT_VIEW], space, tenants=[acme.pk])

    assert [key[2] for key in place_cells(actor_for(user), [shop], [dev])] == [acme.pk]


def test_cells_of_many_tenants_take_as_many_queries_as_those_of_one(
    manager, space, shop, dev, tenants
):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            place_cells(manager, [shop], [dev])
        return len(captured)

    queries()
    before = queries()
    for number in range(10):
        make_tenant(space, f"T{number}", connect={shop: [dev]})

    assert queries() == before == 3


def test_clients_read_each_tenants_item(api, manager, space, shop, dev, tenants):
    acme, bolt, coil = tenants
    release = make_release(shop)
    for tenant in (acme, bolt):
        make_deployment(release, dev, tenant=tenant)
    client, base = api(manager), f"/api/{space.wire_id}"

    board = client.get(f"{base}/dashboard").json()
    chosen = client.get(f"{base}/dashboard?selectedTenants={acme.wire_id}").json()
    progress = client.get(f"{base}/projects/{shop.wire_id}/progression").json()

    assert {i["TenantId"] for i in board["Items"]} == {acme.wire_id, bolt.wire_id}
    assert [t["Name"] for t in board["Tenants"]] == ["Acme", "Bolt", "Coil"]
    assert board["Tenants"][0]["ProjectEnvironments"] == {shop.wire_id: [dev.wire_id]}
    assert {i["TenantId"] for i in chosen["Items"]} == {acme.wire_id}
    [row] = progress["Releases"]
    assert len(row["Deployments"][dev.wire_id]) == 2
    assert coil.wire_id not in {i["TenantId"] for i in board["Items"]}
