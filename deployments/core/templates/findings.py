"""What comes of an evaluation besides text: findings, and the ways in which it stops."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from deployments.core.templates.names import Name


class SelfReference(ValueError):
    """The value of a variable leads back to itself; `chain` has the names up to the repeated one."""

    def __init__(self, chain: Sequence[str]) -> None:
        self.chain = list(chain)
        super().__init__(
            f'An attempt to parse the variable symbol "{self.chain[-1]}" appears to have resulted in a self '
            f"referencing loop ({' -> '.join(self.chain)}). Ensure that recursive loops do not exist in the "
            "variable values."
        )


class TooDeep(Exception):
    """Too many templates under evaluation: `name` has to be resolved first, with fewer around it."""

    def __init__(self, name: Name, stack: dict[str, str]) -> None:
        super().__init__(name.text)
        self.name = name
        self.stack = stack


class Undecided(Exception):
    """A condition has a filter that refused; the block is echoed."""


class Reuse(IntEnum):
    """How far a resolved value may be remembered."""

    NEVER = 0
    EVALUATION = 1
    ALWAYS = 2


class Findings:
    """What evaluating a text brought to light besides its result."""

    __slots__ = ("is_null", "missing", "reuse")

    def __init__(self) -> None:
        self.missing: dict[str, None] = {}
        self.is_null = False
        self.reuse = Reuse.ALWAYS

    def absorb(self, inner: Findings) -> None:
        self.missing |= inner.missing
        self.is_null |= inner.is_null
        self.reuse = min(self.reuse, inner.reuse)

    @property
    def is_complete(self) -> bool:
        return not self.missing and not self.is_null

    @property
    def is_lasting(self) -> bool:
        """Whether the text is the same for any later evaluation against the same variables."""
        return self.reuse is Reuse.ALWAYS and not self.missing and not self.is_null
