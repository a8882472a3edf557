"""What tenants say to their projects' and library sets' templates (api-dialect.md 8.24)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from deployments.api.fields import Text
from deployments.api.parameters import ParameterDocument, PropertyValue, shown_value
from deployments.models import (
    Environment,
    Project,
    Tenant,
    TenantVariable,
    VariableTemplate,
)
from deployments.queries.tenant_sheets import Gap, TenantSheet, tenant_sheet, tenant_sheets
from deployments.queries.tenant_values import environment_ids
from deployments.services.changes import refuse
from deployments.services.tenant_variables import TenantValueRow, save_tenant_values
from spaces.access import UNKNOWN, anywhere, authorize, visible
from spaces.api.documents import Document, api_address
from spaces.api.fields import WireNumber
from spaces.api.views import ApiRequest, SpaceCommandViewSet
from spaces.errors import NotFound
from spaces.permissions import Permission
from spaces.queries.references import find, with_ids

LIST = {200: {"type": "array", "items": {"type": "object", "additionalProperties": True}}}
ValueMap = serializers.DictField(child=PropertyValue(), required=False)


class OwnerValues(Document):
    """The values for the templates of one library set, by template id."""

    Variables = ValueMap


class ProjectValues(Document):
    """The values for the templates of one project, by environment and template id."""

    Variables = serializers.DictField(child=ValueMap, required=False)


class TenantVariablesDocument(Document):
    """Everything that a tenant is asked. What a PUT does not mention stays as it is."""

    ProjectVariables = serializers.DictField(child=ProjectValues(), required=False)
    LibraryVariables = serializers.DictField(child=OwnerValues(), required=False)


class ValueScope(Document):
    EnvironmentIds = WireNumber.many("Environments", source="environments")


class ValueDocument(Document):
    """One value; with no environments it counts in all of them."""

    Id = Text()
    TemplateId = serializers.CharField()
    ProjectId = Text()
    LibraryVariableSetId = Text()
    Value = PropertyValue()
    Scope = ValueScope(required=False, allow_null=True)


class ValuesDocument(Document):
    """All values of one kind. A PUT replaces those that the caller sees."""

    Variables = ValueDocument(many=True)


class TenantVariablesViewSet(SpaceCommandViewSet):
    """The values of one tenant, and what is missing of them."""

    @extend_schema(responses={200: dict})
    def retrieve(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Everything in one document."""
        return Response(variables_document(self._sheet(id)))

    @extend_schema(
        operation_id="tenants_variables_post",
        request=TenantVariablesDocument,
        responses={200: dict},
    )
    def post_all(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The same as PUT: older clients post."""
        return self.replace(request, id)

    @extend_schema(request=TenantVariablesDocument, responses={200: dict})
    def replace(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Values of whole environments and library sets: those it mentions are replaced."""
        sheet = self._edited(id)
        given = self.given(TenantVariablesDocument)
        mentioned = _Mentioned(sheet, given)
        self._save(sheet, list(mentioned.templates.values()), mentioned.rows())
        return Response(variables_document(self._sheet(id)))

    @extend_schema(responses={200: dict})
    def common(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The values for library sets."""
        return Response(values_document(self._sheet(id), of_projects=False))

    @extend_schema(request=ValuesDocument, responses={200: dict})
    def replace_common(self, request: ApiRequest, id: str, **_: Any) -> Response:
        return self._replace_kind(id, of_projects=False)

    @extend_schema(responses={200: dict})
    def projects(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The values for projects."""
        return Response(values_document(self._sheet(id), of_projects=True))

    @extend_schema(request=ValuesDocument, responses={200: dict})
    def replace_projects(self, request: ApiRequest, id: str, **_: Any) -> Response:
        return self._replace_kind(id, of_projects=True)

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str)
            for name in ("tenantId", "projectId", "environmentId", "includeDetails")
        ],
        responses=LIST,
    )
    def missing(self, request: ApiRequest, **_: Any) -> Response:
        """What tenants still have to say, tenant by tenant; those who have said everything are left out."""
        projects = self._asked_ids(Project, Permission.PROJECT_VIEW, "projectId")
        places = self._asked_ids(Environment, Permission.ENVIRONMENT_VIEW, "environmentId")
        rows = self._tenants()
        if tenant := self.parameters.one("tenantId"):
            rows = with_ids(rows, [tenant])
        found = [(sheet, list(sheet.gaps(projects, places))) for sheet in self._readable(rows)]
        return Response([_missing_document(sheet.tenant, gaps) for sheet, gaps in found if gaps])

    @extend_schema(parameters=[OpenApiParameter("projectId", str)], responses=LIST)
    def everyones(self, request: ApiRequest, **_: Any) -> Response:
        """The values of every tenant, of one project's tenants if it is named."""
        rows = self._tenants()
        projects = self._asked_ids(Project, Permission.PROJECT_VIEW, "projectId")
        if projects is not None:
            rows = rows.filter(projects__project__in=projects)
        return Response([variables_document(sheet) for sheet in self._readable(rows)])

    def _tenants(self) -> QuerySet[Tenant]:
        rows: QuerySet[Tenant] = Tenant.objects.in_space(self.request.space)
        return visible(self.request.actor, Permission.TENANT_VIEW, rows)

    def _readable(self, rows: QuerySet[Tenant]) -> list[TenantSheet]:
        """Their sheets, none for who may see no variables at all."""
        if not anywhere(self.request.actor, Permission.VARIABLE_VIEW, self.request.space):
            return []
        return tenant_sheets(self.request.actor, rows.select_related("space"))

    def _row(self, id: str) -> Tenant:
        if tenant := find(self._tenants(), id):
            return tenant
        raise NotFound(UNKNOWN)

    def _sheet(self, id: str) -> TenantSheet:
        tenant = self._row(id)
        sheet = tenant_sheet(self.request.actor, tenant)
        if not sheet.access.may_see_something():
            authorize(self.request.actor, Permission.VARIABLE_VIEW, tenant)
        return sheet

    def _edited(self, id: str) -> TenantSheet:
        """The same for who may edit anything of it."""
        sheet = tenant_sheet(self.request.actor, self._row(id))
        if not sheet.access.may_edit_something():
            authorize(self.request.actor, Permission.VARIABLE_EDIT, sheet.tenant)
        return sheet

    def _replace_kind(self, id: str, *, of_projects: bool) -> Response:
        sheet = self._edited(id)
        given = self.given(ValuesDocument)["Variables"]
        templates = _of_kind(sheet, of_projects)
        self._save(sheet, templates, _rows(sheet, templates, given))
        return Response(values_document(self._sheet(id), of_projects=of_projects))

    def _save(
        self,
        sheet: TenantSheet,
        templates: Sequence[VariableTemplate],
        rows: Sequence[TenantValueRow],
    ) -> None:
        save_tenant_values(
            actor=self.request.actor, tenant=sheet.tenant, templates=templates, rows=rows
        )

    def _asked_ids(self, model: Any, permission: Permission, parameter: str) -> set[int] | None:
        """What a parameter names, of what the caller may see; None without one."""
        text = self.parameters.one(parameter)
        if not text:
            return None
        rows = visible(self.request.actor, permission, model.objects.in_space(self.request.space))
        return set(with_ids(rows, [text]).values_list("pk", flat=True))


def variables_document(sheet: TenantSheet) -> dict[str, Any]:
    """All templates with what the tenant says to them, by their owners."""
    tenant = sheet.tenant
    address = api_address(f"Spaces-{tenant.space_id}/tenants/{tenant.wire_id}")
    return {
        "Id": f"{tenant.wire_id}-variables",
        "SpaceId": f"Spaces-{tenant.space_id}",
        "TenantId": tenant.wire_id,
        "TenantName": tenant.name,
        "ProjectVariables": {
            project.wire_id: _of_project(sheet, project)
            for project in sheet.access.projects.values()
            if sheet.asked_by(project_id=project.pk)
        },
        "LibraryVariables": {
            f"LibraryVariableSets-{pk}": _of_set(sheet, pk)
            for pk in sheet.access.including
            if sheet.asked_by(library_set_id=pk)
        },
        "Links": {"Self": f"{address}/variables", "Tenant": address},
    }


def _of_project(sheet: TenantSheet, project: Project) -> dict[str, Any]:
    templates = sheet.asked_by(project_id=project.pk)
    return {
        "ProjectId": project.wire_id,
        "ProjectName": project.name,
        "Templates": ParameterDocument(templates, many=True).data,
        "Variables": {
            f"Environments-{pk}": _by_key((t, sheet.value(t, pk)) for t in templates)
            for pk in sorted(sheet.access.connected[project.pk])
        },
        "Links": {"Project": api_address(f"Spaces-{project.space_id}/projects/{project.wire_id}")},
    }


def _of_set(sheet: TenantSheet, library_set_id: int) -> dict[str, Any]:
    templates = sheet.asked_by(library_set_id=library_set_id)
    owner = f"LibraryVariableSets-{library_set_id}"
    space = f"Spaces-{sheet.tenant.space_id}"
    return {
        "LibraryVariableSetId": owner,
        "LibraryVariableSetName": str(templates[0].library_set),
        "Templates": ParameterDocument(templates, many=True).data,
        "Variables": _by_key((t, sheet.everywhere(t)) for t in templates),
        "Links": {"LibraryVariableSet": api_address(f"{space}/libraryvariablesets/{owner}")},
    }


def _by_key(
    pairs: Iterable[tuple[VariableTemplate, TenantVariable | None]],
) -> dict[str, Any]:
    return {
        template.key: shown_value(row.value, row.secret)
        for template, row in pairs
        if row is not None
    }


def values_document(sheet: TenantSheet, *, of_projects: bool) -> dict[str, Any]:
    """The values of one kind, each with its template, and what is missing."""
    templates = _of_kind(sheet, of_projects)
    missing = [gap for gap in sheet.gaps() if bool(gap.template.project_id) == of_projects]
    return {
        "TenantId": sheet.tenant.wire_id,
        "Variables": [
            {
                "Id": row.wire_id,
                **_owner(template),
                "Value": shown_value(row.value, row.secret),
                "Scope": {"EnvironmentIds": _wire_environments(environment_ids(row))},
            }
            for template in templates
            for row in sheet.said(template)
        ],
        "MissingVariables": [
            {
                **_owner(gap.template),
                "Value": "",
                "Scope": {"EnvironmentIds": _wire_environments(filter(None, [gap.environment_id]))},
            }
            for gap in missing
        ],
    }


def _owner(template: VariableTemplate) -> dict[str, Any]:
    """A template with whose it is."""
    if template.project is not None:
        owner = {"ProjectId": template.project.wire_id, "ProjectName": template.project.name}
    else:
        owner = {
            "LibraryVariableSetId": f"LibraryVariableSets-{template.library_set_id}",
            "LibraryVariableSetName": str(template.library_set),
        }
    shown = ParameterDocument().to_representation(template)
    return {**owner, "TemplateId": template.key, "Template": shown}


def _wire_environments(ids: Iterable[int]) -> list[str]:
    return [f"Environments-{pk}" for pk in ids]


def _missing_document(tenant: Tenant, gaps: Sequence[Gap]) -> dict[str, Any]:
    return {
        "TenantId": tenant.wire_id,
        "MissingVariables": [
            {
                "ProjectId": gap.project_id and f"Projects-{gap.project_id}",
                "EnvironmentId": gap.environment_id and f"Environments-{gap.environment_id}",
                "LibraryVariableSetId": gap.template.library_set_id
                and f"LibraryVariableSets-{gap.template.library_set_id}",
                "VariableTemplateId": gap.template.key,
                "VariableTemplateName": gap.template.name,
            }
            for gap in gaps
        ],
        "Links": {"Self": api_address(f"Spaces-{tenant.space_id}/tenants/{tenant.wire_id}")},
    }


# --- from documents to rows -------------------------------------------------------------------------


def _of_kind(sheet: TenantSheet, of_projects: bool) -> list[VariableTemplate]:
    return [t for t in sheet.templates if bool(t.project_id) == of_projects]


def _rows(
    sheet: TenantSheet, templates: Sequence[VariableTemplate], given: Sequence[Mapping[str, Any]]
) -> list[TenantValueRow]:
    """Raises Invalid for templates that the tenant is not asked."""
    problems, rows = [], []
    for value in given:
        template = _meant(templates, value)
        if template is None:
            problems.append(f"The tenant {sheet.tenant} is not asked for {value['TemplateId']}.")
            continue
        known = _known(sheet, template, value.get("Id", ""))
        places = (value.get("Scope") or {}).get("environments") or ()
        rows.append(TenantValueRow(template, value.get("Value", ""), frozenset(places), id=known))
    refuse(problems)
    return rows


def _meant(
    templates: Sequence[VariableTemplate], value: Mapping[str, Any]
) -> VariableTemplate | None:
    """The template of this id; of several the one whose owner is named."""
    found = [template for template in templates if template.key == value["TemplateId"]]
    owner = value.get("ProjectId") or value.get("LibraryVariableSetId")
    named = [
        template
        for template in found
        if owner
        in (f"Projects-{template.project_id}", f"LibraryVariableSets-{template.library_set_id}")
    ]
    return next(iter(named or found), None)


def _known(sheet: TenantSheet, template: VariableTemplate, id: str) -> int | None:
    return next((row.pk for row in sheet.said(template) if row.wire_id == id), None)


class _Mentioned:
    """A document of `replace`, read: the values of the environments and library sets that it mentions.

    A value for several environments stays whole: it is changed by `projectvariables`.
    """

    def __init__(self, sheet: TenantSheet, given: Mapping[str, Any]) -> None:
        self.sheet = sheet
        self.problems: list[str] = []
        self.templates: dict[int, VariableTemplate] = {}
        self._wanted: dict[tuple[int, int | None], str | None] = {}
        for owner, values in given.get("ProjectVariables", {}).items():
            for place, by_key in values.get("Variables", {}).items():
                self._read_project(owner, place, by_key)
        for owner, values in given.get("LibraryVariables", {}).items():
            self._read_set(owner, values.get("Variables", {}))

    def rows(self) -> list[TenantValueRow]:
        """All values of the templates after the change. Raises Invalid with every reason."""
        rows = [
            TenantValueRow(template, None if row.secret else row.value, places, id=row.pk)
            for template in self.templates.values()
            for row in self.sheet.said(template)
            for places in [frozenset(environment_ids(row))]
            if len(places) > 1 or (template.pk, next(iter(places), None)) not in self._wanted
        ]
        for (template_id, environment), value in self._wanted.items():
            rows += self._row(self.templates[template_id], environment, value)
        refuse(self.problems)
        return rows

    def _read_project(self, owner: str, place: str, by_key: Mapping[str, str | None]) -> None:
        project = _key(self.sheet.access.projects, "Projects", owner)
        environment = _key(self.sheet.access.environments, "Environments", place)
        asked = self.sheet.asked_by(project_id=project) if project else []
        if asked and environment is not None:
            self._read(asked, environment, by_key)
        else:
            self.problems.append(
                f"The tenant {self.sheet.tenant} is not asked by {owner} in {place}."
            )

    def _read_set(self, owner: str, by_key: Mapping[str, str | None]) -> None:
        library_set = _key(self.sheet.access.including, "LibraryVariableSets", owner)
        if asked := self.sheet.asked_by(library_set_id=library_set) if library_set else []:
            self._read(asked, None, by_key)
        else:
            self.problems.append(f"The tenant {self.sheet.tenant} is not asked by {owner}.")

    def _read(
        self,
        asked: Sequence[VariableTemplate],
        environment: int | None,
        by_key: Mapping[str, str | None],
    ) -> None:
        for template in asked:
            self.templates[template.pk] = template
            self._wanted[template.pk, environment] = by_key.get(template.key, "")
        unknown = by_key.keys() - {template.key for template in asked}
        self.problems += [f"There is no template {key}." for key in sorted(unknown)]

    def _row(
        self, template: VariableTemplate, environment: int | None, value: str | None
    ) -> list[TenantValueRow]:
        """The row for one place; none where a value that counts in more places says the same."""
        shared = self._shared(template, environment)
        if shared and (value is None or (not shared.secret and shared.value == value)):
            return []
        if value != "":
            return [
                TenantValueRow(template, value, frozenset([environment] if environment else ()))
            ]
        if shared:
            self.problems.append(
                f"{template} has one value for several environments: `projectvariables` removes it."
            )
        return []

    def _shared(self, template: VariableTemplate, environment: int | None) -> TenantVariable | None:
        """The value that counts there and elsewhere."""
        if environment is None:
            return None
        row = self.sheet.value(template, environment)
        return row if row and len(environment_ids(row)) != 1 else None


def _key(rows: Mapping[int, Any], prefix: str, text: str) -> int | None:
    """The number of a wire id, if it is among these rows."""
    numbers = {f"{prefix}-{pk}".lower(): pk for pk in rows}
    return numbers.get(text.lower())
