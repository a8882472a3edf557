"""What a NuGet package says about itself in its .nuspec. Hostile XML is read without any entity."""

from dataclasses import dataclass

from lxml import etree

LARGEST = 1_000_000  # bytes


class BadNuspec(ValueError):
    """The document is no nuspec; the message says why."""


@dataclass(frozen=True)
class Nuspec:
    """The metadata that package lists show."""

    id: str
    version: str
    title: str = ""
    summary: str = ""
    description: str = ""
    release_notes: str = ""


def parse_nuspec(content: bytes) -> Nuspec:
    """Raises BadNuspec."""
    if len(content) > LARGEST:
        raise BadNuspec(f"The .nuspec is larger than {LARGEST} bytes.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as exc:
        raise BadNuspec(f"The .nuspec is not XML: {exc}") from exc
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadNuspec("The .nuspec has a document type, which no package needs.")
    texts = {
        etree.QName(child).localname.lower(): (child.text or "").strip()
        for child in root.iterfind("{*}metadata/{*}*")
        if isinstance(child.tag, str)
    }
    if not texts.get("id") or not texts.get("version"):
        raise BadNuspec("The .nuspec names no id or no version.")
    return Nuspec(
        id=texts["id"],
        version=texts["version"],
        title=texts.get("title", ""),
        summary=texts.get("summary", ""),
        description=texts.get("description", ""),
        release_notes=texts.get("releasenotes", ""),
    )
