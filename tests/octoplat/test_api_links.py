"""The root documents' links, and the page that explains the API. api-dialect.md 3.3."""

import re

from django.urls import resolve

from spaces.api.links import root_links, space_links
from spaces.api.root import NowhereViewSet


def addresses(links):
    """Each template expanded in the ways clients expand it: without its parts, and with an id."""
    for name, template in links.items():
        if template.startswith("/app"):
            continue
        plain = re.sub(r"\{\?[^}]*\}", "", template).replace("{spaceId}", "Spaces-1")
        yield name, plain.replace("{/id}", "")
        yield name, plain.replace("{/id}", "/Any-1")


def test_every_link_of_the_root_documents_leads_somewhere(space):
    nowhere = [
        (name, address)
        for links in (root_links(), space_links(space))
        for name, address in addresses(links)
        if resolve(address).func.cls is NowhereViewSet and name != "DiscoverWorker"
    ]

    assert nowhere == []


def test_the_docs_page_runs_under_the_content_security_policy(client, manager):
    client.force_login(manager.user)

    answer = client.get("/api/docs")

    assert answer.status_code == 200
    page = answer.content.decode()
    assert "swagger" in page
    assert not re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page), "an inline script would not run"
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]
