"""Addresses of the pages outside spaces, and of everything below /app/."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from deployments.web.landing import landing
from octoplat.ui.account import account
from octoplat.ui.styleguide import styleguide

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="landing")),
    path("app", RedirectView.as_view(pattern_name="landing")),
    path("app/", landing, name="landing"),
    path("app/", include("spaces.web.urls")),
    path("app/account/", account, name="my_account"),
    path("app/spaces/<slug:space>/", include("deployments.web.urls")),
    path("app/spaces/<slug:space>/", include("runbooks.web.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("app/system/styleguide", styleguide, name="styleguide"))
