"""A PNG in, its chunks out, each with its checksum checked; nothing is decoded.

A PNG is a row of chunks with a name, a length and a checksum (W3C PNG, third edition, section
5). What stands after the end chunk is not read.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from registry.containers.parts import MalformedPicture, check_count, truncated

MAGIC = b"\x89PNG\r\n\x1a\n"

_HEADER = struct.Struct(
    ">II5B"
)  # Width, height, depth, colour type, compression, filter, interlace.

_CHECKSUM_BYTES = 4
_INDEXED = 3  # the colour type of pixels that are numbers of colours in a palette


@dataclass(frozen=True, slots=True)
class Chunk:
    name: bytes
    body: bytes


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks up to the end chunk; raise MalformedPicture where one is cut or wrong."""
    position = len(MAGIC)
    name = b""
    count = 0
    while name != b"IEND":
        length = int.from_bytes(data[position : position + 4], "big")
        name = data[position + 4 : position + 8]
        body = data[position + 8 : position + 8 + length]
        checksum = data[position + 8 + length : position + 12 + length]
        if len(checksum) != _CHECKSUM_BYTES:
            raise truncated(f"chunk {shown(name)}" if name else "last chunk")
        if int.from_bytes(checksum, "big") != zlib.crc32(body, zlib.crc32(name)):
            raise MalformedPicture("malformed", f"has a wrong checksum in its chunk {shown(name)}")
        yield Chunk(name, body)
        position += 12 + length
        count += 1
        check_count(count)


def shown(name: bytes) -> str:
    """Return a chunk's name, or a text's key, fit to stand in a sentence."""
    return ascii(name.decode("latin-1"))


def size_of(header: Chunk) -> tuple[int, int]:
    """Return width and height, in pixels, as the first chunk says them."""
    if header.name != b"IHDR" or len(header.body) != _HEADER.size:
        raise MalformedPicture("malformed", "doesn't begin with its header")
    width, height, *_ = _HEADER.unpack(header.body)
    return width, height


def is_indexed(header: Chunk) -> bool:
    """Tell whether the pixels are numbers of a palette's colours; after `size_of` looked at it."""
    _, _, _, colour_type, *_ = _HEADER.unpack(header.body)
    return bool(colour_type == _INDEXED)
