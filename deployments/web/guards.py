"""What every page of a project asks first; see `spaces.web.guards` for the rest."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404

from deployments.models import Project
from spaces.access import visible
from spaces.permissions import Permission
from spaces.web.guards import SpaceRequest, View, in_space, signed_in

__all__ = ["ProjectRequest", "SpaceRequest", "in_project", "in_space", "signed_in"]


class ProjectRequest(SpaceRequest):
    """A request that passed `in_project`."""

    project: Project


def in_project(permission: Permission) -> Callable[[View], View]:
    """The page exists for those who may see the project and hold `permission` in it; the view finds it
    as `request.project`."""

    def guard(view: View) -> View:
        @in_space(permission)
        @wraps(view)
        def guarded(request: Any, project: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            rows = visible(
                request.actor, Permission.PROJECT_VIEW, Project.objects.in_space(request.space)
            )
            request.project = get_object_or_404(
                visible(request.actor, permission, rows).select_related(
                    "space", "group", "lifecycle"
                ),
                slug=project,
            )
            return view(request, *args, **kwargs)

        return guarded

    return guard
