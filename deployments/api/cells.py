"""A deployment as a cell of dashboards and progressions (api-dialect.md 8.33)."""

from collections.abc import Collection
from typing import Any

from deployments.api.tasks import duration_of, has_pending
from deployments.models import Deployment, Interruption
from spaces.api.documents import Timestamp


def item_document(
    deployment: Deployment, *, is_current: bool = True, is_previous: bool = False
) -> dict[str, Any]:
    """A deployment as a cell of the dashboard. Its task, release and environment are loaded."""
    task = deployment.task
    moment = Timestamp().to_representation
    return {
        "Id": deployment.wire_id,
        "ProjectId": f"Projects-{deployment.project_id}",
        "EnvironmentId": f"Environments-{deployment.environment_id}",
        "TenantId": f"Tenants-{deployment.tenant_id}" if deployment.tenant_id else None,
        "ReleaseId": f"Releases-{deployment.release_id}",
        "DeploymentId": deployment.wire_id,
        "TaskId": task.wire_id,
        "ChannelId": f"Channels-{deployment.channel_id}",
        "ReleaseVersion": deployment.release.version,
        "Created": moment(deployment.created_at),
        "QueueTime": moment(task.queue_time),
        "StartTime": moment(task.started_at) if task.started_at else None,
        "CompletedTime": moment(task.finished_at) if task.finished_at else None,
        "State": task.state,
        "HasPendingInterruptions": has_pending(task),
        "HasWarningsOrErrors": task.has_warnings_or_errors,
        "ErrorMessage": task.error_message,
        "Duration": duration_of(task),
        "IsCurrent": is_current,
        "IsPrevious": is_previous,
        "IsCompleted": task.is_completed,
        "Links": {},
    }


def know_pending(deployments: Collection[Deployment]) -> None:
    """Looks up for all of their tasks at once whether a person is asked."""
    asked = set(
        Interruption.objects.filter(
            task__in=[row.task_id for row in deployments], is_pending=True
        ).values_list("task_id", flat=True)
    )
    for row in deployments:
        row.task.__dict__["pending"] = row.task_id in asked
