"""Stored bytes by their digest: what goes in is named by its content, never displaced by other.

Where the store is away each function here raises StoreAway.
"""

import os
import tempfile
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.files.uploadedfile import UploadedFile

from registry import digests
from registry.outages import StoreAway, is_unmounted, raised_as


class StoreEmpty(StoreAway, FileNotFoundError):
    """The store's folder has nothing in it: its volume is not mounted, or nothing was ever stored.

    Who reads what a row names takes it for the first.
    """


class WholeFileStorage(FileSystemStorage):
    """A folder in which a file is there as a whole or not at all.

    Django's own storage writes to the final name, so that a crash leaves a cut file under a
    digest that promises the whole one. Once it is there it outlasts a power cut: a row that names
    it is committed afterwards, and would stay.
    """

    def open(self, name: str, mode: str = "rb") -> File[bytes]:
        try:
            return super().open(name, mode)
        except FileNotFoundError as error:
            if is_unmounted(Path(self.location)):
                raise StoreEmpty(f"{self.location} is empty or not there.") from error
            raise

    def _save(self, name: str, content: File[bytes]) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as partial:
            written = Path(partial.name)
            try:
                for chunk in content.chunks():
                    partial.write(chunk)
                partial.flush()
                os.fsync(partial.fileno())
                written.chmod(0o644)
                written.replace(target)
            finally:
                written.unlink(missing_ok=True)  # still there only when something went wrong
        self._sync_folders(target.parent)
        return name

    def _sync_folders(self, folder: Path) -> None:
        """Have the disk keep the names in `folder` and in those around it, up to the store's own.

        Also in those that were there: another process may have made them a moment ago and not have
        come to this yet. Where nothing new stands in one, it costs next to nothing.
        """
        for each in (folder, *folder.parents):
            descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if each == Path(self.location):
                return

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return `name`: the same digest means the same bytes, so nothing is ever displaced."""
        return name


def ensure_blob(data: bytes) -> str:
    """Store `data` unless it is stored already; return its digest."""
    digest = digests.digest_bytes(data)
    ensure_file(path_of(digest), data)
    return digest


def write_blob(data: bytes) -> str:
    """Store `data`, also where it is stored already; return its digest.

    For what people upload: to look first, and to be the quicker for it, would tell whoever
    measures the time that somebody else holds the same bytes. It mends a damaged file, too.
    """
    digest = digests.digest_bytes(data)
    write_file(path_of(digest), data)
    return digest


def write_file(path: str, data: bytes) -> None:
    """Store `data` under `path`, also where something is stored there already."""
    with raised_as(StoreAway):
        default_storage.save(path, ContentFile(data))


def ensure_file(path: str, data: bytes) -> None:
    """Store `data` under `path` unless something is stored there already."""
    with raised_as(StoreAway):
        is_stored = default_storage.exists(path)
    if not is_stored:
        write_file(path, data)


def read_blob(digest: str) -> bytes:
    """Return the stored bytes of `digest`; raise FileNotFoundError when there are none."""
    return read_file(path_of(digest))


def read_file(path: str) -> bytes:
    """Return what is stored under `path`; raise FileNotFoundError when there is nothing."""
    with raised_as(StoreAway), default_storage.open(path) as file:
        data: bytes = file.read()
    return data


def path_of(digest: str) -> str:
    """Return where the bytes of `digest` are stored: two levels of 256 folders."""
    name = digests.hex_of(digest)
    return f"blobs/{name[:2]}/{name[2:4]}/{name}"


def thumbnail_path(digest: str) -> str:
    """Return where the thumbnail of the image `digest` is stored."""
    name = digests.hex_of(digest)
    return f"thumbnails/{name[:2]}/{name[2:4]}/{name}.webp"


def read_upload(upload: UploadedFile, *, at_most: int) -> bytes | None:
    """Return the uploaded bytes, or None as soon as they pass `at_most`."""
    data = bytearray()
    for chunk in upload.chunks():
        data += chunk
        if len(data) > at_most:
            return None
    return bytes(data)
