"""The second factor: setting it up, showing it, losing it, and who needs one. Promise S6."""

import pyotp
import pytest
from django.utils import timezone

from spaces.access import allowed, allowed_system, lacks_second_factor
from spaces.actors import Actor
from spaces.callers import begin_session
from spaces.errors import Conflict, Invalid, NotAuthenticated, PermissionRefused, TooManyRequests
from spaces.models import AuthenticatorApp, Event, Installation, RecoveryCode, Space
from spaces.permissions import Permission
from spaces.services.api_keys import create_api_key
from spaces.services.attempts import MOST_PER_NAME, SECOND_FACTOR
from spaces.services.second_factor import (
    CODES,
    Step,
    begin_app,
    check_code,
    confirm_app,
    factors_of,
    next_step,
    remove_app,
    renew_recovery_codes,
    require_second_factor,
    reset_second_factor,
)
from spaces.services.sessions import living_sessions
from spaces.services.spaces import update_space
from spaces.session_store import SessionStore
from tests.factories.spaces import actor_for, grant, make_administrator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S6")]

SecondFactorFor = Installation.SecondFactorFor


@pytest.fixture
def ada():
    return actor_for(make_user(username="ada"))


def set_up(actor: Actor) -> tuple[pyotp.TOTP, list[str]]:
    """The actor's app, and their recovery codes."""
    app = pyotp.TOTP(begin_app(actor=actor).secret)
    return app, confirm_app(actor=actor, code=app.now())


def later(app: pyotp.TOTP) -> str:
    """A code that was not used when the app was set up."""
    return app.generate_otp(app.timecode(timezone.now()) + 1)


def show(actor: Actor, code: str, address: str = "10.0.0.1") -> str:
    return check_code(
        actor=Actor(None, identity="Nobody", ip_address=address), user=actor.user, code=code
    )


class TestSettingUp:
    def test_an_app_counts_from_its_first_code_on(self, ada):
        app = pyotp.TOTP(begin_app(actor=ada).secret)
        assert next_step(ada.user) is Step.DONE

        codes = confirm_app(actor=ada, code=app.now())

        assert next_step(ada.user) is Step.ASK
        assert len(set(codes)) == CODES
        assert "authenticator app" in Event.objects.get().message

    def test_a_wrong_code_confirms_nothing(self, ada):
        begin_app(actor=ada)

        with pytest.raises(Invalid):
            confirm_app(actor=ada, code="000000")

        assert not factors_of(ada.user)

    def test_the_page_may_be_loaded_again_without_a_new_secret(self, ada):
        assert begin_app(actor=ada) == begin_app(actor=ada)

    def test_there_is_one_app(self, ada):
        set_up(ada)

        with pytest.raises(Conflict):
            begin_app(actor=ada)
        with pytest.raises(Conflict):
            confirm_app(actor=ada, code="000000")

    @pytest.mark.promise("S3")
    def test_neither_secret_nor_codes_can_be_read_from_the_tables(self, ada):
        app, codes = set_up(ada)

        row = AuthenticatorApp.objects.get()
        assert app.secret not in row.secret
        digests = set(RecoveryCode.objects.values_list("digest", flat=True))
        assert not digests & set(codes)

    @pytest.mark.promise("S7")
    def test_it_ends_the_persons_other_sessions(self, ada, rf):
        request = rf.get("/")
        request.session = SessionStore()
        begin_session(request, ada.user)
        request.session.save()

        set_up(ada)

        assert not living_sessions(ada.user).exists()

    def test_service_accounts_and_keys_set_up_nothing(self, ada):
        service = actor_for(make_user(is_service=True))
        key, _ = create_api_key(actor=ada, user=ada.user, purpose="CI")

        for actor in (service, actor_for(ada.user, api_key=key)):
            with pytest.raises(Invalid):
                begin_app(actor=actor)


class TestShowing:
    def test_a_code_of_the_app_is_taken_once(self, ada):
        app, _ = set_up(ada)
        code = later(app)

        assert show(ada, code) == "authenticator app"
        with pytest.raises(NotAuthenticated):
            show(ada, code)

    def test_the_code_that_confirmed_the_app_is_used_up(self, ada):
        app, _ = set_up(ada)

        with pytest.raises(NotAuthenticated):
            show(ada, app.generate_otp(AuthenticatorApp.objects.get().last_step))

    @pytest.mark.parametrize("steps", [-3, 3])
    def test_old_and_early_codes_are_refused(self, ada, steps):
        app, _ = set_up(ada)

        with pytest.raises(NotAuthenticated):
            show(ada, app.generate_otp(app.timecode(timezone.now()) + steps))

    @pytest.mark.parametrize("spelled", [str, str.upper, lambda code: code.replace("-", " ")])
    def test_a_recovery_code_is_taken_once_in_any_spelling(self, ada, spelled):
        _, codes = set_up(ada)

        assert show(ada, spelled(codes[0])) == f"recovery code ({CODES - 1} left)"
        with pytest.raises(NotAuthenticated):
            show(ada, codes[0])

    def test_codes_of_others_and_unconfirmed_apps_are_worth_nothing(self, ada):
        _, codes = set_up(ada)
        eve = actor_for(make_user())
        app = pyotp.TOTP(begin_app(actor=eve).secret)

        for code in (codes[0], app.now(), "", "é" * 6, "٣" * 6):
            with pytest.raises(NotAuthenticated):
                show(eve, code)

    @pytest.mark.promise("S20")
    def test_failures_are_audited_and_close_the_door_for_a_while(self, ada):
        app, _ = set_up(ada)
        for _ in range(5):
            with pytest.raises(NotAuthenticated):
                show(ada, "000000")

        with pytest.raises(TooManyRequests):
            show(ada, later(app))

        assert Event.objects.filter(category="LoginFailed").count() == 5
        assert show(ada, later(app), address="10.0.0.2")

    def test_many_addresses_together_cannot_guess_either(self, ada):
        app, _ = set_up(ada)
        for number in range(MOST_PER_NAME[SECOND_FACTOR]):
            with pytest.raises(NotAuthenticated):
                show(ada, "000000", address=f"10.0.1.{number}")

        with pytest.raises(TooManyRequests):
            show(ada, later(app), address="10.0.2.1")


class TestLosing:
    def test_new_recovery_codes_end_the_old_ones(self, ada):
        _, old = set_up(ada)

        new = renew_recovery_codes(actor=ada)

        with pytest.raises(NotAuthenticated):
            show(ada, old[0])
        assert show(ada, new[0])

    def test_without_a_factor_there_are_no_recovery_codes(self, ada):
        with pytest.raises(Conflict):
            renew_recovery_codes(actor=ada)

        set_up(ada)
        remove_app(actor=ada)

        assert not RecoveryCode.objects.exists()
        assert next_step(ada.user) is Step.DONE

    def test_an_administrator_resets_it_and_that_is_audited(self, ada):
        set_up(ada)
        administrator = actor_for(make_administrator())

        reset_second_factor(actor=administrator, user=ada.user)

        assert not factors_of(ada.user)
        event = Event.objects.order_by("sequence").last()
        assert (event.user, event.message) == (
            administrator.user,
            f"Reset the second factor of {ada.user}",
        )

    def test_nobody_resets_it_for_somebody_who_holds_more(self, ada):
        boss = actor_for(make_administrator())
        set_up(boss)
        helper = make_user()
        grant(helper, Permission.USER_EDIT, None)

        for actor in (ada, actor_for(helper)):
            with pytest.raises(PermissionRefused):
                reset_second_factor(actor=actor, user=boss.user)

        assert factors_of(boss.user)


class TestRequiring:
    @pytest.fixture
    def boss(self):
        actor = actor_for(make_administrator())
        set_up(actor)
        return actor

    def test_it_takes_the_permission_and_a_factor_of_ones_own(self, ada):
        with pytest.raises(PermissionRefused, match="ConfigureServer"):
            require_second_factor(actor=ada, of=SecondFactorFor.EVERYBODY)
        with pytest.raises(Conflict, match="your own"):
            require_second_factor(
                actor=actor_for(make_administrator()), of=SecondFactorFor.EVERYBODY
            )

        assert Installation.objects.get().second_factor_for == SecondFactorFor.NOBODY

    def test_administrators_without_one_hold_nothing_at_system_level(self, boss, ada):
        careless = make_administrator()
        require_second_factor(actor=boss, of=SecondFactorFor.ADMINISTRATORS)

        bare, proven = (actor_for(careless, is_proven=proven) for proven in (False, True))

        assert not allowed_system(bare, Permission.USER_EDIT)
        assert allowed_system(proven, Permission.USER_EDIT)
        assert next_step(careless) is Step.SET_UP
        assert next_step(ada.user) is Step.DONE

    def test_everybody_means_also_those_without_rights(self, boss, ada):
        require_second_factor(actor=boss, of=SecondFactorFor.EVERYBODY)

        assert next_step(ada.user) is Step.SET_UP

    def test_a_space_asks_for_it_by_itself(self, manager, space, other_space):
        grant(manager.user, "spacemanager", other_space)
        manager = actor_for(manager.user)
        set_up(manager)
        update_space(actor=manager, space=space, requires_second_factor=True)

        bare = actor_for(manager.user, is_proven=False)

        assert not allowed(bare, Permission.PROJECT_VIEW, space)
        assert allowed(bare, Permission.PROJECT_VIEW, other_space)
        assert allowed(actor_for(manager.user), Permission.PROJECT_VIEW, space)

    def test_a_space_cannot_ask_for_what_its_manager_does_not_have(self, manager, space):
        with pytest.raises(Conflict, match="your own"):
            update_space(actor=manager, space=space, requires_second_factor=True)

        assert not Space.objects.get(pk=space.pk).requires_second_factor

    def test_the_last_one_stays_where_it_is_required(self, boss):
        require_second_factor(actor=boss, of=SecondFactorFor.ADMINISTRATORS)

        with pytest.raises(Conflict, match="required"):
            remove_app(actor=boss)

        assert factors_of(boss.user)

    def test_a_session_without_one_makes_no_key_that_could_do_more(self, boss):
        careless = make_administrator()
        require_second_factor(actor=boss, of=SecondFactorFor.ADMINISTRATORS)
        assert lacks_second_factor(careless)

        with pytest.raises(Conflict, match="second factor"):
            create_api_key(
                actor=actor_for(careless, is_proven=False), user=careless, purpose="way out"
            )
