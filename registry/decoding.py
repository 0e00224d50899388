"""The bytes of a picture in, Pillow's image with all its pixels out, or a refusal.

The one place where bytes of somebody else meet native decoders of pictures: three, and no more.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final

from PIL import Image, ImageFile

from registry.file_names import shown

_FORMATS: Final = ("JPEG", "PNG", "WEBP")

# What Pillow raises for bytes that it can't decode, or for colours that it can't make sense of.
_UNDECODABLE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    AssertionError,  # of a palette
    zlib.error,
    Image.DecompressionBombError,
)


class PictureRefused(Exception):
    """A file that is not stored: its name, the rule as a code, and a whole sentence for people.

    Codes: too-many-bytes, unknown-extension, wrong-extension, not-a-picture, truncated, malformed,
    unsupported-coding, profile-too-large, animated, too-many-pixels, too-long, too-small,
    too-elongated, too-empty, undecodable.
    """

    def __init__(self, name: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name
        self.code = code
        self.detail = detail


@contextmanager
def decoding(data: bytes, name: str = "The picture") -> Iterator[ImageFile.ImageFile]:
    """Open the picture for a short block; what decoders say against it becomes a PictureRefused.

    The image stays usable after the block once it was loaded in it.
    """
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as picture:
            yield picture
    except _UNDECODABLE as error:
        raise PictureRefused(
            name, "undecodable", f"{shown(name)} can't be decoded; save it again."
        ) from error
