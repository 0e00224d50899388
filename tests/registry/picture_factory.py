"""Pictures made on the spot: by Pillow where it can, byte by byte where it can't."""

import struct
import zlib
from io import BytesIO
from itertools import product
from typing import Any

import numpy as np
from PIL import Image

XMP_WITH_GPS = b'<rdf:Description exif:GPSLatitude="52,31.2N" exif:GPSLongitude="13,24.3E"/>'

_GPS = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}


def photo(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    """Draw gradients with some noise, the same ones every time."""
    y, x = np.mgrid[0:height, 0:width]  # [height, width]
    noise = np.random.default_rng(7).integers(0, 40, (height, width, 4))  # [height, width, 4]
    waves = np.stack([x * 2, y * 3, x + y, 255 - x], axis=-1) % 216  # [height, width, 4]
    samples = (waves + noise).astype(np.uint8)  # [height, width, 4]
    if mode == "RGBA":
        return Image.fromarray(samples)
    if mode == "CMYK":
        return Image.merge("CMYK", [Image.fromarray(samples[..., i]) for i in range(4)])
    return Image.fromarray(np.ascontiguousarray(samples[..., :3])).convert(mode)


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def exif(orientation: int = 1, make: str = "Camera of a person", *places: int) -> bytes:
    """Write EXIF with an orientation and a maker; `places` are the tags of the GPS directory."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = make
    if places:
        block[0x8825] = {place: _GPS[place] for place in places}
    return block.tobytes()


def exif_with_gps(orientation: int = 1) -> bytes:
    return exif(orientation, "Camera of a person", 1, 2, 3, 4)


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """Put segments behind the start of a JPEG."""
    return data[:2] + b"".join(segments) + data[2:]


def png_chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunks(data: bytes, *chunks: bytes) -> bytes:
    """Put chunks behind the header of a PNG."""
    return data[:33] + b"".join(chunks) + data[33:]


def raw_png(colour_type: int, depth: int, rows: list[bytes], *chunks: bytes) -> bytes:
    """Write a PNG as wide as high from packed rows, with chunks before the picture data."""
    header = struct.pack(">IIBBBBB", len(rows), len(rows), depth, colour_type, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *chunks,
            png_chunk(b"IDAT", body),
            png_chunk(b"IEND"),
        )
    )


def riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def webp(*chunks: bytes) -> bytes:
    content = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def animation(file_format: str, **options: Any) -> bytes:
    frames = [photo(64, 48, "RGBA"), photo(64, 48, "RGBA").rotate(180)]
    return encoded(frames[0], file_format, save_all=True, append_images=frames[1:], **options)


def swapping_profile() -> bytes:
    """Write an RGB profile (ICC.1:2001) whose red is sRGB's green and whose green is its red."""
    red, green, blue = (0.3851, 0.7169, 0.0971), (0.4360, 0.2225, 0.0139), (0.1431, 0.0606, 0.7141)
    gamma = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256))
    return _profile(
        b"mntrRGB XYZ ",
        {
            b"wtpt": _xyz(0.9642, 1.0, 0.8249),
            b"rXYZ": _xyz(*red),
            b"gXYZ": _xyz(*green),
            b"bXYZ": _xyz(*blue),
            b"rTRC": gamma,
            b"gTRC": gamma,
            b"bTRC": gamma,
        },
    )


def dark_grey_profile() -> bytes:
    """Write a grey profile whose greys are much darker than sRGB's."""
    gamma = b"curv" + bytes(4) + struct.pack(">IH", 1, 5 * 256)
    tags = {b"wtpt": _xyz(0.9642, 1.0, 0.8249), b"kTRC": gamma}
    return _profile(b"mntrGRAYXYZ ", tags)


def colourless_ink_profile() -> bytes:
    """Write a CMYK profile in which only black ink leaves a trace."""
    identity = bytes(range(256))
    corners = [bytes((0 if black else 255, 128, 128)) for *_, black in product((0, 1), repeat=4)]
    matrix = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    table = (
        b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix
        + identity * 4 + b"".join(corners) + identity * 3
    )  # fmt: skip
    return _profile(b"prtrCMYKLab ", {b"wtpt": _xyz(0.9642, 1.0, 0.8249), b"A2B0": table})


def _profile(kinds: bytes, tags: dict[bytes, bytes]) -> bytes:
    position = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += name + struct.pack(">II", position + len(body), len(value))
        body += padded
    white = struct.pack(">3i", *(round(part * 65536) for part in (0.9642, 1.0, 0.8249)))
    head = (
        struct.pack(">I4xI", position + len(body), 0x02100000) + kinds + bytes(12)
        + b"acsp" + bytes(28) + white + bytes(48)
    )  # fmt: skip
    return head + table + body


def _xyz(*parts: float) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(part * 65536) for part in parts))
