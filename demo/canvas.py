"""Shapes in roles: what the subjects draw on, before any colour or texture.

Coordinates are in picture widths, x to the right and y down, (0, 0) top left.
"""

import math
from dataclasses import dataclass, field

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled polygon of one role. `shade` multiplies its colour; an `edged` one has contours."""

    points: tuple[Point, ...]
    role: str
    shade: float
    edged: bool


@dataclass(slots=True)
class Canvas:
    horizon: float  # y where the sky ends
    ground: str  # the role below the horizon
    shapes: list[Shape] = field(default_factory=list)

    def polygon(
        self, points: list[Point], role: str, shade: float = 1.0, *, edged: bool = True
    ) -> None:
        self.shapes.append(Shape(tuple(points), role, shade, edged))

    def box(
        self,
        corners: tuple[float, float, float, float],
        role: str,
        shade: float = 1.0,
        *,
        edged: bool = True,
    ) -> None:
        left, top, right, bottom = corners
        points = [(left, top), (right, top), (right, bottom), (left, bottom)]
        self.polygon(points, role, shade, edged=edged)

    def ellipse(
        self,
        centre: Point,
        radii: Point,
        role: str,
        shade: float = 1.0,
        *,
        turn: float = 0.0,
        edged: bool = True,
    ) -> None:
        """Add an ellipse turned by `turn` radians."""
        (x, y), (rx, ry) = centre, radii
        cos, sin, corners = math.cos(turn), math.sin(turn), 28
        points = []
        for corner in range(corners):
            angle = 2 * math.pi * corner / corners
            u, v = rx * math.cos(angle), ry * math.sin(angle)
            points.append((x + u * cos - v * sin, y + u * sin + v * cos))
        self.polygon(points, role, shade, edged=edged)

    def stroke(
        self,
        points: list[Point],
        width: float,
        role: str,
        shade: float = 1.0,
        *,
        edged: bool = False,
    ) -> None:
        """Add a line of some width as one polygon, its ends cut off straight."""
        left: list[Point] = []
        right: list[Point] = []
        for place, (x, y) in enumerate(points):
            (x0, y0), (x1, y1) = points[max(place - 1, 0)], points[min(place + 1, len(points) - 1)]
            scale = width / 2 / math.hypot(x1 - x0, y1 - y0)
            across, down = -(y1 - y0) * scale, (x1 - x0) * scale
            left.append((x + across, y + down))
            right.append((x - across, y - down))
        self.polygon([*left, *reversed(right)], role, shade, edged=edged)
