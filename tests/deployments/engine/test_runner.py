"""Whole deployments: rows, the real engine, a real sshd."""

from dataclasses import replace
from pathlib import Path

import pytest

from deployments.core.process import RUN_ON_SERVER, Action, PackageReference, Step
from deployments.core.states import Health, TaskState
from deployments.models import (
    Deployment,
    Interruption,
    Package,
    Release,
    ServerTask,
    Target,
    TaskLogLine,
)
from deployments.queries.failures import failures
from deployments.queries.plan_inputs import RunOptions
from deployments.services.deployments import deploy_release
from deployments.services.interruptions import decide
from deployments.services.releases import update_variables
from deployments.services.resuming import resume_task
from deployments.services.targets import check_health
from deployments.services.variables import VariableRow, save_variables
from deployments.tasks import run_server_task
from spaces.errors import Conflict
from spaces.services.teams import remove_assignment
from spaces.services.users import update_user
from tests.factories.deployments import (
    SYSTEM,
    make_account,
    make_environment,
    make_package,
    make_project,
    make_release,
    make_target,
    package_step,
    script_step,
)
from tests.factories.spaces import actor_for, grant, make_administrator, make_user
from tests.ssh.servers import SshServer, new_key, public_text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def target(space, dev, sshd: SshServer) -> Target:
    return add_target(space, dev, sshd)


def add_target(space, environment, sshd: SshServer, **given) -> Target:
    endpoint = sshd.endpoint()
    account = make_account(
        space,
        account_type="SshKeyPair",
        username=endpoint.username,
        private_key=endpoint.private_key,
        password="",
    )
    known = {"host": "127.0.0.1", "port": sshd.port, "account": account, "host_key": sshd.host_key}
    return make_target(space, environment, **known | given)


def deployed(release: Release, environment) -> Deployment:
    """Queued and run, as one worker would."""
    deployment = deploy_release(actor=SYSTEM, release=release, environment=environment)
    run_server_task(deployment.task_id)
    deployment.task.refresh_from_db()
    deployment.refresh_from_db()
    return deployment


def approval_step() -> Step:
    return Step(
        id="",
        name="Approve",
        actions=(
            Action(
                id="",
                name="Approve",
                action_type="Octopus.Manual",
                properties={"Octopus.Action.Manual.Instructions": "Look at it."},
            ),
        ),
    )


def configured(step: Step, **properties: str) -> Step:
    """The step with more properties on its action."""
    (action,) = step.actions
    return replace(step, actions=(replace(action, properties={**action.properties, **properties}),))


def log(task: ServerTask) -> list[str]:
    return list(
        TaskLogLine.objects.filter(task=task).order_by("seq").values_list("text", flat=True)
    )


def test_a_script_runs_on_the_target_and_its_output_is_in_the_log(space, dev, target, sshd):
    body = 'echo "hello from $(get_octopusvariable Octopus.Machine.Name) to #{Octopus.Environment.Name}"'
    release = make_release(make_project(space, script_step(body=body)))

    deployment = deployed(release, dev)

    assert deployment.task.state == TaskState.SUCCESS.value
    assert f"hello from {target.name} to Development" in log(deployment.task)
    assert deployment.deployed_to_machines == [target.pk]
    assert sshd.runs == []
    seqs = list(TaskLogLine.objects.filter(task=deployment.task).values_list("seq", flat=True))
    assert sorted(seqs) == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize(("silent", "count"), [("", 1), ("True", 0)])
def test_two_values_of_one_scope_are_a_warning_in_the_log(space, dev, target, silent, count):
    project = make_project(space)
    rows = [VariableRow(name="Url", value="a"), VariableRow(name="url", value="b")]
    rows.append(VariableRow(name="OctopusSuppressDuplicateVariableWarning", value=silent))
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)

    lines = log(deployed(make_release(project), dev).task)

    assert sum("two values of the same scope" in line for line in lines) == count


def test_a_failing_script_fails_the_deployment_with_its_reason(space, dev, target):
    step = script_step("Break", 'fail_step "the disk is full"')

    deployment = deployed(make_release(make_project(space, step)), dev)

    assert deployment.task.state == TaskState.FAILED.value
    assert deployment.task.error_message == f"Break on {target.name}: the disk is full"
    assert deployment.failure_encountered
    assert deployment.task.nodes.get(key="1").status == "Failed"


def test_a_package_is_verified_extracted_configured_and_linked(space, dev, target, sshd):
    make_package(
        space,
        "Acme.Web",
        "1.2.3",
        **{
            "index.html": "Welcome to #{Octopus.Environment.Name}",
            "settings/app.json": '{"Url": "none"}',
            "PreDeploy.sh": "echo pre in $PWD",
            "Deploy.sh": 'echo "deploying $(get_octopusvariable Octopus.Action.Package.PackageVersion)"',
            "PostDeploy.sh": "echo post",
        },
    )
    step = configured(
        package_step("Acme.Web"),
        **{
            "Octopus.Action.EnabledFeatures": "Octopus.Features.SubstituteInFiles,Octopus.Features.JsonConfigurationVariables",
            "Octopus.Action.SubstituteInFiles.TargetFiles": "*.html",
            "Octopus.Action.Package.JsonConfigurationVariablesTargets": "settings/*.json",
            "Octopus.Action.CustomScripts.Deploy.sh": "echo inline; cat index.html",
            "Url": "https://shop",
        },
    )
    deployment = deployed(make_release(make_project(space, step)), dev)

    folder = sshd.home / ".octoplat/Applications/Development/Acme.Web"
    assert deployment.task.state == TaskState.SUCCESS.value, log(deployment.task)
    assert (folder / "1.2.3/index.html").read_text() == "Welcome to Development"
    assert (folder / "1.2.3/settings/app.json").read_text().split() == [
        "{", '"Url":', '"https://shop"', "}",
    ]  # fmt: skip
    assert (folder / "current").resolve() == (folder / "1.2.3").resolve()
    lines = log(deployment.task)
    assert [
        t for t in lines if t.startswith(("pre", "deploying", "inline", "Welcome", "post"))
    ] == [
        f"pre in {folder / '1.2.3'}",
        "deploying 1.2.3",
        "inline",
        "Welcome to Development",
        "post",
    ]
    outputs = deployment.task.outputs.values_list("name", "value")
    assert ("Package.InstallationDirectoryPath", str(folder / "1.2.3")) in outputs


def test_a_second_install_gets_a_folder_of_its_own(space, dev, target, sshd):
    make_package(space)
    release = make_release(make_project(space, package_step("Acme.Web")))

    deployed(release, dev)
    deployed(release, dev)

    folder = sshd.home / ".octoplat/Applications/Development/Acme.Web"
    assert (folder / "current").resolve().name == "1.0.0_1"
    assert (folder / "1.0.0").is_dir()


def test_scripts_may_ask_which_install_they_follow(space, dev, target, sshd):
    make_package(space, "Acme.Web", "1.2.3", **{"Deploy.sh": "echo first"})
    tentacle = "Octopus.Tentacle"
    ask = "; ".join(
        f'echo "$(get_octopusvariable {tentacle}.{name})"'
        for name in (
            "PreviousInstallation.PackageVersion",
            "PreviousInstallation.OriginalInstalledPath",
            "CurrentDeployment.PackageFilePath",
            "Agent.ApplicationDirectoryPath",
        )
    )
    project = make_project(space, package_step("Acme.Web"))
    deployed(make_release(project), dev)
    make_package(space, "Acme.Web", "1.3.0", **{"Deploy.sh": ask})

    lines = log(deployed(make_release(project), dev).task)

    home = sshd.home / ".octoplat"
    assert "1.2.3" in lines
    assert str(home / "Applications/Development/Acme.Web/1.2.3") in lines
    assert any(line.startswith(f"{home}/packages/") for line in lines)
    assert str(home / "Applications") in lines


def test_scripts_have_the_packages_they_name(space, dev, target, sshd):
    make_package(space, "Acme.Tool", "2.0.0", **{"bin/tool.txt": "a tool"})
    make_package(space, "Acme.Data", "3.1.0", **{"data.txt": "data"})
    body = """\
cat "$(get_octopusvariable 'Octopus.Action.Package[tool].ExtractedPath')/bin/tool.txt"; echo
file=$(get_octopusvariable 'Octopus.Action.Package[data].PackageFilePath')
echo "$(basename "$file") $(head -c 2 "$file")"
"""
    references = (
        PackageReference("", "Acme.Tool", name="tool"),
        PackageReference("", "Acme.Data", name="data", properties={"Extract": "False"}),
    )
    step = script_step(body=body, packages=references)

    lines = log(deployed(make_release(make_project(space, step)), dev).task)

    assert "a tool" in lines
    assert "Acme.Data.3.1.0.zip PK" in lines
    assert not list((sshd.home / ".octoplat/runs").glob("*-0/tool")), "gone with the action"


def test_a_script_may_come_from_a_package(space, dev, target):
    make_package(space, "Acme.Ops", "1.0.0", **{"bin/go.sh": 'echo "going $1"; ls', "here": ""})
    properties = {
        "Octopus.Action.Script.ScriptSource": "Package",
        "Octopus.Action.Script.ScriptFileName": "bin/go.sh",
        "Octopus.Action.Script.ScriptParameters": "fast",
    }
    step = script_step(properties=properties, packages=(PackageReference("", "Acme.Ops"),))

    lines = log(deployed(make_release(make_project(space, step)), dev).task)

    assert {"going fast", "here"} <= set(lines)


def test_a_package_is_not_sent_to_a_disk_without_room(space, dev, target, sshd):
    make_package(space, "Acme.Web", "1.2.3", **{"Deploy.sh": "echo first"})
    step = configured(package_step("Acme.Web"), OctopusFreeDiskSpaceOverrideInMegaBytes="999999999")

    deployment = deployed(make_release(make_project(space, step)), dev)

    assert deployment.task.state == TaskState.FAILED.value
    assert "are to stay free" in deployment.task.error_message
    assert not (sshd.home / ".octoplat/packages").exists()


def test_a_failed_install_runs_deploy_failed_and_leaves_the_link(space, dev, target, sshd):
    make_package(space, "Acme.Web", "1.0.0")
    make_package(
        space, "Acme.Web", "2.0.0", **{"Deploy.sh": "exit 4", "DeployFailed.sh": "echo sorry"}
    )
    project = make_project(space, package_step("Acme.Web"))
    deployed(make_release(project, packages=["Acme.Web:1.0.0"]), dev)

    deployment = deployed(make_release(project, packages=["Acme.Web:2.0.0"]), dev)

    folder = sshd.home / ".octoplat/Applications/Development/Acme.Web"
    assert deployment.task.state == TaskState.FAILED.value
    assert "sorry" in log(deployment.task)
    assert (folder / "current").resolve().name == "1.0.0"
    journal = (sshd.home / ".octoplat/installs.jsonl").read_text().splitlines()
    assert ['"succeeded": true' in line for line in journal] == [True, False]


def test_a_step_on_the_worker_sees_outputs_of_a_step_on_a_target(space, dev, target):
    tell = script_step("Tell", 'set_octopusvariable "Greeting" "good morning"')
    hear = Step(
        id="",
        name="Hear",
        actions=(
            Action(
                id="",
                name="Hear",
                action_type="Octopus.Script",
                properties={
                    RUN_ON_SERVER: "true",
                    "Octopus.Action.Script.ScriptBody": "echo heard #{Octopus.Action[Tell].Output.Greeting}",
                },
            ),
        ),
    )

    deployment = deployed(make_release(make_project(space, tell, hear)), dev)

    assert "heard good morning" in log(deployment.task)


def test_an_approval_parks_the_task_and_the_answer_lets_any_worker_go_on(
    space, dev, target, manager
):
    release = make_release(make_project(space, approval_step(), script_step(body="echo went on")))

    waiting = deployed(release, dev)
    question = Interruption.objects.get(task=waiting.task)
    assert (waiting.task.state, waiting.task.is_waiting) == (TaskState.EXECUTING.value, True)
    assert waiting.task.lease_until is None
    assert not waiting.task.holds_tag
    decide(actor=manager, interruption=question, result="Proceed", notes="fine")
    run_server_task(waiting.task_id)
    waiting.task.refresh_from_db()

    assert waiting.task.state == TaskState.SUCCESS.value
    assert "went on" in log(waiting.task)
    assert ("Manual.Notes", "fine") in waiting.task.outputs.values_list("name", "value")


def test_a_changed_host_key_fails_before_anything_is_sent(space, dev, sshd):
    target = add_target(space, dev, sshd, host_key=public_text(new_key()))

    run_server_task(0)  # the health check that its creation queued
    target.refresh_from_db()
    deployment = deployed(make_release(make_project(space)), dev)

    assert target.health == Health.UNHEALTHY.value
    assert target.offered_fingerprint.startswith("SHA256:")
    assert "Nothing was sent to it" in target.health_summary
    assert deployment.task.state == TaskState.FAILED.value
    assert not Path(sshd.home / ".octoplat").exists()


def test_a_health_check_tells_what_the_machine_is(target):
    run_server_task(0)

    target.refresh_from_db()
    assert target.health in (Health.HEALTHY.value, Health.WARNINGS.value), target.health_summary
    assert target.architecture
    assert target.shell_version
    assert target.checked_at


def test_a_package_that_was_removed_fails_before_any_target_is_touched(space, dev, target, sshd):
    package = make_package(space)
    release = make_release(make_project(space, package_step("Acme.Web")))
    deployment = deploy_release(actor=SYSTEM, release=release, environment=dev)
    Package.objects.filter(pk=package.pk).delete()

    run_server_task(deployment.task_id)

    deployment.task.refresh_from_db()
    assert deployment.task.state == TaskState.FAILED.value
    assert "is no longer in the feed" in deployment.task.error_message
    assert not (sshd.home / ".octoplat/Applications").exists()


def test_deployments_reach_every_target_of_the_environment(space, sshd):
    environment = make_environment(space)
    targets = [add_target(space, environment, sshd) for _ in range(3)]

    deployment = deployed(make_release(make_project(space)), environment)

    assert deployment.deployed_to_machines == [target.pk for target in targets]
    assert log(deployment.task).count("hello") == 3


@pytest.mark.promise("P9")
@pytest.mark.parametrize("loss", ["disabled", "stripped"])
def test_who_lost_the_right_while_it_was_queued_does_not_deploy(space, dev, loss):
    user = make_user()
    role = grant(user, "projectdeployer", space)
    make_target(space, dev)
    release = make_release(make_project(space, script_step()))
    deployment = deploy_release(actor=actor_for(user), release=release, environment=dev)
    if loss == "disabled":
        update_user(actor=actor_for(make_administrator()), user=user, is_active=False)
    else:
        remove_assignment(actor=SYSTEM, assignment=role)

    run_server_task(deployment.task_id)

    task = ServerTask.objects.get(pk=deployment.task_id)
    assert (task.state, task.error_message) == ("Failed", "requester no longer permitted")
    assert not task.plan
    assert log(task) == ["requester no longer permitted"]


@pytest.mark.promise("P9")
def test_who_lost_sight_of_a_target_does_not_check_it(space, dev):
    user = make_user()
    role = grant(user, "spacemanager", space)
    task = check_health(actor=actor_for(user), targets=[make_target(space, dev)])
    remove_assignment(actor=SYSTEM, assignment=role)

    run_server_task(task.pk)

    task.refresh_from_db()
    assert (task.state, task.error_message) == ("Failed", "requester no longer permitted")


def test_a_failure_parks_the_task_and_a_retry_goes_on_where_it_was(
    space, dev, target, sshd, manager
):
    step = script_step("Fragile", f'echo run >> "{sshd.home}/oracle"; test -e "{sshd.home}/mended"')
    first = script_step("First", f'echo first >> "{sshd.home}/oracle"')
    release = make_release(make_project(space, first, step, guided_failure="On"))

    deployment = deployed(release, dev)

    task = deployment.task
    assert (task.state, task.is_waiting, task.holds_tag) == ("Executing", True, True)
    asked = Interruption.objects.get(task=task)
    assert (asked.kind, asked.attempt, asked.title) == (
        "GuidedFailure",
        1,
        f"Fragile failed on {target.name}",
    )
    assert failures([asked])[asked.pk].exit_code == 1

    (sshd.home / "mended").touch()
    decide(actor=manager, interruption=asked, result="Retry")
    run_server_task(task.pk)

    task.refresh_from_db()
    deployment.refresh_from_db()
    assert (task.state, deployment.failure_encountered) == ("Success", False)
    assert (sshd.home / "oracle").read_text().split() == ["first", "run", "run"]


def test_an_ignored_failure_is_a_success_with_warnings_that_tells_of_the_failure(
    space, dev, target, manager
):
    release = make_release(make_project(space, script_step("Fragile", "exit 3")))
    dev.use_guided_failure = True
    dev.save()
    deployment = deployed(release, dev)

    asked = Interruption.objects.get(task=deployment.task)
    decide(actor=manager, interruption=asked, result="Ignore")
    run_server_task(deployment.task_id)

    deployment.refresh_from_db()
    deployment.task.refresh_from_db()
    assert deployment.task.state == TaskState.SUCCESS.value
    assert (deployment.task.has_warnings_or_errors, deployment.failure_encountered) == (True, True)
    assert deployment.deployed_to_machines == []


@pytest.mark.parametrize(("variable", "explicit", "asks"), [("False", True, 0), ("", True, 1)])
def test_the_variable_decides_whether_people_are_asked(
    space, dev, target, variable, explicit, asks
):
    project = make_project(space, script_step("Fragile", "exit 3"))
    rows = [VariableRow(name="Octopus.UseGuidedFailure", value=variable)]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)
    options = RunOptions(use_guided_failure=explicit)

    deployment = deploy_release(
        actor=SYSTEM, release=make_release(project), environment=dev, options=options
    )
    run_server_task(deployment.task_id)

    assert Interruption.objects.filter(task=deployment.task).count() == asks


def test_approving_after_a_newer_release_demands_a_second_confirmation(space, dev, target, manager):
    """domain.md 32."""
    project = make_project(space, approval_step(), script_step(body="echo went on"))
    old = deployed(make_release(project, "1.0"), dev)
    newer = deployed(make_release(project, "2.0"), dev)
    for question in Interruption.objects.filter(task=newer.task):
        decide(actor=manager, interruption=question, result="Proceed")
    run_server_task(newer.task_id)
    waiting = Interruption.objects.get(task=old.task)

    decide(actor=manager, interruption=waiting, result="Proceed")
    run_server_task(old.task_id)

    again = Interruption.objects.get(task=old.task, is_pending=True)
    assert again.subject == "2.0"
    assert "went on" not in log(old.task)
    decide(actor=manager, interruption=again, result="Proceed")
    run_server_task(old.task_id)
    old.task.refresh_from_db()
    assert old.task.state == TaskState.SUCCESS.value
    assert "went on" in log(old.task)


def test_a_failed_deployment_is_resumed_without_doing_again_what_succeeded(
    space, dev, target, sshd
):
    oracle = sshd.home / "oracle"
    first = script_step(
        "First",
        f'echo first >> "{oracle}"; set_octopusvariable Key morning; set_octopusvariable S x -sensitive',
    )
    second = script_step(
        "Second",
        f'echo "second $(get_octopusvariable "Octopus.Action[First].Output.Key")" >> "{oracle}"; '
        f'test -e "{sshd.home}/mended"',
    )
    failed = deployed(make_release(make_project(space, first, second)), dev)
    assert failed.task.state == TaskState.FAILED.value

    (sshd.home / "mended").touch()
    again = resume_task(actor=SYSTEM, task=failed.task)
    run_server_task(again.pk)

    again.refresh_from_db()
    assert again.state == TaskState.SUCCESS.value, again.error_message
    assert oracle.read_text().splitlines() == ["first", "second morning", "second morning"]
    assert again.nodes.get(key="1").status == "Success"
    assert Deployment.objects.get(task=again).deployed_to_machines == [target.pk]
    assert log(again)[0].startswith(f"Goes on where {failed.task.wire_id} ended")
    (secret,) = again.outputs.filter(name="S")
    assert secret.reveal("secret") == "x"


def test_what_succeeded_or_had_its_variables_updated_is_not_resumed(space, dev, target):
    done = deployed(make_release(make_project(space, script_step())), dev)
    with pytest.raises(Conflict, match="Only what failed"):
        resume_task(actor=SYSTEM, task=done.task)

    failed = deployed(make_release(make_project(space, script_step("Break", "exit 1"))), dev)
    update_variables(actor=SYSTEM, release=failed.release)
    with pytest.raises(Conflict, match="variables were updated"):
        resume_task(actor=SYSTEM, task=failed.task)
