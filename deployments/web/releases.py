"""Releases: the list, creating one, and the page of one. ui.md 7(c)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.core.lifecycles import PhaseProgress
from deployments.models import Channel, Deployment, Environment, Release
from deployments.queries.blockers import Blocker, board_blockers
from deployments.queries.board import is_under_way
from deployments.queries.dashboard import newest_per_release
from deployments.queries.progression import progression_of
from deployments.queries.release_packages import (
    Selection,
    Wanted,
    feeds_of,
    needed_packages,
    select_packages,
)
from deployments.queries.release_versions import proposed_version
from deployments.queries.snapshot_changes import step_changes, variable_changes
from deployments.services.releases import (
    ReleaseEdit,
    ReleaseRequest,
    block_release,
    create_release,
    delete_release,
    edit_release,
    unblock_release,
    update_variables,
)
from deployments.web.danger import DangerForm
from deployments.web.guards import ProjectRequest, in_project
from deployments.web.tabs import tabs
from spaces.access import allowed, visible
from spaces.actors import Actor
from spaces.permissions import Permission
from spaces.web.forms import PageForm

TABS = {
    "overview": "Overview",
    "changes": "Changes",
    "deployments": "Deployments",
    "snapshot": "Snapshot",
}


class ReleaseForm(PageForm):
    """channel, version, notes, and one field for each package the process needs."""

    sometimes_required = frozenset({"version"})

    channel = forms.ModelChoiceField(Channel.objects.none(), empty_label=None)
    version = forms.CharField(max_length=255, required=False)
    notes = forms.CharField(
        widget=forms.Textarea({"rows": 5}), required=False, help_text="Markdown is shown as such."
    )

    def __init__(self, request: ProjectRequest, channel: Channel, selection: Selection) -> None:
        super().__init__(request.POST or None, initial={"channel": channel})
        self.offer("channel", request.project.channels.all())
        self.fields["version"].widget.attrs["class"] = "input-short"
        self.fields["version"].help_text, self.initial["version"] = _proposal(request, selection)
        self.packages: list[str] = []
        for needed, found in selection.chosen:
            name = f"package-{needed.action.id}-{needed.reference.name}"
            self.fields[name] = forms.CharField(
                label=needed.label, initial=found.version, max_length=255
            )
            self.packages.append(name)
        self._keys = {
            name: f"{needed.action.name}:{needed.reference.name}"
            if needed.reference.name
            else needed.action.name
            for name, (needed, _) in zip(self.packages, selection.chosen, strict=True)
        }

    def request(self) -> ReleaseRequest:
        """What the creator said, as the service takes it."""
        given = self.cleaned_data
        return ReleaseRequest(
            version=given["version"],
            channel=given["channel"],
            notes=given["notes"],
            packages=[f"{self._keys[name]}:{given[name]}" for name in self.packages],
        )


class EditForm(PageForm):
    """version and channel are there while the release was not deployed anywhere."""

    version = forms.CharField(max_length=255)
    channel = forms.ModelChoiceField(Channel.objects.none(), empty_label=None)
    notes = forms.CharField(
        widget=forms.Textarea({"rows": 10}), required=False, help_text="Markdown is shown as such."
    )

    def __init__(self, release: Release, data: Any) -> None:
        held = {"version": release.version, "channel": release.channel_id, "notes": release.notes}
        super().__init__(data, initial=held)
        self.offer("channel", release.project.channels.all())
        if release.deployments.exists():
            del self.fields["version"], self.fields["channel"]

    def save(self, actor: Actor, release: Release) -> Release | None:
        if not self.is_valid():
            return None
        edit = ReleaseEdit(**self.cleaned_data)
        return self.refusable(lambda: edit_release(actor=actor, release=release, edit=edit))


class BlockForm(PageForm):
    description = forms.CharField(
        label="Reason", widget=forms.Textarea({"rows": 3}), help_text="Everybody sees it."
    )


@dataclass(frozen=True)
class Stop:
    """An environment of a phase as the release stands there."""

    environment: Environment
    is_automatic: bool
    deployment: Deployment | None
    blockers: Sequence[Blocker]
    is_next: bool


@dataclass(frozen=True)
class ShownPhase:
    """A phase of the release's lifecycle, with the stops that the person may see."""

    progress: PhaseProgress
    stops: Sequence[Stop]

    @property
    def name(self) -> str:
        return self.progress.phase.name or ", ".join(str(stop.environment) for stop in self.stops)


@in_project(Permission.RELEASE_VIEW)
@require_GET
def releases(request: ProjectRequest) -> HttpResponse:
    rows = visible(
        request.actor, Permission.RELEASE_VIEW, request.project.releases.all()
    ).select_related("channel")
    text = request.GET.get("q", "").strip()
    if text:
        rows = rows.filter(version__icontains=text)
    context = {
        "project": request.project,
        "page": Paginator(rows, 50).get_page(request.GET.get("page")),
        "text": text,
        "has_steps": bool(request.project.process.steps),
        "may_create": allowed(request.actor, Permission.RELEASE_CREATE, request.project),
    }
    return render(request, "deployments/releases.html", context)


@in_project(Permission.RELEASE_CREATE)
@require_http_methods(["GET", "POST"])
def new_release(request: ProjectRequest) -> HttpResponse:
    """Channel, version and packages. Choosing another channel asks again with `?channel=`."""
    project = request.project
    channel = _channel(request)
    needed = needed_packages(project.process.parsed(), channel)
    feeds = feeds_of(project.space_id)
    selection = select_packages(needed, channel, Wanted(), feeds)
    form = ReleaseForm(request, channel, selection)
    if form.is_valid():
        release = form.refusable(
            lambda: create_release(actor=request.actor, project=project, request=form.request())
        )
        if release:
            messages.success(request, f"{release} was created.")
            where = "deploy" if "deploy" in request.POST else "release"
            return redirect(where, request.space.slug, project.slug, release.version)
    context = {
        "project": project,
        "form": form,
        "selection": selection,
        "package_fields": [form[name] for name in form.packages],
    }
    return render(request, "deployments/release_new.html", context, status=form.status)


@in_project(Permission.RELEASE_VIEW)
@require_GET
def release_page(request: ProjectRequest, version: str) -> HttpResponse:
    release = found_release(request, version)
    tab = request.GET.get("tab", "overview")
    tab = tab if tab in TABS else "overview"
    shown = phases(request, release)
    context = {
        "project": request.project,
        "release": release,
        "phases": shown,
        "next": next((stop for phase in shown for stop in phase.stops if stop.is_next), None),
        "tabs": tabs(request, TABS, tab),
        "tab": tab,
        "defects": release.defects.filter(resolved_at__isnull=True),
        "may_edit": allowed(request.actor, Permission.RELEASE_EDIT, release),
        "may_delete": allowed(request.actor, Permission.RELEASE_DELETE, release),
        "may_block": allowed(request.actor, Permission.DEFECT_REPORT, release),
        "may_unblock": allowed(request.actor, Permission.DEFECT_RESOLVE, release),
        **_TAB_CONTENT[tab](request, release),
    }
    return render(request, "deployments/release.html", context)


@in_project(Permission.RELEASE_EDIT)
@require_http_methods(["GET", "POST"])
def release_edit(request: ProjectRequest, version: str) -> HttpResponse:
    release = found_release(request, version)
    form = EditForm(release, request.POST or None)
    if saved := form.save(request.actor, release):
        messages.success(request, "The release was saved.")
        return _to(request, saved)
    return _form_page(request, release, form, "Edit the release", "Save release")


@in_project(Permission.DEFECT_REPORT)
@require_http_methods(["GET", "POST"])
def release_block(request: ProjectRequest, version: str) -> HttpResponse:
    release = found_release(request, version)
    form = BlockForm(request.POST or None)
    if form.call(block_release, actor=request.actor, release=release):
        messages.success(request, f"{release} cannot progress until it is unblocked.")
        return _to(request, release)
    return _form_page(request, release, form, "Block the release", "Block")


@in_project(Permission.DEFECT_RESOLVE)
@require_POST
def release_unblock(request: ProjectRequest, version: str) -> HttpResponse:
    release = found_release(request, version)
    unblock_release(actor=request.actor, release=release)
    messages.success(request, f"{release} may progress again.")
    return _to(request, release)


@in_project(Permission.RELEASE_EDIT)
@require_POST
def release_variables(request: ProjectRequest, version: str) -> HttpResponse:
    release = found_release(request, version)
    update_variables(actor=request.actor, release=release)
    messages.success(request, "The release now has the variables of the project as they are.")
    return _to(request, release)


@in_project(Permission.RELEASE_DELETE)
@require_http_methods(["GET", "POST"])
def remove_release(request: ProjectRequest, version: str) -> HttpResponse:
    release = found_release(request, version)
    form = DangerForm(release.version, request.POST or None)
    if form.carry_out(delete_release, actor=request.actor, release=release, is_confirmed=True):
        messages.success(request, f"{release} was deleted.")
        return redirect("releases", request.space.slug, request.project.slug)
    return form.page(
        request,
        title=f"Delete the release {release.version}",
        lost=f"Its {release.deployments.count()} deployments and their logs are lost. Packages stay.",
        in_the_way=[],
        back=("release", request.space.slug, request.project.slug, release.version),
    )


def found_release(request: ProjectRequest, version: str) -> Release:
    rows = visible(request.actor, Permission.RELEASE_VIEW, request.project.releases.all())
    return get_object_or_404(
        rows.select_related("project", "channel", "process", "variables"),
        version__iexact=version,
    )


def phases(request: ProjectRequest, release: Release) -> list[ShownPhase]:
    """The lifecycle as the release stands in it, without environments the person may not see."""
    standing = progression_of(release)
    wanted = [env for phase in standing.phases for env in phase.phase.environments]
    rows = visible(
        request.actor,
        Permission.ENVIRONMENT_VIEW,
        Environment.objects.in_space(request.space).filter(pk__in=wanted),
    )
    environments = {row.pk: row for row in rows}
    blockers = board_blockers(
        request.actor, [release], list(environments.values()), {release.pk: standing}
    )
    newest = newest_per_release(request.actor, [release.pk])
    following = set(standing.next_deployments)
    shown = []
    for phase in standing.phases:
        stops = [
            Stop(
                environments[env],
                is_automatic=env in phase.phase.automatic,
                deployment=newest.get((release.pk, env)),
                blockers=blockers[release.pk, env],
                is_next=env in following
                and not blockers[release.pk, env]
                and not is_under_way(newest.get((release.pk, env))),
            )
            for env in phase.phase.environments
            if env in environments
        ]
        if stops:
            shown.append(ShownPhase(phase, stops))
    return shown


def _overview(request: ProjectRequest, release: Release) -> dict[str, Any]:
    builds = {
        (build["package_id"].lower(), build["version"]): build
        for build in release.build_information
    }
    return {
        "packages": [
            (package, builds.get((package["package_id"].lower(), package["version"])))
            for package in release.packages
        ]
    }


def _changes(request: ProjectRequest, release: Release) -> dict[str, Any]:
    return {"builds": release.build_information}


def _deployments(request: ProjectRequest, release: Release) -> dict[str, Any]:
    rows = visible(request.actor, Permission.DEPLOYMENT_VIEW, release.deployments.all())
    rows = rows.select_related("task", "environment")
    return {"page": Paginator(rows, 50).get_page(request.GET.get("page"))}


def _snapshot(request: ProjectRequest, release: Release) -> dict[str, Any]:
    """The frozen steps and names of variables; never a sensitive value."""
    sees_variables = allowed(
        request.actor, Permission.VARIABLE_VIEW_UNSCOPED, request.project
    ) and allowed(request.actor, Permission.VARIABLE_VIEW, release.variables)
    return {
        "steps": release.process.parsed
        if allowed(request.actor, Permission.PROCESS_VIEW, request.project)
        else (),
        "variables": sorted(release.variables.entries, key=lambda entry: entry["name"].lower())
        if sees_variables
        else None,
        "step_changes": step_changes(request.actor, release),
        "variable_changes": variable_changes(request.actor, release),
    }


_TAB_CONTENT = {
    "overview": _overview,
    "changes": _changes,
    "deployments": _deployments,
    "snapshot": _snapshot,
}


def _proposal(request: ProjectRequest, selection: Selection) -> tuple[str, str]:
    """Help text and proposed version."""
    try:
        return "The next one by the project's rule; change it freely.", proposed_version(
            request.project, _channel(request), selection
        )
    except ValueError as bad:
        return f"The next version cannot be worked out: {bad}", ""


def _channel(request: ProjectRequest) -> Channel:
    """The channel asked for, else the default one."""
    channels = list(request.project.channels.all())
    wanted = request.POST.get("channel") or request.GET.get("channel", "")
    return next(
        (channel for channel in channels if str(channel.pk) == wanted),
        next(channel for channel in channels if channel.is_default),
    )


def _form_page(
    request: ProjectRequest, release: Release, form: PageForm, title: str, verb: str
) -> HttpResponse:
    context = {
        "project": request.project,
        "release": release,
        "form": form,
        "title": title,
        "verb": verb,
        "back": reverse("release", args=_names(request, release)),
    }
    return render(request, "deployments/release_form.html", context, status=form.status)


def _to(request: ProjectRequest, release: Release) -> HttpResponse:
    return redirect("release", *_names(request, release))


def _names(request: ProjectRequest, release: Release) -> list[str]:
    return [request.space.slug, request.project.slug, release.version]
