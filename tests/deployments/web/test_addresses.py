"""Every page of a space: who gets it, who gets 404, and that it does not grow with the data."""

import pytest
from django.urls import get_resolver, reverse

from deployments import blobs
from deployments.core.states import TaskState
from deployments.models import Artifact, Interruption, Variable
from deployments.services.variables import VariableRow, create_library_set, save_variables
from deployments.web import urls
from runbooks.models import Runbook
from runbooks.web import urls as runbooks
from tests.factories.deployments import (
    SYSTEM,
    make_account,
    make_deployment,
    make_environment,
    make_package,
    make_project,
    make_release,
    make_target,
)
from tests.factories.runbooks import make_run, make_runbook, make_snapshot
from tests.factories.tenants import make_tag_set, make_template, make_tenant, say

POST_ONLY = {
    "answer",
    "move_step",
    "toggle_step",
    "remove_step",
    "remove_variable",
    "remove_shared_variable",
    "release_unblock",
    "release_variables",
    "target_health",
    "task_cancel",
    "task_abandon",
    "task_resume",
    "task_rerun",
    *("publish_snapshot", "withdraw_snapshot", "remove_snapshot"),
    *("runbook_move_step", "runbook_toggle_step", "runbook_remove_step"),
}
PATTERNS = [*urls.urlpatterns, *runbooks.urlpatterns]
ROUTES = [pattern.name for pattern in PATTERNS if pattern.name != "space"]
GROWING = [
    *("variable_preview", "library_sets", "library_set"),
    *(
        "dashboard",
        "ready",
        "reports",
        "inbox",
        "projects",
        "project",
        "releases",
        "release",
        "deploy",
        "process",
    ),
    *(
        "variables",
        "environments",
        "targets",
        "accounts",
        "packages",
        "lifecycles",
        "tasks",
        "task",
    ),
    *("runbooks", "runbook", "run_runbook", "runbook_process"),
    *("tenants", "tenant", "tenant_connections", "tenant_variables", "tag_sets", "tag_set"),
]


@pytest.fixture
def names(space, project, release, dev):
    """A value for every name that an address can hold."""
    variable_set = project.variable_set
    save_variables(actor=SYSTEM, variable_set=variable_set, rows=[VariableRow("Greeting", "Hello")])
    deployment = make_deployment(release, dev, TaskState.EXECUTING)
    interruption = ask(deployment.task)
    make_package(space, "Acme.Web")
    account = make_account(space, name="Root")
    shared = create_library_set(actor=SYSTEM, space=space, name="Shared").variable_set
    save_variables(actor=SYSTEM, variable_set=shared, rows=[VariableRow("Greeting", "Hello")])
    # with the ids of the project's steps, so that one action_id names a step of each
    runbook = make_runbook(project, *project.process.parsed(), name="Restart")
    make_run(runbook, dev)
    acme = make_tenant(space, "Acme", connect={project: [dev]})
    say(acme, make_template(project, "Contact"), "a@example.org", dev)
    return {
        "space": space.slug,
        "project": project.slug,
        "version": release.version,
        "environment": dev.slug,
        "target": make_target(space, dev, name="web-1").slug,
        "account": account.slug,
        "lifecycle": project.lifecycle.slug,
        "package_id": "Acme.Web",
        "task_id": deployment.task_id,
        "interruption_id": interruption.pk,
        "variable_id": Variable.objects.get(set=variable_set).pk,
        "tenant": acme.slug,
        "tag_set": make_tag_set(space, "Early", name="Ring").slug,
        "library_set": "shared",
        "shared_id": Variable.objects.get(set=shared).pk,
        "artifact_id": keep_report(deployment.task).pk,
        "runbook": runbook.slug,
        "snapshot_id": make_snapshot(runbook, "Second").pk,
        "action_id": project.process.parsed()[0].actions[0].id,
    }


def keep_report(task):
    with blobs.store().receive() as incoming:
        sha256 = incoming.fill([b"all is well"]).keep()
    return Artifact.objects.create(
        space_id=task.space_id, task=task, file_name="report.txt", sha256=sha256, size=11
    )


def ask(task):
    return Interruption.objects.create(
        space_id=task.space_id,
        task=task,
        kind=Interruption.Kind.MANUAL,
        title="Approve",
        instructions="Look **first**.",
        choices=["Proceed", "Abort"],
    )


def address(route, names):
    needed = next(iter(get_resolver().reverse_dict.getlist(route)))[0][0][1]
    return reverse(route, kwargs={name: names[name] for name in needed})


def test_a_manager_gets_every_page(browse, manager, names, monkeypatch):
    monkeypatch.setattr("deployments.web.targets.discover_host_keys", nothing_there)
    page = browse(manager)

    answers = {route: status(page.get(address(route, names))) for route in ROUTES}

    assert answers == {route: 405 if route in POST_ONLY else 200 for route in ROUTES}


def status(answer):
    if answer.streaming:
        list(answer)  # to its end, so that its file is closed
    return answer.status_code


@pytest.mark.promise("P2")
@pytest.mark.parametrize("method", ["get", "post"])
def test_for_outsiders_nothing_exists(browse, outsider, names, method):
    ask_for = getattr(browse(outsider), method)

    answers = {route: ask_for(address(route, names)).status_code for route in ROUTES}

    assert answers == dict.fromkeys(ROUTES, 404)


def test_who_is_not_signed_in_is_asked_to(client, names):
    answers = {route: client.get(address(route, names)) for route in ROUTES}

    leads_to = {answer.headers.get("Location", "").split("?")[0] for answer in answers.values()}
    assert leads_to == {"/app/sign-in"}


@pytest.mark.promise("U4")
def test_more_data_asks_no_more_queries(
    browse, manager, space, project, dev, names, django_assert_max_num_queries
):
    page = browse(manager)

    def costs():
        found = {}
        for route in GROWING:
            with django_assert_max_num_queries(60) as queries:
                page.get(address(route, names))
            found[route] = len(queries)
        return found

    costs()  # the first visit also writes to the session
    few = costs()
    multiply(space, project, dev)

    assert costs() == few


def multiply(space, project, dev):
    runbook = Runbook.objects.get(name="Restart")
    for number in range(6):
        make_run(make_runbook(project, name=f"Runbook {number}"), dev)
        make_run(runbook, dev)
        make_environment(space)
        make_target(space, dev)
        make_package(space, f"Acme.{number}")
        tenant = make_tenant(space, connect={project: [dev]})
        say(tenant, make_template(project, f"Contact {number}"), "b@example.org", dev)
        make_tag_set(space, "One", "Two")
        other = make_project(space)
        for changed in (project, other):
            deployment = make_deployment(make_release(changed), dev, TaskState.EXECUTING)
            ask(deployment.task)


async def nothing_there(host, port):
    return []
