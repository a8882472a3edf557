"""The task that deletes a space, as `spaces` asks for it. domain.md 2, 19.2."""

from functools import partial

from django.db import transaction

from deployments.core.states import TaskState
from deployments.models import ServerTask
from deployments.queue import enqueue
from deployments.queue.claiming import claim_alone
from spaces.access import authorize_system
from spaces.actors import Actor
from spaces.errors import Invalid
from spaces.models import Space
from spaces.permissions import Permission


class SpaceDeletions:
    """`spaces.services.spaces.DeletionQueue` on server tasks."""

    def blockers(self, space: Space) -> list[str]:
        claim_alone()
        begun = ServerTask.objects.in_space(space).active().exclude(state=TaskState.QUEUED.value)
        return [f"{task.wire_id} is not finished: {task}." for task in begun]

    def add(self, actor: Actor, space: Space) -> ServerTask:
        """Of the system, so the space's own stopped queue does not hold it up and it outlives the space."""
        task = ServerTask.objects.create(
            kind=ServerTask.Kind.DELETE_SPACE,
            description=f"Delete the space {space}",
            arguments={"SpaceId": space.wire_id},
            requested_by=actor.user,
            requested_with=actor.identity,
        )
        transaction.on_commit(partial(enqueue, task.pk))
        return task


@transaction.atomic
def delete_again(*, actor: Actor, task: ServerTask) -> ServerTask:
    """Go on with a deletion that failed on the way. Raises PermissionRefused, or Invalid when there is
    nothing left to delete."""
    authorize_system(actor, Permission.SPACE_DELETE)
    number = str(task.arguments["SpaceId"]).rpartition("-")[2]
    rest = Space.objects.select_for_update().filter(deletion_requested_at__isnull=False)
    space = rest.filter(pk=int(number)).first()
    if space is None or task.state != TaskState.FAILED.value:
        raise Invalid(f"{task} cannot be done again.")
    return SpaceDeletions().add(actor, space)
