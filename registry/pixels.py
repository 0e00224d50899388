"""A stored picture in, the pixels that an encoder sees out; and its thumbnail.

The rules are fixed and have a name, since they are part of an embedding space: other rules give
other vectors. For upright RGB pictures without a profile the pixels are those of open_clip's own
transform, bit for bit; the rest is what that transform leaves undefined or ignores.
"""

from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from registry.colours import in_srgb_on_white
from registry.decoding import decoding

Pixels = npt.NDArray[np.uint8]

# In words, since the digest of a space covers them. Change a rule and its name together.
PREPROCESSING: Final[Mapping[str, str]] = {
    "rules": "aesthetic-pixels/1",
    "frame": "first",
    "orientation": "exif, applied first",
    "depth": "of 16 bits the high 8",
    "profile": "to sRGB, perceptual, 8 bits; ignored if broken, if for another kind of colours, or "
    "if it moves no probe by more than 2 of 255",
    "cmyk": "without a usable profile, each of red, green, blue is (1-ink)*(1-black)",
    "alpha": "over white, after the profile",
    "resize": "short side, bicubic with antialiasing, 8 bits, long side rounded down",
    "crop": "centre, halves to even",
    "channels": "rgb",
}

_TO_UPRIGHT: Final = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)

_THUMBNAIL_QUALITY: Final = 80


def pixels(data: bytes, size: int) -> Pixels:
    """Return the pixels [size, size, 3] that an encoder for pictures of `size` pixels a side sees.

    `data` are the stored bytes of an accepted picture; PictureRefused tells that they are damaged.
    """
    with decoding(data) as picture:
        picture.load()
        shown = _shown(picture, data)
    return np.array(_centre(_with_short_side(shown, size), size))  # [size, size, 3]


def thumbnail(data: bytes, side: int, name: str = "The picture") -> bytes:
    """Return a WebP of an accepted picture, at most `side` pixels wide and high, never enlarged.

    It is upright, in sRGB, over white, and holds nothing but its pixels. Raises PictureRefused,
    with the file's `name`, where its colours make no sense.
    """
    with decoding(data, name) as picture:
        picture.draft(None, (2 * side, 2 * side))  # A JPEG is decoded at a fraction of its size.
        picture.load()
        shown = _shown(picture, data)
    shown.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = BytesIO()
    shown.save(file, "WEBP", quality=_THUMBNAIL_QUALITY)
    return file.getvalue()


def _shown(picture: Image.Image, data: bytes) -> Image.Image:
    """Return the picture as it is meant to be seen: upright, in sRGB, on white."""
    turn = _TO_UPRIGHT.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    shown = in_srgb_on_white(picture, data)
    return shown if turn is None else shown.transpose(turn)


def _with_short_side(picture: Image.Image, size: int) -> Image.Image:
    """Resize as torchvision's Resize(size, BICUBIC) does."""
    short, long = sorted(picture.size)
    other = size * long // short
    new = (size, other) if picture.width <= picture.height else (other, size)
    return picture.resize(new, Image.Resampling.BICUBIC)


def _centre(picture: Image.Image, size: int) -> Image.Image:
    """Crop as torchvision's CenterCrop(size) does: halves of a pixel go to the even side."""
    left = round((picture.width - size) / 2)
    top = round((picture.height - size) / 2)
    return picture.crop((left, top, left + size, top + size))
