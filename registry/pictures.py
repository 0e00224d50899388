"""An uploaded file in; a picture that may be stored, or a refusal in a sentence, out.

The order is the point. The container is read and rewritten by our own code first, so that Pillow
sees neither metadata nor trailing data, and opens only what says to be small enough. Then the
whole picture is decoded from the very bytes that will be stored.

Of animations one picture is kept, and only that is stored: of a WebP its first frame, of a PNG
the one that programs without animation show.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final

from registry import metadata
from registry.decoding import PictureRefused, decoding
from registry.file_names import shown
from registry.pixels import PREPROCESSING, pixels, thumbnail

# The whole of what others need to know of pictures has one name, this module's.
__all__ = [
    "MOST_BYTES",
    "PREPROCESSING",
    "THUMBNAIL_SIDE",
    "Picture",
    "PictureRefused",
    "accept",
    "pixels",
    "thumbnail",
]

MOST_BYTES: Final = 30_000_000
MOST_PIXELS: Final = 50_000_000
QUICK_PIXELS: Final = 4_000_000  # decoded in a tenth of a second, whatever they show
MOST_PIXELS_A_BYTE: Final = 1_000  # a photograph has 20, a PNG of one colour 350
LONGEST_SIDE: Final = 16_384  # pixels
SHORTEST_SIDE: Final = 32  # pixels; less is an icon, and says nothing of a style
MOST_ELONGATED: Final = 20  # long side over short; more would be cropped to a sliver of it
THUMBNAIL_SIDE: Final = 256  # pixels, at most; kept beside each stored picture


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the three file formats that are accepted."""

    format: str  # Pillow's name for it, which is also the one in sentences.
    media_type: str
    extension: str
    extensions: frozenset[str]  # All that mean it.


_KINDS: Final = (
    _Kind("JPEG", "image/jpeg", "jpg", frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})),
    _Kind("PNG", "image/png", "png", frozenset({".png"})),
    _Kind("WEBP", "image/webp", "webp", frozenset({".webp"})),
)

# Only to name in a refusal what a file is instead.
_FOREIGN_STARTS: Final = MappingProxyType(
    {
        b"GIF8": "a GIF",
        b"BM": "a BMP",
        b"II*\0": "a TIFF",
        b"MM\0*": "a TIFF",
        b"%PDF": "a PDF",
        b"PK\x03\x04": "a ZIP",
        b"\0\0\0\x0cJXL ": "a JPEG XL",
        b"<svg": "an SVG",
    }
)
_BRAND = slice(4, 12)  # Where HEIC and AVIF say their names.
_FOREIGN_BRANDS: Final = MappingProxyType(
    {b"ftypavif": "an AVIF", b"ftypheic": "a HEIC", b"ftypheix": "a HEIC", b"ftypmif1": "a HEIC"}
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is stored."""

    data: bytes  # Without metadata; the image digest is the sha256 of this.
    media_type: str
    extension: str  # Without a dot.
    width: int  # Pixels as it is shown, that is upright.
    height: int
    had_location: bool  # The metadata told where it was taken, and was taken out.


def accept(name: str, data: bytes) -> Picture:
    """Return the picture in the file `name` with the bytes `data`, or raise PictureRefused."""
    if len(data) > MOST_BYTES:
        raise _refusal(
            name,
            "too-many-bytes",
            f"has {len(data):,} bytes, and {MOST_BYTES:,} are the most; save it smaller",
        )
    kind = _kind(name, data)
    try:
        stripped = metadata.strip(data, kind.media_type)
    except metadata.MalformedPicture as error:
        raise _refusal(name, error.code, f"{error.clause}; {error.remedy}") from error
    _check_size(name, stripped.width, stripped.height)
    _check_density(name, stripped)
    _check_decoding(name, kind, stripped)
    return Picture(
        stripped.data,
        kind.media_type,
        kind.extension,
        *stripped.upright_size,
        had_location=stripped.had_location,
    )


def _kind(name: str, data: bytes) -> _Kind:
    """Return the kind that the extension and the first bytes agree on."""
    extension = PurePosixPath(name).suffix.lower()
    promised = next((kind for kind in _KINDS if extension in kind.extensions), None)
    if promised is None:
        raise _refusal(
            name, "unknown-extension", "is not named .jpg, .jpeg, .png or .webp; convert it to one"
        )
    media_type = metadata.media_type_of(data)
    actual = next((kind for kind in _KINDS if kind.media_type == media_type), None)
    if actual is None:
        raise _refusal(
            name,
            "not-a-picture",
            f"is {_what_else(data)}; convert it to JPEG, PNG or WebP",
        )
    if actual != promised:
        raise _refusal(
            name, "wrong-extension", f"is a {actual.format} file; rename it or convert it"
        )
    return actual


def _what_else(data: bytes) -> str:
    if not data:
        return "empty"
    starts = (what for start, what in _FOREIGN_STARTS.items() if data.startswith(start))
    what = _FOREIGN_BRANDS.get(data[_BRAND]) or next(starts, None)
    return f"{what} file" if what else "not a picture that can be read"


def _check_size(name: str, width: int, height: int) -> None:
    size = f"is {width:,} × {height:,} pixels"  # noqa: RUF001  (a multiplication sign is meant)
    short, long = sorted((width, height))
    if long > LONGEST_SIDE:
        raise _refusal(
            name, "too-long", f"{size}, and {LONGEST_SIDE:,} a side are the most; make it smaller"
        )
    if width * height > MOST_PIXELS:
        raise _refusal(
            name,
            "too-many-pixels",
            f"{size}, and {MOST_PIXELS:,} in all are the most; make it smaller",
        )
    if short < SHORTEST_SIDE:
        raise _refusal(
            name, "too-small", f"{size}, and {SHORTEST_SIDE} a side are the least; use a larger one"
        )
    if long > MOST_ELONGATED * short:
        raise _refusal(
            name,
            "too-elongated",
            f"{size}, and a side may be {MOST_ELONGATED} times the other at most; crop it",
        )


def _check_density(name: str, stripped: metadata.Stripped) -> None:
    """Refuse a large picture of next to no bytes: a moment to send, a second to decode."""
    pixels, size = stripped.width * stripped.height, len(stripped.data)
    if pixels > QUICK_PIXELS and pixels > MOST_PIXELS_A_BYTE * size:
        raise _refusal(
            name,
            "too-empty",
            f"has {pixels:,} pixels in {size:,} bytes, so it shows hardly anything",
        )


def _check_decoding(name: str, kind: _Kind, stripped: metadata.Stripped) -> None:
    """Decode all of the first frame.

    Pillow warns of decompression bombs from 89 million pixels on. Our own limit is lower and was
    checked before, so no warning is left to be turned into an error, which Python could do only for
    all threads at once.
    """
    with decoding(stripped.data, name) as picture:
        if (picture.format, *picture.size) != (kind.format, stripped.width, stripped.height):
            raise _refusal(name, "malformed", "contradicts its own header; save it again")
        picture.load()


def _refusal(name: str, code: str, clause: str) -> PictureRefused:
    """Make a sentence of the file's name and what is wrong with it."""
    return PictureRefused(name, code, f"{shown(name)} {clause}.")
