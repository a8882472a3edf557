"""Template filters that turn rows into the states people see."""

from datetime import timedelta

from django import template
from django.utils import timezone

from deployments.models import Environment, ServerTask, Target
from deployments.web import statuses
from deployments.web.lifecycles import Draft
from deployments.web.statuses import Status
from deployments.web.step_types import step_type

register = template.Library()


@register.filter
def task_status(task: ServerTask) -> Status:
    return statuses.task_status(task, timezone.now())


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
