"""A small world of pictures: a scene and a style go in, a picture of 128 x 128 pixels comes out.

A scene says what is shown (subject, background, companion), a style how (palette, texture). The two
are independent: every scene can be drawn in every style. The same random generator state gives the
same picture, on every machine.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo import textures
from demo.backgrounds import BACKGROUND_DRAWINGS, COMPANION_DRAWINGS
from demo.canvas import Canvas
from demo.palettes import ORIGINALS, PALETTES, TURNED, colours
from demo.subjects import DRAWINGS

__all__ = [
    "AESTHETICS",
    "BACKGROUNDS",
    "COMPANIONS",
    "ORIGINALS",
    "PALETTES",
    "PLAIN",
    "SIZE",
    "SUBJECTS",
    "TEXTURES",
    "TURNED",
    "TWINS",
    "UNSEEN",
    "Scene",
    "Style",
    "arranged",
    "backgrounds_of",
    "draw",
    "draw_large",
    "random_scene",
]

SIZE = 128  # pixels
SUBJECTS = tuple(DRAWINGS)
BACKGROUNDS = tuple(BACKGROUND_DRAWINGS)
COMPANIONS = tuple(COMPANION_DRAWINGS)
TEXTURES = tuple(textures.TEXTURES)
SIZES = {  # beside what subjects.py draws at 1, so that each stands whole in the picture
    "tree": 0.84,
    "mountain": 0.8,
    "boat": 0.9,
    "cat": 0.83,
    "flower": 0.74,
    "castle": 0.88,
    "balloon": 0.8,
    "lighthouse": 0.76,
}
AT_SEA = frozenset({"boat", "whale"})


@dataclass(frozen=True, slots=True)
class Scene:
    subject: str
    background: str = "meadow"
    companion: str = "none"


@dataclass(frozen=True, slots=True)
class Style:
    palette: str = "natural"
    texture: str = "flat"


PLAIN = Style()

# The looks that the demo is judged by. Each can be told from the others by palette or texture.
AESTHETICS = {
    "Ember dusk": Style("sunset", "flat"),
    "Winter wash": Style("winter", "wash"),
    "Old engraving": Style("sepia", "hatch"),
    "Pop print": Style("candy", "dots"),
    "Forest window": Style("emerald", "glass"),
    "Black ink": Style("noir", "hatch"),
    "Night tubes": Style("night", "neon"),
    "Arcade": Style("candy", "pixel"),
    "Pale wash": Style("pastel", "wash"),
    "Evening window": Style("sunset", "glass"),
    "Newsprint": Style("noir", "dots"),
    "Ice tiles": Style("winter", "pixel"),
    "Synthwave": Style("sunset", "neon"),
    "Midnight points": Style("night", "dots"),
}

# Textures that are each other's nearest in the space, in one palette: they take the most practice.
TWINS = frozenset({"flat", "pixel"})

# Pairs that no model ever sees; only the judges of the evaluation know them.
UNSEEN = (
    Style("sepia", "glass"),
    Style("pastel", "pixel"),
    Style("emerald", "dots"),
    Style("sunset", "hatch"),
    Style("winter", "neon"),
    Style("candy", "wash"),
)


def backgrounds_of(subject: str) -> tuple[str, ...]:
    """Return where a subject may stand."""
    if subject in AT_SEA:
        return ("sea",)
    if subject == "lighthouse":
        return ("sea", "hills")
    hidden = {"mountain": {"mountains", "hills", "sea"}, "tree": {"forest", "sea"}}
    return tuple(each for each in BACKGROUNDS if each not in hidden.get(subject, {"sea"}))


def random_scene(random: np.random.Generator) -> Scene:
    subject = SUBJECTS[random.integers(len(SUBJECTS))]
    places = backgrounds_of(subject)
    background = places[random.integers(len(places))]
    companion = COMPANIONS[random.integers(len(COMPANIONS))]
    return Scene(subject, background, companion)


def draw(scene: Scene, style: Style, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture [128, 128, 3] of a scene in a style."""
    return textures.halved(_drawn(scene, style, random))


def draw_large(scene: Scene, style: Style, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return the same picture as it was before it was halved, [256, 256, 3]."""
    return textures.rounded(_drawn(scene, style, random))


def arranged(scene: Scene, random: np.random.Generator) -> Canvas:
    """Return a canvas with subject, background and companion in their places."""
    horizon = random.uniform(0.62, 0.68)
    ground = "water" if scene.background == "sea" else "ground"
    canvas = Canvas(horizon, ground)
    COMPANION_DRAWINGS[scene.companion](canvas, random)
    BACKGROUND_DRAWINGS[scene.background](canvas, random)
    x, size = random.uniform(0.46, 0.54), random.uniform(0.92, 1.06)
    size *= SIZES.get(scene.subject, 1.0)
    y = horizon + random.uniform(0.17, 0.22)
    if scene.subject == "mountain":
        y = horizon + 0.015
    if scene.subject == "balloon":
        y = random.uniform(0.74, 0.8)
    if scene.subject in {"boat", "whale"}:
        y = horizon + random.uniform(0.12, 0.16)
    DRAWINGS[scene.subject](canvas, x, y, size, random)
    return canvas


def _drawn(scene: Scene, style: Style, random: np.random.Generator) -> textures.Pixels:
    canvas = arranged(scene, random)
    chosen = colours(style.palette, random)
    return textures.TEXTURES[style.texture](canvas, chosen, style.palette, random)
