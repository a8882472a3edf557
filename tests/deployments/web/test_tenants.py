"""Tenants, their values and tag sets in the browser's eyes. ui.md 7(l)."""

import pytest
from django.urls import reverse

from deployments.models import Tenant, TenantVariable, Variable
from tests.factories.deployments import (
    make_deployment,
    make_environment,
    make_project,
    make_release,
)
from tests.factories.tenants import make_tag_set, make_template, make_tenant, say


@pytest.fixture
def rings(space):
    return make_tag_set(space, "Early", "Late", name="Ring")


@pytest.fixture
def shop(space):
    return make_project(space, name="Shop", tenanted_mode="Tenanted")


@pytest.fixture
def acme(space, shop, dev, rings):
    return make_tenant(space, "Acme", tags=rings.tags.filter(name="Early"), connect={shop: [dev]})


@pytest.fixture
def at(space):
    return lambda route, *names: reverse(route, args=[space.slug, *names])


def test_a_tenant_is_made_tagged_and_connected(browse, manager, space, shop, dev, rings, at):
    page = browse(manager)
    form = {"name": "Acme", f"set-{rings.pk}": ["Ring/Early"]}

    made = page.post(at("new_tenant"), form)
    assert made.headers["Location"] == at("tenant_connections", "acme")
    page.post(made.headers["Location"], {f"place-{shop.pk}": [dev.pk]})

    text = page.get(at("tenant", "acme")).text
    assert "Ring: Early" in text
    assert "never deployed" in text


def test_the_list_narrows_by_tags_in_words(browse, manager, space, acme, rings, at):
    make_tenant(space, "Bolt", tags=rings.tags.filter(name="Late"))
    page = browse(manager)

    text = page.get(at("tenants"), {"tag": ["Ring/Late"]}).text

    assert "Bolt" in text
    assert "Acme" not in text
    assert "1 tenant with Late" in text


def test_connections_out_of_the_filter_stay(browse, manager, space, acme, shop, dev, at):
    other = make_project(space, name="Other", tenanted_mode="Tenanted")

    page = browse(manager)
    page.post(at("tenant_connections", acme.slug) + "?q=Other", {f"place-{other.pk}": [dev.pk]})

    assert set(acme.projects.values_list("project__name", flat=True)) == {"Shop", "Other"}


def test_what_cannot_be_connected_is_told(browse, manager, acme, shop, at):
    answer = browse(manager).post(
        at("tenant_connections", acme.slug), {f"place-{shop.pk}": ["999999"]}
    )

    assert answer.status_code == 422
    assert "There is no environment Environments-999999." in answer.text


def test_the_page_shows_which_version_is_where(browse, manager, acme, shop, dev, at):
    make_deployment(make_release(shop, "1.4.2"), dev, tenant=acme)

    assert "1.4.2" in browse(manager).get(at("tenant", acme.slug)).text


class TestValues:
    def test_they_are_given_and_taken_away(self, browse, manager, acme, shop, dev, at):
        colour = make_template(shop, "Colour")
        secret = make_template(shop, "Key", is_sensitive=True)
        page, address = browse(manager), at("tenant_variables", acme.slug)
        assert "2 missing" in page.get(at("tenant", acme.slug)).text

        typed = {f"value-{t.pk}-{dev.pk}": v for t, v in ((colour, "red"), (secret, "canary-2"))}
        assert page.post(address, typed).status_code == 302
        text = page.get(address).text
        assert 'value="red"' in text
        assert "canary-2" not in text

        page.post(
            address, {f"value-{colour.pk}-{dev.pk}": "blue", f"value-{secret.pk}-{dev.pk}": ""}
        )
        assert TenantVariable.objects.get(template=secret).reveal("secret") == "canary-2"
        assert TenantVariable.objects.get(template=colour).value == "blue"
        page.post(
            address, {f"value-{colour.pk}-{dev.pk}": "", f"clear-value-{secret.pk}-{dev.pk}": "on"}
        )
        assert not TenantVariable.objects.exists()

    def test_what_is_not_on_the_form_stays(self, browse, manager, space, acme, shop, dev, at):
        colour, size = make_template(shop, "Colour"), make_template(shop, "Size")
        say(acme, colour, "red", dev)
        page = browse(manager)
        address = at("tenant_variables", acme.slug) + "?missing=1"

        text = page.get(address).text
        assert "Size" in text
        assert "Colour" not in text
        page.post(address, {f"value-{size.pk}-{dev.pk}": "10"})

        assert set(TenantVariable.objects.values_list("value", flat=True)) == {"red", "10"}

    def test_a_value_of_several_environments_is_one_field(
        self, browse, manager, space, acme, shop, dev, at
    ):
        later = make_environment(space, name="Later")
        acme.projects.get().environments.create(space=space, environment=later)
        colour = make_template(shop, "Colour")
        say(acme, colour, "red", dev, later)
        key = f"value-{colour.pk}-{dev.pk}-{later.pk}"
        page = browse(manager)
        assert key in page.get(at("tenant_variables", acme.slug)).text

        page.post(at("tenant_variables", acme.slug), {key: "blue"})

        assert TenantVariable.objects.get().value == "blue"
        assert TenantVariable.objects.get().environments.count() == 2


class TestTagSets:
    def test_tags_are_added_renamed_and_removed(self, browse, manager, space, rings, at):
        early, late = rings.tags.order_by("pk")
        form = {
            "name": "Ring",
            "type": "MultiSelect",
            "scopes": ["Tenant"],
            "tag": [early.pk, late.pk, "new-0", "new-1"],
            f"name-{early.pk}": "First",
            f"color-{early.pk}": "#ff0000",
            f"name-{late.pk}": "Late",
            f"remove-{late.pk}": "on",
            "name-new-0": "Everyone",
            "name-new-1": "",
        }

        answer = browse(manager).post(at("tag_set", rings.slug), form)

        assert answer.status_code == 302, answer.text
        tags = [(tag.name, tag.color) for tag in rings.tags.order_by("sort_order")]
        assert tags == [("First", "#ff0000"), ("Everyone", "#333333")]

    def test_a_tag_in_use_stays(self, browse, manager, acme, rings, at):
        form = {"name": "Ring", "type": "MultiSelect", "scopes": ["Tenant"]}

        answer = browse(manager).post(at("tag_set", rings.slug), form)

        assert answer.status_code == 409
        assert "Acme" in answer.text


def test_a_copy_says_the_same(browse, manager, space, acme, at):
    browse(manager).post(at("copy_tenant", acme.slug), {"name": "Acme 2"})

    assert Tenant.objects.get(name="Acme 2").projects.count() == 1


def test_a_value_is_limited_to_tenants_with_a_tag(browse, manager, shop, acme, at):
    page, form = browse(manager), {"name": "Colour", "value": "red", "tenant_tags": ["ring/early"]}

    answer = page.post(at("new_variable", shop.slug), form)

    assert answer.status_code == 302, answer.text
    assert Variable.objects.get(name="Colour").scope == {"tenant_tags": ["ring/early"]}
    assert "Ring/Early" in page.get(at("variables", shop.slug)).text


def test_the_preview_asks_for_a_tenant(browse, manager, shop, acme, dev, at):
    say(acme, make_template(shop, "Colour"), "red", dev)

    asked = {"environment": dev.slug, "tenant": acme.slug}
    text = browse(manager).get(at("variable_preview", shop.slug), asked).text

    assert "red" in text
    assert ">tenant<" in text
