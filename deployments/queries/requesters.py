"""Whether whoever asked for a task may still ask for it when it starts. P9: people are disabled, and lose
roles, while their tasks wait in the queue."""

from collections.abc import Iterable

from deployments.models import ProcessRun, ServerTask, Target
from spaces.access import allowed
from spaces.actors import Actor
from spaces.models import SpaceOwned
from spaces.permissions import Permission

NO_LONGER = "requester no longer permitted"


def may_still_start(run: ProcessRun, permission: Permission) -> bool:
    return _holds(run.task, permission, [run])


def may_still_check(task: ServerTask, targets: Iterable[Target]) -> bool:
    """Checks also follow from creating a target, so seeing the targets is enough."""
    return _holds(task, Permission.MACHINE_VIEW, targets)


def _holds(task: ServerTask, permission: Permission, things: Iterable[SpaceOwned]) -> bool:
    """True for what octoplat does by itself. A disabled user holds nothing (spaces.access)."""
    if task.requested_by is None:
        return True
    requester = Actor(user=task.requested_by, identity="Requester")
    return all(allowed(requester, permission, thing) for thing in things)
