"""The deploy page: choices on the left, what would happen on the right. ui.md 7(d).

The preview calls the real planner and the service's own blockers (U1). The form carries a digest of what
was shown; when that has changed meanwhile, it is shown again instead of being deployed (U14).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from deployments.core.plan import Plan, fingerprint_parts
from deployments.models import Deployment, Environment, Release, Target
from deployments.queries.blockers import Blocker, board_blockers, deploy_blockers
from deployments.queries.dashboard import cells
from deployments.queries.plan_inputs import RunOptions, plan_of
from deployments.queries.progression import progression_of
from deployments.queries.variable_inputs import prompts_of
from deployments.services.deployments import deploy_to_environments
from deployments.web.guards import ProjectRequest, in_project
from deployments.web.prompts import prompt_field
from deployments.web.releases import found_release
from spaces.access import visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm, SecretInput

GUIDED = [("", "As configured"), ("on", "On"), ("off", "Off")]


class DeployForm(PageForm):
    """What a person may choose. Also reads `?env=`, so that a link can choose for them."""

    env = forms.MultipleChoiceField(label="Environments")
    start = forms.DateTimeField(
        label="Start at",
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local", "class": "input-short"}),
        help_text="Empty: now. In your time zone, at most 30 days ahead.",
    )
    skip = forms.MultipleChoiceField(
        label="Skip steps", required=False, widget=forms.CheckboxSelectMultiple
    )
    only = forms.TypedMultipleChoiceField(
        label="Only these targets", required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    without = forms.TypedMultipleChoiceField(
        label="Leave out these targets",
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    guided = forms.ChoiceField(label="Guided failure", choices=GUIDED, required=False)
    force_package_download = forms.BooleanField(label="Download packages again", required=False)
    force_package_redeployment = forms.BooleanField(
        label="Install packages again where they are installed already", required=False
    )
    comments = forms.CharField(
        label="Note", widget=forms.Textarea({"rows": 2}), required=False, max_length=2000
    )

    def __init__(
        self,
        data: QueryDict | None,
        release: Release,
        environments: Sequence[Environment],
        targets: Sequence[Target],
    ) -> None:
        super().__init__(data)
        self.environments = environments
        self.choices("env", [(row.slug, row.name) for row in environments])
        for name in ("only", "without"):
            self.choices(name, [(row.pk, row.name) for row in targets])
        actions = [action for step in release.process.parsed for action in step.actions]
        self.choices(
            "skip", [(a.id, a.name) for a in actions if not a.is_required and not a.is_disabled]
        )
        self.prompts: dict[str, str] = {}
        for prompt in prompts_of(release):
            key = f"prompt-{prompt['id']}"
            self.prompts[key] = prompt["name"]
            self.fields[key] = prompt_field(prompt)

    @property
    def prompt_fields(self) -> list[forms.BoundField]:
        return [self[key] for key in self.prompts]

    def ask_for_secrets_again(self) -> None:
        """Secrets are not sent back to the page, so those that were typed must be typed again."""
        for field in self.prompt_fields:
            if isinstance(field.field.widget, SecretInput) and field.value():
                field.field.required = True
                field.help_text = "Type it once more: secrets are not sent back to the page."

    def chosen(self) -> list[Environment]:
        """The chosen environments, in their order."""
        slugs = self.cleaned_data.get("env", ())
        return [environment for environment in self.environments if environment.slug in slugs]

    def options(self) -> RunOptions:
        """The choices, as far as they are valid, as the planner and the service take them."""
        given = self.cleaned_data
        guided = {"on": True, "off": False}.get(given.get("guided", ""))
        return RunOptions(
            skip_actions=frozenset(given.get("skip", ())),
            specific_machines=frozenset(given.get("only", ())),
            excluded_machines=frozenset(given.get("without", ())),
            form_values={name: given.get(key, "") for key, name in self.prompts.items()},
            use_guided_failure=guided,
            force_package_download=given.get("force_package_download", False),
            force_package_redeployment=given.get("force_package_redeployment", False),
            queue_time=given.get("start"),
            comments=given.get("comments", ""),
        )


TYPED_HERE = "missing-variables"  # an obstacle that goes away by filling in this very form
NOWHERE = "The lifecycle has no environment that you may see."


@dataclass(frozen=True)
class Choice:
    """An environment on offer, with the reasons against it."""

    environment: Environment
    blockers: Sequence[Blocker]
    is_chosen: bool


@dataclass(frozen=True)
class Preview:
    """What would happen in one environment. packages: (id, version now or "", new version)."""

    environment: Environment
    plan: Plan
    blockers: Sequence[Blocker]
    packages: Sequence[tuple[str, str, str]]
    current: Deployment | None


@in_project(Permission.RELEASE_VIEW)
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def deploy(request: ProjectRequest, version: str) -> HttpResponse:
    """GET shows the choices of its parameters. POST with `preview` shows those of the form, to htmx the
    `preview` partial alone: answers may be secret, so they never become part of an address."""
    release = found_release(request, version)
    environments = _environments(request, release)
    data = request.POST if request.method == "POST" else _asked(request.GET, release, environments)
    form = DeployForm(data, release, environments, _targets(request, environments))
    form.is_valid()
    chosen = form.chosen()
    previews = [_preview(request, release, environment, form.options()) for environment in chosen]
    choices = _choices(request, release, environments, chosen)
    context = {
        "project": request.project,
        "release": release,
        "form": form,
        "choices": choices,
        "previews": previews,
        "obstacles": _obstacles(previews, choices),
        "production": _production(previews),
        "digest": _digest(previews),
    }
    if request.method == "GET" or "preview" in request.POST:
        part = "#preview" if request.htmx else ""
        return render(request, f"deployments/deploy.html{part}", context)
    return _decide(request, release, form, previews, context)


def _decide(
    request: ProjectRequest,
    release: Release,
    form: DeployForm,
    previews: Sequence[Preview],
    context: dict[str, Any],
) -> HttpResponse:
    """Deploy, unless what the person saw is not what would happen, or production wants a second look."""
    if not form.is_valid():
        return _again(request, context, 422)
    if request.POST.get("seen") not in (None, "", context["digest"]):
        return _again(request, context | {"changed": True}, 409)
    if context["production"] and "confirmed" not in request.POST:
        form.ask_for_secrets_again()
        return _again(request, context | {"confirming": True}, 200)
    queued = form.refusable(
        lambda: deploy_to_environments(
            actor=request.actor,
            release=release,
            environments=form.chosen(),
            options=form.options(),
        )
    )
    if queued is None:
        return _again(request, context, form.status)
    if len(queued) == 1:
        return redirect("task", request.space.slug, queued[0].task_id)
    messages.success(request, f"{len(queued)} deployments were queued.")
    return redirect("release", request.space.slug, request.project.slug, release.version)


def _again(request: ProjectRequest, context: dict[str, Any], status: int) -> HttpResponse:
    return render(request, "deployments/deploy.html", context, status=status)


def _asked(query: QueryDict, release: Release, environments: Sequence[Environment]) -> QueryDict:
    """The parameters as form data, beginning with stored answers. A single possible environment is
    chosen without being named."""
    data = query.copy()
    for prompt in prompts_of(release):
        data.setdefault(f"prompt-{prompt['id']}", prompt["value"])
    if "env" not in data and len(environments) == 1:
        data["env"] = environments[0].slug
    return data


def _environments(request: ProjectRequest, release: Release) -> list[Environment]:
    """Those of the release's lifecycle that the person may see, in order of phases."""
    order = [env for phase in progression_of(release).phases for env in phase.phase.environments]
    rows = visible(
        request.actor,
        Permission.ENVIRONMENT_VIEW,
        Environment.objects.in_space(request.space).filter(pk__in=order),
    )
    return sorted(rows, key=lambda row: order.index(row.pk))


def _targets(request: ProjectRequest, environments: Sequence[Environment]) -> list[Target]:
    rows = Target.objects.in_space(request.space).filter(environments__environment__in=environments)
    return list(visible(request.actor, Permission.MACHINE_VIEW, rows).distinct()[:200])


def _choices(
    request: ProjectRequest,
    release: Release,
    environments: Sequence[Environment],
    chosen: Sequence[Environment],
) -> list[Choice]:
    """Those that are possible first."""
    blockers = board_blockers(request.actor, [release], environments)
    found = [
        Choice(environment, blockers[release.pk, environment.pk], environment in chosen)
        for environment in environments
    ]
    return sorted(found, key=lambda choice: bool(choice.blockers))


def _preview(
    request: ProjectRequest, release: Release, environment: Environment, options: RunOptions
) -> Preview:
    where = cells(request.actor, [request.project], [environment])
    cell = where.get((request.project.pk, environment.pk))
    current = (cell.current or cell.shown) if cell else None
    there = {p["package_id"]: p["version"] for p in current.release.packages} if current else {}
    planned = plan_of(release, environment, options)
    return Preview(
        environment=environment,
        plan=planned,
        blockers=deploy_blockers(request.actor, release, environment, options, planned),
        packages=[
            (package["package_id"], there.get(package["package_id"], ""), package["version"])
            for package in release.packages
        ],
        current=current,
    )


def _obstacles(previews: Sequence[Preview], choices: Sequence[Choice]) -> list[str]:
    """Why the button is disabled: what stands in the way of a place that is chosen, or of every choice."""
    if not choices:
        return [NOWHERE]
    against = [place.blockers for place in previews or choices]
    if not previews and not all(against):
        return []
    return list(
        dict.fromkeys(b.text for blockers in against for b in blockers if b.code != TYPED_HERE)
    )


def _production(previews: Sequence[Preview]) -> list[Environment]:
    """What asks for a second look: production, unless nothing can be deployed anyway."""
    if any(preview.blockers for preview in previews):
        return []
    return [preview.environment for preview in previews if preview.environment.is_production]


def _digest(previews: Sequence[Preview]) -> str:
    """Equal for equal previews, as people see them."""
    parts = [
        text
        for preview in previews
        for text in (
            preview.environment.slug,
            *fingerprint_parts(preview.plan),
            *(f"{name}:{why}" for name, why in preview.plan.left_out),
        )
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
