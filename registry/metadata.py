"""A picture's bytes in, the same picture without its metadata out; lossless: nothing is decoded.

Kept are the coded picture, what decides its colours (profile, colour chunks, colour transform)
and an orientation other than upright, as an EXIF block of 26 bytes. What is not understood is
not kept. Stripping is deterministic, and stripping twice is stripping once.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from registry.containers import jpeg, png, png_chunks, webp
from registry.containers.parts import MalformedPicture, Stripped

__all__ = ["MalformedPicture", "Stripped", "media_type_of", "strip"]

_STRIPPERS: Final[MappingProxyType[str, Callable[[bytes], Stripped]]] = MappingProxyType(
    {"image/jpeg": jpeg.strip, "image/png": png.strip, "image/webp": webp.strip}
)


def media_type_of(data: bytes) -> str | None:
    """Return what the first bytes say that the data is; None where it is none of the three."""
    if data.startswith(jpeg.MAGIC):
        return "image/jpeg"
    if data.startswith(png_chunks.MAGIC):
        return "image/png"
    if webp.is_webp(data):
        return "image/webp"
    return None


def strip(data: bytes, media_type: str) -> Stripped:
    """Return the picture without metadata and whether that told a place.

    Raises MalformedPicture when the container's structure is broken, ValueError for a media type
    that is not one of the three or that is not the one of the data.
    """
    if media_type not in _STRIPPERS or media_type != media_type_of(data):
        raise ValueError(f"The data is not a picture of the media type {media_type}.")
    return _STRIPPERS[media_type](data)
