"""Environments: their order, what is in them, creating and changing them. ui.md 7(i)."""

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from deployments.models import Environment, Target
from deployments.queries import referrers
from deployments.services.environments import (
    create_environment,
    delete_environment,
    sort_environments,
    update_environment,
)
from deployments.web.danger import DangerForm
from deployments.web.guards import SpaceRequest, authorize_post, in_space
from deployments.web.moving import moved
from spaces.access import allowed, anywhere, authorize, visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm


class EnvironmentForm(PageForm):
    name = forms.CharField(max_length=50)
    description = forms.CharField(widget=forms.Textarea({"rows": 2}), required=False)
    is_production = forms.BooleanField(
        label="Production",
        required=False,
        help_text="Marked with PROD; deploying here asks once more.",
    )
    use_guided_failure = forms.BooleanField(
        label="Guided failure by default",
        required=False,
        help_text="When a step fails here, a person decides what happens next.",
    )


@in_space(Permission.ENVIRONMENT_VIEW)
@require_http_methods(["GET", "POST"])
def environments(request: SpaceRequest) -> HttpResponse:
    """The list. POST moves one up or down."""
    rows = list(_seen(request))
    if request.method == "POST":
        order = moved([row.pk for row in rows], request.POST)
        sort_environments(actor=request.actor, space=request.space, order=order)
        return redirect("environments", request.space.slug)
    context = {
        "environments": rows,
        "may_create": allowed(request.actor, Permission.ENVIRONMENT_CREATE, request.space),
        "may_see_targets": anywhere(request.actor, Permission.MACHINE_VIEW, request.space),
        "may_sort": all(allowed(request.actor, Permission.ENVIRONMENT_EDIT, row) for row in rows),
    }
    return render(request, "deployments/environments.html", context)


@in_space(Permission.ENVIRONMENT_CREATE)
@require_http_methods(["GET", "POST"])
def new_environment(request: SpaceRequest) -> HttpResponse:
    form = EnvironmentForm(request.POST or None)
    created = form.call(create_environment, actor=request.actor, space=request.space)
    if created:
        messages.success(request, f"Environment {created} was created.")
        return redirect("environments", request.space.slug)
    context = {"form": form, "environment": None}
    return render(request, "deployments/environment.html", context, status=form.status)


@in_space(Permission.ENVIRONMENT_VIEW)
@require_http_methods(["GET", "POST"])
def environment(request: SpaceRequest, environment: str) -> HttpResponse:
    row = _found(request, environment)
    authorize_post(request, Permission.ENVIRONMENT_EDIT, row)
    form = EnvironmentForm(request.POST or None, initial=vars(row))
    saved = form.call(update_environment, actor=request.actor, environment=row)
    if saved:
        messages.success(request, f"Environment {saved} was saved.")
        return redirect("environments", request.space.slug)
    context = {
        "form": form,
        "environment": row,
        "may_edit": allowed(request.actor, Permission.ENVIRONMENT_EDIT, row),
        "may_delete": allowed(request.actor, Permission.ENVIRONMENT_DELETE, row),
    }
    return render(request, "deployments/environment.html", context, status=form.status)


@in_space(Permission.ENVIRONMENT_VIEW)
@require_http_methods(["GET", "POST"])
def remove_environment(request: SpaceRequest, environment: str) -> HttpResponse:
    row = _found(request, environment)
    authorize(request.actor, Permission.ENVIRONMENT_DELETE, row)
    form = DangerForm(row.name, request.POST or None)
    if form.carry_out(delete_environment, actor=request.actor, environment=row):
        messages.success(request, f"Environment {row} was deleted.")
        return redirect("environments", request.space.slug)
    return form.page(
        request,
        title=f"Delete the environment {row}",
        lost="Its place in the order is lost. Everything that still uses it stands in the way.",
        in_the_way=referrers.of_environment(request.actor, row),
        back=("environment", request.space.slug, row.slug),
    )


def _seen(request: SpaceRequest):
    rows = visible(
        request.actor, Permission.ENVIRONMENT_VIEW, Environment.objects.in_space(request.space)
    )
    targets = visible(
        request.actor, Permission.MACHINE_VIEW, Target.objects.in_space(request.space)
    )
    seen = Q(targets__target__in=targets)
    unhealthy = Q(targets__target__health__in=["Unhealthy", "Unavailable"])
    return rows.annotate(
        target_count=Count("targets", distinct=True, filter=seen),
        unhealthy_count=Count("targets", distinct=True, filter=seen & unhealthy),
    ).order_by("sort_order", "id")


def _found(request: SpaceRequest, slug: str) -> Environment:
    return get_object_or_404(_seen(request), slug=slug)
