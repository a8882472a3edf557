"""Replacing values in all formats; the conformance cases have the common ones."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.core.files.structured import (
    UnknownStructure,
    replace,
    replace_by_name,
    yaml_tree,
    yaml_writer,
)
from deployments.core.files.structured.yaml_tree import (
    Comment,
    Document,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Stream,
)


def changed(format: str, text: str, **variables: str | None) -> str:
    return replace(text.encode(), format, variables).data.decode()


# --- JSON ------------------------------------------------------------------------------------------


def test_comments_and_trailing_commas_in_json_are_read():
    assert changed("json", '{\n // note\n "a": "x", }', a="y") == '{\n  "a": "y"\n}'


def test_numbers_nobody_replaced_stay_as_they_were_written():
    text = '{\n  "a": 10.0,\n  "b": 123e-5,\n  "c": 0.12345678901234567890\n}'

    assert changed("json", text) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [("8", "8"), ("2.50", "2.5"), ("1e3", "1000.0"), ("x", '"x"'), ("", '""'), (None, "null"),
     ("1e999", '"1e999"'), ("NaN", '"NaN"'), ("1" * 30, "1.111111111111111e29")],
)  # fmt: skip
def test_a_number_stays_a_number_when_the_value_is_one(value, written):
    result = json.loads(changed("json", '{"a": 1}', a=value))

    assert result == {"a": json.loads(written)}


def test_an_object_that_does_not_become_one_is_kept_and_reported():
    done = replace(b'{"a": {"b": "1"}}', "json", {"a": "not json", "a:b": "2"})

    assert json.loads(done.data) == {"a": {"b": "2"}}
    assert done.replaced == ("a:b",)
    assert "not JSON" in done.warnings[0]


def test_a_replaced_object_hides_what_was_in_it():
    assert json.loads(changed("json", '{"a": {"b": "1"}}', **{"a": "{}", "a:b": "2"})) == {"a": {}}


def test_names_of_the_system_are_no_places_but_octopus_with_a_colon_is():
    text = '{"OctopusX": "1", "Octopus": {"X": "1"}}'
    variables = {"OctopusX": "2", "Octopus:X": "2", "Octopus": "{}"}

    assert json.loads(changed("json", text, **variables)) == {
        "OctopusX": "1",
        "Octopus": {"X": "2"},
    }


def test_a_key_with_a_colon_is_the_same_place():
    assert json.loads(changed("json", '{"a:b": "1", "a": {"b": "1"}}', **{"A:B": "2"})) == {
        "a:b": "2",
        "a": {"b": "2"},
    }


@pytest.mark.promise("S17")
def test_json_nested_too_deep_is_refused():
    for depth in (65, 100_000):
        with pytest.raises(ValueError, match="deep"):
            changed("json", '{"a":' * depth + "1" + "}" * depth)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_json_means_the_same_after_it_was_written_anew(value):
    text = json.dumps(value)

    assert json.loads(changed("json", text)) == value


# --- YAML ------------------------------------------------------------------------------------------

YAML_TEXT = """\
# top
a: 1 # inline
b: # of b
  # first in b
  c: "x"
  d: 'y'
# about e
e:
- one
- k: v
  l: |
    literal
      more

    end
- - n1
  - n2
f: {x: 1, y: [a, b]}
g: >-
  folded text

  para
h: &anchor !!map {q: 1}
i: *anchor
j:
k: ~
m: !local tagged
# last
"""


def test_yaml_in_the_usual_layout_stays_as_it_was():
    assert changed("yaml", YAML_TEXT) == YAML_TEXT


def test_comments_stay_with_what_they_are_about_when_values_change():
    text = changed("yaml", YAML_TEXT, **{"b:c": "new", "e": "[]", "a": "2"})

    assert text.startswith(
        "# top\na: 2 # inline\nb: # of b\n  # first in b\n  c: \"new\"\n  d: 'y'\n# about e\ne: []\nf:"
    )


def test_directives_and_documents_stay():
    text = "%YAML 1.2\n%TAG !e! tag:example.com,2000:\n---\n- !e!x a\n---\nsecond: 2\n...\n"

    assert changed("yaml", text, **{"0": "b"}) == text.replace("x a", "x b")


@pytest.mark.parametrize("step", [2, 3, 4, 8])
def test_the_most_common_indentation_stays(step):
    blank = " " * step
    text = f"a:\n{blank}b:\n{blank * 2}c: 1\n{blank * 2}d: 2\n"

    assert changed("yaml", text) == text


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("a: x", "y", "a: y"),
        ("a: 'x'", "it's", "a: 'it''s'"),
        ('a: "x"', 'a "b"', 'a: "a \\"b\\""'),
        ("a: x", "b: c", "a: 'b: c'"),
        ("a: x", "true", "a: true"),
        ("a: 'x'", "true", "a: 'true'"),
        ("a: x", None, "a: null"),
        ("a: 'x'", None, "a: null"),
        ("a: !!str x", "5", "a: !!str 5"),
        ("a: &n x", "y", "a: &n y"),
        ("a: {b: 1}", "[1, 2]", "a: [1, 2]"),
        ("a: {b: 1}", "b: 2\nc: 3", "a:\n  b: 2\n  c: 3"),
        ("a: [1]", "{ unclosed", 'a: "{ unclosed"'),
        ("a: [1]", "", 'a: ""'),
        ("a: |\n  x\n", "two\nlines\n", "a: |\n  two\n  lines"),
        ("a: |\n  x\n", "  indented", "a: |2-\n    indented"),
    ],
)
def test_a_yaml_value_keeps_its_style(before, value, after):
    assert changed("yaml", f"{before}\n", a=value) == f"{after}\n"


@pytest.mark.promise("S17")
def test_aliases_are_never_expanded():
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 60))
    text = f"l0: &l0 lol\n{levels}\nname: old\n"

    assert changed("yaml", text, name="new") == text.replace("old", "new")


@pytest.mark.promise("S17")
@pytest.mark.parametrize("text", ["[" * 5000, "- " * 5000, "a: b: c", "\x00"])
def test_yaml_that_is_broken_or_too_deep_is_refused(text):
    with pytest.raises(ValueError, match=r"not YAML|nested deeper"):
        changed("yaml", text)


@pytest.mark.promise("S17")
def test_a_tag_of_yaml_never_makes_an_object():
    text = "a: !!python/object/apply:os.system [x]\n"

    assert changed("yaml", text) == text


scalars = st.builds(
    Scalar,
    st.text("ab:#- '\"\n\tü😎{|>%\\\x01", max_size=10),
    st.sampled_from(["", "'", '"', "|", ">"]),
)
nodes = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.builds(Sequence, st.lists(inner, max_size=3), st.booleans()),
        st.builds(
            Mapping,
            st.lists(st.tuples(inner, inner), max_size=2)
            .map(lambda pairs: sum(pairs, ()))
            .map(list),
            st.booleans(),
        ),
    ),
    max_leaves=8,
)


def meaning(node: Node | Comment) -> object:
    match node:
        case Scalar(value):
            return value
        case Sequence(children) | Mapping(children):
            return type(node), [meaning(child) for child in children]
    return node


@settings(max_examples=50)
@given(nodes, st.integers(2, 9))
def test_what_is_written_as_yaml_reads_back_the_same(node, indent):
    root = Sequence([node])

    text = yaml_writer.write(Stream([Document([root])], indent))

    [document] = yaml_tree.read(text).documents
    assert [meaning(child) for child in document.children] == [meaning(root)]


# --- XML -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path", "value", "result"),
    [
        ('<a b="1" />', "/a/@b", '<"2">', '<a b="&lt;&quot;2&quot;&gt;" />'),
        ("<a><!--x--></a>", "/a/comment()", "y", "<a>\n  <!--y-->\n</a>"),
        ("<a><?p x?></a>", "/a/processing-instruction()", "y", "<a>\n  <?p y?>\n</a>"),
        ("<a />", "/a", "x", "<a>x</a>"),
        ("<a>x</a>", "/a", "", "<a></a>"),
        ("<a>x</a>", "/a", None, "<a></a>"),
        ("<a><b>1</b><b>2</b></a>", "//b", "3", "<a>\n  <b>3</b>\n  <b>3</b>\n</a>"),
        ('<a xmlns:p="u"><p:b>1</p:b></a>', "//p:b", "2", '<a xmlns:p="u">\n  <p:b>2</p:b>\n</a>'),
        ('<a xmlns="u"><b>1</b></a>', "//*:b", "2", '<a xmlns="u">\n  <b>2</b>\n</a>'),
        ("<a>x<b/>y</a>", "/a/text()[2]", "z", "<a>x<b />z</a>"),
        ("<a><b/></a>", "/a", "t<c/>", "<a>t<c /></a>"),
    ],
)
def test_a_path_replaces_what_it_finds(text, path, value, result):
    assert changed("xml", text, **{path: value}) == result


def test_every_warning_of_xml_is_reported():
    text = b'<a xmlns:p="u"><b xmlns:p="v"><c/></b></a>'

    done = replace(text, "xml", {"//b": "<unclosed>", "//q:x": "1", "Some:Name": "2"})

    assert done.replaced == ()
    assert len(done.warnings) == 2


@pytest.mark.promise("S17")
def test_an_entity_bomb_is_refused_everywhere():
    bomb = b'<!DOCTYPE a [<!ENTITY x "xxx">]><a>&x;</a>'

    with pytest.raises(ValueError, match="declares something of its own"):
        replace(bomb, "xml", {})
    done = replace(b"<a><b/></a>", "xml", {"//a": bomb.decode()})
    assert done.replaced == ()


# --- properties ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("a=1", "2", "a=2"),
        ("a = 1", "2", "a = 2"),
        ("a 1", "2", "a 2"),
        ("  a:1\r", "2", "  a:2\r"),
        ("a", "2", "a:2"),
        ("A=one \\\n   two\nb=3", "2", "A=2\nb=3"),
        ("a=", None, "a="),
        ("a=1", " x\ty", "a=\\ x\\ty"),
        ("#a=1\n!a=1\n\na=1", "ő", "#a=1\n!a=1\n\na=\\u0151"),
        ("\\u0061=1", "2", "\\u0061=2"),
        ("b\\=a=1", "2", "b\\=a=1"),
        ("a=1\\", "2", "a=2"),
    ],
)
def test_a_property_is_replaced_in_place(before, value, after):
    assert changed("properties", before, a=value) == after


def test_properties_named_like_the_system_stay():
    assert (
        changed("properties", "Octopus:x=1", **{"Octopus:x": "2", "Octopus": "3"}) == "Octopus:x=1"
    )


@given(st.text("ab \\\n\r:=#!\t\f", max_size=40))
def test_properties_nobody_replaces_stay_as_they_are(text):
    file = text.replace("\r", "\n")

    assert changed("properties", file) == file


# --- choosing the format ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{\n  "a": "1"\n}'),
        ("a.yaml", "a: 1\n"),
        ("a.YML", '{\n  "a": "1"\n}'),
        ("a.properties", "a=1\n"),
        ("a.conf", "a: 1\n"),
        ("Dockerfile", '{\n  "a": "1"\n}'),
    ],
)
def test_the_name_tells_the_format_and_json_is_tried_first(name, text):
    assert replace_by_name(name, text.encode(), {"a": "2"}).data.decode() == text.replace("1", "2")


def test_a_file_that_nothing_can_read_is_refused_with_every_reason():
    with pytest.raises(UnknownStructure, match=r"json: .*; yaml: "):
        replace_by_name("a.yaml", b"a: [", {})


def test_line_ends_and_marks_stay():
    assert replace(b"\xef\xbb\xbf{\r\n}", "json", {}).data == b"\xef\xbb\xbf{}"
    assert replace(b'\xef\xbb\xbf{"a":\r\n1}', "json", {}).data == b'\xef\xbb\xbf{\r\n  "a": 1\r\n}'
