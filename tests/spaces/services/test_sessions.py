"""Sessions of browsers: who may see and end them, and what ends them. Promise S7."""

import pytest

from spaces.callers import begin_session
from spaces.errors import PermissionRefused
from spaces.models import BrowserSession, Event, User
from spaces.permissions import Permission
from spaces.services.sessions import end_session, end_sessions, living_sessions
from spaces.services.users import delete_user, update_user
from spaces.session_store import SessionStore, digest_of
from tests.factories.spaces import actor_for, grant, make_administrator, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return make_user(username="ada")


def browser(rf, user):
    """The session of a browser in which the user signed in."""
    request = rf.get("/", headers={"User-Agent": "Firefox"}, REMOTE_ADDR="10.0.0.7")
    request.session = SessionStore()
    begin_session(request, user)
    request.session.save()
    return request.session


@pytest.mark.promise("S3")
def test_the_table_is_of_no_use_to_a_thief(rf, ada):
    session = browser(rf, ada)

    row = BrowserSession.objects.get()

    assert row.digest == digest_of(session.session_key)
    assert SessionStore(row.digest).load() == {}
    assert session.session_key not in "".join(map(str, vars(row).values()))


def test_a_session_tells_whose_it_is_and_from_where(rf, ada):
    browser(rf, ada)

    [row] = living_sessions(ada)

    assert (row.user, row.address, row.user_agent) == (ada, "10.0.0.7", "Firefox")
    assert row.started_at <= row.expires_at


@pytest.mark.promise("S7")
def test_one_ends_ones_other_sessions_and_goes_on(rf, ada):
    here, elsewhere = browser(rf, ada), browser(rf, ada)

    ended = end_sessions(actor=actor_for(ada, session=digest_of(here.session_key)), user=ada)

    assert ended == 1
    assert SessionStore(here.session_key).load()
    assert SessionStore(elsewhere.session_key).load() == {}
    assert Event.objects.get().message == f"Ended 1 session of {ada}"


def test_one_ends_a_single_session(rf, ada):
    browser(rf, ada)
    other = browser(rf, ada)

    end_session(
        actor=actor_for(ada),
        session=BrowserSession.objects.get(digest=digest_of(other.session_key)),
    )

    assert living_sessions(ada).count() == 1


def test_sessions_of_others_take_the_permission_to_edit_users(rf, ada):
    browser(rf, ada)
    session = living_sessions(ada).get()
    colleague = make_user()

    for act in (
        lambda actor: end_session(actor=actor, session=session),
        lambda actor: end_sessions(actor=actor, user=ada),
    ):
        with pytest.raises(PermissionRefused, match="UserEdit"):
            act(actor_for(colleague))
    assert living_sessions(ada).exists()

    grant(colleague, Permission.USER_EDIT, None)
    end_session(actor=actor_for(colleague), session=session)

    assert not living_sessions(ada).exists()


@pytest.mark.promise("S7")
@pytest.mark.parametrize(
    "change",
    [
        lambda actor, user: update_user(actor=actor, user=user, is_active=False),
        lambda actor, user: update_user(actor=actor, user=user, password="another long one 42"),
        lambda actor, user: delete_user(actor=actor, user=user),
    ],
    ids=["disabled", "new password", "deleted"],
)
def test_what_takes_a_users_trust_away_ends_their_sessions(rf, ada, change):
    session = browser(rf, ada)

    change(actor_for(make_administrator()), ada)

    assert SessionStore(session.session_key).load() == {}


@pytest.mark.promise("S7")
def test_ones_own_new_password_leaves_this_browser_signed_in(rf, ada):
    here, elsewhere = browser(rf, ada), browser(rf, ada)
    actor = actor_for(ada, session=digest_of(here.session_key))

    update_user(actor=actor, user=User.objects.get(pk=ada.pk), password="another long one 42")

    assert SessionStore(here.session_key).load()
    assert SessionStore(elsewhere.session_key).load() == {}


def test_what_has_expired_is_cleared_when_somebody_signs_in(rf, ada):
    browser(rf, ada)
    BrowserSession.objects.update(expires_at="2020-01-01T00:00Z")

    browser(rf, ada)

    assert BrowserSession.objects.count() == 1
