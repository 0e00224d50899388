"""A WebP in, the same WebP without its metadata out.

A WebP is a RIFF file: chunks with a name and a length, padded to even lengths; either one
bitstream alone, or an extended header (VP8X) before profile, alpha, bitstream and metadata (RFC
9649, part 2). Kept: bitstream, alpha, profile. The extended header is written anew. Of an
animation the first frame is kept if it fills the canvas. The rest goes, whatever stands after
the end of the RIFF included.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from registry.containers import exif
from registry.containers.parts import (
    MalformedPicture,
    Stripped,
    check_count,
    check_profile,
    truncated,
)

_RIFF_HEADER = 12  # "RIFF", the length of what follows, "WEBP".
_HAS_PROFILE, _HAS_ALPHA, _HAS_EXIF = 0x20, 0x10, 0x08
_EXTENDED_BYTES = 10
_FRAME_HEADER = 16
_LOSSY_START, _LOSSY_BYTES = b"\x9d\x01\x2a", 10
_LOSSLESS_START, _LOSSLESS_BYTES = b"\x2f", 5
_BITSTREAMS = frozenset({b"VP8 ", b"VP8L"})


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    body: bytes


def is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def strip(data: bytes) -> Stripped:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise truncated("last chunk")
    chunks = list(_chunks(data[:end], _RIFF_HEADER))
    if not chunks or chunks[0].name not in _BITSTREAMS | {b"VP8X"}:
        raise MalformedPicture("malformed", "doesn't begin with its header")
    if chunks[0].name == b"VP8X":
        return _strip_extended(chunks)
    width, height = _size(chunks[0])
    return Stripped(_joined(chunks[:1]), width, height, exif.UPRIGHT, _has_location(chunks))


def _strip_extended(chunks: Sequence[_Chunk]) -> Stripped:
    header = chunks[0]
    if len(header.body) < _EXTENDED_BYTES:
        raise truncated("header")
    canvas = _pair(header.body[4:10])
    picture = _picture(_still(chunks, canvas))
    if _size(picture[-1]) != canvas:
        raise MalformedPicture("malformed", "has a picture of another size than its header says")
    orientation = exif.orientation_of(_first(chunks, b"EXIF").removeprefix(exif.PREFIX))
    profile = _profile(chunks)
    metadata = _exif(orientation)
    flags = header.body[0] & _HAS_ALPHA
    flags |= _HAS_PROFILE if profile else 0
    flags |= _HAS_EXIF if metadata else 0
    extended = replace(header, body=bytes((flags, 0, 0, 0)) + header.body[4:_EXTENDED_BYTES])
    kept = _joined([extended, *profile, *picture, *metadata])
    return Stripped(kept, *canvas, orientation, _has_location(chunks))


def _chunks(data: bytes, position: int) -> Iterator[_Chunk]:
    count = 0
    while position < len(data):
        name = data[position : position + 4]
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        body = data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
        if len(body) != length or position > len(data):
            raise truncated(f"chunk {name.decode('latin-1')!a}")
        yield _Chunk(name, body)
        count += 1
        check_count(count)


def _still(chunks: Sequence[_Chunk], canvas: tuple[int, int]) -> Sequence[_Chunk]:
    """Return the chunks of the picture: all of them, or those of an animation's first frame."""
    frame = _first(chunks, b"ANMF")
    if not frame:
        return chunks
    if len(frame) < _FRAME_HEADER:
        raise truncated("first frame")
    if _pair(frame[6:12]) != canvas:
        raise MalformedPicture(
            "animated",
            "is an animation whose first frame does not fill the picture",
            "save a single frame",
        )
    return list(_chunks(frame, _FRAME_HEADER))


def _picture(chunks: Sequence[_Chunk]) -> list[_Chunk]:
    """Return the bitstream with its alpha chunk, if any, before it."""
    places = [index for index, chunk in enumerate(chunks) if chunk.name in _BITSTREAMS]
    if len(places) != 1:
        raise MalformedPicture("malformed", f"has {len(places):,} pictures instead of one")
    alphas = [chunk for chunk in chunks[: places[0]] if chunk.name == b"ALPH"]
    return [*alphas[:1], chunks[places[0]]]


def _size(bitstream: _Chunk) -> tuple[int, int]:
    """Return width and height as the bitstream's own header says them."""
    body = bitstream.body
    if bitstream.name == b"VP8 " and len(body) >= _LOSSY_BYTES and body[3:6] == _LOSSY_START:
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if bitstream.name == b"VP8L" and body[:1] == _LOSSLESS_START and len(body) >= _LOSSLESS_BYTES:
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise MalformedPicture("malformed", "has no size in its picture data")


def _pair(six: bytes) -> tuple[int, int]:
    """Read two numbers of 24 bits, each one less than what it means."""
    return int.from_bytes(six[:3], "little") + 1, int.from_bytes(six[3:], "little") + 1


def _profile(chunks: Sequence[_Chunk]) -> list[_Chunk]:
    profile = _first(chunks, b"ICCP")
    check_profile(len(profile))
    return [_Chunk(b"ICCP", profile)] if profile else []


def _exif(orientation: int) -> list[_Chunk]:
    if orientation == exif.UPRIGHT:
        return []
    return [_Chunk(b"EXIF", exif.orientation_only(orientation))]


def _has_location(chunks: Sequence[_Chunk]) -> bool:
    return any(
        exif.has_location(chunk.body.removeprefix(exif.PREFIX))
        or exif.mentions_location(chunk.body)
        for chunk in chunks
        if chunk.name in {b"EXIF", b"XMP "}
    )


def _first(chunks: Sequence[_Chunk], name: bytes) -> bytes:
    return next((chunk.body for chunk in chunks if chunk.name == name), b"")


def _joined(chunks: Sequence[_Chunk]) -> bytes:
    pieces = [b"WEBP"]
    for chunk in chunks:
        padding = b"\0" * (len(chunk.body) % 2)
        pieces += (chunk.name, len(chunk.body).to_bytes(4, "little"), chunk.body, padding)
    content = b"".join(pieces)
    return b"RIFF" + len(content).to_bytes(4, "little") + content
