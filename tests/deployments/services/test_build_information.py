"""Build information. domain.md 15."""

import pytest

from deployments.models import BuildInformation
from deployments.services.build_information import (
    EXISTS,
    delete_build_information,
    push_build_information,
)
from deployments.services.packages import OverwriteMode
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused


def push(actor, space, **given):
    fine = {"package_id": "Acme.Web", "version": "1.0.0", "details": {"build_number": "1"}}
    return push_build_information(actor=actor, space=space, **fine | given)


def test_it_may_come_before_the_package_and_is_kept_once(manager, space):
    build, is_new = push(manager, space)
    assert is_new

    with pytest.raises(Conflict, match=EXISTS):
        push(manager, space, version="1.0")
    kept, is_new = push(manager, space, overwrite=OverwriteMode.IGNORE)
    assert (kept, is_new) == (build, False)


def test_overwriting_replaces_the_details(manager, space):
    push(manager, space)

    push(manager, space, details={"build_number": "2"}, overwrite=OverwriteMode.OVERWRITE)

    assert BuildInformation.objects.get().details == {"build_number": "2"}


@pytest.mark.parametrize("given", [{"package_id": "../x"}, {"version": "latest"}, {"version": ""}])
def test_bad_ids_and_versions_are_refused(manager, space, given):
    with pytest.raises(Invalid):
        push(manager, space, **given)

    assert not BuildInformation.objects.exists()


def test_viewers_and_strangers_change_nothing(manager, viewer, outsider, space):
    with pytest.raises(PermissionRefused, match="BuildInformationPush"):
        push(viewer, space)
    with pytest.raises(NotFound):
        push(outsider, space)

    build, _ = push(manager, space)
    with pytest.raises((NotFound, PermissionRefused)):
        delete_build_information(actor=viewer, build=build)
    delete_build_information(actor=manager, build=build)
    assert not BuildInformation.objects.exists()
