"""Spaces, their keys and audit chains, and the installation itself."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods, require_POST

from spaces.admin.rows import Rows, by_service
from spaces.admin.site import site
from spaces.errors import DomainError
from spaces.models import DataKey, Elevation, Event, EventHead, Installation, Space
from spaces.services.elevations import LASTS, elevate, end_elevation
from spaces.services.spaces import update_space


@admin.register(Space, site=site)
class Spaces(Rows):
    list_display = (
        "slug",
        "is_default",
        "is_private",
        "task_queue_stopped",
        "deletion_requested_at",
    )
    list_filter = ("is_default", "is_private", "task_queue_stopped")
    search_fields = ("name", "slug")
    actions = ("stop", "start")
    change_form_template = "admin/space.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(open_space)
        return [path("<int:space_id>/open/", view, name="open_space"), *super().get_urls()]

    @admin.action(description="Stop the task queue")
    def stop(self, request: Any, queryset: QuerySet[Space]) -> None:
        self._set_stopped(request, queryset, stopped=True)

    @admin.action(description="Start the task queue")
    def start(self, request: Any, queryset: QuerySet[Space]) -> None:
        self._set_stopped(request, queryset, stopped=False)

    def _set_stopped(self, request: Any, spaces: QuerySet[Space], *, stopped: bool) -> None:
        def act(space: Space) -> object:
            return update_space(actor=request.actor, space=space, task_queue_stopped=stopped)

        by_service(self, request, act, spaces)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        widget=forms.Textarea({"rows": 4, "cols": 60, "class": "vLargeTextField"}),
        help_text="The people of the space can read it in their audit trail.",
    )


@require_http_methods(["GET", "POST"])
def open_space(request: Any, space_id: int) -> HttpResponse:
    """Asks why, and opens the space to the operator for a while."""
    space = get_object_or_404(Space, pk=space_id)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            elevate(actor=request.actor, space=space, reason=form.cleaned_data["reason"])
        except DomainError as refusal:
            form.add_error("reason", refusal.reasons)
        else:
            messages.success(request, f"The content of {space} is shown now.")
            return redirect("admin:index")
    context = {
        **site.each_context(request),
        "title": f"Open the space {space}",
        "form": form,
        "space": space,
        "minutes": int(LASTS.total_seconds() // 60),
    }
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, "admin/open_space.html", context, status=status)


@admin.register(Elevation, site=site)
class Elevations(Rows):
    list_display = ("reason", "started_at", "expires_at", "ended_at")
    list_filter = ("started_at",)
    list_select_related = ("user", "space")
    search_fields = ("user__username", "space__name", "reason")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(close_space)
        return [path("<int:elevation_id>/end/", view, name="close_space"), *super().get_urls()]

    def _open_to(self, request: HttpRequest) -> Q:
        """Who opened what is every operator's business."""
        return Q()


@require_POST
def close_space(request: Any, elevation_id: int) -> HttpResponse:
    elevation = get_object_or_404(
        Elevation.objects.select_related("user", "space"), pk=elevation_id
    )
    end_elevation(actor=request.actor, elevation=elevation)
    messages.success(request, f"The content of {elevation.space} is hidden again.")
    return redirect("admin:index")


@admin.register(Event, site=site)
class Events(Rows):
    list_display = ("category", "occurred", "username", "sequence")
    list_filter = ("occurred",)
    list_select_related = ("user", "space")
    search_fields = ("=category", "=username", "message", "=request_id", "related__icontains")
    big = ("details",)


@admin.register(EventHead, site=site)
class EventHeads(Rows):
    """The end of each audit chain; `manage.py verify_audit` says whether it is whole."""

    list_display = ("sequence",)
    list_select_related = ("space",)


@admin.register(DataKey, site=site)
class DataKeys(Rows):
    """Which master key wraps which key of a space. The keys themselves are not shown."""

    list_display = ("master", "is_active", "created_at")
    list_filter = ("is_active",)
    list_select_related = ("space",)
    search_fields = ("id", "master")

    def _open_to(self, request: HttpRequest) -> Q:
        """Keys are the system's business, and say nothing about a space."""
        return Q()


@admin.register(Installation, site=site)
class Installations(Rows):
    list_display = ("created_at",)
