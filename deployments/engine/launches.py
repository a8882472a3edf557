"""A script and everything it needs, as what a session starts."""

import shlex

from deployments.core import templates
from deployments.core.operations import Syntax
from deployments.core.script_helpers import command, compose
from deployments.engine.site import Site, StepFailed
from deployments.transports.base import Launch

FILES = (
    "@"  # the folder of the run's files, which only the machine knows (`transports.base.Launch`)
)


def inline(site: Site, body: str, syntax: Syntax, parameters: str, folder: str) -> Launch:
    """A script of the step, with the variables and functions of the step."""
    files = compose(syntax, body, values(site), _split(parameters))
    return Launch(command(syntax, FILES), files, folder)


def packaged(site: Site, path: str, syntax: Syntax, folder: str) -> Launch:
    """A script that is on the machine already, with the same around it."""
    return Launch(command(syntax, FILES, path), compose(syntax, None, values(site)), folder)


def values(site: Site) -> dict[str, str]:
    """Every variable with its value here. Raises StepFailed naming a chain that leads to itself."""
    variables = site.variables
    try:
        return {name: templates.get(variables, name).value or "" for name, _ in variables.items()}
    except (templates.SelfReference, templates.TemplateLimit) as exc:
        raise StepFailed(str(exc), may_retry=False) from exc


def _split(parameters: str) -> list[str]:
    try:
        return shlex.split(parameters)
    except ValueError as exc:
        raise StepFailed(
            f"The script's parameters cannot be read: {exc}.", may_retry=False
        ) from exc
