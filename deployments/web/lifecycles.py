"""Lifecycles: phases edited together and saved once. ui.md 7(h).

The editor needs no script: its buttons add, move and remove phases in what was typed and show the form
again; only Save saves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from deployments.core import lifecycles as core
from deployments.models import Environment, Lifecycle
from deployments.queries import referrers
from deployments.queries.progression import phases_of
from deployments.services.lifecycles import (
    PhaseRequest,
    create_lifecycle,
    delete_lifecycle,
    update_lifecycle,
)
from deployments.web.danger import DangerForm
from deployments.web.guards import SpaceRequest, authorize_post, in_space
from deployments.web.moving import moved
from spaces.access import allowed, authorize, visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm

MOST_PHASES = 50


class LifecycleForm(PageForm):
    name = forms.CharField(max_length=200)
    description = forms.CharField(widget=forms.Textarea({"rows": 2}), required=False)


@dataclass
class Draft:
    """A phase as it is being edited. places: "manual" or "automatic" by environment id."""

    id: int | None = None
    name: str = ""
    places: dict[int, str] = field(default_factory=dict)
    minimum: int = 0
    is_optional: bool = False

    def request(self, environments: dict[int, Environment]) -> PhaseRequest:
        """What the service takes."""

        def those(how: str) -> list[Environment]:
            return [environments[pk] for pk, found in self.places.items() if found == how]

        return PhaseRequest(
            name=self.name,
            automatic=those("automatic"),
            manual=those("manual"),
            id=self.id,
            minimum=self.minimum,
            is_optional=self.is_optional,
        )


@dataclass(frozen=True)
class ShownPhase:
    """A phase in the picture. members: (environment, whether it is automatic)."""

    name: str
    members: Sequence[tuple[Environment, bool]]
    rule: str


@in_space(Permission.LIFECYCLE_VIEW)
@require_GET
def lifecycles(request: SpaceRequest) -> HttpResponse:
    context = {
        "lifecycles": _seen(request)[:500],
        "may_create": allowed(request.actor, Permission.LIFECYCLE_CREATE, request.space),
    }
    return render(request, "deployments/lifecycles.html", context)


@in_space(Permission.LIFECYCLE_CREATE)
@require_http_methods(["GET", "POST"])
def new_lifecycle(request: SpaceRequest) -> HttpResponse:
    environments = _environments(request)
    drafts = [Draft(name=row.name, places={row.pk: "manual"}) for row in environments.values()]
    if request.method == "POST":
        drafts = _posted(request.POST, environments)
    form = LifecycleForm(request.POST or None)
    if "save" in request.POST:
        created = form.call(
            create_lifecycle,
            actor=request.actor,
            space=request.space,
            phases=[draft.request(environments) for draft in drafts],
        )
        if created:
            messages.success(request, f"Lifecycle {created} was created.")
            return redirect("lifecycle", request.space.slug, created.slug)
    return _editor(request, None, form, drafts, environments)


@in_space(Permission.LIFECYCLE_VIEW)
@require_http_methods(["GET", "POST"])
def lifecycle(request: SpaceRequest, lifecycle: str) -> HttpResponse:
    row = _found(request, lifecycle)
    authorize_post(request, Permission.LIFECYCLE_EDIT, row)
    environments = _environments(request)
    drafts = _stored(row)
    if request.method == "POST":
        drafts = _posted(request.POST, environments)
    form = LifecycleForm(request.POST or None, initial=vars(row))
    if "save" in request.POST:
        saved = form.call(
            update_lifecycle,
            actor=request.actor,
            lifecycle=row,
            phases=[draft.request(environments) for draft in drafts],
        )
        if saved:
            messages.success(request, f"Lifecycle {saved} was saved.")
            return redirect("lifecycle", request.space.slug, saved.slug)
    return _editor(request, row, form, drafts, environments)


@in_space(Permission.LIFECYCLE_VIEW)
@require_http_methods(["GET", "POST"])
def remove_lifecycle(request: SpaceRequest, lifecycle: str) -> HttpResponse:
    row = _found(request, lifecycle)
    authorize(request.actor, Permission.LIFECYCLE_DELETE, row)
    form = DangerForm(row.name, request.POST or None)
    if form.carry_out(delete_lifecycle, actor=request.actor, lifecycle=row):
        messages.success(request, f"Lifecycle {row} was deleted.")
        return redirect("lifecycles", request.space.slug)
    return form.page(
        request,
        title=f"Delete the lifecycle {row}",
        lost="Its phases and rules are lost. Environments and releases stay.",
        in_the_way=referrers.of_lifecycle(request.actor, row),
        back=("lifecycle", request.space.slug, row.slug),
    )


def _editor(
    request: SpaceRequest,
    row: Lifecycle | None,
    form: LifecycleForm,
    drafts: Sequence[Draft],
    environments: dict[int, Environment],
) -> HttpResponse:
    actor = request.actor
    context: dict[str, Any] = {
        "lifecycle": row,
        "form": form,
        "drafts": drafts,
        "environments": environments.values(),
        "may_edit": row is None or allowed(actor, Permission.LIFECYCLE_EDIT, row),
        "is_saving": "save" in request.POST,
    }
    if row is not None:
        context |= {
            "picture": list(_picture(phases_of(row), environments)),
            "is_implicit": not row.phases.exists(),
            "used_by": visible(actor, Permission.PROJECT_VIEW, row.projects.all())[:50],
            "may_delete": allowed(actor, Permission.LIFECYCLE_DELETE, row) and not row.is_default,
        }
    status = form.status if "save" in request.POST else 200
    return render(request, "deployments/lifecycle.html", context, status=status)


def _stored(row: Lifecycle) -> list[Draft]:
    return [
        Draft(
            id=phase.pk,
            name=phase.name,
            places={
                member.environment_id: "automatic" if member.is_automatic else "manual"
                for member in phase.environments.all()
            },
            minimum=phase.minimum_environments,
            is_optional=phase.is_optional,
        )
        for phase in row.phases.prefetch_related("environments")
    ]


def _posted(posted: QueryDict, environments: dict[int, Environment]) -> list[Draft]:
    """The phases as typed, after the button that was pressed: `add`, `remove` or `move`."""
    keys = [key for key in posted.getlist("phase") if key.isdigit()][:MOST_PHASES]
    if posted.get("up") or posted.get("down"):
        way = "up" if posted.get("up") else "down"
        asked = QueryDict(mutable=True)
        asked.update({"id": posted.get(way, ""), "move": way})
        keys = moved(keys, asked)
    drafts = [_draft(posted, key, environments) for key in keys if key != posted.get("remove")]
    return [*drafts, Draft()] if "add" in posted else drafts


def _draft(posted: QueryDict, key: str, environments: dict[int, Environment]) -> Draft:
    known, minimum = posted.get(f"id-{key}", ""), posted.get(f"minimum-{key}", "")
    places = {pk: posted.get(f"place-{key}-{pk}", "") for pk in environments}
    return Draft(
        id=int(known) if known.isdigit() else None,
        name=posted.get(f"name-{key}", ""),
        places={pk: how for pk, how in places.items() if how in ("manual", "automatic")},
        minimum=int(minimum) if minimum.isdigit() else 0,
        is_optional=f"optional-{key}" in posted,
    )


def _picture(
    phases: Sequence[core.Phase], environments: dict[int, Environment]
) -> Iterator[ShownPhase]:
    """The phases as they count today, each with its rule in words."""
    for phase in phases:
        members = [
            (environments[pk], pk in phase.automatic)
            for pk in phase.environments
            if pk in environments
        ]
        if members:
            name = phase.name or ", ".join(str(environment) for environment, _ in members)
            yield ShownPhase(name, members, _rule(phase))


def _rule(phase: core.Phase) -> str:
    if phase.is_optional:
        return "May be skipped."
    count = len(phase.environments)
    if phase.needed < count:
        return f"At least {phase.needed} of {count} must succeed before the next phase."
    if count == 1:
        return "Must succeed before the next phase."
    return f"All {count} must succeed before the next phase."


def _environments(request: SpaceRequest) -> dict[int, Environment]:
    rows = visible(
        request.actor, Permission.ENVIRONMENT_VIEW, Environment.objects.in_space(request.space)
    )
    return {row.pk: row for row in rows}


def _seen(request: SpaceRequest):
    rows = Lifecycle.objects.in_space(request.space).order_by("-is_default", "name")
    return visible(request.actor, Permission.LIFECYCLE_VIEW, rows)


def _found(request: SpaceRequest, slug: str) -> Lifecycle:
    return get_object_or_404(_seen(request), slug=slug)
