"""Projects with what belongs to them: channels, processes, variables, and the frozen copies of both."""

from django.contrib import admin

from deployments.models import (
    Channel,
    Process,
    ProcessSnapshot,
    Project,
    ProjectGroup,
    Variable,
    VariableSet,
    VariableSnapshot,
)
from spaces.admin import Rows, site


@admin.register(ProjectGroup, site=site)
class ProjectGroups(Rows):
    list_display = ("slug",)
    search_fields = ("name",)


@admin.register(Project, site=site)
class Projects(Rows):
    list_display = ("slug", "group", "lifecycle", "is_disabled", "last_version")
    list_filter = ("is_disabled",)
    list_select_related = ("group", "lifecycle")
    search_fields = ("name", "slug")
    big = ("release_notes_template", "deployment_changes_template")


@admin.register(Channel, site=site)
class Channels(Rows):
    list_display = ("project", "is_default", "lifecycle")
    list_filter = ("is_default",)
    list_select_related = ("project", "lifecycle")
    search_fields = ("name", "project__name")


@admin.register(Process, site=site)
class Processes(Rows):
    list_display = ("version", "updated_at", "updated_by")
    list_filter = ("updated_at",)
    list_select_related = ("project",)
    search_fields = ("project__name",)
    big = ("steps",)


@admin.register(ProcessSnapshot, site=site)
class ProcessSnapshots(Rows):
    list_display = ("created_at",)
    list_filter = ("created_at",)
    list_select_related = ("project",)
    search_fields = ("project__name",)
    big = ("steps",)


@admin.register(VariableSet, site=site)
class VariableSets(Rows):
    list_display = ("version", "updated_at", "updated_by")
    list_select_related = ("project", "library_set")
    search_fields = ("project__name", "library_set__name")


@admin.register(Variable, site=site)
class Variables(Rows):
    list_display = ("set", "type", "is_sensitive")
    list_filter = ("is_sensitive", "type")
    list_select_related = ("set__project", "set__library_set")
    search_fields = ("name", "set__project__name", "set__library_set__name")
    big = ("value", "secret", "prompt")


@admin.register(VariableSnapshot, site=site)
class VariableSnapshots(Rows):
    list_display = ("created_at",)
    list_filter = ("created_at",)
    list_select_related = ("project",)
    search_fields = ("project__name",)
    big = ("entries", "set_versions")
