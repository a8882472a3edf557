"""Template tags that turn rows into the states people see, and into links for those who may follow."""

from datetime import timedelta
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone

from deployments.models import Environment, Project, ServerTask, Target
from deployments.web import statuses
from deployments.web.lifecycles import Draft
from deployments.web.statuses import Status
from deployments.web.step_types import step_type
from spaces.access import allowed
from spaces.permissions import Permission

register = template.Library()


@register.filter
def task_status(task: ServerTask) -> Status:
    return statuses.task_status(task, timezone.now())


@register.simple_tag(takes_context=True)
def task_address(context: dict[str, Any], task: ServerTask, project: Project) -> str:
    """Where a task of the project is shown; "" for whoever may not see it, for whom a state is no link."""
    request = context["request"]
    if not allowed(request.actor, Permission.TASK_VIEW, task, project=project):
        return ""
    return reverse("task", args=[request.space.slug, task.pk])


@register.filter
def node_status(status: str) -> Status:
    return statuses.node_status(status)


@register.filter
def target_status(target: Target) -> Status:
    return statuses.target_status(target)


@register.filter
def action_type_name(action_type: str) -> str:
    return step_type(action_type).name


@register.filter
def action_type_icon(action_type: str) -> str:
    return step_type(action_type).icon


@register.filter
def took(task: ServerTask) -> timedelta | None:
    """How long a task ran, or has been running."""
    if task.started_at is None:
        return None
    return (task.finished_at or timezone.now()) - task.started_at


@register.filter
def place(draft: Draft, environment: Environment) -> str:
    """How the environment is in a phase that is being edited: "manual", "automatic" or ""."""
    return draft.places.get(environment.pk, "")
