"""Tenants: the list, what one has where, its connections, making and changing one. ui.md 7(l)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from deployments.core.tags import by_set, in_words
from deployments.models import Environment, Project, Tag, TagSet, Tenant, TenantTag
from deployments.queries import referrers
from deployments.queries.dashboard import Cell, tenant_cells
from deployments.queries.tenant_sheets import TenantSheet, tenant_sheet, tenant_sheets
from deployments.queries.tenants import carrying
from deployments.services.tenants import (
    Connections,
    clone_tenant,
    create_tenant,
    delete_tenant,
    update_tenant,
)
from deployments.web.danger import DangerForm
from deployments.web.guards import SpaceRequest, authorize_post, in_space
from spaces.access import allowed, anywhere, authorize, visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm

ON_A_PAGE = 50
MOST_PROJECTS = 200


class TenantForm(PageForm):
    """What a tenant is called, and the tags that it carries."""

    name = forms.CharField(max_length=200)
    description = forms.CharField(widget=forms.Textarea({"rows": 2}), required=False)
    is_disabled = forms.BooleanField(
        label="Disabled", required=False, help_text="Nothing new is deployed or run for it."
    )

    def __init__(self, request: SpaceRequest, row: Tenant | None) -> None:
        carried = [member.tag for member in row.tags.all()] if row else []
        super().__init__(request.POST or None, initial=vars(row) if row else {})
        self.sets = list(_tag_sets(request))
        for tag_set in self.sets:
            own = [tag for tag in carried if tag.tag_set_id == tag_set.pk]
            self.fields[f"set-{tag_set.pk}"] = _tag_field(tag_set, own)

    def changes(self) -> dict[str, Any]:
        """What the services take."""
        given = self.cleaned_data
        fields = {key: value for key, value in given.items() if not key.startswith("set-")}
        names: list[str] = []
        for tag_set in self.sets:
            chosen = given[f"set-{tag_set.pk}"] or []
            if tag_set.type == TagSet.Type.FREE:
                chosen = [f"{tag_set.name}/{chosen}"] if chosen else []
            names += [chosen] if isinstance(chosen, str) else chosen
        return fields | {"tags": names}


class CopyForm(PageForm):
    """What a copy is called."""

    name = forms.CharField(max_length=200)


@dataclass(frozen=True)
class Listed:
    """A tenant in the list. missing: how many values it still has to give."""

    tenant: Tenant
    projects: int
    environments: int
    missing: int
    may_see_values: bool


@dataclass(frozen=True)
class Connected:
    """A project that the tenant takes part in. cells: each environment of the table, whether the tenant gets
    the project there, and what runs there. missing: how many values are lacking."""

    project: Project
    cells: Sequence[tuple[Environment, bool, Cell | None]]
    missing: int


@dataclass(frozen=True)
class Offered:
    """A row of the table of connections. chosen: ids of environments."""

    project: Project
    is_connected: bool
    chosen: frozenset[int]


@in_space(Permission.TENANT_VIEW)
@require_GET
def tenants(request: SpaceRequest) -> HttpResponse:
    """`?q=` part of the name, `?tag=` canonical names: any of one set, all sets. `?project=` its slug."""
    tags = request.GET.getlist("tag")[:100]
    rows = _filtered(request, tags)
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": _listed(request, list(page.object_list)),
        "asked": request.GET,
        "tags": tags,
        "words": in_words(tags),
        "sets": _tag_sets(request),
        "projects": _projects(request).filter(~Q(tenanted_mode="Untenanted"))[:MOST_PROJECTS],
        "is_filtered": any(request.GET.get(name) for name in ("q", "tag", "project")),
        "may_create": allowed(request.actor, Permission.TENANT_CREATE, request.space),
        "may_see_values": anywhere(request.actor, Permission.VARIABLE_VIEW, request.space),
    }
    return render(request, "deployments/tenants.html", context)


@in_space(Permission.TENANT_CREATE)
@require_http_methods(["GET", "POST"])
def new_tenant(request: SpaceRequest) -> HttpResponse:
    form = TenantForm(request, None)
    if form.is_valid():
        given = {"actor": request.actor, "space": request.space, **form.changes()}
        if created := form.refusable(lambda: create_tenant(**given)):
            messages.success(request, f"Tenant {created} was created. Connect it to projects.")
            return redirect("tenant_connections", request.space.slug, created.slug)
    context = {"form": form, "tenant": None}
    return render(request, "deployments/tenant_form.html", context, status=form.status)


@in_space(Permission.TENANT_VIEW)
@require_GET
def tenant(request: SpaceRequest, tenant: str) -> HttpResponse:
    """What it gets, and which version runs where."""
    row = _found(request, tenant)
    sheet = tenant_sheet(request.actor, row)
    environments, connected = _connected(request, sheet)
    context = {
        "tenant": row,
        "environments": environments,
        "connected": connected,
        "missing": sum(each.missing for each in connected),
        "may_edit": allowed(request.actor, Permission.TENANT_EDIT, row),
        "may_copy": allowed(request.actor, Permission.TENANT_CREATE, request.space),
        "may_delete": allowed(request.actor, Permission.TENANT_DELETE, row),
        "may_see_values": sheet.access.may_see_something(),
    }
    return render(request, "deployments/tenant.html", context)


@in_space(Permission.TENANT_VIEW)
@require_http_methods(["GET", "POST"])
def tenant_settings(request: SpaceRequest, tenant: str) -> HttpResponse:
    row = _found(request, tenant)
    authorize_post(request, Permission.TENANT_EDIT, row)
    form = TenantForm(request, row)
    if form.is_valid():
        given = {"actor": request.actor, "tenant": row, **form.changes()}
        if saved := form.refusable(lambda: update_tenant(**given)):
            messages.success(request, f"Tenant {saved} was saved.")
            return redirect("tenant", request.space.slug, saved.slug)
    may_edit = allowed(request.actor, Permission.TENANT_EDIT, row)
    context = {"form": form, "tenant": row, "may_edit": may_edit}
    return render(request, "deployments/tenant_form.html", context, status=form.status)


@in_space(Permission.TENANT_VIEW)
@require_http_methods(["GET", "POST"])
def tenant_connections(request: SpaceRequest, tenant: str) -> HttpResponse:
    """Which projects it gets, and in which environments. `?q=` narrows the projects; those that are not
    shown stay as they are."""
    row = _found(request, tenant)
    authorize_post(request, Permission.TENANT_EDIT, row)
    environments = _environments(request)
    offered = _offered(request, row)
    form = PageForm(request.POST or None)
    if request.method == "POST":
        offered = [_posted(request.POST, each) for each in offered]
        given = _merged(row, offered)
        if form.refusable(
            lambda: update_tenant(actor=request.actor, tenant=row, connections=given)
        ):
            messages.success(request, f"The connections of {row} were saved.")
            return redirect("tenant", request.space.slug, row.slug)
    context = {
        "tenant": row,
        "form": form,
        "offered": offered,
        "environments": environments,
        "asked": request.GET,
        "most": MOST_PROJECTS,
        "may_edit": allowed(request.actor, Permission.TENANT_EDIT, row),
    }
    return render(request, "deployments/tenant_connections.html", context, status=form.status)


@in_space(Permission.TENANT_CREATE)
@require_http_methods(["GET", "POST"])
def copy_tenant(request: SpaceRequest, tenant: str) -> HttpResponse:
    row = _found(request, tenant)
    form = CopyForm(request.POST or None)
    if created := form.call(clone_tenant, actor=request.actor, original=row):
        messages.success(request, f"Tenant {created} was created. Secrets were not copied.")
        return redirect("tenant", request.space.slug, created.slug)
    context = {"form": form, "tenant": row}
    return render(request, "deployments/tenant_copy.html", context, status=form.status)


@in_space(Permission.TENANT_VIEW)
@require_http_methods(["GET", "POST"])
def remove_tenant(request: SpaceRequest, tenant: str) -> HttpResponse:
    row = _found(request, tenant)
    authorize(request.actor, Permission.TENANT_DELETE, row)
    form = DangerForm(row.name, request.POST or None)
    if form.carry_out(delete_tenant, actor=request.actor, tenant=row):
        messages.success(request, f"Tenant {row} was deleted.")
        return redirect("tenants", request.space.slug)
    return form.page(
        request,
        title=f"Delete the tenant {row}",
        lost="Its connections and values are lost. A tenant with a history is disabled instead.",
        in_the_way=referrers.of_tenant(request.actor, row),
        back=("tenant", request.space.slug, row.slug),
    )


def found_tenant(request: SpaceRequest, slug: str) -> Tenant:
    """The tenant of this address, if the person may see it. Raises Http404."""
    return _found(request, slug)


def _filtered(request: SpaceRequest, tags: Sequence[str]) -> QuerySet[Tenant]:
    rows = _seen(request).filter(name__icontains=request.GET.get("q", "").strip()[:200])
    if project := request.GET.get("project"):
        rows = rows.filter(projects__project__in=_projects(request).filter(slug=project))
    for alternatives in by_set(tags).values():
        rows = rows.filter(pk__in=carrying(request.space, alternatives))
    return rows


def _listed(request: SpaceRequest, rows: Sequence[Tenant]) -> list[Listed]:
    """The tenants of one page with what they lack, in constant queries."""
    seen = set(_projects(request).values_list("pk", flat=True))
    found = []
    for sheet in tenant_sheets(request.actor, rows):
        places = {pk: there for pk, there in sheet.access.connected.items() if pk in seen}
        environments = frozenset().union(*places.values())
        gaps = sum(1 for _ in sheet.gaps())
        seen_values = sheet.access.may_see_something()
        found.append(Listed(sheet.tenant, len(places), len(environments), gaps, seen_values))
    return found


def _connected(
    request: SpaceRequest, sheet: TenantSheet
) -> tuple[list[Environment], list[Connected]]:
    """The environments in use, and the projects in rows."""
    seen = set(_projects(request).values_list("pk", flat=True))
    projects = [project for pk, project in sheet.access.projects.items() if pk in seen]
    used = frozenset().union(*(sheet.access.connected[project.pk] for project in projects))
    environments = [place for place in _environments(request) if place.pk in used]
    pairs = [
        (project, place)
        for project in projects
        for place in environments
        if place.pk in sheet.access.connected[project.pk]
    ]
    cells = tenant_cells(request.actor, sheet.tenant, pairs)
    missing = Counter(gap.project_id for gap in sheet.gaps())
    return environments, [
        Connected(
            project=project,
            cells=[
                (
                    place,
                    place.pk in sheet.access.connected[project.pk],
                    cells.get((project.pk, place.pk)),
                )
                for place in environments
            ],
            missing=missing[project.pk],
        )
        for project in projects
    ]


def _offered(request: SpaceRequest, row: Tenant) -> list[Offered]:
    """The connected projects, then the others that deploy for tenants."""
    connected = {
        member.project_id: frozenset(each.environment_id for each in member.environments.all())
        for member in row.projects.prefetch_related("environments")
    }
    text = request.GET.get("q", "").strip()[:200]
    rows = _projects(request).filter(name__icontains=text)
    rows = rows.filter(~Q(tenanted_mode="Untenanted") | Q(pk__in=connected))
    found = [
        Offered(project, project.pk in connected, connected.get(project.pk, frozenset()))
        for project in rows[:MOST_PROJECTS]
    ]
    return sorted(found, key=lambda each: not each.is_connected)


def _posted(posted: QueryDict, offered: Offered) -> Offered:
    """The row as ticked."""
    ticked = posted.getlist(f"place-{offered.project.pk}")
    chosen = frozenset(int(key) for key in ticked if key.isascii() and key.isdigit())
    return Offered(offered.project, bool(chosen), chosen)


def _merged(row: Tenant, offered: Sequence[Offered]) -> Connections:
    """All connections after the edit: those of projects that were not on the page stay."""
    shown = {each.project.pk for each in offered}
    kept: Mapping[int, frozenset[int]] = {
        member.project_id: frozenset(each.environment_id for each in member.environments.all())
        for member in row.projects.exclude(project__in=shown).prefetch_related("environments")
    }
    return {**kept, **{each.project.pk: each.chosen for each in offered if each.is_connected}}


def _tag_sets(request: SpaceRequest) -> Iterator[TagSet]:
    rows = TagSet.objects.in_space(request.space).prefetch_related("tags")
    return iter(rows.filter(scopes__contains=[TagSet.Scope.TENANT]))


def _tag_field(tag_set: TagSet, carried: Sequence[Tag]) -> forms.Field:
    """The field that asks for the tags of one set."""
    names = [tag.canonical_name for tag in carried]
    if tag_set.type == TagSet.Type.FREE:
        first = carried[0].name if carried else ""
        return forms.CharField(
            label=tag_set.name, required=False, max_length=200, initial=first, help_text="Any text."
        )
    choices = [(f"{tag_set.name}/{tag.name}", tag.name) for tag in tag_set.tags.all()]
    if tag_set.type == TagSet.Type.SINGLE:
        return forms.ChoiceField(
            label=tag_set.name,
            required=False,
            choices=[("", "None"), *choices],
            initial=names[0] if names else "",
        )
    return forms.MultipleChoiceField(
        label=tag_set.name,
        required=False,
        choices=choices,
        initial=names,
        widget=forms.CheckboxSelectMultiple,
    )


def _environments(request: SpaceRequest) -> list[Environment]:
    rows = Environment.objects.in_space(request.space).order_by("sort_order", "pk")
    return list(visible(request.actor, Permission.ENVIRONMENT_VIEW, rows))


def _projects(request: SpaceRequest) -> QuerySet[Project]:
    rows = Project.objects.in_space(request.space).order_by("name")
    return visible(request.actor, Permission.PROJECT_VIEW, rows)


def _seen(request: SpaceRequest) -> QuerySet[Tenant]:
    tags = TenantTag.objects.select_related("tag__tag_set").order_by("tag")
    rows: QuerySet[Tenant] = Tenant.objects.in_space(request.space)
    rows = rows.prefetch_related(Prefetch("tags", queryset=tags)).order_by("name")
    return visible(request.actor, Permission.TENANT_VIEW, rows)


def _found(request: SpaceRequest, slug: str) -> Tenant:
    return get_object_or_404(_seen(request), slug=slug)
