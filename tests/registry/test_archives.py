"""Archives: each rule broken by an archive that breaks no other."""

import io
import struct
import subprocess
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.archives import ArchiveRefused, Limits, inspect, read
from tests.registry.archive_factory import (
    DESCRIBED_AFTER,
    MAX_32,
    UTF_8,
    Layout,
    Member,
    archive,
    changed,
    deflated,
    member,
    streamed,
    wide_end,
    wide_extra,
)

CAT, DOG = member("cat.jpg", b"cat" * 50), member("dog.png", b"dog" * 50)


def refusal(file: IO[bytes], limits: Limits | None = None) -> ArchiveRefused:
    with pytest.raises(ArchiveRefused) as caught:
        contents(file, limits)
    assert caught.value.detail.endswith(".")
    assert str(caught.value) == caught.value.detail
    return caught.value


def contents(file: IO[bytes], limits: Limits | None = None) -> dict[str, bytes]:
    limits = limits or Limits()
    listing = inspect(file, limits)  # type: ignore[arg-type]
    return {e.name: read(file, e, limits) for e in listing.entries}  # type: ignore[arg-type]


class Pipe(io.RawIOBase):
    """A file that can only be appended to, as a download is."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += bytes(data)
        return len(data)


# What is read.


def test_members_are_listed_and_read_in_the_order_of_the_directory() -> None:
    assert contents(archive(CAT, DOG)) == {"cat.jpg": b"cat" * 50, "dog.png": b"dog" * 50}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("force_zip64", [False, True])
def test_archives_of_pythons_zipfile_are_read(method: int, force_zip64: bool) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as writer:
        writer.mkdir("trip")
        with writer.open("trip/cat.jpg", "w", force_zip64=force_zip64) as out:
            out.write(b"cat" * 50)
    assert contents(file) == {"trip/cat.jpg": b"cat" * 50}


@pytest.mark.parametrize("force_zip64", [False, True])
def test_archives_that_were_written_to_a_pipe_are_read(force_zip64: bool) -> None:
    pipe = Pipe()
    with (
        zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as writer,
        writer.open("cat.jpg", "w", force_zip64=force_zip64) as out,
    ):
        out.write(b"cat" * 50)
    assert contents(io.BytesIO(pipe.written)) == {"cat.jpg": b"cat" * 50}


@pytest.mark.parametrize("options", [["-r"], ["-r", "-fz"], ["-r", "-fd"]])
def test_archives_of_info_zip_are_read(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "trip").mkdir()
    (tmp_path / "trip" / "Kätzchen.jpg").write_bytes(b"cat" * 50)
    try:
        done = subprocess.run(
            ["zip", *options, "-", "trip"], cwd=tmp_path, capture_output=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("Info-ZIP is not installed.")
    assert contents(io.BytesIO(done.stdout)) == {"trip/Kätzchen.jpg": b"cat" * 50}
