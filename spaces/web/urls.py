"""Addresses of signing in, of a person's own account, and of inviting others. Mounted below /app/."""

from django.urls import URLPattern, path

from spaces.web import api_keys, invitations, proofs, second_factor, sessions, sign_in

urlpatterns: list[URLPattern] = [
    path("sign-in", sign_in.sign_in, name="sign_in"),
    path("sign-in/second-factor", sign_in.second_factor, name="sign_in_second_factor"),
    path("sign-in/set-up", sign_in.set_up, name="sign_in_set_up"),
    path("join", invitations.join, name="join"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("account/confirm", proofs.confirm, name="confirm"),
    path("account/second-factor", second_factor.my_second_factor, name="my_second_factor"),
    path("account/second-factor/app", second_factor.set_up_app, name="set_up_app"),
    path("account/second-factor/app/remove", second_factor.remove_my_app, name="remove_my_app"),
    path("account/second-factor/key", second_factor.set_up_key, name="set_up_key"),
    path("account/second-factor/key/remove", second_factor.remove_my_key, name="remove_my_key"),
    path(
        "account/second-factor/codes", second_factor.new_recovery_codes, name="new_recovery_codes"
    ),
    path("account/sessions", sessions.my_sessions, name="my_sessions"),
    path("account/sessions/end-others", sessions.end_my_other_sessions, name="end_other_sessions"),
    path("account/sessions/end", sessions.end_my_session, name="end_my_session"),
    path("account/keys", api_keys.my_api_keys, name="my_api_keys"),
    path("account/keys/new", api_keys.new_api_key, name="new_api_key"),
    path("account/keys/revoke", api_keys.revoke_my_api_key, name="revoke_my_api_key"),
    path("system/invitations", invitations.invitations, name="invitations"),
    path("system/invitations/new", invitations.new_invitation, name="new_invitation"),
    path("system/invitations/withdraw", invitations.withdraw, name="withdraw_invitation"),
]
