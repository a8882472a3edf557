"""The first administrator: made once, with a password nobody chose for them."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from spaces.models import Space, User

pytestmark = pytest.mark.django_db


def run(**options: str) -> str:
    told = StringIO()
    call_command("install", stdout=told, **options)
    return told.getvalue().split()[-1]


@pytest.mark.promise("S24")
def test_the_printed_password_signs_in_and_differs_each_time():
    password = run(username="root")

    assert len(password) >= 16
    assert User.objects.get(username="root").check_password(password)
    assert Space.objects.get().is_default


def test_there_is_only_one_first_administrator():
    run()

    with pytest.raises(CommandError, match="installed already"):
        run(username="second")
