"""The browsers in which a person is signed in. ui.md 7(q), promise S7."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from spaces.services.sessions import end_session, end_sessions, living_sessions
from spaces.web.account import account_tabs
from spaces.web.devices import device_name
from spaces.web.forms import posted_row
from spaces.web.guards import SignedInRequest, signed_in


@signed_in
@require_GET
def my_sessions(request: SignedInRequest) -> HttpResponse:
    sessions = [
        {
            "row": row,
            "device": device_name(row.user_agent),
            "is_this": row.digest == request.actor.session,
        }
        for row in living_sessions(request.user)
    ]
    context = {"tabs": account_tabs("my_sessions"), "sessions": sessions}
    return render(request, "spaces/sessions.html", context)


@signed_in
@require_POST
def end_my_session(request: SignedInRequest) -> HttpResponse:
    session = posted_row(request, living_sessions(request.user))
    if session is not None:
        end_session(actor=request.actor, session=session)
        if session.digest == request.actor.session:
            request.session.flush()
            return redirect("sign_in")
    messages.success(request, "The session was ended.")
    return redirect("my_sessions")


@signed_in
@require_POST
def end_my_other_sessions(request: SignedInRequest) -> HttpResponse:
    ended = end_sessions(actor=request.actor, user=request.user)
    messages.success(request, f"Other sessions ended: {ended}.")
    return redirect("my_sessions")
