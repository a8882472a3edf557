import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.core.packages.archives import (
    ArchiveSummary,
    Limits,
    UnsafeArchive,
    check_entry,
    extract,
    scan,
)

UNIX = 3


def make_zip(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = UNIX
    info.external_attr = mode << 16
    return info


def make_tar(path: Path, *members: tarfile.TarInfo | tuple[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # the mode is text
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return path


def tar_member(name: str, kind: bytes, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, target, mode
    return member


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2"])
def test_tar_archives_are_counted_and_extracted(tmp_path, name):
    mode = {"gz": "w:gz", "tgz": "w:gz", "bz2": "w:bz2"}.get(name.rsplit(".", 1)[1], "w")
    archive = make_tar(
        tmp_path / name, ("a/b.txt", b"hi"), tar_member("empty", tarfile.DIRTYPE), mode=mode
    )

    assert scan(archive).files == 1
    assert extract(archive, tmp_path / "out") == 1
    assert tree(tmp_path / "out") == {"a": None, "a/b.txt": b"hi", "empty": None}


def test_a_zip_is_counted_and_extracted(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("a/b.txt", b"hi"), ("empty/", b""), ("ü.txt", b"!"))

    assert scan(archive) == ArchiveSummary(entries=3, files=2, size=3)
    assert extract(archive, tmp_path / "out") == 2
    assert tree(tmp_path / "out") == {"a": None, "a/b.txt": b"hi", "empty": None, "ü.txt": b"!"}


def test_the_kind_follows_the_given_name(tmp_path):
    archive = make_zip(tmp_path / "blob-without-suffix", ("a.txt", b"hi"))

    assert scan(archive, name="Web.1.0.0.ZIP").files == 1


def test_executable_files_stay_executable(tmp_path):
    archive = make_zip(tmp_path / "a.zip", (special("run.sh", 0o100755), b""), ("data", b""))

    extract(archive, tmp_path / "out")

    assert (tmp_path / "out/run.sh").stat().st_mode & 0o111
    assert not (tmp_path / "out/data").stat().st_mode & 0o111


def test_names_are_utf8_even_without_the_flag(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("aXX.txt", b"hi"))
    archive.write_bytes(archive.read_bytes().replace(b"aXX.txt", "aé.txt".encode()))

    extract(archive, tmp_path / "out")

    assert tree(tmp_path / "out") == {"aé.txt": b"hi"}


def test_what_nuget_adds_to_a_package_is_left_out(tmp_path):
    archive = make_zip(
        tmp_path / "a.nupkg",
        ("_rels/.rels", b""),
        ("package/services/metadata/core-properties/1.psmdcp", b""),
        ("%5BContent_Types%5D.xml", b""),
        ("A.nuspec", b""),
        ("A.1.0.nupkg.sha512", b""),
        ("lib/my%20file.txt", b"kept"),
        ("docs/other.nuspec", b"kept"),
    )

    assert extract(archive, tmp_path / "out") == 2
    assert {"lib/my file.txt", "docs/other.nuspec"} <= tree(tmp_path / "out").keys()


HOSTILE_NAMES = [
    "../evil.txt",
    "a/../../evil.txt",
    "/etc/evil.txt",
    "//server/evil.txt",
    "C:/evil.txt",
    "c:evil.txt",
    "..\\evil.txt",
    "\\evil.txt",
    "a\\b.txt",
    "a\0.txt",
    "x" * 300,
]


def refused(archive: Path, out: Path, match: str) -> None:
    with pytest.raises(UnsafeArchive, match=match):
        extract(archive, out)
    assert not out.exists()


@pytest.mark.promise("S14")
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_no_zip_entry_leaves_its_folder(tmp_path, name):
    stand_in = "".join(sign if sign.isalnum() else "_" for sign in name)
    archive = make_zip(tmp_path / "a.zip", ("fine.txt", b""), (stand_in, b"evil"))
    archive.write_bytes(archive.read_bytes().replace(stand_in.encode(), name.encode()))

    refused(archive, tmp_path / "out", "unsafe entry: ")


@pytest.mark.promise("S14")
@pytest.mark.parametrize("name", [name for name in HOSTILE_NAMES if "\0" not in name], ids=ascii)
def test_no_tar_entry_leaves_its_folder(tmp_path, name):
    refused(
        make_tar(tmp_path / "a.tar", ("fine.txt", b""), (name, b"")), tmp_path / "out", "unsafe"
    )


@pytest.mark.promise("S14")
def test_an_escaped_name_is_judged_as_it_will_be_written(tmp_path):
    archive = make_zip(tmp_path / "a.nupkg", ("..%2F..%2Fevil.txt", b""))

    refused(archive, tmp_path / "out", "unsafe entry: '../../evil.txt'")


@pytest.mark.promise("S14")
@pytest.mark.parametrize(("target", "safe"), [("b.txt", True), ("../b.txt", True),
                                              ("../../b.txt", False), ("/etc/passwd", False)])  # fmt: skip
def test_links_are_skipped_and_refused_when_they_lead_outside(tmp_path, target, safe):
    archives = [
        make_zip(tmp_path / "a.zip", (special("a/link", 0o120777), target.encode())),
        make_tar(tmp_path / "a.tar", tar_member("a/link", tarfile.SYMTYPE, target)),
    ]

    for archive in archives:
        if safe:
            assert scan(archive).skipped_links == ("a/link",)
            assert extract(archive, tmp_path / f"out-{archive.suffix}") == 0
            assert tree(tmp_path / f"out-{archive.suffix}") == {}
        else:
            refused(archive, tmp_path / "out", "outside of the archive")


@pytest.mark.promise("S14")
def test_a_file_cannot_be_written_through_a_link_of_the_archive(tmp_path):
    archive = make_tar(
        tmp_path / "a.tar", tar_member("here", tarfile.SYMTYPE, "."), ("here/x", b"hi")
    )

    refused(archive, tmp_path / "out", "below a file")


@pytest.mark.promise("S14")
@pytest.mark.parametrize(
    "member",
    [
        tar_member("a", tarfile.LNKTYPE, "../../etc/passwd"),
        tar_member("a", tarfile.CHRTYPE),
        tar_member("a", tarfile.BLKTYPE),
        tar_member("a", tarfile.FIFOTYPE),
        tar_member("a", tarfile.GNUTYPE_SPARSE),
        tar_member("a", b"Z"),
        tar_member("a", tarfile.REGTYPE, mode=0o4755),
        tar_member("a", tarfile.REGTYPE, mode=0o2755),
    ],
    ids=lambda member: f"{member.type!r} {member.mode:o}",
)
def test_special_tar_members_are_refused(tmp_path, member):
    refused(make_tar(tmp_path / "a.tar", member), tmp_path / "out", "unsafe entry: 'a'")


@pytest.mark.promise("S14")
@pytest.mark.parametrize("mode", [0o020644, 0o060644, 0o010644, 0o140644, 0o104755])
def test_special_zip_entries_are_refused(tmp_path, mode):
    refused(make_zip(tmp_path / "a.zip", (special("a", mode), b"")), tmp_path / "out", "unsafe")


@pytest.mark.promise("S14")
@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "names", [("a", "a"), ("a/b", "./a/b"), ("a", "a/b"), ("a/b", "a"), ("x/../a", "a")]
)
def test_two_entries_cannot_be_one_path(tmp_path, names):
    entries = [(name, b"") for name in names]

    refused(make_zip(tmp_path / "a.zip", *entries), tmp_path / "out", "unsafe entry")
    refused(make_tar(tmp_path / "a.tar", *entries), tmp_path / "out", "unsafe entry")


@pytest.mark.promise("S14")
def test_bombs_are_counted_not_believed(tmp_path):
    limits = Limits(size=10_000_000, ratio_from=1_000_000)
    bomb = make_zip(tmp_path / "a.zip", ("zeros", bytes(5_000_000)))
    tar_bomb = make_tar(tmp_path / "a.tar.gz", ("zeros", bytes(5_000_000)), mode="w:gz")

    for archive in (bomb, tar_bomb):
        with pytest.raises(UnsafeArchive, match="more than 200 times its size"):
            scan(archive, limits=limits)
        with pytest.raises(UnsafeArchive, match="more than 1,000,000 bytes"):
            scan(archive, limits=Limits(size=1_000_000))
        assert scan(archive).files == 1  # below 100 MB the ratio does not matter


@pytest.mark.promise("S14")
def test_the_number_of_entries_is_limited(tmp_path):
    entries = [(f"{number}", b"") for number in range(11)]

    for archive in (make_zip(tmp_path / "a.zip", *entries), make_tar(tmp_path / "a.tar", *entries)):
        assert scan(archive, limits=Limits(entries=11)).entries == 11
        with pytest.raises(UnsafeArchive, match="more than 10 entries"):
            scan(archive, limits=Limits(entries=10))


@pytest.mark.promise("S14")
def test_zip_entries_that_share_their_bytes_are_refused(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("a", b"hello"), ("b", b"hello"))
    data = bytearray(archive.read_bytes())
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)  # both begin at the first local header
    archive.write_bytes(data)

    refused(archive, tmp_path / "out", "overlaps")


@pytest.mark.promise("S14")
def test_encrypted_entries_are_refused(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("a", b"hello"))
    data = bytearray(archive.read_bytes())
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)

    refused(archive, tmp_path / "out", "encrypted")


@pytest.mark.promise("S14")
def test_a_header_cannot_claim_all_memory(tmp_path):
    header = tar_member("a", tarfile.XHDTYPE)
    header.size = 1024**3
    archive = tmp_path / "a.tar"
    archive.write_bytes(header.tobuf() + bytes(10_000))

    refused(archive, tmp_path / "out", "a header has 1,073,741,824 bytes")


def cut_short(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def damage(data: bytes) -> bytes:
    middle = data.index(b"lots")
    return data[:middle] + b"lies" + data[middle + 4 :]


CONTENT = ("a.txt", b"lots of text " * 500)


@pytest.mark.parametrize(
    "change", [cut_short, lambda data: b"", lambda data: b"not an archive" * 50]
)
@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2"])
def test_broken_archives_are_refused(tmp_path, name: str, change: Callable[[bytes], bytes]):
    if name == "a.zip":
        archive = make_zip(tmp_path / name, CONTENT)
    else:
        archive = make_tar(
            tmp_path / name, CONTENT, mode=f"w:{name.removeprefix('a.tar').lstrip('.')}"
        )
    archive.write_bytes(change(archive.read_bytes()))

    refused(archive, tmp_path / "out", "archive")


def test_damaged_content_is_refused(tmp_path):
    with zipfile.ZipFile(archive := tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as file:
        file.writestr(*CONTENT)
    archive.write_bytes(damage(archive.read_bytes()))

    refused(archive, tmp_path / "out", "Bad CRC")


def test_a_tar_that_goes_on_behind_garbage_is_refused(tmp_path):
    first = make_tar(tmp_path / "a.tar", ("a", b"")).read_bytes()[:512]
    (tmp_path / "b.tar").write_bytes(first + b"garbage!" * 64 + first)

    refused(tmp_path / "b.tar", tmp_path / "out", "cannot be read")


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "a.exe").write_bytes(gzip.compress(b"x"))

    refused(tmp_path / "a.exe", tmp_path / "out", "not the name of a zip or tar archive")


def test_an_existing_file_is_never_overwritten(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("a", b"new"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FileExistsError):
        extract(archive, tmp_path / "out")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("entry", ["a", "a/b", "./a", "a/../b", "..a", "a..", "...", "a/", "", "."])
def test_entries_inside_are_accepted(entry):
    check_entry(entry, "/opt/work")


@pytest.mark.promise("S14")
@pytest.mark.parametrize(
    "entry", ["..", "../work-evil/a", "a/../..", "../WORK/a", "/opt/workers/a"]
)
def test_entries_outside_are_not(entry):
    with pytest.raises(UnsafeArchive):
        check_entry(entry, "/opt/work/")
