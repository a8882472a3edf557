"""What every new space begins with. domain.md 2, api-dialect.md 8.1."""

from deployments.models import Feed, Lifecycle, MachinePolicy, ProjectGroup, WorkerPool
from spaces.actors import Actor
from spaces.models import Space


def furnish_space(actor: Actor, space: Space) -> None:
    """A project group, a lifecycle without phases, a machine policy, a worker pool, the built-in feed.

    Part of creating the space: no permission and no event of its own.
    """
    ProjectGroup.objects.create(
        space=space, name="Default Project Group", slug="default-project-group"
    )
    Lifecycle.objects.create(
        space=space, name="Default Lifecycle", slug="default-lifecycle", is_default=True
    )
    MachinePolicy.objects.create(
        space=space, name="Default Machine Policy", slug="default-machine-policy", is_default=True
    )
    WorkerPool.objects.create(
        space=space, name="Default Worker Pool", slug="default-worker-pool", is_default=True
    )
    Feed.objects.create(
        space=space,
        name="Octopus Server (built-in)",
        slug="octopus-server-built-in",
        feed_type=Feed.BUILT_IN,
    )
