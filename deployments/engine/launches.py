"""A script and everything it needs, as what a session starts."""

from deployments.core.operations import Syntax
from deployments.engine.site import Site
from deployments.transports.base import Launch


def launch(body: str, syntax: Syntax, parameters: str, site: Site, folder: str) -> Launch:
    """The script with the variables and functions of its step."""
    return Launch(
        ("bash", "-c", '. "$OCTOPLAT_RUN/files/script.sh"'), {"script.sh": body.encode()}, folder
    )
