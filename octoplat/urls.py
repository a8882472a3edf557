"""The only list of routes."""

from django.urls import URLPattern, URLResolver, path

from octoplat import api, health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    *api.routes,
]
