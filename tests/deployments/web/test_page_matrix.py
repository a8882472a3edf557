"""Every page for every standing actor, as the reviewed list pages.yaml says (P1, P3)."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLResolver

from octoplat.urls import urlpatterns
from spaces.permissions import Permission
from tests.deployments.web.test_addresses import address, names, nothing_there
from tests.factories.deployments import make_project
from tests.factories.standing import STANDING, Standing, enter
from tests.octoplat.expected import PAGES

__all__ = ["names"]

SOMEWHERE = "somewhere"
SYSTEM = "system"
SIGN_IN = "/app/sign-in"
NO_PAGES = {"openapi"}
OPERATORS = "admin"  # tests/octoplat/test_admin.py judges every table there
LEADS_ELSEWHERE = {"space", "landing"}  # whatever the method
REFUSALS = {401, 403, 404, 405}
BODIES = {
    "answer": {"result": "Proceed"},
    "deploy": {"env": "development"},
    "run_runbook": {"env": "development"},
}


def walked(patterns):
    """The name of every page's route."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace == OPERATORS:
            continue
        if isinstance(pattern, URLResolver):
            yield from walked(pattern.url_patterns)
        elif pattern.name and pattern.name not in NO_PAGES:
            yield pattern.name


ROUTES = list(dict.fromkeys(walked(urlpatterns)))


def expected(who: Standing, route: str, method: str, *, anywhere: bool = False) -> int:
    """The status, where 200 stands for whatever is no refusal.

    anywhere: for whatever the actor may most likely do it to, not for the project Shop.
    """
    if who.name in PAGES[route]:
        return int(PAGES[route][who.name])
    need = PAGES[route][method]
    if need == "anybody":
        return 200
    if not who.is_known:
        return 401
    if need == "signed in":
        return 200
    words = need.split()
    if SYSTEM in words:
        wanted = {Permission(p) for p in words if p != SYSTEM}
        return 200 if wanted <= who.system_permissions else 403
    holds = who.holds_somewhere if anywhere or SOMEWHERE in words else who.holds
    missing = [p for p in words if p != SOMEWHERE and not holds(Permission(p))]
    if not missing:
        return 200
    return 404 if any(Permission(p).is_view for p in missing) else 403


def listed() -> Iterator[tuple[str, str]]:
    """(route, method) of all that the list allows to anybody."""
    for route, methods in PAGES.items():
        yield from ((route, method) for method in methods if method.isupper())


def table(routes) -> str:
    """One line per page and method: what it asks for, and the status of every actor."""
    lines = [" " * 72 + " ".join(f"{name[:4]:>4}" for name in STANDING)]
    for route, method in routes:
        need = PAGES[route][method]
        statuses = " ".join(f"{expected(who, route, method):>4}" for who in STANDING.values())
        lines.append(f"{method:5} {route:23} {need:42} {statuses}")
    return "\n".join(lines)


@pytest.mark.promise("P1")
def test_every_page_is_listed_and_every_listed_one_is_there():
    assert sorted(set(ROUTES) ^ set(PAGES)) == []


@pytest.mark.promise("P1")
@pytest.mark.promise("P3")
@pytest.mark.parametrize("name", STANDING)
def test_each_standing_actor_gets_the_pages_the_list_says(
    space, project, dev, names, monkeypatch, name
):
    monkeypatch.setattr("deployments.web.targets.discover_host_keys", nothing_there)
    who = STANDING[name]
    actor = enter(who, space, dev, make_project(space, name="Elsewhere"))

    got = {(route, method): tried(actor, route, method, names) for route, method in listed()}

    wrong = {
        (route, method): status
        for (route, method), status in got.items()
        if status != expected(who, route, method)
    }
    assert not wrong, f"{name} got {wrong}; expected, for all actors:\n{table(wrong)}"


def test_a_manager_is_refused_the_methods_that_are_not_listed(space, project, dev, names):
    manager = enter(STANDING["space manager"], space, dev, project)

    others = {
        (route, method): status
        for route, methods in PAGES.items()
        for method in {"GET", "POST", "PUT", "DELETE"} - set(methods)
        if route not in LEADS_ELSEWHERE
        if (status := tried(manager, route, method, names)) != 405
    }

    assert others == {}


def tried(actor, route, method, names):
    """The status of one request, whose effects are undone: 200 for whatever is no refusal."""
    client = Client()
    if actor is not None:
        client.force_login(actor.user)
    body = [BODIES.get(route, {"said": "something"})] if method == "POST" else []
    with transaction.atomic():
        answer = getattr(client, method.lower())(address(route, names), *body)
        if answer.streaming:
            list(answer)  # to its end, so that its file is closed
        transaction.set_rollback(True)
    if answer.headers.get("Location", "").startswith(SIGN_IN) and route != "sign_out":
        return 401
    assert answer.status_code < 500
    return answer.status_code if answer.status_code in REFUSALS else 200
