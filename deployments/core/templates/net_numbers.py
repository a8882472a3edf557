"""Numbers as text the way .NET writes them: shortest form, standard and custom formats (culture en-US)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

STANDARD = re.compile(r"([A-Za-z])(\d{0,3})")
DECIMAL = re.compile(
    r"\s*(?P<open>\()?\s*(?P<sign>[-+])?\s*\$?\s*"
    r"(?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)\s*(?P<close>\))?\s*"
)
FLOAT = re.compile(r"\s*[-+]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,4})?\s*")
INTEGER = re.compile(r"\s*[-+]?\d{1,10}\s*")
CUSTOM_PART = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>[^"]*)"|\\(?P<escaped>.)"""
    r"|(?P<exponent>[eE][-+]?0+)|(?P<mark>[0#.,%‰])|(?P<other>.)",
    re.DOTALL,
)
SECTION_END = re.compile(r"""'[^']*'|"[^"]*"|\\.|(;)""", re.DOTALL)
WIDE = Context(prec=400, Emax=999_999, Emin=-999_999)
MAX_DIGITS = 350
MAX_LENGTH = 100
FIRST_WITH_EXPONENT = 1e15


class NoSuchFormat(ValueError):
    """The format string means nothing for this kind of number."""


def integer(text: str) -> int | None:
    """A 32-bit integer with optional sign and outer white space."""
    if not INTEGER.fullmatch(text):
        return None
    value = int(text)
    return value if -(2**31) <= value < 2**31 else None


def decimal(text: str) -> Decimal | None:
    """A decimal number with optional sign, thousands separators and currency sign."""
    found = DECIMAL.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if not found or bool(found["open"]) != bool(found["close"]):
        return None
    value = Decimal(found["digits"].replace(",", ""))
    return -value if found["sign"] == "-" or found["open"] else value


def double(text: str) -> float | None:
    """A double precision number, exponents allowed."""
    if len(text) > MAX_LENGTH or not FLOAT.fullmatch(text):
        return None
    return float(text.replace(",", ""))


def shortest(value: float) -> str:
    """The shortest text that reads back as `value`."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    if "e" not in text and abs(value) < FIRST_WITH_EXPONENT:
        return text.removesuffix(".0")
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    scale = len(digits) + int(exponent) - 1
    fraction = "".join(map(str, digits[1:]))
    mantissa = f"{digits[0]}.{fraction}" if fraction else str(digits[0])
    return f"{'-' if sign else ''}{mantissa}E{'-' if scale < 0 else '+'}{abs(scale):02}"


def plain(value: Decimal) -> str:
    return f"{value:f}"


def format_number(value: int | float | Decimal, layout: str) -> str:
    """`value` in the .NET format `layout`. Raises NoSuchFormat."""
    if isinstance(value, float) and value - value != 0:
        return shortest(value)
    standard = STANDARD.fullmatch(layout or "G")
    try:
        with localcontext(WIDE):
            if standard:
                return _standard(value, standard[1], int(standard[2]) if standard[2] else None)
            return _custom(_exact(value), layout)
    except ArithmeticError as reason:
        raise NoSuchFormat("too many digits") from reason


def _exact(value: int | float | Decimal) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _standard(value: int | float | Decimal, letter: str, places: int | None) -> str:
    if places is not None and places > MAX_DIGITS:
        raise NoSuchFormat(f"more than {MAX_DIGITS} digits")
    exact = _exact(value)
    match letter.upper():
        case "C":
            return _signed(exact, lambda part: f"${_fixed(part, _or(places, 2)):,}")
        case "D" if isinstance(value, int):
            return ("-" if value < 0 else "") + str(abs(value)).zfill(_or(places, 0))
        case "E":
            return _scientific(exact, _or(places, 6), letter, 3)
        case "F":
            return _signed(exact, lambda part: f"{_fixed(part, _or(places, 2)):f}")
        case "G":
            return _general(value, exact, places, letter)
        case "N":
            return _signed(exact, lambda part: f"{_fixed(part, _or(places, 2)):,}")
        case "P":
            return _signed(exact, lambda part: f"{_fixed(part * 100, _or(places, 2)):,}%")
        case "R" if isinstance(value, float):
            return shortest(value)
        case "X" if isinstance(value, int):
            text = f"{value % 2**32:x}".zfill(_or(places, 0))
            return text.upper() if letter == "X" else text
    raise NoSuchFormat(f"{letter} is no format of this number")


def _or(places: int | None, default: int) -> int:
    return default if places is None else places


def _fixed(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _signed(value: Decimal, write: Callable[[Decimal], str]) -> str:
    text = write(abs(value))
    return f"-{text}" if value < 0 and any(digit in text for digit in "123456789") else text


def _scientific(value: Decimal, places: int, letter: str, width: int) -> str:
    scale = value.adjusted() if value else 0
    mantissa = _fixed(abs(value).scaleb(-scale), places)
    if mantissa >= 10:
        scale += 1
        mantissa = _fixed(mantissa / 10, places)
    sign = "-" if scale < 0 else "+"
    return f"{'-' if value < 0 else ''}{mantissa:f}{letter}{sign}{abs(scale):0{width}}"


def _general(value: int | float | Decimal, exact: Decimal, places: int | None, letter: str) -> str:
    if not places:
        return shortest(value) if isinstance(value, float) else plain(exact)
    rounded = Context(prec=places, rounding=ROUND_HALF_UP).plus(exact)
    if not rounded:
        return "0"
    if -5 < rounded.adjusted() < places:
        return plain(rounded.normalize()) if "." in plain(rounded) else plain(rounded)
    digits = len(rounded.normalize().as_tuple().digits) - 1
    return _scientific(rounded, digits, "E" if letter == "G" else "e", 2)


# --- custom formats --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """One part of a custom format: a digit place (`0`, `#`), the point, an exponent, or plain text."""

    kind: str
    text: str


def _custom(value: Decimal, layout: str) -> str:
    sections = _sections(layout)
    if value < 0 and len(sections) > 1 and sections[1]:
        return _by_pieces(abs(value), sections[1])
    if value == 0 and len(sections) > 2 and sections[2]:
        return _by_pieces(value, sections[2])
    text = _by_pieces(abs(value), sections[0])
    return f"-{text}" if value < 0 else text


def _sections(layout: str) -> list[str]:
    sections, start = [], 0
    for end in SECTION_END.finditer(layout):
        if end[1]:
            sections.append(layout[start : end.start()])
            start = end.end()
    return [*sections, layout[start:]][:3]


def _pieces(layout: str) -> list[Piece]:
    pieces = []
    for found in CUSTOM_PART.finditer(layout):
        kind = found.lastgroup or "other"
        text = found[kind]
        if kind == "mark":
            kind = text
        elif kind != "exponent":
            kind = "text"
        pieces.append(Piece(kind, text))
    return pieces


def _by_pieces(value: Decimal, layout: str) -> str:
    pieces = _pieces(layout)
    point = next((at for at, piece in enumerate(pieces) if piece.kind == "."), len(pieces))
    whole = [piece for piece in pieces[:point] if piece.kind in "0#"]
    fraction = [piece for piece in pieces[point:] if piece.kind in "0#"]
    value, grouped = _scaled(value, pieces[:point], pieces)
    exponent = next((piece for piece in pieces if piece.kind == "exponent"), None)
    shown_exponent = ""
    if exponent:
        scale = value.adjusted() - len(whole) + 1 if value else 0
        value = value.scaleb(-scale)
        shown_exponent = _exponent(exponent.text, scale)
    digits, _, decimals = f"{_fixed(value, len(fraction)):f}".partition(".")
    needed = next((len(whole) - at for at, piece in enumerate(whole) if piece.kind == "0"), 0)
    digits = digits.lstrip("0").rjust(needed, "0")
    kept = max((at + 1 for at, piece in enumerate(fraction) if piece.kind == "0"), default=0)
    decimals = decimals[:kept] + decimals[kept:].rstrip("0")
    return _laid_out(pieces, point, digits, decimals, grouped, shown_exponent)


def _scaled(value: Decimal, before: list[Piece], pieces: list[Piece]) -> tuple[Decimal, bool]:
    """`value` after per cent, per mille and trailing commas; and whether thousands are grouped."""
    kinds = [piece.kind for piece in before if piece.kind in ("0", "#", ",")]
    trailing = len(kinds) - len("".join(kinds).rstrip(","))
    for piece in pieces:
        value *= {"%": 100, "‰": 1000}.get(piece.kind, 1)
    return value.scaleb(-3 * trailing), "," in "".join(kinds).strip(",")


def _exponent(layout: str, scale: int) -> str:
    sign = "-" if scale < 0 else "+" if "+" in layout else ""
    return f"{layout[0]}{sign}{abs(scale):0{layout.count('0')}}"


def _laid_out(
    pieces: list[Piece], point: int, digits: str, decimals: str, grouped: bool, exponent: str
) -> str:
    places = sum(piece.kind in "0#" for piece in pieces[:point])
    shown, left, used = [], places, 0
    for at, piece in enumerate(pieces):
        match piece.kind:
            case "0" | "#" if at < point:
                lead = len(digits) if left == places else left
                upto = len(digits) - left + 1
                shown.append(_grouped(digits, max(0, len(digits) - lead), upto, grouped))
                left -= 1
            case "0" | "#":
                shown.append(decimals[used : used + 1])
                used += 1
            case "." if at == point and decimals:
                shown.append(".")
            case "%" | "‰" | "text":
                shown.append(piece.text)
            case "exponent":
                shown.append(exponent)
    return "".join(shown)


def _grouped(digits: str, start: int, end: int, grouped: bool) -> str:
    """The digits from `start` to `end`, each group of three but the last followed by a comma."""
    return "".join(
        digits[at]
        + ("," if grouped and at < len(digits) - 1 and (len(digits) - at) % 3 == 1 else "")
        for at in range(start, end)
        if 0 <= at < len(digits)
    )
