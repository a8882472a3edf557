"""No secret in octoplat's own log. Promise S2; security-and-reliability.md 4.3, 7.4."""

import io
import logging
import logging.config

import pytest
from django.conf import settings as configured

from octoplat.logs import Masking, masked
from spaces import known_secrets
from spaces.secrets import open_, seal

pytestmark = pytest.mark.promise("S2")

KEY = "API-" + "K3Y5" * 10
TOKEN = "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJVc2Vycy0xIn0.c2lnbmF0dXJl"


@pytest.fixture
def log():
    """A logger as settings make them, and what it has written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(Masking())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, written


def test_the_settings_mask_what_the_console_gets():
    handlers = configured.LOGGING["handlers"].values()

    assert handlers
    assert all("masking" in handler["filters"] for handler in handlers)


@pytest.mark.parametrize(
    "line",
    [
        f"refused {KEY}",
        f"refused {TOKEN}",
        "GET /api Authorization: Basic c3dvcmRmaXNo",
        "{'Authorization': 'Bearer swordfish', 'Accept': '*/*'}",
        "{'HTTP_COOKIE': 'octoplat_session=swordfish; a=b'}",
        "Cookie: octoplat_session=swordfish",
        "Set-Cookie: __Host-octoplat_session=swordfish; Secure",
        "('X-Octopus-ApiKey', 'swordfish')",
        "x-nuget-apikey: swordfish",
        "postgresql://octoplat:swordfish@db.example.com/octoplat",
        "https://ci:swordfish@feed.example.com/v3",
        "host=db password=swordfish user=octoplat",
        "connection failed: password='sword fish' host=db",
        '{"client_secret": "swordfish", "subject_token": "swordfish"}',
        "grant_type=x&subject_token=swordfish&audience=y",
        "-----BEGIN PRIVATE KEY-----\nswordfish\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nswordfish",
    ],
)
def test_what_looks_like_a_secret_is_hidden(log, line):
    logger, written = log

    logger.warning("%s", line)

    for secret in (KEY, TOKEN, "swordfish", "sword fish", "c3dvcmRmaXNo"):
        assert secret not in written.getvalue()
    assert "********" in written.getvalue()


@pytest.mark.parametrize(
    "line",
    [
        "ServerTasks-12 is not queued any more; nothing to do",
        "The worker cluster died; starting another in 0.5 s",
        "Could not reach https://feed.example.com.",
        "The token is too old, and the password was wrong",
        "GET /api/users/Users-1/apikeys 200",
    ],
)
def test_other_lines_stay_as_they_are(line):
    assert masked(line) == line


def test_tracebacks_are_masked(log):
    logger, written = log

    try:
        raise ValueError(f"cannot parse {KEY}")
    except ValueError:
        logger.exception("It failed")

    assert "Traceback" in written.getvalue()
    assert KEY not in written.getvalue()


def test_what_was_opened_is_hidden_in_every_spelling(db, log):
    logger, written = log
    place = {"table": "t", "row": "r", "field": "f", "space_id": None}
    open_(seal("one thing / nobody knows", **place), **place)

    logger.error("a one thing / nobody knows b one%20thing%20/%20nobody%20knows")

    assert "nobody" not in written.getvalue()


def test_the_databases_password_is_hidden(log, settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "swordfish")
    known_secrets.remember("something new, so that the set is built again")
    logger, written = log

    logger.error("FATAL: swordfish was not accepted")

    assert "swordfish" not in written.getvalue()


def test_only_the_newest_secrets_are_remembered(monkeypatch):
    monkeypatch.setattr(known_secrets, "_values", type(known_secrets._values)())
    for number in range(known_secrets.MOST + 1):
        known_secrets.remember(f"secret-{number}")

    assert len(known_secrets.known().values) == known_secrets.MOST
    assert "secret-0" not in known_secrets.known().values


def test_a_line_whose_arguments_do_not_fit_fails_nobody(log):
    logger, written = log

    logger.warning("one %s two %s", KEY)

    assert "one" in written.getvalue()
    assert KEY not in written.getvalue()
