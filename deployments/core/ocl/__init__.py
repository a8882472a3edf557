"""OCL, the language of a project's files: text to elements and back. variables-and-versions.md 8."""

from deployments.core.ocl.elements import (
    Attribute,
    Block,
    Element,
    Heredoc,
    SingleLine,
    Value,
    name,
)
from deployments.core.ocl.reader import OclError, parse
from deployments.core.ocl.writer import write

__all__ = [
    "Attribute",
    "Block",
    "Element",
    "Heredoc",
    "OclError",
    "SingleLine",
    "Value",
    "name",
    "parse",
    "write",
]
