"""A zip file in; its central directory out, and where each member's data begins.

Everything in a zip is said twice, in the central directory and beside the data, and programs differ
in whom they believe. Here both must agree, and the parts must follow one another without a gap or
an overlap from the first byte to the last. So all programs see the same members, and nothing else
is in the file. Layout: PKWARE APPNOTE 6.3.10, sections 4.3.6 to 4.3.16 and 4.5.3.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Final

from registry.containers.zip_end import read_at, read_end
from registry.containers.zip_refusals import ArchiveRefused, archive_refused, member_refused

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_EXTRA: Final = struct.Struct("<2H")
_LOCAL_MARK: Final = b"PK\x03\x04"
_CENTRAL_MARK: Final = b"PK\x01\x02"
_DESCRIPTOR_MARK: Final = b"PK\x07\x08"

_DESCRIBED_AFTER: Final = 1 << 3  # Flag: checksum and sizes follow the data.
_UTF_8: Final = 1 << 11  # Flag: the name is UTF-8.
_WIDE: Final = 1  # Extra field with numbers of 64 bits.
_SEE_WIDE: Final = 0xFFFF_FFFF  # In a narrow field: the number is in the extra field.

# 6,000 members with long names and the usual extra fields have a tenth of it.
_MAX_DIRECTORY_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """What the central directory says of one member."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int  # bytes in the archive
    size: int  # bytes once read
    unix_mode: int
    offset: int  # where the local header begins


def read_directory(file: IO[bytes], most: int) -> tuple[list[Record], Mapping[int, int]]:
    """Return the records of at most `most` members, and for each offset where the data begins."""
    end = read_end(file)
    if end.entries > most:
        raise archive_refused(
            "too-many-entries", f"has {end.entries:,} entries, and {most:,} are the most; split it"
        )
    if end.size > _MAX_DIRECTORY_BYTES:
        raise archive_refused("malformed", f"has a directory of {end.size:,} bytes")
    directory = BytesIO(read_at(file, end.offset, end.size))
    records = [_record(directory) for _ in range(end.entries)]
    if directory.read(1):
        raise archive_refused("malformed", "has more in its directory than it says")
    return records, _data_starts(file, records, end.offset)


def _record(directory: IO[bytes]) -> Record:
    """Read the next entry; the fields are named as in APPNOTE 4.3.12."""
    head = directory.read(_CENTRAL.size)
    if len(head) < _CENTRAL.size or not head.startswith(_CENTRAL_MARK):
        raise archive_refused("malformed", "has fewer entries in its directory than it says")
    _, _, _, flags, method, _, _, crc, compressed, size, *lengths, disk, _, external, offset = (
        _CENTRAL.unpack(head)
    )
    raw_name, extra, comment = (directory.read(length) for length in lengths)
    if [len(raw_name), len(extra), len(comment)] != lengths:
        raise archive_refused("malformed", "has a directory that is cut off")
    if disk:
        raise archive_refused("multi-disk", "is one part of several; join them first")
    name = _decoded(raw_name, flags)
    size, compressed, offset = _widened((size, compressed, offset), extra, name)
    return Record(name, raw_name, flags, method, crc, compressed, size, external >> 16, offset)


def _decoded(raw_name: bytes, flags: int) -> str:
    """Decode a name: UTF-8, also where it is not declared (macOS); else code page 437."""
    try:
        return raw_name.decode("utf-8")
    except UnicodeDecodeError as error:
        if flags & _UTF_8:
            name = raw_name.decode("utf-8", "replace")
            raise member_refused(name, "unsafe-name", "has a name that is not UTF-8") from error
        return raw_name.decode("cp437")


def _widened(numbers: tuple[int, ...], extra: bytes, name: str) -> tuple[int, ...]:
    """Take numbers that didn't fit their fields from the extra field; it must hold just those."""
    missing = numbers.count(_SEE_WIDE)
    fields = [body for kind, body in _extra_fields(extra, name) if kind == _WIDE]
    if not missing and not fields:
        return numbers
    if len(fields) != 1 or not missing or len(fields[0]) != 8 * missing:
        raise member_refused(name, "zip64", "has sizes that contradict each other (zip64)")
    wide = iter(struct.unpack(f"<{missing}Q", fields[0]))
    return tuple(next(wide) if number == _SEE_WIDE else number for number in numbers)


def _extra_fields(extra: bytes, name: str) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + _EXTRA.size <= len(extra):  # Some programs pad with less than a field.
        kind, length = _EXTRA.unpack_from(extra, position)
        position += _EXTRA.size + length
        if position > len(extra):
            raise member_refused(name, "malformed", "has an extra field that is cut off")
        yield kind, extra[position - length : position]


def _data_starts(file: IO[bytes], records: Sequence[Record], directory: int) -> dict[int, int]:
    """Walk from the first byte to the directory, from one member to the next."""
    ordered = sorted(records, key=lambda record: record.offset)
    ends = [*(record.offset for record in ordered), directory][1:]
    starts: dict[int, int] = {}
    position = 0
    for record, end in zip(ordered, ends, strict=True):
        _check_follows(record.offset, position, record.name)
        starts[record.offset] = _data_start(file, record)
        position = starts[record.offset] + record.compressed
        if record.flags & _DESCRIBED_AFTER:
            _check_descriptor(file, record, position, end)
            position = end
    _check_follows(directory, position, "The directory")
    return starts


def _check_follows(offset: int, position: int, name: str) -> None:
    """Check that what begins at `offset` follows what ended at `position`."""
    if offset < position:
        raise member_refused(name, "overlap", "begins inside of another member")
    if offset > position:
        code = "hidden-data" if position else "prepended-data"
        between = f"comes after {offset - position:,} bytes that belong to nothing"
        raise member_refused(name, code, f"{between}; zip the pictures again")


def _data_start(file: IO[bytes], record: Record) -> int:
    """Return where the data begins, behind a local header that says what the directory says."""
    head = read_at(file, record.offset, _LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(_LOCAL_MARK):
        raise member_refused(record.name, "malformed", "is not where the directory says")
    _, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = _LOCAL.unpack(
        head
    )
    raw_name = file.read(name_length)
    extra = file.read(extra_length)
    size, compressed = _widened((size, compressed), extra, record.name)
    agrees = (raw_name, flags, method) == (record.raw_name, record.flags, record.method)
    if not agrees or not _facts_agree((crc, compressed, size), record):
        raise _mismatch(record.name)
    return file.tell()


def _facts_agree(facts: Sequence[int], record: Record) -> bool:
    """Compare checksum and sizes; what is described after the data may be 0 before it."""
    expected = (record.crc, record.compressed, record.size)
    unknown = 0 if record.flags & _DESCRIBED_AFTER else None
    return all(said in {true, unknown} for said, true in zip(facts, expected, strict=True))


def _check_descriptor(file: IO[bytes], record: Record, position: int, end: int) -> None:
    """Check that checksum and sizes, in one of four forms, fill the bytes after the data."""
    facts = (record.crc, record.compressed, record.size)
    narrow = struct.pack("<3L", *(fact & _SEE_WIDE for fact in facts))
    wide = struct.pack("<L2Q", *facts)
    forms = {narrow, _DESCRIPTOR_MARK + narrow, wide, _DESCRIPTOR_MARK + wide}
    if end < position:
        raise member_refused(record.name, "overlap", "reaches into what follows it")
    if (
        end - position > max(map(len, forms))
        or read_at(file, position, end - position) not in forms
    ):
        raise _mismatch(record.name)


def _mismatch(name: str) -> ArchiveRefused:
    return member_refused(
        name, "header-mismatch", "is described in two ways that differ; zip the pictures again"
    )
