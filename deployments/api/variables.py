"""Variable sets and library variable sets (api-dialect.md 8.16, 8.28). Secrets are write-only."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Constant, OptionalList, Text
from deployments.api.parameters import Parameters
from deployments.core.tags import tag_keys
from deployments.core.variables import Definition, Source, VariableScope
from deployments.models import (
    Channel,
    Environment,
    LibraryVariableSet,
    Project,
    Target,
    Tenant,
    TenantVariable,
    Variable,
    VariableSet,
    VariableSnapshot,
)
from deployments.queries.tenants import tag_names, tags_in
from deployments.queries.variable_access import VariableAccess
from deployments.queries.variable_preview import PreviewRow, situation_of, variable_preview
from deployments.services.variables import (
    VariableRow,
    create_library_set,
    delete_library_set,
    save_variables,
    update_library_set,
)
from spaces.access import UNKNOWN, anywhere, visible
from spaces.api.documents import Document, SpaceResource, Timestamp
from spaces.api.fields import WireNumber
from spaces.api.views import ApiRequest, SpaceViewSet
from spaces.errors import NotFound
from spaces.permissions import Permission
from spaces.queries.references import find

DEPLOYMENT = "deployment"


class ScopeDocument(Document):
    """Where a value applies. Keys are singular, and absent where nothing limits."""

    Environment = WireNumber.many("Environments", source="environments")
    Machine = WireNumber.many("Machines", source="machines")
    Role = OptionalList(child=serializers.CharField(), source="roles")
    Action = OptionalList(child=serializers.CharField(), source="actions")
    Channel = WireNumber.many("Channels", source="channels")
    TenantTag = OptionalList(child=serializers.CharField(), source="tenant_tags")
    ProcessOwner = OptionalList(child=serializers.CharField(), source="processes")

    def validate(self, attrs: dict[str, Any]) -> VariableScope:
        kinds = {name: frozenset(entries) for name, entries in attrs.items()}
        kinds["roles"] = frozenset(role.lower() for role in kinds.get("roles", ()))
        kinds["tenant_tags"] = tag_keys(kinds.get("tenant_tags", ()))
        kinds["processes"] = frozenset(_process(owner) for owner in kinds.get("processes", ()))
        return VariableScope(**kinds)

    def to_representation(self, instance: VariableScope) -> dict[str, Any]:
        """A project stands for its deployment process. Tags are stored in the form they are compared in."""
        project = self.context.get("project_id")
        tags = self.context.get("tag_names", {})
        shown = {
            "Environment": [f"Environments-{pk}" for pk in sorted(instance.environments)],
            "Machine": [f"Machines-{pk}" for pk in sorted(instance.machines)],
            "Role": sorted(instance.roles),
            "Action": sorted(instance.actions),
            "Channel": [f"Channels-{pk}" for pk in sorted(instance.channels)],
            "TenantTag": sorted(tags.get(key, key) for key in instance.tenant_tags),
            "ProcessOwner": [_owner(process, project) for process in sorted(instance.processes)],
        }
        return {kind: entries for kind, entries in shown.items() if entries}


class PromptDisplay(serializers.DictField):
    child = serializers.CharField(allow_blank=True, allow_null=True)


class PromptDocument(Document):
    """A value that people are asked for when they deploy."""

    Label = Text()
    Description = Text()
    Required = serializers.BooleanField(required=False)
    DisplaySettings = PromptDisplay(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        display = attrs.get("DisplaySettings") or {}
        return {
            "label": attrs.get("Label", ""),
            "description": attrs.get("Description", ""),
            "required": attrs.get("Required", False),
            "control": display.get("Octopus.ControlType") or "SingleLineText",
            "options": display.get("Octopus.SelectOptions") or "",
        }

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        display = {"Octopus.ControlType": instance.get("control") or "SingleLineText"}
        if instance.get("options"):
            display["Octopus.SelectOptions"] = instance["options"]
        return {
            "Label": instance.get("label", ""),
            "Description": instance.get("description", ""),
            "Required": bool(instance.get("required")),
            "DisplaySettings": display,
        }


class VariableDocument(Document):
    """One value of one name."""

    Id = Text()
    Name = serializers.CharField()
    Value = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, trim_whitespace=False
    )
    Description = Text()
    Type = Text()
    IsSensitive = serializers.BooleanField(required=False)
    IsEditable = serializers.BooleanField(read_only=True)
    Scope = ScopeDocument(required=False, allow_null=True)
    Prompt = PromptDocument(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> VariableRow:
        kind = attrs.get("Type") or "String"
        sensitive = attrs.get("IsSensitive", False) or kind == "Sensitive"
        return VariableRow(
            id=_variable_id(attrs.get("Id", "")),
            name=attrs["Name"],
            value=attrs.get("Value") if sensitive else attrs.get("Value") or "",
            is_sensitive=sensitive,
            type="Sensitive" if sensitive else kind,
            description=attrs.get("Description", ""),
            scope=attrs.get("Scope") or VariableScope(),
            prompt=attrs.get("Prompt"),
        )

    def to_representation(self, instance: Variable) -> dict[str, Any]:
        scope = VariableScope.from_json(instance.scope)
        access: VariableAccess = self.context["access"]
        prompt = instance.prompt
        return {
            "Id": instance.wire_id,
            "Name": instance.name,
            "Value": None if instance.is_sensitive else instance.value,
            "Description": instance.description,
            "Type": instance.type,
            "IsSensitive": instance.is_sensitive,
            "IsEditable": access.may_edit(scope),
            "Scope": ScopeDocument(context=self.context).to_representation(scope),
            "Prompt": PromptDocument().to_representation(prompt) if prompt else None,
        }


class VariableSetResource(SpaceResource):
    """The values of one project or library set, as far as the caller may see them.

    A PUT replaces what the caller sees; what is hidden from them stays.
    """

    collection = "variables"

    OwnerId = serializers.SerializerMethodField()
    Version = serializers.IntegerField(source="version")
    Variables = VariableDocument(many=True, source="seen")
    ScopeValues = serializers.SerializerMethodField()
    LastModifiedOn = Timestamp(source="updated_at", read_only=True)
    LastModifiedBy = serializers.CharField(source="updated_by", read_only=True)

    def get_OwnerId(self, row: VariableSet) -> str:
        return _owner_id(row)

    def get_ScopeValues(self, row: VariableSet) -> dict[str, list[dict[str, str]]]:
        return scope_values(self.context["request"], row.project)

    def to_representation(self, instance: VariableSet) -> dict[str, Any]:
        access = VariableAccess.of(self.context["request"].actor, instance)
        context: Any = self.context
        context |= {"access": access, "project_id": instance.project_id}
        context["tag_names"] = tag_names(instance.space_id)
        instance.seen = access.seen(instance.variables.all())  # type: ignore[attr-defined]  # shown
        return super().to_representation(instance)


class VariableSetViewSet(SpaceViewSet):
    model = VariableSet
    name_field = ""
    view_permission = Permission.VARIABLE_VIEW
    serializer_class = VariableSetResource

    def get_queryset(self) -> QuerySet[Any]:
        """The sets of the projects and library sets that the caller may see."""
        actor, space = self.request.actor, self.request.space
        if not anywhere(actor, Permission.VARIABLE_VIEW, space):
            return self.rows().none()
        projects = visible(actor, Permission.PROJECT_VIEW, Project.objects.in_space(space))
        library = visible(
            actor,
            Permission.LIBRARY_VARIABLE_SET_VIEW,
            LibraryVariableSet.objects.in_space(space),
        )
        rows = self.rows().select_related("project", "library_set").order_by("pk")
        return rows.filter(Q(project__in=projects) | Q(library_set__in=library))

    def row(self, text: str) -> Any:
        """A set of which the caller may see something; frozen ones are shown as they were."""
        row = super().row(text)
        if not VariableAccess.of(self.request.actor, row).may_see_something():
            raise NotFound(UNKNOWN)
        return row

    def retrieve(self, request: ApiRequest, id: str, **_: Any) -> Response:
        snapshots = VariableSnapshot.objects.in_space(request.space).select_related("project")
        if (snapshot := find(snapshots, id, name="pk")) is not None:
            return Response(self._frozen(snapshot))
        return self.shown(self.row(id))

    def update(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Replaces the values that the caller sees."""
        row = self.row(id)
        given = self.given(VariableSetResource)
        saved = save_variables(
            actor=request.actor,
            variable_set=row,
            rows=given["seen"],
            version=given.get("version"),
        )
        return self.shown(saved)

    @extend_schema(
        parameters=[OpenApiParameter("project", str)],
        responses={200: {"type": "array", "items": {"type": "string"}}},
    )
    @action(detail=False, url_path="names", pagination_class=None)
    def names(self, request: ApiRequest, **_: Any) -> Response:
        """The names of a project's variables, its library sets' included, that the caller may see."""
        project = self._project()
        rows = variable_preview(request.actor, project, situation_of())
        return Response(sorted({row.name for row in rows}, key=str.lower))

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str)
            for name in ("project", "environment", "channel", "tenant", "machine", "action", "role")
        ],
        responses={200: dict},
    )
    @action(detail=False, url_path="preview", pagination_class=None)
    def preview(self, request: ApiRequest, **_: Any) -> Response:
        """The value that each variable of a project has somewhere; never a secret."""
        project = self._project()
        actor, space = request.actor, request.space
        environments = Environment.objects.in_space(space)
        targets = Target.objects.in_space(space)
        tenant = self._asked(
            visible(actor, Permission.TENANT_VIEW, Tenant.objects.in_space(space)), "tenant"
        )
        where = situation_of(
            tenant=tenant,
            environment=self._asked(visible(actor, Permission.ENVIRONMENT_VIEW, environments)),
            machine=self._asked(visible(actor, Permission.MACHINE_VIEW, targets), "machine"),
            channel_id=getattr(
                self._asked(Channel.objects.filter(project=project), "channel"), "pk", None
            ),
            role=self.parameters.one("role"),
            action_id=self.parameters.one("action"),
        )
        return Response(
            {
                "Variables": [
                    _explained(row, project.pk)
                    for row in variable_preview(actor, project, where, tenant)
                ]
            }
        )

    def _asked(self, rows: QuerySet[Any], parameter: str = "environment") -> Any:
        """The row that a parameter names, None without one. Raises NotFound for an unknown one."""
        text = self.parameters.one(parameter)
        if not text:
            return None
        if row := find(rows, text):
            return row
        raise NotFound(UNKNOWN)

    def _project(self) -> Project:
        projects = Project.objects.in_space(self.request.space)
        seen = visible(self.request.actor, Permission.PROJECT_VIEW, projects)
        if project := find(seen, self.parameters.one("project")):
            return project
        raise NotFound(UNKNOWN)

    def _frozen(self, snapshot: VariableSnapshot) -> dict[str, Any]:
        """A release's copy, as far as the caller may see it."""
        live = self.row(f"variableset-Projects-{snapshot.project_id}")
        access = VariableAccess.of(self.request.actor, live)
        tags = tag_names(snapshot.space_id)
        context = {"access": access, "project_id": snapshot.project_id, "tag_names": tags}
        entries = [
            Variable(
                pk=entry["id"],
                name=entry["name"],
                value=entry["value"],
                is_sensitive=entry["is_sensitive"],
                type=entry["type"],
                scope=entry["scope"],
                prompt=entry["prompt"],
            )
            for entry in snapshot.entries
        ]
        return {
            "Id": snapshot.wire_id,
            "SpaceId": f"Spaces-{snapshot.space_id}",
            "OwnerId": f"Projects-{snapshot.project_id}",
            "Version": 0,
            "Variables": VariableDocument(access.seen(entries), many=True, context=context).data,
            "ScopeValues": scope_values(self.request, snapshot.project),
            "Links": {"Self": VariableSetResource().address(snapshot)},
        }


class LibrarySetResource(SpaceResource):
    """Variables shared by the projects that include the set."""

    collection = "libraryvariablesets"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    VariableSetId = serializers.SerializerMethodField()
    ContentType = Constant("Variables")
    Templates = Parameters(source="templates")

    def get_VariableSetId(self, row: LibraryVariableSet) -> str:
        return f"variableset-{row.wire_id}"

    def links(self, row: LibraryVariableSet, address: str) -> dict[str, str]:
        variables = address.replace(self.collection, "variables").replace(
            row.wire_id, f"variableset-{row.wire_id}"
        )
        return {"Variables": variables, "Usages": f"{address}/usages"}


class LibrarySetViewSet(CrudViewSet):
    model = LibraryVariableSet
    view_permission = Permission.LIBRARY_VARIABLE_SET_VIEW
    serializer_class = LibrarySetResource

    def rows(self) -> QuerySet[Any]:
        return super().rows().prefetch_related("templates")

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        is_other = self.parameters.one("contentType").lower() == "scriptmodule"
        return rows.none() if is_other else rows

    def add(self, given: dict[str, Any]) -> LibraryVariableSet:
        return create_library_set(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: LibraryVariableSet, given: dict[str, Any]) -> LibraryVariableSet:
        return update_library_set(actor=self.request.actor, library_set=row, **given)

    def remove(self, row: LibraryVariableSet) -> None:
        delete_library_set(actor=self.request.actor, library_set=row)

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="usages", pagination_class=None)
    def usages(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The projects that include it and that the caller may see."""
        rows = Project.objects.in_space(request.space).filter(
            library_sets__contains=[self.row(id).pk]
        )
        seen = visible(request.actor, Permission.PROJECT_VIEW, rows)
        return Response(
            {"Projects": [{"ProjectId": row.wire_id, "ProjectName": row.name} for row in seen]}
        )


def _explained(row: PreviewRow, project_id: int) -> dict[str, Any]:
    """A value with the definition it comes from, and what beat each other one (ours)."""
    winner = row.why.winner
    return {
        "Name": row.name,
        "Value": row.value,
        "IsSensitive": row.is_sensitive,
        "Winner": _candidate(winner, project_id) if winner else None,
        "Losers": [
            {**_candidate(loser.definition, project_id), "Rule": loser.rule}
            for loser in row.why.losers
        ],
        "Problems": list(row.problems),
    }


def _candidate(definition: Definition, project_id: int) -> dict[str, Any]:
    scope = ScopeDocument(context={"project_id": project_id})
    of = TenantVariable if definition.source == Source.TENANT else Variable
    return {
        "Id": f"{of.wire_prefix}-{definition.id}",
        "Value": definition.value,
        "Scope": scope.to_representation(definition.scope),
        "Source": definition.source.value,
    }


def scope_values(request: ApiRequest, project: Project | None) -> dict[str, list[dict[str, str]]]:
    """What scopes can name here, as far as the caller may see it."""
    actor, space = request.actor, request.space
    targets = list(visible(actor, Permission.MACHINE_VIEW, Target.objects.in_space(space)))
    environments = visible(actor, Permission.ENVIRONMENT_VIEW, Environment.objects.in_space(space))
    roles = {role.lower(): role for target in targets for role in target.roles}
    values: dict[str, list[dict[str, str]]] = {
        "Environments": [_named(row.wire_id, row.name) for row in environments],
        "Machines": [_named(row.wire_id, row.name) for row in targets],
        "Roles": [_named(name, name) for name in sorted(roles.values())],
        "Actions": [],
        "Channels": [],
        "TenantTags": [_named(tag.canonical_name, tag.canonical_name) for tag in tags_in(space)],
        "Processes": [],
    }
    if project is not None:
        values["Actions"] = [
            _named(action.id, action.name)
            for step in project.process.parsed()
            for action in step.actions
        ]
        values["Channels"] = [_named(row.wire_id, row.name) for row in project.channels.all()]
        process = _named(project.wire_id, project.name)
        values["Processes"] = [{**process, "ProcessType": "Deployment"}]
    return values


def _named(wire_id: str, name: str) -> dict[str, str]:
    return {"Id": wire_id, "Name": name}


def _owner_id(row: VariableSet) -> str:
    return row.wire_id.removeprefix("variableset-")


def _process(owner: str) -> str:
    """On the wire a project is its deployment process, a runbook its own."""
    kind, _, number = owner.partition("-")
    return f"runbook:{number}" if kind.lower() == "runbooks" else DEPLOYMENT


def _owner(process: str, project_id: int | None) -> str:
    if process == DEPLOYMENT:
        return f"Projects-{project_id}"
    return f"Runbooks-{process.partition(':')[2]}"


def _variable_id(text: str) -> int | None:
    """The number of a variable's id; other ids are of variables that do not exist yet."""
    kind, _, number = text.rpartition("-")
    fits = kind.lower() == "variables" and number.isdigit() and len(number) < 19
    return int(number) if fits else None
