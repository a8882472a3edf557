"""XML: a variable whose name is an XPath replaces what the path finds."""

from deployments.core.files import xml_tree
from deployments.core.files.encodings import FileText
from deployments.core.files.structured.places import Places
from deployments.core.files.xml_tree import Comment, Document, Element, Found, Instruction, Text


def replace_in_xml(file: FileText, places: Places) -> FileText:
    document = xml_tree.parse(file.text, keep_space=False)
    namespaces = xml_tree.declared_namespaces(document, places.warn_of_prefix)
    for path in places:
        if ("/" in path or ":" in path) and path in places:
            _replace_at(path, document, namespaces, places)
    return _written(file, document)


def _replace_at(path: str, document: Document, namespaces: dict[str, str], places: Places) -> None:
    try:
        found = xml_tree.find(document, xml_tree.in_xpath_1(path), namespaces)
    except ValueError:
        return  # the name of some other variable
    if not found:
        return
    value = places.value(path) or ""
    for place in found:
        try:
            _set(place, value, namespaces)
        except xml_tree.InvalidXml as reason:
            places.refuse(path, str(reason))


def _set(place: Found, value: str, namespaces: dict[str, str]) -> None:
    match place.node:
        case None if isinstance(place.parent, Element):
            place.parent.attributes[place.attribute] = value
        case Comment() | Instruction() as node:
            if "--" in value or "?>" in value or value.endswith("-"):
                raise xml_tree.InvalidXml("it cannot stand in a comment or instruction")
            node.data = value
        case Text() as node if isinstance(place.parent, Element):
            node.data = value
            for other in xml_tree.texts_from(place.parent, node)[1:]:
                place.parent.children.remove(other)
        case Element() as node if node.elements:
            node.children = xml_tree.parse_fragment(value, namespaces)
        case Element() as node:
            node.set_text(value)


def _written(file: FileText, document: Document) -> FileText:
    """The file with the document's text, and a declaration that says how it is encoded."""
    changed = file.with_text(xml_tree.write(document, indented=True))
    if document.declaration and changed.writable is not changed:
        document.declaration["encoding"] = "utf-8"
        changed = changed.with_text(xml_tree.write(document, indented=True))
    return changed.writable
