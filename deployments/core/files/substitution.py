"""`#{...}` in the text of files and of JSON. Rules: variables-and-versions.md 9.3."""

import json
from dataclasses import dataclass

from deployments.core import templates
from deployments.core.files.encodings import FileText
from deployments.core.templates.lookup import Values
from deployments.core.templates.parse import compile_template


class SubstitutionFailed(ValueError):
    """A file has tokens without a value, and these were to fail the deployment."""


@dataclass(frozen=True)
class Substituted:
    """error: what was left as it is, None when everything was replaced."""

    data: bytes
    error: str | None = None


def substitute(
    data: bytes,
    variables: Values | templates.Variables,
    fail_on_missing: bool = False,
    *,
    output_encoding: str = "",
) -> Substituted:
    """The file with its tokens replaced, in its own encoding or a given one.

    Without `fail_on_missing` what cannot be parsed or has no value stays as it is; with it,
    SubstitutionFailed is raised. An unknown output encoding is ignored.
    """
    file = FileText.of(data)
    found = templates.evaluate(file.text, variables, halt_on_error=False)
    if found.error and fail_on_missing:
        raise SubstitutionFailed(found.error)
    changed = file.with_text(found.value or "")
    if output_encoding:
        changed = changed.in_encoding(output_encoding)
    return Substituted(changed.data, found.error)


def substitute_json(
    text: str, variables: Values | templates.Variables
) -> tuple[str, tuple[str, ...]]:
    """JSON text with its tokens replaced, their values escaped for JSON; and warnings.

    Raises ValueError when the tokens cannot be parsed.
    """
    compiled = compile_template(text, halt_on_error=True)
    if compiled.error:
        raise ValueError(f"Variable expression could not be parsed. {compiled.error}")
    table = templates.Variables.of(variables)
    pieces: list[str] = []
    warnings: list[str] = []
    for node in compiled.nodes:
        if isinstance(node, str):
            pieces.append(node)
            continue
        found = templates.evaluate(node.source, table)
        if found.error:
            warnings.append(found.error)
        pieces.append(json.dumps(found.value or "", ensure_ascii=False)[1:-1])
    return "".join(pieces), tuple(warnings)
