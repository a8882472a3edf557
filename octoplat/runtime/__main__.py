"""`python -m octoplat.runtime demo|run`: all of octoplat on this machine, until Ctrl-C.

demo: with a sample space, after a first release. run: with whatever is in the data folder.
--attached: end together with whoever started it, as under make.
"""

import argparse
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from octoplat.runtime import demo, demo_people
from octoplat.runtime.accounts import CannotDropRoot
from octoplat.runtime.postgres import START_SECONDS, Cluster, DatabaseUnavailable
from octoplat.runtime.processes import Program, end_with_parent
from octoplat.runtime.supervisor import StartFailed, Stopped, Supervisor, only_instance
from octoplat.settings import env

PORT = env.number("OCTOPLAT_PORT", 8000)
URL = f"http://127.0.0.1:{PORT}"


def python(name: str, *arguments: str, grace: float = 10.0) -> Program:
    """A Python program of this repository, in its own environment."""
    return Program(
        name,
        [sys.executable, *arguments],
        environment={"PYTHONUNBUFFERED": "1"},
        folder=env.ROOT,
        grace=grace,
    )


MIGRATE = python("migrate", "manage.py", "migrate", "--no-input", "--verbosity", "0")
WEB = python("web", "-m", "gunicorn", "--config", "python:octoplat.runtime.web", "octoplat.wsgi")
WORKER = python("worker", "-m", "octoplat.runtime.worker", grace=25.0)
TARGET = python("target", "-m", "octoplat.runtime.demo_target")
DEMO = python("demo", "-m", "octoplat.runtime.demo_start")


def main() -> int:
    arguments = _arguments()
    if arguments.attached:
        end_with_parent(signal.SIGTERM)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octoplat.settings.dev")
    try:
        with (
            only_instance(env.home() / "supervisor.lock"),
            _not_ready(),
            Supervisor() as supervisor,
        ):
            _start(supervisor, with_demo=arguments.mode == "demo")
            supervisor.say("Press Ctrl-C to stop.")
            supervisor.watch()
    except Stopped:
        pass
    except (StartFailed, DatabaseUnavailable, CannotDropRoot, env.BadSetting) as exc:
        print(f"octoplat does not run: {exc}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _not_ready() -> Iterator[None]:
    """`demo.json` says "ready": none is there before the start and after the stop. Inside the lock, so
    that a second start that is refused leaves the running one's file alone."""
    ready = env.home() / "demo.json"
    ready.unlink(missing_ok=True)
    try:
        yield
    finally:
        ready.unlink(missing_ok=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m octoplat.runtime")
    parser.add_argument("mode", choices=["demo", "run"])
    parser.add_argument("--attached", action="store_true")
    return parser.parse_args()


def _start(supervisor: Supervisor, *, with_demo: bool) -> None:
    _refuse_taken_port()
    if env.database().embedded:
        _start_database(supervisor)
    supervisor.run(MIGRATE, 300)
    supervisor.launch(TARGET)
    supervisor.launch(WORKER)
    web = supervisor.launch(WEB)
    supervisor.wait_until(_web_is_ready, web, 60)
    if with_demo:
        supervisor.run(DEMO, 600)
        _tell_access(supervisor)
    else:
        supervisor.say(f"octoplat is ready: {URL}")
        supervisor.say("For the first time? `manage.py install` makes the first administrator.")


def _refuse_taken_port() -> None:
    host = env.text("OCTOPLAT_HOST", "127.0.0.1")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, PORT))
        except OSError as exc:
            raise StartFailed(
                f"port {PORT} cannot be used ({exc.strerror}). OCTOPLAT_PORT chooses another."
            ) from exc


def _start_database(supervisor: Supervisor) -> None:
    home = env.home()
    cluster = Cluster(home / "postgres", env.socket_folder(home))
    child = supervisor.launch(cluster.prepare(), is_foundation=True)
    supervisor.wait_until(cluster.is_ready, child, START_SECONDS)
    cluster.create_role_and_database()


def _web_is_ready() -> bool:
    try:
        with urllib.request.urlopen(f"{URL}/readyz", timeout=5) as answer:  # noqa: S310 - our own
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _tell_access(supervisor: Supervisor) -> None:
    access = demo.read_access(env.home() / "demo.json")
    if access is None:
        raise StartFailed(f"{env.home() / 'demo.json'} is missing or damaged.")
    supervisor.say(f"octoplat is ready: {access.url}")
    supervisor.say(f"Sign in as {access.username} with the password {access.password}")
    if access.people:
        supervisor.say("or, to see what others may do, as:")
    for line in demo_people.table(access.people):
        supervisor.say(line)


if __name__ == "__main__":
    sys.exit(main())
