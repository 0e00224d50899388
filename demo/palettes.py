"""The world's colours: a palette's name and random numbers go in, a colour for each role out.

A scene is drawn in roles (wall, roof, sky …), so that what is shown and how it is coloured are
independent of each other, exactly.
"""

import colorsys
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float64]  # [3], red, green and blue, 0 to 255
Colours = Mapping[str, Colour]

JITTER = 5.0  # standard deviation of each colour, so that no palette is 17 exact colours

ROLES = (
    *("sky_top", "sky_low", "far", "ground", "water", "wall", "roof", "trunk"),
    *("leaf", "petal", "accent", "stone", "snow", "light", "dark", "fur", "hide"),
)

# Each row in the order of ROLES.
TABLE = {
    "natural": "4f9ae0 cfe8f5 8fb6c9 79b05a 3f7fb5 f3e2bb c94f3a 77543a 3b8746 e4578a "
    "f6c445 a3a6b2 fafbfd ffe9a0 2e2c38 e0954a 4a4659",
    "sunset": "4b1e6d ff9d4d 8a2f6b 5a2148 8c3a6e ffc37a b8324f 94493c b8487f ff5f6e "
    "ffd86b e8b0a0 ffe3b0 fff0a8 2a0e2e f07b3f 43164a",
    "winter": "86b4dd e6f2fb b3cfe6 f2f8fd 8fb8de 7397c6 3a5f98 5a7596 5f8fb8 3f66b4 "
    "ffffff 56709f ffffff f8fcff 16305a 688ecb 3e6eab",
    "night": "060a28 203070 16204f 101a3c 14285e 6a78c8 5d56b4 a596dc 2c6488 7a86d6 "
    "ffe27a 4a5aa0 b4c1ee ffe58a 0b1030 6676c8 4a63d0",
    "sepia": "d9be8e f3e3c2 c4a273 c2a06e b2905f f0ddb5 7a5230 5e3f22 7c5e38 9c6e42 "
    "e8cc94 efdcb4 fbf0d8 fff4d6 2e1c0e 4a2f18 4a2d13",
    "noir": "7c7c7c b0b0b0 9c9c9c 8c8c8c 969696 fbfbfb 222222 161616 2d2d2d f4f4f4 "
    "303030 efefef ffffff ffffff 050505 f2f2f2 080808",
    "candy": "ffd400 ffec6e 00c2d1 7fd13b 00a8e8 ffffff 7a3cff 4b0e78 00794a e0218a "
    "ff7a00 9b5cff ffffff fff6a0 3a0a5e f06000 5d1094",
    "emerald": "4a9d7c d6efbf 2f7f57 1e5b34 6fc0a8 d9e8a8 1c7a48 8a6f2c 1a7a3e a9d847 "
    "fdfde0 d4d3b2 f1fad8 fbffc4 06251a e9ee98 0a3c3b",
    "pastel": "cdbdf0 ffe0ec d9cff2 c9ebd4 bbddf5 fff3dc ff98ac d8bbae a9dfb7 ff8fbe "
    "ffe39a ab9fd0 fffdfe fff9cf 64508c eda878 8f70c0",
}
ORIGINALS = tuple(TABLE)  # what the evaluation's looks are made of

# More palettes, each one of these with its hues turned by some degrees, its saturation and its
# brightness multiplied. A model that has met a texture in two dozen palettes learns what it is
# apart from any of them; with the nine alone it learnt which colours it usually has.
TURNED = {
    "autumn": ("emerald", -120, 0.95, 1.05),
    "ocean": ("emerald", 45, 1.0, 1.0),
    "plum": ("emerald", 150, 0.9, 1.0),
    "rose": ("winter", 130, 1.1, 1.0),
    "mint": ("winter", -70, 1.0, 1.0),
    "honey": ("winter", -165, 1.5, 1.0),
    "aurora": ("sunset", -110, 1.0, 1.0),
    "tropic": ("sunset", 60, 1.0, 1.0),
    "ruby": ("night", 120, 1.0, 1.1),
    "jade": ("night", -100, 0.9, 1.0),
    "cyanotype": ("sepia", 180, 1.1, 0.95),
    "olive": ("sepia", 40, 1.0, 0.92),
    "mahogany": ("sepia", -40, 1.1, 0.92),
    "toy": ("candy", 100, 1.0, 0.97),
    "melon": ("pastel", 115, 1.3, 1.0),
}
PALETTES = (*ORIGINALS, *TURNED)
DARK = frozenset({"night", "ruby", "jade"})  # light is laid on dark here, not ink on paper


def colours(palette: str, random: np.random.Generator) -> dict[str, Colour]:
    """Return the palette's colour for each role, each moved a little."""
    return {
        role: np.clip(colour + random.normal(0, JITTER, 3), 0, 255)
        for role, colour in zip(ROLES, _exact(palette), strict=True)
    }


def lightness(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the luma of colours [..., 3] as [...], 0 to 1 (ITU-R BT.601)."""
    return np.asarray(pixels @ np.array([0.299, 0.587, 0.114]) / 255)


def _exact(palette: str) -> list[Colour]:
    """Return the palette's colours in the order of ROLES."""
    if palette in TABLE:
        return [_parse(code) for code in TABLE[palette].split()]
    original, *turn = TURNED[palette]
    return [_turned(colour, *turn) for colour in _exact(original)]


def _turned(colour: Colour, degrees: float, saturation: float, brightness: float) -> Colour:
    hue, saturated, bright = colorsys.rgb_to_hsv(*(colour / 255))
    turned = colorsys.hsv_to_rgb(
        (hue + degrees / 360) % 1, min(1.0, saturated * saturation), min(1.0, bright * brightness)
    )
    return 255 * np.array(turned)


def _parse(code: str) -> Colour:
    return np.array([int(code[start : start + 2], 16) for start in (0, 2, 4)], float)
