"""Values inside structured files, replaced by the variables that name their place.

Rules: variables-and-versions.md 9.1.
"""

from collections.abc import Callable
from dataclasses import dataclass

from deployments.core import templates
from deployments.core.files.encodings import FileText, with_line_ends
from deployments.core.files.structured.json_values import replace_in_json
from deployments.core.files.structured.places import Places
from deployments.core.files.structured.properties_values import replace_in_properties
from deployments.core.files.structured.xml_values import replace_in_xml
from deployments.core.files.structured.yaml_values import replace_in_yaml
from deployments.core.templates.lookup import Values

_FORMATS: dict[str, Callable[[FileText, Places], FileText]] = {
    "json": replace_in_json,
    "xml": replace_in_xml,
    "yaml": replace_in_yaml,
    "properties": replace_in_properties,
}
_BY_SUFFIX = {
    ".json": ("json",),
    ".yaml": ("json", "yaml"),
    ".yml": ("json", "yaml"),
    ".xml": ("json", "xml"),
    ".properties": ("json", "properties"),
}


class UnknownStructure(ValueError):
    """The file is of none of the formats it may be of; each one's reason is in the text."""


@dataclass(frozen=True)
class Replacement:
    """A file's new content, the names of the variables that were used, and what was not done."""

    data: bytes
    replaced: tuple[str, ...]
    warnings: tuple[str, ...]


def replace(data: bytes, format: str, variables: Values | templates.Variables) -> Replacement:
    """The file with its values replaced. format: json, xml, yaml or properties.

    Raises ValueError when the file is not of that format.
    """
    places = Places(templates.Variables.of(variables))
    file = FileText.of(data)
    changed = _FORMATS[format](file, places)
    changed = changed.with_text(with_line_ends(changed.text, file.line_end))
    return Replacement(changed.data, tuple(places.used), tuple(places.warnings))


def replace_by_name(
    file_name: str, data: bytes, variables: Values | templates.Variables
) -> Replacement:
    """Like `replace`, in the format the name tells, else the first that can read the file.

    Raises UnknownStructure.
    """
    table = templates.Variables.of(variables)
    suffix = next((s for s in _BY_SUFFIX if file_name.lower().endswith(s)), "")
    reasons = []
    for format in _BY_SUFFIX.get(suffix, _FORMATS):
        try:
            return replace(data, format, table)
        except ValueError as reason:
            reasons.append(f"{format}: {reason}")
    raise UnknownStructure(f"{file_name} cannot be read. {'; '.join(reasons)}")
