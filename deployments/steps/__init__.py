"""What each kind of step does: one module per action type. `handler_for` finds it."""

from deployments.steps import manual, package, script
from deployments.steps.base import ReadyAction, StepHandler, action_types, handler_for, handles

__all__ = [
    "ReadyAction",
    "StepHandler",
    "action_types",
    "handler_for",
    "handles",
    "manual",
    "package",
    "script",
]
