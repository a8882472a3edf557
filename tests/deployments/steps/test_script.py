"""What a script step asks for."""

import pytest

from deployments.core.operations import RunScript, Syntax
from deployments.core.templates import Variables
from deployments.steps import ReadyAction, action_types, handler_for
from deployments.steps.base import BadAction
from deployments.steps.script import BODY, PARAMETERS, SOURCE, SYNTAX, ScriptStep


def ready(**properties: str) -> ReadyAction:
    return ReadyAction("Restart", properties, variables=Variables({}))


def test_a_script_is_run_in_its_language_with_its_parameters():
    action = ready(**{BODY: "print(1)", SYNTAX: "Python", PARAMETERS: "--fast now"})

    assert ScriptStep().work(action).operations == (
        RunScript("print(1)", Syntax.PYTHON, "--fast now"),
    )


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({BODY: "  "}, "The script is empty."),
        (
            {BODY: "true", SYNTAX: "Cobol"},
            "A script's language is one of Bash, Python, PowerShell.",
        ),
        ({SOURCE: "GitRepository"}, "Scripts can only be written inline here."),
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
