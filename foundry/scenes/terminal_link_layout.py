"""The terminal link: what may be in a picture, how one is drawn, and which constraints it breaks. Pure Python.

Lengths in cm, angles in degrees. The picture's frame: the board is the plane z = 0, x to the right, y up in the
picture, z towards the camera. A block's frame: x points to the front, where cables enter, and the poles lie side by
side along y. Block 0 is the left one, block 1 the right one, and they face each other. Positions are counted from the
upper end of a block as the picture shows it, from 0 in parameters and from 1 in print.

A cable's `path` is its axis, from its end at block 0 to its end at block 1, as a Catmull-Rom spline through points
about `STEP` apart; `bare` says how much of the conductor is stripped at either end.
"""

from __future__ import annotations

import math
import random

import studio
from geometry2d import Point, gap, place

TITLE = "Terminal link"
DESCRIPTION = (
    "Two lever terminal blocks of 2, 3 or 5 poles on a wooden board, joined by one cable whose colour says how many "
    "poles they must have."
)

SIZES = {"yellow": 2, "blue": 3, "red": 5}
"""Poles of both blocks for each colour of the cable."""

CONSTRAINTS = {
    "one_cable": "Exactly one cable lies on the board.",
    "equal_blocks": "Both blocks have the same number of poles.",
    "size_matches_colour": "Equal blocks have the number of poles that the cable's colour demands: "
    "2 for yellow, 3 for blue, 5 for red.",
    "same_position": "A cable held by both blocks is held in the same position of both, counted from the upper end.",
    "inserted": "Both ends of every cable sit in a clamp, up to the stop.",
    "levers_closed": "Every lever is closed.",
}

# What may be found in one of several places counts as found when as many pixels are as the smallest of them has.
CABLE_AREA = 900
"""Pixels of a cable on the shortest way between the blocks."""
END_AREA = 300
"""Pixels of one end of a cable: what lies in the clamp, and 1.5 cm before it."""
POLE_AREA = 1000
"""Pixels of one pole, the smallest difference of two sizes."""

DEFECTS = [
    {
        "name": "missing_cable",
        "pixel_value": 255,
        "saturation_threshold": CABLE_AREA,
        "relative_saturation": False,
        "because": "the area of the shortest cable, which could lie anywhere there",
        "kind": "logical",
        "breaks": "one_cable",
        "meaning": "No cable joins the blocks. The mask is the board between their fronts.",
    },
    {
        "name": "second_cable",
        "pixel_value": 254,
        "saturation_threshold": CABLE_AREA,
        "relative_saturation": False,
        "because": "the area of the shortest cable: either may be the surplus one",
        "kind": "logical",
        "breaks": "one_cable",
        "meaning": "Two cables of one colour join the blocks. The mask is both.",
    },
    {
        "name": "unequal_blocks",
        "pixel_value": 253,
        "saturation_threshold": POLE_AREA,
        "relative_saturation": False,
        "because": "the area of a pole, the least that two sizes differ by",
        "kind": "logical",
        "breaks": "equal_blocks",
        "meaning": "One block has another number of poles than the other and the cable's colour demand. The mask is "
        "this block, with the place of the poles it lacks.",
    },
    {
        "name": "wrong_colour",
        "pixel_value": 252,
        "saturation_threshold": CABLE_AREA,
        "relative_saturation": False,
        "because": "the area of the shortest cable: the cable may be wrong, or the blocks",
        "kind": "logical",
        "breaks": "size_matches_colour",
        "meaning": "The cable has the colour of another size of block. The mask is the cable and both blocks.",
    },
    {
        "name": "crossed_position",
        "pixel_value": 251,
        "saturation_threshold": END_AREA,
        "relative_saturation": False,
        "because": "the area of one end: either may be in the wrong place",
        "kind": "logical",
        "breaks": "same_position",
        "meaning": "The cable joins two different positions. The mask is both ends of the cable.",
    },
    {
        "name": "loose_end",
        "pixel_value": 250,
        "saturation_threshold": 0.5,
        "relative_saturation": True,
        "because": "the end out of place and the empty clamp each tell",
        "kind": "logical",
        "breaks": "inserted",
        "meaning": "An end of the cable lies before its clamp. The mask is this end and the piece of way it lacks "
        "into the clamp.",
    },
    {
        "name": "open_lever",
        "pixel_value": 249,
        "saturation_threshold": 0.5,
        "relative_saturation": True,
        "because": "the lever out of place and the open clamp each tell",
        "kind": "logical",
        "breaks": "levers_closed",
        "meaning": "A lever stands open. The mask is the lever and the place where it lies when it is closed.",
    },
    {
        "name": "broken_housing",
        "pixel_value": 248,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A corner or a wall of a block's housing has broken off. The mask is the lost piece.",
    },
    {
        "name": "broken_lever",
        "pixel_value": 247,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A lever has snapped off. The mask is the lost piece.",
    },
    {
        "name": "damaged_insulation",
        "pixel_value": 246,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "The cable's insulation is torn open down to the copper. The mask is the lost insulation.",
    },
    {
        "name": "frayed_end",
        "pixel_value": 245,
        "saturation_threshold": 0.5,
        "relative_saturation": True,
        "because": "strands are thinner than two pixels",
        "kind": "structural",
        "breaks": None,
        "meaning": "The cable is stripped too far and strands stand out beside the clamp. The mask is the bare copper.",
    },
    {
        "name": "scorch",
        "pixel_value": 244,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A clamp was hot and its housing is scorched. The mask is where the scorch is at least a third as "
        "strong as at its strongest.",
    },
    {
        "name": "contamination",
        "pixel_value": 243,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "Offcuts of wire, crumbs of plastic or a blot of grease lie on the board. The mask is the foreign "
        "matter.",
    },
]

# --- the blocks -------------------------------------------------------------------------------------------------

PITCH = 1.15
"""Width of a pole."""
END_PLATE = 0.14
FOOT = 0.62
"""How far the feet reach beyond the end plates."""
FOOT_DEPTH = 0.55
"""Half the width of a foot, along x."""
BACK, FRONT = -1.45, 1.35
"""Extent of the housing along x."""
ROOF = 0.74
"""x where the open channel before the clamp goes over into a covered bore."""
BORE_END = 0.2
TOP, LEDGE = 1.42, 0.86
"""Heights of the housing over the levers and over the channels."""
AXIS = 0.48
"""Height of the channels' axis."""
CHANNEL = 0.27
"""Half-width of a channel and radius of its bottom."""
HINGE = (0.42, 1.3)
"""x and z of a lever's axis."""
SEAT = 0.4
"""x of a cable's end that is pushed in up to the stop."""


def pole_y(size: int, index: int) -> float:
    """y of a pole's middle in the block's frame."""
    return (index - (size - 1) / 2) * PITCH


def index_of(side: int, size: int, position: int) -> int:
    """The pole, counted along the block's y, that is at a position counted from the upper end in the picture."""
    return size - 1 - position if side == 0 else position


def half_width(size: int) -> float:
    """Half the length of a block along y, without its feet."""
    return size * PITCH / 2 + END_PLATE


def to_board(block: dict, x: float, y: float) -> Point:
    """A point of the block's frame on the board."""
    return place([(x, y)], *block["at"], math.radians(block["turn"]))[0]


def to_block(block: dict, x: float, y: float) -> Point:
    """A point of the board in the block's frame."""
    a = math.radians(block["turn"])
    dx, dy = x - block["at"][0], y - block["at"][1]
    return math.cos(a) * dx + math.sin(a) * dy, math.cos(a) * dy - math.sin(a) * dx


def footprints(block: dict, grow: float = 0.0) -> list[list[Point]]:
    """Housing and feet as rectangles on the board, `grow` wider on all sides."""
    w = half_width(block["size"])
    boxes = [(BACK, -w, FRONT, w), (-FOOT_DEPTH, -w - FOOT, FOOT_DEPTH, w + FOOT)]
    polygons = []
    for x0, y0, x1, y1 in boxes:
        x0, y0, x1, y1 = x0 - grow, y0 - grow, x1 + grow, y1 + grow
        polygons.append([to_board(block, x, y) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))])
    return polygons


# --- the cable --------------------------------------------------------------------------------------------------

RADIUS = 0.2
CONDUCTOR = 0.115
STRAND = 0.034
STEP = 0.3
STRAIGHT = 0.12
"""How far a cable goes straight on before the front."""
BEND = 0.85
"""The smallest radius a cable is bent to."""
REACH = 6.35
"""Half the side of the square on the board that every picture shows."""

Path = list[list[float]]


def dense(path: Path, per_step: int = 6) -> list[tuple[float, float, float]]:
    """Points of the Catmull-Rom spline through `path`."""
    first = [2 * a - b for a, b in zip(path[0], path[1])]
    last = [2 * a - b for a, b in zip(path[-1], path[-2])]
    knots = [first, *path, last]
    points = []
    for p0, p1, p2, p3 in zip(knots, knots[1:], knots[2:], knots[3:]):
        for k in range(per_step):
            t = k / per_step
            points.append(
                tuple(
                    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)
                    for a, b, c, d in zip(p0, p1, p2, p3)
                )
            )
    return [*points, tuple(path[-1])]


def lengths(points: list) -> list[float]:
    """Length along a polyline up to each of its points."""
    total = [0.0]
    for a, b in zip(points, points[1:]):
        total.append(total[-1] + math.dist(a, b))
    return total


def stretch(points: list, start: float, end: float) -> list:
    """The part of a polyline between two lengths along it."""
    at = lengths(points)
    start, end = max(start, 0.0), min(end, at[-1])

    def point(s: float):
        k = max(i for i in range(len(at) - 1) if at[i] <= s or i == 0)
        t = (s - at[k]) / max(at[k + 1] - at[k], 1e-9)
        return tuple(a + t * (b - a) for a, b in zip(points[k], points[k + 1]))

    return [point(start), *(p for p, s in zip(points, at) if start < s < end), point(end)]


def _even(points: list, step: float) -> list:
    """The polyline's points at even distances, close to `step`."""
    at = lengths(points)
    count = max(2, round(at[-1] / step))
    result, k = [], 0
    for i in range(count + 1):
        s = at[-1] * i / count
        while k < len(at) - 2 and at[k + 1] < s:
            k += 1
        t = (s - at[k]) / max(at[k + 1] - at[k], 1e-9)
        result.append([a + t * (b - a) for a, b in zip(points[k], points[k + 1])])
    return result


def _smooth(t: float) -> float:
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def _shape(rng: random.Random) -> dict:
    """How a cable swings between its ends."""
    return {
        "pull": (rng.uniform(3.5, 9.0), rng.uniform(3.5, 9.0)),
        "bow": rng.uniform(-1.7, 1.7),
        "swing": rng.uniform(-0.7, 0.7),
        "waver": [(rng.uniform(0.01, 0.05), rng.uniform(3, 7), rng.uniform(0, 2 * math.pi)) for _ in range(2)],
        "lift": rng.uniform(0.0, 0.16) if rng.random() < 0.6 else 0.0,
    }


def _course(blocks: list[dict], ends: list[dict], shape: dict) -> Path:
    """A cable's path. Each end is {"position"} in a clamp, or {"tip": (x, y), "heading"} lying on the board."""
    knots, inner = [], []
    for side, end in enumerate(ends):
        block = blocks[side]
        if "tip" in end:
            a = math.radians(end["heading"])
            away = (-math.cos(a), -math.sin(a))
            x, y = end["tip"]
            knots.append((x + away[0] * (end["bare"] + 0.15), y + away[1] * (end["bare"] + 0.15), away))
            inner.append([(x, y, RADIUS)])
        else:
            y = pole_y(block["size"], index_of(side, block["size"], end["position"]))
            a = math.radians(block["turn"])
            knots.append((*to_board(block, FRONT + STRAIGHT, y), (math.cos(a), math.sin(a))))
            inner.append([(*to_board(block, x, y), AXIS) for x in (SEAT, (SEAT + FRONT) / 2, FRONT)])
    (x0, y0, d0), (x1, y1, d1) = knots
    m0, m1 = shape["pull"]
    curve = []
    for k in range(81):
        t = k / 80
        h00, h10 = 2 * t**3 - 3 * t * t + 1, t**3 - 2 * t * t + t
        h01, h11 = 3 * t * t - 2 * t**3, t**3 - t * t
        x = h00 * x0 + h10 * m0 * d0[0] + h01 * x1 - h11 * m1 * d1[0]
        y = h00 * y0 + h10 * m0 * d0[1] + h01 * y1 - h11 * m1 * d1[1]
        window = math.sin(math.pi * t) ** 2
        y += window * (shape["bow"] + shape["swing"] * math.sin(2 * math.pi * t))
        y += window * sum(a * math.sin(f * math.pi * t + p) for a, f, p in shape["waver"])
        curve.append((x, y))
    at = lengths(curve)
    course = []
    for (x, y), s in zip(curve, at):
        # From the clamp's height down to the board and up again, with an arch between where the cable is stiff.
        z = RADIUS + shape["lift"] * math.sin(math.pi * s / at[-1]) ** 2
        for end, along in zip(ends, (s, at[-1] - s)):
            if "tip" not in end:
                z = max(z, RADIUS + (AXIS - RADIUS) * (1 - _smooth(along / 1.6)))
        course.append((x, y, z))
    return [[round(c, 4) for c in p] for p in _even([*inner[0], *course, *reversed(inner[1])], STEP)]


def _held(blocks: list[dict], x: float, y: float, margin: float) -> bool:
    """Whether a point of a cable's axis lies in a clamp's channel, clear of its walls, or straight before it."""
    for block in blocks:
        u, v = to_block(block, x, y)
        if BORE_END < u < FRONT + 0.3:
            index = round(v / PITCH + (block["size"] - 1) / 2)
            if 0 <= index < block["size"] and abs(v - pole_y(block["size"], index)) < margin:
                return True
    return False


def _outside(point: Point, polygon: list[Point]) -> bool:
    """Whether a point is outside a convex polygon given counter-clockwise."""
    px, py = point
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]]):
        if (x1 - x0) * (py - y0) - (y1 - y0) * (px - x0) < 0:
            return True
    return False


def _possible(blocks: list[dict], path: Path, others: list[Path]) -> bool:
    """Whether a cable can lie like this: in the picture, gently bent, through no block, no other cable, not itself."""
    points = _even(dense(path), 0.1)
    walls = [q for block in blocks for q in footprints(block, RADIUS + 0.05)]
    for x, y, _ in points:
        if max(abs(x), abs(y)) > REACH - RADIUS:
            return False
        if not all(_outside((x, y), q) for q in walls) and not _held(blocks, x, y, CHANNEL - RADIUS - 0.01):
            return False
    for a, b, c in zip(points, points[4:], points[8:]):
        # Radius of the circle through three points of the plan.
        ab, bc, ca = math.dist(a[:2], b[:2]), math.dist(b[:2], c[:2]), math.dist(c[:2], a[:2])
        area = abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 2
        if ab * bc * ca < 4 * area * BEND:
            return False
    apart = 2 * RADIUS + 0.06
    near = round(math.pi * BEND / 0.1)
    for i in range(0, len(points), 2):
        for j in range(i + near, len(points), 2):
            if math.dist(points[i][:2], points[j][:2]) < apart:
                return False
    for other in others:
        theirs = _even(dense(other), 0.1)
        if any(math.dist(p[:2], q[:2]) < apart for p in points for q in theirs):
            return False
    return True


# --- drawing a picture --------------------------------------------------------------------------------------------

COLOURS = {"yellow": [0.74, 0.4, 0.012], "blue": [0.012, 0.085, 0.42], "red": [0.5, 0.014, 0.012]}
WOODS = ([0.36, 0.21, 0.105], [0.42, 0.27, 0.15], [0.29, 0.16, 0.08])


def _block(rng: random.Random, side: int, size: int) -> dict:
    room = REACH - half_width(size) - FOOT - 0.35
    return {
        "size": size,
        "at": [(-1 if side == 0 else 1) * 4.3 + rng.uniform(-0.2, 0.2), rng.uniform(-1, 1) * min(0.75, room)],
        "turn": 180.0 * side + rng.uniform(-3.5, 3.5),
        "levers": [{"open": 0.0, "seated": rng.uniform(-1.2, 0.6), "broken": None} for _ in range(size)],
        "screws": [rng.uniform(0, 360) for _ in range(2)],
        "damage": None,
        "texture_seed": rng.uniform(0, 1000),
    }


def _cable(rng: random.Random, colour_name: str, colour: list[float], path: Path, bare: list[float]) -> dict:
    return {
        "colour_name": colour_name,
        "colour": colour,
        "gloss": rng.uniform(0.24, 0.4),
        "texture_seed": rng.uniform(0, 1000),
        "path": path,
        "bare": bare,
        "tear": None,
        "fray": None,
    }


def _paths(rng: random.Random, blocks: list[dict], defect: str | None) -> tuple[list[Path], list[float]] | None:
    """Paths of the cables in a picture and how far they are stripped; None if what was drawn is not possible."""
    common = min(b["size"] for b in blocks)
    position = rng.randrange(common)
    ends = [{"position": position}, {"position": position}]
    bare = [0.0, 0.0]
    shape = _shape(rng)
    if defect == "crossed_position":
        ends[1] = {"position": rng.choice([p for p in range(common) if p != position])}
    elif defect == "loose_end":
        side = rng.randrange(2)
        block = blocks[side]
        y = pole_y(block["size"], index_of(side, block["size"], position))
        bare[side] = rng.uniform(0.42, 0.6)
        tip = to_board(block, FRONT + rng.uniform(0.35, 1.3), y + rng.uniform(-1.0, 1.0))
        ends[side] = {"tip": tip, "heading": block["turn"] + 180 + rng.uniform(-35, 35), "bare": bare[side]}
    elif defect == "frayed_end":
        bare[rng.randrange(2)] = FRONT - SEAT + rng.uniform(0.75, 1.0)
    paths: list[Path] = []
    if defect != "missing_cable":
        paths.append(_course(blocks, ends, shape))
    if defect == "second_cable":
        other = rng.choice([p for p in range(common) if p != position])
        beside = _shape(rng)
        for key in ("bow", "swing"):
            beside[key] = shape[key] + 0.4 * beside[key]
        paths.append(_course(blocks, [{"position": other}, {"position": other}], beside))
    for k, path in enumerate(paths):
        if not _possible(blocks, path, paths[:k]):
            return None
    return paths, bare


def _fray(rng: random.Random, blocks: list[dict], cable: dict) -> dict | None:
    """Strands that stand out before the clamp; None if fewer than four fit."""
    side = 0 if cable["bare"][0] else 1
    points = dense(cable["path"])
    if side:
        points.reverse()
    edge, before = (stretch(points, cable["bare"][side] - d, 99)[0] for d in (0.0, 0.05))
    heading = math.atan2(before[1] - edge[1], before[0] - edge[0])
    strands = []
    wanted = rng.randint(5, 8)
    for _ in range(60):
        if len(strands) == wanted:
            break
        turn, rise = rng.choice((-1, 1)) * rng.uniform(0.25, 1.1), rng.uniform(-0.2, 0.7)
        curl, length = turn * rng.uniform(-0.3, 0.7), rng.uniform(0.5, 0.95)
        x, y, z = edge
        strand = [[x, y, z]]
        for k in range(10):
            # A strand leaves along the conductor and turns aside within its first third.
            share = _smooth((k + 0.5) / 4)
            a = heading + turn * share + curl * k / 10
            e = rise * share
            x += length / 10 * math.cos(e) * math.cos(a)
            y += length / 10 * math.cos(e) * math.sin(a)
            z = max(z + length / 10 * math.sin(e), STRAND)
            strand.append([round(c, 4) for c in (x, y, z)])
        tip = strand[-1]
        clear = all(_outside(p[:2], q) for p in strand for b in blocks for q in footprints(b, 2 * STRAND))
        if clear and all(math.dist(tip, s[-1]) > 0.16 for s in strands):
            strands.append(strand)
    return {"side": side, "strands": strands} if len(strands) >= 4 else None


def _tear(rng: random.Random, cable: dict) -> dict:
    total = lengths(dense(cable["path"]))[-1]
    return {
        "at": rng.uniform(0.3, 0.7) * total,
        "length": rng.uniform(0.45, 0.85),
        # About the cable's axis: 0 is up, where it shows.
        "roll": rng.uniform(-45, 45),
        "depth": rng.uniform(0.14, 0.19),
        "seed": rng.randrange(2**31),
    }


def _housing_damage(rng: random.Random, size: int) -> dict:
    """What has broken off, as a box in the block's frame: its middle and its size."""
    w = half_width(size)
    kind = rng.choice(("front_corner", "back_corner", "wall"))
    end = rng.choice((-1, 1))
    if kind == "front_corner":
        box = (rng.uniform(0.55, 1.0), rng.uniform(0.7, 1.05), rng.uniform(0.7, 1.3))
        middle = (FRONT, end * w, LEDGE)
    elif kind == "back_corner":
        box = (rng.uniform(1.0, 1.7), rng.uniform(0.5, 0.66), rng.uniform(0.9, 1.6))
        middle = (BACK, end * w, TOP)
    else:
        box = (rng.uniform(0.9, 1.2), rng.uniform(0.55, 0.8), rng.uniform(0.8, 1.3))
        middle = (FRONT - 0.05, pole_y(size, rng.randrange(size - 1)) + PITCH / 2, LEDGE)
    return {
        "kind": kind,
        "middle": list(middle),
        "box": list(box),
        "lean": [rng.uniform(-16, 16) for _ in range(3)],
        "seed": rng.randrange(2**31),
    }


def _scorch(rng: random.Random, blocks: list[dict]) -> dict:
    side = rng.randrange(2)
    block = blocks[side]
    x = rng.uniform(0.55, 1.0)
    y = pole_y(block["size"], rng.randrange(block["size"])) + rng.uniform(-0.25, 0.25)
    return {
        "at": [*to_board(block, x, y), 0.95],
        "radius": rng.uniform(0.6, 0.95),
        "strength": rng.uniform(0.82, 0.96),
        "seed": rng.uniform(0, 1000),
    }


def _free_spot(rng: random.Random, blocks: list[dict], cables: list[dict], reach: float) -> Point:
    """A place on the board with `reach` of free room around it."""
    lines = [p for c in cables for p in _even(dense(c["path"]), 0.15)]
    while True:
        x, y = rng.uniform(-5.6, 5.6), rng.uniform(-5.6, 5.6)
        disc = [(x + reach * math.cos(k * math.pi / 8), y + reach * math.sin(k * math.pi / 8)) for k in range(16)]
        if max(abs(x), abs(y)) + reach > REACH - 0.3:
            continue
        # A block leans outward in the picture and would hide what lies behind it.
        if any(gap(disc, q) < 0.25 for b in blocks for q in footprints(b)):
            continue
        if all(math.dist((x, y), p[:2]) > reach + RADIUS + 0.05 for p in lines):
            return x, y


def _contaminant(rng: random.Random, blocks: list[dict], cables: list[dict]) -> dict:
    kind = rng.choice(("offcuts", "crumbs", "blot"))
    if kind == "blot":
        radius = rng.uniform(0.36, 0.62)
        # The lobes stretch a blot by at most 30 %.
        at = _free_spot(rng, blocks, cables, 1.3 * radius)
        lobes = [(rng.uniform(0, 2 * math.pi), rng.uniform(0.04, 0.16)) for _ in range(4)]
        colour = rng.choice(([0.02, 0.014, 0.008], [0.012, 0.012, 0.013]))
        return {"kind": kind, "at": list(at), "radius": radius, "lobes": lobes, "colour": colour}
    reach = rng.uniform(0.75, 1.0)
    cx, cy = _free_spot(rng, blocks, cables, reach)
    if kind == "offcuts":
        wires: list[list[list[float]]] = []
        wanted = rng.randint(4, 6)
        # As many of the wanted as find room.
        for _ in range(200):
            heading, curl = rng.uniform(0, 2 * math.pi), rng.uniform(-1.4, 1.4)
            length = rng.uniform(0.6, 1.2)
            x, y = cx + rng.uniform(-0.7, 0.7) * reach, cy + rng.uniform(-0.7, 0.7) * reach
            wire = []
            for k in range(8):
                wire.append([round(x, 4), round(y, 4)])
                a = heading + curl * k / 7
                x, y = x + length / 7 * math.cos(a), y + length / 7 * math.sin(a)
            inside = all(math.dist(p, (cx, cy)) < reach - 0.08 for p in wire)
            if inside and all(math.dist(p, q) > 0.2 for other in wires for p in wire for q in other):
                wires.append(wire)
            if len(wires) == wanted:
                break
        colour = rng.choice(([0.72, 0.3, 0.15], [0.78, 0.77, 0.74]))
        return {"kind": kind, "wires": wires, "radius": rng.uniform(0.055, 0.07), "colour": colour}
    grains: list[dict] = []
    wanted = rng.randint(5, 9)
    for _ in range(200):
        size = rng.uniform(0.07, 0.16)
        a, d = rng.uniform(0, 2 * math.pi), (reach - 1.25 * size) * math.sqrt(rng.random())
        x, y = cx + d * math.cos(a), cy + d * math.sin(a)
        # A grain's surface reaches at most 1.25 times its size.
        if all(math.dist((x, y), g["at"]) > 1.25 * (size + g["size"]) for g in grains):
            grains.append({"at": [x, y], "size": size, "seed": rng.randrange(2**31)})
        if len(grains) == wanted:
            break
    colour = rng.choice(([0.6, 0.61, 0.6], [0.02, 0.02, 0.022], [0.5, 0.014, 0.012]))
    return {"kind": kind, "grains": grains, "colour": colour}


def sample(rng: random.Random, defect: str | None) -> dict:
    """All parameters of one picture; `defect` is a name from `DEFECTS` or None for a normal one."""
    colour_name = rng.choice(sorted(SIZES))
    sizes = [SIZES[colour_name]] * 2
    if defect == "wrong_colour":
        colour_name = rng.choice([c for c in sorted(SIZES) if c != colour_name])
    elif defect == "unequal_blocks":
        sizes[rng.randrange(2)] = rng.choice([s for s in sorted(SIZES.values()) if s != sizes[0]])
    colour = [c * rng.uniform(0.92, 1.08) for c in COLOURS[colour_name]]
    while True:
        blocks = [_block(rng, side, size) for side, size in enumerate(sizes)]
        drawn = _paths(rng, blocks, defect)
        if drawn is None:
            continue
        paths, bare = drawn
        cables = [_cable(rng, colour_name, colour, path, bare) for path in paths]
        if defect != "frayed_end":
            break
        cables[0]["fray"] = _fray(rng, blocks, cables[0])
        if cables[0]["fray"] is not None:
            break
    if defect == "open_lever":
        rng.choice(rng.choice(blocks)["levers"])["open"] = rng.uniform(62, 96)
    elif defect == "broken_lever":
        rng.choice(rng.choice(blocks)["levers"])["broken"] = {
            "at": rng.uniform(0.25, 0.55),
            "lean": rng.uniform(-25, 25),
            "seed": rng.randrange(2**31),
        }
    elif defect == "broken_housing":
        block = rng.choice(blocks)
        block["damage"] = _housing_damage(rng, block["size"])
    elif defect == "damaged_insulation":
        cables[0]["tear"] = _tear(rng, cables[0])
    tint = rng.uniform(0.93, 1.05)
    return {
        "scene": "terminal_link",
        "camera": studio.camera(
            rng,
            (rng.uniform(-1.6, 1.6), rng.uniform(-1.6, 1.6), 40.0 + rng.uniform(-1.2, 1.2)),
            (0.0, 0.0, 0.5),
            19.2,
            aperture=0.14,
            target_jitter=0.08,
            roll_deg=1.5,
            fov_jitter=0.01,
        ),
        "light": studio.room(
            rng,
            key_azimuth_deg=(40, 165),
            key_elevation_deg=(42, 62),
            key_half_size=(0.15, 0.3),
            key_strength=(30.0, 46.0),
            ambient=(0.15, 0.3),
        ),
        "film": studio.film(rng, key=0.2),
        "board": {
            "colour": [c * rng.uniform(0.92, 1.08) for c in rng.choice(WOODS)],
            "turn": rng.uniform(-2.5, 2.5),
            "stave": rng.uniform(3.4, 4.4),
            "shift": rng.uniform(0.0, 10.0),
            "grain": rng.uniform(0.8, 1.25),
            "texture_seed": rng.uniform(0, 1000),
        },
        "housing": {
            "colour": [c * tint * rng.uniform(0.985, 1.015) for c in (0.5, 0.52, 0.52)],
            "lever": [c * rng.uniform(0.93, 1.07) for c in (0.014, 0.17, 0.13)],
            "roughness": rng.uniform(0.34, 0.46),
        },
        "blocks": blocks,
        "cables": cables,
        "scorch": _scorch(rng, blocks) if defect == "scorch" else None,
        "contaminants": [_contaminant(rng, blocks, cables)] if defect == "contamination" else [],
    }


# --- checking a picture -------------------------------------------------------------------------------------------


def violations(params: dict) -> list[str]:
    """Names of the constraints a picture breaks, from where blocks and cables are and what they are like."""
    blocks, cables = params["blocks"], params["cables"]
    broken = set()
    if len(cables) != 1:
        broken.add("one_cable")
    sizes = [b["size"] for b in blocks]
    if sizes[0] != sizes[1]:
        broken.add("equal_blocks")
    for cable in cables:
        hue = _hue(cable["colour"])
        if sizes[0] == sizes[1] and (SIZES.get(hue) != sizes[0] or hue != cable["colour_name"]):
            broken.add("size_matches_colour")
        held = [_clamp(blocks, point) for point in (cable["path"][0], cable["path"][-1])]
        if None in held:
            broken.add("inserted")
        elif held[0][0] == held[1][0] or held[0][1] != held[1][1]:
            broken.add("same_position")
    if any(lever["open"] > 5 for b in blocks for lever in b["levers"]):
        broken.add("levers_closed")
    return sorted(broken)


def _clamp(blocks: list[dict], point: list[float]) -> tuple[int, int] | None:
    """Block and position of the clamp in which a point is up to the stop; None outside of all clamps."""
    for which, block in enumerate(blocks):
        angle = math.radians(block["turn"])
        along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
        middles = []
        for k in range(block["size"]):
            offset = (k - (block["size"] - 1) / 2) * PITCH
            middles.append([c + offset * d for c, d in zip(block["at"], across)])
        # Counted from the upper end of the picture.
        middles.sort(key=lambda m: -m[1])
        for position, middle in enumerate(middles):
            dx, dy = point[0] - middle[0], point[1] - middle[1]
            depth, side = dx * along[0] + dy * along[1], dx * across[0] + dy * across[1]
            if BORE_END < depth < SEAT + 0.05 and math.hypot(side, point[2] - AXIS) < CHANNEL - CONDUCTOR:
                return which, position
    return None


def _hue(colour: list[float]) -> str | None:
    red, green, blue = colour
    if red > 0.3 and green > 0.25 * red and red > 8 * blue:
        return "yellow"
    if red > 0.3 and red > 8 * green and red > 8 * blue:
        return "red"
    if blue > 0.25 and blue > 8 * red and blue > 2.5 * green:
        return "blue"
    return None
