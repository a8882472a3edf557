"""Dates as text the way .NET reads and writes them (culture en-US)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ROUND_TRIP = "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK"
RFC_1123 = "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'"
STANDARD = {
    "d": "M/d/yyyy",
    "D": "dddd, MMMM d, yyyy",
    "f": "dddd, MMMM d, yyyy h:mm tt",
    "F": "dddd, MMMM d, yyyy h:mm:ss tt",
    "g": "M/d/yyyy h:mm tt",
    "G": "M/d/yyyy h:mm:ss tt",
    "m": "MMMM d",
    "M": "MMMM d",
    "o": ROUND_TRIP,
    "O": ROUND_TRIP,
    "r": RFC_1123,
    "R": RFC_1123,
    "s": "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
    "t": "h:mm tt",
    "T": "h:mm:ss tt",
    "u": "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
    "U": "dddd, MMMM d, yyyy h:mm:ss tt",
    "y": "MMMM yyyy",
    "Y": "MMMM yyyy",
}
IN_UTC = frozenset("rRuU")
MAX_LENGTH = 100

PART = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>[^"]*)"|\\(?P<escaped>.)|%(?P<lone>[A-Za-z])"""
    r"|(?P<field>d+|f+|F+|g+|h+|H+|K|m+|M+|s+|t+|y+|z+)|(?P<other>.)",
    re.DOTALL,
)
NUMERIC = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
AMERICAN = r"(?P<month2>\d{1,2})[-/](?P<day2>\d{1,2})[-/](?P<year2>\d{4})"
DAY_FIRST = r"(?P<day3>\d{1,2})[ -](?P<name3>[A-Za-z]{3,9})[ ,-]+(?P<year3>\d{4})"
MONTH_FIRST = r"(?P<name4>[A-Za-z]{3,9}) +(?P<day4>\d{1,2}),? +(?P<year4>\d{4})"
DATE = re.compile(
    rf"\s*(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
    rf"(?:{NUMERIC}|{AMERICAN}|{DAY_FIRST}|{MONTH_FIRST})"
    r"(?:(?:T|,?\s+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?)?"
    r"\s*(?P<zone>Z|GMT|UTC|[-+]\d{1,2}(?::?\d{2})?)?\s*",
    re.IGNORECASE | re.ASCII,
)


class NoSuchDateFormat(ValueError):
    """The format string is none."""


@dataclass(frozen=True)
class Moment:
    """A point in time as it was written: without zone, as UTC (`Z`) or with an offset."""

    at: datetime
    is_utc: bool = False

    def shifted(self, by: timedelta) -> "Moment":
        """Raises OverflowError beyond the calendar."""
        return Moment(self.at + by, self.is_utc)

    def local(self, zone: timezone) -> "Moment":
        """The same moment as a plain date of `zone`; one without zone is taken to be there already."""
        if self.at.tzinfo is None:
            return self
        return Moment(self.at.astimezone(zone).replace(tzinfo=None))

    def with_offset(self, zone: timezone) -> "Moment":
        return Moment(self.at if self.at.tzinfo else self.at.replace(tzinfo=zone))


def parse_date(text: str) -> Moment | None:
    """The moment `text` names, or None. Finer than a microsecond is cut off."""
    found = DATE.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        return None
    try:
        year, month, day = _calendar_day(found)
        at = datetime(year, month, day, *_time(found), tzinfo=_zone(found["zone"]))
    except ValueError:
        return None
    return Moment(at, is_utc=(found["zone"] or "").upper() in ("Z", "GMT", "UTC"))


def _calendar_day(found: re.Match[str]) -> tuple[int, int, int]:
    if found["year"]:
        return int(found["year"]), int(found["month"]), int(found["day"])
    if found["year2"]:
        return int(found["year2"]), int(found["month2"]), int(found["day2"])
    if found["year3"]:
        return int(found["year3"]), _month(found["name3"]), int(found["day3"])
    return int(found["year4"]), _month(found["name4"]), int(found["day4"])


def _month(name: str) -> int:
    matches = [
        at
        for at, month in enumerate(MONTHS, 1)
        if name.lower() in (month.lower(), month[:3].lower())
    ]
    if not matches:
        raise ValueError(f"{name} is no month")
    return matches[0]


def _time(found: re.Match[str]) -> tuple[int, int, int, int]:
    hour = int(found["hour"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if found["half"].lower() == "p" else 0)
    micro = int((found["fraction"] or "")[:6].ljust(6, "0"))
    return hour, int(found["minute"] or 0), int(found["second"] or 0), micro


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if text[0] == "-" else offset)


def format_date(moment: Moment, layout: str) -> str:
    """`moment` in the .NET format `layout`. Raises NoSuchDateFormat."""
    if len(layout) <= 1:
        if (layout or "G") not in STANDARD:
            raise NoSuchDateFormat(f"{layout!r} is no date format")
        if layout in IN_UTC and moment.at.tzinfo:
            moment = Moment(moment.at.astimezone(UTC), is_utc=True)
        layout = STANDARD[layout or "G"]
    return "".join(_part(found, moment) for found in PART.finditer(layout))


def _part(found: re.Match[str], moment: Moment) -> str:
    kind = found.lastgroup or "other"
    text = found[kind]
    if kind == "lone":
        return _field(text, moment) if text in FIELDS else text
    return _field(text, moment) if kind == "field" else text


def _field(text: str, moment: Moment) -> str:
    return FIELDS[text[0]](moment, len(text))


def _named(names: tuple[str, ...], at: int, width: int) -> str:
    return names[at][:3] if width == 3 else names[at]


def _number(value: int, width: int) -> str:
    return str(value).zfill(min(width, 2))


def _fraction(moment: Moment, width: int) -> str:
    if width > 7:
        raise NoSuchDateFormat("more than seven fractional digits")
    return f"{moment.at.microsecond:06}0"[:width]


def _year(moment: Moment, width: int) -> str:
    if width <= 2:
        return str(moment.at.year % 100).zfill(width)
    return str(moment.at.year).zfill(width)


def _half(moment: Moment, width: int) -> str:
    return ("AM" if moment.at.hour < 12 else "PM")[: min(width, 2)]


def _offset(moment: Moment, width: int) -> str:
    minutes = int((moment.at.utcoffset() or timedelta()).total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{_number(hours, width)}" + (f":{rest:02}" if width > 2 else "")


def _kind(moment: Moment, _width: int) -> str:
    if moment.is_utc:
        return "Z"
    return _offset(moment, 3) if moment.at.tzinfo else ""


FIELDS: dict[str, Callable[[Moment, int], str]] = {
    "d": lambda moment, width: (
        _number(moment.at.day, width) if width < 3 else _named(DAYS, moment.at.weekday(), width)
    ),
    "f": _fraction,
    "F": lambda moment, width: _fraction(moment, width).rstrip("0"),
    "g": lambda _moment, _width: "A.D.",
    "h": lambda moment, width: _number((moment.at.hour + 11) % 12 + 1, width),
    "H": lambda moment, width: _number(moment.at.hour, width),
    "K": _kind,
    "m": lambda moment, width: _number(moment.at.minute, width),
    "M": lambda moment, width: (
        _number(moment.at.month, width) if width < 3 else _named(MONTHS, moment.at.month - 1, width)
    ),
    "s": lambda moment, width: _number(moment.at.second, width),
    "t": _half,
    "y": _year,
    "z": _offset,
}
