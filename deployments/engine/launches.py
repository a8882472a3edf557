"""A script and everything it needs, as what a session starts."""

import shlex
from collections.abc import Mapping

from deployments.core import templates
from deployments.core.operations import Syntax
from deployments.core.script_helpers import command, compose
from deployments.core.states import Category
from deployments.engine.site import Site, StepFailed
from deployments.transports.base import Launch

PRINT = "OctopusPrintVariables"
PRINT_EVALUATED = "OctopusPrintEvaluatedVariables"
HIDDEN = "********"
FILES = (
    "@"  # the folder of the run's files, which only the machine knows (`transports.base.Launch`)
)


def inline(site: Site, body: str, syntax: Syntax, parameters: str, folder: str) -> Launch:
    """A script of the step, with the variables and functions of the step."""
    files = compose(syntax, body, values(site), _split(parameters))
    return Launch(command(syntax, FILES), files, folder)


def packaged(site: Site, path: str, syntax: Syntax, folder: str, parameters: str = "") -> Launch:
    """A script that is on the machine already, with the same around it."""
    files = compose(syntax, None, values(site), _split(parameters))
    return Launch(command(syntax, FILES, path), files, folder)


def values(site: Site) -> dict[str, str]:
    """Every variable with its value here. Raises StepFailed naming a chain that leads to itself."""
    variables = site.variables
    try:
        return {name: templates.get(variables, name).value or "" for name, _ in variables.items()}
    except (templates.SelfReference, templates.TemplateLimit) as exc:
        raise StepFailed(str(exc), may_retry=False) from exc


def print_variables(site: Site) -> None:
    """Into the log, where the variables ask for it: for finding mistakes. domain.md 14.6.

    Sensitive values show as such, whatever their variables are called.
    """
    variables = site.variables
    if templates.get_flag(variables, PRINT):
        _print(site, "as they are written", {n: v or "" for n, v in variables.items()})
    if templates.get_flag(variables, PRINT_EVALUATED):
        _print(site, "evaluated", values(site))


def _print(site: Site, how: str, found: Mapping[str, str]) -> None:
    site.say(
        f"Printing the variables {how}. Turn this off when it is not needed.", Category.WARNING
    )
    for name in sorted(found, key=str.lower):
        text = HIDDEN if name.lower() in site.bound.sensitive else found[name]
        site.say(f"[{name}] = '{text}'", Category.VERBOSE)


def _split(parameters: str) -> list[str]:
    try:
        return shlex.split(parameters)
    except ValueError as exc:
        raise StepFailed(
            f"The script's parameters cannot be read: {exc}.", may_retry=False
        ) from exc
