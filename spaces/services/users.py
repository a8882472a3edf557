"""Users and service accounts: creating, changing, disabling, removing. domain.md 3.1, 3.2."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from spaces.access import authorize_system, rights_of_user
from spaces.actors import Actor
from spaces.audit import CHANGED, difference, record
from spaces.errors import Conflict, Invalid
from spaces.models import Team, User
from spaces.naming import name_problems, text_problems
from spaces.permissions import Permission
from spaces.services.escalation import refuse_to_impersonate
from spaces.services.grants import rights_changed
from spaces.services.sessions import sign_out_everywhere


@transaction.atomic
def create_user(
    *,
    actor: Actor,
    username: str,
    display_name: str = "",
    email: str = "",
    password: str = "",
    is_service: bool = False,
) -> User:
    """Add a person, or a service account, which has no password.

    Raises PermissionRefused, Invalid or Conflict.
    """
    authorize_system(actor, Permission.USER_EDIT)
    return make_user(
        actor=actor,
        username=username,
        display_name=display_name,
        email=email,
        password=password,
        is_service=is_service,
    )


def make_user(
    *,
    actor: Actor,
    username: str,
    display_name: str = "",
    email: str = "",
    password: str = "",
    is_service: bool = False,
) -> User:
    """`create_user` without asking for a permission: for the first user there is."""
    user = User(
        username=User.normalize_username(username),
        display_name=display_name.strip() or username.strip(),
        email=email.strip(),
        is_service=is_service,
    )
    problems = _problems(user)
    if is_service and password:
        problems.append("A service account has no password; it acts through API keys.")
    if not is_service:
        problems += password_problems(password, user)
    if problems:
        raise Invalid(problems)
    user.set_password(password or None)
    _save(user)
    record(actor, "Created", user)
    return user


@transaction.atomic
def update_user(
    *,
    actor: Actor,
    user: User,
    display_name: str | None = None,
    email: str | None = None,
    is_active: bool | None = None,
    password: str | None = None,
) -> User:
    """Change what is given. One may change one's own name, address and password.

    Raises PermissionRefused, Invalid, or Conflict for the last administrator.
    """
    is_own = actor.user == user and is_active in (None, user.is_active)
    if not is_own:
        authorize_system(actor, Permission.USER_EDIT)
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    before = _shown(user)
    user.display_name = user.display_name if display_name is None else display_name.strip()
    user.email = user.email if email is None else email.strip()
    if problems := _problems(user):
        raise Invalid(problems)
    if is_active is not None and is_active != user.is_active:
        _set_active(user, is_active)
    changes: dict[str, Any] = difference(before, _shown(user))
    if password:
        _set_password(actor, user, password)
        changes["password"] = CHANGED
    _save(user)
    if changes:
        record(actor, "Modified", user, details=changes)
    return user


@transaction.atomic
def delete_user(*, actor: Actor, user: User) -> None:
    """Take away everything a user has, and the name. The row stays: history refers to it.

    Raises PermissionRefused, or Conflict for oneself and for the last administrator.
    """
    authorize_system(actor, Permission.USER_EDIT)
    if actor.user == user:
        raise Conflict("You cannot delete yourself.")
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    refuse_last_administrator(user)
    record(actor, "Deleted", user)
    user.teams.clear()
    user.api_keys.all().delete()
    user.oidc_identities.all().delete()
    sign_out_everywhere(user)
    user.username = f"deleted-{user.pk}"
    user.display_name = "Deleted user"
    user.email = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.anonymised_at = timezone.now()
    user.set_unusable_password()
    user.save()
    rights_changed()


def password_problems(password: str, user: User) -> list[str]:
    """Why this cannot be the user's password, each a sentence."""
    try:
        validate_password(password, user)
    except ValidationError as exc:
        return list(exc.messages)
    return []


def refuse_last_administrator(user: User) -> None:
    """Raises Conflict when nobody could administer the system without this user (P10).

    Locks the team, so that of two administrators who remove each other one stays.
    """
    team = Team.objects.select_for_update(no_key=True).get(builtin=Team.ADMINISTRATORS)
    active = team.members.filter(is_active=True, is_service=False)
    if active.filter(pk=user.pk).exists() and not active.exclude(pk=user.pk).exists():
        raise Conflict(f"{user} is the last active administrator; appoint another one first.")


def _set_active(user: User, is_active: bool) -> None:
    if not is_active:
        refuse_last_administrator(user)
        sign_out_everywhere(user)
    user.is_active = is_active
    rights_changed()


def _set_password(actor: Actor, user: User, password: str) -> None:
    if user.is_service:
        raise Invalid("A service account has no password; it acts through API keys.")
    refuse_to_impersonate(actor, user, rights_of_user(user))
    if problems := password_problems(password, user):
        raise Invalid(problems)
    user.set_password(password)
    sign_out_everywhere(user, but=actor.session)


def _problems(user: User) -> list[str]:
    problems = [
        problem.replace("The name", "The user name")
        for problem in name_problems(user.username, longest=150)
    ]
    problems += text_problems("display name", user.display_name)
    if not user.display_name:
        problems.append("The display name must not be empty.")
    if len(user.display_name) > 200:
        problems.append("The display name must have at most 200 characters.")
    if user.email:
        try:
            validate_email(user.email)
        except ValidationError:
            problems.append("The e-mail address is not one.")
    return problems


def _save(user: User) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as exc:
        raise Conflict(f"The user name {user.username!r} is already in use.") from exc


def _shown(user: User) -> dict[str, Any]:
    return {"display_name": user.display_name, "email": user.email, "is_active": user.is_active}
