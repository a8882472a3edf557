import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.parse import urlencode

import pytest
from django.db import connection
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from deployments.queue import enqueue
from deployments.queue.answering import answer
from deployments.queue.broker import Doorbells
from deployments.queue.messages import NotAMessage
from deployments.queue.ringing import QUEUE

pytestmark = pytest.mark.django_db(transaction=True)

LAST = 999


@pytest.fixture
def broker() -> Iterator[Doorbells]:
    broker = Doorbells()
    yield broker
    broker.close()


@contextmanager
def consumer() -> Iterator[IO[str]]:
    """The printed lines of another process that takes from the test database's queue."""
    settings = connection.settings_dict
    query = urlencode(
        {key: settings[key.upper()] for key in ("host", "port", "user", "password")}
        | settings["OPTIONS"]
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.deployments.queue.consumer", str(LAST)],
        env={**os.environ, "DATABASE_URL": f"postgresql:///{settings['NAME']}?{query}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process.stdout
        finally:
            process.kill()


def taken(broker: Doorbells) -> list[tuple[object, ...]]:
    """What a worker would be told to call, until the queue is empty."""
    calls = []
    while messages := broker.dequeue():
        package = SignedPackage.loads(messages[0][1])
        calls.append((package["func"], *package["args"]))
    return calls


def test_messages_come_in_the_order_of_their_rings(broker):
    for task_id in (3, 1, 2):
        enqueue(task_id)

    calls = taken(broker)

    entry = "deployments.tasks.run_server_task"
    assert calls == [("deployments.queue.answering.answer", entry, id_) for id_ in (3, 1, 2)]
    assert not OrmQ.objects.exists()


@pytest.mark.promise("S17")
def test_a_message_that_names_another_function_is_dropped(broker):
    OrmQ.objects.create(key=QUEUE, payload='["os.getpid"]')

    assert broker.dequeue() is None
    assert not OrmQ.objects.exists()


def test_django_q2s_own_way_into_the_queue_is_closed(broker):
    with pytest.raises(NotAMessage):
        broker.enqueue("anything")


@pytest.mark.promise("S17")
def test_a_worker_answers_listed_entry_points_only():
    with pytest.raises(NotAMessage):
        answer("os.system", 1)


def test_a_failing_entry_point_leaves_only_a_log_line(caplog, settings):
    settings.QUEUE_ENTRY_POINTS = ["builtins.divmod"]

    answer("builtins.divmod", 1, 0)

    assert "builtins.divmod(1, 0) failed" in caplog.text


def test_two_consumers_share_the_messages_and_none_comes_twice():
    with consumer() as one, consumer() as two:
        for number in range(200):
            enqueue(number)
        time.sleep(0.2)  # so that nobody meets its last message while others are still left
        for _ in range(2):
            enqueue(LAST)

        numbers = [[int(line.split()[0]) for line in lines] for lines in (one, two)]

    assert sorted(numbers[0] + numbers[1]) == [*range(200), LAST, LAST]
    assert all(mine == sorted(mine) for mine in numbers)


def test_a_ring_is_heard_at_once():
    delays = []
    with consumer() as lines:
        time.sleep(0.3)  # it listens and sleeps now
        for number in (*range(20), LAST):
            rung = time.time()
            enqueue(number)
            delays.append(float(lines.readline().split()[1]) - rung)

    print(
        f"ring to taken: median {1000 * sorted(delays)[10]:.1f} ms, worst {1000 * max(delays):.1f} ms"
    )
    assert len(delays) == 21


def test_a_lost_connection_to_the_database_is_replaced(broker):
    enqueue(1)
    assert len(taken(broker)) == 1
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'DELETE FROM%%ormq%%' AND pid <> pg_backend_pid()"
        )
    enqueue(2)

    deadline = time.monotonic() + 10
    while not (calls := taken(broker)) and time.monotonic() < deadline:
        pass

    assert [call[-1] for call in calls] == [2]
