"""Archives that are read: those of usual programs, and what is left out of them."""

import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from registry.archives import Limits, inspect
from tests.registry.archive_factory import (
    archive,
    changed,
    contents,
    member,
    streamed,
)

CAT, DOG = member("cat.jpg", b"cat" * 50), member("dog.png", b"dog" * 50)


class Pipe(io.RawIOBase):
    """A file that can only be appended to, as a download is."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += bytes(data)
        return len(data)


WIDE = pytest.param(
    True,
    marks=pytest.mark.skipif(
        sys.version_info < (3, 11, 4),
        reason="This Python's zipfile contradicts itself where it forces zip64 (CPython 103861).",
    ),
)


def test_members_are_listed_and_read_in_the_order_of_the_directory() -> None:
    assert contents(archive(CAT, DOG)) == {"cat.jpg": b"cat" * 50, "dog.png": b"dog" * 50}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("force_zip64", [False, WIDE])
def test_archives_of_pythons_zipfile_are_read(method: int, force_zip64: bool) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as writer:
        writer.mkdir("trip")
        with writer.open("trip/cat.jpg", "w", force_zip64=force_zip64) as out:
            out.write(b"cat" * 50)
    assert contents(file) == {"trip/cat.jpg": b"cat" * 50}


@pytest.mark.parametrize("force_zip64", [False, WIDE])
def test_archives_that_were_written_to_a_pipe_are_read(force_zip64: bool) -> None:
    pipe = Pipe()
    with (
        zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as writer,
        writer.open("cat.jpg", "w", force_zip64=force_zip64) as out,
    ):
        out.write(b"cat" * 50)
    assert contents(io.BytesIO(pipe.written)) == {"cat.jpg": b"cat" * 50}


@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP is not installed.")
@pytest.mark.parametrize("target", ["-", "trip.zip"])
def test_archives_of_info_zip_are_read(tmp_path: Path, target: str) -> None:
    (tmp_path / "trip").mkdir()
    (tmp_path / "trip" / "Kätzchen.jpg").write_bytes(b"cat" * 50)
    command = ["zip", "-q", "-r", target, "trip"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    file = io.BytesIO(done.stdout or (tmp_path / target).read_bytes())
    assert contents(file) == {"trip/Kätzchen.jpg": b"cat" * 50}


def test_names_are_utf_8_even_where_it_is_not_declared() -> None:
    assert list(contents(archive(member("Kätzchen.jpg", flags=0)))) == ["Kätzchen.jpg"]


def test_other_names_are_read_in_code_page_437() -> None:
    odd = changed(CAT, name="Kätzchen.jpg".encode("cp437"), flags=0)
    assert list(contents(archive(odd))) == ["Kätzchen.jpg"]


@pytest.mark.parametrize("descriptor", ["<3L", "<4s3L", "<L2Q", "<4sL2Q"])
def test_sizes_may_follow_the_data_in_each_of_the_four_forms(descriptor: str) -> None:
    file = archive(streamed("cat.jpg", b"cat", descriptor), streamed("dog.png", b"dog"))
    assert contents(file) == {"cat.jpg": b"cat", "dog.png": b"dog"}


def test_folders_hidden_files_and_litter_of_systems_are_skipped_and_named() -> None:
    litter = (
        "trip/",
        "__MACOSX/trip/._cat.jpg",
        "__MACOSX/a/b/c/d/._cat.jpg",
        ".DS_Store",
        "trip/.hidden/cat.jpg",
        "trip/Thumbs.db",
        "desktop.ini",
    )
    listing = inspect(archive(CAT, *(member(name, b"") for name in litter)), Limits())
    assert [entry.name for entry in listing.entries] == ["cat.jpg"]
    assert listing.skipped == litter


def test_litter_does_not_count_as_a_picture() -> None:
    shadows = [member(f"._{number}", b"") for number in range(5)]
    assert list(contents(archive(CAT, DOG, *shadows), Limits(entries=3))) == ["cat.jpg", "dog.png"]


def test_empty_members_are_read() -> None:
    empty = (member("a.jpg", b"", method=0), member("b.jpg", b""))
    assert contents(archive(*empty)) == {"a.jpg": b"", "b.jpg": b""}
