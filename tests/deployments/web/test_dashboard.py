"""The dashboard: every project, every environment, and filters that are in the address."""

import pytest

from deployments.core.states import TaskState
from tests.factories.deployments import make_deployment, make_project, make_release
from tests.factories.tenants import make_tenant


@pytest.fixture
def failed(project, release, dev):
    """1.0.0 runs in Development; 1.1.0 failed there afterwards."""
    make_deployment(release, dev)
    return make_deployment(make_release(project, "1.1.0"), dev, TaskState.FAILED)


def test_a_failed_attempt_does_not_hide_what_runs(browse, manager, failed, home):
    text = browse(manager).get(f"{home}/dashboard").text

    assert "1.1.0" in text
    assert 'runs <a class="version"' in text
    assert "1.0.0" in text


def test_states_are_filters(browse, manager, space, failed, home):
    make_project(space, name="Quiet")
    page = browse(manager)

    assert "Failed 1" in page.get(f"{home}/dashboard").text
    assert "Quiet" not in page.get(f"{home}/dashboard?status=failed").text
    assert "No project matches" in page.get(f"{home}/dashboard?status=running").text


def test_a_space_without_projects_says_what_to_do(browse, manager, home):
    text = browse(manager).get(f"{home}/dashboard").text

    assert "Nothing deployed yet" in text
    assert f"{home}/projects/new" in text


def test_the_landing_page_is_the_dashboard_of_the_last_space(browse, manager, space, home):
    page = browse(manager)
    page.get(f"{home}/dashboard")

    assert page.get("/app/")["Location"] == f"{home}/dashboard"


def test_names_are_text_whatever_they_look_like(browse, manager, space, home):
    make_project(space, name="<script>alert(1)</script>")

    text = browse(manager).get(f"{home}/dashboard").text

    assert "<script>alert(1)</script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_project_with_tenants_tells_how_many_run_the_newest(browse, manager, space, dev, home):
    shop = make_project(space, name="Tenanted", tenanted_mode="Tenanted")
    acme, bolt = (make_tenant(space, name, connect={shop: [dev]}) for name in ("Acme", "Bolt"))
    old, new = make_release(shop, "1.0.0"), make_release(shop, "1.4.2")
    make_deployment(old, dev, tenant=acme)
    make_deployment(new, dev, tenant=bolt)

    assert "1 of 2 on 1.4.2" in browse(manager).get(f"{home}/dashboard").text
