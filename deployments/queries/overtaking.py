"""Whether a deployment that waits was overtaken: a newer release went to the same place meanwhile.

Going on then would silently take that place back to the older one. domain.md 18.1.
"""

from collections.abc import Iterable
from functools import cmp_to_key

from django.db.models import QuerySet

from deployments.core.versions import compare
from deployments.models import Deployment


def newer_releases(task_ids: Iterable[int]) -> dict[int, str]:
    """For each of these tasks that was overtaken the newest version that overtook it, in two queries.

    A deployment that failed or still runs counts too: it has changed something.
    """
    started = Deployment.objects.filter(task__started_at__isnull=False)
    waiting = _with_versions(started.filter(task_id__in=list(task_ids)))
    if not waiting:
        return {}
    later = _with_versions(
        started.filter(
            project__in={each.project_id for each in waiting},
            environment__in={each.environment_id for each in waiting},
            task__started_at__gt=min(filter(None, (each.task.started_at for each in waiting))),
        )
    )
    found = {
        each.task_id: [other.release.version for other in later if _overtook(other, each)]
        for each in waiting
    }
    newest = cmp_to_key(_compare)
    return {task: max(versions, key=newest) for task, versions in found.items() if versions}


def _with_versions(rows: "QuerySet[Deployment]") -> list[Deployment]:
    needed = ("project", "environment", "tenant", "task__started_at", "release__version")
    return list(rows.select_related("task", "release").only(*needed))


def _overtook(other: Deployment, waiting: Deployment) -> bool:
    began, other_began = waiting.task.started_at, other.task.started_at
    if began is None or other_began is None or other_began <= began:
        return False
    place = (other.project_id, other.environment_id, other.tenant_id)
    is_newer = _compare(other.release.version, waiting.release.version) > 0
    return is_newer and place == (
        waiting.project_id,
        waiting.environment_id,
        waiting.tenant_id,
    )


def _compare(first: str, second: str) -> int:
    return compare(first, second, "octopus")
