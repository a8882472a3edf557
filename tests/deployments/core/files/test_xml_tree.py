import pytest

from deployments.core.files import xml_tree
from deployments.core.files.xml_tree import InvalidXml, find, parse, write

AS_WRITTEN = """<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<!DOCTYPE a PUBLIC "-//X//EN" "http://example.com/a.dtd">
<!-- top -->
<a z="1" xmlns:p="urn:p" b="&quot;'&#xA;">
 <b /><c></c> <d><![CDATA[<x>]]></d><p:e>t&amp;<i>m</i> </p:e><?pi data?></a>"""


def test_what_was_read_is_written_back():
    assert write(parse(AS_WRITTEN, keep_space=True), indented=False) == AS_WRITTEN


def test_a_new_layout_leaves_mixed_content_alone():
    text = "<a><b><c/></b><d>text <i>it</i><j/></d></a>"

    assert write(parse(text, keep_space=False), indented=True) == (
        "<a>\n  <b>\n    <c />\n  </b>\n  <d>text <i>it</i><j /></d>\n</a>".replace(
            "<c />", "<c />"
        )
    )


def test_long_text_stays_in_one_piece():
    text = f"<a>{'x' * 100_000}</a>"

    assert len(parse(text, keep_space=True).root.children) == 1


BOMB = '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><a>&y;&y;</a>'


@pytest.mark.promise("S17")
@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://localhost/x.dtd"> %x;]><a/>',
        '<!DOCTYPE a SYSTEM "http://localhost/x.dtd"><a>&x;</a>',
        "<a>&nbsp;</a>",
        "<a>" * 300 + "</a>" * 300,
        "<a><b></a>",
        "<a/><b/>",
        "",
        "<p:a/>",
    ],
)
def test_hostile_and_broken_documents_are_refused(text):
    with pytest.raises(InvalidXml):
        find(parse(text, keep_space=False), "/a", {})


def test_every_kind_of_node_is_found_where_it_was_written():
    document = parse(AS_WRITTEN, keep_space=True)
    namespaces = {"p": "urn:p"}

    assert find(document, "/a/@b", namespaces)[0].attribute == "b"
    assert find(document, "//p:e/text()", namespaces)[0].parent == document.root.elements[3]
    assert find(document, "//c", namespaces)[0].node == document.root.elements[1]
    assert find(document, "/comment()", namespaces)[0].parent is document
    assert find(document, "count(//c)", namespaces) == []
    assert find(document, "//processing-instruction()", namespaces)[0].node


@pytest.mark.parametrize("path", ["//q:c", "a[", "SomeVariable:Name", ""])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ValueError, match="not an XPath"):
        find(parse("<a/>", keep_space=False), path, {})


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("//*:node", "//*[local-name()='node']"),
        ("/a/@*:x", "/a/@*[local-name()='x']"),
        ("//a[.='*:b']", "//a[.='*:b']"),
        ("//p:*", "//p:*"),
        ("2*3", "2*3"),
    ],
)
def test_the_wildcard_of_newer_xpath_is_translated(path, result):
    assert xml_tree.in_xpath_1(path) == result
