"""Evaluating templates and reading variables: the door to this package."""

import json
import re
from dataclasses import dataclass, field

from deployments.core.templates import net_numbers
from deployments.core.templates.evaluate import Evaluator, is_truthy
from deployments.core.templates.lookup import Values, Variables
from deployments.core.templates.names import Member, Name, canonical
from deployments.core.templates.parse import compile_template, parse_name
from deployments.core.templates.references import referenced_names


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a template gave.

    value: the text; None when the `null` filter was the result of a token, or for an undefined variable.
    missing: the tokens that had no value, as they were written back, each once.
    error: None, or why the template could not be parsed, or that tokens were missing.
    """

    value: str | None
    missing: list[str] = field(default_factory=list)
    error: str | None = None


def evaluate(
    template: str, variables: Values | Variables, halt_on_error: bool = True
) -> Evaluation:
    """`template` with its tokens replaced.

    What cannot be parsed makes the whole text come back with an error; without `halt_on_error` only that
    part is kept as text. Raises SelfReference and TemplateLimit. Rules: docs/reference/substitution.md.
    """
    if "#{" not in template:
        return Evaluation(template)
    compiled = compile_template(template, halt_on_error)
    if compiled.error is not None:
        return Evaluation(template, error=compiled.error)
    evaluator = Evaluator(Variables.of(variables))
    return _evaluation(evaluator, evaluator.text(compiled.nodes, len(template)))


def evaluate_truthy(template: str, variables: Values | Variables) -> bool:
    """Whether `template` gives a truthy text without any missing token."""
    found = evaluate(template, variables)
    return found.error is None and found.value is not None and is_truthy(found.value)


def get(variables: Values | Variables, name: str, default: str | None = None) -> Evaluation:
    """The evaluated value of a variable, or `default` when it is not defined."""
    table = Variables.of(variables)
    key = canonical(name)
    known = table.resolved.get(key) or table.raw(key)
    if known is not None and "#{" not in known:
        return Evaluation(known)
    evaluator = Evaluator(table)
    text = evaluator.value(parse_name(name) or Name((Member(name),)))
    return Evaluation(default) if text is None else _evaluation(evaluator, text)


def get_raw(variables: Values | Variables, name: str) -> str | None:
    """The value of a variable before evaluation, None when it is not defined."""
    return Variables.of(variables).raw(canonical(name))


def get_flag(variables: Values | Variables, name: str, default: bool = False) -> bool:
    """Whether a variable says `true` or `false` in any case; `default` for anything else."""
    text = (get(variables, name).value or "").strip().lower()
    return text == "true" if text in ("true", "false") else default


def get_int(variables: Values | Variables, name: str) -> int | None:
    """The 32-bit integer a variable holds, None when it holds none."""
    return net_numbers.integer(get(variables, name).value or "")


def get_list(variables: Values | Variables, name: str) -> list[str]:
    """The items of a comma-separated variable, trimmed, empty ones left out."""
    return _items((get(variables, name).value or "").split(","))


def get_paths(variables: Values | Variables, name: str) -> list[str]:
    """The items of a variable with one path per line, trimmed, empty ones left out."""
    return _items(re.split(r"[\r\n]+", get(variables, name).value or ""))


def require(variables: Values | Variables, name: str) -> str:
    """The evaluated value of a variable. Raises ValueError when it is undefined or empty."""
    value = get(variables, name).value
    if not value:
        raise ValueError(f"The variable {name!r} is required but has no value.")
    return value


def get_indexes(variables: Values | Variables, name: str) -> list[str]:
    """The index texts below a collection, in the order they were defined."""
    return Variables.of(variables).indexes(canonical(name))


def template_names(template: str) -> list[str]:
    """The names a template refers to, each once; loop items are left out, collections are not."""
    names: dict[str, str] = {}
    for name in referenced_names(compile_template(template, True).nodes):
        names.setdefault(canonical(name.text), name.text)
    return list(names.values())


def check_template(template: str, halt_on_error: bool = True) -> str | None:
    """Why `template` cannot be parsed, None when it can; without `halt_on_error` everything can."""
    return compile_template(template, halt_on_error).error


def to_json(variables: Values | Variables) -> str:
    """The variables before evaluation as an indented JSON object."""
    return json.dumps(dict(Variables.of(variables).items()), indent=2, ensure_ascii=False)


def _evaluation(evaluator: Evaluator, text: str) -> Evaluation:
    missing = list(evaluator.findings.missing)
    error = None
    if missing:
        listed = ", ".join(f"'{token}'" for token in missing)
        error = f"The following tokens were unable to be evaluated: {listed}"
    return Evaluation(None if evaluator.findings.is_null else text, missing, error)


def _items(texts: list[str]) -> list[str]:
    return [stripped for text in texts if (stripped := text.strip())]
