"""One octoplat into another: here, one space into another through the whole REST API."""

import pytest
from django.core.management import CommandError, call_command

from deployments.core.process import PackageReference
from deployments.core.variables import VariableScope
from deployments.models import (
    Channel,
    Environment,
    LibraryVariableSet,
    Lifecycle,
    Phase,
    Process,
    Project,
    Target,
    Variable,
)
from deployments.services.variables import VariableRow, save_variables
from octoplat.imports.copying import Copy
from octoplat.imports.local import LocalServer
from spaces.models import ApiKey
from spaces.services.api_keys import create_api_key
from tests.factories.deployments import (
    SYSTEM,
    make_channel,
    make_environment,
    make_furnished_space,
    make_lifecycle,
    make_project,
    make_target,
    script_step,
)
from tests.factories.spaces import actor_for, grant, make_user

# the application ends the connection with each request, as it does in production
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def boss():
    return make_user(username="boss")


@pytest.fixture
def servers(boss):
    """A furnished space with a whole project in it, and an empty one."""
    theirs, ours = make_furnished_space(), make_furnished_space()
    for space in (theirs, ours):
        grant(boss, "spacemanager", space)
    test = make_environment(theirs, name="Copied test")
    make_target(theirs, test, name="shop")
    lifecycle = make_lifecycle(theirs, name="Copied lifecycle")
    phase = Phase.objects.create(space=theirs, lifecycle=lifecycle, name="Test", sort_order=0)
    phase.environments.create(space=theirs, environment=test)
    step = script_step(
        "Go",
        packages=(PackageReference("", "Acme.Tool", name="tool"),),
        environments=(test.pk,),
    )
    project = make_project(theirs, step, name="Shop", lifecycle=lifecycle)
    make_channel(project, name="Beta", lifecycle=lifecycle)
    rows = [
        VariableRow(
            name="Url", value="https://test", scope=VariableScope(environments=frozenset({test.pk}))
        ),
        VariableRow(name="Key", value="hunter2", is_sensitive=True),
    ]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)
    _, key = create_api_key(actor=actor_for(boss), user=boss, purpose="import")
    return theirs, ours, key


def copied(servers):
    theirs, ours, key = servers
    source, target = (LocalServer(key, f"/api/{space.wire_id}") for space in (theirs, ours))
    return Copy(source, target).run()


def test_a_project_arrives_with_everything_it_needs(servers):
    ours = servers[1]

    report = copied(servers)

    assert report.problems == []
    project = Project.objects.get(space=ours, name="Shop")
    test = Environment.objects.get(space=ours, name="Copied test")
    assert project.lifecycle == Lifecycle.objects.get(space=ours, name="Copied lifecycle")
    assert Target.objects.get(space=ours, name="shop").environments.get().environment == test
    assert Channel.objects.filter(project=project, name="Beta").exists()
    (step,) = Process.objects.get(project=project).parsed()
    assert step.actions[0].environments == (test.pk,)
    assert step.actions[0].packages[0].package_id == "Acme.Tool"
    assert set(Variable.objects.filter(set__project=project).values_list("name", flat=True)) == {
        "Url",
        "Key",
    }


def test_secrets_do_not_travel_but_are_named(servers):
    report = copied(servers)

    assert "variable Key of project Shop" in report.secrets
    assert "hunter2" not in "\n".join(report.lines())


def test_a_second_run_changes_nothing(servers):
    ours = servers[1]
    copied(servers)
    kinds = (Project, Environment, Lifecycle, Channel, Target, Variable, LibraryVariableSet)
    before = [kind.objects.filter(space=ours).count() for kind in kinds]

    report = copied(servers)

    assert not report.created
    assert [kind.objects.filter(space=ours).count() for kind in kinds] == before


class TestCommand:
    def test_it_says_what_is_missing(self):
        with pytest.raises(CommandError, match="OCTOPLAT_IMPORT_API_KEY"):
            call_command("import_server", url="http://127.0.0.1:1", username="boss")

    def test_a_server_that_is_not_there_leaves_no_key_behind(self, boss):
        with pytest.raises(CommandError, match="may be repeated"):
            call_command(
                "import_server", url="http://127.0.0.1:1", api_key="API-X", username="boss"
            )

        assert not ApiKey.objects.exists()
