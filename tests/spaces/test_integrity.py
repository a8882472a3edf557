"""Rows of one space refer to rows of the same space, whatever code forgets. Promise P5."""

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from spaces.integrity import is_space_owned, key_name, same_space_keys
from spaces.models import SpaceOwned


@pytest.mark.promise("P5")
def test_every_reference_between_space_owned_tables_is_held_in_its_space(db):
    wanted = {
        key_name(model._meta.db_table, str(field.column))
        for model in apps.get_models()
        if issubclass(model, SpaceOwned) and is_space_owned(model)
        for field in same_space_keys(model)
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'")
        there = {name for (name,) in cursor.fetchall()}

    assert wanted
    assert wanted <= there


@pytest.mark.promise("P5")
def test_the_database_refuses_a_reference_into_another_space(space, other_space):
    lifecycle = row("Lifecycle", other_space)
    project = row("Project", space, group=row("ProjectGroup", space), lifecycle=lifecycle)

    with pytest.raises(IntegrityError, match="lifecycle_id_same_space"), transaction.atomic():
        connection.check_constraints()
    project.delete()


def row(model: str, space, **given):
    named = {"name": "Web", "slug": "web"}
    manager: Any = apps.get_model("deployments", model)._default_manager
    return manager.create(space=space, **named, **given)


# What belongs to the installation, or to a space or the installation.
OF_THE_SYSTEM = {
    "ApiKey",
    "AuthenticatorApp",
    "BrowserSession",
    "DataKey",
    "Elevation",
    "Event",
    "EventHead",
    "Installation",
    "Invitation",
    "OidcIdentity",
    "RateLimit",
    "RecoveryCode",
    "ScopedUserRole",
    "ScopedUserRoleGrant",
    "SecurityKey",
    "SignInFailure",
    "Space",
    "Team",
    "TokenKey",
    "User",
    "UserRole",
}


@pytest.mark.promise("P1")
def test_every_table_belongs_to_a_space_or_is_known_to_be_of_the_system():
    homeless = {
        model.__name__
        for app in ("spaces", "deployments", "runbooks")
        for model in apps.get_app_config(app).get_models()
        if not issubclass(model, SpaceOwned) and not getattr(model, "owned_through", "")
    }

    assert homeless == OF_THE_SYSTEM
