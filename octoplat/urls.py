"""The only list of routes."""

from django.urls import URLPattern, URLResolver, path

from octoplat import api, health
from octoplat.ui import urls as ui
from spaces.admin import site

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("admin/", site.urls),
    *api.routes,
    *ui.urlpatterns,
]
