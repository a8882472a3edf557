"""What addresses of runbooks name."""

from typing import Any

from django.db.models import QuerySet

from deployments.models import Project
from spaces.access import UNKNOWN, visible
from spaces.errors import NotFound
from spaces.permissions import Permission
from spaces.queries.references import find


def project_named(request: Any, text: str) -> Project:
    """The project of an address. Raises NotFound."""
    rows: QuerySet[Any] = Project.objects.in_space(request.space)
    if project := find(visible(request.actor, Permission.PROJECT_VIEW, rows), text):
        return project
    raise NotFound(UNKNOWN)
