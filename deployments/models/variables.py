"""Variables: values with scopes, in sets that belong to a project or to the library."""

import re

from django.db import models
from django.db.models import Q

from deployments.core.variables import Definition, Source, VariableScope
from deployments.models.named import Named
from deployments.models.projects import Project
from spaces.models import Dimensions, SpaceOwned
from spaces.secrets import SealedFields


class LibraryVariableSet(Named):
    """Values shared by the projects that include the set. domain.md 14.2."""

    wire_prefix = "LibraryVariableSets"


class VariableSet(SpaceOwned):
    """The variables of one project or one library set. `version` counts saves."""

    view_permission = "VariableView"
    dimensions = Dimensions(project="project_id", group="project__group_id")

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, related_name="variable_set", null=True, blank=True
    )
    library_set = models.OneToOneField(
        LibraryVariableSet,
        on_delete=models.CASCADE,
        related_name="variable_set",
        null=True,
        blank=True,
    )
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="variableset_one_owner",
                condition=Q(project__isnull=False, library_set__isnull=True)
                | Q(project__isnull=True, library_set__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"Variables of {self.project or self.library_set}"

    @property
    def wire_id(self) -> str:
        owner = (
            f"Projects-{self.project_id}"
            if self.project_id
            else f"LibraryVariableSets-{self.library_set_id}"
        )
        return f"variableset-{owner}"

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        match = re.fullmatch(
            r"variableset-(Projects|LibraryVariableSets)-([0-9]{1,18})", text, re.IGNORECASE
        )
        if match is None:
            return None
        owner = "project_id" if match[1].lower() == "projects" else "library_set_id"
        return Q(**{owner: int(match[2])})


class Variable(SealedFields, SpaceOwned):
    """One value of one name.

    scope: the JSON of `core.variables.VariableScope`.
    prompt: {"label", "description", "required", "control", "options"} or None.
    value holds plain text; sensitive ones are in `secret`, sealed, and `value` is "".
    """

    wire_prefix = "Variables"
    dimensions = Dimensions(project="set__project_id", group="set__project__group_id")
    sealed_fields = ("secret",)

    set = models.ForeignKey(VariableSet, on_delete=models.CASCADE, related_name="variables")
    name = models.CharField(max_length=400)
    value = models.TextField(blank=True, default="")
    secret = models.TextField(blank=True, default="")
    is_sensitive = models.BooleanField(default=False)
    type = models.CharField(max_length=50, default="String")
    description = models.TextField(blank=True, default="")
    scope = models.JSONField(default=dict, blank=True)
    prompt = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["name", "id"]
        indexes = [models.Index(fields=["set", "name"], name="variable_by_name")]

    def __str__(self) -> str:
        return self.name

    def as_definition(self, order: int = 0) -> Definition:
        """Its place in the ranking; a sensitive one carries no value here."""
        return Definition(
            id=self.pk,
            name=self.name,
            value=None if self.is_sensitive else self.value,
            scope=VariableScope.from_json(self.scope),
            is_sensitive=self.is_sensitive,
            source=Source.PROJECT if order == 0 else Source.LIBRARY,
            order=order,
            type=self.type,
        )


class VariableSnapshot(SpaceOwned):
    """Variables as they were, held by releases. Never changed; *update variables* makes a new one.

    entries: [{"id", "name", "value", "secret", "secret_id", "is_sensitive", "type", "scope", "prompt",
    "order", "set"}], sealed values still sealed.
    """

    dimensions = Dimensions(project="project_id", group="project__group_id")

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="variable_snapshots"
    )
    entries = models.JSONField(default=list)
    set_versions = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Variables of {self.project} as of {self.created_at}"

    @property
    def wire_id(self) -> str:
        return f"variableset-Projects-{self.project_id}-s-{self.pk}"

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        match = re.fullmatch(
            r"variableset-Projects-([0-9]{1,18})-s-([0-9]{1,18})", text, re.IGNORECASE
        )
        return Q(project_id=int(match[1]), pk=int(match[2])) if match else None
