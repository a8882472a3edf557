"""The frame around every page: where one may go, and how much waits for a person. ui.md 3."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from deployments.models import Project
from deployments.queries.inbox import waiting_count
from deployments.web.landing import only_looks
from octoplat.ui.preferences import Preferences
from spaces.access import allowed, allowed_system, anywhere
from spaces.actors import Actor
from spaces.models import Space
from spaces.permissions import Permission

Entry = tuple[str, str, Permission]

MAIN = (
    ("Inbox", "inbox", Permission.INTERRUPTION_VIEW),
    ("Dashboard", "dashboard", Permission.PROJECT_VIEW),
    ("Ready to deploy", "ready", Permission.DEPLOYMENT_CREATE),
    ("Reports", "reports", Permission.INSIGHTS_REPORT_VIEW),
    ("Projects", "projects", Permission.PROJECT_VIEW),
    ("Tasks", "tasks", Permission.TASK_VIEW),
    ("Tenants", "tenants", Permission.TENANT_VIEW),
)
INFRASTRUCTURE = (
    ("Environments", "environments", Permission.ENVIRONMENT_VIEW),
    ("Targets", "targets", Permission.MACHINE_VIEW),
    ("Accounts", "accounts", Permission.ACCOUNT_VIEW),
)
LIBRARY = (
    ("Packages", "packages", Permission.FEED_VIEW),
    ("Feeds", "feeds", Permission.FEED_VIEW),
    ("Lifecycles", "lifecycles", Permission.LIFECYCLE_VIEW),
    ("Variable sets", "library_sets", Permission.LIBRARY_VARIABLE_SET_VIEW),
    ("Tag sets", "tag_sets", Permission.TENANT_VIEW),
)
PROJECT = (
    ("Overview", "project", "overview", Permission.PROJECT_VIEW),
    ("Releases", "releases", "releases", Permission.RELEASE_VIEW),
    ("Process", "process", "process", Permission.PROCESS_VIEW),
    ("Runbooks", "runbooks", "runbooks", Permission.RUNBOOK_VIEW),
    ("Variables", "variables", "variables", Permission.VARIABLE_VIEW),
    ("Settings", "project_settings", "settings", Permission.PROJECT_VIEW),
)
BOTTOM = ("inbox", "dashboard", "tasks")


@dataclass
class NavItem:
    label: str
    route: str
    icon: str
    url: str
    count: int = 0
    is_current: bool = False


@dataclass(frozen=True)
class NavGroup:
    """Items under a heading; `label` is what screen readers call the group."""

    label: str
    items: list[NavItem]
    heading: str = ""


class Shell:
    """What the frame shows. Worked out when a template asks, so that fragments do not pay for it."""

    banners: tuple[str, ...] = ()

    def __init__(self, request: HttpRequest) -> None:
        self._path = request.path
        self._actor: Actor | None = getattr(request, "actor", None)
        self._project: Project | None = getattr(request, "project", None)
        self.space: Space | None = getattr(request, "space", None)
        self.spaces: list[Space] = getattr(request, "spaces", [])

    @cached_property
    def groups(self) -> list[NavGroup]:
        """Groups with something in them that the person may see; the page's own item is marked."""
        found = [group for group in self._groups() if group.items]
        items = [item for group in found for item in group.items]
        here = [item for item in items if self._path.startswith(item.url)]
        if here:
            max(here, key=lambda item: len(item.url)).is_current = True
        return found

    @cached_property
    def offers_work(self) -> bool:
        """Whether pages show what the person may not do now, with the reason."""
        if self._actor is None or self.space is None:
            return True
        return not only_looks(self._actor, self.space)

    @cached_property
    def may_invite(self) -> bool:
        return self._actor is not None and allowed_system(self._actor, Permission.USER_INVITE)

    @cached_property
    def bottom(self) -> list[NavItem]:
        items = [item for group in self.groups for item in group.items]
        return [item for item in items if item.route in BOTTOM]

    def _groups(self) -> Iterator[NavGroup]:
        actor, space = self._actor, self.space
        if actor is None or space is None:
            return
        yield NavGroup("Main", _items(actor, space, MAIN))
        if self._project is not None:
            items = _project_items(actor, space, self._project)
            yield NavGroup("Project", items, heading=self._project.name)
        yield NavGroup("Infrastructure", _items(actor, space, INFRASTRUCTURE), "Infrastructure")
        yield NavGroup("Library", _items(actor, space, LIBRARY), "Library")


def _items(actor: Actor, space: Space, entries: Iterable[Entry]) -> list[NavItem]:
    return [
        NavItem(
            label,
            route,
            icon=route,
            url=reverse(route, args=[space.slug]),
            count=waiting_count(actor, space) if route == "inbox" else 0,
        )
        for label, route, permission in entries
        if anywhere(actor, permission, space)
    ]


def _project_items(actor: Actor, space: Space, project: Project) -> list[NavItem]:
    return [
        NavItem(label, route, icon, url=reverse(route, args=[space.slug, project.slug]))
        for label, route, icon, permission in PROJECT
        if allowed(actor, permission, project)
    ]


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell` and `preferences` for every page."""
    return {
        "shell": Shell(request),
        "preferences": getattr(request, "preferences", None) or Preferences.of(request),
    }
