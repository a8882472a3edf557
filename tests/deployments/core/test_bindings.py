"""What names mean in each place of a deployment. variables-and-versions.md 2-4."""

import pytest

from deployments.core import templates
from deployments.core.bindings import (
    Bindings,
    MachineFacts,
    Progress,
    ReleaseFacts,
    RunFacts,
    Standing,
    Thing,
)
from deployments.core.operations import OutputValue
from deployments.core.plan import ChosenPackage
from deployments.core.variables import Definition, VariableScope
from tests.deployments.engine.plans import planned, script

FACTS = RunFacts(
    environment=Thing("Environments-1", "Test"),
    release=ReleaseFacts(id="Releases-5", number="1.2.3", channel=Thing("Channels-1", "Default")),
    machines={
        1: MachineFacts(Thing("Machines-1", "shop1"), ("web",), "10.0.0.1", {"Ssh.Port": "22"})
    },
    environment_id=1,
    secrets={"a-Web": {"Octopus.Action.Token": "s3cret"}},
)
PLAN = planned(
    script("Web", "echo #{Greeting}"),
    script("Later"),
    machines=("shop1", "shop2"),
    packages={("a-Web", ""): ChosenPackage("Acme.Web", "1.0.0")},
)
NOTHING = Progress()
STEP = PLAN.steps[0]
ACTION = STEP.actions[0]
ONE, TWO = ACTION.machines


def value(name: str, machine=ONE, *, definitions=(), progress=NOTHING, facts=FACTS) -> str | None:
    bound = Bindings(facts, definitions, PLAN).bind(progress, STEP, ACTION, machine)
    return templates.get(bound.variables, name).value


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Octopus.Release.Number", "1.2.3"),
        ("octopus.release.number", "1.2.3"),
        ("Octopus.Release.Channel.Name", "Default"),
        ("Octopus.Environment.Name", "Test"),
        ("Octopus.Environment.SortOrder", "0"),
        ("Octopus.Environment.MachinesInRole[web]", "Machines-1"),
        ("Octopus.Machine.Name", "shop1"),
        ("Octopus.Machine.Hostname", "10.0.0.1"),
        ("Octopus.Endpoint.Ssh.Port", "22"),
        ("Octopus.Deployment.Targets[Machines-1].Name", "shop1"),
        ("Octopus.Step.Name", "Web"),
        ("Octopus.Step[Later].Number", "2"),
        ("Octopus.Action.Package.PackageVersion", "1.0.0"),
        ("Octopus.Action[Web].Package.PackageId", "Acme.Web"),
        ("Octopus.Action.TargetRoles", "web"),
        ("Octopus.Deployment.Tenant.Name", None),
        ("Octopus.Release.Previous.Number", None),
        ("Octopus.Deployment.Error", None),
    ],
)
def test_system_values_are_there_and_absent_ones_are_absent(name, expected):
    assert value(name) == expected


def test_a_value_scoped_to_a_machine_counts_there_alone():
    definitions = [
        Definition(1, "Color", "red"),
        Definition(2, "Color", "blue", VariableScope(machines=frozenset({TWO.id}))),
    ]

    assert value("Color", ONE, definitions=definitions) == "red"
    assert value("Color", TWO, definitions=definitions) == "blue"


def test_nothing_defined_hides_a_system_value():
    definitions = [Definition(1, "Octopus.Environment.Name", "Production")]

    assert value("Octopus.Environment.Name", definitions=definitions) == "Test"


def test_an_output_is_seen_by_step_by_machine_and_first_of_all_on_its_own_machine():
    progress = Progress(
        outputs=(
            OutputValue("Web", "Url", "http://one", machine=(ONE.id, "shop1")),
            OutputValue("Web", "Url", "http://two", machine=(TWO.id, "shop2")),
        )
    )

    name = "Octopus.Action[Web].Output.Url"
    assert value(name, ONE, progress=progress) == "http://one"
    assert value(name, TWO, progress=progress) == "http://two"
    assert value(name, None, progress=progress) == "http://two"
    assert value("Octopus.Action[Web].Output[shop1].Url", TWO, progress=progress) == "http://one"


def test_how_steps_stand_and_what_failed_can_be_asked():
    progress = Progress(steps={"Web": Standing("Failed", "no disk")}, error="Web: no disk")

    assert value("Octopus.Step[Web].Status.Code", progress=progress) == "Failed"
    assert value("Octopus.Step[Web].Status.Error", progress=progress) == "no disk"
    assert value("Octopus.Deployment.Error", progress=progress) == "Web: no disk"


def test_a_project_variable_may_use_an_output():
    progress = Progress(outputs=(OutputValue("Web", "Port", "8080"),))
    definitions = [Definition(1, "Address", "host:#{Octopus.Action[Web].Output.Port}")]

    assert value("Address", progress=progress, definitions=definitions) == "host:8080"


def test_sensitive_names_and_values_are_known():
    definitions = [
        Definition(1, "Key", "hunter2", is_sensitive=True),
        Definition(2, "Color", "red"),
    ]
    progress = Progress(outputs=(OutputValue("Web", "Pin", "1234", is_sensitive=True),))
    bindings = Bindings(FACTS, definitions, PLAN)

    bound = bindings.bind(progress, STEP, ACTION, ONE)

    assert set(bindings.secrets()) == {"hunter2", "s3cret"}
    assert bound.sensitive == {"key", "octopus.action.token", "octopus.action[web].output.pin"}
    assert templates.get(bound.variables, "Octopus.Action.Token").value == "s3cret"
