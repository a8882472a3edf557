"""Child processes whose pipes can be closed, even while a program they started still holds the other end."""

import asyncio
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from typing import Any

from deployments.transports.base import BLOCK


async def start_program(*command: str, **given: Any) -> tuple[Process, asyncio.SubprocessTransport]:
    """A program in a session of its own, with three pipes. given: `env`, `cwd`.

    The caller closes the transport in the end: that closes the pipes, and kills what still runs.
    `asyncio.create_subprocess_exec` keeps the transport to itself. Raises OSError.
    """
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: SubprocessStreamProtocol(limit=BLOCK, loop=loop),
        *command,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
        **given,
    )
    return Process(transport, protocol, loop), transport
