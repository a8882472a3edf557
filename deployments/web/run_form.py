"""What the pages share on which something is run: choices, and what would happen (U1, U14). ui.md 7(d), (k)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.http import QueryDict

from deployments.core.plan import Plan, fingerprint_parts
from deployments.models import Assembly, Environment, Target
from deployments.queries.blockers import Blocker
from deployments.queries.plan_inputs import RunOptions
from deployments.queries.variable_inputs import prompts_of
from deployments.web.guards import ProjectRequest
from deployments.web.prompts import prompt_field
from spaces.access import visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm, SecretInput

GUIDED = [("", "As configured"), ("on", "On"), ("off", "Off")]


class RunForm(PageForm):
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
        assembly: Assembly,
        environments: Sequence[Environment],
        targets: Sequence[Target],
    ) -> None:
        super().__init__(data)
        self.environments = environments
        self.choices("env", [(row.slug, row.name) for row in environments])
        for name in ("only", "without"):
            self.choices(name, [(row.pk, row.name) for row in targets])
        actions = [action for step in assembly.steps for action in step.actions]
        self.choices(
            "skip", [(a.id, a.name) for a in actions if not a.is_required and not a.is_disabled]
        )
        self.prompts: dict[str, str] = {}
        for prompt in prompts_of(assembly):
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


@dataclass(frozen=True)
class RunPage:
    """What the page says, and where it leads."""

    heading: str
    address: str
    back: str
    crumbs: str
    verb: str
    asks: str
    cannot: str
    to_production: str
    nowhere: str


@dataclass(frozen=True)
class Choice:
    """An environment on offer, with the reasons against it."""

    environment: Environment
    blockers: Sequence[Blocker]
    is_chosen: bool


@dataclass(frozen=True)
class Preview:
    """What would happen in one environment. packages: (id, version now or "", new version).

    now: the release that is there, "" for none; None where that is not the question.
    """

    environment: Environment
    plan: Plan
    blockers: Sequence[Blocker]
    packages: Sequence[tuple[str, str, str]]
    now: str | None = None


def asked(query: QueryDict, assembly: Assembly, environments: Sequence[Environment]) -> QueryDict:
    """The parameters as form data, beginning with stored answers. A single possible environment is
    chosen without being named."""
    data = query.copy()
    for prompt in prompts_of(assembly):
        data.setdefault(f"prompt-{prompt['id']}", prompt["value"])
    if "env" not in data and len(environments) == 1:
        data["env"] = environments[0].slug
    return data


def targets_in(request: ProjectRequest, environments: Sequence[Environment]) -> list[Target]:
    rows = Target.objects.in_space(request.space).filter(environments__environment__in=environments)
    return list(visible(request.actor, Permission.MACHINE_VIEW, rows).distinct()[:200])


def obstacles(previews: Sequence[Preview], choices: Sequence[Choice], nowhere: str) -> list[str]:
    """Why the button is disabled: `nowhere` without any choice, else what stands in the way of a place that is chosen, or of every choice."""
    if not choices:
        return [nowhere]
    against = [place.blockers for place in previews or choices]
    if not previews and not all(against):
        return []
    return list(
        dict.fromkeys(b.text for blockers in against for b in blockers if b.code != TYPED_HERE)
    )


def production(previews: Sequence[Preview]) -> list[Environment]:
    """What asks for a second look: production, unless nothing can be deployed anyway."""
    if any(preview.blockers for preview in previews):
        return []
    return [preview.environment for preview in previews if preview.environment.is_production]


def digest(previews: Sequence[Preview]) -> str:
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
