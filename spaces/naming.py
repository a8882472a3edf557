"""Names and slugs as people and addresses use them. domain.md 1."""

import re
import unicodedata
from collections.abc import Collection

LONGEST_NAME = 200
LONGEST_TEXT = 1_000_000
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ESCAPES = {ord(control): f"\\u{ord(control):04x}" for control in _BIDI}
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def name_key(name: str) -> str:
    """Names with the same key are the same name."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def name_problems(name: str, *, longest: int = LONGEST_NAME) -> list[str]:
    """Why this cannot be a name, each a sentence. Blanks around it do not count."""
    if not name.strip():
        return ["The name must not be empty."]
    problems = []
    if len(name.strip()) > longest:
        problems.append(
            f"The name must have at most {longest} characters, not {len(name.strip())}."
        )
    if any(_is_control(character) for character in name):
        problems.append("The name must not contain control characters.")
    return problems


def text_problems(label: str, text: str) -> list[str]:
    """Why this cannot be stored as free text."""
    if len(text) > LONGEST_TEXT:
        return [f"The {label} must have at most {LONGEST_TEXT} characters, not {len(text)}."]
    return [f"The {label} must not contain NUL characters."] if "\0" in text else []


def disarmed(text: str) -> str:
    """The text with its bidirectional controls as visible escapes: shown so, it reads as it is (S29)."""
    return text.translate(_ESCAPES)


def slug_of(name: str, *, otherwise: str) -> str:
    """The slug a name gives: `[a-z0-9-]`; `otherwise` for names without such characters."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _NOT_SLUG.sub("-", plain).strip("-")[:LONGEST_NAME] or otherwise


def free_slug(name: str, taken: Collection[str], *, otherwise: str) -> str:
    """The name's slug, with the smallest number behind it that makes it free."""
    base = slug_of(name, otherwise=otherwise)
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} or character in _BIDI
