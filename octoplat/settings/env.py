"""Everything octoplat reads from the environment, in one place. Facts: docs/reference/settings.md."""

import contextlib
import hashlib
import os
import secrets
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]


class BadSetting(Exception):
    """A setting of the environment that cannot be used; the text says which and why."""


def flag(name: str, default: bool = False) -> bool:
    """True for 1/true/yes/on, in any case."""
    value = os.environ.get(name, "")
    return default if not value else value.strip().lower() in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    try:
        return int(value) if value else default
    except ValueError as exc:
        raise BadSetting(f"{name} must be a whole number, not {value!r}.") from exc


def listed(name: str) -> list[str]:
    """The comma-separated items of a variable, without blanks."""
    return [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]


def home() -> Path:
    """The data folder: database, keys, packages, logs of this installation."""
    return Path(os.environ.get("OCTOPLAT_HOME") or ROOT / ".octoplat").absolute()


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def secret_key() -> str:
    """What signs sessions and tokens: from OCTOPLAT_SECRET_KEY_FILE, or the installation's own key
    file, which is made at the first start and readable by its owner only."""
    path = Path(text("OCTOPLAT_SECRET_KEY_FILE") or home() / "keys" / "secret_key")
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(64))
    return path.read_text().strip()


def _write_once(path: Path, content: str) -> None:
    """Of two processes that start together one writes the file, whole; both then read it."""
    home().mkdir(mode=0o711, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def node() -> str:
    """The name of this machine among those that share the database."""
    return os.environ.get("OCTOPLAT_NODE") or socket.gethostname()


@dataclass(frozen=True)
class Database:
    """Where PostgreSQL is. `embedded` means that our own supervisor starts it."""

    name: str
    host: str
    port: str = ""
    user: str = ""
    password: str = ""
    options: tuple[tuple[str, str], ...] = ()
    embedded: bool = False

    def as_django(self, pool: int = 0) -> dict[str, Any]:
        """The entry of Django's DATABASES.

        pool: how many connections a process with many threads may share; 0: one kept per thread.
        """
        options: dict[str, Any] = dict(self.options)
        if pool:
            options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 5.0}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": self.name,
            "HOST": self.host,
            "PORT": self.port,
            "USER": self.user,
            "PASSWORD": self.password,
            "OPTIONS": options,
            "CONN_MAX_AGE": 0 if pool else 600,
            "CONN_HEALTH_CHECKS": True,
        }


def socket_folder(data: Path) -> Path:
    """Where the embedded server's socket lies. A Unix socket's path holds at most 107 bytes, so a
    deep installation folder gets a short one under the temporary directory instead."""
    folder = data / "run"
    if len(str(folder)) <= 80:
        return folder
    digest = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"octoplat-{os.getuid()}-{digest}"


def database() -> Database:
    """DATABASE_URL, or else the embedded server of this installation."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        return Database("octoplat", str(socket_folder(home())), user="octoplat", embedded=True)
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise BadSetting(
            "DATABASE_URL must start with postgresql://; other databases cannot do what octoplat needs."
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return Database(
        name=unquote(parts.path.lstrip("/")) or "octoplat",
        host=query.pop("host", "") or unquote(parts.hostname or ""),
        port=query.pop("port", "") or str(parts.port or ""),
        user=query.pop("user", "") or unquote(parts.username or ""),
        password=query.pop("password", "") or unquote(parts.password or ""),
        options=tuple(sorted(query.items())),
    )
