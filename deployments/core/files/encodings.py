"""Text of files whose encoding nobody wrote down. Rules: variables-and-versions.md 9.1.

A byte-order mark decides; else what an XML declaration says; else UTF-8 when it is; else
Windows-1252, which every text is. The same encoding, mark and line ends go back.
"""

import codecs
import re
from collections import Counter
from dataclasses import dataclass, replace

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark begins the same
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_DECLARATION = re.compile(rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""")
_LINE_END = re.compile(r"\r\n|\n|\r")

WINDOWS_1252 = "windows-1252"
_WRITTEN_AS = {"cp1252": WINDOWS_1252, "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_UNDEFINED = "\x81\x8d\x8f\x90\x9d"  # bytes Windows-1252 leaves open stand for themselves


@dataclass(frozen=True)
class FileText:
    """The text of a file and how it was written."""

    text: str
    encoding: str
    mark: bytes = b""

    @classmethod
    def of(cls, data: bytes) -> "FileText":
        for mark, encoding in _MARKS.items():
            if data.startswith(mark):
                return cls(data[len(mark) :].decode(encoding, "replace"), encoding, mark)
        for encoding in (*_declared(data), "utf-8"):
            try:
                return cls(data.decode(encoding), encoding)
            except (LookupError, UnicodeDecodeError):
                continue
        return cls(_from_windows_1252(data), WINDOWS_1252)

    def with_text(self, text: str) -> "FileText":
        return replace(self, text=text)

    def in_encoding(self, name: str) -> "FileText":
        """The same text to be written in another encoding; as it was when the name is unknown."""
        try:
            "".encode(name)
            encoding = codecs.lookup(name).name
        except (LookupError, ValueError):
            return self
        encoding = _WRITTEN_AS.get(encoding, encoding)
        if encoding == self.encoding:
            return self
        mark = next((m for m, of in _MARKS.items() if of == encoding), b"")
        return replace(self, encoding=encoding, mark=b"" if encoding == "utf-8" else mark)

    @property
    def writable(self) -> "FileText":
        """This, or the same in UTF-8 when its encoding cannot express the text."""
        try:
            _encoded(self.text, self.encoding)
        except UnicodeEncodeError:
            return FileText(self.text, "utf-8")
        return self

    @property
    def data(self) -> bytes:
        """The file's new content."""
        file = self.writable
        return file.mark + _encoded(file.text, file.encoding)

    @property
    def line_end(self) -> str:
        """The most common line end; LF when there is none."""
        counted = Counter(_LINE_END.findall(self.text)).most_common(1)
        return counted[0][0] if counted else "\n"


def _declared(data: bytes) -> list[str]:
    """What an XML declaration says, where it can be true: it is readable, so it is not UTF-16."""
    declaration = _DECLARATION.match(data[:512])
    name = declaration[1].decode() if declaration else "utf-16"
    return [] if name.lower().startswith(("utf-16", "utf-32", "ucs")) else [name]


def with_line_ends(text: str, line_end: str) -> str:
    return _LINE_END.sub(lambda _: line_end, text)


def _encoded(text: str, encoding: str) -> bytes:
    if encoding == WINDOWS_1252:
        return _to_windows_1252(text)
    return text.encode(encoding)


def _from_windows_1252(data: bytes) -> str:
    return codecs.charmap_decode(data, "strict", _TABLE)[0]


def _to_windows_1252(text: str) -> bytes:
    return codecs.charmap_encode(text, "strict", _REVERSE)[0]


_TABLE = "".join(
    chr(code) if chr(code) in _UNDEFINED else bytes([code]).decode("cp1252") for code in range(256)
)
_REVERSE = codecs.charmap_build(_TABLE)
