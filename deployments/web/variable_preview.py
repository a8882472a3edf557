"""Which value each variable has somewhere, and which rule decided it. ui.md 7(g)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from deployments.core.variables import Definition, Source
from deployments.models import Channel, Environment, Target, Tenant
from deployments.queries.roles import known_roles
from deployments.queries.variable_preview import (
    HIDDEN,
    PreviewRow,
    situation_of,
    variable_preview,
)
from deployments.web.guards import ProjectRequest, in_project
from deployments.web.variable_scopes import Words, named_scope, scope_words
from spaces.access import visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm

SOURCES = {Source.LIBRARY: "library", Source.TENANT: "tenant"}


class PlaceForm(PageForm):
    """Where a value is asked for; everything may stay open."""

    environment = forms.ModelChoiceField(
        Environment.objects.none(), required=False, empty_label="Any", to_field_name="slug"
    )
    tenant = forms.ModelChoiceField(
        Tenant.objects.none(), required=False, empty_label="None", to_field_name="slug"
    )
    target = forms.ModelChoiceField(
        Target.objects.none(), required=False, empty_label="Any", to_field_name="slug"
    )
    role = forms.ChoiceField(required=False)
    step = forms.ChoiceField(required=False)
    channel = forms.ModelChoiceField(Channel.objects.none(), required=False, empty_label="Any")

    def __init__(self, request: ProjectRequest) -> None:
        super().__init__(request.GET)
        actor, space = request.actor, request.space
        environments = Environment.objects.in_space(space)
        self.offer("environment", visible(actor, Permission.ENVIRONMENT_VIEW, environments))
        self._offer_tenants(request)
        targets = Target.objects.in_space(space)
        self.offer("target", visible(actor, Permission.MACHINE_VIEW, targets))
        self.offer("channel", request.project.channels.all())
        self.choices("role", [("", "Any"), *((role, role) for role in known_roles(space))])
        steps = request.project.process.parsed()
        actions = [(action.id, action.name) for step in steps for action in step.actions]
        self.choices("step", [("", "Any"), *actions])

    def _offer_tenants(self, request: ProjectRequest) -> None:
        """A project without tenants is not asked about them."""
        rows = Tenant.objects.filter(projects__project=request.project).order_by("name")
        seen = visible(request.actor, Permission.TENANT_VIEW, rows)
        self.offer("tenant", seen)
        if not seen.exists():
            del self.fields["tenant"]


@dataclass(frozen=True)
class Candidate:
    """A definition of the name. source: where it comes from, "" for the project itself. rule: what beat it,
    "" for the winner."""

    value: str
    scope: Sequence[tuple[str, str]]
    source: str
    rule: str = ""


@dataclass(frozen=True)
class Explained:
    """A row of the table. winner: None where no value applies."""

    row: PreviewRow
    winner: Candidate | None
    losers: Sequence[Candidate]


@in_project(Permission.VARIABLE_VIEW)
@require_GET
def preview(request: ProjectRequest) -> HttpResponse:
    """`?environment=&tenant=&target=&role=&step=&channel=` say where; what is unknown counts as left open."""
    form = PlaceForm(request)
    form.is_valid()
    given = form.cleaned_data
    channel, tenant = given.get("channel"), given.get("tenant")
    where = situation_of(
        environment=given.get("environment"),
        machine=given.get("target"),
        tenant=tenant,
        channel_id=channel.pk if channel else None,
        role=given.get("role", ""),
        action_id=given.get("step", ""),
    )
    rows = variable_preview(request.actor, request.project, where, tenant)
    scopes = [definition.scope.to_json() for row in rows for definition in _definitions(row)]
    words = scope_words(request.space, request.project, scopes)
    context = {
        "project": request.project,
        "form": form,
        "rows": [_explained(row, words) for row in rows],
    }
    return render(request, "deployments/variable_preview.html", context)


def _definitions(row: PreviewRow) -> list[Definition]:
    found = [loser.definition for loser in row.why.losers]
    return [row.why.winner, *found] if row.why.winner else found


def _explained(row: PreviewRow, words: Words) -> Explained:
    return Explained(
        row=row,
        winner=_candidate(row.why.winner, words) if row.why.winner else None,
        losers=[_candidate(loser.definition, words, loser.rule) for loser in row.why.losers],
    )


def _candidate(definition: Definition, words: Words, rule: str = "") -> Candidate:
    return Candidate(
        value=HIDDEN if definition.is_sensitive else definition.value or "",
        scope=named_scope(definition.scope.to_json(), words),
        source=SOURCES.get(definition.source, ""),
        rule=rule,
    )
