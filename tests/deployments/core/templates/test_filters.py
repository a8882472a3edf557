"""The filters, one table each (variables-and-versions 1.5)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from deployments.core.templates import Variables, evaluate

NOW = datetime(2030, 5, 22, 9, 5, 7, 94644, tzinfo=timezone(timedelta(hours=2)))


def filtered(call: str, text: str | None, **more: str) -> str | None:
    """The result of `#{x | call}`, None when it was echoed."""
    variables = Variables(({} if text is None else {"x": text}) | more, clock=lambda: NOW)
    found = evaluate(f"#{{x | {call}}}", variables)
    return None if found.missing else found.value


@pytest.mark.parametrize(
    ("call", "text", "expected"),
    [
        ("ToLower", "AbC", "abc"),
        ("toupper", "AbC", "ABC"),
        ("ToUpper x", "a", None),
        ("ToBase64", "Bär", "QsOkcg=="),
        ("ToBase64 unicode", "B", "QgA="),
        ("ToBase64 utf-8", "B", "Qg=="),
        ("ToBase64 latin1", "B", None),
        ("FromBase64", "QsOkcg==", "Bär"),
        ("FromBase64 unicode", "QgA=", "B"),
        ("FromBase64", "%", None),
        ("HtmlEscape", "<a href='/x'>&\"", "&lt;a href=&apos;&#x2F;x&apos;&gt;&amp;&quot;"),
        ("XmlEscape", "<a/>'", "&lt;a/&gt;&apos;"),
        ("JsonEscape", '"\\\r\n\t/é\b', '\\"\\\\\\r\\n\\t/é\b'),
        ("YamlSingleQuoteEscape", "it's\r\n\na", "it''s\r\n\r\n\na"),
        (
            "YamlDoubleQuoteEscape",
            '"\\\r\n\té😀\x7f',
            '\\"\\\\\\r\\n\\t\\u00e9\\ud83d\\ude00\\u007f',
        ),
        ("PropertiesKeyEscape", " a:b=c\\\t我ÿé", "\\ a\\:b\\=c\\\\\\t\\u6211\\u00ffé"),
        ("PropertiesValueEscape", "  a:b=c\\\n", "\\  a:b=c\\\\\\n"),
        ("UriEscape", "A b:c+d/e?f=é%", "A%20b:c+d/e?f=%C3%A9%25"),
        ("UriDataEscape", "A b:c+d/e-_.~", "A%20b%3Ac%2Bd%2Fe-_.~"),
        ("Markdown", " ~~a~~ H~2~O x^2^ ", "<p><del>a</del> H<sub>2</sub>O x<sup>2</sup></p>\n"),
        ("Markdown x", "a", None),
    ],
)
def test_escaping(call, text, expected):
    assert filtered(call, text) == expected


@pytest.mark.parametrize(
    ("call", "text", "expected"),
    [
        ("Replace b", "abc", "ac"),
        ("Replace", "abc", None),
        ("Replace a b c", "abc", None),
        ('Replace "(b)(c)" "$2$1"', "abc", "acb"),
        ('Replace "b" "[$&$$$0]"', "abc", "a[b$b]c"),
        ('Replace "(?<n>b)" "${n}${n}$9"', "abc", "abb$9c"),
        ('Replace "x*" "-"', "abxd", "-a-b--d-"),
        ('Replace "(?i)B" "x"', "abc", "axc"),
        ('Replace "[" "x"', "abc", None),
        ('Replace "(?<=a)b" "x"', "abc", "axc"),
        (r'Replace "\d" "n"', "a1٣", "ann"),
        ("Replace #{from}#{to}", "abc", "aXc"),
        ("Match b", "abc", "true"),
        ('Match "^b"', "abc", "false"),
        ('Match "c$"', "abc\n", "true"),
        ("Match a b", "abc", None),
        ('Match "("', "abc", None),
        ("StartsWith ab", "abc", "true"),
        ("StartsWith AB", "abc", "false"),
        ("EndsWith bc", "abc", "true"),
        ("Contains bb", "abc", "false"),
        ("Contains", "abc", None),
        ("Substring 2", "abc", "ab"),
        ("Substring 9", "abc", "abc"),
        ("Substring 1 1", "abc", "b"),
        ("Substring 3 5", "abc", ""),
        ("Substring 4 1", "abc", None),
        ("Substring 0 -1", "abc", None),
        ("Substring x", "abc", None),
        ("Substring 1 2 3", "abc", None),
        ("Substring", "abc", None),
        ("Truncate 2", "abc", "ab..."),
        ("Truncate 3", "abc", "abc"),
        ('Truncate 2 ""', "abc", "ab"),
        ("Truncate -1", "abc", None),
        ("Truncate x", "abc", None),
        ("Trim", " a ", "a"),
        ("Trim start", " a ", "a "),
        ("Trim end", " a ", " a"),
        ("Trim both", " a ", None),
        ("Append b c", "a", "abc"),
        ("Append", "a", None),
        ("Append b", None, "b"),
        ('Prepend b " "', "a", "b a"),
        ("Prepend b", None, "b"),
        (r"Append \"# {x}\"", "a", "a# {x}"),
        ("Append #{if from}y#{/if}", "a", "ay"),
        ("Append #{calc 1+1}", "a", "a2"),
        ("ToUpper", None, None),
    ],
)
def test_pieces_of_text(call, text, expected):
    assert filtered(call, text, **{"from": "b", "to": "X"}) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", "    a\n    b"),
        ("2", "  a\n  b"),
        ("/2", "a\n  b"),
        ("1/2", " a\n  b"),
        ("0/1", "a\n b"),
        ("256", "256a\n256b"),
        ("256/2", "256/2a\n256/2b"),
        ("2/", "2/a\n2/b"),
        ("xy", "xya\nxyb"),
        ('"- " "  "', "- a\n  b"),
        ("a b c", None),
    ],
)
def test_indent(options, expected):
    assert filtered(f"Indent {options}", "a\nb") == expected


def test_indent_leaves_nothing_alone():
    assert filtered("Indent", "") == ""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("Md5", "acbd18db4cc2f85cedef654fccc4a4d8"),
        ("Md5 2", "acbd"),
        ("Md5 800 utf-8", "acbd18db4cc2f85cedef654fccc4a4d8"),
        ("Sha1 utf8 2", "0bee"),
        ("Sha256 unicode 2", "3fae"),
        ("Md5 base64", None),
        ("Md5 0", None),
        ("Md5 -1", None),
        ("Md5 2 2", None),
        ("Md5 utf8 utf8", None),
        ("Md5 latin1", None),
        ("Md5 utf8 2 2", None),
    ],
)
def test_hashes(call, expected):
    assert filtered(call, "foo") == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("NowDate", "2030-05-22T09:05:07.0946440"),
        ("NowDate yyyy", "2030"),
        ("NowDateUtc", "2030-05-22T07:05:07.0946440Z"),
        ("NowDateUtc HH", "07"),
        ("NowDate a b", None),
    ],
)
def test_the_time_of_day(call, expected):
    assert filtered(call, None) == expected
    assert filtered(call, "given") is None


@pytest.mark.parametrize(
    ("call", "text", "expected"),
    [
        ("AddHours 2", "2030-05-22 09:05:00", "2030-05-22T11:05:00.0000000"),
        ("AddHours 2", "2030-05-22T09:05:00Z", "2030-05-22T11:05:00.0000000Z"),
        ("AddHours 2", "2030-05-22T09:05:00+02:00", "2030-05-22T11:05:00.0000000+02:00"),
        ('AddHours "1.5"', "2030/05/22", "2030-05-22T01:30:00.0000000"),
        ("AddDays -1", "22 May 2030 1:00 PM", "2030-05-21T13:00:00.0000000"),
        ("AddDays 1", "12/31/2030", "2031-01-01T00:00:00.0000000"),
        ("AddDays", "2030-05-22", None),
        ("AddDays 1 2", "2030-05-22", None),
        ("AddDays x", "2030-05-22", None),
        ("AddDays 1", "hello", None),
        ("AddDays 1", "2030-02-30", None),
        ("AddDays 9999999", "2030-05-22", None),
    ],
)
def test_shifted_dates(call, text, expected):
    assert filtered(call, text) == expected


@pytest.mark.parametrize(
    ("call", "text", "expected"),
    [
        ("Format C", "1234.5", "$1,234.50"),
        ("Format N0", "1234567", "1,234,567"),
        ("Format Int32 D5", "42", "00042"),
        ("Format Int X4", "255", "00FF"),
        ("Format Double E2", "1234.5", "1.23E+003"),
        ("Format Decimal P1", "0.125", "12.5%"),
        (r"Format \"#,##0.00\"", "1234.5", "1,234.50"),
        (r"Format \"0.0#\"", "1.005", "1.01"),
        ('Format "0;(0);zero"', "-3", "(3)"),
        ('Format "000-00"', "12345", "123-45"),
        ("Format yyyy", "2030-05-22", "2030"),
        ('Format "ddd, d MMMM yy h:mm:ss tt"', "2030-05-22 13:05:07", "Wed, 22 May 30 1:05:07 PM"),
        ('Format DateTime "HH dd-MMM-yyyy"', "2030/05/22 09:05:00", "09 22-May-2030"),
        ("Format Date o", "2030-05-22", "2030-05-22T00:00:00.0000000"),
        ("Format DateTimeOffset zzz", "2030-05-22T09:05:00-03:30", "-03:30"),
        ("Format DateTimeOffset zzz", "2030-05-22", "+02:00"),
        ("Format DateTime HH", "2030-05-22T09:05:00Z", "11"),
        ("Format s", "2030-05-22", "2030-05-22T00:00:00"),
        ("Format Int32 D", "1.5", None),
        ("Format Int32 Q", "1", None),
        ("Format Nonsense C", "1", None),
        ("Format C", "hello", None),
        ("Format", "1", None),
        ("Format a b c", "1", None),
    ],
)
def test_formats(call, text, expected):
    assert filtered(call, text) == expected


URI = "https://me:pw@Octopus.com:8443/docs/a b?x=1&y=2#top"


@pytest.mark.parametrize(
    ("part", "uri", "expected"),
    [
        ("AbsolutePath", URI, "/docs/a%20b"),
        ("AbsoluteUri", URI, "https://me:pw@octopus.com:8443/docs/a%20b?x=1&y=2#top"),
        ("Authority", URI, "octopus.com:8443"),
        ("Authority", "https://octopus.com:443", "octopus.com"),
        ("DnsSafeHost", "http://[::1]/", "::1"),
        ("Fragment", URI, "#top"),
        ("Host", URI, "octopus.com"),
        ("HostAndPort", "https://octopus.com/docs", "octopus.com:443"),
        ("HostNameType", URI, "Dns"),
        ("HostNameType", "http://127.0.0.1", "IPv4"),
        ("IsAbsoluteUri", URI, "true"),
        ("IsAbsoluteUri", "/docs", "false"),
        ("IsDefaultPort", URI, "false"),
        ("IsFile", "file:///etc/x", "true"),
        ("IsLoopback", "http://localhost", "true"),
        ("IsUnc", "file://server/share", "true"),
        ("Path", "https://octopus.com/docs", "/docs"),
        ("PathAndQuery", URI, "/docs/a%20b?x=1&y=2"),
        ("Port", "https://octopus.com", "443"),
        ("Query", URI, "?x=1&y=2"),
        ("Scheme", URI, "https"),
        ("SchemeAndServer", URI, "https://octopus.com:8443"),
        ("SchemeAndServer", "https://octopus.com", "https://octopus.com"),
        ("UserInfo", URI, "me:pw"),
        (
            "Host",
            "/docs",
            "[UriPart Host error: This operation is not supported for a relative URI.]",
        ),
        ("", URI, "[UriPart error: no argument given]"),
        ("bar", URI, "[UriPart bar error: argument 'bar' not supported]"),
        ("Host", "http://", "http://"),
    ],
)
def test_uri_parts(part, uri, expected):
    assert filtered(f"UriPart {part}", uri) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("Major", "1"),
        ("Minor", "2"),
        ("Patch", "3"),
        ("Revision", "4"),
        ("PreRelease", "beta-hi.2"),
        ("PreReleasePrefix", "beta"),
        ("PreReleaseCounter", "hi.2"),
        ("Metadata", "meta"),
    ],
)
def test_version_parts(part, expected):
    assert filtered(f"Version{part}", "v1.2.3.4-beta-hi.2+meta") == expected


@pytest.mark.parametrize("text", ["", " ", "1.0!", "99999999999"])
def test_what_is_no_version_is_refused(text):
    assert filtered("VersionMajor", text) is None


def test_filters_apply_from_left_to_right():
    assert filtered('ToUpper | Replace A "b" | ToUpper | Append "c"', "a") == "Bc"


def test_a_time_that_was_read_once_is_not_kept():
    times = iter([NOW, NOW + timedelta(days=1)])
    variables = Variables({"Today": "#{ | NowDate dd}"}, clock=lambda: next(times))

    assert [evaluate("#{Today}", variables).value for _ in range(2)] == ["22", "23"]


def test_the_server_tells_the_time_when_nothing_else_does():
    year = evaluate("#{ | NowDateUtc yyyy}", {}).value

    assert year == str(datetime.now(UTC).year)
