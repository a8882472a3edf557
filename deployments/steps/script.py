"""Octopus.Script: a script on a target or a worker, inline or from a package. domain.md 13."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from deployments.core.operations import (
    EXTENSIONS,
    FetchPackage,
    RunScript,
    RunScriptFile,
    Syntax,
    Work,
)
from deployments.steps.base import BadAction, ReadyAction, handles

BODY = "Octopus.Action.Script.ScriptBody"
SYNTAX = "Octopus.Action.Script.Syntax"
SOURCE = "Octopus.Action.Script.ScriptSource"
PARAMETERS = "Octopus.Action.Script.ScriptParameters"
FILE_NAME = "Octopus.Action.Script.ScriptFileName"
INLINE = "Inline"
PACKAGE = "Package"
NOT_ACQUIRED = "NotAcquired"


@handles("Octopus.Script")
class ScriptStep:
    """Runs the script with the variables and functions of the step, its packages beside it."""

    def problems(self, properties: Mapping[str, str]) -> list[str]:
        match properties.get(SOURCE, INLINE):
            case "Inline":
                return _problems_inline(properties)
            case "Package":
                return _problems_of_file(properties.get(FILE_NAME, "").strip())
        return ["A script is written inline or comes from a package."]

    def work(self, action: ReadyAction) -> Work:
        if problems := self.problems(action.properties):
            raise BadAction(" ".join(problems))
        fetched = tuple(_fetched(action))
        if action.property(SOURCE) == PACKAGE:
            if "" not in action.packages:
                raise BadAction("The release holds no package for this step.")
            file = RunScriptFile("", action.property(FILE_NAME), action.property(PARAMETERS))
            return Work((*fetched, file))
        script = RunScript(
            body=action.properties[BODY],
            syntax=Syntax(action.property(SYNTAX) or Syntax.BASH),
            parameters=action.property(PARAMETERS),
        )
        return Work((*fetched, script))


def _problems_inline(properties: Mapping[str, str]) -> list[str]:
    found = []
    if not properties.get(BODY, "").strip():
        found.append("The script is empty.")
    if properties.get(SYNTAX, Syntax.BASH) not in set(Syntax):
        found.append(f"A script's language is one of {', '.join(Syntax)}.")
    return found


def _problems_of_file(name: str) -> list[str]:
    if not name:
        return ["The name of the script in the package is missing."]
    if "#{" in name:
        return []
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        return ["The script's path must stay inside of the package."]
    if path.suffix.lower().lstrip(".") not in EXTENSIONS:
        endings = ", ".join(f".{extension}" for extension in EXTENSIONS)
        return [f"The script's name ends in one of {endings}."]
    return []


def _fetched(action: ReadyAction) -> Iterator[FetchPackage]:
    """The packages the script names, but for those that it gets itself, such as container images."""
    for reference in action.references:
        package = action.packages.get(reference.name)
        if package is None or reference.acquisition_location == NOT_ACQUIRED:
            continue
        is_extracted = reference.properties.get("Extract", "True").strip().lower() != "false"
        yield FetchPackage(reference.name, package, is_extracted or not reference.name)
