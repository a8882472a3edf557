"""What a script step asks for."""

import pytest

from deployments.core.operations import FetchPackage, RunScript, RunScriptFile, Syntax
from deployments.core.plan import ChosenPackage
from deployments.core.process import PackageReference
from deployments.core.templates import Variables
from deployments.steps import ReadyAction, action_types, handler_for
from deployments.steps.base import BadAction
from deployments.steps.script import BODY, FILE_NAME, PARAMETERS, SOURCE, SYNTAX, ScriptStep


def ready(**properties: str) -> ReadyAction:
    return ReadyAction("Restart", properties, variables=Variables({}))


def test_a_script_is_run_in_its_language_with_its_parameters():
    action = ready(**{BODY: "print(1)", SYNTAX: "Python", PARAMETERS: "--fast now"})

    assert ScriptStep().work(action).operations == (
        RunScript("print(1)", Syntax.PYTHON, "--fast now"),
    )


def test_packages_are_fetched_before_the_script_but_for_what_it_gets_itself():
    tool, image, site = (ChosenPackage(name, "1.0") for name in ("Tool", "image", "Site"))
    references = (
        PackageReference("1", "Tool", name="tool"),
        PackageReference("2", "image", name="image", acquisition_location="NotAcquired"),
        PackageReference("3", "Site", name="site", properties={"Extract": "False"}),
    )
    packages = {"tool": tool, "image": image, "site": site}
    action = ReadyAction("Go", {BODY: "go"}, packages, references=references)

    assert ScriptStep().work(action).operations == (
        FetchPackage("tool", tool),
        FetchPackage("site", site, is_extracted=False),
        RunScript("go"),
    )


def test_a_script_may_come_from_the_primary_package():
    package = ChosenPackage("Ops", "1.0")
    properties = {SOURCE: "Package", FILE_NAME: "bin/go.py", PARAMETERS: "now"}
    reference = PackageReference("1", "Ops", properties={"Extract": "False"})
    action = ReadyAction("Go", properties, {"": package}, references=(reference,))

    assert ScriptStep().work(action).operations == (
        FetchPackage("", package),
        RunScriptFile("", "bin/go.py", "now"),
    )


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({BODY: "  "}, "The script is empty."),
        (
            {BODY: "true", SYNTAX: "Cobol"},
            "A script's language is one of Bash, Python, PowerShell.",
        ),
        ({SOURCE: "GitRepository"}, "A script is written inline or comes from a package."),
        ({SOURCE: "Package"}, "The name of the script in the package is missing."),
        (
            {SOURCE: "Package", FILE_NAME: "../up.sh"},
            "The script's path must stay inside of the package.",
        ),
        (
            {SOURCE: "Package", FILE_NAME: "run.exe"},
            "The script's name ends in one of .sh, .py, .ps1.",
        ),
    ],
)
def test_what_cannot_run_is_a_problem_when_it_is_saved_and_when_it_is_run(properties, problem):
    assert ScriptStep().problems(properties) == [problem]
    with pytest.raises(BadAction, match=problem[:20]):
        ScriptStep().work(ready(**properties))


def test_a_type_nobody_handles_is_refused_by_name():
    with pytest.raises(BadAction, match=r"Octopus\.Kubernetes"):
        handler_for("Octopus.Kubernetes")


def test_these_types_can_be_run():
    assert action_types() == ["Octopus.Manual", "Octopus.Script", "Octopus.TentaclePackage"]
