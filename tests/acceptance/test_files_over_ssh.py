"""A deployment over SSH that uses every kind of variable and of file; the files are compared byte by byte."""

import pytest

from deployments.core.process import Step
from deployments.core.states import TaskState
from deployments.core.variables import VariableScope
from deployments.models import Deployment, Environment, Project
from deployments.queries.plan_inputs import RunOptions
from deployments.services.deployments import deploy_release
from deployments.services.projects import update_project
from deployments.services.space_defaults import furnish_space
from deployments.services.variables import VariableRow, create_library_set, save_variables
from deployments.tasks import run_server_task
from spaces.models import Space
from tests.deployments.engine.test_runner import add_target, configured, log
from tests.factories.deployments import (
    SYSTEM,
    make_environment,
    make_package,
    make_project,
    make_release,
    package_step,
    script_step,
)
from tests.ssh.servers import SshServer, sshd

__all__ = ["sshd"]

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "swordfish & <sons>"
SESSION = "session-canary-4711"
DEV_SCHEMA = "http://schemas.microsoft.com/XML-Document-Transform"

PREPARE = f"""
set_octopusvariable Build "4711 of #{{Octopus.Environment.Name}}"
set_octopusvariable Session {SESSION} -sensitive
echo "the session is {SESSION}"
"""
CHECK = """
cp notes.txt report.txt
new_octopusartifact report.txt "report of #{Octopus.Machine.Name}.txt"
echo "password: $(get_octopusvariable Db:Password)"
"""
FEATURES = ",".join(
    f"Octopus.Features.{name}"
    for name in (
        *("SubstituteInFiles", "JsonConfigurationVariables"),
        *("ConfigurationTransforms", "ConfigurationVariables", "CustomScripts"),
    )
)
PROPERTIES = {
    "Octopus.Action.EnabledFeatures": FEATURES,
    "Octopus.Action.SubstituteInFiles.TargetFiles": "notes.txt\nconf/windows.ini",
    "Octopus.Action.Package.JsonConfigurationVariablesTargets": "conf/app.json\nconf/app.yaml\nconf/app.xml\nconf/app.properties",
    "Octopus.Action.Package.AutomaticallyRunConfigurationTransformationFiles": "True",
    "Octopus.Action.Package.AutomaticallyUpdateAppSettingsAndConnectionStrings": "True",
    "Octopus.Action.CustomScripts.Deploy.sh": CHECK,
}

BEFORE = {
    "notes.txt": (
        "Colour: #{Colour}\nFrom the library: #{Greeting | ToUpper}\nFor: #{Customer}\n"
        "Build: #{Octopus.Action[Prepare].Output.Build}\n"
        "#{each host in Hosts}host #{host}\n#{/each}#{Nothing}\n"
    ),
    "conf/windows.ini": "[colour]\r\nname=#{Colour}\r\nkept=\u00e9\r\n",
    "untouched.txt": "#{Colour}\n",
    "conf/app.json": '{"Db": {"Password": "none", "Port": 1, "Hosts": []}, "Colour": "none"}',
    "conf/app.yaml": "# where to connect\nDb:\n  Port: 1 # as a number\n  Password: 'none'\n",
    "conf/app.xml": '<?xml version="1.0"?>\n<app><colour name="none">none</colour></app>\n',
    "conf/app.properties": "# colours\nColour = none\ndb.name: none\n",
    "Web.config": (
        '<configuration>\n  <appSettings>\n    <add key="Colour" value="none" />\n'
        '    <add key="Debug" value="true" />\n  </appSettings>\n</configuration>\n'
    ),
    "Web.Development.config": (
        f'<configuration xmlns:xdt="{DEV_SCHEMA}">\n  <appSettings>\n'
        '    <add key="Debug" xdt:Locator="Match(key)" value="false" '
        'xdt:Transform="SetAttributes(value)" />\n  </appSettings>\n</configuration>\n'
    ),
}

AFTER = {
    "notes.txt": (
        "Colour: blue\nFrom the library: HELLO\nFor: Acme\nBuild: 4711 of Development\n"
        "host a.example\nhost b.example\n#{Nothing}\n"
    ),
    "conf/windows.ini": "[colour]\r\nname=blue\r\nkept=\u00e9\r\n",
    "untouched.txt": "#{Colour}\n",
    "conf/app.json": (
        '{\n  "Db": {\n    "Password": "swordfish & <sons>",\n    "Port": 5432,\n    "Hosts": [\n'
        '      "a",\n      "b"\n    ]\n  },\n  "Colour": "blue"\n}'
    ),
    "conf/app.yaml": (
        "# where to connect\nDb:\n  Port: 5432 # as a number\n  Password: 'swordfish & <sons>'\n"
    ),
    "conf/app.xml": (
        '<?xml version="1.0"?>\n<app>\n'
        '  <colour name="blue">swordfish &amp; &lt;sons&gt;</colour>\n</app>'
    ),
    "conf/app.properties": "# colours\nColour = blue\ndb.name: shop\n",
    "Web.config": (
        '<configuration>\n  <appSettings>\n    <add key="Colour" value="blue" />\n'
        '    <add key="Debug" value="false" />\n  </appSettings>\n</configuration>\n'
    ),
    "Web.Development.config": BEFORE["Web.Development.config"],
}


@pytest.fixture
def space(space: Space) -> Space:
    furnish_space(SYSTEM, space)
    return space


@pytest.fixture
def dev(space: Space) -> Environment:
    return make_environment(space, name="Development")


def shop(space: Space, dev: Environment, *steps: Step) -> Project:
    """A project with variables of every kind."""
    shared = create_library_set(actor=SYSTEM, space=space, name="Shared")
    rows = [VariableRow("Greeting", "hello"), VariableRow("Colour", "from the library")]
    save_variables(actor=SYSTEM, variable_set=shared.variable_set, rows=rows)
    project = make_project(space, *steps)
    update_project(actor=SYSTEM, project=project, library_sets=[shared.pk])
    in_dev = VariableScope(environments=frozenset({dev.pk}))
    rows = [
        VariableRow("Colour", "red"),
        VariableRow("Colour", "blue", scope=in_dev),
        VariableRow("Customer", "nobody", prompt={"label": "For whom?", "required": True}),
        VariableRow("Db:Password", SECRET, is_sensitive=True),
        VariableRow("Db:Port", "5432"),
        VariableRow("Db:Hosts", '["a", "b"]'),
        VariableRow("db.name", "shop"),
        VariableRow("Hosts", "a.example,b.example"),
        VariableRow("/app/colour/@name", "#{Colour}"),
        VariableRow("/app/colour", "#{Db:Password}"),
    ]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)
    return project


def deployed(project: Project, environment: Environment, **answers: str) -> Deployment:
    deployment = deploy_release(
        actor=SYSTEM,
        release=make_release(project),
        environment=environment,
        options=RunOptions(form_values=answers),
    )
    run_server_task(deployment.task_id)
    deployment.task.refresh_from_db()
    return deployment


@pytest.mark.promise("S2")
def test_every_kind_of_variable_reaches_every_kind_of_file(
    space, dev, sshd: SshServer, api, manager
):
    target = add_target(space, dev, sshd)
    make_package(space, "Acme.Web", "1.0.0", **BEFORE)
    steps = script_step("Prepare", PREPARE), configured(package_step("Acme.Web"), **PROPERTIES)

    deployment = deployed(shop(space, dev, *steps), dev, Customer="Acme")

    lines = log(deployment.task)
    assert deployment.task.state == TaskState.SUCCESS.value, lines
    folder = sshd.home / ".octoplat/Applications/Development/Acme.Web/current"
    found = {name: (folder / name).read_bytes() for name in AFTER}
    assert found == {name: text.encode() for name, text in AFTER.items()}
    assert "password: ********" in lines
    assert "the session is ********" in lines
    assert not [line for line in lines if SECRET in line or SESSION in line]
    report = deployment.task.artifacts.get()
    assert report.file_name == f"report of {target.name}.txt"
    answer = api(manager).get(f"/api/{space.wire_id}/artifacts/{report.wire_id}/content")
    assert b"".join(answer.streaming_content) == AFTER["notes.txt"].encode()


def test_what_a_failing_script_left_is_kept(space, dev, sshd: SshServer, api, manager):
    add_target(space, dev, sshd)
    step = script_step(body="echo broken >why.txt; new_octopusartifact why.txt; exit 3")

    deployment = deployed(make_project(space, step), dev)

    assert deployment.task.state == TaskState.FAILED.value
    (listed,) = (
        api(manager)
        .get(f"/api/{space.wire_id}/artifacts?regarding={deployment.task.wire_id}")
        .json()["Items"]
    )
    assert listed["Filename"] == "why.txt"


@pytest.mark.parametrize(
    ("ignored", "state"), [("False", TaskState.FAILED), ("True", TaskState.SUCCESS)]
)
def test_a_broken_transform_fails_the_step_unless_told_otherwise(
    space, dev, sshd: SshServer, ignored, state
):
    add_target(space, dev, sshd)
    files = {"Web.config": "<configuration />", "Web.Development.config": "<configuration"}
    make_package(space, "Acme.Web", "1.0.0", **files)
    told = {"Octopus.Action.Package.IgnoreConfigTransformationErrors": ignored}
    project = make_project(space, configured(package_step("Acme.Web"), **PROPERTIES | told))

    deployment = deployed(project, dev)

    assert deployment.task.state == state.value
    assert any("Web.Development.config" in line for line in log(deployment.task))
