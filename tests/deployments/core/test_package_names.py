"""What the name of a package's file tells, and what cached files are called."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.packages.names import (
    EXTENSIONS,
    FORMAT_LETTERS,
    InvalidName,
    PackageName,
    cached_name,
    escape,
    leaf,
    parse_path,
    split_file_name,
    unescape,
)


@pytest.mark.parametrize(
    ("name", "id", "version", "extension"),
    [
        ("Shop.1.2.3.zip", "Shop", "1.2.3", ".zip"),
        ("Shop.1.zip", "Shop", "1", ".zip"),
        ("Shop.1.2.3.4.zip", "Shop", "1.2.3.4", ".zip"),
        ("Shop.Web.1.2.nupkg", "Shop.Web", "1.2", ".nupkg"),
        ("shop-web_api.1.0.0.tgz", "shop-web_api", "1.0.0", ".tgz"),
        ("Shop.1.0.0-beta.zip", "Shop", "1.0.0-beta", ".zip"),
        ("Shop.1.0.0-beta.2.zip", "Shop", "1.0.0-beta.2", ".zip"),
        ("Shop.1.0.0+build.7.zip", "Shop", "1.0.0+build.7", ".zip"),
        ("Shop.1.0.0-beta.2+build.7.tar.gz", "Shop", "1.0.0-beta.2+build.7", ".tar.gz"),
        ("Shop.1.0.0-beta.tar.bz2", "Shop", "1.0.0-beta", ".tar.bz2"),
        ("Shop.1.0.0-beta.tar.Z", "Shop", "1.0.0-beta", ".tar.Z"),
        ("Shop.1.0.0.ZIP", "Shop", "1.0.0", ".ZIP"),
        ("Shop.01.002.zip", "Shop", "01.002", ".zip"),
    ],
)
def test_the_shortest_id_with_the_longest_version_wins(name, id, version, extension):
    assert split_file_name(name) == (id, version, extension)


def test_five_numbers_leave_the_first_to_the_id():
    assert split_file_name("Shop.1.2.3.4.5.zip") == ("Shop.1", "2.3.4.5", ".zip")


@pytest.mark.parametrize(
    ("name", "id", "version"),
    [
        ("1.0.0.zip", "1", "0.0"),
        ("Shop.v1.0.0.zip", "Shop.v1", "0.0"),
        ("_a__b.1.zip", "_a__b", "1"),
    ],
)
def test_an_id_is_any_words_joined(name, id, version):
    assert split_file_name(name) == (id, version, ".zip")


@pytest.mark.parametrize("extension", [".zip", ".nupkg", ".tar", ".tar.gz", ".tar.bz2", ".tgz"])
@pytest.mark.parametrize("id", ["Shop", "Shop.Web", "a"])
def test_every_archive_can_be_uploaded(id, extension):
    assert split_file_name(f"{id}.1.0{extension}") == (id, "1.0", extension)


@pytest.mark.parametrize("extension", [".jar", ".war", ".ear", ".rar"])
def test_java_archives_and_rar_can_be_uploaded(extension):
    assert split_file_name(f"Shop.1.0{extension}") == ("Shop", "1.0", extension)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".zip",
        "Shop.zip",
        ".1.0.0.zip",
        "Shop.1.0.0",
        "Shop.1.0.0.exe",
        "Shop.1.0.0-.zip",
        "Shop..1.0.0.zip",
        "Shop-.1.0.0.zip",
        "-Shop.1.0.0.zip",
        "Sh op.1.0.0.zip",
        "../Shop.1.0.0.zip",
        "Shop/x.1.0.0.zip",
        "Shop.1. 0.zip",
        "Shop\x00.1.0.zip",
        f"{'a' * 101}.1.0.zip",
        f"Shop.{'9' * 5000}.zip",
    ],
)
def test_a_name_that_tells_no_package_is_refused(name):
    with pytest.raises(InvalidName):
        split_file_name(name)


def test_a_refusal_says_what_to_name_the_file():
    with pytest.raises(InvalidName, match=re.escape("Name it Id.Version.zip.")):
        split_file_name("Shop.zip")


@pytest.mark.parametrize(
    "path", ["/feeds/x/Shop.1.0.zip", r"C:\feeds\Shop.1.0.zip", "Shop.1.0.zip", "a/b\\Shop.1.0.zip"]
)
def test_folders_before_the_name_say_nothing(path):
    assert parse_path(path) == PackageName("Shop", "1.0", ".zip")


@pytest.mark.parametrize(("format", "letter"), FORMAT_LETTERS.items())
def test_a_cached_name_is_read_back(format, letter):
    name = cached_name("shop/web", "1.0.0", format, ".tar.gz")

    assert re.fullmatch(rf"shop%2Fweb@{letter}1\.0\.0@[0-9A-F]{{32}}\.tar\.gz", name)
    assert parse_path(f"/cache/{name}") == PackageName("shop/web", "1.0.0", ".tar.gz", format)


def test_two_cached_names_differ():
    assert cached_name("a", "1", "semver", ".zip") != cached_name("a", "1", "semver", ".zip")


@pytest.mark.parametrize("name", ["Shop@Xnot@ABC.zip", "Shop@S1.x@ABC.zip", "Shop@S1.0@.zip"])
def test_a_cached_name_that_is_broken_is_refused(name):
    with pytest.raises(InvalidName):
        parse_path(name)


@given(
    id=st.text("aB9._-/ @%é:", min_size=1, max_size=20),
    version=st.sampled_from(["1.0", "1.0.0-rc.1", "1.0+b"]),
)
def test_any_id_survives_the_cache(id, version):
    found = parse_path(cached_name(id, version, "semver", ".zip"))

    assert (found.id, found.version) == (id, version)


@pytest.mark.parametrize(("id", "expected"), [("a/b/c", "c"), ("c", "c"), ("a/", "")])
def test_the_leaf_of_an_id_is_its_last_part(id, expected):
    assert leaf(id) == expected


@pytest.mark.parametrize("char", '%<>:"/\\|?\n\x00\x1f')
def test_what_file_systems_refuse_is_escaped(char):
    assert escape(f"a{char}b") == f"a%{ord(char):02X}b"


@given(st.text())
def test_unescaping_undoes_escaping(text):
    assert unescape(escape(text)) == text


@given(st.text() | st.text("Shop.1@S-+/ ").map(lambda stem: f"{stem}.zip"))
def test_any_name_is_read_or_refused(name):
    for read in (split_file_name, parse_path):
        try:
            read(name)
        except InvalidName:
            continue


@given(
    st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}([._-][A-Za-z][A-Za-z0-9]{0,8}){0,2}", fullmatch=True),
    st.from_regex(
        r"[0-9]{1,5}(\.[0-9]{1,5}){0,3}(-[a-z][a-z0-9]{0,5}(\.[0-9]{1,3})?)?", fullmatch=True
    ),
    st.sampled_from(EXTENSIONS),
)
def test_id_version_and_extension_put_together_are_told_apart(id, version, extension):
    assert split_file_name(f"{id}.{version}{extension}") == (id, version, extension)


@pytest.mark.parametrize(
    "name", ["1." * 5000 + "zip", "a-." * 20000 + "zip", "@S" * 20000 + ".zip"]
)
def test_a_hostile_name_is_refused_at_once(name):
    began = time.process_time()

    with pytest.raises(InvalidName):
        parse_path(name)

    assert time.process_time() - began < 0.5
