"""Deployments as a kind of process run."""

from collections.abc import Mapping

from deployments.core.bindings import RunFacts
from deployments.core.plan import Plan
from deployments.models import Deployment, ServerTask
from deployments.queries.blockers import Blocker, deploy_blockers, start_blockers
from deployments.queries.deployment_facts import deployment_facts
from deployments.queries.plan_inputs import RunOptions
from deployments.services.deployments import deploy_release
from deployments.services.promotion import promote
from spaces.actors import Actor
from spaces.permissions import Permission

READ = (
    "space",
    "project__group",
    "project__space",
    "release__project",
    "release__channel",
    "channel",
    "environment",
    "tenant",
    "task__requested_by",
)


class DeploymentRuns:
    """`deployments.queries.run_kinds.RunKind`."""

    event = "Deployment"
    permission = Permission.DEPLOYMENT_CREATE
    source = Permission.RELEASE_VIEW
    relation = "deployment"
    again = "Deploy again"
    head = "deployments/partials/deployment_head.html"
    paths: Mapping[str, str] = {
        "deployments": "deployment__id",
        "releases": "deployment__release_id",
    }

    def load(self, task: ServerTask) -> Deployment:
        return Deployment.objects.select_related(*READ).get(task=task)

    def facts(self, run: Deployment, plan: Plan) -> RunFacts:
        return deployment_facts(run, plan)

    def start_blockers(self, run: Deployment) -> list[Blocker]:
        return start_blockers(run.release, run.environment, run.tenant)

    def again_blockers(self, actor: Actor, run: Deployment) -> list[Blocker]:
        return deploy_blockers(actor, run.release, run.environment, tenant=run.tenant)

    def do_again(self, actor: Actor, run: Deployment) -> Deployment:
        return deploy_release(
            actor=actor,
            release=run.release,
            environment=run.environment,
            tenant=run.tenant,
            options=RunOptions.of(run),
        )

    def follow_up(self, run: Deployment) -> None:
        """What the lifecycle starts by itself."""
        promote(run.release, cause=f"{run} succeeded")
