"""Refuse to start insecure: security-and-reliability.md S24, 7.4. docs/reference/settings.md says how to.

Django's own deployment checks count too. Every reason is told at once.
"""

import logging
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import WARNING, CheckMessage, Error, Tags, register, run_checks
from django.db import Error as DatabaseError
from django.db import connections

from octoplat.settings import env
from spaces.keyring import KeyUnavailable
from spaces.secrets import check_keys

logger = logging.getLogger(__name__)


def refuse_insecure() -> None:
    """Raises SystemExit with all reasons, where settings must be secure and are not."""
    if not settings.MUST_BE_SECURE:
        return
    found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    found.sort(key=lambda message: not str(message.id).startswith("octoplat"))  # causes first
    reasons = [str(m.msg) for m in found if m.level >= WARNING and not m.is_silenced()]
    if reasons:
        listed = "".join(f"\n- {reason}" for reason in reasons)
        raise SystemExit(f"octoplat does not start with insecure settings:{listed}")


def refuse_wrong_keys() -> None:
    """Raises SystemExit where the key file does not open what the database holds.

    For the start of a process that forks later: it leaves no connection open. A database that is away
    says nothing about keys; /readyz asks again (R18).
    """
    try:
        check_keys()
    except KeyUnavailable as exc:
        raise SystemExit(f"octoplat does not start without the key of its secrets: {exc}") from exc
    except DatabaseError as exc:
        logger.warning("The database could not be asked about keys: %s", str(exc).strip())
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]  # of PostgreSQL's


@register(Tags.database)
def keys_open_secrets(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Part of `migrate` and of `check --database default`. An empty database needs no key."""
    if not databases:
        return []
    try:
        check_keys()
    except KeyUnavailable as exc:
        return [Error(str(exc), id="octoplat.E007")]
    except DatabaseError:
        return []
    return []


@register(Tags.security, deploy=True)
def hosts_are_named(**_: Any) -> list[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        return [Error("OCTOPLAT_ALLOWED_HOSTS must name hosts, not *.", id="octoplat.E001")]
    return []


@register(Tags.security, deploy=True)
def public_url_is_safe(**_: Any) -> list[CheckMessage]:
    address = urlsplit(settings.PUBLIC_URL)
    if address.scheme not in {"http", "https"} or not address.hostname:
        return [
            Error(
                "OCTOPLAT_PUBLIC_URL must say where people reach octoplat, such as "
                "https://deploy.example.com.",
                id="octoplat.E002",
            )
        ]
    if address.scheme == "http" and not getattr(settings, "MAY_BE_PLAIN", False):
        return [
            Error(
                "OCTOPLAT_PUBLIC_URL must start with https://. Set OCTOPLAT_ALLOW_HTTP=1 only where "
                "nobody can listen on the network.",
                id="octoplat.E003",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def database_is_real(**_: Any) -> list[CheckMessage]:
    if env.database().embedded:
        return [
            Error(
                "DATABASE_URL must name a PostgreSQL server; the embedded one is for trying out.",
                id="octoplat.E004",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def keys_are_private(**_: Any) -> list[CheckMessage]:
    """The key files are for the server's user alone."""
    folder = Path(settings.KEYS_FOLDER)
    paths = [folder, *folder.iterdir()] if folder.is_dir() else []
    if path := env.text("OCTOPLAT_SECRET_KEY_FILE"):
        paths.append(Path(path))
    return [
        Error(f"{path} can be read by others; chmod go= {path}.", id="octoplat.E005")
        for path in paths
        if os.stat(path).st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]


@register(Tags.security, deploy=True)
def passwords_are_hashed_slowly(**_: Any) -> list[CheckMessage]:
    if not settings.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher"):
        return [Error("PASSWORD_HASHERS must begin with Argon2.", id="octoplat.E006")]
    return []
