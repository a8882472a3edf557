"""Where a release is in its lifecycle (api-dialect.md 8.9, LifecycleProgression)."""

from collections.abc import Mapping
from typing import Any

from deployments.api.cells import know_pending
from deployments.api.deployments import DeploymentResource
from deployments.api.tasks import TaskResource
from deployments.core.lifecycles import PhaseProgress, Progress
from deployments.models import Deployment, Release
from deployments.queries.progression import progression_of
from spaces.access import visible
from spaces.actors import Actor
from spaces.permissions import Permission


def lifecycle_progression_document(
    actor: Actor, release: Release, context: Mapping[str, Any]
) -> dict[str, Any]:
    """The phases of the release's lifecycle with what was deployed in each."""
    standing = progression_of(release)
    rows = visible(
        actor, Permission.DEPLOYMENT_VIEW, Deployment.objects.filter(release=release)
    ).select_related("task", "environment", "tenant", "release__process")
    deployments = list(rows)
    know_pending(deployments)
    return {
        "Phases": [_phase(phase, deployments, context) for phase in standing.phases],
        "NextDeployments": [f"Environments-{pk}" for pk in standing.next_deployments],
        "NextDeploymentsMinimumRequired": _needed_next(standing.phases),
        "Links": {},
    }


def _phase(
    judged: PhaseProgress, deployments: list[Deployment], context: Mapping[str, Any]
) -> dict[str, Any]:
    phase = judged.phase
    return {
        "Id": phase.id,
        "Name": phase.name,
        "Blocked": judged.blocked,
        "Progress": judged.progress.value,
        "Deployments": [
            {
                "Task": TaskResource(row.task, context=context).data,
                "Deployment": DeploymentResource(row, context=context).data,
            }
            for row in deployments
            if row.environment_id in phase.environments
        ],
        "AutomaticDeploymentTargets": [f"Environments-{pk}" for pk in phase.automatic],
        "OptionalDeploymentTargets": [f"Environments-{pk}" for pk in phase.manual],
        "MinimumEnvironmentsBeforePromotion": phase.minimum,
        "IsOptionalPhase": phase.is_optional,
    }


def _needed_next(phases: tuple[PhaseProgress, ...]) -> int:
    """How many environments of the current phase must succeed."""
    return next((p.phase.needed for p in phases if p.progress == Progress.CURRENT), 0)
