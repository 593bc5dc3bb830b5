"""The screw kit: what may be in a picture, how one is drawn, and which constraints it breaks. Pure Python.

Lengths in cm, angles in degrees, frame of the box: origin in the middle of its underside, x to the right, y up in the
picture, z towards the camera.

A part's pose: `base` is the middle of a screw's head's outer face, or of the underside of a nut or washer; `yaw` turns
it in the plane; `pitch` is the rise of a screw's axis (0 for nuts and washers, which lie flat). Along a screw's axis
lie head, plain shank, thread.
"""

from __future__ import annotations

import math
import random

import studio
from geometry2d import gap, place, within_rounded

TITLE = "Screw kit"
DESCRIPTION = "A shallow box with a kit of fasteners: two long and two short hexagon screws, two nuts, two washers."

CONSTRAINTS = {
    "four_screws": "There are exactly four screws.",
    "screw_pairs": "Four screws are two long and two short ones, each counted to the nearer nominal length.",
    "screw_length": "Every screw is 40 or 22 mm long under its head, within 1 mm.",
    "four_small_parts": "There are exactly four small parts, nuts and washers together.",
    "small_part_pairs": "Four small parts are two nuts and two washers.",
    "one_finish": "Every part is zinc-plated, bright grey.",
    "inside_box": "Every part lies wholly inside the box.",
}

# Pixels a part covers in the picture, a little rounded down, so that one whole part found is enough.
SCREW_AREA = 1200
NUT_AREA = 550

DEFECTS = [
    {
        "name": "missing_screw",
        "pixel_value": 255,
        "saturation_threshold": SCREW_AREA,
        "relative_saturation": False,
        "because": "the area of a short screw, which could lie anywhere there",
        "kind": "logical",
        "breaks": "four_screws",
        "meaning": "A screw is missing. The mask is the free floor of the box.",
    },
    {
        "name": "extra_screw",
        "pixel_value": 254,
        "saturation_threshold": SCREW_AREA,
        "relative_saturation": False,
        "because": "the area of a short screw: any may be the surplus one",
        "kind": "logical",
        "breaks": "four_screws",
        "meaning": "There are three long or three short screws beside two of the other. The mask is those three.",
    },
    {
        "name": "swapped_screw",
        "pixel_value": 253,
        "saturation_threshold": SCREW_AREA,
        "relative_saturation": False,
        "because": "the area of a short screw: any may be the wrong one",
        "kind": "logical",
        "breaks": "screw_pairs",
        "meaning": "A screw of one length lies there in place of one of the other: three and one. The mask is those "
        "three.",
    },
    {
        "name": "wrong_length",
        "pixel_value": 252,
        "saturation_threshold": 0.5,
        "relative_saturation": True,
        "because": "the head and a part of the shank are as they should be",
        "kind": "logical",
        "breaks": "screw_length",
        "meaning": "A screw is at least 4.5 mm too long or too short. The mask is this screw.",
    },
    {
        "name": "missing_small_part",
        "pixel_value": 251,
        "saturation_threshold": NUT_AREA,
        "relative_saturation": False,
        "because": "the area of a nut, which could lie anywhere there",
        "kind": "logical",
        "breaks": "four_small_parts",
        "meaning": "A nut or a washer is missing. The mask is the free floor of the box.",
    },
    {
        "name": "extra_small_part",
        "pixel_value": 250,
        "saturation_threshold": NUT_AREA,
        "relative_saturation": False,
        "because": "the area of a nut: any may be the surplus one",
        "kind": "logical",
        "breaks": "four_small_parts",
        "meaning": "There are three nuts beside two washers or the reverse. The mask is those three.",
    },
    {
        "name": "swapped_small_part",
        "pixel_value": 249,
        "saturation_threshold": NUT_AREA,
        "relative_saturation": False,
        "because": "the area of a nut: any may be the wrong one",
        "kind": "logical",
        "breaks": "small_part_pairs",
        "meaning": "A nut lies there in place of a washer or the reverse: three and one. The mask is those three.",
    },
    {
        "name": "wrong_finish",
        "pixel_value": 248,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "all of it differs",
        "kind": "logical",
        "breaks": "one_finish",
        "meaning": "A part is black-oxidised, yellow-chromated or brass. The mask is this part.",
    },
    {
        "name": "part_outside",
        "pixel_value": 247,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "all of it is out of place",
        "kind": "logical",
        "breaks": "inside_box",
        "meaning": "A part lies on the bench beside the box. The mask is this part.",
    },
    {
        "name": "bent_screw",
        "pixel_value": 246,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A screw is bent. The mask is its shank from the bend on.",
    },
    {
        "name": "crushed_thread",
        "pixel_value": 245,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A blow has flattened the thread. The mask is the bare flat.",
    },
    {
        "name": "broken_part",
        "pixel_value": 244,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A piece has broken out of a nut or a washer. The mask is the place of the lost piece.",
    },
    {
        "name": "rust",
        "pixel_value": 243,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A part rusts. The mask is where more than half of the zinc is gone.",
    },
    {
        "name": "contamination",
        "pixel_value": 242,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "Swarf, crumbs or oil lie in the box. The mask is the foreign matter.",
    },
]

# --- the box ----------------------------------------------------------------------------------------------------

FLOOR = 0.15
HEIGHT = 1.15
EDGE = 0.07
"""Radius of the rim's rounded inner edge."""
DRAFT = 0.06
"""How much farther in than at the top the walls stand at the floor."""
FILLET = 0.14
"""Radius of the hollow where a wall meets the floor."""
RIM = 0.2
"""Width of the rim's flat top."""
OUTER_EDGE = 0.08
"""Radius of the rim's rounded outer edge."""

FLAT = (4.7, 3.1)
"""Half-sizes of the flat floor."""
FLAT_CORNER = 0.55
FACE = tuple(h + FILLET for h in FLAT)
"""Half-sizes between the walls, where the hollow ends."""
MOUTH = tuple(h + DRAFT + EDGE for h in FACE)
"""Half-sizes of the opening at the top."""
OUTER = tuple(h + RIM + OUTER_EDGE for h in MOUTH)
"""Half-sizes of the whole box at its rim."""

# --- the parts --------------------------------------------------------------------------------------------------

LONG, SHORT = 4.0, 2.2
"""Nominal lengths of the screws under the head."""
TOLERANCE = 0.1
RADIUS = 0.4
"""Of shank and thread crest (M8)."""
LEAD = 0.125
"""Advance of the thread in one turn."""
THREAD_DEPTH = 0.077
THREADED = 2.5
"""Length of the thread at most; the shank before it is plain."""
TIP_CHAMFER = 0.08
APOTHEM = 0.65
"""Half the width across flats of heads and nuts."""
CORNER = APOTHEM / math.cos(math.radians(30))
HEAD_HEIGHT = 0.53
NUT_HEIGHT = 0.65
WASHER_RADIUS, WASHER_HOLE, WASHER_THICKNESS = 0.75, 0.42, 0.16

BEND_CURVE = 0.45
"""Length of shank over which a bent screw turns."""


def plain_length(length: float) -> float:
    """How much of a screw's shank is plain, from the head on."""
    return max(0.1, length - THREADED)


def axis_at(part: dict, s: float) -> tuple[float, float, float]:
    """A screw's axis at the arc length `s` from its head's outer face: distance along, sideways, turn in radians.

    Straight, or straight, arc, straight where it is bent.
    """
    bend = part["bend"]
    if bend is None:
        return s, 0.0, 0.0
    angle = math.radians(bend["angle"])
    start = HEAD_HEIGHT + bend["at"] * part["length"]
    radius = BEND_CURVE / angle
    turn = angle * min(max((s - start) / BEND_CURVE, 0.0), 1.0)
    beyond = max(s - start - BEND_CURVE, 0.0)
    x = min(s, start) + radius * math.sin(turn) + beyond * math.cos(turn)
    y = radius * (1 - math.cos(turn)) + beyond * math.sin(turn)
    return x, bend["side"] * y, bend["side"] * turn


def rest(part: dict) -> tuple[float, float]:
    """Pitch (degrees) of a screw lying on a plane, and the height of its `base` above it.

    It rests on a flat of its head, along the edge to the shank, and on the last full crest of the thread: the centre
    of gravity is beyond the head for every length drawn here.
    """
    tip = axis_at(part, HEAD_HEIGHT + part["length"] - TIP_CHAMFER)[0]
    slope = math.atan2(APOTHEM - RADIUS, tip - HEAD_HEIGHT)
    return -math.degrees(slope), APOTHEM * math.cos(slope) + HEAD_HEIGHT * math.sin(slope)


def axes(part: dict) -> tuple[tuple[float, float, float], ...]:
    """Unit vectors of a screw's frame: upwards across the axis, sideways, along the axis."""
    a, p = math.radians(part["yaw"]), math.radians(part["pitch"])
    along = (math.cos(p) * math.cos(a), math.cos(p) * math.sin(a), math.sin(p))
    up = (-math.sin(p) * math.cos(a), -math.sin(p) * math.sin(a), math.cos(p))
    (ax, ay, az), (ux, uy, uz) = along, up
    side = (ay * uz - az * uy, az * ux - ax * uz, ax * uy - ay * ux)
    return up, side, along


def _regular(count: int, inscribed: float) -> list[tuple[float, float]]:
    """A regular polygon around a circle of radius `inscribed`, one corner to the right."""
    r = inscribed / math.cos(math.pi / count)
    angles = [2 * math.pi * k / count for k in range(count)]
    return [(r * math.cos(a), r * math.sin(a)) for a in angles]


def footprint(part: dict) -> list[list[tuple[float, float]]]:
    """Convex pieces, in the box's plane, that together hold a part's shadow from above."""
    x, y = part["base"][:2]
    yaw = math.radians(part["yaw"])
    if part["kind"] == "nut":
        pieces = [_regular(6, APOTHEM)]
    elif part["kind"] == "washer":
        pieces = [_regular(24, WASHER_RADIUS)]
    else:
        c, s = math.cos(math.radians(part["pitch"])), math.sin(math.radians(-part["pitch"]))
        lean = APOTHEM * s
        pieces = [_box(-lean, HEAD_HEIGHT * c + lean, CORNER)]
        end = HEAD_HEIGHT + part["length"]
        stops = [HEAD_HEIGHT, end]
        if part["bend"] is not None:
            start = HEAD_HEIGHT + part["bend"]["at"] * part["length"]
            stops = [HEAD_HEIGHT, *(start + BEND_CURVE * k / 6 for k in range(7)), end]
        for s0, s1 in zip(stops, stops[1:]):
            (x0, y0, _), (x1, y1, _) = axis_at(part, s0), axis_at(part, s1)
            dx, dy = (x1 - x0) * c, y1 - y0
            # Where the shank turns, neighbours reach a little into each other, and the arc bulges over its chords.
            piece = _box(-0.04, math.hypot(dx, dy) + 0.04, RADIUS + (0.002 if part["bend"] else 0.0))
            pieces.append(place(piece, x0 * c, y0, math.atan2(dy, dx)))
    # Sideways in a screw's frame is to the right of its axis.
    if part["kind"] == "screw":
        pieces = [[(px, -py) for px, py in reversed(q)] for q in pieces]
    return [place(q, x, y, yaw) for q in pieces]


def beside_box(part: dict) -> bool:
    """Whether a part's origin lies beyond the walls."""
    x, y = part["base"][:2]
    return abs(x) > MOUTH[0] or abs(y) > MOUTH[1]


def _box(x0: float, x1: float, half: float) -> list[tuple[float, float]]:
    return [(x0, -half), (x1, -half), (x1, half), (x0, half)]


# --- drawing a picture --------------------------------------------------------------------------------------------

ZINC = [0.55, 0.56, 0.57]
FINISHES = {
    "black": [0.028, 0.027, 0.028],
    "yellow": [0.62, 0.42, 0.13],
    "brass": [0.72, 0.46, 0.16],
}


def _new_part(rng: random.Random, kind: str, batch: list[float], length: float | None = None) -> dict:
    return {
        "kind": kind,
        "length": None if length is None else length + rng.uniform(-0.03, 0.03),
        "finish": "zinc",
        "colour": [c * rng.uniform(0.985, 1.015) for c in batch],
        "roughness": rng.uniform(0.24, 0.36),
        "texture_seed": rng.uniform(0, 1000),
        "phase": rng.uniform(0, 360),
        "bend": None,
        "damage": None,
    }


def _posed(part: dict, x: float, y: float, yaw: float, ground: float = FLOOR) -> dict:
    """The part lying on the level `ground` with its middle about (x, y)."""
    if part["kind"] != "screw":
        return {**part, "base": [x, y, ground], "yaw": yaw, "pitch": 0.0}
    pitch, height = rest(part)
    a, half = math.radians(yaw), (HEAD_HEIGHT + part["length"]) / 2
    base = [x - half * math.cos(a), y - half * math.sin(a), ground + height]
    return {**part, "base": base, "yaw": yaw, "pitch": pitch}


Pieces = list[list[tuple[float, float]]]


def _free(pieces: Pieces, others: list[Pieces], distance: float) -> bool:
    """Whether shadows keep `distance` from each other."""
    return all(
        min(x for x, _ in a) - max(x for x, _ in b) >= distance
        or min(x for x, _ in b) - max(x for x, _ in a) >= distance
        or gap(a, b) >= distance
        for other in others
        for a in pieces
        for b in other
    )


def _fits(part: dict, others: list[Pieces], distance: float) -> bool:
    pieces = footprint(part)
    return all(within_rounded(q, *FLAT, FLAT_CORNER) for q in pieces) and _free(pieces, others, distance)


CONTACT = 0.004
"""What counts as touching: parts are never nearer than this."""


def _lay(rng: random.Random, part: dict, others: list[Pieces], tries: int = 150) -> dict | None:
    """The part at random in the box, clear of the others' shadows; None if no place was found.

    Every other part then slides in a straight line until it touches another part or a wall, as in a box put down.
    """
    for _ in range(tries):
        x, y = rng.uniform(-1, 1) * FLAT[0], rng.uniform(-1, 1) * FLAT[1]
        yaw = rng.uniform(0, 360)
        laid = _posed(part, x, y, yaw)
        if not _fits(laid, others, 0.03):
            continue
        if rng.random() < 0.5:
            heading, low, high = rng.uniform(0, 2 * math.pi), 0.0, 0.0

            def moved(d: float) -> dict:
                return _posed(part, x + d * math.cos(heading), y + d * math.sin(heading), yaw)

            while _fits(moved(high), others, CONTACT):
                low, high = high, high + 0.1
            for _ in range(6):
                middle = (low + high) / 2
                low, high = (middle, high) if _fits(moved(middle), others, CONTACT) else (low, middle)
            laid = moved(low)
        return laid
    return None


def _lay_outside(rng: random.Random, part: dict) -> dict:
    """The part on the bench before or behind the box, wholly in the picture."""
    # The strip of bench that the picture shows, between the box and its edge.
    low, high = OUTER[1] + 0.06, 5.36
    while True:
        yaw = rng.uniform(0, 360) if part["kind"] != "screw" else rng.choice((0, 180)) + rng.uniform(-5, 5)
        side = rng.choice((-1, 1))
        laid = _posed(part, rng.uniform(-3.6, 3.6), side * rng.uniform(low, high), yaw, 0.0)
        if all(low <= side * y <= high for q in footprint(laid) for _, y in q):
            return laid


def _crushed(rng: random.Random, part: dict) -> dict:
    """A flat on the upper side of the thread; `roll` is its direction about the axis, 0 upwards."""
    low = HEAD_HEIGHT + plain_length(part["length"]) + 0.2
    high = HEAD_HEIGHT + part["length"] - 0.3
    extent = rng.uniform(0.65, 1.1)
    start = rng.uniform(low, high - extent)
    return {
        "kind": "crushed",
        "from": start,
        "to": start + extent,
        "roll": rng.uniform(-30, 30),
        "depth": rng.uniform(0.085, 0.12),
        "seed": rng.randrange(2**31),
    }


def _broken(rng: random.Random, part: dict) -> dict:
    """What a ragged cutter takes out of a nut's or a washer's ring; `turn` is its direction."""
    nut = part["kind"] == "nut"
    return {
        "kind": "broken",
        "turn": rng.uniform(0, 360),
        "from": rng.uniform(0.3, 0.42) if nut else rng.uniform(0.2, 0.35),
        "width": rng.uniform(0.6, 1.0) if nut else rng.uniform(0.4, 0.75),
        "lean": rng.uniform(-14, 14),
        "seed": rng.randrange(2**31),
    }


def _rust(rng: random.Random, part: dict) -> dict:
    """A patch around a point of the part's visible side, in the part's own frame."""
    a = rng.uniform(0, 2 * math.pi)
    if part["kind"] == "screw":
        roll = math.radians(rng.uniform(-35, 35))
        s = HEAD_HEIGHT + rng.uniform(0.05, 0.95) * part["length"]
        at = [RADIUS * math.cos(roll), RADIUS * math.sin(roll), s]
    elif part["kind"] == "nut":
        at = [0.52 * math.cos(a), 0.52 * math.sin(a), NUT_HEIGHT]
    else:
        at = [0.6 * math.cos(a), 0.6 * math.sin(a), WASHER_THICKNESS]
    return {"kind": "rust", "at": at, "radius": rng.uniform(0.5, 0.8), "seed": rng.uniform(0, 1000)}


def _contaminant(rng: random.Random, parts: list[dict]) -> dict:
    """Foreign matter on a free piece of the floor."""
    kind = rng.choice(("swarf", "crumbs", "oil"))
    if kind == "swarf":
        size = {"radius": rng.uniform(0.11, 0.17), "turns": rng.uniform(3.0, 6.0), "advance": rng.uniform(0.17, 0.24)}
        half = size["turns"] * size["advance"] / 2 + 0.12
        shape = _box(-half, half, size["radius"] + 0.02)
    else:
        radius = rng.uniform(0.34, 0.55)
        # The lobes stretch a drop by at most 36 %.
        shape = _regular(16, radius * (1.36 if kind == "oil" else 1.15))
    shadows = [footprint(part) for part in parts]
    while True:
        x, y = rng.uniform(-1, 1) * FLAT[0], rng.uniform(-1, 1) * FLAT[1]
        turn = rng.uniform(0, 360)
        laid = place(shape, x, y, math.radians(turn))
        if within_rounded(laid, *FLAT, FLAT_CORNER) and _free([laid], shadows, 0.03):
            break
    matter = {"kind": kind, "at": [x, y], "turn": turn}
    if kind == "swarf":
        colour = rng.choice(([0.62, 0.42, 0.2], [0.55, 0.55, 0.56], [0.28, 0.3, 0.45]))
        return {**matter, **size, "colour": colour, "start": rng.uniform(0, 360)}
    if kind == "oil":
        colour = rng.choice(([0.02, 0.013, 0.006], [0.008, 0.008, 0.009], [0.055, 0.026, 0.008]))
        lobes = [(rng.uniform(0, 2 * math.pi), rng.uniform(0.05, 0.19)) for _ in range(4)]
        return {**matter, "radius": radius, "lobes": lobes, "colour": colour}
    grains: list[dict] = []
    for _ in range(rng.randint(6, 12)):
        size = rng.uniform(0.05, 0.11)
        for _ in range(50):
            a, d = rng.uniform(0, 2 * math.pi), (radius - size) * math.sqrt(rng.random())
            at = [x + d * math.cos(a), y + d * math.sin(a)]
            # A grain's surface reaches at most 1.25 times its size.
            if all(math.dist(at, g["at"]) > 1.25 * (size + g["size"]) for g in grains):
                grains.append({"at": at, "size": size, "seed": rng.randrange(2**31)})
                break
    colour = rng.choice(([0.03, 0.025, 0.02], [0.34, 0.2, 0.08], [0.5, 0.46, 0.38]))
    return {**matter, "grains": grains, "colour": colour}


def _contents(rng: random.Random, defect: str | None) -> dict[str, int]:
    """How many of each part there are."""
    counts = {"long": 2, "short": 2, "nut": 2, "washer": 2}
    screws, small = rng.sample(("long", "short"), 2), rng.sample(("nut", "washer"), 2)
    if defect in ("missing_screw", "swapped_screw"):
        counts[screws[0]] -= 1
    if defect == "extra_screw":
        counts[screws[0]] += 1
    if defect == "swapped_screw":
        counts[screws[1]] += 1
    if defect in ("missing_small_part", "swapped_small_part"):
        counts[small[0]] -= 1
    if defect == "extra_small_part":
        counts[small[0]] += 1
    if defect == "swapped_small_part":
        counts[small[1]] += 1
    return counts


def _parts(rng: random.Random, defect: str | None) -> list[dict]:
    """The parts of one picture, not laid down yet, with what is wrong with them."""
    batch = [c * k for c, k in zip(ZINC, (rng.uniform(0.96, 1.04) for _ in range(3)))]
    counts = _contents(rng, defect)
    parts = [_new_part(rng, "screw", batch, LONG) for _ in range(counts["long"])]
    parts += [_new_part(rng, "screw", batch, SHORT) for _ in range(counts["short"])]
    parts += [_new_part(rng, kind, batch) for kind in ("washer", "nut") for _ in range(counts[kind])]
    screw = rng.choice([p for p in parts if p["kind"] == "screw"])
    small = rng.choice([p for p in parts if p["kind"] != "screw"])
    either = rng.choice(parts)
    if defect == "wrong_length":
        screw["length"] += rng.choice((-1, 1)) * rng.uniform(0.45, 0.8)
    elif defect == "wrong_finish":
        either["finish"] = rng.choice(sorted(FINISHES))
        either["colour"] = [c * rng.uniform(0.95, 1.05) for c in FINISHES[either["finish"]]]
    elif defect == "bent_screw":
        screw["bend"] = {"at": rng.uniform(0.2, 0.5), "angle": rng.uniform(17, 38), "side": rng.choice((-1, 1))}
    elif defect == "crushed_thread":
        screw["damage"] = _crushed(rng, screw)
    elif defect == "broken_part":
        small["damage"] = _broken(rng, small)
    elif defect == "rust":
        either["damage"] = _rust(rng, either)
    return parts


def sample(rng: random.Random, defect: str | None) -> dict:
    """All parameters of one picture; `defect` is a name from `DEFECTS` or None for a normal one."""
    if defect is not None and defect not in {d["name"] for d in DEFECTS}:
        raise ValueError(f"The screw kit has no defect {defect!r}.")
    parts = _parts(rng, defect)
    out = None
    if defect == "part_outside":
        # A long screw would leave the picture.
        out = rng.choice([p for p in parts if p["length"] is None or p["length"] < (LONG + SHORT) / 2])
    laid: list[dict] = []
    while len(laid) < len(parts):
        # Large parts first; when a later one finds no place, all are laid anew.
        laid, shadows = [], []
        for part in parts:
            found = _lay_outside(rng, part) if part is out else _lay(rng, part, shadows)
            if found is None:
                break
            laid.append(found)
            shadows.append(footprint(found))
    return {
        "scene": "screw_kit",
        "camera": studio.camera(
            rng,
            (rng.uniform(-2.2, 2.2), rng.uniform(-2.2, 2.2), 40.0 + rng.uniform(-1.0, 1.0)),
            (0.0, 0.0, 0.4),
            16.1,
            aperture=0.16,
            target_jitter=0.06,
            roll_deg=1.4,
            fov_jitter=0.01,
        ),
        "light": studio.room(
            rng,
            key_azimuth_deg=(80, 170),
            key_elevation_deg=(42, 64),
            key_half_size=(0.2, 0.4),
            key_strength=(16.0, 26.0),
            ambient=(0.24, 0.42),
        ),
        "film": studio.film(rng, key=0.21),
        "box": {
            "offset": [rng.uniform(-0.06, 0.06), rng.uniform(-0.06, 0.06)],
            "turn": rng.uniform(-1.2, 1.2),
            "colour": [c * rng.uniform(0.9, 1.1) for c in (0.035, 0.125, 0.3)],
            "roughness": rng.uniform(0.38, 0.5),
            "texture_seed": rng.uniform(0, 1000),
        },
        "bench": {
            "colour": [c * rng.uniform(0.94, 1.06) for c in (0.5, 0.36, 0.23)],
            "turn": rng.uniform(-4, 4),
            "texture_seed": rng.uniform(0, 1000),
        },
        "parts": laid,
        "contaminants": [_contaminant(rng, laid)] if defect == "contamination" else [],
    }


# --- checking a picture -------------------------------------------------------------------------------------------


def violations(params: dict) -> list[str]:
    """Names of the constraints a picture breaks, from where its parts are and what they are like.

    Everything in the picture counts, inside the box or not.
    """
    broken = set()
    lengths = [p["length"] for p in params["parts"] if p["kind"] == "screw"]
    small = [p["kind"] for p in params["parts"] if p["kind"] != "screw"]
    if len(lengths) != 4:
        broken.add("four_screws")
    elif sum(abs(n - 4.0) < abs(n - 2.2) for n in lengths) != 2:
        broken.add("screw_pairs")
    if any(min(abs(n - 4.0), abs(n - 2.2)) > TOLERANCE for n in lengths):
        broken.add("screw_length")
    if len(small) != 4:
        broken.add("four_small_parts")
    elif small.count("nut") != 2:
        broken.add("small_part_pairs")
    for part in params["parts"]:
        if part["finish"] != "zinc" or not _bright_grey(part["colour"]):
            broken.add("one_finish")
        if not all(abs(x) + r <= FACE[0] and abs(y) + r <= FACE[1] for x, y, r in _discs(part)):
            broken.add("inside_box")
    return sorted(broken)


def _discs(part: dict) -> list[tuple[float, float, float]]:
    """Discs (x, y, radius) that a part's shadow holds: it is inside only where they are."""
    x, y = part["base"][:2]
    if part["kind"] == "nut":
        return [(x, y, APOTHEM)]
    if part["kind"] == "washer":
        return [(x, y, WASHER_RADIUS)]
    _, side, along = axes(part)
    found = []
    for k in range(41):
        s = (HEAD_HEIGHT + part["length"]) * k / 40
        u, v, _ = axis_at(part, s)
        found.append((x + u * along[0] + v * side[0], y + u * along[1] + v * side[1], 0.0))
    # Within the head, and at the tip, the widest that fits.
    head = HEAD_HEIGHT / 2
    found.append((x + head * along[0], y + head * along[1], head))
    u, v, _ = axis_at(part, HEAD_HEIGHT + part["length"] - RADIUS)
    found.append((x + u * along[0] + v * side[0], y + u * along[1] + v * side[1], RADIUS))
    return found


def _bright_grey(colour: list[float]) -> bool:
    return min(colour) > 0.4 and max(colour) < 1.25 * min(colour)
