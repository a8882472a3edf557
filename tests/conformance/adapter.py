"""Which function answers an `op`.

Each area has a module with a table `OPERATIONS`: op -> function that takes the case's input as keyword
arguments and gives back the result the checks walk into (a mapping or an object with these fields).
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

AREAS = ("ops_variables", "ops_versions", "ops_ocl", "ops_files")

OPERATIONS: dict[str, Callable[..., Any]] = {}
for area in AREAS:
    if find_spec(f"{__package__}.{area}") is None:
        continue
    OPERATIONS |= import_module(f"{__package__}.{area}").OPERATIONS
