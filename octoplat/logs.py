"""What may stand in octoplat's own log: no secret, wherever the text came from. Promise S2.

Tasks mask their output themselves (deployments/core/masking.py). This is about log lines of the
processes: a library that puts a request's headers into an exception, an address with a password.
"""

import logging
import re
from functools import lru_cache

from django.conf import settings

from deployments.core.masking import REPLACEMENT, MaskSet
from spaces.known_secrets import known

_HEADERS = "(?:proxy[-_])?authorization|(?:set[-_])?cookie|x[-_](?:octopus|nuget)[-_]apikey|x[-_]octopus[-_]csrf[-_]token"
_NAMES = r"\w*(?:password|passwd|secret|token|api_?key|private_?key|assertion)"
_FORMS = (
    (r"API-[A-Z0-9]{8,}", "API-" + REPLACEMENT),
    (r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", REPLACEMENT),
    (r"(?s)-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", REPLACEMENT),
    (r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@", rf"\1{REPLACEMENT}@"),
    (rf"(?i)\b((?:http_)?(?:{_HEADERS})['\"]?\s*[:=,]\s*b?)('[^'\r\n]*'|\"[^\"\r\n]*\"|[^'\"\r\n]+)",
     rf"\1{REPLACEMENT}"),
    (rf"(?i)(\b{_NAMES}=|['\"]{_NAMES}['\"]\s*[:=,]\s*b?)('[^'\r\n]*'|\"[^\"\r\n]*\"|[^\s'\"&,;)}}\]]+)",
     rf"\1{REPLACEMENT}"),
)  # fmt: skip
FORMS = [(re.compile(pattern), kept) for pattern, kept in _FORMS]
"""What secrets look like even if this process never had them: ours, headers, addresses, assignments."""


class Masking(logging.Filter):
    """Belongs to every handler: replaces secrets in message and traceback, and lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = masked(_message(record)), None
        if record.exc_info and not record.exc_text:
            record.exc_text = _TRACEBACKS.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = masked(record.exc_text)
        if record.stack_info:
            record.stack_info = masked(record.stack_info)
        return True


def masked(text: str) -> str:
    """The text without what is, or looks like, a secret."""
    for form, kept in FORMS:
        text = form.sub(kept, text)
    return _known_ones(known().version).mask(text)


_TRACEBACKS = logging.Formatter()


def _message(record: logging.LogRecord) -> str:
    """A line whose arguments do not fit must not fail whoever logs it."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args}"


@lru_cache(maxsize=1)
def _known_ones(version: int) -> MaskSet:
    """version: of the known secrets, so that the set is built again only after a change."""
    database = str(settings.DATABASES["default"].get("PASSWORD") or "")
    return MaskSet([settings.SECRET_KEY, database, *known().values])
