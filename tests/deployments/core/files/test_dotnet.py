import pytest

from deployments.core.files.dotnet import (
    TransformFailed,
    apply_transform,
    locate_transforms,
    replace_config,
)
from deployments.core.files.dotnet.transforms import IGNORE_ERRORS, WARNINGS_ARE_ERRORS

CONFIG = """\
<?xml version="1.0"?>
<configuration>
  <appSettings>
    <add key="Colour" value="red" />
    <add key="Size" value="1" />
  </appSettings>
  <connectionStrings>
    <add name="Db" connectionString="X" />
  </connectionStrings>
  <applicationSettings>
    <My.Settings>
      <setting name="Text"><value>old</value></setting>
    </My.Settings>
  </applicationSettings>
</configuration>
"""


def test_settings_take_the_variables_of_their_names():
    done = replace_config(CONFIG.encode(), {"colour": "blue", "DB": None, "Text": "<new>"})

    assert done.replaced == ("colour", "DB", "Text")
    assert done.data.decode() == (
        CONFIG.replace('"red"', '"blue"')
        .replace('String="X"', 'String=""')
        .replace("old", "&lt;new&gt;")
    )


def test_a_config_without_matching_settings_stays_byte_for_byte():
    data = CONFIG.replace("\n", "\r\n").encode("utf-16")

    assert replace_config(data, {"Other": "1"}).data == data


def test_namespaces_do_not_matter_and_line_ends_stay():
    data = b'<c:x xmlns:c="u">\r\n<c:appSettings><c:add key="A"/></c:appSettings></c:x>'

    assert replace_config(data, {"A": "1"}).data == (
        b'<c:x xmlns:c="u">\r\n<c:appSettings><c:add key="A" value="1" /></c:appSettings></c:x>'
    )


def transformed(body: str, source: str = CONFIG, **variables: str) -> str:
    transform = (
        '<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform">'
        f"{body}</configuration>"
    )
    return apply_transform(source.encode(), transform.encode(), variables).data.decode()


def settings(body: str) -> str:
    return f"<appSettings>{body}</appSettings>"


@pytest.mark.parametrize(
    ("body", "old", "new"),
    [
        (settings('<add key="Size" value="9" xdt:Transform="SetAttributes" xdt:Locator="Match(key)"/>'),
         'value="1"', 'value="9"'),
        (settings('<add key="X" value="9" xdt:Transform="SetAttributes(value)" xdt:Locator="Condition(@key=\'Size\')"/>'),
         'value="1"', 'value="9"'),
        (settings('<add xdt:Transform="RemoveAttributes(value)" xdt:Locator="XPath(/configuration/appSettings/add[2])"/>'),
         ' value="1"', ""),
        (settings('<add xdt:Transform="Remove" xdt:Locator="Match(key)" key="Size"/>'),
         '\n    <add key="Size" value="1" />', ""),
        (settings('<add xdt:Transform="Remove"/>'), '\n    <add key="Colour" value="red" />', ""),
        (settings('<add xdt:Transform="RemoveAll"/>'),
         '\n    <add key="Colour" value="red" />\n    <add key="Size" value="1" />', ""),
        (settings('<add key="New" xdt:Transform="Insert" />'), 'value="1" />', 'value="1" />\n    <add key="New" />'),
        (settings('<add key="Size" xdt:Transform="InsertIfMissing" xdt:Locator="Match(key)" />'), "", ""),
        (settings('<add key="New" xdt:Transform="InsertIfMissing" xdt:Locator="Match(key)" />'),
         'value="1" />', 'value="1" />\n    <add key="New" />'),
        (settings('<add key="New" xdt:Transform="InsertBefore(/configuration/appSettings/add[@key=\'Size\'])" />'),
         '<add key="Size"', '<add key="New" />\n    <add key="Size"'),
        (settings('<add key="New" xdt:Transform="InsertAfter(add[1])" />'),
         'value="red" />', 'value="red" />\n    <add key="New" />'),
        ('<connectionStrings xdt:Transform="Replace"><add name="Z"/></connectionStrings>',
         '<connectionStrings>\n    <add name="Db" connectionString="X" />\n  </connectionStrings>',
         '<connectionStrings><add name="Z" /></connectionStrings>'),
        ('<applicationSettings xdt:Locator="Condition(My.Settings)"><My.Settings xdt:Transform="Remove"/></applicationSettings>',
         '\n    <My.Settings>\n      <setting name="Text"><value>old</value></setting>\n    </My.Settings>', ""),
    ],
)  # fmt: skip
def test_a_transform_changes_what_it_names(body, old, new):
    assert transformed(body) == CONFIG.replace(old, new, 1)


def test_elements_are_matched_by_namespace():
    source = '<configuration xmlns:n="urn:n"><n:a x="1" /></configuration>'
    body = '<m:a xmlns:m="urn:n" x="2" xdt:Transform="SetAttributes"/>'

    assert transformed(body, source) == source.replace('"1"', '"2"')


@pytest.mark.parametrize(
    "body",
    [
        settings('<add key="No" xdt:Transform="Remove" xdt:Locator="Match(key)"/>'),
        '<missing><add xdt:Transform="Insert"/></missing>',
        settings('<add xdt:Transform="RemoveAttributes(nothing)"/>'),
    ],
)
def test_warnings_are_errors_unless_switched_off(body):
    with pytest.raises(TransformFailed, match="No "):
        transformed(body)

    assert transformed(body, **{WARNINGS_ARE_ERRORS: "False"}) == CONFIG


@pytest.mark.parametrize(
    "body",
    [
        settings('<add xdt:Transform="Explode"/>'),
        settings('<add xdt:Transform="Remove" xdt:Locator="Nowhere(x)"/>'),
        settings('<add xdt:Transform="Remove" xdt:Locator="Match(key)"/>'),
        settings('<add xdt:Transform="Remove" xdt:Locator="Condition([)"/>'),
        settings('<add xdt:Transform="InsertAfter(/no/where)"/>'),
        settings('<add xdt:Transform="(("/>'),
    ],
)
def test_errors_fail_unless_they_are_ignored(body):
    with pytest.raises(TransformFailed):
        transformed(body)

    assert transformed(body, **{IGNORE_ERRORS: "True"}) == CONFIG


def test_a_transform_that_leaves_nothing_is_reported():
    body = '<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform" xdt:Transform="Remove"/>'

    done = apply_transform(CONFIG.encode(), body.encode(), {})

    assert "no root element" in done.errors[0]
    assert done.data == CONFIG.encode()


@pytest.mark.promise("S17")
def test_an_imported_assembly_is_never_loaded():
    assert transformed('<xdt:Import assembly="Evil" namespace="Evil"/>') == CONFIG


@pytest.mark.promise("S17")
def test_entities_are_refused_in_configuration_and_transforms():
    bomb = b'<!DOCTYPE a [<!ENTITY x "xxx">]><a>&x;</a>'

    with pytest.raises(ValueError, match="declares something"):
        replace_config(bomb, {})
    with pytest.raises(TransformFailed, match="declares something"):
        apply_transform(CONFIG.encode(), bomb, {})


FILES = [
    "/app/web.config",
    "/app/web.Release.config",
    "/app/Web.Test.config",
    "/app/bin/shop.exe.config",
    "/app/bin/shop.exe.Release.config",
    "/transforms/extra.config",
]


@pytest.mark.parametrize(
    ("source", "definition", "found"),
    [
        ("/app/web.config", "Release.config", ["/app/web.Release.config"]),
        ("/app/web.config", "Release", ["/app/web.Release.config"]),
        ("/app/web.config", "TEST.config", ["/app/Web.Test.config"]),
        ("/app/bin/shop.exe.config", "Release.config", ["/app/bin/shop.exe.Release.config"]),
        ("/app/web.config", "web.config => web.config", []),
        ("/app/web.config", "w*.Release.config => web.config", []),
        ("/app/web.config", "web.*.config => web.config", ["/app/web.Release.config", "/app/Web.Test.config"]),
        ("/app/web.config", "*.Release.config => *.config", ["/app/web.Release.config"]),
        ("/app/web.config", r"bin\*.Release.config => *.config", []),
        ("/app/web.config", "/transforms/extra => web.config", ["/transforms/extra.config"]),
        ("/app/bin/shop.exe.config", r"*.config => bin\*.exe.config", []),
        ("/app/bin/shop.exe.config", r"web.test.config => bin\shop.exe.config", ["/app/Web.Test.config"]),
        ("/app/bin/shop.exe.config", "web.Release.config => in/shop.exe.config", []),
    ],
)  # fmt: skip
def test_transforms_are_located(source, definition, found):
    assert locate_transforms(source, definition, FILES) == found
