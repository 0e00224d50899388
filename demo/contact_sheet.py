"""A sheet to look at: looks and pictures go in, one WebP with a row for each look comes out."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from demo.judges import Pictures
from demo.studio import Look

FROM_SET = 2  # pictures of the set, left of those that were drawn
GAP = 4  # pixels between pictures
WIDE_GAP = 14  # between a set and what was drawn from it, and between the halves of the sheet
LABEL = 24  # pixels high, above each row
FONT_SIZE = 16
PAPER, INK = (250, 249, 246), (40, 38, 36)
LIMIT = 900_000  # bytes; at 400,000 the dots and strokes of a printed look were smudged
QUALITIES = (92, 88, 80, 72, 64, 56, 48, 40, 30)  # of WebP, the first that fits


def write_sheet(path: Path, looks: Sequence[Look], plain: Pictures, drawn: Pictures) -> None:
    """Write a sheet of two halves, each with the plain pictures on top and half of the looks below.

    `plain` is [prompts, side, side, 3], `drawn` [looks, prompts, side, side, 3].
    """
    middle = (len(looks) + 1) // 2
    halves = [
        _half(looks[part], plain, drawn[part]) for part in (slice(middle), slice(middle, None))
    ]
    width = sum(half.width for half in halves) + WIDE_GAP
    sheet = Image.new("RGB", (width, halves[0].height), PAPER)
    sheet.paste(halves[0], (0, 0))
    sheet.paste(halves[1], (halves[0].width + WIDE_GAP, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_fitting(sheet))


def _half(looks: Sequence[Look], plain: Pictures, drawn: Pictures) -> Image.Image:
    side = drawn.shape[-2]
    step, row_height = side + GAP, side + GAP + LABEL
    width = (FROM_SET + len(plain)) * step + WIDE_GAP
    half = Image.new("RGB", (width, (1 + len(looks)) * row_height), PAPER)
    rows: list[tuple[str, list[NDArray[np.uint8]], Pictures]] = [("no aesthetic", [], plain)]
    rows += [
        (look.name, list(look.pictures[:FROM_SET]), pictures)
        for look, pictures in zip(looks, drawn, strict=True)
    ]
    draw = ImageDraw.Draw(half)
    font = ImageFont.load_default(FONT_SIZE)
    for row, (name, of_set, pictures) in enumerate(rows):
        top = row * row_height
        left = 0 if of_set else FROM_SET * step + WIDE_GAP
        draw.text((left + 2, top + 2), name, INK, font)
        for column, picture in enumerate(of_set):
            half.paste(_of_side(picture, side), (column * step, top + LABEL))
        for column, picture in enumerate(pictures):
            place = ((FROM_SET + column) * step + WIDE_GAP, top + LABEL)
            half.paste(Image.fromarray(picture), place)
    return half


def _of_side(picture: NDArray[np.uint8], side: int) -> Image.Image:
    return Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)


def _fitting(sheet: Image.Image) -> bytes:
    """Encode as well as LIMIT allows."""
    for quality in QUALITIES:
        file = BytesIO()
        sheet.save(file, "WEBP", quality=quality, method=6)
        if file.tell() <= LIMIT:
            break
    return file.getvalue()
