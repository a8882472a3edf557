"""appSettings, connectionStrings and applicationSettings, replaced by variables of the same name."""

from collections.abc import Iterator
from dataclasses import dataclass

from deployments.core import templates
from deployments.core.files import xml_tree
from deployments.core.files.encodings import FileText, with_line_ends
from deployments.core.files.structured.places import Places
from deployments.core.files.xml_tree import Document, Element
from deployments.core.templates.lookup import Values


@dataclass(frozen=True)
class ReplacedConfig:
    """The file's new content, and the names of the variables that were used."""

    data: bytes
    replaced: tuple[str, ...]


def replace_config(data: bytes, variables: Values | templates.Variables) -> ReplacedConfig:
    """The file with its settings replaced, namespaces and case of the names ignored.

    A null variable gives an empty value. A file without matching settings stays as it is. Raises
    InvalidXml.
    """
    file = FileText.of(data)
    document = xml_tree.parse(file.text, keep_space=True)
    places = Places(templates.Variables.of(variables))
    for element in document.root.descendants():
        for setting in element.elements:
            _replace(element, setting, places)
    if not places.used:
        return ReplacedConfig(data, ())
    return ReplacedConfig(written(file, document), tuple(places.used))


def _replace(section: Element, setting: Element, places: Places) -> None:
    match section.local_name, setting.local_name:
        case "appSettings", "add":
            _replace_attribute(setting, "key", "value", places)
        case "connectionStrings", "add":
            _replace_attribute(setting, "name", "connectionString", places)
        case "applicationSettings", _:
            for inner in _settings(setting):
                _replace_value(inner, places)


def _settings(section: Element) -> Iterator[Element]:
    return (e for e in section.descendants() if e.local_name == "setting")


def _replace_attribute(setting: Element, key: str, attribute: str, places: Places) -> None:
    name = setting.attributes.get(key, "")
    if name in places:
        setting.attributes[attribute] = places.value(name) or ""


def _replace_value(setting: Element, places: Places) -> None:
    name = setting.attributes.get("name", "")
    values = [child for child in setting.elements if child.local_name == "value"]
    if values and name in places:
        values[0].set_text(places.value(name) or "")


def written(file: FileText, document: Document) -> bytes:
    """`document` in the place of the file's text: encoding, line ends and last line end are kept."""
    text = xml_tree.write(document, indented=False)
    if file.text.endswith(("\n", "\r")):
        text += "\n"
    changed = file.with_text(with_line_ends(text, file.line_end)).writable
    if document.declaration and changed.encoding != file.encoding:
        document.declaration["encoding"] = changed.encoding
        return written(changed, document)
    return changed.data
