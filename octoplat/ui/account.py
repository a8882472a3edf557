"""The account page: profile, password, and how a person likes to see octoplat. ui.md 7(q)."""

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from octoplat.ui.preferences import DENSITIES, THEMES, Preferences, zones
from spaces.services.users import update_user
from spaces.web.account import account_tabs
from spaces.web.forms import PageForm, SecretInput
from spaces.web.guards import SignedInRequest, signed_in


class ProfileForm(PageForm):
    display_name = forms.CharField(max_length=200)
    email = forms.EmailField(label="E-mail", required=False)


class PasswordForm(PageForm):
    current = forms.CharField(
        label="Current password",
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    password = forms.CharField(label="New password", strip=False, widget=SecretInput)


class PreferencesForm(PageForm):
    theme = forms.ChoiceField(choices=list(THEMES.items()), widget=forms.RadioSelect)
    density = forms.ChoiceField(choices=list(DENSITIES.items()), widget=forms.RadioSelect)
    zone = forms.ChoiceField(label="Time zone", help_text="Times are shown in this zone.")

    def __init__(self, *args, **given) -> None:
        super().__init__(*args, **given)
        self.choices("zone", [(zone, zone) for zone in sorted(zones())])


@signed_in
@require_http_methods(["GET", "POST"])
def account(request: SignedInRequest) -> HttpResponse:
    """Three small forms; each is saved by itself."""
    which = request.POST.get("form")
    profile = ProfileForm(request.POST if which == "profile" else None, initial=vars(request.user))
    password = PasswordForm(request.POST if which == "password" else None)
    preferences = PreferencesForm(
        request.POST if which == "preferences" else None,
        initial=vars(Preferences.of(request)),
    )
    user = profile.call(update_user, actor=request.actor, user=request.user)
    if user:
        return _saved(request, "Your profile was saved.")
    if which == "password" and _changed_password(request, password):
        return _saved(request, "Your password was changed.")
    if preferences.is_valid():
        response = _saved(request, "Your preferences were saved.")
        Preferences(**preferences.cleaned_data).keep(response, secure=request.is_secure())
        return response
    context = {
        "tabs": account_tabs("my_account"),
        "profile": profile,
        "password": password,
        "wishes": preferences,
    }
    status = max(form.status for form in (profile, password, preferences))
    return render(request, "octoplat/account.html", context, status=status)


def _changed_password(request: SignedInRequest, form: PasswordForm) -> bool:
    """Only who knows the old one may set a new one, even on a session left open."""
    if not form.is_valid():
        return False
    if not request.user.check_password(form.cleaned_data["current"]):
        form.add_error("current", "This is not your current password.")
        return False
    user = form.refusable(
        lambda: update_user(
            actor=request.actor, user=request.user, password=form.cleaned_data["password"]
        )
    )
    if user is None:
        return False
    update_session_auth_hash(request, user)
    return True


def _saved(request: SignedInRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect("my_account")
