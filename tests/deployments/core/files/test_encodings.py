import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.files.encodings import FileText, with_line_ends

DECLARED = '<?xml version="1.0" encoding="iso-8859-2"?><a>ł</a>'


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"plain", "plain", "utf-8"),
        ("grüße".encode(), "grüße", "utf-8"),
        (codecs.BOM_UTF8 + b"a", "a", "utf-8"),
        (codecs.BOM_UTF16_LE + "ü".encode("utf-16-le"), "ü", "utf-16-le"),
        (codecs.BOM_UTF16_BE + "ü".encode("utf-16-be"), "ü", "utf-16-be"),
        (codecs.BOM_UTF32_LE + "ü".encode("utf-32-le"), "ü", "utf-32-le"),
        (b"\x86 \x80", "† €", "windows-1252"),
        (DECLARED.encode("iso-8859-2"), DECLARED, "iso-8859-2"),
        (
            b'<?xml version="1.0" encoding="nonsense"?><a/>',
            '<?xml version="1.0" encoding="nonsense"?><a/>',
            "utf-8",
        ),
        (
            b'<?xml version="1.0" encoding="utf-16"?><a/>',
            '<?xml version="1.0" encoding="utf-16"?><a/>',
            "utf-8",
        ),
    ],
)
def test_the_encoding_is_found(data, text, encoding):
    file = FileText.of(data)

    assert (file.text, file.encoding) == (text, encoding)


@given(st.binary())
def test_every_file_goes_back_unchanged_or_is_broken_unicode(data):
    file = FileText.of(data)

    assert file.data == data or "\ufffd" in file.text


def test_a_text_its_encoding_cannot_express_is_written_in_utf8():
    assert FileText.of(b"\x86").with_text("† ő").data == "† ő".encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("utf-16", codecs.BOM_UTF16_LE + "ü".encode("utf-16-le")),
        ("windows-1252", b"\xfc"),
        ("utf-8", "ü".encode()),
        ("no-such-encoding", "ü".encode()),
        ("base64", "ü".encode()),
    ],
)
def test_another_encoding_can_be_asked_for(name, data):
    assert FileText.of("ü".encode()).in_encoding(name).data == data


def test_the_most_common_line_end_wins():
    file = FileText.of(b"a\r\nb\nc\r\n")

    assert with_line_ends("x\ny\n", file.line_end) == "x\r\ny\r\n"
