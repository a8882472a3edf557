"""Runbooks by hand: written, published, run and deleted on pages."""

import pytest
from django.test import Client

from runbooks.models import Runbook, RunbookRun
from tests.factories.deployments import make_package, make_project, make_target, package_step
from tests.factories.runbooks import make_run, make_runbook, make_snapshot

ANYWAY = {"condition": "Success", "retries": "0", "timeout": "0"}


@pytest.fixture
def browse():
    def signed_in(actor):
        client = Client()
        client.force_login(actor.user)
        return client

    return signed_in


@pytest.fixture
def base(space, project):
    return f"/app/spaces/{space.slug}/projects/{project.slug}/runbooks"


@pytest.fixture
def restart(project):
    return make_runbook(project, name="Restart", allow_no_targets=True)


def text(answer):
    return answer.content.decode()


def test_the_whole_road_from_nothing_to_a_run(browse, manager, space, project, dev, base):
    make_target(space, dev)
    page = browse(manager)
    made = page.post(f"{base}/new", {"name": "Restart the shop", "description": "After a crash."})
    assert made.headers["Location"] == f"{base}/restart-the-shop/process"

    step = ANYWAY | {
        "name": "Go",
        "place": "targets",
        "roles": "web",
        "syntax": "Bash",
        "body": "ls",
    }
    added = page.post(f"{base}/restart-the-shop/process/steps/new?kind=Octopus.Script", step)
    assert added.status_code == 302, text(added)
    published = page.post(f"{base}/restart-the-shop/snapshots/new", {"name": "First"})
    assert published.headers["Location"] == f"{base}/restart-the-shop/?tab=snapshots"

    queued = page.post(f"{base}/restart-the-shop/run", {"env": dev.slug})

    run = RunbookRun.objects.get()
    assert queued.headers["Location"] == f"/app/spaces/{space.slug}/tasks/{run.task_id}/"
    assert run.snapshot.name == "First"
    task = text(page.get(queued.headers["Location"]))
    assert f'href="{base}/restart-the-shop/"' in task
    assert "Restart the shop" in text(page.get(f"{base}/"))


def test_the_preview_says_what_would_happen_and_what_stands_in_the_way(
    browse, manager, restart, dev, production, base
):
    restart.environment_scope = Runbook.EnvironmentScope.SPECIFIED
    restart.save()
    restart.environments.create(space=restart.space, environment=dev)

    shown = text(browse(manager).get(f"{base}/restart/run?env={dev.slug}"))

    assert restart.published.steps[0].actions[0].name in shown
    assert "Production" not in shown
    assert 'value="draft"' in shown


def test_what_was_seen_is_what_runs(browse, manager, space, restart, dev, base):
    page = browse(manager)
    given = {"env": dev.slug, "seen": "what was there before"}

    changed = page.post(f"{base}/restart/run", given)

    assert changed.status_code == 409
    assert "Things have changed" in text(changed)
    assert not RunbookRun.objects.exists()


def test_production_is_asked_about_once_more(browse, manager, restart, production, base):
    page = browse(manager)

    assert "Run in production" in text(page.post(f"{base}/restart/run", {"env": production.slug}))
    assert not RunbookRun.objects.exists()
    page.post(f"{base}/restart/run", {"env": production.slug, "confirmed": "1"})
    assert RunbookRun.objects.get().environment == production


def test_the_draft_runs_without_being_published(browse, manager, restart, dev, base):
    browse(manager).post(f"{base}/restart/run", {"env": dev.slug, "snapshot": "draft"})

    assert RunbookRun.objects.get().snapshot != restart.published
    assert Runbook.objects.get().published == restart.published


def test_a_consumer_has_one_button_and_nothing_to_choose(browse, consumer, restart, dev, base):
    draft = make_snapshot(restart, "Draft of mine")
    page = browse(consumer)

    shown = text(page.get(f"{base}/restart/run?env={dev.slug}"))
    assert 'name="snapshot"' not in shown
    refused = page.post(f"{base}/restart/run", {"env": dev.slug, "snapshot": str(draft.pk)})
    assert refused.status_code == 422
    assert "published snapshot" in text(refused)
    assert page.post(f"{base}/restart/run", {"env": dev.slug}).status_code == 302


def test_to_a_consumer_an_unpublished_runbook_says_so(browse, consumer, project, dev, base):
    make_runbook(project, name="Restart", publish=False)
    page = browse(consumer)

    for address in (f"{base}/restart/", f"{base}/restart/run"):
        assert "Nothing of this runbook is published" in text(page.get(address))
    page.post(f"{base}/restart/run", {"env": dev.slug})
    page.post(f"{base}/restart/run", {"env": dev.slug, "snapshot": "draft"})
    assert not RunbookRun.objects.exists()


def test_versions_of_packages_can_be_chosen(browse, manager, space, project, base):
    for version in ("1.0.0", "2.0.0"):
        make_package(space, version=version)
    runbook = make_runbook(project, package_step("Acme.Web"), name="Restart", publish=False)
    action = runbook.process.parsed()[0].actions[0]
    page = browse(manager)
    assert "2.0.0" in text(page.get(f"{base}/restart/snapshots/new"))

    page.post(
        f"{base}/restart/snapshots/new",
        {"name": "Old", f"package-{action.id}-": "1.0.0", "keep": "1"},
    )

    snapshot = runbook.snapshots.get()
    assert not snapshot.is_published
    assert snapshot.packages[0]["version"] == "1.0.0"


def test_snapshots_are_published_withdrawn_and_deleted(browse, manager, restart, base):
    second = make_snapshot(restart, "Second")
    page, here = browse(manager), f"{base}/restart/snapshots"

    page.post(f"{here}/{second.pk}/publish")
    assert Runbook.objects.get().published == second
    told = text(page.post(f"{here}/{second.pk}/delete", follow=True))
    assert "is published" in told
    page.post(f"{here}/withdraw")
    assert Runbook.objects.get().published is None
    page.post(f"{here}/{second.pk}/delete")
    assert not restart.snapshots.filter(pk=second.pk).exists()
    assert page.post(f"{here}/{second.pk}/publish").status_code == 404


def test_settings_are_saved(browse, manager, restart, dev, base):
    page = browse(manager)
    given = {
        "name": "Restart now",
        "environment_scope": "Specified",
        "environments": [dev.pk],
        "guided_failure": "On",
        "runs_kept": "",
    }

    saved = page.post(f"{base}/restart/settings", given)

    runbook = Runbook.objects.get()
    assert saved.status_code == 302, text(saved)
    assert (runbook.name, runbook.runs_kept, runbook.guided_failure) == ("Restart now", None, "On")
    assert [row.environment for row in runbook.environments.all()] == [dev]


def test_deleting_asks_for_the_name_and_not_while_it_runs(browse, manager, restart, dev, base):
    make_run(restart, dev)
    page = browse(manager)

    assert page.post(f"{base}/restart/delete", {"typed": "something"}).status_code == 422
    page.post(f"{base}/restart/delete", {"typed": "Restart"})
    assert not Runbook.objects.exists()


def test_nobody_reads_a_runbook_through_another_project(browse, manager, space, restart, base):
    other = make_project(space, name="Other")
    address = f"/app/spaces/{space.slug}/projects/{other.slug}/runbooks/{restart.slug}/"

    assert browse(manager).get(address).status_code == 404
