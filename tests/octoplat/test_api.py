"""The API as a whole: who may ask, and what its description says."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver
from rest_framework.permissions import AllowAny

from octoplat import api as tree

FOR_ANYBODY = {
    "OpenIdViewSet",
    "PingViewSet",
    "RegistrationViewSet",
    "RootViewSet",
    "SessionViewSet",
    "TokenViewSet",
}


def views(routes) -> Iterator[Any]:
    for entry in routes:
        if isinstance(entry, URLResolver):
            yield from views(entry.url_patterns)
        elif isinstance(entry, URLPattern):
            view: Any = entry.callback
            yield view.cls


@pytest.mark.promise("P1")
def test_every_route_but_a_few_is_for_the_signed_in():
    open_to_all = {
        view.__name__
        for view in views(tree.routes)
        if AllowAny in view.permission_classes or not view.permission_classes
    }

    assert open_to_all == FOR_ANYBODY


def test_the_openapi_document_is_complete_and_valid():
    out = StringIO()

    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json", stdout=out)

    paths = json.loads(out.getvalue())["paths"]
    assert "/api/{space}/teams" in paths
    assert "/api/teams" not in paths


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/docs"])
def test_the_description_is_for_the_signed_in(api, viewer, path):
    assert api().get(path).status_code == 401
    assert api(viewer).get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/capabilities",
        "/api/configuration/feature-toggles?Name=x",
        "/api/serverstatus",
        "/api/featuresconfiguration",
        "/api/octopusservernodes/ping",
    ],
)
def test_clients_probes_are_answered(api, viewer, path):
    assert api(viewer).get(path).status_code == 200
