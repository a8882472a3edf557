"""What was done: tasks with their journal and log, deployments, questions to people, collected files."""

from django.contrib import admin
from django.utils.html import format_html

from deployments.models import (
    Artifact,
    Defect,
    Deployment,
    Interruption,
    OutputVariable,
    Release,
    ServerTask,
    StepJournal,
    TaskLogNode,
)
from spaces.admin import Rows, site

LINES = 500
NOT_SHOWN = {"TaskLogLine": "the admin cannot show rows without an id; a task shows its last lines"}


@admin.register(ServerTask, site=site)
class ServerTasks(Rows):
    list_display = ("id", "kind", "state", "queue_time", "finished_at", "node", "crashes")
    list_filter = ("kind", "state", "is_waiting", "queue_time")
    list_select_related = ("space", "project", "environment", "requested_by")
    search_fields = ("=id", "description", "=node")
    big = ("plan", "arguments")

    def get_fields(self, request, obj=None):
        return [*super().get_fields(request, obj), self.log]

    @admin.display(description=f"Last {LINES} lines of the log")
    def log(self, task):
        lines = task.lines.order_by("-seq")[:LINES]
        shown = [f"{line.occurred_at:%H:%M:%S} {line.category:8} {line.text}" for line in lines]
        return format_html("<pre>{}</pre>", "\n".join(reversed(shown)))


@admin.register(StepJournal, site=site)
class StepJournals(Rows):
    list_display = ("task", "attempt", "state", "epoch", "exit_code", "started_at", "finished_at")
    list_filter = ("state", "started_at")
    list_select_related = ("task",)
    search_fields = ("=task__id", "=run_token")
    plain = ("run_token",)
    big = ("facts", "error")


@admin.register(TaskLogNode, site=site)
class TaskLogNodes(Rows):
    list_display = ("task", "key", "status", "started_at", "finished_at")
    list_filter = ("status",)
    list_select_related = ("task",)
    search_fields = ("=task__id", "name")


@admin.register(OutputVariable, site=site)
class OutputVariables(Rows):
    list_display = ("task", "machine_name", "is_sensitive")
    list_filter = ("is_sensitive",)
    list_select_related = ("task",)
    search_fields = ("=task__id", "name", "step_name")
    big = ("value", "secret")


@admin.register(Deployment, site=site)
class Deployments(Rows):
    list_display = ("task", "created_at", "created_by", "failure_encountered", "reason")
    list_filter = ("failure_encountered", "created_at")
    list_select_related = (
        "release__project",
        "project",
        "channel",
        "environment",
        "tenant",
        "task",
    )
    search_fields = ("=id", "=release__version", "project__name", "environment__name")
    big = ("form_values", "sealed_form_values", "changes", "changes_markdown", "comments")


@admin.register(Release, site=site)
class Releases(Rows):
    list_display = ("channel", "assembled_at", "created_by")
    list_filter = ("assembled_at",)
    list_select_related = (
        "project",
        "channel",
        "process__project",
        "variables__project",
    )
    search_fields = ("=version", "project__name")
    big = ("notes", "packages", "build_information", "custom_fields")


@admin.register(Defect, site=site)
class Defects(Rows):
    list_display = ("release", "created_at", "created_by", "resolved_at", "resolved_by")
    list_filter = ("created_at",)
    list_select_related = ("release__project",)
    search_fields = ("description", "release__project__name")


@admin.register(Interruption, site=site)
class Interruptions(Rows):
    list_display = ("kind", "task", "is_pending", "result", "created_at", "submitted_by")
    list_filter = ("kind", "is_pending", "created_at")
    list_select_related = ("task", "responsible_user")
    search_fields = ("=task__id", "title", "=submitted_by")
    big = ("instructions", "values", "notes")


@admin.register(Artifact, site=site)
class Artifacts(Rows):
    list_display = ("task", "size", "sha256", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("task",)
    search_fields = ("=task__id", "file_name", "=sha256")
