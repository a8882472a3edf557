"""/healthz: the process answers. /readyz: so does everything it needs. security-and-reliability.md R18.

Both are open to everybody, so they tell names and states and nothing about anybody's data.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from deployments.models import ServerTask
from deployments.queue.ringing import oldest_ring
from spaces.keyring import KeyUnavailable, master_keys
from spaces.models.data_keys import DataKey

FREE_SHARE = 0.1
RING_SECONDS = 60.0
LEASE_SECONDS = 60


class State(StrEnum):
    """Degraded: it works, and somebody should look."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """What one probe found. `text` is empty where nothing needs saying."""

    state: State = State.OK
    text: str = ""


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """503 while something is missing without which no request can be served."""
    findings = {name: _ask(probe) for name, probe in PROBES.items()}
    worst = max((finding.state for finding in findings.values()), key=list(State).index)
    body = {"state": worst, "checks": {name: vars(found) for name, found in findings.items()}}
    return JsonResponse(body, status=503 if worst is State.FAILED else 200)


def _ask(probe: Callable[[], Finding]) -> Finding:
    try:
        return probe()
    except Error:
        return Finding(State.FAILED, "The database does not answer.")


def database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding()


def migrations() -> Finding:
    """Asked of the database until it was right once: migrations do not come undone below a server."""
    global _is_migrated
    if not _is_migrated:
        executor = MigrationExecutor(connection)
        _is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return Finding() if _is_migrated else Finding(State.FAILED, "Migrations are missing.")


_is_migrated = False


def keys() -> Finding:
    """Whether the key file is there, and is the one that the database's secrets were sealed with."""
    try:
        ring = master_keys(may_create=lambda: not DataKey.objects.exists())
        for key_id in DataKey.objects.values_list("master", flat=True).distinct():
            ring.key(key_id)
    except KeyUnavailable:
        return Finding(State.FAILED, "The key of the secrets is missing, damaged or another one.")
    return Finding()


def disk() -> Finding:
    space = shutil.disk_usage(settings.HOME)
    if space.free < space.total * FREE_SHARE:
        return Finding(State.DEGRADED, "Less than 10 % of the disk is free.")
    return Finding()


def queue() -> Finding:
    """Whether somebody takes the messages."""
    if oldest_ring() > RING_SECONDS:
        return Finding(State.DEGRADED, "No worker takes messages.")
    return Finding()


def workers() -> Finding:
    """Whether every running task has an owner, or one is about to be found (R1)."""
    lost = ServerTask.objects.filter(lease_until__lt=Now() - timedelta(seconds=LEASE_SECONDS))
    if lost.exists():
        return Finding(State.DEGRADED, "A task lost its worker, and nobody has taken it over.")
    return Finding()


PROBES: dict[str, Callable[[], Finding]] = {
    "database": database,
    "migrations": migrations,
    "keys": keys,
    "disk": disk,
    "queue": queue,
    "workers": workers,
}
