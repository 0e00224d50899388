"""An EXIF block in, its orientation and whether it tells a place out; and the least EXIF block.

EXIF is a TIFF file without a picture: a byte order, then directories of 12-byte entries (TIFF
6.0, section 2; EXIF 2.32, section 4.6). Nothing here raises: a block that can't be read says
nothing.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

PREFIX = b"Exif\0\0"  # Stands before the block in JPEG, and by mistake in some WebP files.
UPRIGHT = 1

_ORIENTATION = 0x0112
_GPS_DIRECTORY = 0x8825
_PLACES = range(1, 5)  # Latitude and longitude with their references.
_SHORT, _LONG = 3, 4
_HEADER_BYTES, _ENTRY_BYTES = 8, 12

# How XMP names the same facts, whatever prefix it gives the namespace.
_XMP_PLACES = (b"GPSLatitude", b"GPSLongitude")


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: int
    value: int


def orientation_of(block: bytes) -> int:
    """Return 1..8; 1 where the block says nothing or nonsense."""
    for entry in _first_directory(block):
        if entry.tag == _ORIENTATION and entry.value in range(1, 9):
            return entry.value
    return UPRIGHT


def has_location(block: bytes) -> bool:
    order = _byte_order(block)
    if order is None:
        return False
    return any(
        inner.tag in _PLACES
        for entry in _first_directory(block)
        if entry.tag == _GPS_DIRECTORY
        for inner in _entries(block, order, entry.value)
    )


def mentions_location(text: bytes) -> bool:
    """Tell whether a block of XMP (or of anything else) names a latitude or a longitude."""
    return any(name in text for name in _XMP_PLACES)


def orientation_only(orientation: int) -> bytes:
    """Write the one block that we store: 26 bytes with a single entry."""
    header = struct.pack(">2sHI", b"MM", 42, _HEADER_BYTES)
    directory = struct.pack(">HHHIHHI", 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)
    return header + directory


def _first_directory(block: bytes) -> Iterator[_Entry]:
    order = _byte_order(block)
    if order is not None and len(block) >= _HEADER_BYTES:
        (offset,) = struct.unpack_from(order + "I", block, 4)
        yield from _entries(block, order, offset)


def _byte_order(block: bytes) -> Literal["<", ">"] | None:
    if block.startswith(b"II*\0"):
        return "<"
    if block.startswith(b"MM\0*"):
        return ">"
    return None


def _entries(block: bytes, order: Literal["<", ">"], offset: int) -> Iterator[_Entry]:
    """Yield what fits into the block; values other than numbers in their entries count as 0."""
    if offset + 2 > len(block):
        return
    (count,) = struct.unpack_from(order + "H", block, offset)
    first = offset + 2
    fitting = min(count, (len(block) - first) // _ENTRY_BYTES)
    for start in range(first, first + fitting * _ENTRY_BYTES, _ENTRY_BYTES):
        tag, kind = struct.unpack_from(order + "HH", block, start)
        layout = order + ("H" if kind == _SHORT else "I")
        (value,) = struct.unpack_from(layout, block, start + 8)
        yield _Entry(tag, value if kind in {_SHORT, _LONG} else 0)
