"""Signing in, step by step: what a browser has proved so far, and what comes next.

A password, or an identity provider's word, is the first step. Until the last one is done the browser has a
session that belongs to nobody; what it has proved is remembered in it for ten minutes.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from spaces.actors import Actor
from spaces.callers import IN_PERSON, begin_session, caller
from spaces.models import User
from spaces.services.second_factor import Step, next_step
from spaces.services.sign_in import welcome
from spaces.webauthn import Site

HOME = "/app/"
PATIENCE = 10 * 60  # seconds between the first step and the last
FRESH = 15 * 60  # seconds that a proof counts for what needs one
UNDERWAY = "underway"


@dataclass(frozen=True)
class Underway:
    """A sign-in that is not done yet.

    auth: fingerprint of the password, so that a new one ends this too. by: what was shown so far.
    how: what the audit trail will say about the session. target: where the person wants to go.
    """

    user_id: int
    auth: str
    at: int
    target: str
    how: str = IN_PERSON
    by: str = ""


def proceed(
    request: HttpRequest, user: User, *, target: str, how: str = IN_PERSON, by: str = ""
) -> HttpResponse:
    """Where the first step leads: into the session, or to the question for a second factor."""
    now = int(time.time())
    underway = Underway(user.pk, user.get_session_auth_hash(), now, target, how, by)
    match next_step(user):
        case Step.DONE:
            enter(request, user, underway)
            return redirect(target)
        case Step.ASK:
            following = "sign_in_second_factor"
        case Step.SET_UP:
            following = "sign_in_set_up"
    request.session.cycle_key()
    request.session[UNDERWAY] = asdict(underway)
    return redirect(following)


def underway(request: HttpRequest) -> tuple[User, Underway] | None:
    """Who has done the first step in this browser lately, and still may."""
    if not (remembered := request.session.get(UNDERWAY)):
        return None
    found = Underway(**remembered)
    user = User.objects.filter(pk=found.user_id, is_active=True, is_service=False).first()
    if user is None or time.time() - found.at > PATIENCE:
        return None
    return (user, found) if user.get_session_auth_hash() == found.auth else None


def enter(
    request: HttpRequest, user: User, underway: Underway, *, has_second_factor: bool = False
) -> None:
    """The last step: begin the session and write down that the user has signed in."""
    actor = caller(request)
    begin_session(request, user, has_second_factor=has_second_factor, how=underway.how)
    welcome(actor=actor, user=user, by=underway.by)


def enter_with(request: HttpRequest, user: User, underway: Underway, factor: str) -> HttpResponse:
    """`enter` after the second factor; factor: which it was."""
    by = f"{underway.by or 'password'} and {factor}"
    enter(request, user, replace(underway, by=by), has_second_factor=True)
    return redirect(underway.target)


def owner(request: HttpRequest) -> Actor | None:
    """Who may set up a second factor here: whoever is signed in, or must set one up to get in."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is not None:
        return actor
    found = underway(request)
    if found is None or next_step(found[0]) is not Step.SET_UP:
        return None
    return replace(caller(request), user=found[0], identity="Sign-in")


def prove(request: HttpRequest) -> None:
    """Remember that the person has just shown again who they are."""
    request.session["proved"] = int(time.time())


def is_proved(request: HttpRequest) -> bool:
    """Whether that was a short while ago: what a forgotten open browser must not be enough for."""
    return time.time() - request.session.get("proved", 0) < FRESH


def site_of(request: HttpRequest) -> Site:
    """The site that security keys are made for: the configured one where the request came to it."""
    public = urlsplit(settings.PUBLIC_URL)
    here = urlsplit(request.build_absolute_uri("/"))
    found = public if public.netloc == here.netloc else here
    return Site(host=found.hostname or "", origin=f"{found.scheme}://{found.netloc}")


def own_address(request: HttpRequest, wanted: Any) -> str:
    """`wanted` if it leads to this installation, else the landing page (S11)."""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else HOME
