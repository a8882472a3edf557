"""The tables of `runbooks` in Django's admin; `spaces.admin` says what operators see of them."""

from django.contrib import admin

from runbooks.models import (
    Runbook,
    RunbookEnvironment,
    RunbookProcess,
    RunbookProcessSnapshot,
    RunbookRun,
    RunbookSnapshot,
)
from spaces.admin import Rows, site


@admin.register(Runbook, site=site)
class Runbooks(Rows):
    list_display = ("project", "environment_scope", "runs_kept", "published")
    list_filter = ("environment_scope",)
    list_select_related = ("project", "published__runbook")
    search_fields = ("name", "slug", "project__name")


@admin.register(RunbookEnvironment, site=site)
class RunbookEnvironments(Rows):
    list_display = ("runbook", "environment")
    list_select_related = ("runbook", "environment")
    search_fields = ("runbook__name", "environment__name")


@admin.register(RunbookProcess, site=site)
class RunbookProcesses(Rows):
    list_display = ("version", "updated_at", "updated_by")
    list_select_related = ("runbook",)
    search_fields = ("runbook__name",)
    big = ("steps",)


@admin.register(RunbookProcessSnapshot, site=site)
class RunbookProcessSnapshots(Rows):
    list_display = ("version", "created_at")
    list_select_related = ("runbook",)
    search_fields = ("runbook__name",)
    big = ("steps",)


@admin.register(RunbookSnapshot, site=site)
class RunbookSnapshots(Rows):
    list_display = ("assembled_at", "created_by")
    list_filter = ("assembled_at",)
    list_select_related = ("runbook", "project", "process__runbook", "variables__project")
    search_fields = ("name", "runbook__name")
    big = ("notes", "packages")


@admin.register(RunbookRun, site=site)
class RunbookRuns(Rows):
    list_display = ("task", "created_at", "created_by", "failure_encountered", "reason")
    list_filter = ("failure_encountered", "created_at")
    list_select_related = (
        "runbook",
        "snapshot__runbook",
        "project",
        "environment",
        "tenant",
        "task",
    )
    search_fields = ("=id", "runbook__name", "project__name", "environment__name")
    big = ("form_values", "sealed_form_values", "comments")
