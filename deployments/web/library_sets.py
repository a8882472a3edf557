"""Library variable sets: the list, one with its values, making, naming and deleting. ui.md 7(g)."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.models import LibraryVariableSet, Project
from deployments.queries import referrers
from deployments.services.variables import (
    create_library_set,
    delete_library_set,
    update_library_set,
)
from deployments.web import variables
from deployments.web.danger import DangerForm
from deployments.web.guards import SpaceRequest, authorize_post, in_space
from spaces.access import allowed, anywhere, visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm


class LibrarySetForm(PageForm):
    name = forms.CharField(max_length=200)
    description = forms.CharField(widget=forms.Textarea({"rows": 2}), required=False)


@in_space(Permission.LIBRARY_VARIABLE_SET_VIEW)
@require_GET
def library_sets(request: SpaceRequest) -> HttpResponse:
    context = {
        "sets": _seen(request)[:500],
        "may_create": anywhere(
            request.actor, Permission.LIBRARY_VARIABLE_SET_CREATE, request.space
        ),
    }
    return render(request, "deployments/library_sets.html", context)


@in_space(Permission.LIBRARY_VARIABLE_SET_CREATE)
@require_http_methods(["GET", "POST"])
def new_library_set(request: SpaceRequest) -> HttpResponse:
    form = LibrarySetForm(request.POST or None)
    created = form.call(create_library_set, actor=request.actor, space=request.space)
    if created:
        messages.success(request, f"{created} was created. Add its values.")
        return redirect("library_set", request.space.slug, created.slug)
    context = {"form": form, "library_set": None}
    return render(request, "deployments/library_set_form.html", context, status=form.status)


@in_space(Permission.LIBRARY_VARIABLE_SET_VIEW)
@require_http_methods(["GET", "POST"])
def library_set(request: SpaceRequest, library_set: str) -> HttpResponse:
    """The values in a grid, as on the page of a project's variables."""
    row = _found(request, library_set)
    using = Project.objects.in_space(request.space).filter(library_sets__contains=[row.pk])
    more = {
        "library_set": row,
        "used_by": visible(request.actor, Permission.PROJECT_VIEW, using),
        "may_rename": allowed(request.actor, Permission.LIBRARY_VARIABLE_SET_EDIT, row),
        "may_delete": allowed(request.actor, Permission.LIBRARY_VARIABLE_SET_DELETE, row),
    }
    return variables.grid(request, row.variable_set, more)


@in_space(Permission.LIBRARY_VARIABLE_SET_VIEW)
@require_http_methods(["GET", "POST"])
def library_set_settings(request: SpaceRequest, library_set: str) -> HttpResponse:
    row = _found(request, library_set)
    authorize_post(request, Permission.LIBRARY_VARIABLE_SET_EDIT, row)
    initial = {"name": row.name, "description": row.description}
    form = LibrarySetForm(request.POST or None, initial=initial)
    saved = form.call(update_library_set, actor=request.actor, library_set=row)
    if saved:
        messages.success(request, f"{saved} was saved.")
        return redirect("library_set", request.space.slug, saved.slug)
    context = {
        "form": form,
        "library_set": row,
        "may_edit": allowed(request.actor, Permission.LIBRARY_VARIABLE_SET_EDIT, row),
    }
    return render(request, "deployments/library_set_form.html", context, status=form.status)


@in_space(Permission.LIBRARY_VARIABLE_SET_VIEW)
@require_http_methods(["GET", "POST"])
def new_shared_variable(request: SpaceRequest, library_set: str) -> HttpResponse:
    row = _found(request, library_set)
    return variables.added(request, row.variable_set, {"library_set": row})


@in_space(Permission.LIBRARY_VARIABLE_SET_VIEW)
@require_http_methods(["GET", "POST"])
def shared_variable(request: SpaceRequest, library_set: str, shared_id: int) -> HttpResponse:
    row = _found(request, library_set)
    return variables.edited(request, row.variable_set, shared_id, {"library_set": row})


@in_space(Permission.LIBRARY_VARIABLE_SET_VIEW)
@require_POST
def remove_shared_variable(request: SpaceRequest, library_set: str, shared_id: int) -> HttpResponse:
    row = _found(request, library_set)
    return variables.removed(request, row.variable_set, shared_id)


@in_space(Permission.LIBRARY_VARIABLE_SET_DELETE)
@require_http_methods(["GET", "POST"])
def remove_library_set(request: SpaceRequest, library_set: str) -> HttpResponse:
    row = _found(request, library_set)
    form = DangerForm(row.name, request.POST or None)
    if form.carry_out(delete_library_set, actor=request.actor, library_set=row):
        messages.success(request, f"{row} was deleted.")
        return redirect("library_sets", request.space.slug)
    return form.page(
        request,
        title=f"Delete the variable set {row}",
        lost=f"Its {row.variable_set.variables.count()} values are lost. Releases keep their copies.",
        in_the_way=referrers.of_library_set(request.actor, row),
        back=("library_set", request.space.slug, row.slug),
    )


def _seen(request: SpaceRequest):
    rows = LibraryVariableSet.objects.in_space(request.space).select_related("variable_set")
    return visible(request.actor, Permission.LIBRARY_VARIABLE_SET_VIEW, rows).order_by("name")


def _found(request: SpaceRequest, slug: str) -> LibraryVariableSet:
    return get_object_or_404(_seen(request), slug=slug)
