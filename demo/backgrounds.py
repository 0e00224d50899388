"""What lies behind a subject, and what hangs in its sky; all of it small and without detail.

Each function draws one of them on a canvas, moved by a random shift.
"""

import math
from collections.abc import Callable

import numpy as np

from demo.canvas import Canvas

Draw = Callable[[Canvas, np.random.Generator], None]


def meadow(_c: Canvas, random: np.random.Generator) -> None:
    """Draw nothing, but take the same number from the generator as the others."""
    random.uniform(0, 1)


def hills(c: Canvas, random: np.random.Generator) -> None:
    shift = random.uniform(0, 1)
    for hill in (-0.35, 0.25, 0.85):
        c.ellipse((hill + 0.3 * shift, c.horizon + 0.06), (0.36, 0.2), "far", edged=False)


def forest(c: Canvas, random: np.random.Generator) -> None:
    shift = random.uniform(0, 1)
    for fir in range(-1, 9):
        x, top = (fir + shift) / 8, c.horizon - 0.2 - 0.04 * (fir % 2)
        points = [(x - 0.075, c.horizon), (x + 0.075, c.horizon), (x, top)]
        c.polygon(points, "leaf", 0.7, edged=False)


def mountains(c: Canvas, random: np.random.Generator) -> None:
    shift = random.uniform(0, 1)
    for peak in range(-1, 4):
        x, top = (peak + shift) / 2.6, c.horizon - 0.26
        slopes = [(x - 0.3, c.horizon), (x + 0.3, c.horizon), (x, top)]
        c.polygon(slopes, "far", 0.9, edged=False)
        c.polygon([(x, top), (x - 0.08, top + 0.07), (x + 0.08, top + 0.07)], "snow", edged=False)


def sea(c: Canvas, random: np.random.Generator) -> None:
    shift = random.uniform(0, 1)
    for wave in range(3):
        x, y = (0.15 + 0.4 * wave + shift) % 1, c.horizon + 0.08 + 0.1 * wave
        c.stroke([(x - 0.09, y), (x, y - 0.016), (x + 0.09, y)], 0.016, "snow")


def none(_c: Canvas, random: np.random.Generator) -> None:
    """Leave the sky empty, but take the same numbers from the generator as sun and moon."""
    _place(random)


def sun(c: Canvas, random: np.random.Generator) -> None:
    x, y, _ = _place(random)
    c.ellipse((x, y), (0.07, 0.07), "light")
    for ray in range(8):
        angle = ray * math.pi / 4
        cos, sin = math.cos(angle), math.sin(angle)
        ends = [(x + 0.09 * cos, y + 0.09 * sin), (x + 0.12 * cos, y + 0.12 * sin)]
        c.stroke(ends, 0.02, "light")


def moon(c: Canvas, random: np.random.Generator) -> None:
    x, y, _ = _place(random)
    arc = [angle * math.pi / 12 for angle in range(-6, 7)]
    outer = [(x + 0.09 * math.cos(angle), y + 0.09 * math.sin(angle)) for angle in arc]
    inner = [(x + 0.035 * math.cos(angle), y + 0.09 * math.sin(angle)) for angle in reversed(arc)]
    c.polygon(outer + inner, "light")


def clouds(c: Canvas, random: np.random.Generator) -> None:
    _place(random)
    for side in (-1, 1):
        x, y = 0.5 + side * random.uniform(0.36, 0.42), random.uniform(0.09, 0.16)
        for puff in (-1, 0, 1):
            centre = (x + puff * 0.06, y - (puff == 0) * 0.022)
            c.ellipse(centre, (0.06, 0.04), "snow", edged=False)


def birds(c: Canvas, random: np.random.Generator) -> None:
    *_, side = _place(random)
    for bird in range(3):
        x, y = 0.5 + side * (0.3 + 0.08 * bird), random.uniform(0.07, 0.24)
        wings = [(x - 0.04, y - 0.022), (x, y + 0.01), (x + 0.04, y - 0.022)]
        c.stroke(wings, 0.02, "dark")


def _place(random: np.random.Generator) -> tuple[float, float, int]:
    """Return where something hangs in the sky, and on which side of the subject that is."""
    side = 1 if random.random() < 1 / 2 else -1
    return 0.5 + side * random.uniform(0.36, 0.39), random.uniform(0.13, 0.16), side


BACKGROUND_DRAWINGS: dict[str, Draw] = {
    drawing.__name__: drawing for drawing in (meadow, hills, forest, mountains, sea)
}
COMPANION_DRAWINGS: dict[str, Draw] = {
    drawing.__name__: drawing for drawing in (none, sun, moon, clouds, birds)
}
