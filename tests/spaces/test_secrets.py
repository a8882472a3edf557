"""Secrets at rest. security-and-reliability.md 4.1, promise S3."""

import stat
from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spaces import keyring, secrets
from spaces.keyring import KeyUnavailable
from spaces.models import DataKey, Event
from spaces.secrets import CannotOpen, open_, seal, sealed_columns

CANARY = "canary-7f3a-swordfish"


@pytest.fixture
def place(space):
    return {"table": "t", "row": "r", "field": "f", "space_id": space.pk}


@pytest.fixture
def keys(tmp_path, settings):
    """An installation's key folder, with nothing in it."""
    settings.KEYS_FOLDER = tmp_path / "keys"
    secrets._opened_key.cache_clear()
    yield settings.KEYS_FOLDER
    secrets._opened_key.cache_clear()


@pytest.mark.promise("S3")
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens_again(place, text):
    assert open_(seal(text, **place), **place) == text


@pytest.mark.promise("S3")
def test_the_same_secret_never_looks_the_same(place):
    first, second = seal(CANARY, **place), seal(CANARY, **place)

    assert first != second
    assert first.startswith("v1.")
    assert CANARY not in first


@pytest.mark.promise("S3")
@pytest.mark.parametrize(
    "elsewhere", [{"table": "x"}, {"row": "x"}, {"field": "x"}, {"space_id": None}]
)
def test_a_secret_moved_to_another_place_does_not_open(place, elsewhere):
    sealed = seal(CANARY, **place)

    with pytest.raises(CannotOpen):
        open_(sealed, **place | elsewhere)


@pytest.mark.promise("S3")
def test_a_secret_moved_to_another_space_does_not_open(place, other_space):
    sealed = seal(CANARY, **place)
    seal(CANARY, **place | {"space_id": other_space.pk})

    with pytest.raises(CannotOpen):
        open_(sealed, **place | {"space_id": other_space.pk})


def one_letter_changed(sealed):
    """Well inside the ciphertext, where every bit of a letter counts."""
    return sealed[:-12] + ("B" if sealed[-12] == "A" else "A") + sealed[-11:]


@pytest.mark.promise("S3")
@pytest.mark.parametrize(
    "damage", [one_letter_changed, lambda s: s[:-8], lambda s: "v1.x", str.upper]
)
def test_a_damaged_secret_does_not_open(place, damage):
    sealed = seal(CANARY, **place)

    with pytest.raises(CannotOpen):
        open_(damage(sealed), **place)


@pytest.mark.promise("S3")
def test_the_database_alone_opens_nothing(place):
    seal(CANARY, **place)

    rows = [(key.id, key.wrapped) for key in DataKey.objects.all()]
    master = keyring.master_keys(may_create=lambda: False)

    assert rows
    assert not any(str(master.key(master.active)) in wrapped for _, wrapped in rows)


@pytest.mark.promise("S24")
def test_the_first_secret_makes_a_key_that_only_we_can_read(db, keys):
    seal(CANARY, table="t", row="r", field="f", space_id=None)

    path = Path(keys) / "master.keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.promise("S3")
def test_a_missing_key_is_an_error_and_no_reason_for_a_new_one(place, keys):
    DataKey.objects.create(id="0" * 16, space_id=place["space_id"], master="gone", wrapped="x")

    with pytest.raises(KeyUnavailable, match="Restore the key file"):
        seal(CANARY, **place)

    assert not (Path(keys) / "master.keys").exists()


@pytest.mark.promise("S3")
def test_another_key_of_the_same_name_opens_nothing(place, keys):
    sealed = seal(CANARY, **place)
    path = Path(keys) / "master.keys"
    name, _ = path.read_text().split()
    path.unlink()
    path.write_text(f"{name} {'A' * 43}=\n")
    secrets._opened_key.cache_clear()

    with pytest.raises(KeyUnavailable, match="another key of the same name"):
        open_(sealed, **place)


@pytest.mark.promise("S3")
def test_retired_keys_still_open_and_the_first_one_seals(place, keys, other_space):
    sealed = seal(CANARY, **place)
    path = Path(keys) / "master.keys"
    old = path.read_text()
    path.unlink()
    path.write_text(f"next {'B' * 43}=\n{old}")
    secrets._opened_key.cache_clear()

    seal(CANARY, **place | {"space_id": other_space.pk})

    assert open_(sealed, **place) == CANARY
    assert DataKey.objects.get(space=other_space).master == "next"


@pytest.mark.promise("S3")
def test_rotating_the_master_key_keeps_every_secret(place, keys, other_space, capsys):
    sealed = seal(CANARY, **place)
    elsewhere = place | {"space_id": other_space.pk}
    sealed_elsewhere = seal(CANARY, **elsewhere)
    before = keyring.master_keys(may_create=lambda: False)

    call_command("rotate_keys")

    after = keyring.master_keys(may_create=lambda: False)
    secrets._opened_key.cache_clear()
    assert list(after.keys) == [after.active] != [before.active]
    assert set(DataKey.objects.values_list("master", flat=True)) == {after.active}
    assert open_(sealed, **place) == open_(sealed_elsewhere, **elsewhere) == CANARY
    assert Event.objects.get().category == "MasterKeyRotated"
    assert before.active in capsys.readouterr().out


@pytest.mark.promise("S3")
def test_every_marked_column_keeps_its_secret_out_of_the_table(db):
    """Each column that is marked as sealed is a text column without a default that could leak."""
    columns = list(sealed_columns())

    assert columns
    for model, name in columns:
        field = model._meta.get_field(name)
        assert field.get_internal_type() == "TextField", (model, name)
        assert hasattr(model, "space_id") or model.owned_through, model


def test_sealing_costs_two_queries_at_most(place, django_assert_max_num_queries):
    seal(CANARY, **place)

    with django_assert_max_num_queries(2):
        open_(seal(CANARY, **place), **place)
