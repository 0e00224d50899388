"""Zips written field by field, so that each can break exactly one rule; and how they are read."""

import struct
import zlib
from dataclasses import dataclass, field, replace
from io import BytesIO

import pytest

from registry.archives import ArchiveRefused, Limits, inspect, read

MARK_LOCAL, MARK_CENTRAL, MARK_END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
DESCRIBED_AFTER = 1 << 3
UTF_8 = 1 << 11
MAX_32 = 0xFFFF_FFFF


@dataclass(frozen=True)
class Said:
    """What one of the two headers says of a member."""

    name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    extra: bytes = b""


@dataclass(frozen=True)
class Member:
    """A member: its data, and what is said of it in both places."""

    data: bytes
    local: Said
    central: Said
    descriptor: bytes = b""
    unix_mode: int = 0o100644
    disk: int = 0
    gap: bytes = b""  # Bytes before the local header.
    offset: int | None = None  # Instead of the true one.
    is_written: bool = True  # Or only in the directory.


def member(name: str, content: bytes = b"picture", method: int = 8, flags: int = UTF_8) -> Member:
    data = deflated(content) if method == 8 else content
    said = Said(name.encode(), flags, method, zlib.crc32(content), len(data), len(content))
    return Member(data, said, said)


def streamed(name: str, content: bytes = b"picture", descriptor: str = "<4s3L") -> Member:
    """Make a member as programs do that can't seek: sizes after the data only."""
    plain = member(name, content, flags=UTF_8 | DESCRIBED_AFTER)
    said = plain.central
    facts = (said.crc, said.compressed, said.size)
    marked = (b"PK\x07\x08", *facts) if "s" in descriptor else facts
    local = replace(said, crc=0, compressed=0, size=0)
    return replace(plain, local=local, descriptor=struct.pack(descriptor, *marked))


def changed(original: Member, **changes: object) -> Member:
    """Change what both headers say."""
    local = replace(original.local, **changes)  # type: ignore[arg-type]
    central = replace(original.central, **changes)  # type: ignore[arg-type]
    return replace(original, local=local, central=central)


@dataclass(frozen=True)
class Layout:
    """What an archive has besides its members."""

    before: bytes = b""
    before_directory: bytes = b""
    after_directory: bytes = b""
    wide_end: bytes = b""
    after_end: bytes = b""
    end: dict[str, int] = field(default_factory=dict)  # Fields of the end record to change.


def archive(*members: Member, layout: Layout | None = None) -> BytesIO:
    layout = layout or Layout()
    body, directory = bytearray(layout.before), bytearray()
    for one in members:
        body += one.gap
        directory += _central(one, len(body) if one.offset is None else one.offset)
        body += local_header(one.local) + one.data + one.descriptor if one.is_written else b""
    body += layout.before_directory
    end = {
        "disk": 0,
        "first_disk": 0,
        "here": len(members),
        "count": len(members),
        "size": len(directory),
        "offset": len(body),
        "comment": 0,
    } | layout.end
    return BytesIO(
        bytes(body)
        + bytes(directory)
        + layout.after_directory
        + layout.wide_end
        + struct.pack("<4s4H2LH", MARK_END, *end.values())
        + layout.after_end
    )


def wide_end(count: int, size: int, offset: int, locator_offset: int) -> bytes:
    """Write the zip64 end record and its locator."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, locator_offset, 1)


def wide_extra(*numbers: int) -> bytes:
    return struct.pack("<2H", 1, 8 * len(numbers)) + struct.pack(f"<{len(numbers)}Q", *numbers)


def deflated(content: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


def local_header(said: Said) -> bytes:
    lengths = (len(said.name), len(said.extra))
    sizes = (said.crc, said.compressed, said.size)
    head = struct.pack(
        "<4s5H3L2H", MARK_LOCAL, 20, said.flags, said.method, 0, 33, *sizes, *lengths
    )
    return head + said.name + said.extra


def _central(one: Member, offset: int) -> bytes:
    said = one.central
    head = struct.pack(
        "<4s6H3L5H2L",
        MARK_CENTRAL,
        0x031E,
        20,
        said.flags,
        said.method,
        0,
        33,
        said.crc,
        said.compressed,
        said.size,
        len(said.name),
        len(said.extra),
        0,
        one.disk,
        0,
        one.unix_mode << 16,
        offset,
    )
    return head + said.name + said.extra


def refusal(file: BytesIO, limits: Limits | None = None) -> ArchiveRefused:
    with pytest.raises(ArchiveRefused) as caught:
        contents(file, limits)
    assert caught.value.detail.endswith(".")
    assert str(caught.value) == caught.value.detail
    return caught.value


def contents(file: BytesIO, limits: Limits | None = None) -> dict[str, bytes]:
    limits = limits or Limits()
    listing = inspect(file, limits)
    return {e.name: read(file, e, limits) for e in listing.entries}
