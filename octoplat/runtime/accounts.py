"""Whom the database server runs as. PostgreSQL refuses to run as root, so root hands it to an
account of its own: docs/decisions/0001-embedded-database-as-root.md."""

import os
import pwd
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER_UID = 61_000
"""A number outside the ranges that Debian, systemd and macOS give to people, daemons and containers.
It needs no entry in the list of accounts: files and processes carry numbers."""

_CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}
"""What lets a process pass folders it has no right to, least power first, by its bit number."""


class CannotDropRoot(Exception):
    """Root cannot start a server here that is not root; the text says what to do instead."""


@dataclass(frozen=True)
class Account:
    """An unprivileged user id. `capability`: kept so that it may pass closed parent folders."""

    uid: int
    capability: str = ""

    def command(self, argv: Sequence[str], death_signal: signal.Signals) -> list[str]:
        """`argv`, wrapped where only setpriv can keep a capability while it drops root."""
        if not self.capability:
            return list(argv)
        caps = f"-all,+{self.capability}"
        return [
            "setpriv",
            f"--reuid={self.uid}",
            f"--regid={self.uid}",
            "--clear-groups",
            f"--inh-caps={caps}",
            f"--ambient-caps={caps}",
            f"--bounding-set={caps}",
            # Else access(2), which PostgreSQL asks about its own files, ignores capabilities.
            "--securebits=+no_setuid_fixup",
            "--no-new-privs",
            f"--pdeathsig={death_signal.name.removeprefix('SIG')}",
            "--",
            *argv,
        ]

    def popen(self) -> dict[str, Any]:
        """Arguments for Popen that drop root, where setpriv does not do it."""
        if self.capability:
            return {}
        return {"user": self.uid, "group": self.uid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file or a whole folder to this account."""
        os.chown(path, self.uid, self.uid, follow_symlinks=False)
        if path.is_dir() and not path.is_symlink():
            for entry in path.iterdir():
                self.own(entry)


def server_account(*folders: Path) -> Account | None:
    """The account for a server that must reach `folders`; None: we are not root, so ourselves."""
    return _account(SERVER_UID, folders)


def creating_account(*folders: Path) -> Account | None:
    """The account for initdb, which insists on an entry in the list of accounts."""
    return _account(pwd.getpwnam("nobody").pw_uid, folders) if os.geteuid() == 0 else None


def _account(uid: int, folders: Sequence[Path]) -> Account | None:
    if os.geteuid() != 0:
        return None
    closed = [folder for folder in folders if not _can_be_entered(folder)]
    return Account(uid, _capability_for(closed[0]) if closed else "")


def _can_be_entered(folder: Path) -> bool:
    """Whether an account without any rights may pass all parents of `folder`."""
    parents = folder.absolute().parents
    return all(parent.stat().st_mode & 0o001 for parent in parents if parent.exists())


def _capability_for(folder: Path) -> str:
    if shutil.which("setpriv"):
        held = _held_capabilities()
        for name, bit in _CAPABILITIES.items():
            if held >> bit & 1:
                return name
    raise CannotDropRoot(
        f"PostgreSQL does not run as root, and another account cannot enter {folder} "
        "because a parent folder is closed to it. Start octoplat as an ordinary user, or set "
        "OCTOPLAT_HOME to a folder whose parents may be entered by everybody (mode 0711)."
    )


def _held_capabilities() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
    return int(lines.get("CapEff", "0"), 16)
