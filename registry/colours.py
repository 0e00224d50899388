"""A decoded picture in, the same picture as RGB in sRGB over white out.

The rules for depth, palette, profile, ink and alpha that `pixels.PREPROCESSING` names. Nothing
here raises for what a profile or a transparent colour says: what makes no sense counts as
absent.
"""

from io import BytesIO
from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import Image, ImageCms

_PNG_DEPTH_AT: Final = 24  # Bytes before the bit depth in a PNG's header chunk.
_HIGH_BITS: Final = 8

_COLOURS_OF_MODE: Final = MappingProxyType({"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"})
_COLOURS_OF_PROFILE: Final = MappingProxyType({b"GRAY": "L", b"RGB ": "RGB", b"CMYK": "CMYK"})
_PROFILE_COLOURS_AT: Final = slice(16, 20)  # Where a profile says which colours it is for.

# Of 40 published RGB profiles, sRGB's move no colour by more than 1, the others by 16 or more.
_SAME_COLOURS: Final = 2
_PROBES_A_CHANNEL: Final = 17


def in_srgb_on_white(picture: Image.Image, data: bytes) -> Image.Image:
    """Return the colours that are meant; `data` are the bytes that `picture` was opened from."""
    profile = picture.info.get("icc_profile")
    picture = _in_eight_bits(picture, data)
    alpha = _alpha(picture)
    return _over_white(_in_srgb(_colours(picture), profile), alpha)


def _in_eight_bits(picture: Image.Image, data: bytes) -> Image.Image:
    """Bring the samples of a grey PNG, and the colour that a PNG calls transparent, to 8 bits.

    Pillow cuts grey of 16 bits off at 255, and compares 8-bit samples with a transparent colour of
    another depth.
    """
    if picture.mode == "I;16":
        eight = Image.fromarray((np.asarray(picture) >> _HIGH_BITS).astype(np.uint8))
        eight.info = picture.info
        picture = eight
    key = picture.info.get("transparency")
    if key is not None and picture.mode in {"L", "RGB"}:
        picture.info["transparency"] = _key_in_eight_bits(key, data[_PNG_DEPTH_AT])
    return picture


def _key_in_eight_bits(key: int | tuple[int, ...], depth: int) -> int | tuple[int, ...]:
    if isinstance(key, tuple):
        return tuple(_sample_in_eight_bits(sample, depth) for sample in key)
    return _sample_in_eight_bits(key, depth)


def _sample_in_eight_bits(sample: int, depth: int) -> int:
    largest = 2**depth - 1
    sample &= largest
    return sample >> _HIGH_BITS if depth > _HIGH_BITS else sample * 255 // largest


def _alpha(picture: Image.Image) -> Image.Image | None:
    if not picture.has_transparency_data:
        return None
    return picture.convert("RGBA").getchannel("A")


def _colours(picture: Image.Image) -> Image.Image:
    """Return the picture as L, RGB or CMYK, without transparency."""
    picture.info.pop("transparency", None)
    return _as_mode(picture, _COLOURS_OF_MODE.get(picture.mode, "RGB"))


def _as_mode(picture: Image.Image, mode: str) -> Image.Image:
    """Convert without the copy that Pillow makes where there is nothing to convert."""
    return picture if picture.mode == mode else picture.convert(mode)


def _in_srgb(colours: Image.Image, profile: bytes | None) -> Image.Image:
    transform = _transform(profile, colours.mode) if profile else None
    if transform is None:
        return _as_mode(colours, "RGB")
    return transform.apply(_as_mode(colours, transform.input_mode))


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what brings colours of `mode` to sRGB; None where the profile is to be ignored."""
    expected = _COLOURS_OF_PROFILE.get(profile[_PROFILE_COLOURS_AT], "")
    if expected != mode and (expected, mode) != ("RGB", "L"):
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), expected, "RGB")
    except (OSError, ImageCms.PyCMSError):
        return None
    return None if expected == "RGB" and _changes_nothing(transform) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Tell whether the profile is sRGB under another name, so that rounding is all it would do."""
    levels = np.linspace(0, 255, _PROBES_A_CHANNEL).astype(np.uint8)
    probes = np.stack(np.meshgrid(levels, levels, levels), axis=-1)  # [17, 17, 17, 3]
    before = probes.reshape(_PROBES_A_CHANNEL, -1, 3)  # [17, 289, 3]
    after = np.asarray(transform.apply(Image.fromarray(before)))  # [17, 289, 3]
    return bool(np.abs(after.astype(np.int16) - before).max() <= _SAME_COLOURS)


def _over_white(shown: Image.Image, alpha: Image.Image | None) -> Image.Image:
    if alpha is None:
        return shown
    paper = Image.new("RGB", shown.size, "white")
    paper.paste(shown, mask=alpha)
    return paper
