"""Shapes in roles: what the subjects draw on, before any colour or texture.

Coordinates are in picture widths, x to the right and y down, (0, 0) top left.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise

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

    def stroke(self, points: list[Point], width: float, role: str, shade: float = 1.0) -> None:
        """Add a line of some width, as one polygon for each of its pieces and no contours."""
        half = width / 2
        for (x0, y0), (x1, y1) in pairwise(points):
            length = math.hypot(x1 - x0, y1 - y0) or 1.0
            nx, ny = -(y1 - y0) / length * half, (x1 - x0) / length * half
            quad = [(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)]
            self.polygon(quad, role, shade, edged=False)
        for x, y in points[1:-1]:
            self.ellipse((x, y), (half, half), role, shade, edged=False)
