"""The filters of `#{Name | Filter option}`.

A filter is a function of the input (None when the token has none), its options and a clock. It returns the new text, or None when it refuses, upon which the token is echoed.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from deployments.core.backtracking import BadPattern
from deployments.core.templates import net_dates, net_numbers, regexes, uris
from deployments.core.templates.limits import MAX_OUTPUT, TemplateLimit
from deployments.core.templates.markdown import to_html
from deployments.core.versions import InvalidVersion, parse

Clock = Callable[[], datetime]
Filter = Callable[[str | None, Sequence[str], Clock], str | None]
TextFilter = Callable[[str], str | None]
OptionsFilter = Callable[[str, Sequence[str]], str | None]

ENCODINGS = {"utf8": "utf-8", "utf-8": "utf-8", "unicode": "utf-16-le"}
HASHES = ("md5", "sha1", "sha256", "sha384", "sha512")
LINE_ENDS = re.compile(r"[\r\n]+")
INDENT_SIZES = re.compile(r"(?P<first>[0-9]{1,3})?(?P<slash>/)?(?P<rest>[0-9]{1,3})?")
MAX_INDENT = 255
NOT_PRINTABLE_ASCII = re.compile(r"[^ -~]")
BEYOND_LATIN = re.compile("[\u00ff-\U0010ffff]")

XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})
HTML = XML | str.maketrans({"/": "&#x2F;"})
LINE_ESCAPES = str.maketrans({"\r": r"\r", "\n": r"\n", "\t": r"\t", "\\": r"\\"})
JSON = LINE_ESCAPES | str.maketrans({'"': r"\""})
PROPERTY_KEY = LINE_ESCAPES | str.maketrans({" ": r"\ ", ":": r"\:", "=": r"\="})


# --- shapes of filters -----------------------------------------------------------------------------------


def without_options(transform: TextFilter) -> Filter:
    def apply(text: str | None, options: Sequence[str], _clock: Clock) -> str | None:
        return None if text is None or options else transform(text)

    return apply


def with_options(transform: OptionsFilter, counts: range = range(1000)) -> Filter:
    """A filter of a text and its options; any other number of options than `counts` is refused."""

    def apply(text: str | None, options: Sequence[str], _clock: Clock) -> str | None:
        return None if text is None or len(options) not in counts else transform(text, options)

    return apply


NONE_OR_ONE = range(2)
EXACTLY_ONE = range(1, 2)
ONE_OR_TWO = range(1, 3)


# --- escaping and encoding -------------------------------------------------------------------------------


def escape_yaml_single_quoted(text: str) -> str:
    return LINE_ENDS.sub(_one_more_line_end, text.replace("'", "''"))


def _one_more_line_end(run: re.Match[str]) -> str:
    return ("\r\n" if run[0].startswith("\r") else "\n") + run[0]


def escape_yaml_double_quoted(text: str) -> str:
    return NOT_PRINTABLE_ASCII.sub(_unicode_escape, text.translate(JSON))


def escape_property_key(text: str) -> str:
    return BEYOND_LATIN.sub(_unicode_escape, text.translate(PROPERTY_KEY))


def escape_property_value(text: str) -> str:
    escaped = BEYOND_LATIN.sub(_unicode_escape, text.translate(LINE_ESCAPES))
    return rf"\{escaped}" if escaped.startswith(" ") else escaped


def _unicode_escape(character: re.Match[str]) -> str:
    units = character[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(rf"\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def to_base64(text: str, options: Sequence[str]) -> str | None:
    encoding = ENCODINGS.get(options[0].lower() if options else "utf8")
    return base64.b64encode(_encoded(text, encoding)).decode() if encoding else None


def from_base64(text: str, options: Sequence[str]) -> str | None:
    encoding = ENCODINGS.get(options[0].lower() if options else "utf8")
    data = _base64_bytes(text)
    return data.decode(encoding, "replace") if encoding and data is not None else None


def _encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "replace")


def _base64_bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def hash_filter(algorithm: str) -> Filter:
    def digest(text: str, options: Sequence[str]) -> str | None:
        encodings = [option.lower() for option in options if not _is_integer(option)]
        sizes = [int(option) for option in options if _is_integer(option)]
        if len(encodings) > 1 or len(sizes) > 1 or any(size <= 0 for size in sizes):
            return None
        data = _hash_input(text, encodings[0] if encodings else "utf8")
        if data is None:
            return None
        full = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
        return full[: 2 * sizes[0]] if sizes else full

    return with_options(digest, range(3))


def _is_integer(text: str) -> bool:
    return net_numbers.integer(text) is not None


def _hash_input(text: str, encoding: str) -> bytes | None:
    if encoding == "base64":
        return _base64_bytes(text)
    return _encoded(text, ENCODINGS[encoding]) if encoding in ENCODINGS else None


# --- pieces of text --------------------------------------------------------------------------------------


def replace(text: str, options: Sequence[str]) -> str | None:
    try:
        return regexes.replace(options[0], options[1] if len(options) > 1 else "", text)
    except BadPattern:
        return None


def match(text: str, options: Sequence[str]) -> str | None:
    try:
        return claim(regexes.is_found(options[0], text))
    except BadPattern:
        return None


def claim(value: bool) -> str:
    return "true" if value else "false"


def substring(text: str, options: Sequence[str]) -> str | None:
    numbers = [net_numbers.integer(option) for option in options]
    start, length = numbers if len(numbers) == 2 else (0, numbers[0])
    if start is None or length is None or start < 0 or length < 0 or start > len(text):
        return None
    return text[start : start + length]


def truncate(text: str, options: Sequence[str]) -> str | None:
    length = net_numbers.integer(options[0])
    if length is None or length < 0:
        return None
    suffix = options[1] if len(options) > 1 else "..."
    return text[:length] + suffix if len(text) > length else text


def trim(text: str, options: Sequence[str]) -> str | None:
    match [option.lower() for option in options]:
        case []:
            return text.strip()
        case ["start"]:
            return text.lstrip()
        case ["end"]:
            return text.rstrip()
    return None


def indent(text: str, options: Sequence[str]) -> str:
    if not text:
        return text
    first, rest = _prefixes(options)
    if text.count("\n") * len(rest) > MAX_OUTPUT:
        raise TemplateLimit(f"Indent adds more than {MAX_OUTPUT} characters.")
    return first + text.replace("\n", f"\n{rest}")


def _prefixes(options: Sequence[str]) -> tuple[str, str]:
    if not options:
        return " " * 4, " " * 4
    if len(options) == 2:
        return options[0], options[1]
    sizes = INDENT_SIZES.fullmatch(options[0])
    if sizes is None or not (sizes["first"] or sizes["rest"]):
        return options[0], options[0]
    first = int(sizes["first"] or 0)
    rest = int(sizes["rest"] or 0) if sizes["slash"] else first
    if max(first, rest) > MAX_INDENT or bool(sizes["slash"]) != bool(sizes["rest"]):
        return options[0], options[0]
    return " " * first, " " * rest


def append(text: str | None, options: Sequence[str], _clock: Clock) -> str | None:
    return (text or "") + "".join(options) if options else None


def prepend(text: str | None, options: Sequence[str], _clock: Clock) -> str | None:
    return "".join(options) + (text or "") if options else None


def uri_part(text: str, options: Sequence[str]) -> str:
    return uris.uri_part(text, options[0]) if options else "[UriPart error: no argument given]"


def version_filter(part: str) -> Filter:
    return without_options(lambda text: _version_part(text, part))


def _version_part(text: str, part: str) -> str | None:
    """One part of a release number or of anything like it; missing numbers are 0."""
    try:
        return str(getattr(parse(text, "octopus"), part))
    except InvalidVersion:
        return None


# --- dates and numbers -----------------------------------------------------------------------------------


def now_date(text: str | None, options: Sequence[str], clock: Clock) -> str | None:
    return _now_in(text, options, net_dates.Moment(clock().replace(tzinfo=None)))


def now_date_utc(text: str | None, options: Sequence[str], clock: Clock) -> str | None:
    return _now_in(text, options, net_dates.Moment(clock().astimezone(UTC), is_utc=True))


def _now_in(text: str | None, options: Sequence[str], now: net_dates.Moment) -> str | None:
    if text is not None or len(options) > 1:
        return None
    return _date_text(now, options[0] if options else net_dates.ROUND_TRIP)


def shift(unit: timedelta) -> Filter:
    def shifted(text: str, options: Sequence[str]) -> str | None:
        moment, amount = net_dates.parse_date(text), net_numbers.double(options[0])
        if moment is None or amount is None:
            return None
        try:
            return _date_text(moment.shifted(amount * unit), net_dates.ROUND_TRIP)
        except OverflowError:
            return None

    return with_options(shifted, EXACTLY_ONE)


def format_value(text: str | None, options: Sequence[str], clock: Clock) -> str | None:
    """One option: as a decimal number, else as a date; two: as the type named first."""
    if text is None or len(options) not in ONE_OR_TWO:
        return None
    zone = timezone(clock().utcoffset() or timedelta())
    if len(options) == 2:
        kind = FORMATTED_AS.get(options[0].lower())
        return kind(text, options[1], zone) if kind else None
    if (number := net_numbers.decimal(text)) is not None:
        return _number_text(number, options[0])
    return _offset_date(text, options[0], zone)


def _number_text(value: int | float | Decimal | None, layout: str) -> str | None:
    try:
        return None if value is None else net_numbers.format_number(value, layout)
    except net_numbers.NoSuchFormat:
        return None


def _date_text(moment: net_dates.Moment, layout: str) -> str | None:
    try:
        return net_dates.format_date(moment, layout)
    except net_dates.NoSuchDateFormat:
        return None


def _local_date(text: str, layout: str, zone: timezone) -> str | None:
    moment = net_dates.parse_date(text)
    return _date_text(moment.local(zone), layout) if moment else None


def _offset_date(text: str, layout: str, zone: timezone) -> str | None:
    moment = net_dates.parse_date(text)
    return _date_text(moment.with_offset(zone), layout) if moment else None


FORMATTED_AS: dict[str, Callable[[str, str, timezone], str | None]] = {
    "int32": lambda text, layout, _zone: _number_text(net_numbers.integer(text), layout),
    "int": lambda text, layout, _zone: _number_text(net_numbers.integer(text), layout),
    "double": lambda text, layout, _zone: _number_text(net_numbers.double(text), layout),
    "decimal": lambda text, layout, _zone: _number_text(net_numbers.decimal(text), layout),
    "date": _local_date,
    "datetime": _local_date,
    "datetimeoffset": _offset_date,
}

NULL = "null"
"""The filter that turns the whole result into no value; it acts on the evaluation, not on a text."""

TIMELY = frozenset({"nowdate", "nowdateutc"})
"""Filters whose result must not be remembered."""

COSTLY = frozenset({"markdown", "markdowntohtml"})
"""Filters that take about as long per character as a token takes."""

SEARCHING = frozenset({"match", "replace"})
"""Filters with a regular expression among their options."""

FILTERS: dict[str, Filter] = {
    "tolower": without_options(str.lower),
    "toupper": without_options(str.upper),
    "tobase64": with_options(to_base64, NONE_OR_ONE),
    "frombase64": with_options(from_base64, NONE_OR_ONE),
    "htmlescape": without_options(lambda text: text.translate(HTML)),
    "xmlescape": without_options(lambda text: text.translate(XML)),
    "jsonescape": without_options(lambda text: text.translate(JSON)),
    "yamlsinglequoteescape": without_options(escape_yaml_single_quoted),
    "yamldoublequoteescape": without_options(escape_yaml_double_quoted),
    "propertieskeyescape": without_options(escape_property_key),
    "propertiesvalueescape": without_options(escape_property_value),
    "uriescape": without_options(uris.escape_uri),
    "uridataescape": without_options(uris.escape_data),
    "markdown": without_options(to_html),
    "markdowntohtml": without_options(to_html),
    "nowdate": now_date,
    "nowdateutc": now_date_utc,
    "addhours": shift(timedelta(hours=1)),
    "adddays": shift(timedelta(days=1)),
    "format": format_value,
    "replace": with_options(replace, ONE_OR_TWO),
    "match": with_options(match, EXACTLY_ONE),
    "startswith": with_options(
        lambda text, options: claim(text.startswith(options[0])), EXACTLY_ONE
    ),
    "endswith": with_options(lambda text, options: claim(text.endswith(options[0])), EXACTLY_ONE),
    "contains": with_options(lambda text, options: claim(options[0] in text), EXACTLY_ONE),
    "substring": with_options(substring, ONE_OR_TWO),
    "truncate": with_options(truncate, ONE_OR_TWO),
    "trim": with_options(trim, NONE_OR_ONE),
    "indent": with_options(indent, range(3)),
    "append": append,
    "prepend": prepend,
    "uripart": with_options(uri_part),
    "versionmajor": version_filter("major"),
    "versionminor": version_filter("minor"),
    "versionpatch": version_filter("patch"),
    "versionrevision": version_filter("revision"),
    "versionprerelease": version_filter("prerelease"),
    "versionprereleaseprefix": version_filter("prerelease_prefix"),
    "versionprereleasecounter": version_filter("prerelease_counter"),
    "versionmetadata": version_filter("metadata"),
    **{algorithm: hash_filter(algorithm) for algorithm in HASHES},
}
