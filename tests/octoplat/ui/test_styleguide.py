"""The style guide shows every component; a page that breaks there breaks everywhere."""

import pytest
from django.test import override_settings
from django.urls import include, path

from deployments.web import statuses
from octoplat.ui.styleguide import styleguide

urlpatterns = [path("", include("octoplat.ui.urls")), path("guide", styleguide)]


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_every_state_is_there_with_its_word_and_icon(client):
    text = client.get("/guide").text

    for status in statuses.EVERY:
        assert f"icons.svg#{status.icon}" in text
        assert status.word in text
