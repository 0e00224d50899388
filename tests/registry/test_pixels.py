"""What an encoder sees: the reference's pixels where it has some, and our fixed rules elsewhere."""

import json
import struct
from io import BytesIO

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, ImageCms

from registry.pictures import PREPROCESSING, PictureRefused, accept, pixels, thumbnail
from tests.registry.picture_factory import (
    colourless_ink_profile,
    dark_grey_profile,
    encoded,
    exif,
    exif_with_gps,
    photo,
    png_chunk,
    raw_png,
    swapping_profile,
)

SIDE = 32


def flat(colour: object, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (SIDE, SIDE), colour)  # type: ignore[arg-type]


def seen(data: bytes) -> tuple[int, ...]:
    """Return the one colour that an encoder sees in a picture of one colour."""
    array = pixels(data, SIDE)
    assert (array == array[0, 0]).all()
    return tuple(array[0, 0].tolist())


def png(image: Image.Image, profile: bytes | None = None) -> bytes:
    return encoded(image, "PNG", icc_profile=profile)


# Bit for bit as the reference.

SIZES = [
    (224, 224), (96, 96), (32, 32), (225, 224), (224, 225), (223, 224), (97, 300), (300, 97),
    (1000, 667), (667, 1000), (1023, 767), (45, 33), (33, 45), (33, 660), (660, 33), (500, 499),
    (1921, 1081), (640, 479), (481, 641), (1600, 80), (333, 222), (101, 1999),
]  # fmt: skip


@pytest.mark.parametrize("size", [96, 224])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_pixels_are_those_of_the_reference_bit_for_bit(width: int, height: int, size: int) -> None:
    transforms = pytest.importorskip("torchvision.transforms")
    reference = transforms.Compose(
        [
            transforms.Resize(
                size, interpolation=transforms.InterpolationMode.BICUBIC, antialias=True
            ),
            transforms.CenterCrop(size),
        ]
    )
    image = photo(width, height)
    assert_array_equal(pixels(png(image), size), np.asarray(reference(image)))


def test_pixels_of_a_jpeg_are_those_of_open_clips_own_transform() -> None:
    transform = pytest.importorskip("open_clip.transform")
    data = encoded(photo(500, 333), "JPEG")
    tensor = transform.image_transform(224, is_train=False, mean=(0, 0, 0), std=(1, 1, 1))(
        Image.open(BytesIO(data))
    )  # [3, 224, 224]
    expected = (tensor.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)  # [224, 224, 3]
    assert_array_equal(pixels(data, 224), expected)


def test_pixels_are_a_writable_array_of_contiguous_bytes() -> None:
    array = pixels(png(photo(300, 200)), 96)
    assert array.shape == (96, 96, 3)
    assert array.dtype == np.uint8
    assert array.flags.c_contiguous
    assert array.flags.writeable


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_pixels_are_the_same_before_and_after_stripping(name: str) -> None:
    file_format = {"jpg": "JPEG"}.get(name[2:], name[2:])
    data = encoded(photo(), file_format, exif=exif_with_gps(6), icc_profile=swapping_profile())
    assert_array_equal(pixels(accept(name, data).data, SIDE), pixels(data, SIDE))


# Orientation.


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_pictures_are_turned_upright(file_format: str) -> None:
    top = Image.new("RGB", (64, 64), "white")
    top.paste("black", (0, 0, 64, 16))
    turned = {
        1: top,
        3: top.transpose(Image.Transpose.ROTATE_180),
        4: top.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        6: top.transpose(Image.Transpose.ROTATE_90),
        8: top.transpose(Image.Transpose.ROTATE_270),
        5: top.transpose(Image.Transpose.TRANSPOSE),
        7: top.transpose(Image.Transpose.TRANSVERSE),
    }
    for orientation, image in turned.items():
        data = encoded(image, file_format, exif=exif(orientation), quality=95)
        array = pixels(data, SIDE)
        assert array[:6].max() < 40, orientation
        assert array[10:].min() > 215, orientation


def test_a_mirrored_picture_is_mirrored_back() -> None:
    mirrored = photo().transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    data = encoded(mirrored, "PNG", exif=exif(2))
    assert_array_equal(pixels(data, SIDE), pixels(png(photo()), SIDE))


# Profiles.


def test_a_profile_is_applied() -> None:
    assert seen(png(flat((0, 255, 0)))) == (0, 255, 0)
    red, green, blue = seen(png(flat((0, 255, 0)), swapping_profile()))
    assert red > 250
    assert max(green, blue) < 10


def test_a_profile_is_applied_to_what_a_palette_says() -> None:
    image = flat((0, 255, 0)).convert("P", palette=Image.Palette.ADAPTIVE)
    assert seen(png(image, swapping_profile()))[0] > 250


def test_a_grey_profile_is_applied_to_grey() -> None:
    assert seen(png(flat(128, "L"))) == (128, 128, 128)
    assert max(seen(png(flat(128, "L"), dark_grey_profile()))) < 60
    assert max(seen(png(flat((128, 200), "LA"), dark_grey_profile()))) < 100


def test_an_rgb_profile_is_applied_to_grey() -> None:
    level, *others = seen(png(flat(128, "L"), swapping_profile()))
    assert [level, *others] == pytest.approx([128] * 3, abs=3)


def test_an_ink_profile_is_applied_to_ink() -> None:
    cyan = encoded(flat((255, 0, 0, 0), "CMYK"), "JPEG", quality=100)
    assert seen(cyan)[0] < 10
    profiled = encoded(
        flat((255, 0, 0, 0), "CMYK"), "JPEG", quality=100, icc_profile=colourless_ink_profile()
    )
    assert min(seen(profiled)) > 245


def test_ink_without_a_profile_is_multiplied_out() -> None:
    data = encoded(flat((50, 100, 150, 60), "CMYK"), "JPEG", quality=100)
    assert seen(data) == pytest.approx((157, 119, 80), abs=1)


@pytest.mark.parametrize(
    "profile",
    [
        b"nonsense",
        swapping_profile()[:140],
        swapping_profile()[:16] + b"\xb7XYZ" + swapping_profile()[20:],
        dark_grey_profile(),
        colourless_ink_profile(),
    ],
    ids=["nonsense", "cut off", "for colours of no name", "for grey", "for ink"],
)
def test_a_profile_that_is_broken_or_for_other_colours_is_ignored(profile: bytes) -> None:
    assert_array_equal(pixels(png(photo(), profile), SIDE), pixels(png(photo()), SIDE))


def test_a_profile_for_srgb_changes_no_bit() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert_array_equal(pixels(png(photo(), profile), SIDE), pixels(png(photo()), SIDE))


# Alpha, depth, palette.


def test_transparent_pictures_are_seen_on_white() -> None:
    assert seen(png(flat((255, 0, 0, 0), "RGBA"))) == (255, 255, 255)
    assert seen(png(flat((255, 0, 0, 128), "RGBA"))) == (255, 127, 127)
    assert seen(png(flat((0, 51), "LA"))) == (204, 204, 204)
    webp = encoded(flat((0, 0, 0, 0), "RGBA"), "WEBP", lossless=True)
    assert seen(webp) == (255, 255, 255)


def test_white_is_added_after_the_profile() -> None:
    red, green, blue = seen(png(flat((0, 255, 0, 128), "RGBA"), swapping_profile()))
    assert red == 255
    assert green == pytest.approx(127, abs=4)
    assert blue == pytest.approx(127, abs=4)


def palette_png(*chunks: bytes) -> bytes:
    palette = png_chunk(b"PLTE", bytes((10, 20, 30, 40, 50, 60)))
    return raw_png(3, 1, [b"\xff" * 4] * SIDE, palette, *chunks)


def test_palettes_are_looked_up_with_their_transparency() -> None:
    assert seen(palette_png()) == (40, 50, 60)
    assert seen(palette_png(png_chunk(b"tRNS", b"\xff\x00"))) == (255, 255, 255)
    assert seen(palette_png(png_chunk(b"tRNS", b"\x00\xff"))) == (40, 50, 60)
    assert seen(palette_png(png_chunk(b"tRNS", b"\x10\x80"))) == (147, 152, 157)


@pytest.mark.parametrize(
    ("depth", "row", "level"),
    [
        (1, b"\xff" * 4, 255),
        (2, b"\x55" * 8, 85),
        (4, b"\x33" * 16, 51),
        (8, b"\x12" * 32, 0x12),
        (16, b"\x12\xff" * 32, 0x12),
    ],
)
def test_grey_of_each_depth_is_brought_to_8_bits(depth: int, row: bytes, level: int) -> None:
    assert seen(raw_png(0, depth, [row] * SIDE)) == (level,) * 3


@pytest.mark.parametrize(
    ("depth", "row", "sample"),
    [(1, b"\0" * 4, 0), (2, b"\x55" * 8, 1), (4, b"\x33" * 16, 3), (8, b"\x12" * 32, 0x12),
     (16, b"\x12\xff" * 32, 0x12FF)],
)  # fmt: skip
def test_the_transparent_grey_of_each_depth_is_white(depth: int, row: bytes, sample: int) -> None:
    hit = png_chunk(b"tRNS", struct.pack(">H", sample))
    assert seen(raw_png(0, depth, [row] * SIDE, hit)) == (255, 255, 255)
    largest = 2**depth - 1
    miss = png_chunk(b"tRNS", struct.pack(">H", largest - sample))
    assert seen(raw_png(0, depth, [row] * SIDE, miss)) != (255, 255, 255)


@pytest.mark.parametrize(("depth", "layout"), [(8, ">3B"), (16, ">3H")])
def test_the_transparent_colour_of_each_depth_is_white(depth: int, layout: str) -> None:
    colour = (0x12, 0x34, 0x56) if depth == 8 else (0x12AB, 0x34CD, 0x56EF)
    rows = [struct.pack(layout, *colour) * SIDE] * SIDE
    assert seen(raw_png(2, depth, rows)) == (0x12, 0x34, 0x56)
    assert seen(raw_png(2, depth, rows, png_chunk(b"tRNS", struct.pack(">3H", *colour)))) == (
        255,
        255,
        255,
    )
    assert seen(raw_png(2, depth, rows, png_chunk(b"tRNS", bytes(6)))) == (0x12, 0x34, 0x56)


def test_colours_of_16_bits_with_alpha_are_brought_to_8_bits() -> None:
    rows = [struct.pack(">4H", 0x1234, 0x5678, 0x9ABC, 0xFFFF) * SIDE] * SIDE
    assert seen(raw_png(6, 16, rows)) == (0x12, 0x56, 0x9A)
    rows = [struct.pack(">2H", 0x1234, 0xFFFF) * SIDE] * SIDE
    assert seen(raw_png(4, 16, rows)) == (0x12, 0x12, 0x12)


# The rules as data, and bytes without pixels.


def test_the_rules_can_be_written_as_json_and_have_a_name() -> None:
    assert json.loads(json.dumps(PREPROCESSING)) == PREPROCESSING
    assert PREPROCESSING["rules"] == "aesthetic-pixels/1"


INDICES = raw_png(3, 8, [bytes(64)] * 64)  # colours of a palette, which is not there


@pytest.mark.parametrize("data", [b"", b"nonsense", encoded(photo(), "PNG")[:-500], INDICES])
def test_bytes_that_are_damaged_are_refused(data: bytes) -> None:
    for ask in (pixels, thumbnail):
        with pytest.raises(PictureRefused, match="can't be decoded") as caught:
            ask(data, SIDE)
        assert caught.value.code == "undecodable"
