"""The questions for security keys and the proof of their answers (WebAuthn), in plain values.

A question comes with a state that its answer is checked against: the caller keeps it, in the session, and
forgets it after the first answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

State = Mapping[str, Any]

# What the library raises for answers that are not even answers.
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, AssertionError)


class NotProven(Exception):
    """The answer is malformed, from another site, to another question, or not by one of the keys."""


@dataclass(frozen=True)
class Site:
    """Who asks: the name that keys are made for, and the origin that pages come from."""

    host: str
    origin: str

    @property
    def can_ask(self) -> bool:
        """Browsers make keys for names only, not for addresses, and over https or on this machine."""
        last = self.host.rpartition(".")[2]
        is_name = not last.isdigit() and ":" not in self.host
        return is_name and (self.origin.startswith("https://") or last == "localhost")


@dataclass(frozen=True)
class Credential:
    """The public half of a key. id and data in base64url; count: how often it has signed."""

    id: str
    data: str
    count: int = 0


@dataclass(frozen=True)
class Question:
    """options: for the browser, as JSON. state: what `registered` or `answered_by` wants to see again."""

    options: Mapping[str, Any]
    state: State


def ask_to_register(
    site: Site, *, handle: str, name: str, display_name: str, known: Sequence[Credential]
) -> Question:
    """Ask for a new key, which must be none of those `known`. handle: what the key calls its user."""
    user = PublicKeyCredentialUserEntity(id=handle.encode(), name=name, display_name=display_name)
    options, state = _server(site).register_begin(
        user,
        [_data(credential) for credential in known],
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return Question(dict(options), state)


def registered(site: Site, state: State, answer: Mapping[str, Any]) -> Credential:
    """The new key. Raises NotProven."""
    try:
        found = _server(site).register_complete(state, answer)
        data = found.credential_data
    except MALFORMED as exc:
        raise NotProven(str(exc)) from exc
    if data is None:
        raise NotProven("There is no key in the answer.")
    return Credential(websafe_encode(data.credential_id), websafe_encode(data), found.counter)


def ask(site: Site, known: Sequence[Credential]) -> Question:
    """Ask for the signature of one of these keys."""
    options, state = _server(site).authenticate_begin(
        [_data(credential) for credential in known],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return Question(dict(options), state)


def answered_by(
    site: Site, state: State, known: Sequence[Credential], answer: Mapping[str, Any]
) -> Credential:
    """The key that signed, with its new count. Raises NotProven, also when a count goes back."""
    try:
        signed = _server(site).authenticate_complete(
            state, [_data(credential) for credential in known], answer
        )
        count = AuthenticationResponse.from_dict(answer).response.authenticator_data.counter
    except MALFORMED as exc:
        raise NotProven(str(exc)) from exc
    identity = websafe_encode(signed.credential_id)
    key = next(credential for credential in known if credential.id == identity)
    if (count or key.count) and count <= key.count:
        raise NotProven("The key's count went back: there is a copy of it.")
    return Credential(key.id, key.data, count)


def _server(site: Site) -> Fido2Server:
    party = PublicKeyCredentialRpEntity(name="octoplat", id=site.host)
    return Fido2Server(party, verify_origin=lambda origin: origin == site.origin)


def _data(credential: Credential) -> AttestedCredentialData:
    return AttestedCredentialData(websafe_decode(credential.data))
