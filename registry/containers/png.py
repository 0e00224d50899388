"""A PNG in, the same PNG without its metadata out.

A PNG is a row of chunks with a name, a length and a checksum (W3C PNG, third edition, section
5). Kept: header, palette, transparency, picture data, and what says which colours are meant. Of
an animation the picture that programs without animation show is kept. The rest goes, whatever
stands after the end chunk included.
"""

import zlib
from collections.abc import Iterator, Sequence

from registry.containers import exif
from registry.containers.parts import MalformedPicture, Stripped, check_profile
from registry.containers.png_chunks import MAGIC, Chunk, chunks, is_indexed, size_of
from registry.containers.png_texts import TEXT_CHUNKS, Text

# Colour chunks and the lengths that they may have, so that nothing can be hidden in one.
_COLOUR_LENGTHS = {
    b"PLTE": range(3, 769, 3),
    b"tRNS": range(1, 257),
    b"sBIT": range(1, 5),
    b"sRGB": range(1, 2),
    b"gAMA": range(4, 5),
    b"cHRM": range(32, 33),
    b"cICP": range(4, 5),
    b"mDCV": range(24, 25),
    b"cLLI": range(8, 9),
}

# What Pillow is willing to inflate of a profile or of a text.
_MAX_INFLATED = 1024 * 1024

# Texts that are worth inflating, to see whether they tell a place.
_TEXTS = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0", b"Raw profile type APP1\0")
_MAX_TEXTS = 16


def strip(data: bytes) -> Stripped:
    found = list(chunks(data))
    width, height = size_of(found[0])
    first, last = _picture_data(found)
    header = found[1:first]
    colours = list(_colours(header))
    if is_indexed(found[0]) and not _first(colours, b"PLTE"):
        raise MalformedPicture("malformed", "has no palette before its picture data")
    orientation = exif.orientation_of(_first(header, b"eXIf"))
    kept = [
        found[0],
        *colours,
        *_exif(orientation),
        *found[first:last],
        Chunk(b"IEND", b""),
    ]
    return Stripped(_joined(kept), width, height, orientation, _has_location(found))


def _picture_data(chunks: Sequence[Chunk]) -> tuple[int, int]:
    """Return where the picture data begins and ends; it must be in one run."""
    places = [index for index, chunk in enumerate(chunks) if chunk.name == b"IDAT"]
    if not places:
        raise MalformedPicture("malformed", "has no picture data")
    first, last = places[0], places[-1] + 1
    if last - first != len(places):
        raise MalformedPicture("malformed", "has other chunks between its picture data")
    return first, last


def _colours(header: Sequence[Chunk]) -> Iterator[Chunk]:
    """Yield each colour chunk once, in their order; later ones of a name don't count."""
    seen: set[bytes] = set()
    for chunk in header:
        if chunk.name in seen:
            continue
        seen.add(chunk.name)
        if len(chunk.body) in _COLOUR_LENGTHS.get(chunk.name, ()):
            yield chunk
        if chunk.name == b"iCCP":
            yield from _profile(chunk.body)


def _profile(body: bytes) -> Iterator[Chunk]:
    """Yield the profile under a name of ours, without bytes after its end; none if it is broken."""
    _, _, rest = body.partition(b"\0")
    method, compressed = rest[:1], rest[1:]
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(compressed, _MAX_INFLATED + 1)
    except zlib.error:
        return
    check_profile(len(profile), _MAX_INFLATED)
    if method == b"\0" and inflater.eof:
        used = len(compressed) - len(inflater.unused_data)
        yield Chunk(b"iCCP", b"ICC profile\0\0" + compressed[:used])


def _exif(orientation: int) -> Iterator[Chunk]:
    if orientation != exif.UPRIGHT:
        yield Chunk(b"eXIf", exif.orientation_only(orientation))


def _has_location(chunks: Sequence[Chunk]) -> bool:
    blocks = (chunk.body for chunk in chunks if chunk.name == b"eXIf")
    texts = [c for c in chunks if c.name in TEXT_CHUNKS and c.body.startswith(_TEXTS)]
    return any(map(exif.has_location, blocks)) or any(
        exif.mentions_location(text) or _raw_profile_tells_place(text)
        for text in map(_text, texts[:_MAX_TEXTS])
    )


def _text(chunk: Chunk) -> bytes:
    found = Text.of(chunk)
    return _inflated(found.body) if found.is_compressed else found.body


def _inflated(compressed: bytes) -> bytes:
    """Return at most a mebibyte of the text, or nothing where it can't be read."""
    try:
        return zlib.decompressobj().decompress(compressed, _MAX_INFLATED)
    except zlib.error:
        return b""


def _raw_profile_tells_place(text: bytes) -> bool:
    """Read EXIF or XMP in hexadecimal digits after three lines of heading (ImageMagick's)."""
    digits = b"".join(text.split(b"\n")[3:])
    try:
        block = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return False
    return exif.has_location(block.removeprefix(exif.PREFIX)) or exif.mentions_location(block)


def _first(chunks: Sequence[Chunk], name: bytes) -> bytes:
    return next((chunk.body for chunk in chunks if chunk.name == name), b"")


def _joined(chunks: Sequence[Chunk]) -> bytes:
    pieces = [MAGIC]
    for chunk in chunks:
        checksum = zlib.crc32(chunk.body, zlib.crc32(chunk.name))
        pieces += (
            len(chunk.body).to_bytes(4, "big"),
            chunk.name,
            chunk.body,
            checksum.to_bytes(4, "big"),
        )
    return b"".join(pieces)
