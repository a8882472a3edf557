"""Where people begin, by what they may do; and the pages made for it. ui.md 6, domain.md 4.6."""

import pytest
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.models import ServerTask
from deployments.web.landing import landing_page
from spaces.actors import Actor
from spaces.permissions import Permission
from tests.factories.deployments import make_deployment, make_project, make_release
from tests.factories.spaces import actor_for, grant, make_user
from tests.factories.standing import APPROVER, DASHBOARD_VIEWER


def holding(space, *roles, **scope) -> Actor:
    user = make_user()
    for role in roles:
        limits = scope if role == "deploymentcreator" else {}
        grant(user, role, space, **limits)
    return actor_for(user)


@pytest.fixture
def reader(space) -> Actor:
    return holding(space, DASHBOARD_VIEWER)


def test_everybody_begins_where_their_work_is(space, dev, manager, viewer, reader):
    developer = holding(space, "projectviewer", "deploymentcreator", environments=[dev.pk])

    assert landing_page(developer, space) == "ready"
    assert landing_page(holding(space, APPROVER), space) == "inbox"
    assert landing_page(reader, space) == "reports"
    assert landing_page(viewer, space) == "dashboard"
    assert landing_page(manager, space) == "dashboard"
    assert landing_page(holding(space, Permission.FEED_VIEW), space) == ""


def test_both_roots_lead_there(browse, reader, home):
    page = browse(reader)

    assert page.get("/app/")["Location"] == f"{home}/reports"
    assert page.get(f"{home}/")["Location"] == f"{home}/reports"


def test_reports_show_versions_what_shipped_and_how_it_went(browse, reader, dev, release, home):
    shipped = make_deployment(release, dev)
    failed = make_deployment(make_release(release.project, "1.1.0"), dev, TaskState.FAILED)
    ServerTask.objects.filter(pk__in=[shipped.task_id, failed.task_id]).update(
        started_at=timezone.now()
    )

    text = browse(reader).get(f"{home}/reports").text

    assert "1.0.0" in text
    assert "50%" in text
    assert "too few data" in text
    assert "<rect" in text
    assert "style=" not in text


@pytest.mark.promise("U11")
def test_a_report_offers_no_work_and_no_log(browse, reader, dev, release, home):
    deployment = make_deployment(release, dev)

    text = browse(reader).get(f"{home}/reports").text

    assert f"/tasks/{deployment.task_id}" not in text
    assert f"{home}/projects/shop/releases/1.0.0/deploy" not in text
    assert "aria-disabled" not in text


@pytest.mark.promise("U11")
def test_who_only_looks_is_offered_nothing_anywhere_not_even_disabled(
    browse, reader, viewer, dev, production, release, home
):
    shop = f"{home}/projects/shop"

    for path in (f"{shop}/", f"{shop}/releases/1.0.0/", f"{shop}/releases/", f"{home}/dashboard"):
        assert "aria-disabled" not in browse(reader).get(path).text, path
    assert "aria-disabled" in browse(viewer).get(f"{shop}/").text


def test_the_file_has_what_shipped_and_no_formula(browse, reader, space, dev, home):
    deployment = make_deployment(make_release(make_project(space, name="=SUM(A1)"), "1.0.0"), dev)
    ServerTask.objects.filter(pk=deployment.task_id).update(started_at=timezone.now())

    answer = browse(reader).get(f"{home}/reports?format=csv")

    assert answer["Content-Type"].startswith("text/csv")
    assert ",'=SUM(A1),1.0.0,Development," in answer.text


@pytest.mark.parametrize(
    "query", ["days=90", "days=x", "environment=development", "environment=no"]
)
def test_any_range_in_the_address_gives_a_report(browse, reader, release, home, query):
    assert browse(reader).get(f"{home}/reports?{query}").status_code == 200


def test_what_is_ready_leads_to_deploying_it(browse, space, dev, release, home):
    developer = holding(space, "projectviewer", "deploymentcreator", environments=[dev.pk])

    text = browse(developer).get(f"{home}/ready").text

    assert f"{home}/projects/shop/releases/1.0.0/deploy?env=development" in text
    assert "Deploy to Development" in text
