"""What tenants say, as deployments use it. domain.md 14.5, variables-and-versions.md 2."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.core.variables import Situation, explain, resolve
from deployments.models import Project
from deployments.queries.blockers import Place, gap_blockers
from deployments.queries.tenant_values import TenantValues
from deployments.queries.variable_inputs import definitions_for, tenant_definitions
from deployments.services.deployments import DeploymentBlocked, deploy_release
from deployments.services.projects import clone_project, update_project
from deployments.services.variable_templates import TemplateRow
from deployments.services.variables import (
    VariableRow,
    create_library_set,
    save_variables,
    update_library_set,
)
from spaces.errors import Invalid
from tests.factories.deployments import (
    SYSTEM,
    make_environment,
    make_project,
    make_release,
)
from tests.factories.tenants import make_template, make_tenant, say


@pytest.fixture
def prod(space):
    return make_environment(space, name="Prod")


@pytest.fixture
def shared(space):
    return create_library_set(actor=SYSTEM, space=space, name="Shared")


@pytest.fixture
def shop(space, shared, dev, prod):
    project = make_project(
        space, name="Shop", tenanted_mode="TenantedOrUntenanted", allow_no_targets=True
    )
    return update_project(actor=SYSTEM, project=project, library_sets=[shared.pk])


@pytest.fixture
def acme(space, shop, dev, prod):
    return make_tenant(space, "Acme", connect={shop: [dev, prod]})


def value_of(project, tenant, name, environment):
    found = resolve(
        tenant_definitions(project, tenant, reveal=True),
        Situation(environment=environment.pk, tenant=tenant.pk),
    )
    winner = found.get(name.lower())
    return winner.value if winner else None


def test_a_value_for_the_environment_beats_one_for_all_and_that_beats_the_default(
    shop, acme, dev, prod, space
):
    colour = make_template(shop, "Colour", "grey")
    bolt = make_tenant(space, "Bolt", connect={shop: [dev]})
    say(acme, colour, "red")
    say(acme, colour, "blue", prod)

    assert value_of(shop, acme, "Colour", dev) == "red"
    assert value_of(shop, acme, "Colour", prod) == "blue"
    assert value_of(shop, bolt, "colour", dev) == "grey"


def test_what_a_tenant_says_beats_every_default_of_the_name(shop, shared, acme, dev):
    make_template(shop, "Colour", "grey")
    say(acme, make_template(shared, "Colour"), "red")

    assert value_of(shop, acme, "Colour", dev) == "red"


def test_a_projects_answer_beats_a_common_one(shop, shared, acme, dev):
    say(acme, make_template(shared, "Colour"), "common")
    say(acme, make_template(shop, "Colour"), "own")

    assert value_of(shop, acme, "Colour", dev) == "own"


def test_tenant_values_override_project_and_library_values_however_specific(shop, acme, dev):
    say(acme, make_template(shop, "Colour"), "tenant's")
    row = VariableRow(name="Colour", value="project's")
    save_variables(actor=SYSTEM, variable_set=shop.variable_set, rows=[row])
    release = make_release(shop)
    deployment = deploy_release(actor=SYSTEM, release=release, environment=dev, tenant=acme)

    definitions = definitions_for(deployment)
    why = explain(definitions, "Colour", Situation(environment=dev.pk, tenant=acme.pk))

    assert why.winner is not None
    assert why.winner.value == "tenant's"
    assert [loser.rule for loser in why.losers] == ["tenant values come before all others"]


def test_values_are_read_as_they_are_now(shop, acme, dev):
    stored = say(acme, make_template(shop, "Colour"), "red")
    deployment = deploy_release(
        actor=SYSTEM, release=make_release(shop), environment=dev, tenant=acme
    )
    stored.value = "blue"
    stored.save()

    assert [d.value for d in definitions_for(deployment) if d.name == "Colour"] == ["blue"]


def test_secrets_are_opened_for_the_worker_alone(shop, acme, dev):
    secret = make_template(shop, "Key", "the default", is_sensitive=True)

    assert value_of(shop, acme, "Key", dev) == "the default"
    say(acme, secret, "canary-7")
    assert value_of(shop, acme, "Key", dev) == "canary-7"
    closed = tenant_definitions(shop, acme)
    assert {(d.value, d.is_sensitive) for d in closed} == {(None, True)}


def test_without_a_tenant_nothing_is_asked(shop, acme, dev, django_assert_num_queries):
    make_template(shop, "Colour")

    with django_assert_num_queries(0):
        assert tenant_definitions(shop, None) == []
    assert gap_blockers(shop, [Place(dev)]) == {Place(dev): []}


def test_a_deployment_without_a_needed_value_is_refused_with_all_of_them(shop, shared, acme, dev):
    make_template(shop, "Colour")
    make_template(shared, "Contact", label="Contact address")
    make_template(shop, "Size", "10")
    release = make_release(shop)

    with pytest.raises(DeploymentBlocked) as refused:
        deploy_release(actor=SYSTEM, release=release, environment=dev, tenant=acme)

    assert [b.text for b in refused.value.blockers] == [
        "Acme has no value for Colour in Development.",
        "Acme has no value for Contact address in Development.",
    ]
    assert not acme.deployments.exists()
    deploy_release(actor=SYSTEM, release=release, environment=dev)  # for nobody in particular


def test_a_value_elsewhere_does_not_help(shop, acme, dev, prod):
    say(acme, make_template(shop, "Colour"), "red", prod)

    found = gap_blockers(shop, [Place(dev, acme), Place(prod, acme)])

    assert {place.environment.name: len(gaps) for place, gaps in found.items()} == {
        "Development": 1,
        "Prod": 0,
    }


def test_three_hundred_tenants_cost_as_many_queries_as_one(shop, dev, space):
    make_template(shop, "Colour")
    tenants = [make_tenant(space, f"T{n}", connect={shop: [dev]}) for n in range(20)]

    def queries(count):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            TenantValues.of(shop, tenants[:count])
        return len(asked)

    assert queries(1) == queries(20) <= 3


class TestTemplates:
    def test_they_are_added_changed_and_removed_with_their_owner(self, shop, acme):
        rows = [TemplateRow("A"), TemplateRow("B", default="1")]
        project = update_project(actor=SYSTEM, project=shop, templates=rows)
        first, second = project.templates.all()
        say(acme, first, "x")

        # swapped names must not collide on the way
        swapped = [TemplateRow("B", key=first.key), TemplateRow("A", key=second.key)]
        update_project(actor=SYSTEM, project=project, templates=swapped)
        assert [(t.key, t.name) for t in project.templates.all()] == [
            (first.key, "B"),
            (second.key, "A"),
        ]
        assert [v.value for v in acme.variables.all()] == ["x"]

        update_project(actor=SYSTEM, project=project, templates=[])
        assert not acme.variables.exists()

    def test_every_reason_at_once(self, shared):
        rows = [TemplateRow("", key="k"), TemplateRow("A", key="k"), TemplateRow("a")]
        with pytest.raises(Invalid) as refused:
            update_library_set(actor=SYSTEM, library_set=shared, templates=rows)

        assert set(refused.value.reasons) == {
            "Every template needs the name of a variable.",
            "The variable A has two templates.",
            "Two templates have the id k.",
        }

    def test_what_becomes_sensitive_is_sealed_and_stays_so(self, shop, acme):
        plain = make_template(shop, "Key", "grey")
        say(acme, plain, "canary-9")
        sealed = TemplateRow(
            "Key", key=plain.key, default=None, display={"Octopus.ControlType": "Sensitive"}
        )

        update_project(actor=SYSTEM, project=shop, templates=[sealed])

        value = acme.variables.get()
        assert (value.value, value.reveal("secret")) == ("", "canary-9")
        assert shop.templates.get().reveal("default_secret") == "grey"
        with pytest.raises(Invalid, match="cannot become readable"):
            update_project(
                actor=SYSTEM, project=shop, templates=[TemplateRow("Key", key=plain.key)]
            )

    def test_a_copied_project_asks_the_same(self, shop):
        make_template(shop, "Key", "canary-8", is_sensitive=True)
        make_template(shop, "Colour", "grey")

        copy = clone_project(actor=SYSTEM, original=shop, name="Shop 2")

        asked = {t.name: t for t in Project.objects.get(pk=copy.pk).templates.all()}
        assert asked["Colour"].default_value == "grey"
        assert asked["Key"].reveal("default_secret") == "canary-8"
