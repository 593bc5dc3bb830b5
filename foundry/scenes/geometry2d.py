"""Convex shapes in the plane, for layouts. Pure Python. A point is an (x, y) pair, a polygon a list of points."""

from __future__ import annotations

import math

Point = tuple[float, float]


def place(polygon: list[Point], x: float, y: float, angle: float) -> list[Point]:
    """The polygon turned by `angle` (radians, counter-clockwise) about the origin and moved to (x, y)."""
    c, s = math.cos(angle), math.sin(angle)
    return [(x + c * px - s * py, y + s * px + c * py) for px, py in polygon]


def gap(a: list[Point], b: list[Point]) -> float:
    """The widest separation of two convex polygons over the directions of their edge normals.

    Positive: they are apart, by at least this. Zero or negative: they touch or overlap (separating axis theorem).
    """
    best = -math.inf
    for polygon in (a, b):
        for i, (x0, y0) in enumerate(polygon):
            x1, y1 = polygon[(i + 1) % len(polygon)]
            nx, ny = y1 - y0, x0 - x1
            length = math.hypot(nx, ny)
            if length == 0:
                continue
            pa = [(px * nx + py * ny) / length for px, py in a]
            pb = [(px * nx + py * ny) / length for px, py in b]
            best = max(best, min(pb) - max(pa), min(pa) - max(pb))
    return best


def within(polygon: list[Point], x0: float, y0: float, x1: float, y1: float) -> bool:
    """Whether every point lies in the rectangle [x0, x1] × [y0, y1]."""
    return all(x0 <= x <= x1 and y0 <= y <= y1 for x, y in polygon)


def within_rounded(polygon: list[Point], hx: float, hy: float, radius: float) -> bool:
    """Whether a convex polygon lies in the rectangle [−hx, hx] × [−hy, hy] with corners rounded by `radius`."""
    for x, y in polygon:
        ax, ay = abs(x), abs(y)
        if ax > hx or ay > hy:
            return False
        if ax > hx - radius and ay > hy - radius and math.hypot(ax - hx + radius, ay - hy + radius) > radius:
            return False
    return True
