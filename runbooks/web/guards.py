"""What every page of a runbook asks first."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404

from deployments.web.guards import ProjectRequest, in_project
from runbooks.models import Runbook
from spaces.access import authorize, visible
from spaces.permissions import Permission
from spaces.web.guards import View


class RunbookRequest(ProjectRequest):
    """A request that passed `in_runbook`."""

    runbook: Runbook


def in_runbook(*permissions: Permission) -> Callable[[View], View]:
    """The page is for those who may see the runbook and hold all of `permissions` in it; the view finds it
    as `request.runbook`."""

    def guard(view: View) -> View:
        @in_project(Permission.PROJECT_VIEW)
        @wraps(view)
        def guarded(request: Any, runbook: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            rows = visible(
                request.actor,
                Permission.RUNBOOK_VIEW,
                Runbook.objects.filter(project=request.project),
            )
            request.runbook = get_object_or_404(
                rows.select_related("project__group", "process", "published__process"), slug=runbook
            )
            for permission in permissions:
                authorize(request.actor, permission, request.runbook)
            return view(request, *args, **kwargs)

        return guarded

    return guard
