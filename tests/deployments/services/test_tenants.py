"""Tenants. domain.md 23.1."""

import pytest

from deployments.models import Tag, Tenant
from deployments.services.tenants import (
    clone_tenant,
    create_tenant,
    delete_tenant,
    update_tenant,
)
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event, ScopedUserRole
from spaces.permissions import Permission
from tests.factories.deployments import (
    SYSTEM,
    make_deployment,
    make_environment,
    make_project,
    make_release,
)
from tests.factories.spaces import actor_for, grant, make_user
from tests.factories.tenants import make_tag_set, make_tenant


@pytest.fixture
def shop(space):
    return make_project(space, name="Shop", tenanted_mode="Tenanted")


def connections(tenant):
    return {
        row.project.name: sorted(e.environment.name for e in row.environments.all())
        for row in tenant.projects.all()
    }


def tags(tenant):
    return sorted(row.tag.canonical_name for row in tenant.tags.all())


def test_a_tenant_has_tags_and_connections_from_the_start(manager, space, shop, dev):
    make_tag_set(space, "Alpha", name="Ring")

    tenant = create_tenant(
        actor=manager,
        space=space,
        name=" Acme ",
        tags=["ring/alpha"],
        connections={shop.pk: [dev.pk]},
    )

    assert (tenant.name, tenant.slug) == ("Acme", "acme")
    assert tags(tenant) == ["Ring/Alpha"]
    assert connections(tenant) == {"Shop": ["Development"]}
    assert Event.objects.get(category="Created", tenant_id=tenant.pk)


@pytest.mark.promise("P8")
def test_without_permission_nothing_changes(viewer, space):
    tenant = make_tenant(space, "Acme")

    with pytest.raises(PermissionRefused, match="TenantCreate"):
        create_tenant(actor=viewer, space=space, name="Other")
    with pytest.raises(PermissionRefused, match="TenantEdit"):
        update_tenant(actor=viewer, tenant=tenant, name="Other")
    with pytest.raises(PermissionRefused, match="TenantDelete"):
        delete_tenant(actor=viewer, tenant=tenant)

    assert Tenant.objects.get().name == "Acme"


@pytest.mark.promise("P3")
def test_the_tenant_of_another_space_does_not_exist(outsider, space):
    tenant = make_tenant(space)

    with pytest.raises(NotFound):
        update_tenant(actor=outsider, tenant=tenant, name="Mine")


def test_somebody_limited_to_a_tenant_changes_that_one_only(space):
    ours, theirs = make_tenant(space, "Ours"), make_tenant(space, "Theirs")
    user = make_user()
    grant(user, [Permission.TENANT_VIEW, Permission.TENANT_EDIT], space, tenants=[ours.pk])

    update_tenant(actor=actor_for(user), tenant=ours, description="mine")

    with pytest.raises(NotFound):
        update_tenant(actor=actor_for(user), tenant=theirs, description="mine")


def test_tags_must_exist_and_go_together(manager, space):
    make_tag_set(space, "Gold", "Silver", name="Tier", type="SingleSelect")
    make_tag_set(space, "Big", name="Machine", scopes=["Target"])
    tenant = make_tenant(space)

    for names, problem in (
        (["Tier/Tin"], "does not exist"),
        (["Tier"], "Set/Tag"),
        (["Tier/Gold", "Tier/Silver"], "Only one tag of Tier"),
        (["Machine/Big"], "not for tenants"),
    ):
        with pytest.raises(Invalid, match=problem):
            update_tenant(actor=manager, tenant=tenant, tags=names)


def test_a_free_text_is_a_tag_as_long_as_somebody_carries_it(manager, space):
    make_tag_set(space, name="City", type="FreeText")
    tenant = make_tenant(space)

    update_tenant(actor=manager, tenant=tenant, tags=["City/Bad Vilbel/2"])
    assert tags(tenant) == ["City/Bad Vilbel/2"]
    update_tenant(actor=manager, tenant=tenant, tags=[])

    assert not Tag.objects.exists()


def test_only_projects_that_take_tenants_and_their_environments_are_connected(
    manager, space, shop, dev
):
    plain = make_project(space, name="Plain")
    tenant = make_tenant(space)

    with pytest.raises(Invalid, match="Plain is deployed without tenants"):
        update_tenant(actor=manager, tenant=tenant, connections={plain.pk: []})
    with pytest.raises(Invalid, match="no project Projects-0"):
        update_tenant(actor=manager, tenant=tenant, connections={0: []})
    with pytest.raises(Invalid, match="no environment Environments-0"):
        update_tenant(actor=manager, tenant=tenant, connections={shop.pk: [0]})


def test_a_connection_survives_that_its_project_no_longer_takes_tenants(manager, space, shop, dev):
    tenant = make_tenant(space, connect={shop: [dev]})
    shop.tenanted_mode = "Untenanted"
    shop.save()

    update_tenant(actor=manager, tenant=tenant, connections={shop.pk: [dev.pk]})

    assert connections(tenant) == {"Shop": ["Development"]}


def test_connections_that_the_editor_cannot_see_stay(space, shop, dev):
    prod = make_environment(space, name="Production")
    hidden = make_project(space, name="Hidden", tenanted_mode="Tenanted")
    tenant = make_tenant(space, connect={shop: [dev, prod], hidden: [dev]})
    user = make_user()
    grant(user, [Permission.TENANT_VIEW, Permission.TENANT_EDIT], space)
    grant(
        user,
        [Permission.PROJECT_VIEW, Permission.ENVIRONMENT_VIEW],
        space,
        projects=[shop.pk],
        environments=[dev.pk],
    )

    update_tenant(actor=actor_for(user), tenant=tenant, connections={shop.pk: []})

    assert connections(tenant) == {"Shop": ["Production"], "Hidden": ["Development"]}


def test_a_copy_has_tags_and_connections(manager, space, shop, dev):
    alpha = make_tag_set(space, "Alpha", name="Ring").tags.select_related("tag_set").get()
    original = make_tenant(space, "Acme", tags=[alpha], connect={shop: [dev]})

    copy = clone_tenant(actor=manager, original=original, name="Acme 2")

    assert (copy.cloned_from, tags(copy)) == (original, ["Ring/Alpha"])
    assert connections(copy) == {"Shop": ["Development"]}


def test_a_tenant_with_a_history_is_not_deleted(manager, space, shop, dev):
    tenant = make_tenant(space, "Acme", connect={shop: [dev]})
    make_deployment(make_release(shop, version="1.0.0"), dev, tenant=tenant)

    with pytest.raises(Conflict, match=r"Acme is still used by the task Deploy Shop 1\.0\.0"):
        delete_tenant(actor=manager, tenant=tenant)


def test_a_deleted_tenant_goes_out_of_all_limits(manager, space):
    tenant = make_tenant(space)
    grant(make_user(), "projectviewer", space, tenants=[tenant.pk])

    delete_tenant(actor=SYSTEM, tenant=tenant)

    assert not Tenant.objects.exists()
    assert not ScopedUserRole.objects.filter(tenant_ids__isnull=False).exists()
