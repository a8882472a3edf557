"""What a package step asks for, in the order of domain.md 12.1."""

import pytest

from deployments.core.operations import (
    ConfigureDotNet,
    CopyToFolder,
    ExtractPackage,
    InstallRecord,
    Place,
    RecordInstall,
    ReplaceStructured,
    ReserveFolder,
    RunPackagedScript,
    RunScript,
    StopIfInstalled,
    SubstituteInFiles,
    SwitchLink,
    Syntax,
    TransferPackage,
)
from deployments.core.plan import ChosenPackage
from deployments.core.templates import Variables
from deployments.steps import ReadyAction
from deployments.steps.base import BadAction
from deployments.steps.package import (
    CUSTOM_FOLDER,
    FEATURES,
    PURGE,
    PURGE_KEEPS,
    REPLACE_SETTINGS,
    RUN_SCRIPTS,
    SKIP_INSTALLED,
    STRUCTURED,
    SUBSTITUTE_IN,
    TRANSFORM_BY_NAME,
    TRANSFORMS,
    PackageStep,
)

PACKAGE = ChosenPackage("Acme.Web", "1.2.3", sha256="ab")
RECORD = InstallRecord("Environments-1/Projects-2//s-1", "Acme.Web", "1.2.3", "ab")
PLACE = {
    "Octopus.Environment.Name": "Test",
    "Octopus.Environment.Id": "Environments-1",
    "Octopus.Project.Id": "Projects-2",
    "Octopus.Step.Id": "s-1",
}


def work(variables: dict[str, str] | None = None, **properties: str):
    action = ReadyAction(
        "Web", properties, {"": PACKAGE}, variables=Variables({**PLACE, **(variables or {})})
    )
    return PackageStep().work(action)


def test_the_shortest_step_installs_runs_packaged_scripts_and_switches():
    folder = "Applications/Test/Acme.Web"

    assert work().operations == (
        ReserveFolder(f"{folder}/1.2.3", RECORD),
        TransferPackage(PACKAGE),
        ExtractPackage(PACKAGE),
        RunPackagedScript("PreDeploy", Place.INSTALLED),
        RunPackagedScript("Deploy", Place.APPLICATION),
        SwitchLink(f"{folder}/current"),
        RunPackagedScript("PostDeploy", Place.APPLICATION),
    )


def test_everything_asked_for_comes_in_its_order():
    done = work(
        **{
            SKIP_INSTALLED: "True",
            "Octopus.Action.CustomScripts.PreDeploy.sh": "pre",
            "Octopus.Action.CustomScripts.Deploy.py": "deploy",
            "Octopus.Action.CustomScripts.PostDeploy.sh": "post",
            FEATURES: "Octopus.Features.SubstituteInFiles,Octopus.Features.JsonConfigurationVariables",
            SUBSTITUTE_IN: "*.html\n\nconf/*",
            STRUCTURED: "app.json",
            CUSTOM_FOLDER: "/srv/shop",
            PURGE: "True",
            PURGE_KEEPS: "uploads/**",
        }
    ).operations

    assert [operation for operation in done if not isinstance(operation, RunPackagedScript)] == [
        StopIfInstalled(RECORD),
        ReserveFolder("Applications/Test/Acme.Web/1.2.3", RECORD),
        TransferPackage(PACKAGE),
        ExtractPackage(PACKAGE),
        RunScript("pre", Syntax.BASH, place=Place.INSTALLED, title="PreDeploy script of the step"),
        SubstituteInFiles(("*.html", "conf/*")),
        ReplaceStructured(("app.json",)),
        CopyToFolder("/srv/shop", purge=True, kept=("uploads/**",)),
        RunScript(
            "deploy", Syntax.PYTHON, place=Place.APPLICATION, title="Deploy script of the step"
        ),
        SwitchLink("Applications/Test/Acme.Web/current"),
        RunScript(
            "post", Syntax.BASH, place=Place.APPLICATION, title="PostDeploy script of the step"
        ),
    ]


def test_a_forced_redeployment_does_not_stop_for_what_is_installed():
    forced = {"Octopus.Deployment.ForcePackageRedeployment": "True"}

    assert not any(
        isinstance(o, StopIfInstalled) for o in work(forced, **{SKIP_INSTALLED: "True"}).operations
    )


def test_failed_installs_are_noted_too_after_the_package_was_told():
    assert work().finish == (RecordInstall(RECORD, succeeded=True),)
    assert work().on_failure == (
        RunPackagedScript("DeployFailed", Place.APPLICATION),
        RecordInstall(RECORD, succeeded=False),
    )


def test_packaged_scripts_may_be_switched_off():
    done = work(**{RUN_SCRIPTS: "False"})

    assert not any(isinstance(operation, RunPackagedScript) for operation in done.operations)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ("Pre Prod", "Pre Prod"),
        ("../../etc", ".._.._etc"),
        ("..", "_.."),
        ("a/b;rm -rf $HOME", "a_b_rm -rf _HOME"),
    ],
)
def test_no_name_leaves_the_folder_it_is_put_in(environment, folder):
    first = work({"Octopus.Environment.Name": environment}).operations[0]

    assert first.path == f"Applications/{folder}/Acme.Web/1.2.3"


def test_a_custom_folder_must_be_absolute():
    with pytest.raises(BadAction, match="must be an absolute path"):
        work(**{CUSTOM_FOLDER: "shop"})


def test_a_release_without_the_package_is_refused():
    with pytest.raises(BadAction, match="holds no package"):
        PackageStep().work(ReadyAction("Web", {}))


def test_listed_transforms_come_before_those_called_like_the_environment():
    given = {
        FEATURES: "Octopus.Features.ConfigurationTransforms,Octopus.Features.ConfigurationVariables",
        TRANSFORMS: "*.Blue.config => *.config, Extra.config",
        TRANSFORM_BY_NAME: "True",
        REPLACE_SETTINGS: "True",
    }

    (wanted,) = [o for o in work(**given).operations if isinstance(o, ConfigureDotNet)]

    names = ("*.Blue.config => *.config", "Extra.config", "Release.config", "Test.config")
    assert wanted == ConfigureDotNet(names, replace_settings=True)


def test_without_the_feature_no_config_file_is_touched():
    asked = {TRANSFORM_BY_NAME: "True", REPLACE_SETTINGS: "True"}

    assert not [o for o in work(**asked).operations if isinstance(o, ConfigureDotNet)]
