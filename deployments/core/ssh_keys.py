"""Fingerprints of SSH host keys, as OpenSSH prints them."""

import base64
import binascii
import hashlib
import re

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_KINDS = re.compile(r"(?:ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]+")


class BadHostKey(ValueError):
    """The text is no public key; the message says what is expected."""


def fingerprint_of(public_key: str) -> str:
    """`SHA256:…` of a public key in OpenSSH's one-line form. Raises BadHostKey."""
    parts = public_key.split()
    if len(parts) < 2 or not _KINDS.fullmatch(parts[0]):
        raise BadHostKey("A host key looks like: ssh-ed25519 AAAAC3Nza…")
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except binascii.Error as exc:
        raise BadHostKey("The host key is not complete.") from exc
    kind = parts[0].encode()
    if blob[4 : 4 + len(kind)] != kind:
        raise BadHostKey("The host key is not complete.")
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


def is_fingerprint(text: str) -> bool:
    """Whether this is a SHA-256 fingerprint as OpenSSH prints it."""
    return _FINGERPRINT.fullmatch(text) is not None
