"""Tenants: for whom a project is deployed, each with its own values and its own way. domain.md 23.1."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from deployments.models.environments import Environment
from deployments.models.named import Named
from deployments.models.projects import Project
from deployments.models.tags import Tag
from deployments.models.variables import LibraryVariableSet
from spaces.models import Dimensions, SpaceOwned
from spaces.secrets import SealedFields


class Tenant(Named):
    """A customer, site or region that gets deployments of its own."""

    dimensions = Dimensions(tenant="id")
    wire_prefix = "Tenants"

    is_disabled = models.BooleanField(default=False)
    cloned_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, related_name="clones", null=True, blank=True
    )


class TenantTag(SpaceOwned):
    """A tenant carries this tag."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="tags")
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="tenants")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "tag"], name="tenanttag_once")]

    def __str__(self) -> str:
        return f"{self.tag} of {self.tenant}"


class TenantProject(SpaceOwned):
    """A tenant takes part in this project, in the environments below it, of which there may be none."""

    dimensions = Dimensions(tenant="tenant_id", project="project_id", group="project__group_id")
    view_permission = "TenantView"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="projects")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tenants")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "project"], name="tenantproject_once")
        ]

    def __str__(self) -> str:
        return f"{self.tenant} in {self.project}"


class TenantProjectEnvironment(SpaceOwned):
    """An environment in which a tenant gets a project."""

    connection = models.ForeignKey(
        TenantProject, on_delete=models.CASCADE, related_name="environments"
    )
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="tenant_connections"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "environment"], name="tenantprojectenvironment_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection}, {self.environment}"


class VariableTemplate(SealedFields, SpaceOwned):
    """A value that every tenant is asked for: by a project for each environment, or by a library set
    once for all projects that include it. domain.md 14.5.

    key: what clients know it by; they may choose it, and it is unique among the owner's templates.
    display: the settings of the control, as clients wrote them ({"Octopus.ControlType": ...}).
    default_secret: the default of a sensitive one, sealed; its `default_value` is "".
    """

    sealed_fields = ("default_secret",)
    dimensions = Dimensions(project="project_id", group="project__group_id")
    view_permission = "VariableView"

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="templates", null=True, blank=True
    )
    library_set = models.ForeignKey(
        LibraryVariableSet,
        on_delete=models.CASCADE,
        related_name="templates",
        null=True,
        blank=True,
    )
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=400)
    label = models.CharField(max_length=400, blank=True, default="")
    help_text = models.TextField(blank=True, default="")
    default_value = models.TextField(blank=True, default="")
    default_secret = models.TextField(blank=True, default="")
    display = models.JSONField(default=dict, blank=True)
    sort_order = models.IntegerField(default=0)

    class Meta:
        ordering = ["sort_order", "id"]
        constraints = [
            models.CheckConstraint(
                name="variabletemplate_one_owner",
                condition=Q(project__isnull=False, library_set__isnull=True)
                | Q(project__isnull=True, library_set__isnull=False),
            ),
            models.UniqueConstraint(
                Lower("name"),
                "project",
                "library_set",
                nulls_distinct=False,
                name="variabletemplate_name",
            ),
            models.UniqueConstraint(
                fields=["project", "library_set", "key"],
                nulls_distinct=False,
                name="variabletemplate_key",
            ),
        ]

    def __str__(self) -> str:
        return self.label or self.name

    @property
    def wire_id(self) -> str:
        return self.key

    @property
    def is_sensitive(self) -> bool:
        return bool(self.display.get("Octopus.ControlType") == "Sensitive")

    @property
    def has_default(self) -> bool:
        return bool(self.default_value or self.default_secret)


class TenantVariable(SealedFields, SpaceOwned):
    """What a tenant says to a template, in the environments below it; with none of them, everywhere."""

    wire_prefix = "TenantVariables"
    sealed_fields = ("secret",)
    dimensions = Dimensions(
        tenant="tenant_id", project="template__project_id", group="template__project__group_id"
    )
    view_permission = "VariableView"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="variables")
    template = models.ForeignKey(VariableTemplate, on_delete=models.CASCADE, related_name="values")
    value = models.TextField(blank=True, default="")
    secret = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["template_id", "id"]
        indexes = [models.Index(fields=["tenant", "template"], name="tenantvariable_of_template")]

    def __str__(self) -> str:
        return f"{self.template.name} of {self.tenant}"

    @property
    def is_filled(self) -> bool:
        return bool(self.value or self.secret)


class TenantVariableEnvironment(SpaceOwned):
    """A tenant's value counts in this environment."""

    variable = models.ForeignKey(
        TenantVariable, on_delete=models.CASCADE, related_name="environments"
    )
    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="tenant_variables"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["variable", "environment"], name="tenantvariableenvironment_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.variable} in {self.environment}"
