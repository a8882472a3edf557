"""A version of any format as plain data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LABEL_BREAK = re.compile(r"[.\-_\\]")

MOST_CHARACTERS = 255
LARGEST_NUMBER = 2**31 - 1

Numbers = tuple[int, int, int, int]


class InvalidVersion(ValueError):
    """The text is not a version of the format; the message says which text and which format."""

    def __init__(self, text: str | None, format: str) -> None:
        super().__init__(f"{text!r} is not a {format} version.")


@dataclass(frozen=True)
class Version:
    """What a version's text says. Order is the format's own: compare through `compare` or `key`.

    original: the text, outer white space and white space around numbers removed.
    written: how many of the numbers the text spells out.
    text: what `str` gives where that is not the original.
    prerelease, metadata: without their `-` and `+`; "" where there is none.
    """

    original: str
    numbers: Numbers
    prerelease: str = ""
    metadata: str = ""
    written: int = 4
    is_prerelease: bool = False
    text: str = ""

    def __str__(self) -> str:
        return self.text or self.original

    @property
    def major(self) -> int:
        return self.numbers[0]

    @property
    def minor(self) -> int:
        return self.numbers[1]

    @property
    def patch(self) -> int:
        return self.numbers[2]

    @property
    def revision(self) -> int:
        return self.numbers[3]

    @property
    def labels(self) -> list[str]:
        """The parts of the pre-release between dots."""
        return self.prerelease.split(".") if self.prerelease else []

    @property
    def has_metadata(self) -> bool:
        return bool(self.metadata)

    @property
    def prerelease_prefix(self) -> str:
        """The pre-release up to its first separator: "alpha-a.b" gives "alpha"."""
        return _LABEL_BREAK.split(self.prerelease, maxsplit=1)[0]

    @property
    def prerelease_counter(self) -> str:
        """What follows the first separator of the pre-release: "alpha-a.b" gives "a.b"."""
        parts = _LABEL_BREAK.split(self.prerelease, maxsplit=1)
        return parts[1] if len(parts) > 1 else ""

    @property
    def normalized(self) -> str:
        """Three numbers, a fourth where it is not 0, and the pre-release; no metadata."""
        count = 4 if self.revision else 3
        text = ".".join(str(number) for number in self.numbers[:count])
        return f"{text}-{self.prerelease}" if self.prerelease else text

    @property
    def full(self) -> str:
        """The normal form with metadata."""
        return f"{self.normalized}+{self.metadata}" if self.metadata else self.normalized

    @property
    def sort_text(self) -> str:
        """Text that sorts, byte by byte, as semantic versions compare: for columns and indexes.

        Numbers are padded; labels are marked numeric (0) or text (1); no pre-release sorts last.
        """
        numbers = ".".join(f"{number:010d}" for number in self.numbers)
        return f"{numbers} {self._label_text()}"

    def _label_text(self) -> str:
        if not self.prerelease:
            return "~"
        return ",".join(
            _number_text(label) if label.isdecimal() else f"1{label.lower()}"
            for label in self.labels
        )


def _number_text(digits: str) -> str:
    """Marked numeric; the count of digits first, so that longer numbers sort above shorter ones."""
    digits = digits.lstrip("0")
    return f"0{len(digits):03d}{digits}"


def label_key(labels: list[str]) -> tuple[tuple[int, int, str], ...]:
    """Sort key of pre-release labels by SemVer 2: numbers as numbers and below text, ignoring case."""
    return tuple((0, int(x), "") if x.isdecimal() else (1, 0, x.lower()) for x in labels)


def of_bearable_length(text: str, format: str) -> str:
    """The text itself. Raises InvalidVersion beyond what any version of ours has."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidVersion(f"{text[:50]}…", format)
    return text


def four_numbers(written: Sequence[str], text: str, format: str) -> Numbers:
    """Up to four numbers, missing ones 0. Raises InvalidVersion for one beyond 32 bits."""
    first, second, third, fourth = [*(int(digits) for digits in written), 0, 0, 0, 0][:4]
    if max(first, second, third, fourth) > LARGEST_NUMBER:
        raise InvalidVersion(text, format)
    return first, second, third, fourth
