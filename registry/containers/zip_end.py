"""A zip file in; how many members it has and where its central directory lies out.

The end record must be the very last bytes. Programs look for it from the end backwards, so what
follows it, a comment included, is a place where a second directory could hide. Archives of over
4 GB have a wider record as well (zip64); that one is read only where both agree.
"""

import os
import struct
from typing import IO, Final, NamedTuple

from registry.containers.zip_refusals import ArchiveRefused, archive_refused

_END: Final = struct.Struct("<4s4H2LH")
_LOCATOR: Final = struct.Struct("<4sLQL")
_WIDE_END: Final = struct.Struct("<4sQ2H2L4Q")
_WIDE_END_COUNTED: Final = _WIDE_END.size - 12  # What the record says of its own length.

_MARK: Final = b"PK\x05\x06"
_LOCATOR_MARK: Final = b"PK\x06\x07"
_WIDE_MARK: Final = b"PK\x06\x06"

_LONGEST_COMMENT: Final = 0xFFFF
_SEE_WIDE: Final = (0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF)  # In count, size, offset.


class End(NamedTuple):
    """Where the central directory lies."""

    entries: int
    size: int  # bytes
    offset: int  # of its first byte


def read_end(file: IO[bytes]) -> End:
    """Return where the directory lies, or refuse an archive with anything around its parts."""
    length = file.seek(0, os.SEEK_END)
    position = length - _END.size
    if position < 0 or read_at(file, position, len(_MARK)) != _MARK:
        raise _without_end(file, length)
    _, *disks_and_here, count, size, offset, comment = _END.unpack(
        read_at(file, position, _END.size)
    )
    if comment:
        raise archive_refused("malformed", "announces a comment and has none")
    end = End(count, size, offset)
    locator = read_at(file, max(0, position - _LOCATOR.size), _LOCATOR.size)
    if locator.startswith(_LOCATOR_MARK):
        position -= _LOCATOR.size + _WIDE_END.size
        end = _wide_end(file, position, locator, end)
    elif disks_and_here != [0, 0, count]:
        raise archive_refused("multi-disk", "is one part of several; join them first")
    _check_place(file, end, position)
    return end


def read_at(file: IO[bytes], offset: int, size: int) -> bytes:
    """Return `size` bytes from `offset` on, or fewer where the file ends."""
    file.seek(offset)
    return file.read(size)


def _without_end(file: IO[bytes], length: int) -> ArchiveRefused:
    start = max(0, length - _END.size - _LONGEST_COMMENT)
    tail = read_at(file, start, length - start)
    if 0 <= tail.rfind(_MARK) <= len(tail) - _END.size:
        return archive_refused(
            "trailing-data", "goes on after its end, with a comment or more; zip the pictures again"
        )
    return archive_refused("not-a-zip", "is not a zip file, or only the beginning of one")


def _wide_end(file: IO[bytes], position: int, locator: bytes, narrow: End) -> End:
    record = read_at(file, max(0, position), _WIDE_END.size)
    located = _LOCATOR.unpack(locator)[1:]
    if len(record) == _WIDE_END.size and located == (0, position, 1):
        mark, counted, _, _, *disks, here, count, size, offset = _WIDE_END.unpack(record)
        end = End(count, size, offset)
        agrees = all(n in {w, see} for n, w, see in zip(narrow, end, _SEE_WIDE, strict=True))
        if (mark, counted, disks, here) == (
            _WIDE_MARK,
            _WIDE_END_COUNTED,
            [0, 0],
            count,
        ) and agrees:
            return end
    raise archive_refused(
        "zip64", "has two end records that differ (zip64); zip the pictures again"
    )


def _check_place(file: IO[bytes], end: End, position: int) -> None:
    """Check that the directory ends where the end record begins, at `position`."""
    missing = position - end.offset - end.size
    if missing < 0:
        raise archive_refused("malformed", "has a directory that is longer than its place")
    if missing and read_at(file, end.offset + missing, len(_MARK)).startswith(b"PK\x01\x02"):
        raise archive_refused(
            "prepended-data",
            f"has {missing:,} bytes before its first member; zip the pictures again",
        )
    if missing:
        raise archive_refused(
            "hidden-data", f"has {missing:,} bytes that belong to nothing; zip the pictures again"
        )
