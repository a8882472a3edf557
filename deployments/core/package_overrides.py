"""Which version of which package a release is told to take. api-dialect.md 7.5.1, domain.md 16.2."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SEPARATORS = re.compile(r"[:/=]")
_ANY = "*"


class BadOverride(ValueError):
    """An override that cannot be read; the text says what is expected."""


@dataclass(frozen=True)
class Override:
    """One of "Step:Version", "PackageId:Version", "Step:Reference:Version", "*:Version" ..., lower-case
    but for the version. `reference` None = every reference."""

    subject: str
    version: str
    reference: str | None = None

    def weight(self, step: str, action: str, package_id: str, reference: str) -> int | None:
        """How specifically this names the package; None where it does not name it at all."""
        if self.reference not in (None, _ANY, reference.lower()):
            return None
        exact = 1 if self.reference not in (None, _ANY) else 0
        if self.subject in (step.lower(), action.lower()):
            return 4 + exact
        if self.subject == package_id.lower():
            return 2 + exact
        return exact if self.subject == _ANY else None


def parse_overrides(texts: Sequence[str]) -> list[Override]:
    """The overrides in `texts`; blank ones are ignored. Raises BadOverride."""
    return [_parse(text.strip()) for text in texts if text.strip()]


def version_for(
    overrides: Sequence[Override], *, step: str, action: str, package_id: str, reference: str
) -> str | None:
    """The version the most specific override asks for; of equally specific ones, the last."""
    best: tuple[int, str] | None = None
    for override in overrides:
        weight = override.weight(step, action, package_id, reference)
        if weight is not None and (best is None or weight >= best[0]):
            best = (weight, override.version)
    return best[1] if best else None


def _parse(text: str) -> Override:
    parts = [part.strip() for part in _SEPARATORS.split(text)]
    if len(parts) == 2 and all(parts):
        return Override(parts[0].lower(), parts[1])
    if len(parts) == 3 and parts[0] and parts[2]:
        return Override(parts[0].lower(), parts[2], parts[1].lower())
    raise BadOverride(
        f"The package {text!r} cannot be read. Write Step:Version, PackageId:Version "
        "or Step:Reference:Version."
    )
