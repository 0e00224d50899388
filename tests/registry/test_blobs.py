"""Stored bytes: named by their content, whole or not there, never displaced by other bytes."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage, storages
from pytest_django import Settings

from registry import blobs


class BrokenFile(File[bytes]):
    """A file whose reading breaks off in the middle."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        yield b"the first half"
        raise OSError("The disk is gone.")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_path_is_the_digest(media_folder: Path) -> None:
    name = hashlib.sha256(b"hello").hexdigest()
    assert blobs.ensure_blob(b"hello") == f"sha256:{name}"
    (file,) = files_in(media_folder)
    assert file == media_folder / "blobs" / name[:2] / name[2:4] / name
    assert file.read_bytes() == b"hello"


def test_what_was_stored_is_read_back() -> None:
    assert blobs.read_blob(blobs.ensure_blob(b"")) == b""
    assert blobs.read_blob(blobs.ensure_blob(b"\0" * 100_000)) == b"\0" * 100_000


def test_the_same_bytes_are_stored_once_and_not_written_again(media_folder: Path) -> None:
    blobs.ensure_blob(b"hello")
    (file,) = files_in(media_folder)
    before = file.stat()
    blobs.ensure_blob(b"hello")
    after = file.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_stored_bytes_are_never_overwritten() -> None:
    path = blobs.thumbnail_path(blobs.ensure_blob(b"picture"))
    blobs.ensure_file(path, b"first")
    blobs.ensure_file(path, b"second")
    assert blobs.read_file(path) == b"first"


def test_what_people_upload_is_written_again_so_that_its_time_tells_nothing(
    media_folder: Path,
) -> None:
    digest = blobs.write_blob(b"hello")
    (file,) = files_in(media_folder)
    before = file.stat()
    assert blobs.write_blob(b"hello") == digest
    assert files_in(media_folder) == [file]
    assert file.stat().st_ino != before.st_ino
    assert file.read_bytes() == b"hello"


def test_the_folders_are_told_to_the_disk_once_the_file_has_its_name(
    media_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Path, bool]] = []
    target = media_folder / "blobs" / "aa" / "bb" / "aabb"

    def fsync(descriptor: int, sync: Callable[[int], None] = os.fsync) -> None:
        told.append((Path(f"/proc/self/fd/{descriptor}").readlink(), target.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    default_storage.save("blobs/aa/bb/aabb", ContentFile(b"hello"))
    (_, *folders) = told
    around = [target.parent, *target.parent.parents]
    assert folders == [(folder, True) for folder in around[: around.index(media_folder) + 1]]


def test_a_write_that_breaks_off_leaves_nothing(media_folder: Path) -> None:
    with pytest.raises(OSError, match="The disk is gone"):
        default_storage.save("blobs/aa/bb/aabb", BrokenFile(None, "aabb"))
    assert not default_storage.exists("blobs/aa/bb/aabb")
    assert files_in(media_folder) == []


def test_a_name_is_used_as_it_is() -> None:
    """Django's own storage would add letters to a name that is taken."""
    assert default_storage.save("a/b", ContentFile(b"1")) == "a/b"
    assert default_storage.save("a/b", ContentFile(b"1")) == "a/b"


def test_in_a_bucket_too_a_name_is_used_as_it_is(settings: Settings) -> None:
    bucket = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "hub"}}
    settings.STORAGES = {**settings.STORAGES, "bucket": bucket}
    assert storages["bucket"].get_available_name("blobs/aa/bb/aabb") == "blobs/aa/bb/aabb"


def test_stored_files_are_readable_by_a_web_server_of_another_user(media_folder: Path) -> None:
    blobs.ensure_blob(b"hello")
    (file,) = files_in(media_folder)
    assert file.stat().st_mode & 0o777 == 0o644


def test_missing_bytes_are_an_error_that_can_be_named() -> None:
    with pytest.raises(FileNotFoundError):
        blobs.read_blob("sha256:" + "0" * 64)


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:../../etc", "md5:" + "0" * 64])
def test_only_a_digest_has_a_path(text: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        blobs.path_of(text)
