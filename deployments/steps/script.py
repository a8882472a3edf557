"""Octopus.Script: an inline script on a target or a worker. domain.md 13."""

from collections.abc import Mapping

from deployments.core.operations import RunScript, Syntax, Work
from deployments.steps.base import BadAction, ReadyAction, handles

BODY = "Octopus.Action.Script.ScriptBody"
SYNTAX = "Octopus.Action.Script.Syntax"
SOURCE = "Octopus.Action.Script.ScriptSource"
PARAMETERS = "Octopus.Action.Script.ScriptParameters"
INLINE = "Inline"


@handles("Octopus.Script")
class ScriptStep:
    """Runs the body in its language, with the variables and functions of the step."""

    def problems(self, properties: Mapping[str, str]) -> list[str]:
        found = []
        if properties.get(SOURCE, INLINE) != INLINE:
            found.append("Scripts can only be written inline here.")
        elif not properties.get(BODY, "").strip():
            found.append("The script is empty.")
        if properties.get(SYNTAX, Syntax.BASH) not in set(Syntax):
            found.append(f"A script's language is one of {', '.join(Syntax)}.")
        return found

    def work(self, action: ReadyAction) -> Work:
        if problems := self.problems(action.properties):
            raise BadAction(" ".join(problems))
        script = RunScript(
            body=action.properties[BODY],
            syntax=Syntax(action.property(SYNTAX) or Syntax.BASH),
            parameters=action.property(PARAMETERS),
        )
        return Work((script,))
