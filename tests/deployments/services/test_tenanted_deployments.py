"""Deployments for tenants: whom they may reach, how each progresses, what they hold. domain.md 8.3(7), 17, 23."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.core.states import TaskState
from deployments.models import Deployment, ServerTask
from deployments.queries.blockers import Place
from deployments.services.deployments import DeploymentBlocked, deploy_release, deploy_to_places
from deployments.services.lifecycles import PhaseRequest, create_lifecycle
from deployments.services.promotion import promote
from spaces.errors import NotFound, PermissionRefused
from spaces.permissions import Permission
from tests.factories.deployments import (
    SYSTEM,
    make_channel,
    make_deployment,
    make_environment,
    make_project,
    make_release,
    make_target,
    script_step,
)
from tests.factories.spaces import actor_for, grant, make_user
from tests.factories.tenants import make_tag_set, make_tenant


@pytest.fixture
def test(space):
    return make_environment(space, name="Test")


@pytest.fixture
def prod(space, test):
    return make_environment(space, name="Prod")


@pytest.fixture
def shop(space, test, prod):
    shared = {"tenanted_participation": "TenantedOrUntenanted", "tenant_tags": ["Ring/Alpha"]}
    target = make_target(space, test, prod, name="shared")
    for name, value in shared.items():
        setattr(target, name, value)
    target.save()
    return make_project(space, name="Shop", tenanted_mode="Tenanted")


@pytest.fixture
def alpha(space):
    return make_tag_set(space, "Alpha", "Beta", name="Ring").tags.get(name="Alpha")


@pytest.fixture
def acme(space, shop, test, prod, alpha):
    return make_tenant(space, "Acme", tags=[alpha], connect={shop: [test, prod]})


def refusal(release, environment, tenant):
    with pytest.raises(DeploymentBlocked) as refused:
        deploy_release(actor=SYSTEM, release=release, environment=environment, tenant=tenant)
    return " ".join(refused.value.reasons)


def test_a_deployment_for_a_tenant_has_a_task_and_a_turn_of_its_own(shop, test, acme):
    deployment = deploy_release(
        actor=SYSTEM, release=make_release(shop, "1.0.0"), environment=test, tenant=acme
    )

    task = deployment.task
    assert (deployment.tenant, task.tenant) == (acme, acme)
    assert task.description == "Deploy Shop 1.0.0 to Test for Acme"
    assert task.concurrency_tag == f"{acme.wire_id}/{shop.wire_id}/{test.wire_id}"


def test_tenant_a_test_and_prod_tenant_b_prod_only(space, shop, test, prod, acme, alpha):
    """Tenant A {Test,Prod}, B {Prod}: B waits until someone passed Test; A must pass its own Test."""
    late = make_tenant(space, "Late", tags=[alpha], connect={shop: [prod]})
    other = make_tenant(space, "Other", tags=[alpha], connect={shop: [test, prod]})
    release = make_release(shop)

    assert "must succeed in Test (for any tenant) before Prod for Late" in refusal(
        release, prod, late
    )
    make_deployment(release, test, tenant=other)
    assert deploy_release(actor=SYSTEM, release=release, environment=prod, tenant=late)
    assert "must succeed in Test before Prod for Acme" in refusal(release, prod, acme)
    make_deployment(release, test, tenant=acme)
    assert deploy_release(actor=SYSTEM, release=release, environment=prod, tenant=acme)


def test_a_phase_to_which_nobody_is_connected_holds_nobody_up(space, shop, prod, alpha):
    late = make_tenant(space, "Late", tags=[alpha], connect={shop: [prod]})

    assert deploy_release(actor=SYSTEM, release=make_release(shop), environment=prod, tenant=late)


def test_all_that_is_wrong_with_a_tenant_is_told_at_once(space, shop, test):
    make_tag_set(space, "VIP", name="Type")
    channel = make_channel(shop, name="Early", tenant_tags=["Type/VIP"])
    stranger = make_tenant(space, "Stranger", is_disabled=True)

    told = refusal(make_release(shop, channel=channel), test, stranger)

    assert "is disabled" in told
    assert "is not connected to Shop in Test" in told
    assert "is for tenants with VIP, not Stranger" in told
    assert "no deployment targets" in told


@pytest.mark.parametrize(
    ("mode", "tenanted", "reason"),
    [
        ("Tenanted", False, "for tenants only"),
        ("Untenanted", True, "deployed without tenants"),
        ("TenantedOrUntenanted", True, ""),
        ("TenantedOrUntenanted", False, ""),
    ],
)
def test_the_mode_of_the_project_decides(shop, test, acme, mode, tenanted, reason):
    shop.tenanted_mode = mode
    shop.save()
    release, tenant = make_release(shop), acme if tenanted else None

    if reason:
        assert reason in refusal(release, test, tenant)
    else:
        assert deploy_release(actor=SYSTEM, release=release, environment=test, tenant=tenant)


def test_if_one_tenant_is_refused_none_is_deployed(space, shop, test, acme):
    places = [Place(test, acme), Place(test, make_tenant(space, "Stranger"))]

    with pytest.raises(DeploymentBlocked, match="Stranger is not connected"):
        deploy_to_places(actor=SYSTEM, release=make_release(shop), places=places)

    assert not Deployment.objects.exists()


@pytest.mark.promise("P6")
def test_a_role_limited_to_tenants_deploys_for_them_only(space, shop, test, acme, alpha):
    other = make_tenant(space, "Other", tags=[alpha], connect={shop: [test]})
    user, release = make_user(), make_release(shop)
    grant(user, "projectviewer", space)
    grant(user, [Permission.DEPLOYMENT_CREATE], space, tenants=[acme.pk])
    actor = actor_for(user)

    assert deploy_release(actor=actor, release=release, environment=test, tenant=acme)
    for tenant in (other, None):
        with pytest.raises((PermissionRefused, NotFound)):
            deploy_release(actor=actor, release=release, environment=test, tenant=tenant)


def test_a_tenant_reaches_its_own_targets_and_those_of_its_tags(space, shop, test, prod):
    beta = make_tag_set(space, "Beta", name="Ring").tags.get()
    bolt = make_tenant(space, "Bolt", tags=[beta], connect={shop: [test]})

    assert "no deployment targets" in refusal(make_release(shop), test, bolt)


def test_a_step_for_tenants_with_a_tag_is_left_out_for_others(space, test, acme):
    from deployments.queries.plan_inputs import NO_OPTIONS, plan_of
    from deployments.queries.tenants import subject

    step = script_step(tenant_tags=("Ring/Beta", "Ring/alpha"))
    release = make_release(make_project(space, step))
    other = script_step("Other", tenant_tags=("Ring/Beta",))
    without = make_release(make_project(space, other))

    meant = plan_of(release, test, NO_OPTIONS, subject(release.project, acme))
    left = plan_of(without, test, NO_OPTIONS, subject(without.project, acme))

    assert meant.steps[0].skipped == ""
    assert left.steps[0].skipped == "it is limited to other tenants"


def test_each_tenant_is_promoted_as_far_as_it_has_come_itself(space, shop, test, prod, acme, alpha):
    other = make_tenant(space, "Other", tags=[alpha], connect={shop: [test, prod]})
    phases = [PhaseRequest("Test", manual=[test]), PhaseRequest("Prod", automatic=[prod])]
    shop.lifecycle = create_lifecycle(actor=SYSTEM, space=space, name="Auto", phases=phases)
    shop.save()
    release = make_release(shop)
    make_deployment(release, test, tenant=acme)
    make_deployment(release, test, TaskState.FAILED, tenant=other)

    started = promote(release, cause="test")

    assert [(d.environment, d.tenant) for d in started] == [(prod, acme)]
    assert promote(release, cause="test") == []


def test_a_deployment_for_one_tenant_does_not_pass_a_phase_for_none(shop, test, prod, acme):
    shop.tenanted_mode = "TenantedOrUntenanted"
    shop.save()
    release = make_release(shop)
    make_deployment(release, test, tenant=acme)

    assert "must succeed in Test before Prod" in refusal(release, prod, None)


def test_judging_many_tenants_takes_as_many_queries_as_judging_one(space, shop, test, acme, alpha):
    from deployments.queries.blockers import places_blockers

    release = make_release(shop)
    tenants = [make_tenant(space, tags=[alpha], connect={shop: [test]}) for _ in range(20)]

    def queries(some):
        with CaptureQueriesContext(connection) as captured:
            found = places_blockers(release, [Place(test, tenant) for tenant in some])
        assert not any(found.values())
        return len(captured)

    queries(tenants[:1])
    assert queries(tenants[:1]) == queries(tenants)


def test_two_tenants_do_not_wait_for_each_other(space, shop, test, acme, alpha):
    other = make_tenant(space, "Other", tags=[alpha], connect={shop: [test]})
    deploy_to_places(
        actor=SYSTEM, release=make_release(shop), places=[Place(test, acme), Place(test, other)]
    )

    assert len(set(ServerTask.objects.values_list("concurrency_tag", flat=True))) >= 2
