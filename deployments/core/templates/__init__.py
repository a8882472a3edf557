"""Variable substitution: `#{Name | Filter}`, conditions, loops, calculations and JSON navigation.

Pure and bounded: no I/O, no attribute access, and limits on nesting, work and output (promise S16).
"""

from deployments.core.templates.evaluate import is_truthy
from deployments.core.templates.filters import Filter
from deployments.core.templates.findings import SelfReference
from deployments.core.templates.limits import TemplateLimit
from deployments.core.templates.lookup import Variables
from deployments.core.templates.reading import (
    Evaluation,
    check_template,
    evaluate,
    evaluate_truthy,
    get,
    get_flag,
    get_indexes,
    get_int,
    get_list,
    get_paths,
    get_raw,
    require,
    template_names,
    to_json,
)

__all__ = [
    "Evaluation",
    "Filter",
    "SelfReference",
    "TemplateLimit",
    "Variables",
    "check_template",
    "evaluate",
    "evaluate_truthy",
    "get",
    "get_flag",
    "get_indexes",
    "get_int",
    "get_list",
    "get_paths",
    "get_raw",
    "is_truthy",
    "require",
    "template_names",
    "to_json",
]
