"""Secrets at rest: sealed on the way in, opened as late as possible. security-and-reliability.md 4.1.

A model that keeps secrets inherits `SealedFields` and marks its columns (TextField, "" = no secret):

    class Account(SealedFields, SpaceOwned):
        sealed_fields = ("password",)
        password = models.TextField(blank=True, default="")

    account.seal_field("password", plain)      # then save(); "" clears it
    account.reveal("password")                 # workers only; never in an answer
    account.has_secret("password")

What is sealed is bound to table, row, column and space, so that a ciphertext copied elsewhere does not
open. The row part is `secret_id`, a random column of the mixin, because ids are unknown before the insert.
Whoever copies sealed text (a release's snapshot) copies `secret_id` with it and uses `open_`.
"""

import base64
import json
import secrets as random
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar
from uuid import uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.db import models, transaction
from django.db.models import Q

from spaces import keyring, known_secrets
from spaces.keyring import KeyUnavailable, MasterKeys
from spaces.models import DataKey

VERSION = "v1"
NONCE_BYTES = 12


class CannotOpen(Exception):
    """A sealed text is damaged, or was moved here from another row, field or space."""


def seal(plaintext: str, *, table: str, row: str, field: str, space_id: int | None) -> str:
    """`v1.<key id>.<nonce>.<ciphertext>`. space_id: None for secrets of the system.

    Raises KeyUnavailable.
    """
    data_key = _active_key(space_id)
    nonce = random.token_bytes(NONCE_BYTES)
    cipher = AESGCM(_key_of(data_key.id, space_id))
    sealed = cipher.encrypt(nonce, plaintext.encode(), _binding(table, row, field, space_id))
    return ".".join((VERSION, data_key.id, _text(nonce), _text(sealed)))


def open_(sealed: str, *, table: str, row: str, field: str, space_id: int | None) -> str:
    """The plain text of what was sealed for exactly this place. Raises CannotOpen, KeyUnavailable."""
    version, key_id, nonce, ciphertext = _parts(sealed)
    if version != VERSION:
        raise CannotOpen(f"A secret of {table}.{field} has the unknown form {version!r}.")
    cipher = AESGCM(_key_of(key_id, space_id))
    try:
        plain = cipher.decrypt(
            _bytes(nonce), _bytes(ciphertext), _binding(table, row, field, space_id)
        )
    except (InvalidTag, ValueError) as exc:
        raise CannotOpen(f"A secret of {table}.{field} was damaged or moved.") from exc
    text = plain.decode()
    known_secrets.remember(text)
    return text


def is_sealed(text: str) -> bool:
    return text.startswith(f"{VERSION}.") and text.count(".") == 3


class SealedFields(models.Model):
    """Gives a model columns whose content is sealed. See the module's text.

    owned_through: path to the row that has the space, for models that have none themselves.
    """

    sealed_fields: ClassVar[tuple[str, ...]] = ()
    owned_through: ClassVar[str] = ""

    secret_id = models.UUIDField(default=uuid4, editable=False)

    class Meta:
        abstract = True

    def seal_field(self, name: str, value: str) -> None:
        """Put a secret into a column; the caller saves. An empty value clears it."""
        setattr(self, name, seal(value, **self._place(name)) if value else "")

    def reveal(self, name: str) -> str:
        """The secret, "" when there is none. Raises CannotOpen, KeyUnavailable."""
        sealed = getattr(self, name)
        return open_(sealed, **self._place(name)) if sealed else ""

    def has_secret(self, name: str) -> bool:
        return bool(getattr(self, name))

    def seal_json(self, name: str, value: Any) -> None:
        self.seal_field(name, json.dumps(value) if value else "")

    def reveal_json(self, name: str) -> Any:
        """What `seal_json` took; an empty dict when there is nothing."""
        text = self.reveal(name)
        return json.loads(text) if text else {}

    def _place(self, name: str) -> dict[str, Any]:
        if name not in self.sealed_fields:
            raise LookupError(f"{type(self).__name__}.{name} is not marked as sealed.")
        owner: Any = self
        for step in filter(None, self.owned_through.split("__")):
            owner = getattr(owner, step)
        return {
            "table": self._meta.db_table,
            "row": str(self.secret_id),
            "field": name,
            "space_id": owner.space_id,
        }


def sealed_columns() -> Iterator[tuple[type[SealedFields], str]]:
    """Every column that holds secrets, from the models' marks."""
    for model in apps.get_models():
        if issubclass(model, SealedFields):
            for name in model.sealed_fields:
                yield model, name


def check_keys() -> None:
    """Refuse a start with keys that cannot open what is stored. Raises KeyUnavailable."""
    for data_key in DataKey.objects.all():
        _unwrapped(data_key)


def wrap_anew(batch: int = 100) -> int:
    """Wrap data keys of retired master keys by the active one, up to `batch` of them; sealed texts stay
    as they are. Returns how many there were; 0 means done. Raises KeyUnavailable."""
    masters = _masters()
    with transaction.atomic():
        stale = DataKey.objects.select_for_update(no_key=True).exclude(master=masters.active)
        found = list(stale[:batch])
        for key in found:
            plain = _unwrapped(key)
            key.master, key.wrapped = masters.active, _wrapped(masters, key.id, key.space_id, plain)
        DataKey.objects.bulk_update(found, ["master", "wrapped"])
    return len(found)


def _active_key(space_id: int | None) -> DataKey:
    """The data key that seals for a space; made when the space has none yet."""
    active = DataKey.objects.filter(Q(space_id=space_id), is_active=True)
    if (found := active.first()) is None:
        # of two that make it together one wins; both then use the winner's
        DataKey.objects.bulk_create([_new_key(space_id)], ignore_conflicts=True)
        found = active.get()
    return found


def _new_key(space_id: int | None) -> DataKey:
    masters = _masters()
    key_id = random.token_hex(8)
    wrapped = _wrapped(masters, key_id, space_id, AESGCM.generate_key(256))
    return DataKey(id=key_id, space_id=space_id, master=masters.active, wrapped=wrapped)


def _wrapped(masters: MasterKeys, key_id: str, space_id: int | None, plain: bytes) -> str:
    """A data key encrypted by the active master key."""
    nonce = random.token_bytes(NONCE_BYTES)
    cipher = AESGCM(masters.key(masters.active))
    return _text(nonce + cipher.encrypt(nonce, plain, _wrapping(key_id, space_id)))


def _key_of(key_id: str, space_id: int | None) -> bytes:
    """The data key, for the space that owns it. Raises CannotOpen, KeyUnavailable."""
    try:
        key, owner = _opened_key(key_id)
    except DataKey.DoesNotExist as exc:
        raise CannotOpen("A secret was sealed with a key that no longer exists.") from exc
    if owner != space_id:
        raise CannotOpen("A secret was sealed for another space.")
    return key


@lru_cache(maxsize=1024)
def _opened_key(key_id: str) -> tuple[bytes, int | None]:
    """A data key and the space that owns it; neither ever changes, only the wrapping does."""
    row = DataKey.objects.get(id=key_id)
    return _unwrapped(row), row.space_id


def _unwrapped(row: DataKey) -> bytes:
    cipher = AESGCM(_masters().key(row.master))
    content = _bytes(row.wrapped)
    try:
        return cipher.decrypt(
            content[:NONCE_BYTES], content[NONCE_BYTES:], _wrapping(row.id, row.space_id)
        )
    except InvalidTag as exc:
        raise KeyUnavailable(
            f"The master key {row.master} does not open the data key {row.id}: it is another key of "
            "the same name. Restore the key file from its backup."
        ) from exc


def _masters() -> MasterKeys:
    return keyring.master_keys(may_create=lambda: not DataKey.objects.exists())


def _binding(table: str, row: str, field: str, space_id: int | None) -> bytes:
    return "|".join((table, row, field, str(space_id or "system"))).encode()


def _wrapping(key_id: str, space_id: int | None) -> bytes:
    return _binding("datakey", key_id, "wrapped", space_id)


def _parts(sealed: str) -> list[str]:
    parts = sealed.split(".")
    if len(parts) != 4:
        raise CannotOpen("A stored secret is damaged.")
    return parts


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
