"""YAML: keys joined by `:`, positions as numbers; everything else stays as it was written."""

from collections.abc import Iterator
from dataclasses import replace

from deployments.core.files.encodings import FileText, with_line_ends
from deployments.core.files.structured import yaml_tree, yaml_writer
from deployments.core.files.structured.places import Places
from deployments.core.files.structured.yaml_tree import (
    Comment,
    Document,
    InvalidYaml,
    Mapping,
    Node,
    Scalar,
    Sequence,
    nodes_of,
)

NULL = Scalar("null")


def replace_in_yaml(file: FileText, places: Places) -> FileText:
    stream = yaml_tree.read(with_line_ends(file.text, "\n"))
    children = [
        replace(child, children=[_replaced(part, "", places) for part in child.children])
        if isinstance(child, Document)
        else child
        for child in stream.children
    ]
    return file.with_text(yaml_writer.write(replace(stream, children=children)))


def _replaced(node: Node | Comment, place: str, places: Places) -> Node | Comment:
    match node:
        case Scalar() if place in places:
            text = places.value(place)
            return (
                replace(node, value=text) if text is not None else replace(NULL, anchor=node.anchor)
            )
        case Mapping() | Sequence() if place in places:
            text = places.value(place)
            return NULL if text is None else _fragment(text)
        case Mapping():
            return replace(node, children=list(_replaced_values(node, place, places)))
        case Sequence():
            return replace(node, children=list(_replaced_items(node, place, places)))
    return node


def _replaced_values(mapping: Mapping, place: str, places: Places) -> Iterator[Node | Comment]:
    key: Node | None = None
    for child in mapping.children:
        if isinstance(child, Comment):
            yield child
        elif key is None:
            key = child
            yield child
        else:
            yield (
                _replaced(child, _below(place, key.value), places)
                if isinstance(key, Scalar)
                else child
            )
            key = None


def _replaced_items(sequence: Sequence, place: str, places: Places) -> Iterator[Node | Comment]:
    position = 0
    for child in sequence.children:
        if isinstance(child, Comment):
            yield child
        else:
            yield _replaced(child, _below(place, str(position)), places)
            position += 1


def _below(place: str, key: str) -> str:
    return f"{place}:{key}" if place else key


def _fragment(text: str) -> Node:
    """What `text` says as YAML, or itself when it says nothing that can stand in one place."""
    try:
        documents = yaml_tree.read(with_line_ends(text, "\n")).documents
    except InvalidYaml:
        documents = []
    if len(documents) == 1 and (nodes := nodes_of(documents[0].children)):
        return nodes[0]
    return Scalar(text, style='"')
