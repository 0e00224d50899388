"""A zip of uncompressed members: names and bytes in, the one zip of them out; and back, strictly.

Written here by hand so that the bytes depend on nothing but names and contents. Reading accepts a
zip only if its parts follow one another without a gap or an overlap from the first byte to the
last, and the central directory and the local headers say the same. So no two programs can see
different members. Layout: PKWARE APPNOTE 6.3, sections 4.3.7 to 4.3.16.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import NamedTuple

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
DESCRIPTOR = struct.Struct("<4s3L")
END = struct.Struct("<4s4H2LH")
ZIP64_END = struct.Struct("<4sQ2H2L4Q")
ZIP64_LOCATOR = struct.Struct("<4sLQL")

FIRST_OF_1980 = 0x0021  # the earliest date that a zip can hold, as its 16 bits
VERSION_NEEDED = 20  # 2.0, in tenths
DESCRIBED_AFTER = 0x0008  # flag: checksum and size follow the data
UTF_8 = 0x0800  # flag: the name is UTF-8


class ZipRefused(Exception):
    """A zip that is not exactly laid out as described above; the text says where, in a sentence."""


class _Entry(NamedTuple):
    """A row of the central directory, named as in APPNOTE 4.3.12."""

    signature: bytes
    made_by: int
    needed: int
    flags: int
    method: int
    time: int
    date: int
    checksum: int
    packed: int
    size: int
    name_length: int
    extra_length: int
    comment_length: int
    disk: int
    internal: int
    external: int
    offset: int


def write(members: Mapping[str, bytes]) -> bytes:
    """Write the members in the order given, with the date 1980-01-01 and nothing optional."""
    body, directory = b"", b""
    for name, content in members.items():
        offset, label = len(body), name.encode("ascii")
        sizes = (zlib.crc32(content), len(content), len(content), len(label), 0)
        facts = (VERSION_NEEDED, 0, 0, 0, FIRST_OF_1980, *sizes)
        body += LOCAL.pack(b"PK\x03\x04", *facts) + label + content
        directory += CENTRAL.pack(b"PK\x01\x02", VERSION_NEEDED, *facts, 0, 0, 0, 0, offset) + label
    count = len(members)
    end = END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end


def read(data: bytes, most_members: int) -> dict[str, bytes]:
    """Return the members by name; raise ZipRefused for anything unusual."""
    try:
        return _read(data, most_members)
    except struct.error as error:
        raise ZipRefused("The zip is cut off in the middle of a header.") from error


def _read(data: bytes, most_members: int) -> dict[str, bytes]:
    start, stop, count = _directory(data, most_members)
    members: dict[str, bytes] = {}
    position, row = 0, start
    while row < stop:
        entry, name, row = _entry(data, row)
        if name in members:
            raise ZipRefused(f"The zip names the member {name!a} twice.")
        if entry.offset != position:
            raise ZipRefused(f"The member {name!a} does not follow the one before it.")
        members[name], position = _member(data, entry, name)
    if (position, row, len(members)) != (start, stop, count):
        raise ZipRefused("The zip holds bytes or rows that belong to no member.")
    return members


def _directory(data: bytes, most_members: int) -> tuple[int, int, int]:
    """Find the central directory: from where, up to where, and how many rows it has."""
    tail = len(data) - END.size
    if tail < 0:
        raise ZipRefused("The zip is cut off.")
    signature, disk, first_disk, here, count, size, start, comment = END.unpack_from(data, tail)
    if signature != b"PK\x05\x06" or comment:
        raise ZipRefused("The zip does not end with its end record; something was added or lost.")
    if (disk, first_disk) != (0, 0) or here != count or not 0 < count <= most_members:
        raise ZipRefused(f"The zip names {count} members; 1 to {most_members} are read.")
    stop = start + size
    if stop != tail and not _is_zip64_repeat(data[stop:tail], (count, size, start), stop):
        raise ZipRefused("The zip's directory does not end where its end record says.")
    return start, stop, count


def _is_zip64_repeat(between: bytes, facts: tuple[int, int, int], offset: int) -> bool:
    """Tell whether the bytes are the 64-bit end record that PyTorch adds, and say the same."""
    if len(between) != ZIP64_END.size + ZIP64_LOCATOR.size:
        return False
    signature, length, _, _, disk, first_disk, here, *same = ZIP64_END.unpack_from(between)
    return (
        (signature, length) == (b"PK\x06\x06", ZIP64_END.size - 12)
        and (disk, first_disk, here) == (0, 0, facts[0])
        and tuple(same) == facts
        and ZIP64_LOCATOR.unpack_from(between, ZIP64_END.size) == (b"PK\x06\x07", 0, offset, 1)
    )


def _entry(data: bytes, row: int) -> tuple[_Entry, str, int]:
    """Read one row of the central directory; return it, its name and where the next one begins."""
    entry = _Entry(*CENTRAL.unpack_from(data, row))
    end = row + CENTRAL.size + entry.name_length
    label = data[row + CENTRAL.size : end]
    if entry.signature != b"PK\x01\x02" or len(label) != entry.name_length:
        raise ZipRefused("The zip's directory is damaged.")
    try:
        name = label.decode()
    except UnicodeDecodeError as error:
        raise ZipRefused(f"The member name {label!a} is not UTF-8.") from error
    if entry.method or entry.packed != entry.size or entry.flags & ~(DESCRIBED_AFTER | UTF_8):
        raise ZipRefused(f"The member {name!a} is compressed or encrypted; plain ones are read.")
    if entry.extra_length or entry.comment_length or entry.disk:
        raise ZipRefused(f"The member {name!a} carries extra fields in the zip's directory.")
    return entry, name, end


def _member(data: bytes, entry: _Entry, name: str) -> tuple[bytes, int]:
    """Return a member's content and where the next one begins."""
    _check_local_header(data, entry, name)
    extra_length = LOCAL.unpack_from(data, entry.offset)[-1]
    begin = entry.offset + LOCAL.size + entry.name_length + extra_length
    content = data[begin : begin + entry.size]
    if len(content) != entry.size or zlib.crc32(content) != entry.checksum:
        raise ZipRefused(f"The member {name!a} is damaged: its checksum is wrong.")
    end = begin + entry.size
    if not entry.flags & DESCRIBED_AFTER:
        return content, end
    described = DESCRIPTOR.unpack_from(data, end)
    if described != (b"PK\x07\x08", entry.checksum, entry.size, entry.size):
        raise ZipRefused(f"The member {name!a} is followed by another size or checksum.")
    return content, end + DESCRIPTOR.size


def _check_local_header(data: bytes, entry: _Entry, name: str) -> None:
    signature, _, flags, method, _, _, *facts, label_length, _ = LOCAL.unpack_from(
        data, entry.offset
    )
    begin = entry.offset + LOCAL.size
    label = data[begin : begin + label_length]
    same = (signature, flags, method) == (b"PK\x03\x04", entry.flags, entry.method)
    known = [entry.checksum, entry.size, entry.size]
    stated = facts == known or (entry.flags & DESCRIBED_AFTER and facts == [0, 0, 0])
    if not (same and stated and label == name.encode()):
        raise ZipRefused(f"The member {name!a} is described differently in two places of the zip.")
