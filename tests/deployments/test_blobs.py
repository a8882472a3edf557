import errno
import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments import blobs
from deployments.blobs import FileBlobs
from spaces.errors import StorageFull, TooLarge


def files_under(root):
    return [path for path in root.rglob("*") if path.is_file()]


def test_kept_bytes_are_found_under_their_hash(tmp_path):
    store = FileBlobs(tmp_path)

    with store.receive() as incoming:
        incoming.fill([b"ab", b"c"])
        sha256 = incoming.keep()

    assert sha256 == hashlib.sha256(b"abc").hexdigest()
    assert incoming.sha1 == hashlib.sha1(b"abc").hexdigest()
    assert incoming.size == 3
    with store.open(sha256) as kept:
        assert kept.read() == b"abc"
    assert len(files_under(tmp_path)) == 1


def test_bytes_nobody_kept_leave_nothing(tmp_path):
    with FileBlobs(tmp_path).receive() as incoming:
        incoming.write(b"half of")

    assert files_under(tmp_path) == []


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with FileBlobs(tmp_path).receive() as incoming:
        incoming.write(b"abc")
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageFull):
            incoming.keep()
        monkeypatch.undo()

    assert files_under(tmp_path) == []


@pytest.mark.promise("S23")
@pytest.mark.parametrize(("size", "fits"), [(9, True), (10, True), (11, False)])
def test_the_limit_holds_to_the_byte(tmp_path, size, fits):
    with FileBlobs(tmp_path).receive(limit=10) as incoming:
        if fits:
            incoming.write(b"x" * size)
        else:
            with pytest.raises(TooLarge, match="10 bytes"):
                incoming.write(b"x" * size)


def test_equal_bytes_are_kept_once(tmp_path):
    for _ in range(2):
        with FileBlobs(tmp_path).receive() as incoming:
            incoming.fill([b"same"]).keep()

    assert len(files_under(tmp_path)) == 1


def test_deleted_bytes_are_gone_and_deleting_twice_is_fine(tmp_path):
    store = FileBlobs(tmp_path)
    with store.receive() as incoming:
        sha256 = incoming.fill([b"abc"]).keep()

    store.delete(sha256)
    store.delete(sha256)

    assert not store.exists(sha256)


@pytest.mark.promise("S13")
@given(st.text())
def test_no_text_but_a_hash_becomes_a_path(text):
    with pytest.raises(ValueError, match="not a SHA-256"):
        FileBlobs(blobs.Path("/nowhere")).open(text)
