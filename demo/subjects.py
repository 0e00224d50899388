"""What a picture shows: each function draws one subject on a canvas, at (x, y) and `s` in size.

They are plain and large on purpose: a picture of 128 pixels must say at first glance what it shows,
in every palette and under every texture.
"""

import math
from collections.abc import Callable

import numpy as np

from demo.canvas import Canvas, Point

Draw = Callable[[Canvas, float, float, float, np.random.Generator], None]


def house(c: Canvas, x: float, y: float, s: float, random: np.random.Generator) -> None:
    wide, high = 0.34 * s, 0.36 * s
    if random.random() < 0.6:
        c.box((x + 0.14 * s, y - high - 0.25 * s, x + 0.24 * s, y - high), "stone", 0.85)
    c.box((x - wide, y - high, x + wide, y), "wall")
    c.polygon(
        [(x - wide - 0.08 * s, y - high), (x + wide + 0.08 * s, y - high), (x, y - high - 0.3 * s)],
        "roof",
    )
    c.box((x - 0.07 * s, y - 0.23 * s, x + 0.07 * s, y), "trunk")
    for side in (-1, 1):
        c.box(
            (
                x + side * 0.21 * s - 0.065 * s,
                y - 0.28 * s,
                x + side * 0.21 * s + 0.065 * s,
                y - 0.14 * s,
            ),
            "light",
        )


def tree(c: Canvas, x: float, y: float, s: float, random: np.random.Generator) -> None:
    c.box((x - 0.05 * s, y - 0.34 * s, x + 0.05 * s, y), "trunk")
    c.ellipse((x, y - 0.58 * s), (0.31 * s, 0.29 * s), "leaf", 0.92)
    lean = 1 if random.random() < 0.5 else -1
    c.ellipse((x - lean * 0.1 * s, y - 0.68 * s), (0.15 * s, 0.13 * s), "leaf", 1.2, edged=False)
    for dx, dy in ((0.16, 0.52), (-0.14, 0.47), (0.04, 0.62)):
        c.ellipse((x + lean * dx * s, y - dy * s), (0.035 * s, 0.035 * s), "petal", edged=False)


def mountain(c: Canvas, x: float, y: float, s: float, random: np.random.Generator) -> None:
    side = 1 if random.random() < 0.5 else -1
    for px, high, wide, shade in (
        (x + side * 0.27 * s, 0.48, 0.36, 0.78),
        (x - side * 0.08 * s, 0.76, 0.48, 1.0),
    ):
        top = y - high * s
        c.polygon([(px - wide * s, y), (px, top), (px + wide * s, y)], "stone", shade)
        c.polygon(
            [(px, top), (px + wide * s, y), (px + 0.06 * s, y)], "stone", shade * 0.74, edged=False
        )
        k = 0.34
        zigzag = [
            (px - wide * s * k, top + high * s * k),
            (px - wide * s * k * 0.4, top + high * s * k * 0.78),
        ]
        zigzag += [
            (px, top + high * s * k * 1.15),
            (px + wide * s * k * 0.45, top + high * s * k * 0.78),
        ]
        c.polygon([(px, top), *zigzag, (px + wide * s * k, top + high * s * k)], "snow")


def boat(c: Canvas, x: float, y: float, s: float, random: np.random.Generator) -> None:
    side = 1 if random.random() < 0.5 else -1
    c.box((x - 0.018 * s, y - 0.78 * s, x + 0.018 * s, y - 0.14 * s), "trunk", edged=False)
    c.polygon(
        [
            (x + side * 0.04 * s, y - 0.76 * s),
            (x + side * 0.04 * s, y - 0.19 * s),
            (x + side * 0.37 * s, y - 0.19 * s),
        ],
        "roof",
    )
    c.polygon(
        [
            (x - side * 0.04 * s, y - 0.64 * s),
            (x - side * 0.04 * s, y - 0.19 * s),
            (x - side * 0.28 * s, y - 0.19 * s),
        ],
        "snow",
    )
    c.polygon(
        [
            (x - 0.4 * s, y - 0.14 * s),
            (x + 0.4 * s, y - 0.14 * s),
            (x + 0.27 * s, y + 0.06 * s),
            (x - 0.27 * s, y + 0.06 * s),
        ],
        "roof",
    )


def cat(c: Canvas, x: float, y: float, s: float, _: np.random.Generator) -> None:
    """On four legs, from the side, its face towards us: one that sits may be an owl or a fox.

    It always looks from the left: of two poses a style that blurs makes one with two heads.
    """
    tail = [
        (x + 0.24 * s, y - 0.36 * s),
        (x + 0.38 * s, y - 0.42 * s),
        (x + 0.44 * s, y - 0.56 * s),
        (x + 0.42 * s, y - 0.71 * s),
        (x + 0.33 * s, y - 0.82 * s),
    ]
    c.stroke(tail, 0.1 * s, "fur", 0.92, edged=True)
    for leg in (-0.25, -0.1, 0.12, 0.26):
        left = x + leg * s - 0.055 * s
        c.box((left, y - 0.26 * s, left + 0.11 * s, y), "fur", 0.9)
    c.ellipse((x + 0.02 * s, y - 0.3 * s), (0.34 * s, 0.15 * s), "fur", 0.97)
    head = x - 0.19 * s
    c.polygon(_with_ears((head, y - 0.55 * s), (0.28 * s, 0.23 * s), 0.37 * s), "fur", 1.04)
    for eye in (-1, 1):
        centre = (head + eye * 0.13 * s, y - 0.57 * s)
        c.ellipse(centre, (0.1 * s, 0.1 * s), "light", edged=False)
        c.ellipse(centre, (0.052 * s, 0.09 * s), "dark", edged=False)
    c.polygon(
        [(head - 0.045 * s, y - 0.46 * s), (head + 0.045 * s, y - 0.46 * s), (head, y - 0.4 * s)],
        "dark",
        edged=False,
    )


def _with_ears(centre: Point, radii: Point, ears: float) -> list[Point]:
    """Return a head's outline: one shape, for ears of their own have contours towards the head."""
    (x, y), (rx, ry) = centre, radii
    outline = [(x + 0.92 * rx, y - ears), (x + 0.2 * rx, y - 0.94 * ry)]
    outline += [(2 * x - across, down) for across, down in reversed(outline)]
    for corner in range(23):  # from one ear's root below the chin to the other's
        angle = math.pi * (1.08 - 1.16 * corner / 22)
        outline.append((x + rx * math.cos(angle), y + ry * math.sin(angle)))
    return outline


def flower(c: Canvas, x: float, y: float, s: float, _: np.random.Generator) -> None:
    top = y - 0.62 * s
    c.stroke([(x, y + 0.03), (x + 0.02 * s, y - 0.25 * s), (x, top)], 0.06 * s, "leaf", 0.85)
    for side, tone in ((-1, 1.0), (1, 0.92)):  # well below the petals, or they grow together
        centre = (x + side * 0.14 * s, y - 0.04 * s)
        c.ellipse(centre, (0.13 * s, 0.055 * s), "leaf", tone, turn=-side * 0.5)
    for petal in range(6):  # one hangs down before the stem: two would be a figure's legs
        angle = math.pi / 3 * petal - math.pi / 2
        centre = (x + 0.23 * s * math.cos(angle), top + 0.23 * s * math.sin(angle))
        c.ellipse(centre, (0.16 * s, 0.11 * s), "petal", turn=angle)
    c.ellipse((x, top), (0.13 * s, 0.13 * s), "accent")


def castle(c: Canvas, x: float, y: float, s: float, _: np.random.Generator) -> None:
    c.box((x - 0.28 * s, y - 0.38 * s, x + 0.28 * s, y), "stone", 1.08)
    for tooth in range(4):
        left = x - 0.22 * s + tooth * 0.12 * s
        c.box((left, y - 0.45 * s, left + 0.07 * s, y - 0.37 * s), "stone", 1.08, edged=False)
    for side in (-1, 1):
        tower = x + side * 0.33 * s
        c.box((tower - 0.1 * s, y - 0.56 * s, tower + 0.1 * s, y), "stone", 0.92)
        c.polygon(
            [
                (tower - 0.14 * s, y - 0.56 * s),
                (tower + 0.14 * s, y - 0.56 * s),
                (tower, y - 0.84 * s),
            ],
            "roof",
        )
        c.box((tower - 0.035 * s, y - 0.45 * s, tower + 0.035 * s, y - 0.33 * s), "light")
    c.ellipse((x, y - 0.17 * s), (0.12 * s, 0.13 * s), "dark", edged=False)
    c.box((x - 0.12 * s, y - 0.17 * s, x + 0.12 * s, y), "dark", edged=False)


def balloon(c: Canvas, x: float, y: float, s: float, _: np.random.Generator) -> None:
    middle, radius = y - 0.5 * s, 0.36 * s
    for side in (-1, 1):
        rope = [(x + side * 0.24 * s, middle + 0.25 * s), (x + side * 0.09 * s, y)]
        c.stroke(rope, 0.03, "trunk")
    c.ellipse((x, middle), (radius, radius * 1.04), "petal")
    c.ellipse((x, middle), (radius * 0.64, radius * 1.04), "accent")
    c.ellipse((x, middle), (radius * 0.27, radius * 1.04), "petal")
    c.box((x - 0.11 * s, y - 0.02 * s, x + 0.11 * s, y + 0.13 * s), "trunk")


def lighthouse(c: Canvas, x: float, y: float, s: float, random: np.random.Generator) -> None:
    side = 1 if random.random() < 0.5 else -1
    c.polygon(
        [(x, y - 0.8 * s), (x + side, y - 0.98 * s), (x + side, y - 0.6 * s)], "light", edged=False
    )
    c.polygon(
        [
            (x - 0.36 * s, y + 0.07),
            (x - 0.2 * s, y - 0.08 * s),
            (x + 0.2 * s, y - 0.08 * s),
            (x + 0.36 * s, y + 0.07),
        ],
        "stone",
        0.8,
    )
    for band in range(5):
        low, high = band / 5, (band + 1) / 5
        below, above = (0.16 - 0.07 * low) * s, (0.16 - 0.07 * high) * s
        y0, y1 = y - 0.06 * s - low * 0.63 * s, y - 0.06 * s - high * 0.63 * s
        points = [(x - below, y0), (x + below, y0), (x + above, y1), (x - above, y1)]
        c.polygon(points, "roof" if band % 2 == 0 else "snow")
    c.box((x - 0.08 * s, y - 0.86 * s, x + 0.08 * s, y - 0.69 * s), "light")
    c.polygon(
        [(x - 0.13 * s, y - 0.86 * s), (x + 0.13 * s, y - 0.86 * s), (x, y - 0.99 * s)], "roof", 0.8
    )


def whale(c: Canvas, x: float, y: float, s: float, random: np.random.Generator) -> None:
    side = 1 if random.random() < 0.5 else -1
    back = [(x + side * 0.26 * s, y - 0.12 * s), (x + side * 0.42 * s, y - 0.26 * s)]
    c.stroke(back, 0.11 * s, "hide")
    tip = (x + side * 0.42 * s, y - 0.26 * s)
    for lobe in ((0.2, -0.1), (-0.14, -0.16)):
        end = (tip[0] + side * lobe[0] * s * 0.6, tip[1] + lobe[1] * s)
        c.polygon(
            [
                tip,
                (tip[0] + side * 0.06 * s, tip[1] + 0.06 * s),
                end,
                (tip[0] - side * 0.03 * s, tip[1] - 0.05 * s),
            ],
            "hide",
        )
    c.ellipse((x - side * 0.06 * s, y - 0.12 * s), (0.4 * s, 0.24 * s), "hide")
    c.ellipse((x - side * 0.12 * s, y - 0.01 * s), (0.3 * s, 0.11 * s), "snow", edged=False)
    c.ellipse((x - side * 0.28 * s, y - 0.17 * s), (0.035 * s, 0.04 * s), "light", edged=False)
    for lean in (-1, 1):
        spout = [
            (x - side * 0.1 * s, y - 0.38 * s),
            (x - side * 0.1 * s + lean * 0.05 * s, y - 0.6 * s),
        ]
        c.stroke([*spout, (x - side * 0.1 * s + lean * 0.16 * s, y - 0.62 * s)], 0.045 * s, "snow")


DRAWINGS: dict[str, Draw] = {
    drawing.__name__: drawing
    for drawing in (house, tree, mountain, boat, cat, flower, castle, balloon, lighthouse, whale)
}
