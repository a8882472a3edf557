"""Whatever people, builds and machines call things: pages show it as text. Promise S9."""

import pytest
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.core.variables import VariableScope
from deployments.models import (
    Artifact,
    Interruption,
    Target,
    TaskLogLine,
    TaskLogNode,
    Variable,
)
from deployments.services.projects import update_project
from deployments.services.variables import VariableRow, create_library_set, save_variables
from tests.deployments.web.test_addresses import POST_ONLY, ROUTES, address, nothing_there
from tests.factories.deployments import (
    SYSTEM,
    make_account,
    make_deployment,
    make_environment,
    make_lifecycle,
    make_package,
    make_project,
    make_release,
    make_target,
    script_step,
)
from tests.factories.runbooks import make_run, make_runbook, make_snapshot
from tests.factories.tenants import make_tag_set, make_template, make_tenant, say

HOSTILE = "'\"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7|add:7 }}{% debug %}"
FILES = {"task_log", "task_artifact"}  # no pages
MARKS = ("<script>alert", "<img src=x", ">14{%")


@pytest.fixture
def names(space):
    """One of everything, and everything is called HOSTILE."""
    environment = make_environment(space, name=HOSTILE[:50], description=HOSTILE)
    target = make_target(space, environment, name=HOSTILE, roles=["web", HOSTILE.replace(",", "")])
    Target.objects.filter(pk=target.pk).update(
        health="Unhealthy", health_summary=HOSTILE, operating_system=HOSTILE
    )
    lifecycle = make_lifecycle(space, name=HOSTILE, description=HOSTILE)
    project = make_project(
        space, script_step(HOSTILE, body=HOSTILE), name=HOSTILE, description=HOSTILE
    )
    scope = VariableScope(roles=frozenset({HOSTILE.lower()}))
    save_variables(
        actor=SYSTEM,
        variable_set=project.variable_set,
        rows=[VariableRow(HOSTILE, HOSTILE, description=HOSTILE, scope=scope)],
    )
    library_set = create_library_set(actor=SYSTEM, space=space, name=HOSTILE, description=HOSTILE)
    shared = VariableRow(HOSTILE, HOSTILE, description=HOSTILE, scope=scope)
    save_variables(actor=SYSTEM, variable_set=library_set.variable_set, rows=[shared])
    update_project(actor=SYSTEM, project=project, library_sets=[library_set.pk])
    runbook = make_runbook(project, *project.process.parsed(), name=HOSTILE, description=HOSTILE)
    make_run(runbook, environment)
    release = make_release(project, "1.0.0", notes=HOSTILE)
    task = make_deployment(release, environment, TaskState.EXECUTING, created_by=HOSTILE).task
    task.error_message = HOSTILE
    task.save()
    TaskLogNode.objects.create(task=task, key="", name=HOSTILE, status="Running")
    TaskLogNode.objects.create(task=task, key="1", parent_key="", name=HOSTILE, status="Failed")
    TaskLogLine.objects.create(
        task=task, seq=1, node_key="1", category="Info", occurred_at=timezone.now(), text=HOSTILE
    )
    question = Interruption.objects.create(
        space=space,
        task=task,
        kind=Interruption.Kind.MANUAL,
        title=HOSTILE,
        instructions=HOSTILE,
        choices=["Proceed", HOSTILE[:20]],
    )
    artifact = Artifact.objects.create(
        space=space, task=task, file_name=HOSTILE, source=HOSTILE, sha256="0" * 64, size=1
    )
    make_package(space, "Acme.Web")
    tag_set = make_tag_set(space, HOSTILE, name=HOSTILE, description=HOSTILE)
    tenant = make_tenant(
        space,
        HOSTILE,
        description=HOSTILE,
        tags=tag_set.tags.all(),
        connect={project: [environment]},
    )
    choices = {"Octopus.ControlType": "Select", "Octopus.SelectOptions": f"{HOSTILE}|{HOSTILE}"}
    make_template(project, f"{HOSTILE} 2", HOSTILE, display=choices)
    template = make_template(project, HOSTILE, HOSTILE, label=HOSTILE, help_text=HOSTILE)
    say(tenant, template, HOSTILE, environment)
    return {
        "tenant": tenant.slug,
        "tag_set": tag_set.slug,
        "space": space.slug,
        "project": project.slug,
        "version": release.version,
        "environment": environment.slug,
        "target": target.slug,
        "account": make_account(space, name=HOSTILE, username=HOSTILE).slug,
        "lifecycle": lifecycle.slug,
        "library_set": library_set.slug,
        "shared_id": Variable.objects.get(set=library_set.variable_set).pk,
        "artifact_id": artifact.pk,
        "package_id": "Acme.Web",
        "runbook": runbook.slug,
        "snapshot_id": make_snapshot(runbook, HOSTILE).pk,
        "task_id": task.pk,
        "interruption_id": question.pk,
        "variable_id": Variable.objects.get(set=project.variable_set).pk,
        "action_id": project.process.parsed()[0].actions[0].id,
    }


@pytest.mark.promise("S9")
def test_no_name_becomes_code(browse, manager, names, monkeypatch):
    monkeypatch.setattr("deployments.web.targets.discover_host_keys", nothing_there)
    page = browse(manager)

    for route in ROUTES:
        if route in POST_ONLY or route in FILES:
            continue
        text = page.get(address(route, names)).text
        assert [mark for mark in MARKS if mark in text] == [], route
