"""Template filters that turn rows into the states people see."""

from django import template
from django.utils import timezone

from deployments.models import ServerTask, Target
from deployments.web import statuses
from deployments.web.statuses import Status

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
