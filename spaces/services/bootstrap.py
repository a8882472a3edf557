"""The first minute of an installation: the first administrator and the default space. domain.md 2."""

from dataclasses import dataclass

from django.db import transaction

from spaces.actors import Actor
from spaces.errors import Conflict
from spaces.models import Space, Team, User
from spaces.services.grants import rights_changed
from spaces.services.installation import install_builtins
from spaces.services.spaces import make_space
from spaces.services.users import make_user


@dataclass(frozen=True)
class Installed:
    administrator: User
    space: Space


@transaction.atomic
def install(username: str, password: str, *, space_name: str = "Default") -> Installed:
    """Make the first administrator, and the default space with the administrator as its manager.

    Raises Conflict when there is an administrator already, Invalid for a bad name or password.
    """
    install_builtins()
    administrators = Team.objects.select_for_update(no_key=True).get(builtin=Team.ADMINISTRATORS)
    if administrators.members.exists():
        raise Conflict("octoplat is installed already: there is an administrator.")
    actor = Actor.system("installation")
    user = make_user(actor=actor, username=username, password=password)
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    administrators.members.add(user)
    rights_changed()
    space = make_space(actor=actor, name=space_name, is_default=True, manager_users=[user])
    user.refresh_from_db()
    return Installed(user, space)
