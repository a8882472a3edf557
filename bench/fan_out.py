"""One script on many SSH targets: the real engine against a bare asyncssh loop, in the same run.

Both reach the same sshd on loopback with the same window, ciphers and number of connections at once;
the engine also plans, journals, masks, stores the log, and cleans up.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.database import start_database
from bench.rows import Row
from tests.ssh.servers import SSHD, SshServer, free_port, new_key, start_sshd, stop

COUNTS = (1, 10, 50, 200)
WINDOW = 50
STEPS = 20
SCRIPT = "echo hello"


def fan_out() -> Iterator[Row]:
    """Seconds for 1 to 200 targets, and what one more step costs. Nothing where there is no sshd."""
    if not Path(SSHD).exists():
        return
    with ExitStack() as things:
        folder = Path(things.enter_context(tempfile.TemporaryDirectory(prefix="octoplat-bench-")))
        folder.chmod(0o711)
        start_database(folder, things)
        (folder / "ssh").mkdir()
        server = start_sshd(folder / "ssh", new_key(), new_key(), free_port())
        things.callback(stop, server)
        stage = _Stage(server)
        for count in COUNTS:
            measured = stage.deploy(count, steps=1)
            bare = asyncio.run(_bare_loop(server, count))
            yield Row(f"1 script on {count} targets", measured, "s", bare, aim="≤ 1.5 at 50")
        one, many = stage.deploy(1, steps=1), stage.deploy(1, steps=1 + STEPS)
        bare_step = asyncio.run(_bare_step(server))
        yield Row(
            "one more no-op step", 1000 * (many - one) / STEPS, "ms", bare_step, aim="≤ 50 ms"
        )


class _Stage:
    """Spaces whose targets are all the same sshd."""

    def __init__(self, server: SshServer) -> None:
        from deployments.tasks import run_server_task
        from tests.factories import deployments as made

        self._made: Any = made
        self._run: Callable[[int], None] = run_server_task
        self._server = server

    def deploy(self, targets: int, steps: int) -> float:
        """Seconds from the doorbell to the end of the task; the median of three for few targets."""
        space = self._made.make_furnished_space()
        environment = self._made.make_environment(space)
        endpoint = self._server.endpoint()
        account = self._made.make_account(
            space,
            account_type="SshKeyPair",
            username=endpoint.username,
            private_key=endpoint.private_key,
            password="",
        )
        for _ in range(targets):
            self._made.make_target(
                space,
                environment,
                host="127.0.0.1",
                port=self._server.port,
                host_key=self._server.host_key,
                account=account,
            )
        release = self._release(space, steps)
        self._run(0)  # the health checks of the new targets
        runs = 3 if targets <= 10 else 1
        return statistics.median(self._timed(release, environment) for _ in range(runs))

    def _release(self, space: Any, steps: int) -> Any:
        from deployments.models import Variable

        made = self._made
        scripts = [made.script_step(f"Step {number}", SCRIPT) for number in range(steps)]
        project = made.make_project(space, *scripts)
        Variable.objects.create(
            space=space,
            set=project.variable_set,
            name="Octopus.Action.MaxParallelism",
            value=str(WINDOW),
        )
        return made.make_release(project)

    def _timed(self, release: Any, environment: Any) -> float:
        from deployments.services.deployments import deploy_release

        deployment = deploy_release(
            actor=self._made.SYSTEM, release=release, environment=environment
        )
        began = time.perf_counter()
        self._run(deployment.task_id)
        took = time.perf_counter() - began
        deployment.task.refresh_from_db()
        if not deployment.task.is_success:
            raise RuntimeError(deployment.task.error_message)
        return took


async def _bare_loop(server: SshServer, count: int) -> float:
    from deployments.transports.ssh import AT_ONCE, connect

    window, gate = asyncio.Semaphore(WINDOW), asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with window:
            async with gate:
                connection = await connect(server.endpoint())
            await connection.run("bash -s", input=SCRIPT, check=True)
            connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(count)))
    return time.perf_counter() - began


async def _bare_step(server: SshServer) -> float:
    """Milliseconds of one script on an open connection."""
    from deployments.transports.ssh import connect

    connection = await connect(server.endpoint())
    began = time.perf_counter()
    for _ in range(STEPS):
        await connection.run("bash -s", input=SCRIPT, check=True)
    took = time.perf_counter() - began
    connection.close()
    return 1000 * took / STEPS
