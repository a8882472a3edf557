"""Django's admin shows operators everything they may see, no secret, and lets nobody change a row.

ui.md 7(q), domain.md 4.7, security-and-reliability.md 4.1, 7.4.
"""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from deployments.admin.history import NOT_SHOWN
from deployments.models import (
    Account,
    AccountEnvironment,
    Defect,
    Environment,
    OutputVariable,
    Project,
    StepJournal,
    Target,
    TargetTenant,
    TaskLogLine,
    TenantVariable,
    TenantVariableEnvironment,
    Variable,
    VariableTemplate,
)
from deployments.services.space_defaults import furnish_space
from spaces.actors import Actor
from spaces.admin import Rows, site
from spaces.admin.rows import space_path, without_secrets
from spaces.models import ApiKey, BrowserSession, Elevation, Event, Space, SpaceOwned, User
from spaces.secrets import sealed_columns
from spaces.services.elevations import elevate
from tests.deployments.api.world import World, make_world
from tests.factories.deployments import SYSTEM
from tests.factories.runbooks import make_run, make_runbook
from tests.factories.spaces import (
    actor_for,
    grant,
    make_administrator,
    make_api_key,
    make_team,
    make_user,
)
from tests.factories.tenants import make_tag_set, make_tenant

WHY = "A deployment hangs, ticket 4711"
CANARY = "swordfish"  # the password that tests.factories gives to accounts
APPS = ("spaces", "deployments", "runbooks")
SHOWN = [model for model in site._registry if model._meta.app_label in APPS]
OF_SPACES = [m for m in SHOWN if issubclass(m, SpaceOwned) or getattr(m, "owned_through", "")]


@pytest.fixture
def operator(db: Any) -> Actor:
    return actor_for(make_administrator(username="operator"))


@pytest.fixture
def client(operator: Actor) -> Client:
    client = Client()
    client.force_login(operator.user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def world(space: Space) -> World:
    return furnished_world(space)


def furnished_world(space: Space) -> World:
    """One row at least in every table of the space."""
    furnish_space(SYSTEM, space)
    world = make_world(space)
    task, dev = world.deployment.task, Environment.objects.in_space(space).get(name="Dev")
    account = Account.objects.in_space(space).get()
    AccountEnvironment.objects.create(space=space, account=account, environment=dev)
    Defect.objects.create(space=space, release=world.release, description="It leaks.")
    StepJournal.objects.create(
        task=task, step_id="1", action_id="1", state="Done", epoch=1, run_token=f"run-{task.pk}"
    )
    output = OutputVariable(task=task, step_name="1", name="Token", is_sensitive=True)
    output.seal_field("secret", CANARY)
    output.save()
    secret = Variable(
        space=space, set=world.project.variable_set, name="Password", is_sensitive=True
    )
    secret.seal_field("secret", CANARY)
    secret.save()
    _serve_a_tenant(world, dev)
    make_run(make_runbook(world.project, environments=[dev]), dev)
    grant(make_user(), "projectviewer", space)
    make_team(space, make_user())
    return world


def _serve_a_tenant(world: World, dev: Environment) -> None:
    """A tagged, connected tenant with a value and a target of its own."""
    space = world.space
    tag = make_tag_set(space, "Alpha").tags.get()
    tenant = make_tenant(space, tags=[tag], connect={world.project: [dev]})
    template = VariableTemplate.objects.create(
        space=space, project=world.project, key="t", name="Alias"
    )
    value = TenantVariable(space=space, tenant=tenant, template=template)
    value.seal_field("secret", CANARY)
    value.save()
    TenantVariableEnvironment.objects.create(space=space, variable=value, environment=dev)
    target = Target.objects.in_space(space).get()
    TargetTenant.objects.create(space=space, target=target, tenant=tenant)


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def listed(client: Client, model: Any) -> list[Any]:
    return list(client.get(address(model, "changelist")).context["cl"].result_list)


# --- who ---------------------------------------------------------------------------------------------


def test_every_table_is_there_or_says_why_not():
    ours = {model for app in APPS for model in apps.get_app_config(app).get_models()}

    assert {m.__name__ for m in ours - set(SHOWN)} == set(NOT_SHOWN)
    assert all(issubclass(type(site._registry[model]), Rows) for model in SHOWN)
    for model in OF_SPACES:
        assert space_path(model), model


def test_whoever_is_not_signed_in_is_sent_to_the_one_sign_in(db):
    answer = Client().get("/admin/", follow=True)

    assert [where for where, _ in answer.redirect_chain][-1] == "/app/sign-in?next=%2Fadmin%2F"


def test_for_all_but_system_administrators_there_is_nothing(manager, operator):
    client = Client()
    client.force_login(manager.user, "django.contrib.auth.backends.ModelBackend")

    assert client.get("/admin/", follow=True).status_code == 404
    assert client.get(address(User, "changelist"), follow=True).status_code == 404


def test_who_stops_being_an_administrator_is_out_at_once(client, operator):
    assert client.get("/admin/").status_code == 200

    User.objects.filter(pk=operator.user.pk).update(is_active=False)

    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("path", ["password_change/", "r/1/1/", "django_q/task/", "auth/group/"])
def test_there_are_no_side_doors(client, path):
    assert client.get(f"/admin/{path}").status_code == 404


# --- breaking the glass ------------------------------------------------------------------------------


@pytest.mark.promise("P2")
@pytest.mark.parametrize("model", OF_SPACES, ids=lambda model: model.__name__)
def test_what_belongs_to_a_closed_space_is_empty_and_404(client, world, model):
    row = model._base_manager.filter(**{f"{space_path(model)}__isnull": False}).first()

    assert row is not None, "furnished_world() has no such row"
    assert listed(client, model) == []
    assert client.get(address(model, "change", row.pk)).status_code == 404
    assert client.get(address(model, "history", row.pk)).status_code == 404


def test_an_opened_space_shows_its_own_rows_only(client, operator, world, other_space):
    furnished_world(other_space)

    elevate(actor=operator, space=world.space, reason=WHY)

    assert listed(client, Project) == [world.project]


def test_events_of_the_system_show_and_those_of_closed_spaces_do_not(client, operator, world):
    assert {event.space_id for event in listed(client, Event)} <= {None}

    elevate(actor=operator, space=world.space, reason=WHY)

    assert {event.space_id for event in listed(client, Event)} == {None, world.space.pk}


def test_the_elevation_of_one_operator_opens_nothing_to_another(client, world):
    elevate(actor=actor_for(make_administrator()), space=world.space, reason=WHY)

    assert listed(client, Project) == []


def test_opening_asks_why_and_the_header_tells_until_it_is_ended(client, world):
    page = reverse("admin:open_space", args=[world.space.pk])

    refused = client.post(page, {"reason": "because"})
    opened = client.post(page, {"reason": WHY}, follow=True)

    assert refused.status_code == 422
    assert "Say why" in refused.content.decode()
    assert f"<strong>{world.space.name}</strong>" in opened.content.decode()
    assert WHY in opened.content.decode()
    assert listed(client, Project) == [world.project]
    ended = client.post(
        reverse("admin:close_space", args=[Elevation.objects.get().pk]), follow=True
    )
    assert WHY not in ended.content.decode()
    assert listed(client, Project) == []
    categories = Event.objects.filter(space=world.space).order_by("-id")[:2]
    assert [e.category for e in categories] == ["ElevationEnded", "ElevationStarted"]


# --- read-only, without secrets ----------------------------------------------------------------------


@pytest.mark.promise("S20")
@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_no_row_is_added_changed_or_deleted_here(client, operator, world, model):
    elevate(actor=operator, space=world.space, reason=WHY)
    row = model._base_manager.order_by("pk").first()
    kept = ["pk"] if model is BrowserSession else []  # a request touches its own session
    before = list(model._base_manager.order_by("pk").values(*kept))

    assert client.get(address(model, "add")).status_code == 403
    assert client.post(address(model, "add"), {}).status_code == 403
    if row is not None:
        assert client.post(address(model, "change", row.pk), {"name": "Mine"}).status_code in (
            403,
            404,
        )
        assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code in (
            403,
            404,
        )
    picked = {"action": "delete_selected", "_selected_action": [str(row.pk) if row else "1"]}
    client.post(address(model, "changelist"), picked)
    assert list(model._base_manager.order_by("pk").values(*kept)) == before


@pytest.mark.promise("S3")
def test_no_page_shows_a_secret_sealed_or_not(client, operator, world):
    key, text = make_api_key(operator.user)
    elevate(actor=operator, space=world.space, reason=WHY)
    secrets = {CANARY, text, key.digest, key.lookup, operator.user.password}
    secrets.update(*BrowserSession.objects.values_list("digest", "content"))
    for sealed, column in sealed_columns():
        secrets.update(filter(None, sealed._base_manager.values_list(column, flat=True)))

    assert len(secrets) >= 8
    for model in SHOWN:
        pages = [address(model, "changelist")]
        pages += [address(model, "change", row.pk) for row in model._base_manager.all()[:3]]
        for page in pages:
            shown = client.get(page).content.decode()
            assert not [secret for secret in secrets if secret in shown], page


def test_a_sealed_column_says_whether_it_is_set(client, operator, world):
    elevate(actor=operator, space=world.space, reason=WHY)
    account = Account.objects.in_space(world.space).get()

    page = client.get(address(Account, "change", account.pk)).content.decode()

    assert page.count(">set<") == 1  # the password
    assert page.count(">not set<") == 3  # key, passphrase, token


def test_sealed_texts_inside_documents_are_left_out():
    document = {"entries": [{"secret": "v1.key.nonce.text", "value": "1.2.3.4"}]}

    assert without_secrets(document) == {"entries": [{"secret": "set", "value": "1.2.3.4"}]}


def test_a_task_shows_the_end_of_its_log(client, operator, world):
    elevate(actor=operator, space=world.space, reason=WHY)
    task = world.deployment.task

    page = client.get(address(type(task), "change", task.pk)).content.decode()

    assert TaskLogLine.objects.filter(task=task).first().text in page


# --- helping, through services -----------------------------------------------------------------------


def act(client: Client, model: Any, action: str, row: Any) -> str:
    picked = {"action": action, "_selected_action": [str(row.pk)]}
    return client.post(address(model, "changelist"), picked, follow=True).content.decode()


def test_a_user_is_disabled_by_the_service_and_audited(client, viewer):
    act(client, User, "disable", viewer.user)

    viewer.user.refresh_from_db()
    assert not viewer.user.is_active
    assert Event.objects.latest("id").category == "Modified"


@pytest.mark.promise("P10")
def test_the_last_administrator_is_not_disabled_here_either(client, operator):
    page = act(client, User, "disable", operator.user)

    operator.user.refresh_from_db()
    assert operator.user.is_active
    assert "administrator" in page


def test_a_key_is_revoked_by_the_service(client, viewer):
    key, _ = make_api_key(viewer.user)

    act(client, ApiKey, "revoke", key)

    assert not ApiKey.objects.exists()
    assert "Revoked API key" in Event.objects.latest("id").message


def test_a_queue_is_stopped_by_the_service(client, space):
    act(client, Space, "stop", space)

    assert Space.objects.get(pk=space.pk).task_queue_stopped
    assert Event.objects.latest("id").details == {"task_queue_stopped": [False, True]}


# --- how much it costs -------------------------------------------------------------------------------


def queries(client: Client, page: str) -> list[str]:
    """What the second request for a page asks the database: the first one loads the caller's rights."""
    client.get(page)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page).status_code == 200
    return [query["sql"][:200] for query in asked.captured_queries]


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_a_list_asks_the_same_however_long_it_is(client, operator, world, other_space, model):
    for space in (world.space, other_space):
        elevate(actor=operator, space=space, reason=WHY)
    page = address(model, "changelist")
    few = queries(client, page)
    furnished_world(other_space)
    many = queries(client, page)

    assert len(many) == len(few) <= 9, many


@pytest.mark.parametrize("model", OF_SPACES, ids=lambda model: model.__name__)
def test_a_row_takes_few_queries(client, operator, world, model):
    elevate(actor=operator, space=world.space, reason=WHY)
    row = model._base_manager.filter(**{space_path(model): world.space}).first()
    asked = queries(client, address(model, "change", row.pk))

    assert len(asked) <= 10, asked


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_a_search_answers_and_never_compares_secrets(client, operator, world, model):
    elevate(actor=operator, space=world.space, reason=WHY)
    rows = site._registry[model]

    for name in rows.search_fields:
        assert not any(name.startswith(column) for _, column in sealed_columns()), name
    assert client.get(address(model, "changelist"), {"q": "Shop"}).status_code == 200


def test_an_administrator_of_nothing_else_sees_the_index(client):
    page = client.get("/admin/")

    assert page.status_code == 200
    assert "Server tasks" in page.content.decode()
