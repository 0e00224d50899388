"""A picture in, what can be measured of its light, colour and detail out; no model is asked.

Lightness, chroma and warmth are those of CIE Lab (D65, sRGB). Hues are told apart on the HSV
circle, since in Lab blue and violet fall together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

CODED: Final = np.arange(256) / 255
LINEAR: Final = np.where(CODED <= 0.04045, CODED / 12.92, ((CODED + 0.055) / 1.055) ** 2.4)
TO_XYZ: Final = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WARMEST: Final = np.deg2rad(60)  # orange, as an angle of a* and b*; opposite lies azure
BLACK: Final = 20.0  # L* below which one sees no more than dark
STEEP, FLAT = 6.0, 0.7  # change of L* from a pixel to the next: an outline; nothing that one sees
CELL: Final = 20.0  # of Lab, a side; colours in one cell look alike

COLOURED: Final = 10.0  # C* from which a pixel has a hue
SEEN: Final = 0.12  # share of the pixels from which a hue is worth a word
DARK_HUE, PALE_HUE, FULL_HUE = 30.0, 72.0, 32.0  # L*, L*, C*

# Where each begins on the HSV circle, in 256ths, and its names when dark, muted, full and pale.
FAMILIES: Final[Mapping[str, tuple[int, tuple[str, str, str, str]]]] = {
    "orange": (11, ("brown", "brown", "orange", "beige")),
    "gold": (26, ("brown", "sandy", "golden", "cream")),
    "yellow": (38, ("olive", "olive", "yellow", "pale yellow")),
    "green": (47, ("dark green", "gray green", "green", "pale green")),
    "teal": (114, ("dark teal", "teal", "turquoise", "pale turquoise")),
    "blue": (136, ("dark blue", "gray blue", "blue", "pale blue")),
    "violet": (174, ("dark violet", "mauve", "violet", "lilac")),
    "magenta": (208, ("plum", "mauve", "magenta", "pink")),
    "red": (244, ("dark red", "dusty red", "red", "pink")),  # and on past 0
}
BEGINNINGS: Final = [beginning for beginning, _ in FAMILIES.values()]


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is measured of a picture. Compare pictures of one size: detail depends on it."""

    lightness: float  # mean L*, 0 to 100
    contrast: float  # standard deviation of L*
    dark: float  # share of pixels that are nearly black
    chroma: float  # mean C*, 0 to about 100
    strongest: float  # C* that one pixel in twenty exceeds
    warmth: float  # mean of a* and b* along orange; cool is below 0
    detail: float  # mean distance of L* from the mean of the 3 by 3 pixels around
    grain: float  # the median of the same: a few sharp outlines leave it small
    edges: float  # share of pixels where L* is steep
    direction: float  # 0 to 1: how far steep places agree with those around them; noise has 0.2
    flat: float  # share of pixels where L* does not change
    colours: float  # how many cells of Lab are filled, counted by perplexity
    hues: Mapping[str, float]  # share of each of FAMILIES among all pixels
    names: tuple[str, ...]  # of the one or two hues that are seen most

    @property
    def leaning(self) -> float:
        """Warmth against the amount of colour, -1 to 1, so that dark pictures count as well."""
        return self.warmth / max(self.chroma, 1.0)

    @property
    def families(self) -> int:
        return sum(share >= SEEN for share in self.hues.values())

    @property
    def coloured(self) -> float:
        return sum(self.hues.values())

    @property
    def green(self) -> float:
        return self.hues["green"]

    @property
    def blue(self) -> float:
        return self.hues["blue"]

    @property
    def blue_to_teal(self) -> float:
        return self.hues["blue"] + self.hues["teal"]

    @property
    def blue_to_green(self) -> float:
        return self.blue_to_teal + self.hues["green"]

    @property
    def orange_to_gold(self) -> float:
        return self.hues["orange"] + self.hues["gold"]

    @property
    def purple(self) -> float:
        return self.hues["violet"] + self.hues["magenta"]

    @property
    def not_brown(self) -> float:
        return self.coloured - self.orange_to_gold - self.hues["yellow"]


def attributes(picture: Pixels) -> Attributes:
    """Measure a picture, uint8 [height, width, 3] in sRGB."""
    lab = _lab(picture)  # [height, width, 3]
    lightness, a, b = np.moveaxis(lab, -1, 0)  # each [height, width]
    chroma = np.hypot(a, b)
    detail = np.abs(lightness - _blurred(lightness, 3))
    down, right = np.gradient(lightness)
    steepness = np.hypot(down, right)
    hues, names = _hues(picture, lightness, chroma)
    return Attributes(
        lightness=float(lightness.mean()),
        contrast=float(lightness.std()),
        dark=float((lightness < BLACK).mean()),
        chroma=float(chroma.mean()),
        strongest=float(np.quantile(chroma, 0.95)),
        warmth=float((a * np.cos(WARMEST) + b * np.sin(WARMEST)).mean()),
        detail=float(detail.mean()),
        grain=float(np.median(detail)),
        edges=float((steepness > STEEP).mean()),
        direction=_direction(down, right),
        flat=float((steepness < FLAT).mean()),
        colours=_filled_cells(lab),
        hues=hues,
        names=names,
    )


def _lab(picture: Pixels) -> Floats:
    linear = LINEAR[picture]  # [height, width, 3]
    xyz = linear @ (TO_XYZ / TO_XYZ.sum(1, keepdims=True)).T  # [height, width, 3], white is 1
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _blurred(values: Floats, side: int) -> Floats:
    """Return the mean of the square of `side` pixels around each, [height, width]."""
    height, width = values.shape
    padded = np.pad(values, side // 2, "edge")
    rows = np.add.reduce([padded[shift : shift + height] for shift in range(side)])
    both = np.add.reduce([rows[:, shift : shift + width] for shift in range(side)])
    return np.asarray(both / side**2)  # [height, width]


def _direction(down: Floats, right: Floats) -> float:
    """Return the coherence of the structure tensor over 7 by 7 pixels, weighted by energy."""
    vertical, horizontal = _blurred(down * down, 7), _blurred(right * right, 7)
    mixed = _blurred(down * right, 7)
    energy = (vertical + horizontal).sum()
    return float(np.hypot(vertical - horizontal, 2 * mixed).sum() / max(energy, 1e-9))


def _filled_cells(lab: Floats) -> float:
    cells = (lab // CELL).astype(int) + 10  # each 0 to 20, whatever the sign
    numbers = cells @ np.array([400, 20, 1])  # [height, width]
    shares = np.bincount(numbers.ravel()) / numbers.size
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _hues(
    picture: Pixels, lightness: Floats, chroma: Floats
) -> tuple[dict[str, float], tuple[str, ...]]:
    circle = np.asarray(Image.fromarray(picture).convert("HSV"))[..., 0]  # [height, width]
    family = (np.searchsorted(BEGINNINGS, circle, side="right") - 1) % len(FAMILIES)
    coloured = chroma >= COLOURED
    shares, named = {}, []
    for number, (key, (_, names)) in enumerate(FAMILIES.items()):
        where = coloured & (family == number)  # [height, width]
        shares[key] = float(where.mean())
        if shares[key] >= SEEN:
            named.append((shares[key], _name(names, lightness[where], chroma[where])))
    named.sort(reverse=True)
    common = [name for share, name in named[:2] if share >= named[0][0] / 2]
    return shares, tuple(dict.fromkeys(common))


def _name(names: tuple[str, str, str, str], lightness: Floats, chroma: Floats) -> str:
    dark, muted, full, pale = names
    light, strong = np.median(lightness), np.median(chroma)
    if light < DARK_HUE:
        return dark
    if strong >= FULL_HUE:
        return full
    return pale if light > PALE_HUE else muted
