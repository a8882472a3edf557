"""The only list of routes."""

from django.urls import URLPattern, URLResolver, path

from octoplat import api, health
from octoplat.ui import urls as ui

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    *api.routes,
    *ui.urlpatterns,
]
