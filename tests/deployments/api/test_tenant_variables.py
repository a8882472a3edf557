"""What tenants say, over the API. api-dialect.md 8.24, domain.md 4.4, 14.5."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.models import TenantVariable
from deployments.services.projects import update_project
from deployments.services.variables import create_library_set
from spaces.models import Event
from spaces.permissions import Permission
from tests.factories.deployments import SYSTEM, make_environment, make_project
from tests.factories.spaces import grant, make_user
from tests.factories.tenants import make_template, make_tenant, say


@pytest.fixture
def base(space):
    return f"/api/{space.wire_id}"


@pytest.fixture
def prod(space):
    return make_environment(space, name="Prod")


@pytest.fixture
def shared(space):
    return create_library_set(actor=SYSTEM, space=space, name="Shared")


@pytest.fixture
def shop(space, shared):
    project = make_project(space, name="Shop", tenanted_mode="Tenanted")
    return update_project(actor=SYSTEM, project=project, library_sets=[shared.pk])


@pytest.fixture
def acme(space, shop, dev, prod):
    return make_tenant(space, "Acme", connect={shop: [dev, prod]})


@pytest.fixture
def colour(shop):
    return make_template(shop, "Colour")


@pytest.fixture
def contact(shared):
    return make_template(shared, "Contact")


def test_templates_are_part_of_projects_and_library_sets(api, manager, base, shop, shared):
    client = api(manager)
    asked = {"Name": "Colour", "Label": "Which colour?", "DefaultValue": "red"}
    secret = {
        "Name": "Key",
        "DefaultValue": {"HasValue": True, "NewValue": "canary-4"},
        "DisplaySettings": {"Octopus.ControlType": "Sensitive"},
    }
    for address in (f"projects/{shop.wire_id}", f"libraryvariablesets/{shared.wire_id}"):
        document = client.get(f"{base}/{address}").json()
        answer = client.send("PUT", f"{base}/{address}", document | {"Templates": [asked, secret]})

        assert answer.status_code == 200, answer.content
        assert "canary-4" not in answer.content.decode()
        first, second = answer.json()["Templates"]
        assert (first["Name"], first["DefaultValue"], bool(first["Id"])) == ("Colour", "red", True)
        assert second["DefaultValue"]["HasValue"] is True
        again = client.send("PUT", f"{base}/{address}", answer.json())
        assert again.json()["Templates"] == answer.json()["Templates"]


def test_a_client_fills_in_the_whole_document(
    api, manager, base, acme, shop, shared, colour, contact, dev, prod
):
    client, address = api(manager), f"{base}/tenants/{acme.wire_id}/variables"
    document = client.get(address).json()
    asked = document["ProjectVariables"][shop.wire_id]
    assert asked["Variables"] == {dev.wire_id: {}, prod.wire_id: {}}
    asked["Variables"][dev.wire_id][colour.key] = "red"
    document["LibraryVariables"][shared.wire_id]["Variables"][contact.key] = "a@example.org"

    saved = client.send("PUT", address, document)

    assert saved.status_code == 200, saved.content
    assert saved.json()["ProjectVariables"][shop.wire_id]["Variables"] == {
        dev.wire_id: {colour.key: "red"},
        prod.wire_id: {},
    }
    before = sorted(TenantVariable.objects.values_list("pk", flat=True))
    assert client.send("PUT", address, saved.json()).json() == saved.json()
    assert sorted(TenantVariable.objects.values_list("pk", flat=True)) == before
    emptied = saved.json()
    emptied["ProjectVariables"][shop.wire_id]["Variables"][dev.wire_id] = {}
    del emptied["LibraryVariables"]
    answer = client.send("POST", address, emptied).json()
    assert answer["ProjectVariables"][shop.wire_id]["Variables"][dev.wire_id] == {}
    assert answer["LibraryVariables"][shared.wire_id]["Variables"] == {contact.key: "a@example.org"}


def test_values_with_scopes_and_what_is_missing(api, manager, base, acme, shop, colour, dev, prod):
    client, address = api(manager), f"{base}/tenants/{acme.wire_id}/projectvariables"
    value = {"ProjectId": shop.wire_id, "TemplateId": colour.key, "Value": "red"}

    only_dev = {**value, "Scope": {"EnvironmentIds": [dev.wire_id]}}
    saved = client.send("PUT", address, {"Variables": [only_dev]}).json()

    assert saved["Variables"][0]["Scope"] == {"EnvironmentIds": [dev.wire_id]}
    assert [m["Scope"]["EnvironmentIds"] for m in saved["MissingVariables"]] == [[prod.wire_id]]
    wider = saved["Variables"][0] | {"Scope": {"EnvironmentIds": [dev.wire_id, prod.wire_id]}}
    assert client.send("PUT", address, {"Variables": [wider]}).json()["MissingVariables"] == []
    assert TenantVariable.objects.count() == 1
    assert client.send("PUT", address, {"Variables": []}).json()["Variables"] == []


def test_a_value_for_several_environments_is_not_torn_by_the_older_document(
    api, manager, base, acme, shop, colour, dev, prod
):
    say(acme, colour, "red", dev, prod)
    client, address = api(manager), f"{base}/tenants/{acme.wire_id}/variables"
    document = client.get(address).json()
    assert client.send("PUT", address, document).json() == document

    document["ProjectVariables"][shop.wire_id]["Variables"][dev.wire_id] = {}
    refused = client.send("PUT", address, document)

    assert refused.status_code == 400
    assert "several environments" in str(refused.json()["Errors"])


def test_secrets_go_in_and_never_come_out(api, manager, base, acme, shop, dev):
    key = make_template(shop, "Key", is_sensitive=True)
    client, address = api(manager), f"{base}/tenants/{acme.wire_id}/projectvariables"
    new = {"HasValue": True, "NewValue": "canary-5"}
    scope = {"EnvironmentIds": [dev.wire_id]}
    value = {"ProjectId": shop.wire_id, "TemplateId": key.key, "Value": new, "Scope": scope}

    saved = client.send("PUT", address, {"Variables": [value]})

    assert "canary-5" not in saved.content.decode()
    kept = client.send("PUT", address, saved.json())  # HasValue keeps it
    assert kept.json() == saved.json()
    assert TenantVariable.objects.get().reveal("secret") == "canary-5"
    assert "canary-5" not in str(list(Event.objects.values_list("details", flat=True)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"TemplateId": "nothing"}, "is not asked for nothing"),
        ({"Scope": {"EnvironmentIds": ["Environments-999999"]}}, "Environments-999999"),
        ({"Value": {"HasValue": True}}, "no stored value"),
        ({"Value": "a\0b"}, "NUL"),
        ({"Value": ["x"]}, "value is a text"),
    ],
)
def test_bad_values_are_refused_with_the_reason(
    api, manager, base, acme, shop, colour, dev, change, reason
):
    address = f"{base}/tenants/{acme.wire_id}/projectvariables"
    value = {"ProjectId": shop.wire_id, "TemplateId": colour.key, "Value": "red"}

    answer = api(manager).send("PUT", address, {"Variables": [value | change]})

    assert answer.status_code == 400, answer.content
    assert reason in str(answer.json()["Errors"])
    assert not TenantVariable.objects.exists()


def test_two_values_for_one_place_and_a_place_without_connection(
    api, manager, base, acme, shop, space, colour, dev
):
    later = make_environment(space, name="Later")
    address = f"{base}/tenants/{acme.wire_id}/projectvariables"
    value = {"ProjectId": shop.wire_id, "TemplateId": colour.key, "Value": "red"}
    twice = [value | {"Scope": {"EnvironmentIds": [dev.wire_id]}}] * 2
    outside = value | {"Scope": {"EnvironmentIds": [later.wire_id]}}

    answer = api(manager).send("PUT", address, {"Variables": [*twice, outside]})

    assert sorted(answer.json()["Errors"]) == [
        "Colour has two values for Development.",
        "The tenant Acme is not connected to Shop in Later.",
    ]


class TestWhoMay:
    @pytest.fixture
    def developer(self, space, dev):
        user = make_user()
        grant(user, [Permission.TENANT_VIEW, Permission.ENVIRONMENT_VIEW], space)
        rights = [Permission.VARIABLE_VIEW, Permission.VARIABLE_EDIT]
        grant(user, rights, space, environments=[dev.pk])
        return user

    def test_hidden_values_survive_a_save(
        self, api, developer, base, acme, shop, colour, dev, prod
    ):
        say(acme, colour, "secret to them", prod)
        say(acme, colour, "red", dev)
        client, address = api(developer), f"{base}/tenants/{acme.wire_id}/projectvariables"

        document = client.get(address).json()
        assert [v["Value"] for v in document["Variables"]] == ["red"]
        document["Variables"][0]["Value"] = "blue"
        answer = client.send("PUT", address, document)

        assert answer.status_code == 200, answer.content
        assert sorted(TenantVariable.objects.values_list("value", flat=True)) == [
            "blue",
            "secret to them",
        ]

    def test_out_of_reach_is_refused_by_name(
        self, api, developer, base, acme, shop, colour, dev, prod
    ):
        address = f"{base}/tenants/{acme.wire_id}/projectvariables"
        value = {"ProjectId": shop.wire_id, "TemplateId": colour.key, "Value": "red"}
        for scope in ([prod.wire_id], []):
            body = {"Variables": [value | {"Scope": {"EnvironmentIds": scope}}]}
            answer = api(developer).send("PUT", address, body)

            assert answer.status_code == 403
            assert "You may not edit Colour for Acme" in answer.json()["ErrorMessage"] + str(
                answer.json()["Errors"]
            )
        assert not TenantVariable.objects.exists()

    def test_common_values_need_every_project_that_includes_the_set(
        self, api, base, space, acme, shop, shared, contact, dev
    ):
        other = make_project(space, name="Other", tenanted_mode="Tenanted")
        update_project(actor=SYSTEM, project=other, library_sets=[shared.pk])
        acme.projects.create(space=space, project=other)
        user = make_user()
        grant(user, [Permission.TENANT_VIEW], space)
        rights = [Permission.VARIABLE_VIEW, Permission.VARIABLE_EDIT]
        grant(user, rights, space, projects=[shop.pk])
        address = f"{base}/tenants/{acme.wire_id}/commonvariables"
        body = {"Variables": [{"TemplateId": contact.key, "Value": "a@example.org"}]}

        assert (
            api(user).send("PUT", address, body).status_code == 400
        )  # they do not see that it asks
        grant(user, rights, space, projects=[other.pk])
        assert api(user).send("PUT", address, body).status_code == 200


def test_missing_values_of_all_tenants_in_constant_queries(
    api, manager, base, space, shop, acme, colour, contact, dev, prod
):
    client = api(manager)
    say(acme, colour, "red", dev)
    address = f"{base}/tenants/variables-missing"

    found = client.get(address).json()

    missing = {
        (m["VariableTemplateName"], m["EnvironmentId"]) for m in found[0]["MissingVariables"]
    }
    assert missing == {("Colour", prod.wire_id), ("Contact", None)}
    assert client.get(f"{address}?tenantId=Nobody").json() == []
    at_dev = client.get(f"{address}?environmentId={dev.wire_id}&projectId={shop.wire_id}").json()
    assert [m["VariableTemplateName"] for m in at_dev[0]["MissingVariables"]] == ["Contact"]

    def queries(path):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"{base}/{path}").status_code == 200
        return len(asked)

    few = [queries(path) for path in ("tenants/variables-missing", "tenantvariables/all")]
    for number in range(8):
        say(make_tenant(space, f"T{number}", connect={shop: [dev]}), colour, "x", dev)
    many = [queries(path) for path in ("tenants/variables-missing", "tenantvariables/all")]
    assert many == few
    assert len(client.get(f"{base}/tenantvariables/all?projectId={shop.wire_id}").json()) == 9


def test_the_preview_shows_what_the_tenant_says(api, manager, base, shop, acme, colour, dev):
    say(acme, colour, "red", dev)
    address = f"{base}/variables/preview?project=Shop&environment=Development&tenant=Acme"

    (row,) = api(manager).get(address).json()["Variables"]

    assert (row["Name"], row["Value"]) == ("Colour", "red")
    assert row["Winner"]["Source"] == "tenant"
    assert api(manager).get(address.replace("Acme", "Nobody")).status_code == 404


def test_a_copied_tenant_says_the_same_but_for_secrets(api, manager, base, acme, shop, colour, dev):
    say(acme, colour, "red", dev)
    say(acme, make_template(shop, "Key", is_sensitive=True), "canary-6", dev)

    copy = api(manager).send("POST", f"{base}/tenants?clone={acme.wire_id}", {"Name": "Acme 2"})

    assert copy.status_code == 201, copy.content
    copied = TenantVariable.objects.filter(tenant__name="Acme 2")
    assert [(row.value, row.secret) for row in copied] == [("red", "")]
    assert [e.environment for row in copied for e in row.environments.all()] == [dev]
