"""What waits for a person: interruptions that are pending. domain.md 18, ui.md 6."""

from django.db.models import QuerySet

from deployments.models import Interruption
from spaces.access import visible
from spaces.actors import Actor
from spaces.models import Space
from spaces.permissions import Permission


def waiting(actor: Actor, space: Space) -> "QuerySet[Interruption]":
    """The pending interruptions that the actor may see, longest waiting first."""
    rows = Interruption.objects.in_space(space).filter(is_pending=True)
    return (
        visible(actor, Permission.INTERRUPTION_VIEW, rows)
        .select_related("task__project", "task__environment", "responsible_user")
        .order_by("id")
    )


def waiting_count(actor: Actor, space: Space) -> int:
    rows = Interruption.objects.in_space(space).filter(is_pending=True)
    return visible(actor, Permission.INTERRUPTION_VIEW, rows).count()
