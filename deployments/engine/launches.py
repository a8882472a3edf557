"""A script and everything it needs, as what a session starts."""

import shlex

from deployments.core import templates
from deployments.core.operations import Syntax
from deployments.core.script_helpers import command, compose
from deployments.engine.site import Site, StepFailed
from deployments.transports.base import Launch

_FILES = "@"  # stands for the folder of the run's files, which only the machine knows


def inline(site: Site, body: str, syntax: Syntax, parameters: str, folder: str) -> Launch:
    """A script of the step, with the variables and functions of the step."""
    return _launch(compose(syntax, body, values(site), _split(parameters)), syntax, "", folder)


def packaged(site: Site, path: str, syntax: Syntax, folder: str) -> Launch:
    """A script that is on the machine already, with the same around it."""
    return _launch(compose(syntax, None, values(site)), syntax, path, folder)


def values(site: Site) -> dict[str, str]:
    """Every variable with its value here. Raises StepFailed naming a chain that leads to itself."""
    variables = site.variables
    try:
        return {name: templates.get(variables, name).value or "" for name, _ in variables.items()}
    except (templates.SelfReference, templates.TemplateLimit) as exc:
        raise StepFailed(str(exc), may_retry=False) from exc


def _launch(files: dict[str, bytes], syntax: Syntax, path: str, folder: str) -> Launch:
    words = command(syntax, _FILES, path)
    text = " ".join(
        f'"$OCTOPLAT_RUN/files/{word.removeprefix(_FILES + "/")}"'
        if word.startswith(_FILES + "/")
        else shlex.quote(word)
        for word in words
    )
    return Launch(("sh", "-c", f"exec {text}"), files, folder)


def _split(parameters: str) -> list[str]:
    try:
        return shlex.split(parameters)
    except ValueError as exc:
        raise StepFailed(
            f"The script's parameters cannot be read: {exc}.", may_retry=False
        ) from exc
