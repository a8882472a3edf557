"""The second step of signing in, and the pages about it. Promise S6."""

import json
import time

import pyotp
import pytest
from django.utils import timezone

from spaces.models import AuthenticatorApp, Event, Installation, RecoveryCode
from spaces.services.second_factor import begin_app, confirm_app, factors_of, require_second_factor
from tests.factories.spaces import PASSWORD, actor_for, make_administrator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S6")]

SIGN_IN = "/app/sign-in"
SECOND = "/app/sign-in/second-factor"
SET_UP = "/app/sign-in/set-up"
MINE = "/app/account/second-factor"


@pytest.fixture
def ada():
    return make_user(username="ada")


@pytest.fixture
def app(ada):
    """The app of ada, set up."""
    return set_up(ada)


def set_up(user):
    app = pyotp.TOTP(begin_app(actor=actor_for(user)).secret)
    confirm_app(actor=actor_for(user), code=app.now())
    return app


def unused(app):
    return app.generate_otp(app.timecode(timezone.now()) + 1)


def password(client, **more):
    return client.post(SIGN_IN, {"username": "ada", "password": PASSWORD} | more)


class TestSigningIn:
    def test_a_password_alone_opens_nothing(self, client, app):
        answer = password(client, next="/app/account/sessions")

        assert answer["Location"] == SECOND
        assert client.get("/app/account/").status_code == 302
        assert client.get("/api/users/me").status_code == 401

    def test_the_code_leads_where_one_wanted_to_go(self, client, app, ada):
        password(client, next="/app/account/sessions")
        before = client.session.session_key

        answer = client.post(SECOND, {"code": unused(app)})

        assert answer["Location"] == "/app/account/sessions"
        assert client.session.session_key != before
        assert "With second factor" in client.get("/app/account/sessions").text
        assert (
            Event.objects.filter(category="LoginSucceeded")
            .get()
            .message.endswith("signed in with password and authenticator app")
        )

    def test_a_wrong_code_says_so_and_lets_one_try_again(self, client, app):
        password(client)

        answer = client.post(SECOND, {"code": "000000"})

        assert answer.status_code == 401
        assert "not accepted" in answer.text
        assert client.post(SECOND, {"code": unused(app)}).status_code == 302

    def test_too_many_wrong_codes_have_to_wait(self, client, app):
        password(client)

        answers = [client.post(SECOND, {"code": "000000"}).status_code for _ in range(6)]

        assert answers == [401] * 5 + [429]

    def test_there_is_no_second_step_without_the_first(self, client, app):
        assert client.get(SECOND)["Location"] == SIGN_IN
        assert client.post(SECOND, {"code": unused(app)})["Location"] == SIGN_IN
        assert client.get(SET_UP)["Location"] == SIGN_IN

    def test_the_first_step_counts_for_ten_minutes(self, client, app):
        password(client)
        session = client.session
        session["underway"] = session["underway"] | {"at": int(time.time()) - 601}
        session.save()

        assert client.post(SECOND, {"code": unused(app)})["Location"] == SIGN_IN

    def test_a_new_password_ends_a_sign_in_that_is_underway(self, client, app, ada):
        password(client)
        ada.set_password("another long password")
        ada.save()

        assert client.post(SECOND, {"code": unused(app)})["Location"] == SIGN_IN

    @pytest.mark.parametrize("answer", ["", "[]", "{}", '{"rawId": "x"}', "null"])
    def test_a_malformed_answer_of_a_security_key_is_no_proof(self, client, app, answer):
        password(client)

        assert client.post(SECOND, {"answer": answer}).status_code in (401, 422)
        assert client.get("/app/account/").status_code == 302

    def test_the_api_asks_for_the_code_as_well(self, client, app):
        def sign_in(**more):
            body = {"Username": "ada", "Password": PASSWORD} | more
            return client.post("/api/users/login", json.dumps(body), "application/json")

        assert sign_in().status_code == 401
        assert "SecondFactorCode" in sign_in().json()["ErrorMessage"]
        assert sign_in(SecondFactorCode="000000").status_code == 401
        assert sign_in(SecondFactorCode=unused(app)).status_code == 200
        assert client.get("/api/users/me").status_code == 200


class TestRequired:
    @pytest.fixture
    def ada(self):
        boss = make_administrator()
        set_up(boss)
        everybody = Installation.SecondFactorFor.EVERYBODY
        require_second_factor(actor=actor_for(boss), of=everybody)
        return make_user(username="ada")

    def test_who_has_none_sets_one_up_before_getting_in(self, client, ada):
        assert password(client, next="/app/account/sessions")["Location"] == SET_UP
        assert client.get(SET_UP).status_code == 200
        assert client.get("/app/account/").status_code == 302
        app = pyotp.TOTP(secret_in(client.get(f"{MINE}/app"), ada))

        answer = client.post(f"{MINE}/app", {"code": app.now()})

        assert answer.text.count("<li><code>") == 10
        assert "/app/account/sessions" in answer.text
        assert client.get("/app/account/").status_code == 200

    def test_the_api_sends_them_to_the_browser(self, client, ada):
        body = json.dumps({"Username": "ada", "Password": PASSWORD})

        answer = client.post("/api/users/login", body, "application/json")

        assert answer.status_code == 401
        assert "browser" in answer.json()["ErrorMessage"]


def secret_in(answer, user):
    """The secret that the page shows, which is the one that is stored."""
    secret = AuthenticatorApp.objects.get(user=user).reveal("secret")
    assert secret in answer.text
    return secret


class TestAccount:
    @pytest.fixture
    def page(self, client, ada):
        password(client)
        return client

    def test_an_app_is_set_up_with_a_drawing_that_the_csp_admits(self, page, ada):
        answer = page.get(f"{MINE}/app")

        assert "<svg" in answer.text
        assert "style=" not in answer.text
        secret_in(answer, ada)

    def test_recovery_codes_are_shown_once(self, page, ada):
        app = pyotp.TOTP(secret_in(page.get(f"{MINE}/app"), ada))

        shown = page.post(f"{MINE}/app", {"code": app.now()})

        assert shown.text.count("<li><code>") == RecoveryCode.objects.count() == 10
        assert shown.headers["Cache-Control"].count("no-store")
        assert "<li><code>" not in page.get(MINE).text
        assert "10 left" in page.get(MINE).text

    def test_a_wrong_code_comes_back_with_the_same_drawing(self, page, ada):
        page.get(f"{MINE}/app")

        answer = page.post(f"{MINE}/app", {"code": "000000"})

        assert answer.status_code == 422
        secret_in(answer, ada)
        assert not factors_of(ada)

    def test_what_matters_asks_again_who_it_is(self, page, ada):
        session = page.session
        session["proved"] = 0
        session.save()

        asked = page.get(f"{MINE}/app")
        wrong = page.post("/app/account/confirm", {"password": "wrong", "next": f"{MINE}/app"})
        right = page.post("/app/account/confirm", {"password": PASSWORD, "next": f"{MINE}/app"})

        assert (
            asked["Location"] == "/app/account/confirm?next=%2Fapp%2Faccount%2Fsecond-factor%2Fapp"
        )
        assert wrong.status_code == 422
        assert right["Location"] == f"{MINE}/app"
        assert page.get(f"{MINE}/app").status_code == 200

    @pytest.mark.parametrize("act", ["app/remove", "key/remove", "codes"])
    def test_removing_asks_again_who_it_is(self, page, ada, act):
        set_up(ada)
        password(page)
        page.post(
            SECOND, {"code": unused(pyotp.TOTP(AuthenticatorApp.objects.get().reveal("secret")))}
        )
        session = page.session
        session["proved"] = 0
        session.save()

        answer = page.post(f"{MINE}/{act}")

        assert answer["Location"].startswith("/app/account/confirm")
        assert factors_of(ada).codes_left == 10

    def test_a_code_confirms_who_it_is_too(self, client, app, ada):
        password(client)
        client.post(SECOND, {"code": unused(app)})
        AuthenticatorApp.objects.update(last_step=0)
        session = client.session
        session["proved"] = 0
        session.save()

        client.post("/app/account/confirm", {"code": unused(app), "next": MINE})
        client.post(f"{MINE}/app/remove")

        assert not factors_of(ada)

    def test_the_page_asks_few_queries(self, page, django_assert_num_queries):
        with django_assert_num_queries(8):
            assert page.get(MINE).status_code == 200
