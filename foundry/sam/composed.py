"""Composed scenes without end: textured shapes on textured grounds, drawn from a random generator.

A scene is one of: shapes scattered about, rows of equal things, a plate with recesses that hold things. Things may be
made of parts (a body with a rod, with prints on it), be see-through, ring-shaped, shaded, cast shadows. Each shape gets
a number in `places`, what covers it later takes its places away.
"""

from __future__ import annotations

import math
from typing import List, Optional, Sequence, Tuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from foundry.sam.samples import Sample, Target

SIZE = 256
Points = List[Tuple[float, float]]
Rng = np.random.Generator
#: Share of surfaces that show a piece of a photograph, where there are photographs.
PHOTOGRAPHIC = 0.35


class Material:
    """A surface: colour, gradient, noise, stripes or a piece of a photograph, to be laid on any rectangle."""

    def __init__(self, rng: Rng, photographs: Sequence[np.ndarray], near: Optional[np.ndarray] = None) -> None:
        self.colour = rng.uniform(10, 245, 3) if rng.random() < 0.7 else np.full(3, rng.uniform(10, 245))
        if near is not None:
            self.colour = np.clip(near + rng.uniform(-45, 45) + rng.uniform(-12, 12, 3), 5, 250)
        self.noise = 0.0 if rng.random() < 0.3 else rng.uniform(2, 30)
        self.scale = float(rng.choice([2, 4, 8, 16, 32]))
        self.slope = rng.uniform(-0.35, 0.35, 2) if rng.random() < 0.6 else np.zeros(2)
        self.stripes: Optional[Tuple[float, float, np.ndarray, float]] = None
        if rng.random() < 0.18:
            other = np.clip(self.colour + rng.uniform(-90, 90, 3), 0, 255)
            self.stripes = (rng.uniform(0, math.pi), rng.uniform(3, 24), other, rng.uniform(0.2, 0.8))
        self.photograph: Optional[np.ndarray] = None
        if len(photographs) and rng.random() < PHOTOGRAPHIC:
            self.photograph = photographs[int(rng.integers(len(photographs)))]

    def lay(self, rng: Rng, height: int, width: int) -> np.ndarray:
        """float32 [height, width, 3]."""
        if self.photograph is not None:
            h, w = self.photograph.shape[:2]
            side = rng.uniform(0.15, 1) * min(h, w)
            left, top = rng.uniform(0, w - side), rng.uniform(0, h - side)
            piece = Image.fromarray(self.photograph).resize((width, height), Image.Resampling.BILINEAR, (left, top, left + side, top + side))
            surface = np.asarray(piece, np.float32)
        else:
            surface = np.empty((height, width, 3), np.float32)
            surface[:] = self.colour
            if self.stripes is not None:
                angle, period, other, duty = self.stripes
                x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
                phase = (x * math.cos(angle) + y * math.sin(angle)) / period % 1
                surface[phase < duty] = other
            if self.noise:
                rows, columns = max(2, int(height / self.scale)), max(2, int(width / self.scale))
                coarse = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
                noise = np.asarray(coarse.resize((width, height), Image.Resampling.BILINEAR))
                surface += (noise * np.float32(self.noise))[..., None]
        if self.slope.any():
            x = np.linspace(-1, 1, width, dtype=np.float32)
            y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
            surface *= (1 + np.float32(self.slope[0]) * x + np.float32(self.slope[1]) * y)[..., None]
        return surface


def outline(rng: Rng, kind: str, radius: float) -> Points:
    """A closed outline around the origin that reaches about `radius`."""
    if kind == "ellipse":
        a, b = radius, radius * rng.uniform(0.35, 1)
        return [(a * math.cos(t), b * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 40)[:-1]]
    if kind == "box":
        a, b = radius, radius * rng.uniform(0.3, 1)
        r = min(a, b) * rng.choice([0.0, rng.uniform(0.1, 0.6)])
        return rounded_box(a, b, r)
    if kind == "polygon":
        n = int(rng.integers(3, 9))
        even = rng.random() < 0.4
        turns = [(i + (0 if even else rng.uniform(-0.3, 0.3))) / n * 2 * math.pi for i in range(n)]
        return [(r * math.cos(t), r * math.sin(t)) for t in turns for r in [radius * (1 if even else rng.uniform(0.6, 1))]]
    if kind == "star":
        n, inner = int(rng.integers(4, 9)), rng.uniform(0.35, 0.75)
        return [
            (r * math.cos(t), r * math.sin(t))
            for i in range(2 * n)
            for t, r in [(math.pi * i / n, radius * (inner if i % 2 else 1))]
        ]
    if kind == "rod":
        return rounded_box(radius, max(1.2, radius * rng.uniform(0.04, 0.2)), 0.0)
    if kind == "waisted":
        ys = np.linspace(-1, 1, 16)
        profile = radius * (rng.uniform(0.3, 0.5) + rng.uniform(-0.25, 0.3) * np.cos(ys * rng.uniform(2, 6) + rng.uniform(0, 6)))
        profile = np.maximum(profile, 0.12 * radius)
        return [(radius * y, p) for y, p in zip(ys, profile)] + [(radius * y, -p) for y, p in zip(ys[::-1], profile[::-1])]
    t = np.linspace(0, 2 * math.pi, 48)[:-1]
    r = np.ones_like(t)
    for k in range(2, 6):
        r += rng.uniform(0, 0.5) / k * np.cos(k * t + rng.uniform(0, 2 * math.pi))
    r *= radius / r.max()
    squash = rng.uniform(0.5, 1)
    return list(zip(r * np.cos(t), squash * r * np.sin(t)))


def rounded_box(a: float, b: float, r: float) -> Points:
    if r <= 0:
        return [(a, b), (-a, b), (-a, -b), (a, -b)]
    points = []
    for quarter, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        for k in range(5):
            t = math.pi / 2 * (quarter + k / 4)
            points.append((sx * (a - r) + r * math.cos(t), sy * (b - r) + r * math.sin(t)))
    return points


def placed(points: Points, x: float, y: float, turn: float) -> Points:
    c, s = math.cos(turn), math.sin(turn)
    return [(x + c * u - s * v, y + s * u + c * v) for u, v in points]


KINDS = ("ellipse", "box", "box", "polygon", "blob", "blob", "star", "rod", "waisted")


class Canvas:
    """A picture in the making."""

    def __init__(self, rng: Rng, photographs: Sequence[np.ndarray]) -> None:
        self.rng, self.photographs = rng, photographs
        self.ground = Material(rng, photographs)
        self.image = self.ground.lay(rng, SIZE, SIZE)
        self.places = np.zeros((SIZE, SIZE), np.uint8)
        self.targets: List[Target] = [Target("ground", "ground", (0,))]
        self.count = 0
        self.light = rng.uniform(0, 2 * math.pi)
        self.shadows = rng.random() < 0.6

    def material(self, near: Optional[np.ndarray] = None) -> Material:
        return Material(self.rng, self.photographs, near)

    def paint(self, outlines: Sequence[Points], material: Material, *, shadow: bool = True, shade: float = 0.0, clear: float = 0.0) -> int:
        """Draws a shape, further outlines are holes in it; the number it got, 0 if nothing of it lies in the picture."""
        points = np.array(outlines[0])
        x0, y0 = np.maximum(np.floor(points.min(0)).astype(int) - 1, 0)
        x1, y1 = np.minimum(np.ceil(points.max(0)).astype(int) + 2, SIZE)
        if x1 - x0 < 3 or y1 - y0 < 3 or self.count >= 250:
            return 0
        rng = self.rng
        stencil = Image.new("L", (x1 - x0, y1 - y0))
        draw = ImageDraw.Draw(stencil)
        for k, part in enumerate(outlines):
            draw.polygon([(x - x0, y - y0) for x, y in part], fill=0 if k else 255)
        mask = np.asarray(stencil) > 0
        if not mask.any():
            return 0
        if shadow and self.shadows:
            self._shadow(stencil, x0, y0)
        surface = material.lay(rng, y1 - y0, x1 - x0)
        if shade:
            # Lit from one side, darker towards the edge, as round things are.
            soft = np.asarray(stencil.filter(ImageFilter.BoxBlur(int(max(1, min(x1 - x0, y1 - y0) // 6)))), np.float32) / 255
            gy, gx = np.gradient(soft)
            facing = gx * np.float32(math.cos(self.light)) + gy * np.float32(math.sin(self.light))
            surface *= np.clip(1 + shade * (12 * facing + soft - 0.8), 0.3, 1.8)[..., None]
        alpha = np.asarray(stencil.filter(ImageFilter.GaussianBlur(0.6)), np.float32)[..., None] * np.float32((1 - clear) / 255)
        window = self.image[y0:y1, x0:x1]
        window += (surface - window) * alpha
        self.count += 1
        self.places[y0:y1, x0:x1][mask] = self.count
        return self.count

    def _shadow(self, stencil: Image.Image, x0: int, y0: int) -> None:
        rng = self.rng
        reach, blur, depth = rng.uniform(0.5, 7), rng.uniform(0.5, 5), rng.uniform(0.1, 0.6)
        pad = int(reach + 2 * blur) + 1
        dark = Image.new("L", (stencil.width + 2 * pad, stencil.height + 2 * pad))
        dark.paste(stencil, (pad - int(reach * math.cos(self.light)), pad - int(reach * math.sin(self.light))))
        dark = np.asarray(dark.filter(ImageFilter.BoxBlur(float(blur))), np.float32)[..., None] * np.float32(depth / 255)
        left, top = x0 - pad, y0 - pad
        a, b, c, d = max(0, left), max(0, top), min(SIZE, left + dark.shape[1]), min(SIZE, top + dark.shape[0])
        if c > a and d > b:
            self.image[b:d, a:c] *= 1 - dark[b - top : d - top, a - left : c - left]

    def target(self, name: str, kind: str, numbers: Sequence[int]) -> None:
        numbers = tuple(n for n in numbers if n)
        if numbers:
            self.targets.append(Target(name, kind, numbers))

    def thing(self, plan: "Thing", x: float, y: float, turn: float) -> List[int]:
        """Draws a thing; its numbers."""
        numbers = []
        for k, (shape, material) in enumerate(zip(plan.shapes, plan.materials)):
            at = [placed(part, x, y, turn) for part in shape]
            numbers.append(self.paint(at, material, shadow=k == 0 or not plan.inner[k], shade=plan.shade, clear=plan.clear))
        numbers = [n for n in numbers if n]
        for n in numbers:
            # A rod or a print alone is asked for too, as a part; a thing of one part is a part itself.
            self.target(f"shape {n}", "part", [n])
        if len(numbers) > 1:
            self.target(f"thing {numbers[0]}", "whole", numbers)
        return numbers


class Thing:
    """How a thing looks, so that several equal ones can be drawn."""

    def __init__(self, canvas: Canvas, radius: float, near: Optional[np.ndarray] = None) -> None:
        rng = canvas.rng
        kind = str(rng.choice(KINDS))
        body = outline(rng, kind, radius)
        shape = [body]
        if kind in ("ellipse", "polygon", "blob", "box") and rng.random() < 0.15:
            hole = rng.uniform(0.3, 0.75)
            shape.append([(hole * x, hole * y) for x, y in body])
        self.shapes, self.materials, self.inner = [shape], [canvas.material(near)], [False]
        self.shade = rng.uniform(0.1, 0.6) if rng.random() < 0.5 else 0.0
        self.clear = rng.uniform(0.3, 0.7) if rng.random() < 0.08 else 0.0
        extra = rng.random()
        if extra < 0.15:
            rod = rounded_box(radius * rng.uniform(0.5, 1), max(1.0, radius * rng.uniform(0.04, 0.12)), 0)
            self._add([placed(rod, radius * rng.uniform(1, 1.5), 0, 0)], canvas.material(), False)
        elif extra < 0.4 and radius > 16 and len(shape) == 1:
            for _ in range(int(rng.integers(1, 4))):
                inner = outline(rng, str(rng.choice(KINDS)), radius * rng.uniform(0.15, 0.4))
                shift = rng.uniform(-0.3, 0.3, 2) * radius * np.array([1, 0.5])
                self._add([placed(inner, *shift, rng.uniform(0, 6.3))], canvas.material(), True)

    def _add(self, shape: List[Points], material: Material, inner: bool) -> None:
        self.shapes.append(shape)
        self.materials.append(material)
        self.inner.append(inner)


def scattered(canvas: Canvas) -> None:
    rng = canvas.rng
    kinds = [Thing(canvas, float(np.exp(rng.uniform(math.log(9), math.log(80))))) for _ in range(int(rng.integers(2, 6)))]
    for _ in range(int(rng.integers(3, 14))):
        plan = kinds[int(rng.integers(len(kinds)))]
        canvas.thing(plan, rng.uniform(0, SIZE), rng.uniform(0, SIZE), rng.uniform(0, 6.3))


def cells(rng: Rng) -> Tuple[List[Tuple[float, float, int]], float, float, float]:
    """Middles of a turned grid with their column, its pitch in x and y, and its turn."""
    columns, rows = int(rng.integers(2, 6)), int(rng.integers(1, 5))
    pitch = rng.uniform(0.75, 0.98) * SIZE / max(columns, rows)
    px, py = pitch, pitch * rng.uniform(0.8, 1.15)
    turn = rng.normal(0, 0.08) + (math.pi / 2 if rng.random() < 0.3 else 0)
    c, s = math.cos(turn), math.sin(turn)
    middle = SIZE / 2 + rng.uniform(-12, 12, 2)
    result = []
    for i in range(columns):
        for j in range(rows):
            u, v = (i - (columns - 1) / 2) * px, (j - (rows - 1) / 2) * py
            result.append((middle[0] + c * u - s * v, middle[1] + s * u + c * v, i))
    return result, px, py, turn


def rows_of_things(canvas: Canvas) -> None:
    rng = canvas.rng
    middles, px, py, turn = cells(rng)
    radius = min(px, py) * rng.uniform(0.3, 0.52)
    kinds = [Thing(canvas, radius) for _ in range(int(rng.integers(1, 3)))]
    free = rng.random() < 0.4
    for x, y, column in middles:
        if rng.random() < 0.93:
            own = rng.uniform(0, 6.3) if free else turn + rng.normal(0, 0.05)
            canvas.thing(kinds[column % len(kinds)], x + rng.normal(0, 2), y + rng.normal(0, 2), own)


def plate(canvas: Canvas) -> None:
    rng = canvas.rng
    middles, px, py, turn = cells(rng)
    wall = rng.uniform(0.04, 0.16) * min(px, py)
    xs, ys = [m[0] for m in middles], [m[1] for m in middles]
    cx, cy = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    c, s = math.cos(-turn), math.sin(-turn)
    local = [(c * (x - cx) - s * (y - cy), s * (x - cx) + c * (y - cy)) for x, y, _ in middles]
    a = max(abs(u) for u, _ in local) + px / 2 + wall
    b = max(abs(v) for _, v in local) + py / 2 + wall
    body = canvas.material()
    numbers = [canvas.paint([placed(rounded_box(a, b, min(a, b) * 0.06), cx, cy, turn)], body)]
    corner = min(px, py) * rng.uniform(0, 0.2)
    floor = Material(rng, (), body.colour)
    floor.photograph, floor.noise, floor.scale, floor.stripes = body.photograph, body.noise, body.scale, None
    if rng.random() < 0.6:
        floor.colour = body.colour * rng.uniform(0.75, 1.1)
    edge = rng.uniform(0.4, 0.9), rng.uniform(1.0, 1.25)
    held = Thing(canvas, min(px, py) * rng.uniform(0.16, 0.36))
    prints = []
    for x, y, _ in middles:
        shape = rounded_box(px / 2 - wall, py / 2 - wall, corner)
        at = placed(shape, x, y, turn)
        number = canvas.paint([at], floor, shadow=False)
        if number:
            _rim(canvas, at, edge)
        numbers.append(number)
        prints.append((number, x, y))
    canvas.target("walls", "part", numbers[:1])
    for number, x, y in prints:
        own: List[int] = []
        if rng.random() < 0.8:
            room = 0.12 * min(px, py)
            own = canvas.thing(held, x + rng.uniform(-room, room), y + rng.uniform(-room, room), rng.uniform(0, 6.3))
        canvas.target(f"recess {number}", "part", [number])
        if own:
            canvas.target(f"recess {number} with thing", "whole", [number, *own])
        numbers += own
    canvas.target("plate", "whole", numbers)


def _rim(canvas: Canvas, points: Points, edge: Tuple[float, float]) -> None:
    """A recess: its walls darken one side and brighten the other."""
    middle = np.mean(points, axis=0)
    for factor, side in zip(edge, (0, math.pi)):
        line = Image.new("L", (SIZE, SIZE))
        near = [p for p in points if math.cos(math.atan2(p[1] - middle[1], p[0] - middle[0]) - canvas.light - side) > 0]
        if len(near) < 2:
            continue
        closed = [*points, points[0]]
        draw = ImageDraw.Draw(line)
        for p, q in zip(closed, closed[1:]):
            if p in near or q in near:
                draw.line([p, q], fill=255, width=2)
        box = line.getbbox()
        if box is None:
            continue
        x0, y0, x1, y1 = box
        x0, y0, x1, y1 = max(0, x0 - 2), max(0, y0 - 2), min(SIZE, x1 + 2), min(SIZE, y1 + 2)
        soft = np.asarray(line.crop((x0, y0, x1, y1)).filter(ImageFilter.GaussianBlur(0.8)), np.float32)[..., None] / 255
        canvas.image[y0:y1, x0:x1] *= 1 + np.float32(factor - 1) * soft


def compose(rng: Rng, photographs: Sequence[np.ndarray] = ()) -> Sample:
    """One scene, 256 × 256. photographs: images whose pieces may serve as surfaces."""
    canvas = Canvas(rng, photographs)
    kind = rng.random()
    if kind < 0.5:
        scattered(canvas)
    elif kind < 0.75:
        rows_of_things(canvas)
    else:
        plate(canvas)
    image = canvas.image
    if rng.random() < 0.5:
        line = np.linspace(-1, 1, SIZE, dtype=np.float32)
        slope = rng.uniform(-0.25, 0.25, 2).astype(np.float32)
        image *= (1 + slope[0] * line + slope[1] * line[:, None])[..., None]
    if rng.random() < 0.6:
        image += rng.standard_normal((SIZE, SIZE, 1), dtype=np.float32) * np.float32(rng.uniform(0, 6))
    picture = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))
    if rng.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.0))))
    return Sample("composed", np.asarray(picture), canvas.places, canvas.targets)


def scenes(count: int, seed: int = 20260) -> List[Sample]:
    """The first `count` scenes of a seed, without photographs: what is measured and shown."""
    return [compose(np.random.default_rng([seed, k])) for k in range(count)]
