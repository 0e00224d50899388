"""A JPEG in, the same JPEG without its metadata out.

A JPEG is a row of segments, each begun by a marker; the compressed picture follows the segments
that start a scan, and holds no marker but restarts (ITU-T T.81, annex B). Kept as they are:
tables, frame and scans. Written anew: JFIF and Adobe segments, since they decide the colour
transform; the profile; the orientation. The rest goes, whatever stands after the end of the
picture included.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.containers import exif
from registry.containers.parts import (
    MalformedPicture,
    Stripped,
    check_count,
    check_profile,
    truncated,
)

MAGIC = b"\xff\xd8\xff"

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_HUFFMAN_TABLES, _QUANTISATION_TABLES, _RESTART_INTERVAL = 0xC4, 0xDB, 0xDD
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # Baseline, extended, progressive: what browsers show.
_OTHER_FRAMES = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_KEPT = _FRAMES | {_SCAN, _HUFFMAN_TABLES, _QUANTISATION_TABLES, _RESTART_INTERVAL}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, _END)})

# Ten scans are usual. Thousands of empty ones make a small file that takes minutes to decode.
_MAX_SCANS = 64

# Both patterns are linear: the first can't give back what it took, the second looks at two bytes.
_MARKER = re.compile(rb"\xff++([^\x00])", re.DOTALL)
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)

_FRAME = struct.Struct(">BHH")  # Bits of a sample, height, width.
_JFIF = b"JFIF\0"
_JFIF_BYTES = 14
_ADOBE = b"Adobe"
_ADOBE_BYTES = 12
_ICC = b"ICC_PROFILE\0"
_ICC_PIECE_BYTES = 0xFFFF - 2 - len(_ICC) - 2
_MAX_ICC_PIECES = 255


@dataclass(frozen=True, slots=True)
class _Segment:
    marker: int
    body: bytes
    scan: bytes = b""  # Compressed data; only after the start of a scan.


def strip(data: bytes) -> Stripped:
    segments = list(_segments(data))
    first_scan = _first_scan(segments)
    header = segments[:first_scan]
    _check_frames(segments)
    width, height = _size(header)
    blocks = _exif_blocks(header)
    orientation = exif.orientation_of(b"".join(blocks))
    kept = [
        *_jfif(header),
        *_exif(orientation),
        *_profile(header),
        *_adobe(header),
        *(segment for segment in segments if segment.marker in _KEPT),
    ]
    had_location = _has_location(segments, blocks)
    return Stripped(_joined(kept), width, height, orientation, had_location)


def _segments(data: bytes) -> Iterator[_Segment]:
    """Yield what stands between the start and the end of the picture; the rest is not looked at."""
    count = 0
    marker, position = _marker(data, len(MAGIC) - 1)
    while marker != _END:
        length = int.from_bytes(data[position : position + 2], "big")
        body = data[position + 2 : position + length]
        if len(body) != length - 2:
            raise truncated(f"segment {marker:#04x}")
        position += length
        end = _end_of_scan(data, position) if marker == _SCAN else position
        yield _Segment(marker, body, data[position:end].rstrip(b"\xff"))  # Without fill bytes.
        count += 1
        check_count(count)
        marker, position = _marker(data, end)


def _marker(data: bytes, position: int) -> tuple[int, int]:
    """Return the marker at `position`, which may have fill bytes before it, and where it ends."""
    found = _MARKER.match(data, position)
    if found is None:
        if not data[position:].strip(b"\xff"):
            raise truncated("last segment")
        raise MalformedPicture("malformed", f"has no marker at byte {position:,} where one is due")
    marker = found[1][0]
    if marker in _WITHOUT_LENGTH:
        raise MalformedPicture("malformed", f"has the marker {marker:#04x} outside of a scan")
    return marker, found.end()


def _end_of_scan(data: bytes, position: int) -> int:
    found = _END_OF_SCAN.search(data, position)
    if found is None:
        raise truncated("picture data")
    return found.start()


def _first_scan(segments: Sequence[_Segment]) -> int:
    scans = [index for index, segment in enumerate(segments) if segment.marker == _SCAN]
    if not scans:
        raise MalformedPicture("malformed", "has no picture data")
    if len(scans) > _MAX_SCANS:
        raise MalformedPicture(
            "malformed", f"has {len(scans):,} scans, and at most {_MAX_SCANS} are read"
        )
    return scans[0]


def _check_frames(segments: Sequence[_Segment]) -> None:
    frames = [segment.marker for segment in segments if segment.marker in _FRAMES | _OTHER_FRAMES]
    others = _OTHER_FRAMES.intersection(frames)
    if others:
        raise MalformedPicture(
            "unsupported-coding",
            f"is coded in a way that browsers don't show (frame {min(others):#04x})",
        )
    if len(frames) != 1:
        raise MalformedPicture("malformed", f"has {len(frames):,} frame headers instead of one")


def _size(header: Sequence[_Segment]) -> tuple[int, int]:
    frame = next((segment.body for segment in header if segment.marker in _FRAMES), b"")
    if len(frame) < _FRAME.size:
        raise MalformedPicture("malformed", "doesn't say its size before its picture data")
    _, height, width = _FRAME.unpack_from(frame)
    return width, height


def _jfif(header: Sequence[_Segment]) -> Iterator[_Segment]:
    """Yield a JFIF segment without thumbnail and resolution, where there was one."""
    if any(len(body) >= _JFIF_BYTES for body in _bodies(header, _APP0, _JFIF)):
        yield _Segment(_APP0, _JFIF + struct.pack(">HB2H2B", 0x0101, 0, 1, 1, 0, 0))


def _adobe(header: Sequence[_Segment]) -> Iterator[_Segment]:
    """Yield an Adobe segment with the colour transform of the last one, as decoders take it."""
    found = [b for b in _bodies(header, _APP14, _ADOBE) if len(b) >= _ADOBE_BYTES]
    if found:
        transform = found[-1][_ADOBE_BYTES - 1]
        yield _Segment(_APP14, _ADOBE + struct.pack(">3HB", 100, 0, 0, transform))


def _exif(orientation: int) -> Iterator[_Segment]:
    if orientation != exif.UPRIGHT:
        yield _Segment(_APP1, exif.PREFIX + exif.orientation_only(orientation))


def _exif_blocks(header: Sequence[_Segment]) -> list[bytes]:
    """Return the EXIF segments' contents; one that is longer than a segment goes on in the next."""
    return [body.removeprefix(exif.PREFIX) for body in _bodies(header, _APP1, exif.PREFIX)]


def _profile(header: Sequence[_Segment]) -> Iterator[_Segment]:
    """Yield the profile's pieces (ICC.1, annex B.4); a profile that lacks a piece is none."""
    pieces = sorted(body.removeprefix(_ICC) for body in _bodies(header, _APP2, _ICC))
    numbers = [(piece[0], piece[1]) for piece in pieces if len(piece) > 1]
    if numbers != [(number + 1, len(pieces)) for number in range(len(pieces))]:
        return
    profile = b"".join(piece[2:] for piece in pieces)
    check_profile(len(profile))
    starts = range(0, len(profile), _ICC_PIECE_BYTES)
    for number, start in enumerate(starts, 1):
        piece = profile[start : start + _ICC_PIECE_BYTES]
        yield _Segment(_APP2, _ICC + bytes((number, len(starts))) + piece)


def _has_location(segments: Sequence[_Segment], blocks: Sequence[bytes]) -> bool:
    return any(map(exif.has_location, (b"".join(blocks), *blocks))) or any(
        exif.mentions_location(segment.body) for segment in segments if segment.marker not in _KEPT
    )


def _bodies(header: Sequence[_Segment], marker: int, signature: bytes) -> Iterator[bytes]:
    return (
        segment.body
        for segment in header
        if segment.marker == marker and segment.body.startswith(signature)
    )


def _joined(segments: Sequence[_Segment]) -> bytes:
    pieces = [bytes((0xFF, _START))]
    for segment in segments:
        pieces += (_head(segment), segment.body, segment.scan)
    return b"".join((*pieces, bytes((0xFF, _END))))


def _head(segment: _Segment) -> bytes:
    return struct.pack(">BBH", 0xFF, segment.marker, len(segment.body) + 2)
