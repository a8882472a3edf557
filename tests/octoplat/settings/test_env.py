from pathlib import Path

import pytest

from octoplat.settings import env
from octoplat.settings.env import BadSetting


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("1", True), ("Yes", True), (" on ", True), ("0", False), ("no", False), ("", False)],
)
def test_flags_are_read_in_words(monkeypatch, text, meaning):
    monkeypatch.setenv("OCTOPLAT_DEBUG", text)

    assert env.flag("OCTOPLAT_DEBUG") is meaning


def test_a_number_that_is_none_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("OCTOPLAT_PORT", "eighty")

    with pytest.raises(BadSetting, match=r"OCTOPLAT_PORT must be a whole number, not 'eighty'"):
        env.number("OCTOPLAT_PORT", 8000)


def test_a_list_loses_its_blanks(monkeypatch):
    monkeypatch.setenv("OCTOPLAT_ALLOWED_HOSTS", " a.example , ,b.example,")

    assert env.listed("OCTOPLAT_ALLOWED_HOSTS") == ["a.example", "b.example"]


def test_the_address_of_the_database_is_taken_apart(monkeypatch):
    monkeypatch.setenv(
        "DATABASE_URL", "postgresql://us%40er:p%3Ass@db.example:6432/shop?sslmode=verify-full"
    )

    options = env.database().as_django()

    assert [options[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "us@er",
        "p:ss",
        "db.example",
        "6432",
        "shop",
    ]
    assert options["OPTIONS"] == {"sslmode": "verify-full"}


def test_without_an_address_the_embedded_server_is_meant(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)

    assert env.database().embedded


def test_threads_that_share_connections_keep_none(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql:///shop")

    shared, own = env.database().as_django(pool=8), env.database().as_django()

    assert shared["OPTIONS"]["pool"]["max_size"] == 8
    assert shared["CONN_MAX_AGE"] == 0
    assert "pool" not in own["OPTIONS"]


@pytest.mark.parametrize("depth", [1, 40])
def test_the_path_of_the_socket_is_never_too_long_for_the_system(depth):
    folder = env.socket_folder(Path("/home/somebody") / "/".join(["deeper"] * depth))

    assert len(str(folder / ".s.PGSQL.5432")) < 104  # macOS allows the least
