"""Changing the master key while everything runs. security-and-reliability.md 4.1."""

from django.db import transaction

from spaces import keyring, secrets
from spaces.actors import Actor
from spaces.audit import record
from spaces.models import DataKey


def rotate_master_key(*, actor: Actor) -> list[str]:
    """Make a new master key, wrap every data key by it, drop the keys nothing needs any more.

    For the operator of the server alone: it needs the key file. Cut short, it leaves both keys in place,
    and the next run finishes. On several nodes the key file has to be brought to each of them.
    Returns the ids of the keys dropped. Raises KeyUnavailable.
    """
    ring = keyring.add_master_key()
    while secrets.wrap_anew():
        pass
    dropped = keyring.retire_master_keys(set(DataKey.objects.values_list("master", flat=True)))
    with transaction.atomic():
        record(
            actor,
            "MasterKeyRotated",
            None,
            message=f"Rotated the master key to {ring.active}",
            details={"dropped": dropped},
        )
    return dropped
