import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import ConnectionHandler

from octoplat import checks
from spaces.models import DataKey
from spaces.secrets import seal

START = "import octoplat.wsgi"


def starting(
    tmp_path: Path, program: list[str], **changes: str
) -> subprocess.CompletedProcess[str]:
    """A start with good settings, but for the changes."""
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    return subprocess.run(
        [sys.executable, *program],
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "octoplat.settings.production",
            "OCTOPLAT_HOME": str(tmp_path),
            "OCTOPLAT_PUBLIC_URL": "https://deploy.example.com",
            "DATABASE_URL": "postgresql://db.example.com/octoplat",
        }
        | changes,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.promise("S24")
def test_good_settings_start_and_leave_nothing_to_check(tmp_path):
    start = starting(tmp_path, ["-c", START])
    check = starting(tmp_path, ["manage.py", "check", "--deploy", "--fail-level", "WARNING"])

    assert (start.returncode, start.stderr) == (0, "")
    assert check.returncode == 0, check.stderr


@pytest.mark.promise("S24")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"OCTOPLAT_DEBUG": "1"}, "DEBUG"),
        ({"OCTOPLAT_ALLOWED_HOSTS": "*"}, "OCTOPLAT_ALLOWED_HOSTS must name hosts"),
        ({"OCTOPLAT_PUBLIC_URL": ""}, "OCTOPLAT_PUBLIC_URL must say where"),
        ({"OCTOPLAT_PUBLIC_URL": "http://deploy.example.com"}, "must start with https://"),
        ({"OCTOPLAT_PUBLIC_URL": "deploy.example.com"}, "OCTOPLAT_PUBLIC_URL must say where"),
        ({"DATABASE_URL": ""}, "DATABASE_URL must name a PostgreSQL server"),
        ({"DATABASE_URL": "mysql://db/octoplat"}, "DATABASE_URL must start with postgresql://"),
        ({"OCTOPLAT_WORKERS": "many"}, "OCTOPLAT_WORKERS must be a whole number"),
    ],
)
def test_a_bad_setting_stops_the_start_with_its_reason(tmp_path, changes, reason):
    start = starting(tmp_path, ["-c", START], **changes)

    assert start.returncode != 0
    assert reason in start.stderr


@pytest.mark.promise("S24")
@pytest.mark.parametrize("key", ["", "short", "django-insecure-" + "k3y" * 30])
def test_a_weak_secret_key_stops_the_start(tmp_path, key):
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / "secret_key").write_text(key)
    (tmp_path / "keys" / "secret_key").chmod(0o600)

    start = starting(tmp_path, ["-c", START])

    assert start.returncode != 0
    assert "SECRET_KEY" in start.stderr


@pytest.mark.promise("S24")
def test_a_key_that_others_can_read_stops_the_start(tmp_path):
    starting(tmp_path, ["-c", START])
    (tmp_path / "keys" / "secret_key").chmod(0o644)

    start = starting(tmp_path, ["-c", START])

    assert start.returncode != 0
    assert "secret_key can be read by others" in start.stderr


@pytest.mark.promise("S24")
def test_every_installation_makes_its_own_key(tmp_path):
    keys = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        starting(tmp_path / name, ["-c", START])
        path = tmp_path / name / "keys" / "secret_key"
        assert path.stat().st_mode & 0o777 == 0o600
        keys.add(path.read_text())

    assert len(keys) == 2
    assert all(len(key) >= 50 for key in keys)


def test_all_reasons_are_told_at_once(tmp_path):
    start = starting(
        tmp_path, ["-c", START], OCTOPLAT_PUBLIC_URL="", DATABASE_URL="", OCTOPLAT_DEBUG="1"
    )

    for name in ("OCTOPLAT_PUBLIC_URL", "DATABASE_URL", "DEBUG"):
        assert name in start.stderr


def test_plain_http_must_be_asked_for(tmp_path):
    start = starting(
        tmp_path,
        ["-c", START],
        OCTOPLAT_PUBLIC_URL="http://deploy.internal",
        OCTOPLAT_ALLOW_HTTP="1",
    )

    assert (start.returncode, start.stderr) == (0, "")


@pytest.fixture
def another_key(db, tmp_path, settings):
    """The database holds a secret, and the key file is another installation's."""
    seal("secret", table="t", row="r", field="f", space_id=None)
    settings.KEYS_FOLDER = tmp_path / "keys"
    settings.KEYS_FOLDER.mkdir(mode=0o700)
    master = DataKey.objects.values_list("master", flat=True).get()
    wrong = base64.b64encode(bytes(32)).decode()
    (settings.KEYS_FOLDER / "master.keys").write_text(f"{master} {wrong}\n")


@pytest.fixture
def kept_connections(monkeypatch):
    """The test's own connection stays open."""
    monkeypatch.setattr(checks, "connections", ConnectionHandler({}))


@pytest.mark.promise("S3")
@pytest.mark.promise("S24")
def test_a_wrong_master_key_stops_the_start(another_key, kept_connections):
    with pytest.raises(SystemExit, match=r"does not open the data key .* Restore the key file"):
        checks.refuse_wrong_keys()


@pytest.mark.promise("S24")
def test_a_missing_master_key_stops_the_start(another_key, kept_connections, settings):
    (settings.KEYS_FOLDER / "master.keys").unlink()

    with pytest.raises(SystemExit, match=r"master\.keys is missing"):
        checks.refuse_wrong_keys()


def test_the_right_key_stops_nothing(db, kept_connections):
    seal("secret", table="t", row="r", field="f", space_id=None)

    checks.refuse_wrong_keys()

    assert checks.keys_open_secrets(databases=["default"]) == []


def test_the_database_check_names_a_wrong_key(another_key):
    assert [message.id for message in checks.keys_open_secrets(databases=["default"])] == [
        "octoplat.E007"
    ]
    assert checks.keys_open_secrets() == []
