import shutil
from collections import namedtuple
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.models import OrmQ

from deployments.queue import enqueue
from octoplat import health
from octoplat.health import State

pytestmark = [pytest.mark.django_db, pytest.mark.promise("R18")]


def ready(client):
    """Status code, overall state, and what each probe said."""
    answer = client.get("/readyz")
    body = answer.json()
    return answer.status_code, body["state"], body["checks"]


def test_a_running_process_is_healthy_whatever_else_is_not(client, monkeypatch):
    monkeypatch.setattr(connection, "ensure_connection", lambda: pytest.fail("asked the database"))

    assert client.get("/healthz").status_code == 200


def test_a_complete_installation_is_ready(client):
    status, state, checks = ready(client)

    assert (status, state) == (200, "ok")
    assert set(checks) == {"database", "migrations", "keys", "disk", "queue", "workers"}


def test_without_its_database_it_is_not_ready(client, monkeypatch):
    def away():
        raise OperationalError("secret host name")

    monkeypatch.setattr(connection, "cursor", away)

    status, _, checks = ready(client)

    assert status == 503
    assert checks["database"] == {"state": "failed", "text": "The database does not answer."}
    assert "secret host name" not in str(checks)


def test_without_the_key_of_its_secrets_it_is_not_ready(client, settings, tmp_path):
    settings.KEYS_FOLDER = tmp_path
    (tmp_path / "master.keys").write_text("damaged")

    status, _, checks = ready(client)

    assert status == 503
    assert checks["keys"]["state"] == "failed"


def test_a_full_disk_degrades_it(client, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 95, 5))

    status, state, checks = ready(client)

    assert (status, state) == (200, "degraded")
    assert checks["disk"]["state"] == "degraded"


def test_messages_that_nobody_takes_degrade_it(client):
    enqueue(1)
    assert health.queue().state is State.OK
    OrmQ.objects.update(lock=timezone.now() - timedelta(minutes=2))

    assert ready(client)[2]["queue"] == {"state": "degraded", "text": "No worker takes messages."}


def test_both_only_answer_questions(client):
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405
