"""Buckets that all nodes share. Promise S23."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.db.models import F

from spaces import rates
from spaces.models import RateLimit
from spaces.rates import Rate, take

pytestmark = pytest.mark.promise("S23")


@pytest.fixture(autouse=True)
def empty_hands():
    rates.forget_hands()
    yield
    rates.forget_hands()


def pass_time(seconds):
    RateLimit.objects.update(due=F("due") - timedelta(seconds=seconds))


@pytest.mark.parametrize("per_minute", [1, 5, 60])
def test_twice_a_minutes_worth_comes_at_once_and_not_one_more(db, per_minute):
    answers = [take("a", Rate(per_minute)) for _ in range(2 * per_minute + 1)]

    assert answers[:-1] == [None] * (2 * per_minute)
    assert answers[-1] is not None


def test_the_wait_is_as_long_as_it_takes(db):
    for _ in range(4):
        take("a", Rate(2))

    wait = take("a", Rate(2))

    assert wait is not None
    assert 25 <= wait <= 31
    pass_time(wait)
    assert take("a", Rate(2)) is None
    assert take("a", Rate(2))


def test_names_do_not_share(db):
    take("a", Rate(1)), take("a", Rate(1))

    assert take("a", Rate(1))
    assert take("b", Rate(1)) is None


def test_zero_means_no_limit(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert not any(take("a", Rate(0)) for _ in range(50))


def test_most_tokens_cost_no_query(db):
    take("a", Rate(600))

    counted = Counted()
    with connection.execute_wrapper(counted):
        for _ in range(100):
            assert take("a", Rate(600)) is None

    assert counted.number <= 10


class Counted:
    """Counts what goes to the database."""

    def __init__(self):
        self.number = 0

    def __call__(self, execute, sql, *rest):
        self.number += 1
        return execute(sql, *rest)


def test_two_nodes_share_a_bucket(db):
    """What one has in hand is not there for the other, and never more than a bucket is given."""
    given = 0
    for _ in range(200):
        given += take("a", Rate(60)) is None
        if given % 7 == 0:
            rates.forget_hands()  # as another process would begin

    assert given <= 120


def test_full_buckets_are_forgotten(db):
    take("a", Rate(60))
    take("b", Rate(60))
    RateLimit.objects.filter(name="a").update(due=F("due") - timedelta(minutes=2))

    rates.forget_idle()

    assert list(RateLimit.objects.values_list("name", flat=True)) == ["b"]


@pytest.mark.django_db(transaction=True)
def test_threads_that_ask_at_once_get_no_more_than_there_is():
    answers = []

    def ask():
        answers.extend(take("a", Rate(5)) for _ in range(5))
        connection.close()

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers.count(None) == 10
