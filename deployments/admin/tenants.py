"""Tenants with their tags, connections and values, and the templates that ask for these."""

from django.contrib import admin

from deployments.models import (
    Tag,
    TagSet,
    TargetTenant,
    Tenant,
    TenantProject,
    TenantProjectEnvironment,
    TenantTag,
    TenantVariable,
    TenantVariableEnvironment,
    VariableTemplate,
)
from spaces.admin import Rows, site


@admin.register(TagSet, site=site)
class TagSets(Rows):
    list_display = ("slug", "type", "scopes", "sort_order")
    search_fields = ("name", "slug")


@admin.register(Tag, site=site)
class Tags(Rows):
    list_display = ("color", "sort_order")
    list_select_related = ("tag_set",)
    search_fields = ("name", "tag_set__name")


@admin.register(Tenant, site=site)
class Tenants(Rows):
    list_display = ("slug", "is_disabled")
    list_filter = ("is_disabled",)
    search_fields = ("name", "slug")


@admin.register(TenantTag, site=site)
class TenantTags(Rows):
    list_display = ("tenant", "tag")
    list_select_related = ("tenant", "tag__tag_set")
    search_fields = ("tenant__name", "tag__name")


@admin.register(TenantProject, site=site)
class TenantProjects(Rows):
    list_display = ("tenant", "project")
    list_select_related = ("tenant", "project")
    search_fields = ("tenant__name", "project__name")


@admin.register(TenantProjectEnvironment, site=site)
class TenantProjectEnvironments(Rows):
    list_display = ("connection", "environment")
    list_select_related = ("connection__tenant", "connection__project", "environment")
    search_fields = ("connection__tenant__name", "environment__name")


@admin.register(TargetTenant, site=site)
class TargetTenants(Rows):
    list_display = ("target", "tenant")
    list_select_related = ("target", "tenant")
    search_fields = ("target__name", "tenant__name")


@admin.register(VariableTemplate, site=site)
class VariableTemplates(Rows):
    list_display = ("key", "project", "library_set", "sort_order")
    list_select_related = ("project", "library_set")
    search_fields = ("name", "label", "project__name", "library_set__name")
    big = ("default_value", "default_secret", "help_text")


@admin.register(TenantVariable, site=site)
class TenantVariables(Rows):
    list_display = ("tenant", "template")
    list_select_related = ("tenant", "template")
    search_fields = ("tenant__name", "template__name")
    big = ("value", "secret")


@admin.register(TenantVariableEnvironment, site=site)
class TenantVariableEnvironments(Rows):
    list_display = ("variable", "environment")
    list_select_related = ("variable__tenant", "variable__template", "environment")
    search_fields = ("variable__tenant__name", "environment__name")
