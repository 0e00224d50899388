"""A zip of pictures in; which members it has, and the bytes of each, out.

`inspect` judges the whole archive by its headers before anything is decompressed, `read` one member
while it is decompressed. Nothing is ever unpacked to a path. The rules for the layout are in
`containers.zip_directory`, those for a single member in `member_rules`.
"""

import os
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Final

from registry import member_rules
from registry.containers.zip_directory import Record, read_directory
from registry.containers.zip_refusals import ArchiveRefused, archive_refused, member_refused

__all__ = ["ArchiveRefused", "Entry", "Limits", "Listing", "inspect", "read"]

# Macs add a hidden companion to each picture, and folders are entries as well.
_ENTRIES_A_PICTURE: Final = 3

_CHUNK: Final = 64 * 1024  # bytes that are decompressed at a time


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold."""

    entries: int = 2_000  # that are not skipped
    total_bytes: int = 2_000_000_000  # of the archive, and of all members once read
    member_bytes: int = 30_000_000  # of one member once read
    ratio: int = 100  # of the bytes once read to those in the archive
    depth: int = 3  # folders above a member


@dataclass(frozen=True, slots=True)
class Entry:
    """One member that may be a picture, and where its data is."""

    name: str
    size: int  # bytes once read
    compressed: int  # bytes in the archive
    crc: int
    method: int
    start: int  # of the data in the archive


@dataclass(frozen=True, slots=True)
class Listing:
    """The members in the order of the directory, and the names that were skipped as litter."""

    entries: tuple[Entry, ...]
    skipped: tuple[str, ...]  # Folders, hidden files and what systems leave behind.


def inspect(file: IO[bytes], limits: Limits) -> Listing:
    """Return what the archive holds, or raise ArchiveRefused. Only headers are read."""
    size = file.seek(0, os.SEEK_END)
    if size > limits.total_bytes:
        raise _too_large(size, limits)
    records, starts = read_directory(file, limits.entries * _ENTRIES_A_PICTURE)
    for record in records:
        member_rules.check_kind(record)
        member_rules.check_name(record.name)
    _check_duplicates(records)
    skipped = tuple(record.name for record in records if member_rules.is_litter(record.name))
    wanted = [record for record in records if not member_rules.is_litter(record.name)]
    for record in wanted:
        member_rules.check_place(record.name, limits.depth)
        _check_ratio(record, record.size, limits)
    _check_total(wanted, limits)
    entries = tuple(
        Entry(r.name, r.size, r.compressed, r.crc, r.method, starts[r.offset]) for r in wanted
    )
    return Listing(entries, skipped)


def read(file: IO[bytes], entry: Entry, limits: Limits) -> bytes:
    """Return the bytes of a member, or raise ArchiveRefused as soon as it breaks a rule."""
    if entry.size > limits.member_bytes:
        raise member_refused(
            entry.name,
            "member-too-large",
            f"has {entry.size:,} bytes, and {limits.member_bytes:,} are the most; save it smaller",
        )
    content = bytearray()
    for piece in _pieces(file, entry):
        content += piece
        _check_ratio(entry, len(content), limits)
        if len(content) > entry.size:
            break
    if len(content) != entry.size or zlib.crc32(content) != entry.crc:
        raise _corrupt(entry.name)
    return bytes(content)


def _check_duplicates(records: Sequence[Record]) -> None:
    names = Counter(record.name for record in records)
    name, count = next(iter(names.most_common(1)), ("", 0))
    if count > 1:
        raise member_refused(name, "duplicate-name", f"is there {count} times; rename the others")


def _check_ratio(member: Record | Entry, size: int, limits: Limits) -> None:
    if size > limits.ratio * member.compressed:
        raise member_refused(
            member.name,
            "ratio",
            f"becomes more than {limits.ratio} times larger, as no picture does",
        )


def _check_total(records: Sequence[Record], limits: Limits) -> None:
    if not records:
        raise archive_refused("empty", "holds no files")
    if len(records) > limits.entries:
        raise archive_refused(
            "too-many-entries",
            f"holds {len(records):,} files, and {limits.entries:,} are the most; split it",
        )
    total = sum(record.size for record in records)
    if total > limits.total_bytes:
        raise _too_large(total, limits)


def _pieces(file: IO[bytes], entry: Entry) -> Iterator[bytes]:
    chunks = _chunks(file, entry)
    return chunks if entry.method == member_rules.STORED else _inflated(chunks, entry.name)


def _chunks(file: IO[bytes], entry: Entry) -> Iterator[bytes]:
    """Yield the member's data as it is in the archive."""
    file.seek(entry.start)
    remaining = entry.compressed
    while remaining:
        chunk = file.read(min(remaining, _CHUNK))
        if not chunk:
            raise _corrupt(entry.name)
        remaining -= len(chunk)
        yield chunk


def _inflated(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Decompress at most 64 kB at a time, so that little is made before the caller has looked."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for chunk in chunks:
            if inflater.eof:
                raise _corrupt(name)
            rest = chunk
            while rest:
                yield inflater.decompress(rest, _CHUNK)
                rest = inflater.unconsumed_tail
        yield inflater.flush()  # Some bytes of the last match at most: all input was taken in.
    except zlib.error as error:
        raise _corrupt(name) from error
    if not inflater.eof or inflater.unused_data:
        raise _corrupt(name)


def _too_large(size: int, limits: Limits) -> ArchiveRefused:
    return archive_refused(
        "too-large", f"has {size:,} bytes, and {limits.total_bytes:,} are the most; split it"
    )


def _corrupt(name: str) -> ArchiveRefused:
    return member_refused(name, "corrupt", "is not what its size and checksum say; zip it again")
