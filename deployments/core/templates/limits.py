"""How far a template may go, so that no text can exhaust a worker (promise S16)."""

MAX_NESTING = 32
"""Blocks within blocks and tokens within tokens of one template; deeper ones do not parse."""

RESTART_DEPTH = 24
"""Templates under evaluation at one moment before a chain of variables is taken up from its far end."""

MAX_DEPTH = 64
"""The same where that is not possible: inside loops and inside JSON that is being navigated."""

MAX_OUTPUT = 10 * 1024 * 1024
"""Characters a value may have beyond the length of the template that was asked for."""

MAX_WORK = 1_000_000
"""Tokens parsed, evaluated or the like for one request: about a second."""

MAX_SEARCHING = 1.0
"""Seconds that the regular expressions of one evaluation may take together."""


class TemplateLimit(ValueError):
    """A template asks for more than one evaluation may take; the text names the limit."""
