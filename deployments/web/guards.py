"""What every page of a project asks first; see `spaces.web.guards` for the rest."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404

from deployments.models import Project
from spaces.access import authorize, visible
from spaces.permissions import Permission
from spaces.web.guards import SpaceRequest, View, authorize_post, in_space, signed_in

__all__ = [
    "ProjectRequest",
    "SpaceRequest",
    "authorize_post",
    "in_project",
    "in_space",
    "signed_in",
]


class ProjectRequest(SpaceRequest):
    """A request that passed `in_project`."""

    project: Project


def in_project(permission: Permission) -> Callable[[View], View]:
    """The page is for those who may see the project and hold `permission` in it; the view finds it as
    `request.project`. Acts are refused, with the permission's name, to who sees the project alone (P3)."""

    def guard(view: View) -> View:
        @in_space(Permission.PROJECT_VIEW)
        @wraps(view)
        def guarded(request: Any, project: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            rows = visible(
                request.actor, Permission.PROJECT_VIEW, Project.objects.in_space(request.space)
            )
            if permission.is_view:
                rows = visible(request.actor, permission, rows)
            request.project = get_object_or_404(
                rows.select_related("space", "group", "lifecycle"), slug=project
            )
            if not permission.is_view:
                authorize(request.actor, permission, request.project)
            return view(request, *args, **kwargs)

        return guarded

    return guard
