"""Artwork of the bottle scene's paper: front labels, code sticker, tear lines. Pure NumPy.

Shapes are signed distances (negative inside) on a grid in centimetres, x to the right, y up, origin in the middle
of the paper; a pixel's cover is its distance clipped to half a pixel. Colours are linear reflectances.
"""

from __future__ import annotations

import math

import numpy as np

PIXELS_PER_CM = 72

RED = (0.56, 0.012, 0.022)
DARK_RED = (0.24, 0.006, 0.014)
GREEN = (0.035, 0.21, 0.035)
BLUE = (0.018, 0.10, 0.42)
PALE_BLUE = (0.42, 0.62, 0.82)
ORANGE = (0.86, 0.24, 0.012)
PALE_ORANGE = (0.92, 0.62, 0.24)
BROWN = (0.16, 0.075, 0.025)
INK = (0.022, 0.022, 0.026)

# Single-stroke capitals on a grid 4 wide and 6 high.
GLYPHS = {
    "C": [[(4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0), (3, 0), (4, 1)]],
    "E": [[(4, 6), (0, 6), (0, 0), (4, 0)], [(0, 3.1), (3.2, 3.1)]],
    "H": [[(0, 0), (0, 6)], [(4, 0), (4, 6)], [(0, 3), (4, 3)]],
    "I": [[(2, 0), (2, 6)]],
    "K": [[(0, 0), (0, 6)], [(4, 6), (0, 2.6)], [(1.4, 3.8), (4, 0)]],
    "L": [[(0, 6), (0, 0), (4, 0)]],
    "M": [[(0, 0), (0, 6), (2, 2.4), (4, 6), (4, 0)]],
    "R": [[(0, 0), (0, 6), (3, 6), (4, 5), (4, 4), (3, 3), (0, 3)], [(2, 3), (4, 0)]],
    "S": [[(4, 5.2), (3, 6), (1, 6), (0, 5), (0, 4), (1, 3.1), (3, 2.9), (4, 2), (4, 1), (3, 0), (1, 0), (0, 0.8)]],
    "T": [[(0, 6), (4, 6)], [(2, 6), (2, 0)]],
    "U": [[(0, 6), (0, 1), (1, 0), (3, 0), (4, 1), (4, 6)]],
    "Y": [[(0, 6), (2, 3), (4, 6)], [(2, 3), (2, 0)]],
}

WORDS = {"cherry": "CHERRY", "milk": "MILK", "citrus": "CITRUS"}
BANDS = {"cherry": RED, "milk": BLUE, "citrus": ORANGE}


class Paper:
    """A sheet to print on: `colour` float [h, w, 3], `alpha` float [h, w], row 0 at the bottom."""

    def __init__(self, size, corner, paper):
        self.size = size
        width, height = (max(8, round(s * PIXELS_PER_CM)) for s in size)
        self.x = ((np.arange(width) + 0.5) / width - 0.5)[None, :] * size[0]
        self.y = ((np.arange(height) + 0.5) / height - 0.5)[:, None] * size[1]
        self.colour = np.empty((height, width, 3))
        self.colour[:] = paper
        self.alpha = self.cover(self.box(0, 0, size[0] / 2 - 0.01, size[1] / 2 - 0.01, corner))

    # Signed distances [h, w] in cm.

    def circle(self, cx, cy, r):
        return np.hypot(self.x - cx, self.y - cy) - r

    def box(self, cx, cy, half_width, half_height, corner=0.0):
        dx = np.abs(self.x - cx) - half_width + corner
        dy = np.abs(self.y - cy) - half_height + corner
        return np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - corner

    def line(self, points, half_width):
        """A polyline with round ends."""
        nearest = np.inf
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            ux, uy = x1 - x0, y1 - y0
            t = ((self.x - x0) * ux + (self.y - y0) * uy) / (ux * ux + uy * uy)
            t = np.clip(t, 0, 1)
            nearest = np.minimum(nearest, np.hypot(self.x - x0 - t * ux, self.y - y0 - t * uy))
        return nearest - half_width

    def leaf(self, cx, cy, angle_deg, length, width):
        """The lens where two circles overlap."""
        a = math.radians(angle_deg)
        u = (self.x - cx) * math.cos(a) + (self.y - cy) * math.sin(a)
        v = -(self.x - cx) * math.sin(a) + (self.y - cy) * math.cos(a)
        h, b = length / 2, width / 2
        r = (h * h + b * b) / (2 * b)
        return np.maximum(np.hypot(u, v + r - b), np.hypot(u, v - r + b)) - r

    def polygon(self, points):
        """A convex polygon, corners counter-clockwise (exact inside, close enough outside)."""
        d = -np.inf
        for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1]):
            length = math.hypot(x1 - x0, y1 - y0)
            d = np.maximum(d, ((self.x - x0) * (y1 - y0) - (self.y - y0) * (x1 - x0)) / length)
        return d

    # Ink.

    def cover(self, distance):
        return np.clip(0.5 - distance * PIXELS_PER_CM, 0, 1)

    def ink(self, distance, colour):
        c = self.cover(distance)[..., None]
        self.colour = self.colour * (1 - c) + np.asarray(colour) * c

    def write(self, word, cx, cy, height, colour, weight):
        unit = height / 6
        advance = 5.6 * unit
        left = cx - (len(word) * advance - 1.6 * unit) / 2
        for i, letter in enumerate(word):
            for stroke in GLYPHS[letter]:
                points = [(left + i * advance + x * unit, cy - height / 2 + y * unit) for x, y in stroke]
                self.ink(self.line(points, weight / 2), colour)


def _curve(p0, p1, p2, n=10):
    """Quadratic Bézier curve as a polyline."""
    ts = [i / n for i in range(n + 1)]
    return [tuple((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c for a, b, c in zip(p0, p1, p2)) for t in ts]


def _cherry(p: Paper):
    top = (0.18, 1.52)
    p.ink(p.line(_curve(top, (-0.05, 1.1), (-0.52, 0.42)), 0.055), BROWN)
    p.ink(p.line(_curve(top, (0.4, 1.1), (0.58, 0.3)), 0.055), BROWN)
    p.ink(p.leaf(0.68, 1.4, 8, 1.05, 0.42), GREEN)
    for x, y in ((-0.56, 0.06), (0.6, -0.04)):
        p.ink(p.circle(x, y, 0.5), RED)
        p.ink(np.maximum(p.circle(x, y, 0.5), -p.circle(x - 0.12, y + 0.12, 0.5)), DARK_RED)
        p.ink(p.circle(x - 0.18, y + 0.2, 0.1), (0.9, 0.72, 0.7))


def _milk(p: Paper):
    p.ink(p.line([(0.12, 0.9), (0.5, 1.62), (0.86, 1.5)], 0.07), RED)
    glass = [(-0.48, -0.5), (0.48, -0.5), (0.68, 1.1), (-0.68, 1.1)]
    body = p.polygon(glass)
    p.ink(body, (0.93, 0.94, 0.95))
    wave = p.y - 0.62 - 0.05 * np.sin(p.x * 9)
    p.ink(np.maximum(body, wave), PALE_BLUE)
    p.ink(np.abs(body + 0.055) - 0.055, BLUE)
    for x, y, r in ((-0.18, 0.28, 0.09), (0.16, 0.02, 0.12), (-0.1, -0.22, 0.07)):
        p.ink(p.circle(x, y, r), (0.93, 0.95, 0.97))


def _citrus(p: Paper):
    cx, cy = 0.0, 0.5
    p.ink(p.leaf(0.82, 1.38, 28, 0.95, 0.4), GREEN)
    p.ink(p.circle(cx, cy, 1.0), ORANGE)
    p.ink(p.circle(cx, cy, 0.86), (0.93, 0.86, 0.7))
    angle = np.arctan2(p.y - cy, p.x - cx)
    radius = np.hypot(p.x - cx, p.y - cy)
    sector = 2 * math.pi / 8
    off = np.abs((angle + sector / 2) % sector - sector / 2)
    wedge = np.maximum(radius - 0.78, 0.05 - radius * np.sin(np.maximum(sector / 2 - off, 0)))
    p.ink(np.maximum(wedge, 0.12 - radius), PALE_ORANGE)
    p.ink(np.maximum(wedge + 0.06, 0.12 - radius), ORANGE)


_PICTOGRAMS = {"cherry": _cherry, "milk": _milk, "citrus": _citrus}


def _paper_colour(params):
    level, warmth = params["paper"]
    return (level * 0.92, level * 0.92 * (1 - warmth * 0.5), level * 0.92 * (1 - warmth * 2.2))


def _press(p: Paper, params):
    """How strongly it was printed: ink more or less dense, a slight cast."""
    blank = np.array(_paper_colour(params))
    density = (blank - p.colour) * params["ink"]
    cast = np.array([1 + params["hue"] * 2, 1.0, 1 - params["hue"] * 2])
    p.colour = np.clip((blank - density) * cast, 0.008, 0.95)


def label(params, size, corner) -> np.ndarray:
    """A front label: linear RGBA float32 [h, w, 4], row 0 at the bottom.

    params: `print` (a drink), `ink`, `hue`, `paper` of a label as `bottle_layout.sample` draws them.
    size: width and height in cm; corner: radius in cm.
    """
    p = Paper(size, corner, _paper_colour(params))
    kind = params["print"]
    w, h = size[0] / 2, size[1] / 2
    frame = p.box(0, 0, w - 0.16, h - 0.16, corner * 0.7)
    p.ink(np.abs(frame) - 0.035, BANDS[kind])
    _PICTOGRAMS[kind](p)
    p.ink(np.maximum(frame, p.y + 0.72), BANDS[kind])
    p.write(WORDS[kind], 0, -1.17, 0.56, (0.93, 0.92, 0.88), 0.115)
    _press(p, params)
    return np.dstack([p.colour, p.alpha]).astype(np.float32)


def sticker(params, size, corner) -> np.ndarray:
    """The code sticker: linear RGBA float32 [h, w, 4], row 0 at the bottom."""
    p = Paper(size, corner, _paper_colour(params))
    x = -size[0] / 2 + 0.24
    for bar, gap in ((2, 1), (1, 2), (3, 1), (1, 1), (2, 2), (1, 1), (3, 2), (1, 1), (2, 1), (1, 2), (2, 1)):
        p.ink(p.box(x + bar * 0.02, 0, bar * 0.02, size[1] / 2 - 0.2), INK)
        x += (bar + gap) * 0.042
    p.ink(p.circle(0.83, 0.0, 0.27), INK)
    p.ink(p.circle(0.83, 0.0, 0.16), _paper_colour(params))
    _press(p, params)
    return np.dstack([p.colour, p.alpha]).astype(np.float32)


def tear_distance(tear, size) -> np.ndarray:
    """Signed distance in cm, about, from the line along which a label is torn: negative where paper is gone.

    tear: `side`, `depth` (share of the paper's extent), `slope`, `flip`, `seed`. Float [h, w], row 0 at the bottom.
    """
    p = Paper(size, 0.0, (1, 1, 1))
    rng = np.random.Generator(np.random.PCG64(tear["seed"]))
    w, h = size
    u, v = p.x / w + 0.5 + 0 * p.y, p.y / h + 0.5 + 0 * p.x
    if tear["flip"][0]:
        u = 1 - u
    if tear["flip"][1]:
        v = 1 - v
    if tear["side"] == "corner":
        along, across, extent = u - v, (u + v) / 1.7, (w + h) / 2
    elif tear["side"] in ("left", "right"):
        along, across, extent = v, (u if tear["side"] == "left" else 1 - u), w
    else:
        along, across, extent = u, (v if tear["side"] == "bottom" else 1 - v), h
    ragged = np.zeros_like(u)
    for k in range(1, 15):
        ragged += rng.uniform(0.4, 1.0) / k**0.9 * np.sin(2 * math.pi * k * 0.7 * along + rng.uniform(0, 2 * math.pi))
    line = tear["depth"] + tear["slope"] * (along - 0.5) * 0.6 + 0.045 * ragged
    return (across - line) * extent


def tear(rgba: np.ndarray, params, size) -> tuple[np.ndarray, np.ndarray]:
    """A torn label and the share of each pixel that was torn off.

    rgba: float32 [h, w, 4]. Returns the label with white fibres along the tear, and float32 [h, w] in [0, 1] where
    paper or print is gone.
    """
    d = tear_distance(params, size)
    rng = np.random.Generator(np.random.PCG64(params["seed"] + 1))
    fibre = 0.1 + 0.06 * np.sin(np.cumsum(rng.normal(0, 0.35, d.shape[1]))[None, :])
    gone = np.clip(0.5 - d * PIXELS_PER_CM, 0, 1)
    bare = np.clip(0.5 - (d - fibre) * PIXELS_PER_CM, 0, 1)
    out = rgba.astype(np.float64)
    out[..., :3] = out[..., :3] * (1 - bare[..., None]) + 0.8 * bare[..., None]
    out[..., 3] *= 1 - gone
    return out.astype(np.float32), (bare * rgba[..., 3]).astype(np.float32)
