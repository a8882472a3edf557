"""The form of one step: its values into a `Step`, and back. One subclass for each kind of step."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.http import QueryDict

from deployments.core.approvals import ANSWERS
from deployments.core.operations import Syntax
from deployments.core.process import (
    CONDITION_EXPRESSION,
    MAX_PARALLELISM,
    RUN_ON_SERVER,
    TARGET_ROLES,
    Action,
    Condition,
    PackageReference,
    StartTrigger,
    Step,
)
from deployments.models import Channel, Environment, Feed
from deployments.queries.roles import known_roles
from deployments.steps import manual, package, script
from deployments.web.guards import ProjectRequest
from spaces.access import visible
from spaces.models import Team
from spaces.permissions import Permission
from spaces.web.forms import CodeArea, PageForm, Rows

CONDITIONS = [
    (Condition.SUCCESS.value, "Only if the steps before succeeded"),
    (Condition.FAILURE.value, "Only if a step before failed"),
    (Condition.ALWAYS.value, "Always"),
    (Condition.VARIABLE.value, "Only if an expression is true"),
]
WORKER, TARGETS, BEHALF = "worker", "targets", "behalf"
PLACES = [
    (WORKER, "Once, on the server's worker"),
    (TARGETS, "On each target with a role"),
    (BEHALF, "On the worker, once for each target with a role"),
]
PACKAGE_ID = "Octopus.Action.Package.PackageId"
PACKAGE_FEED = "Octopus.Action.Package.FeedId"


class StepForm(PageForm):
    """What every step has. `text_properties` and `flag_properties` name the properties that a field holds
    as it is; properties that no field holds stay untouched."""

    text_properties: ClassVar[Mapping[str, str]] = {}
    flag_properties: ClassVar[Mapping[str, str]] = {}

    name = forms.CharField(max_length=200)
    roles = forms.CharField(
        required=False, max_length=1000, help_text="Separated by commas. Targets with any of them."
    )
    condition = forms.ChoiceField(label="Run this step", choices=CONDITIONS)
    expression = forms.CharField(
        required=False,
        widget=forms.TextInput({"class": "mono"}),
        help_text="Such as #{if Feature}true#{/if}; runs unless it gives nothing, False, No or 0.",
    )
    with_previous = forms.BooleanField(label="Start together with the step before", required=False)
    window = forms.IntegerField(
        label="Targets at once",
        required=False,
        min_value=1,
        max_value=1000,
        widget=forms.NumberInput({"class": "input-short"}),
        help_text="A rolling deployment; empty: all at once.",
    )
    environments = Rows(
        Environment.objects.none(), label="Only in these environments", required=False
    )
    excluded_environments = Rows(
        Environment.objects.none(), label="Never in these environments", required=False
    )
    channels = Rows(Channel.objects.none(), label="Only in these channels", required=False)
    retries = forms.IntegerField(min_value=0, max_value=3, required=False, initial=0)
    timeout = forms.IntegerField(
        label="Time limit", min_value=0, required=False, initial=0, help_text="In seconds; 0: none."
    )
    is_required = forms.BooleanField(
        label="Required", required=False, help_text="Nobody may skip it when deploying."
    )
    is_disabled = forms.BooleanField(label="Disabled", required=False)
    notes = forms.CharField(widget=forms.Textarea({"rows": 2}), required=False)

    limits = ("environments", "excluded_environments", "channels")
    when = ("condition", "expression", "with_previous", "window")
    rest = ("retries", "timeout", "is_required", "is_disabled", "notes")

    def __init__(
        self, request: ProjectRequest, data: QueryDict | None, step: Step, action: Action
    ) -> None:
        super().__init__(data, initial=self.initial_of(step, action))
        environments = visible(
            request.actor,
            Permission.ENVIRONMENT_VIEW,
            Environment.objects.in_space(request.space),
        )
        self.offer("environments", environments)
        self.offer("excluded_environments", environments)
        self.offer("channels", request.project.channels.all())
        if request.project.channels.count() < 2:
            del self.fields["channels"]
        if known := known_roles(request.space):
            self.fields["roles"].help_text += f" In use: {', '.join(known[:20])}."

    def section(self, names: tuple[str, ...]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    @property
    def own_fields(self) -> list[forms.BoundField]:
        """Those of this kind of step, after name and roles."""
        common = {"name", "roles", *self.when, *self.limits, *self.rest}
        return [self[name] for name in self.fields if name not in common]

    @property
    def when_fields(self) -> list[forms.BoundField]:
        return self.section(self.when)

    @property
    def limit_fields(self) -> list[forms.BoundField]:
        return self.section(self.limits)

    @property
    def rest_fields(self) -> list[forms.BoundField]:
        return self.section(self.rest)

    def initial_of(self, step: Step, action: Action) -> dict[str, Any]:
        window = step.properties.get(MAX_PARALLELISM, "")
        return {
            "name": step.name if len(step.actions) == 1 else action.name,
            "roles": ", ".join(step.roles),
            "condition": step.condition.value,
            "expression": step.properties.get(CONDITION_EXPRESSION, ""),
            "with_previous": step.start_trigger == StartTrigger.WITH_PREVIOUS,
            "window": int(window) if window.isdigit() else None,
            "environments": list(action.environments),
            "excluded_environments": list(action.excluded_environments),
            "channels": list(action.channels),
            "retries": action.retries,
            "timeout": action.timeout,
            "is_required": action.is_required,
            "is_disabled": action.is_disabled,
            "notes": action.notes,
            **{name: action.properties.get(key, "") for name, key in self.text_properties.items()},
            **{
                name: action.properties.get(key, "").lower() == "true"
                for name, key in self.flag_properties.items()
            },
        }

    def applied(self, step: Step, action: Action) -> Step:
        """The step with what was typed."""
        given = self.cleaned_data
        changed = replace(
            action,
            name=given["name"],
            environments=_ids(given["environments"]),
            excluded_environments=_ids(given["excluded_environments"]),
            channels=_ids(given.get("channels", [])),
            retries=given.get("retries") or 0,
            timeout=given.get("timeout") or 0,
            is_required=given["is_required"],
            is_disabled=given["is_disabled"],
            notes=given["notes"],
            properties=_without_blanks(dict(action.properties) | self.properties()),
            packages=self.packages(action),
        )
        return replace(
            step,
            name=given["name"] if len(step.actions) < 2 else step.name,
            condition=Condition(given["condition"]),
            start_trigger=StartTrigger.WITH_PREVIOUS
            if given["with_previous"]
            else StartTrigger.AFTER_PREVIOUS,
            properties=_without_blanks(dict(step.properties) | self.step_properties()),
            actions=tuple(changed if a.id == action.id else a for a in step.actions) or (changed,),
        )

    def step_properties(self) -> dict[str, str]:
        given = self.cleaned_data
        return {
            TARGET_ROLES: ",".join(
                r.strip() for r in given.get("roles", "").split(",") if r.strip()
            ),
            CONDITION_EXPRESSION: given["expression"],
            MAX_PARALLELISM: str(given["window"] or ""),
        }

    def properties(self) -> dict[str, str]:
        given = self.cleaned_data
        texts = {key: given[name] for name, key in self.text_properties.items()}
        flags = {key: str(given[name]) for name, key in self.flag_properties.items()}
        return texts | flags

    def packages(self, action: Action) -> tuple[PackageReference, ...]:
        return action.packages


class ScriptForm(StepForm):
    text_properties: ClassVar = {"syntax": script.SYNTAX, "body": script.BODY}
    sometimes_required: ClassVar = frozenset({"roles"})

    place = forms.ChoiceField(label="Run on", choices=PLACES, widget=forms.RadioSelect)
    syntax = forms.ChoiceField(label="Language", choices=[(s.value, s.value) for s in Syntax])
    body = forms.CharField(label="Script", widget=CodeArea(16), strip=False)

    field_order = ["name", "place", "roles", "syntax", "body"]

    def initial_of(self, step: Step, action: Action) -> dict[str, Any]:
        found = super().initial_of(step, action)
        on_targets = BEHALF if action.runs_on_server else TARGETS
        place = on_targets if step.roles else WORKER
        return found | {"place": place, "syntax": found["syntax"] or Syntax.BASH.value}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("place") == WORKER:
            given["roles"] = ""
        elif not given.get("roles", "").strip():
            self.add_error("roles", "Say on which targets.")
        return given

    def properties(self) -> dict[str, str]:
        given = super().properties()
        # textareas send CRLF, which no shell understands
        body = given[script.BODY].replace("\r\n", "\n")
        on_server = str(self.cleaned_data["place"] != TARGETS)
        return given | {script.BODY: body, script.SOURCE: script.INLINE, RUN_ON_SERVER: on_server}


class PackageForm(StepForm):
    text_properties: ClassVar = {
        "package_id": PACKAGE_ID,
        "folder": package.CUSTOM_FOLDER,
        "substitute": package.SUBSTITUTE_IN,
        "structured": package.STRUCTURED,
        "pre_deploy": "Octopus.Action.CustomScripts.PreDeploy.sh",
        "deploy": "Octopus.Action.CustomScripts.Deploy.sh",
        "post_deploy": "Octopus.Action.CustomScripts.PostDeploy.sh",
    }
    flag_properties: ClassVar = {
        "purge": package.PURGE,
        "skip_installed": package.SKIP_INSTALLED,
    }
    _FILES = "One path or pattern in each line, such as config/*.json."

    package_id = forms.CharField(label="Package", max_length=100)
    feed = forms.ModelChoiceField(Feed.objects.none(), empty_label=None)
    folder = forms.CharField(
        label="Copy to this folder as well",
        required=False,
        help_text="An absolute path. Otherwise each version has its folder, and `current` leads to it.",
    )
    purge = forms.BooleanField(label="Empty that folder first", required=False)
    substitute = forms.CharField(
        label="Replace #{variables} in files",
        required=False,
        widget=CodeArea(2),
        help_text=_FILES,
    )
    structured = forms.CharField(
        label="Set values in JSON, YAML, XML or properties files",
        required=False,
        widget=CodeArea(2),
        help_text=_FILES,
    )
    pre_deploy = forms.CharField(
        label="Before it is configured", required=False, widget=CodeArea(4), strip=False
    )
    deploy = forms.CharField(
        label="When it is in place", required=False, widget=CodeArea(4), strip=False
    )
    post_deploy = forms.CharField(
        label="After it became current", required=False, widget=CodeArea(4), strip=False
    )
    skip_installed = forms.BooleanField(
        label="Skip where this version is installed already", required=False
    )

    field_order = ["name", "roles", "package_id", "feed"]

    def __init__(
        self, request: ProjectRequest, data: QueryDict | None, step: Step, action: Action
    ) -> None:
        super().__init__(request, data, step, action)
        self.fields["roles"].required = True
        feeds = visible(request.actor, Permission.FEED_VIEW, Feed.objects.in_space(request.space))
        self.offer("feed", feeds.order_by("pk"))
        if action.packages and action.packages[0].feed:
            self.initial["feed"] = action.packages[0].feed

    def properties(self) -> dict[str, str]:
        given = {key: text.replace("\r\n", "\n") for key, text in super().properties().items()}
        return given | {
            PACKAGE_FEED: self.cleaned_data["feed"].wire_id,
            package.SUBSTITUTE_ON: str(bool(given[package.SUBSTITUTE_IN].strip())),
            package.STRUCTURED_ON: str(bool(given[package.STRUCTURED].strip())),
        }

    def packages(self, action: Action) -> tuple[PackageReference, ...]:
        """The primary reference as typed; further ones stay."""
        given = self.cleaned_data
        named = [reference for reference in action.packages if reference.name]
        primary = next((r for r in action.packages if not r.name), PackageReference("", ""))
        feed = given["feed"].pk
        return (replace(primary, package_id=given["package_id"].strip(), feed=feed), *named)


class ManualForm(StepForm):
    text_properties: ClassVar = {
        "instructions": manual.INSTRUCTIONS,
        "minimum": manual.MINIMUM,
        "expires_after": manual.EXPIRES_AFTER,
        "when_expired": manual.WHEN_EXPIRED,
    }
    flag_properties: ClassVar = {
        "block": manual.BLOCK,
        "each_team": manual.EACH_TEAM,
        "four_eyes": manual.FOUR_EYES,
    }

    instructions = forms.CharField(
        widget=forms.Textarea({"rows": 6}),
        help_text="What to look at before proceeding. Markdown is shown as such.",
    )
    teams = Rows(
        Team.objects.none(),
        label="Who may answer",
        required=False,
        help_text="Members of these teams; none: whoever may deploy here.",
    )
    minimum = forms.CharField(
        label="How many people have to proceed", required=False, help_text="One, if left blank."
    )
    each_team = forms.BooleanField(label="Somebody of each of these teams", required=False)
    four_eyes = forms.BooleanField(
        label="Not whoever asked for the deployment",
        required=False,
        help_text="Four eyes: another person has to look.",
    )
    expires_after = forms.CharField(
        label="Minutes to answer", required=False, help_text="It waits for ever, if left blank."
    )
    when_expired = forms.ChoiceField(
        label="If nobody answers in time", choices=[(each, each) for each in reversed(ANSWERS)]
    )
    block = forms.BooleanField(
        label="Hold other deployments of the project back while waiting", required=False
    )

    def __init__(
        self, request: ProjectRequest, data: QueryDict | None, step: Step, action: Action
    ) -> None:
        super().__init__(request, data, step, action)
        for name in ("roles", "window", "retries", "timeout"):
            del self.fields[name]
        self.fields["when_expired"].required = False
        own_or_system = Q(space=request.space) | Q(space__isnull=True)
        self.offer("teams", Team.objects.filter(own_or_system).order_by("name"))

    def initial_of(self, step: Step, action: Action) -> dict[str, Any]:
        ids = action.properties.get(manual.TEAMS, "").replace("Teams-", "").split(",")
        teams = [int(pk) for pk in ids if pk.strip().isdigit()]
        return super().initial_of(step, action) | {"teams": teams}

    def step_properties(self) -> dict[str, str]:
        return {CONDITION_EXPRESSION: self.cleaned_data["expression"]}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        return {"window": None, **given}

    def properties(self) -> dict[str, str]:
        teams = ",".join(team.wire_id for team in self.cleaned_data["teams"])
        return super().properties() | {manual.TEAMS: teams, RUN_ON_SERVER: "True"}


FORMS: dict[str, type[StepForm]] = {
    "Octopus.Script": ScriptForm,
    "Octopus.TentaclePackage": PackageForm,
    "Octopus.Manual": ManualForm,
}


def _ids(rows: list[Any]) -> tuple[int, ...]:
    return tuple(row.pk for row in rows)


def _without_blanks(properties: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in properties.items() if value != ""}
