"""How a picture is made: a canvas and its colours go in, pixels [256, 256, 3], 0 to 255, come out.

Everything is drawn at twice the size and halved at the end. Screens, hatchings, tiles and leads
lie on one fixed grid, as on a printing plate, and repeat after two cells of 8 final pixels: every
second stroke is thicker, every second group of dots larger, of tiles lighter. A pattern that
repeated after one cell would be the same in every place of the latents, and a decoder of
convolutions that doubles its pixels can draw nothing but a flat colour from equal neighbours.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from demo.canvas import Canvas, Point, Shape
from demo.palettes import DARK, Colours, lightness

SIDE = 256  # pixels while drawing
CELL = 16  # 8 final pixels
LIT = frozenset({"light", "snow", "petal", "fur", "hide"})  # roles that shine in neon as a whole

Pixels = NDArray[np.float64]
Texture = Callable[[Canvas, Colours, str, np.random.Generator], Pixels]

ROWS, COLUMNS = np.mgrid[0:SIDE, 0:SIDE].astype(float)


def flat(canvas: Canvas, colours: Colours, _palette: str, _random: np.random.Generator) -> Pixels:
    """Plain shapes under a sky that fades."""
    return _paint(canvas, colours)


def dots(canvas: Canvas, colours: Colours, palette: str, _random: np.random.Generator) -> Pixels:
    """A halftone screen at 45 degrees: the darker the place, the larger its dots."""
    pixels = _paint(canvas, colours)
    smooth = _blurred(pixels, 2)
    light = lightness(smooth)[..., None]
    if palette in DARK:
        radius = np.minimum(2.5 + 7.0 * np.sqrt(light), 5.2)  # apart: grown together they are tiles
        paper, ink = smooth * 0.45, smooth * 1.45 + 24
    else:
        radius, paper, ink = 1.5 + 7.0 * np.sqrt(1 - light), smooth * 0.6 + 255 * 0.4, smooth * 0.62
    cover = np.clip(radius * DOT_SIZE[..., None] - DOT_DISTANCE[..., None] + 0.5, 0, 1)
    return np.asarray(paper * (1 - cover) + ink * cover)


def hatch(canvas: Canvas, colours: Colours, palette: str, _random: np.random.Generator) -> Pixels:
    """An engraving: strokes that grow with the darkness, crossed in the shade, and contours."""
    pixels = _paint(canvas, colours)
    light = lightness(_blurred(pixels, 1))
    dark_on_light = palette not in DARK
    need = 1 - light if dark_on_light else np.clip(light * 1.5 + 0.12, 0, 1)
    strokes = (2 + 8.5 * need) * THICKNESS > STROKES
    crossed = ((2 + 6.5 * need) * CROSS_THICKNESS > CROSS_STROKES) & (need > 0.52)
    contours = _contours(canvas, 3)
    ink = (strokes & (need > 0.1)) | crossed | contours
    if dark_on_light:
        paper, line = pixels * 0.5 + 255 * 0.5, colours["dark"] * 0.6 + pixels * 0.12
    else:
        paper, line = pixels * 0.4, pixels * 0.5 + colours["snow"] * 0.5
    return np.where(ink[..., None], line, paper)


def wash(canvas: Canvas, colours: Colours, palette: str, random: np.random.Generator) -> Pixels:
    """Watercolour: soft edges that wander, pigment that gathers at them, bare paper at the rim."""
    pixels = _paint(canvas, colours)
    down, across = ((_noise(14, random) - 0.5) * 9 for _ in range(2))
    rows = np.clip(ROWS + down, 0, SIDE - 1).astype(int)
    columns = np.clip(COLUMNS + across, 0, SIDE - 1).astype(int)
    wet = _blurred(pixels[rows, columns], 1.6)
    gathered = np.abs(wet - _blurred(wet, 5)).max(-1, keepdims=True)
    grain = (0.65 * _noise(9, random) + 0.35 * _noise(30, random))[..., None]
    paper = np.array([251.0, 249.0, 243.0])
    strength = np.clip(1.14 - 0.46 * grain, 0.5, 1) if palette not in DARK else 1.08 - 0.3 * grain
    painted = wet * strength + paper * (1 - strength) - 1.1 * gathered
    rim = np.minimum(np.minimum(COLUMNS, SIDE - 1 - COLUMNS), np.minimum(ROWS, SIDE - 1 - ROWS))
    ragged = np.clip((rim - 13 - 16 * (_noise(16, random) - 0.5)) / 4, 0, 1)[..., None]
    return np.asarray(painted * ragged + paper * (1 - ragged))


def pixel(canvas: Canvas, colours: Colours, _palette: str, _random: np.random.Generator) -> Pixels:
    """Square tiles of one colour each, with a lit and a shaded side."""
    pixels = _paint(canvas, colours)
    tile, tiles = CELL // 2, SIDE // (CELL // 2)
    means = pixels.reshape(tiles, tile, tiles, tile, 3).mean((1, 3))
    picked = np.asarray(_quantised(means, colours))
    large = picked.repeat(tile, 0).repeat(tile, 1)
    return np.asarray(large * TILE_LIGHT[..., None])


def glass(canvas: Canvas, colours: Colours, _palette: str, _random: np.random.Generator) -> Pixels:
    """A leaded window: panes that shine unequally, leads between them and around every shape.

    A shape with contours is one piece of glass, as a window's figures are; what is behind it is
    cut to panes.
    """
    pixels = _paint(canvas, colours)
    shining = np.clip((pixels - 128) * 1.08 + 128, 0, 255) * PANE_LIGHT[..., None]
    leads = _contours(canvas, 7) | (PANE_LEADS & ~_covered(canvas))
    lead = np.array([14.0, 12.0, 16.0])
    return np.where(leads[..., None], lead, shining)


def neon(canvas: Canvas, colours: Colours, _palette: str, _random: np.random.Generator) -> Pixels:
    """Glowing tubes along the contours, in the dark."""
    night = (colours["sky_top"] * 0.10 + colours["dark"] * 0.15) * 0.8
    image = Image.new("RGB", (SIDE, SIDE), _rgb(night))
    draw = ImageDraw.Draw(image)
    horizon = canvas.horizon * SIDE
    for line in (0.0, 0.22, 0.5, 0.85):
        y = horizon + (SIDE - horizon) * line
        glow = _bright(colours[canvas.ground]) * (0.8 - 0.35 * line)
        draw.line([(0, y), (SIDE, y)], fill=_rgb(glow), width=3)
    for shape in canvas.shapes:
        points = _corners(shape)
        tube = _rgb(_bright(colours[shape.role]))
        if shape.edged:
            draw.polygon(points, fill=_rgb(_bright(colours[shape.role]) * 0.16))
            draw.line([*points, points[0]], fill=tube, width=5, joint="curve")
        else:
            dim = 0.8 if shape.role in LIT else 0.34
            draw.polygon(points, fill=_rgb(_bright(colours[shape.role]) * dim))
    pixels = np.asarray(image, float)
    return np.asarray(pixels + 0.9 * _blurred(pixels, 8))


TEXTURES: dict[str, Texture] = {
    texture.__name__: texture for texture in (flat, dots, hatch, wash, pixel, glass, neon)
}


def halved(pixels: Pixels) -> NDArray[np.uint8]:
    """Return pixels [256, 256, 3] as [128, 128, 3], each the mean of four."""
    return rounded(pixels.reshape(SIDE // 2, 2, SIDE // 2, 2, 3).mean((1, 3)))


def rounded(pixels: Pixels) -> NDArray[np.uint8]:
    whole: NDArray[np.uint8] = np.clip(pixels + 0.5, 0, 255).astype(np.uint8)
    return whole


def _paint(canvas: Canvas, colours: Colours) -> Pixels:
    """Fill sky, ground and all shapes."""
    horizon = int(canvas.horizon * SIDE)
    down = np.linspace(0, 1, SIDE)[:, None]
    sky = np.clip(down * SIDE / max(horizon, 1), 0, 1)
    field = np.clip((down * SIDE - horizon) / (SIDE - horizon), 0, 1)
    above = colours["sky_top"] * (1 - sky) + colours["sky_low"] * sky
    below = colours[canvas.ground] * (1.06 - 0.22 * field)
    rows = np.where(down * SIDE < horizon, above, below)  # [256, 3]
    pixels = np.repeat(rows[:, None], SIDE, 1)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for shape in canvas.shapes:
        points = _corners(shape)
        draw.polygon(points, fill=_rgb(colours[shape.role] * shape.shade))
    return np.asarray(image, float)


def _contours(canvas: Canvas, width: int) -> NDArray[np.bool_]:
    """Return where the visible edges of the edged shapes are, and the horizon."""
    image = Image.new("L", (SIDE, SIDE), 0)
    draw = ImageDraw.Draw(image)
    draw.line([(0, canvas.horizon * SIDE), (SIDE, canvas.horizon * SIDE)], fill=255, width=width)
    for shape in canvas.shapes:
        points = _corners(shape)
        draw.polygon(points, fill=0)
        if shape.edged:
            draw.line([*points, points[0]], fill=255, width=width, joint="curve")
    return np.asarray(image) > 0


def _corners(shape: Shape) -> list[Point]:
    """Return a shape's corners in pixels."""
    return [(x * SIDE, y * SIDE) for x, y in shape.points]


def _covered(canvas: Canvas) -> NDArray[np.bool_]:
    """Return where shapes with contours are."""
    image = Image.new("L", (SIDE, SIDE), 0)
    draw = ImageDraw.Draw(image)
    for shape in canvas.shapes:
        if shape.edged:
            draw.polygon(_corners(shape), fill=255)
    return np.asarray(image) > 0


def _quantised(means: Pixels, colours: Colours) -> Pixels:
    """Return tile colours [n, n, 3] moved towards the nearest of the palette and its skies."""
    sky = [colours["sky_top"] * (1 - t) + colours["sky_low"] * t for t in (0.25, 0.5, 0.75)]
    own = np.array([*colours.values(), *sky])  # [colours, 3]
    nearest = ((means[:, :, None] - own) ** 2).sum(-1).argmin(-1)
    return np.asarray(own[nearest] * 0.4 + means * 0.6)


def _blurred(pixels: Pixels, radius: float) -> Pixels:
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), float)


def _noise(knots: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return smooth noise [256, 256], 0 to 1, with so many knots a side."""
    small = Image.fromarray((random.random((knots, knots)) * 255).astype(np.uint8))
    return np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC), float) / 255


def _bright(colour: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a colour of the same hue that shines."""
    return np.asarray(colour * (245 / max(float(colour.max()), 25.0)))


def _rgb(colour: NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(int(value) for value in np.clip(colour, 0, 255))


def _dot_distance() -> NDArray[np.float64]:
    """Return each pixel's distance from the nearest dot's centre; two dots to a cell."""
    x, y = (COLUMNS + 0.5) % CELL, (ROWS + 0.5) % CELL
    corner = np.hypot(np.minimum(x, CELL - x), np.minimum(y, CELL - y))
    return np.asarray(np.minimum(corner, np.hypot(x - CELL / 2, y - CELL / 2)))


def _panes() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the brightness of each pane [256, 256] and where the leads between them are."""
    random = np.random.default_rng(1140)  # the year of the glass of Saint-Denis
    side, count = 32, SIDE // 32 + 1
    knots = np.stack(np.meshgrid(range(count), range(count)), -1).reshape(-1, 2) * side
    knots = knots + random.uniform(-11, 11, knots.shape)
    places = np.stack([COLUMNS, ROWS], -1)[:, :, None]
    distances = np.sqrt(((places - knots) ** 2).sum(-1))
    nearest, second = np.sort(distances, -1)[..., :2].transpose(2, 0, 1)
    brightness = random.uniform(0.8, 1.2, len(knots))[distances.argmin(-1)]
    return brightness, second - nearest < 4.5


def _tile_light() -> NDArray[np.float64]:
    tile = CELL // 2
    light = np.ones((tile, tile))
    light[:2], light[:, :2] = 1.14, 1.14
    light[-2:], light[:, -2:] = 0.72, 0.72
    return np.tile(light, (SIDE // tile, SIDE // tile)) * np.where(EVEN, 1.08, 0.94)


EVEN = (ROWS // CELL + COLUMNS // CELL) % 2 == 0  # every second cell, as on a chessboard
DOT_DISTANCE = _dot_distance()
DOT_SIZE = np.where(EVEN, 1.12, 0.88)
STROKES = (COLUMNS + ROWS) % CELL
THICKNESS = np.where((COLUMNS + ROWS) % (2 * CELL) < CELL, 1.25, 0.75)
CROSS_STROKES = (COLUMNS - ROWS) % CELL
CROSS_THICKNESS = np.where((COLUMNS - ROWS) % (2 * CELL) < CELL, 1.25, 0.75)
PANE_LIGHT, PANE_LEADS = _panes()
TILE_LIGHT = _tile_light()
