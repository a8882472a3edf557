"""What the queue and the node call. A message may arrive twice or late; the rows decide."""

import logging
import time

from deployments.core.states import TaskState
from deployments.engine import leases, reaper
from deployments.engine.runner import run
from deployments.models import ServerTask
from deployments.queries.run_kinds import run_kind
from deployments.services.interruptions import expire_interruptions
from deployments.services.promotion import sweep
from spaces import rates
from spaces.services.api_keys import announce_expiries

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 60
_swept_at = 0.0
TIDY_SECONDS = 3600
_tidied_at = float("-inf")


def run_server_task(task_id: int) -> None:
    """A doorbell: runs the next task that may run, and the next, until there is none. The id only says
    who rang."""
    logger.debug("ServerTasks-%s rang", task_id)
    while (lease := leases.claim()) is not None:
        run(lease)
        follow_up(lease.task_id)


def tick() -> None:
    """Called about once a second by every node."""
    reaper.reap()
    expire_interruptions()
    _sweep_promotions()
    _tidy()


def _tidy() -> None:
    """What a day needs once; each part finds out by itself whether there is anything to do."""
    global _tidied_at
    if time.monotonic() - _tidied_at > TIDY_SECONDS:
        _tidied_at = time.monotonic()
        announce_expiries()
        rates.forget_idle()


def _sweep_promotions() -> None:
    """Once in a while; any number of nodes may do it at once."""
    global _swept_at
    if time.monotonic() - _swept_at > SWEEP_SECONDS:
        _swept_at = time.monotonic()
        sweep()


def hand_over(node: str) -> None:
    """The node stops: its runs leave their tasks to others; scripts on machines go on."""
    leases.ask_hand_over(node)


def follow_up(task_id: int) -> None:
    """What follows a finished run. A failure here must not undo the result; the sweep does it again."""
    task = ServerTask.objects.filter(pk=task_id, state=TaskState.SUCCESS.value).first()
    kind = run_kind(task) if task else None
    if task is None or kind is None:
        return
    try:
        kind.follow_up(kind.load(task))
    except Exception:
        logger.exception("What follows ServerTasks-%s failed", task_id)
