"""The deploy page: the preview is what happens, and nothing happens unseen."""

import re

import pytest

from deployments.models import Deployment
from deployments.services.targets import update_target
from deployments.services.variables import VariableRow, save_variables
from tests.factories.deployments import SYSTEM, make_deployment, make_release, make_target


@pytest.fixture
def url(release, home):
    return f"{home}/projects/shop/releases/{release.version}/deploy"


def seen(page, url):
    """The digest of the preview that the page shows."""
    [digest] = re.findall(r'name="seen" value="(\w+)"', page.get(url).text)
    return digest


def test_the_preview_names_steps_and_targets(browse, manager, space, dev, url):
    make_target(space, dev, name="web-7")

    text = browse(manager).get(f"{url}?env={dev.slug}").text

    assert "Say hello" in text
    assert "web-7" in text


def test_one_press_deploys_and_leads_to_the_task(browse, manager, release, dev, home, url):
    answer = browse(manager).post(url, {"env": dev.slug})

    deployment = Deployment.objects.get()
    assert answer["Location"] == f"{home}/tasks/{deployment.task_id}/"
    assert (deployment.release, deployment.environment) == (release, dev)


@pytest.mark.promise("U11")
def test_reasons_are_shown_and_the_post_is_refused_for_the_same(
    browse, manager, dev, production, url
):
    page = browse(manager)
    reason = "Shop 1.0.0 must succeed in Development before Production."

    shown = page.get(f"{url}?env={production.slug}")
    posted = page.post(url, {"env": production.slug})

    assert reason in shown.text
    assert (posted.status_code, reason in posted.text) == (422, True)
    assert not Deployment.objects.exists()


@pytest.mark.promise("U11")
def test_without_the_right_the_page_says_so_and_refuses(browse, viewer, dev, url):
    page = browse(viewer)

    assert "Your teams do not allow you to deploy to Development." in page.get(url).text
    assert page.post(url, {"env": dev.slug}).status_code == 403
    assert not Deployment.objects.exists()


@pytest.mark.promise("U14")
def test_a_plan_that_changed_meanwhile_is_shown_again(browse, manager, space, dev, url):
    page = browse(manager)
    digest = seen(page, f"{url}?env={dev.slug}")
    make_target(space, dev, name="newcomer")

    answer = page.post(url, {"env": dev.slug, "seen": digest})

    assert answer.status_code == 409
    assert "newcomer" in answer.text
    assert not Deployment.objects.exists()


@pytest.mark.promise("U14")
def test_an_unchanged_plan_is_deployed(browse, manager, dev, url):
    page = browse(manager)

    page.post(url, {"env": dev.slug, "seen": seen(page, f"{url}?env={dev.slug}")})

    assert Deployment.objects.count() == 1


def test_production_asks_once_more(browse, manager, release, dev, production, url):
    make_deployment(release, dev)
    page = browse(manager)

    asked = page.post(url, {"env": production.slug})
    there = Deployment.objects.filter(environment=production).exists()
    page.post(url, {"env": production.slug, "confirmed": "1"})

    assert "Deploy to production" in asked.text
    assert not there
    assert Deployment.objects.filter(environment=production).exists()


def test_looking_deploys_nothing(browse, manager, dev, url):
    answer = browse(manager).post(url, {"env": dev.slug, "preview": "1"})

    assert answer.status_code == 200
    assert not Deployment.objects.exists()


@pytest.mark.promise("S2")
def test_a_secret_answer_is_asked_for_again_instead_of_shown(
    browse, manager, project, dev, production, home
):
    row = VariableRow("Token", "", is_sensitive=True, prompt={"label": "Token", "required": False})
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=[row])
    release = make_release(project, "2.0.0")
    make_deployment(release, dev)
    answer_field = f"prompt-{release.variables.entries[0]['id']}"

    asked = browse(manager).post(
        f"{home}/projects/shop/releases/2.0.0/deploy",
        {"env": production.slug, answer_field: "a very secret token"},
    )

    assert "a very secret token" not in asked.text
    assert "Type it once more" in asked.text
    assert not Deployment.objects.filter(environment=production).exists()


def test_options_reach_the_deployment(browse, manager, project, dev, url):
    target = make_target(project.space, dev, name="web-9")
    action = project.process.parsed()[0].actions[0]
    given = {
        "env": dev.slug,
        "skip": action.id,
        "without": target.pk,
        "guided": "on",
        "comments": "Carefully",
    }

    browse(manager).post(url, given)

    deployment = Deployment.objects.get()
    assert deployment.skip_actions == [action.id]
    assert deployment.excluded_machines == [target.pk]
    assert (deployment.use_guided_failure, deployment.comments) == (True, "Carefully")


def test_targets_that_are_left_out_are_named_with_the_reason(browse, manager, space, dev, url):
    update_target(actor=SYSTEM, target=make_target(space, dev, name="sick"), is_disabled=True)

    text = browse(manager).get(f"{url}?env={dev.slug}").text

    assert "sick: it is disabled" in text


def test_prompted_variables_are_asked_for(browse, manager, project, dev, home):
    prompt = {"label": "Which tenant?", "required": True}
    save_variables(
        actor=SYSTEM,
        variable_set=project.variable_set,
        rows=[VariableRow("Tenant", "", prompt=prompt)],
    )
    release = make_release(project, "2.0.0")
    url = f"{home}/projects/shop/releases/2.0.0/deploy"
    entry = release.variables.entries[0]["id"]
    page = browse(manager)

    missing = page.post(url, {"env": dev.slug})
    page.post(url, {"env": dev.slug, f"prompt-{entry}": "Acme"})

    assert (missing.status_code, "Which tenant?" in missing.text) == (422, True)
    assert Deployment.objects.get().form_values == {"Tenant": "Acme"}


def test_htmx_gets_the_preview_alone(browse, manager, dev, url):
    answer = browse(manager).post(
        url, {"env": dev.slug, "preview": "1"}, headers={"HX-Request": "true"}
    )

    assert answer.text.lstrip().startswith('<section class="stack" id="preview"')


def test_a_single_possible_environment_is_chosen(browse, manager, production, dev, release, url):
    production.targets.all().delete()
    production.delete()

    text = browse(manager).get(url).text

    assert re.search(rf'value="{dev.slug}" checked', text)
