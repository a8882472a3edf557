"""Variables in the files of an installed package. variables-and-versions.md 9.

Files are read through the session, changed by pure functions here, and written back, so that nothing
but sh is needed on the machine.
"""

from collections.abc import Sequence

from deployments.core.operations import SubstituteInFiles
from deployments.engine.site import Site


async def substitute(site: Site, wanted: SubstituteInFiles) -> None:
    raise NotImplementedError


async def replace_structured(site: Site, patterns: Sequence[str]) -> None:
    raise NotImplementedError
