"""Every way in which the three containers usually hold pixels, and what is asked of them."""

from io import BytesIO

import pytest
from PIL import Image

from registry.metadata import MalformedPicture, media_type_of, strip
from tests.registry.picture_factory import (
    colourless_ink_profile,
    encoded,
    photo,
    png_chunk,
    raw_png,
    swapping_profile,
)

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
FORMATS = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP"}
SECRET = b"the name of a person"

ROWS_OF_2_BITS = [b"\x1b\xe4", b"\xe4\x1b"] * 4
ROWS_OF_16_BITS = [bytes(range(n, n + 16)) for n in range(8)]

PLAIN_JPEG = encoded(photo(), "JPEG")
PLAIN_PNG = encoded(photo(), "PNG")
PLAIN_WEBP = encoded(photo(), "WEBP")

# Every way in which the three containers usually hold pixels.
SAMPLES = {
    "jpeg": PLAIN_JPEG,
    "jpeg, progressive": encoded(photo(), "JPEG", progressive=True),
    "jpeg, restarts": encoded(photo(), "JPEG", restart_marker_blocks=2),
    "jpeg, all colour samples": encoded(photo(), "JPEG", subsampling=0, optimize=True),
    "jpeg, rgb by an adobe segment": encoded(photo(), "JPEG", keep_rgb=True),
    "jpeg, grey": encoded(photo(mode="L"), "JPEG"),
    "jpeg, cmyk": encoded(photo(mode="CMYK"), "JPEG", icc_profile=colourless_ink_profile()),
    "jpeg, profile in pieces": encoded(photo(), "JPEG", icc_profile=bytes(range(256)) * 600),
    "jpeg, no jfif": PLAIN_JPEG[:2] + PLAIN_JPEG[20:],
    "jpeg, fill bytes": PLAIN_JPEG[:2] + b"\xff\xff" + PLAIN_JPEG[2:-2] + b"\xff" + PLAIN_JPEG[-2:],
    "png": PLAIN_PNG,
    "png, profile": encoded(photo(), "PNG", icc_profile=swapping_profile()),
    "png, palette": encoded(photo(mode="P"), "PNG"),
    "png, palette with alpha": encoded(photo(mode="P"), "PNG", transparency=bytes(range(200))),
    "png, alpha": encoded(photo(mode="RGBA"), "PNG"),
    "png, grey and alpha": encoded(photo(mode="LA"), "PNG"),
    "png, black and white": encoded(photo(mode="1"), "PNG"),
    "png, transparent colour": encoded(photo(), "PNG", transparency=(1, 2, 3)),
    "png, 2 bits": raw_png(0, 2, ROWS_OF_2_BITS, png_chunk(b"tRNS", b"\0\1")),
    "png, 16 bits": raw_png(0, 16, ROWS_OF_16_BITS),
    "webp": PLAIN_WEBP,
    "webp, lossless": encoded(photo(), "WEBP", lossless=True),
    "webp, alpha": encoded(photo(mode="RGBA"), "WEBP"),
    "webp, alpha, lossless": encoded(photo(mode="RGBA"), "WEBP", lossless=True),
    "webp, profile": encoded(photo(), "WEBP", icc_profile=swapping_profile()),
    "webp, profile, lossless": encoded(
        photo(mode="RGBA"), "WEBP", icc_profile=swapping_profile(), lossless=True
    ),
}


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def stripped_bytes(data: bytes) -> bytes:
    return strip(data, str(media_type_of(data))).data


def colour_facts(data: bytes) -> tuple[object, ...]:
    image = opened(data)
    return (
        image.mode,
        image.size,
        image.tobytes(),
        image.getpalette(),
        image.info.get("transparency"),
        image.info.get("icc_profile"),
    )


def refusal(data: bytes) -> MalformedPicture:
    with pytest.raises(MalformedPicture) as caught:
        stripped_bytes(data)
    return caught.value
