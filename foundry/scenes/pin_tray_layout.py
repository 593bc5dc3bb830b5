"""The pin tray: what may be in a picture, how one is drawn, and which constraints it breaks. Pure Python.

Lengths in cm, angles in degrees, frame of the tray: origin in the middle of its underside, x to the right, y up in
the picture, z towards the camera. Column 0 is left, row 0 is at the bottom.

A pin's pose: `base` is the middle of its cap's outer face, `yaw` the direction of its axis in the plane, `pitch` the
rise of its axis. Along the axis lie cap, waist, flange and needle.
"""

from __future__ import annotations

import math
import random

import studio
from geometry2d import gap, place, within_rounded

TITLE = "Pin tray"
DESCRIPTION = "A moulded plastic tray of 3 × 4 compartments, one red push pin in each."

CONSTRAINTS = {
    "no_empty_compartment": "Every compartment holds at least one pin.",
    "one_pin_per_compartment": "No compartment holds more than one pin.",
    "pins_inside": "Every pin lies wholly inside one compartment; none reaches over a wall.",
    "pin_colour": "Every pin's head is red.",
    "pin_type": "Every pin is a push pin: cap, waist, flange, needle.",
}

# A missing or an extra pin counts as found when as many pixels as one pin covers are: about 400.
PIN_AREA = 400

DEFECTS = [
    {
        "name": "missing_pin",
        "pixel_value": 255,
        "saturation_threshold": PIN_AREA,
        "relative_saturation": False,
        "because": "the area of a pin, which could lie anywhere there",
        "kind": "logical",
        "breaks": "no_empty_compartment",
        "meaning": "A compartment is empty. The mask is the whole floor of the compartment.",
    },
    {
        "name": "extra_pin",
        "pixel_value": 254,
        "saturation_threshold": PIN_AREA,
        "relative_saturation": False,
        "because": "the area of a pin: either may be the surplus one",
        "kind": "logical",
        "breaks": "one_pin_per_compartment",
        "meaning": "A compartment holds two pins. The mask is both of them.",
    },
    {
        "name": "pin_over_wall",
        "pixel_value": 253,
        "saturation_threshold": 0.5,
        "relative_saturation": True,
        "because": "half of the pin may lie where it belongs",
        "kind": "logical",
        "breaks": "pins_inside",
        "meaning": "A pin leans on a wall, its needle reaches over it. The mask is the pin.",
    },
    {
        "name": "wrong_colour",
        "pixel_value": 252,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "all of it differs",
        "kind": "logical",
        "breaks": "pin_colour",
        "meaning": "A pin's head has another colour. The mask is the head.",
    },
    {
        "name": "wrong_type",
        "pixel_value": 251,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "all of it differs",
        "kind": "logical",
        "breaks": "pin_type",
        "meaning": "A ball-headed map pin or a flat drawing pin lies in a push pin's place. The mask is this pin.",
    },
    {
        "name": "bent_needle",
        "pixel_value": 250,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A needle is bent. The mask is the needle from the kink on.",
    },
    {
        "name": "broken_pin",
        "pixel_value": 249,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A piece of a head or of a needle has broken off. The mask is the place of the lost piece.",
    },
    {
        "name": "contamination",
        "pixel_value": 248,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A thread, crumbs or a blot lie in the tray. The mask is the foreign matter.",
    },
    {
        "name": "damaged_tray",
        "pixel_value": 247,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A wall has a piece broken out, or floor and wall are cracked. The mask is what is gone.",
    },
]

# --- the tray ---------------------------------------------------------------------------------------------------

COLUMNS, ROWS = 4, 3
PITCH = (3.0, 3.8)
FLOOR = 0.12
HEIGHT = 0.97
WALL_TOP = 0.12
"""Width of the flat top of a wall, between its rounded edges."""
EDGE = 0.05
"""Radius of a wall's rounded upper edges."""
DRAFT = 0.04
"""How much wider than above a wall is on each side at the floor."""
FILLET = 0.08
"""Radius of the hollow where a wall meets the floor."""
CORNER = 0.42
"""Radius of a compartment's vertical corners at the top."""
RIM = 0.34
"""Width of the rim around the compartments."""

FACE = tuple((p - WALL_TOP) / 2 - EDGE - DRAFT for p in PITCH)
"""Half-sizes of a compartment between its walls, at the floor."""
FLAT = tuple(h - FILLET for h in FACE)
"""Half-sizes of its flat floor."""
FACE_CORNER = CORNER - EDGE - DRAFT
FLAT_CORNER = FACE_CORNER - FILLET


def centre(column: int, row: int) -> tuple[float, float]:
    """The middle of a compartment."""
    return ((column - (COLUMNS - 1) / 2) * PITCH[0], (row - (ROWS - 1) / 2) * PITCH[1])


# --- the pins ---------------------------------------------------------------------------------------------------

# (radius, distance along the axis), from the cap's face to where the needle leaves the head.
HEADS = {
    "push": [
        (0.0, 0.0), (0.30, 0.0), (0.43, 0.015), (0.47, 0.05), (0.48, 0.09), (0.475, 0.15), (0.43, 0.2), (0.33, 0.25),
        (0.27, 0.32), (0.245, 0.45), (0.245, 0.6), (0.26, 0.78), (0.3, 0.93), (0.37, 1.03), (0.5, 1.08), (0.555, 1.1),
        (0.57, 1.14), (0.565, 1.19), (0.53, 1.22), (0.25, 1.25), (0.12, 1.3), (0.0, 1.3),
    ],
    "ball": [
        *[(0.44 * math.sin(math.radians(a)), 0.44 - 0.44 * math.cos(math.radians(a))) for a in range(0, 164, 9)],
        (0.1, 0.88), (0.0, 0.88),
    ],
    "tack": [
        (0.0, 0.0), (0.2, 0.012), (0.38, 0.045), (0.5, 0.09), (0.55, 0.125), (0.565, 0.15), (0.555, 0.17),
        (0.5, 0.17), (0.1, 0.13), (0.0, 0.13),
    ],
}  # fmt: skip
NEEDLES = {"push": (1.02, 0.056), "ball": (1.3, 0.05), "tack": (1.0, 0.05)}
"""Length beyond the head, and radius, of each type's needle. The last 0.28 cm taper to the tip."""
TAPER = 0.28


def outline(kind: str, needle_length: float | None = None) -> list[tuple[float, float]]:
    """Radius along the whole pin as (radius, distance) pairs."""
    head = HEADS[kind]
    length, radius = NEEDLES[kind]
    if needle_length is not None:
        length = needle_length
    end = head[-1][1]
    full = end + NEEDLES[kind][0]
    points = [p for p in head if p[0] > 0] + [(radius, end)]
    taper_start = full - TAPER
    if end + length > taper_start:
        points += [(radius, taper_start), (radius * (full - end - length) / TAPER, end + length)]
    else:
        points += [(radius, end + length)]
    return points


def rest_pitch(kind: str) -> float:
    """Pitch of a pin of revolution lying on a plane, in degrees.

    It rests on the edge of the outline's lower convex hull that lies under the centre of gravity, which is in the head.
    """
    points = sorted({(s, -r) for r, s in outline(kind)})
    hull: list[tuple[float, float]] = []
    for p in points:
        while len(hull) >= 2:
            (ax, ay), (bx, by) = hull[-2], hull[-1]
            if (bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax) > 0:
                break
            hull.pop()
        hull.append(p)
    # Volume-weighted middle of the head; the needle's mass is counted with steel's density relative to plastic's.
    mass = moment = 0.0
    profile = HEADS[kind]
    pieces = [(a, b, 1.0) for a, b in zip(profile, profile[1:])]
    length, radius = NEEDLES[kind]
    pieces.append(((radius, profile[-1][1]), (radius, profile[-1][1] + length), 7.5))
    for (r0, s0), (r1, s1), density in pieces:
        m = density * (r0 * r0 + r0 * r1 + r1 * r1) / 3 * (s1 - s0)
        mass += m
        moment += m * (s0 + s1) / 2
    middle = moment / mass
    for (ax, ay), (bx, by) in zip(hull, hull[1:]):
        if ax <= middle <= bx:
            return -math.degrees(math.atan2(by - ay, bx - ax))
    raise ValueError(f"A {kind} pin has its centre of gravity outside its outline.")


def rest_height(kind: str, pitch: float) -> float:
    """Height of a pin's base above the plane it lies on, for a given pitch in degrees."""
    p = math.radians(pitch)
    return max(r * math.cos(p) - s * math.sin(p) for r, s in outline(kind))


# --- drawing a picture --------------------------------------------------------------------------------------------


def _footprint(kind: str, pitch: float, part: str) -> list[list[tuple[float, float]]]:
    """Convex pieces of a pin's shadow from above, axis along +x from the base. `part` is head, needle or all."""
    p = math.radians(pitch)
    end = HEADS[kind][-1][1]
    whole = outline(kind)
    pieces = []
    if part in ("head", "all"):
        # Convex slices of the head: the widest radius between successive cuts.
        cuts = {"push": (0.0, 0.25, 1.0, end), "ball": (0.0, 0.2, 0.68, end), "tack": (0.0, end)}[kind]
        for s0, s1 in zip(cuts, cuts[1:]):
            inside = [r for r, s in whole if s0 - 1e-9 <= s <= s1 + 1e-9]
            r = max(inside)
            lean = r * math.sin(abs(p))
            x0, x1 = s0 * math.cos(p) - lean, s1 * math.cos(p) + lean
            pieces.append([(x0, -r), (x1, -r), (x1, r), (x0, r)])
    if part in ("needle", "all"):
        r = NEEDLES[kind][1]
        x0, x1 = end * math.cos(p), (end + NEEDLES[kind][0]) * math.cos(p)
        pieces.append([(x0, -r), (x1, -r), (x1, r), (x0, r)])
    return pieces


def _placed(pin: dict, part: str = "all") -> list[list[tuple[float, float]]]:
    x, y, _ = pin["base"]
    return [place(q, x, y, math.radians(pin["yaw"])) for q in _footprint(pin["type"], pin["pitch"], part)]


def _apart(pin: dict, others: list[dict], distance: float = 0.01) -> bool:
    mine = _placed(pin)
    return all(gap(a, b) >= distance for other in others for a in mine for b in _placed(other))


def _fits(pin: dict) -> bool:
    """Whether head and needle clear the walls of the pin's compartment."""
    cx, cy = centre(pin["column"], pin["row"])

    def inside(polygons: list, half: tuple[float, float], corner: float) -> bool:
        return all(within_rounded([(x - cx, y - cy) for x, y in q], *half, corner) for q in polygons)

    return inside(_placed(pin, "head"), FLAT, FLAT_CORNER) and inside(_placed(pin, "needle"), FACE, FACE_CORNER)


def _new_pin(rng: random.Random, column: int, row: int, kind: str, colour: list[float]) -> dict:
    return {
        "column": column,
        "row": row,
        "type": kind,
        "colour_name": "red",
        "colour": [c * rng.uniform(0.93, 1.07) for c in colour],
        "gloss": rng.uniform(0.16, 0.26),
        "roll": rng.uniform(0, 360),
        "texture_seed": rng.uniform(0, 1000),
        "needle_length": NEEDLES[kind][0],
        "bend": None,
        "damage": None,
    }


def _lay(rng: random.Random, pin: dict, others: list[dict], tries: int = 4000) -> dict | None:
    """The pin, laid down at random in its compartment beside the others; None if no place was found."""
    kind = pin["type"]
    pitch = rest_pitch(kind)
    z = FLOOR + rest_height(kind, pitch)
    reach = HEADS[kind][-1][1] + NEEDLES[kind][0]
    cx, cy = centre(pin["column"], pin["row"])
    for _ in range(tries):
        yaw = rng.uniform(0, 360)
        # The middle of the pin is drawn near the middle of the compartment, wherever the pin may point.
        mx, my = cx + rng.uniform(-1, 1) * FLAT[0], cy + rng.uniform(-1, 1) * FLAT[1]
        a = math.radians(yaw)
        base = [mx - reach / 2 * math.cos(a), my - reach / 2 * math.sin(a), z]
        laid = {**pin, "yaw": yaw, "pitch": pitch, "base": base}
        if _fits(laid) and _apart(laid, others):
            return laid
    return None


def _lean(rng: random.Random, pin: dict, others: list[dict], tries: int = 4000) -> dict | None:
    """The pin with its cap on the floor and its needle on a wall; None if no place was found."""
    kind = pin["type"]
    cx, cy = centre(pin["column"], pin["row"])
    end = HEADS[kind][-1][1]
    length, radius = NEEDLES[kind]
    for _ in range(tries):
        side = rng.randrange(4)
        outward = side * 90.0
        oblique = rng.uniform(-38, 38)
        yaw = outward + oblique
        half = (PITCH[side % 2] - WALL_TOP) / 2
        # Horizontal distance from the base to the line where the wall's flat top begins, along the needle.
        along = rng.uniform(end + 0.2, end + length - 0.45)
        psi = math.radians(oblique)
        low, high = 0.0, 40.0
        for _ in range(60):
            pitch = (low + high) / 2
            p = math.radians(pitch)
            z = rest_height(kind, pitch)
            # Two cylinders touch (needle and the wall's rounded edge) when their axes are as far apart as their
            # radii are together; this is the needle axis' height above the edge's axis in that case.
            slant = math.hypot(math.sin(p), math.cos(p) * math.cos(psi)) / (math.cos(p) * math.cos(psi))
            need = HEIGHT - FLOOR - EDGE + (EDGE + radius) * slant
            if z + along * math.tan(p) < need:
                low = pitch
            else:
                high = pitch
        a = math.radians(yaw)
        wall = cx if side % 2 == 0 else cy
        sign = 1 if side < 2 else -1
        across = rng.uniform(-0.6, 0.6) * FLAT[1 - side % 2]
        edge_at = wall + sign * half
        if side % 2 == 0:
            hit = (edge_at, cy + across)
        else:
            hit = (cx + across, edge_at)
        base = [hit[0] - along * math.cos(a), hit[1] - along * math.sin(a), FLOOR + rest_height(kind, pitch)]
        laid = {**pin, "yaw": yaw % 360, "pitch": pitch, "base": base}
        heads = _placed(laid, "head")
        flat = all(within_rounded([(x - cx, y - cy) for x, y in q], *FLAT, FLAT_CORNER) for q in heads)
        if flat and _apart(laid, others, 0.05):
            return laid
    return None


def _bend(rng: random.Random, pin: dict) -> dict | None:
    """The pin with its needle bent, if it stays above the floor and inside the compartment."""
    length, radius = NEEDLES[pin["type"]]
    bend = {
        "at": rng.uniform(0.22, 0.5),
        "angle": rng.uniform(38, 85),
        # Direction of the bend about the axis: 0 is up, ±90 to the sides; mostly sideways, where it shows.
        "roll": rng.choice((-1, 1)) * rng.uniform(60, 105),
    }
    bent = {**pin, "bend": bend}
    cx, cy = centre(pin["column"], pin["row"])
    for x, y, z in needle_points(bent):
        if z - radius < FLOOR or z + radius > HEIGHT:
            return None
        box = [(x - cx + dx, y - cy + dy) for dx in (-radius, radius) for dy in (-radius, radius)]
        if not within_rounded(box, *FACE, FACE_CORNER):
            return None
    return bent


def axes(pin: dict) -> tuple[tuple[float, float, float], ...]:
    """Unit vectors of a pin's frame: upwards across the axis, sideways, along the axis."""
    a, p = math.radians(pin["yaw"]), math.radians(pin["pitch"])
    along = (math.cos(p) * math.cos(a), math.cos(p) * math.sin(a), math.sin(p))
    up = (-math.sin(p) * math.cos(a), -math.sin(p) * math.sin(a), math.cos(p))
    side = (along[1] * up[2] - along[2] * up[1], along[2] * up[0] - along[0] * up[2], along[0] * up[1] - along[1] * up[0])
    return up, side, along


def needle_points(pin: dict, steps: int = 24) -> list[tuple[float, float, float]]:
    """The needle's axis as points from the head to the tip, bend included."""
    up, side, along = axes(pin)
    start = HEADS[pin["type"]][-1][1]
    length = pin["needle_length"]
    bend = pin["bend"]
    local = []
    if bend is None:
        local = [(0.0, 0.0, start + length * k / steps) for k in range(steps + 1)]
    else:
        # A circular arc of the given angle around the kink, straight before and after.
        curve = 0.14 * length
        angle = math.radians(bend["angle"])
        at = bend["at"] * NEEDLES[pin["type"]][0]
        u, v, turned, s = 0.0, start, 0.0, 0.0
        step = length / (steps * 4)
        for k in range(steps * 4 + 1):
            if k % 4 == 0:
                r = math.radians(bend["roll"])
                local.append((u * math.cos(r), u * math.sin(r), v))
            turned = angle * min(max((s - at) / curve, 0.0), 1.0)
            u += step * math.sin(turned)
            v += step * math.cos(turned)
            s += step
    b = pin["base"]
    return [tuple(b[i] + x * up[i] + y * side[i] + z * along[i] for i in range(3)) for x, y, z in local]


def _damage(rng: random.Random, pin: dict, kind: str) -> dict:
    if kind == "snapped_needle":
        return {**pin, "needle_length": rng.uniform(0.12, 0.45) * NEEDLES["push"][0], "damage": {"kind": kind}}
    # What lies beyond a plane is gone between two places along the axis. The plane's normal points upwards, so that
    # the rest still lies as it did.
    along = (0.95, 1.4) if kind == "chipped_flange" else (-0.1, 0.33)
    return {
        **pin,
        "damage": {
            "kind": kind,
            "from": along[0],
            "to": along[1],
            "roll": rng.uniform(-70, 70),
            "offset": rng.uniform(-0.05, 0.16),
            "lean": rng.uniform(-18, 18),
            "seed": rng.randrange(2**31),
        },
    }


def _clear_spot(rng: random.Random, pins: list[dict], column: int, row: int, shape: list[tuple[float, float]]):
    """A place and turn for a flat convex shape on the floor, clear of pins and walls; None if none was found."""
    cx, cy = centre(column, row)
    for _ in range(400):
        x, y = rng.uniform(-1, 1) * FLAT[0], rng.uniform(-1, 1) * FLAT[1]
        turn = rng.uniform(0, 360)
        polygon = place(shape, x, y, math.radians(turn))
        if not within_rounded(polygon, *FLAT, FLAT_CORNER):
            continue
        moved = [(px + cx, py + cy) for px, py in polygon]
        if all(gap(moved, piece) > 0.04 for pin in pins for piece in _placed(pin)):
            return cx + x, cy + y, turn
    return None


def _contaminant(rng: random.Random, pins: list[dict]) -> dict:
    kind = rng.choice(("thread", "crumbs", "blot"))
    while True:
        column, row = rng.randrange(COLUMNS), rng.randrange(ROWS)
        if kind == "thread":
            # A bent thread: a chain of segments whose heading wanders smoothly, thrown into its bounding box.
            length, turn, points = rng.uniform(1.6, 2.8), rng.uniform(-1.6, 1.6), [(0.0, 0.0)]
            heading, curl = 0.0, rng.uniform(-0.6, 0.6)
            for k in range(40):
                heading += turn * length / 40 + curl * 0.3 * math.sin(k / 6)
                x, y = points[-1]
                points.append((x + length / 40 * math.cos(heading), y + length / 40 * math.sin(heading)))
            xs, ys = [x for x, _ in points], [y for _, y in points]
            mx, my = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
            points = [(x - mx, y - my) for x, y in points]
            pieces = [points[i : i + 2] for i in range(40)]
            cx, cy = centre(column, row)
            for _ in range(200):
                ox, oy = rng.uniform(-1, 1) * FLAT[0], rng.uniform(-1, 1) * FLAT[1]
                angle = rng.uniform(0, 2 * math.pi)
                laid = [place(piece, ox, oy, angle) for piece in pieces]
                if not all(within_rounded(piece, FLAT[0] - 0.05, FLAT[1] - 0.05, FLAT_CORNER) for piece in laid):
                    continue
                laid = [[(x + cx, y + cy) for x, y in piece] for piece in laid]
                if all(gap(piece, part) > 0.06 for pin in pins for part in _placed(pin) for piece in laid):
                    path = [list(piece[0]) for piece in laid] + [list(laid[-1][1])]
                    radius = rng.uniform(0.03, 0.042)
                    colour = rng.choice(([0.02, 0.03, 0.09], [0.015, 0.015, 0.016], [0.1, 0.05, 0.02]))
                    return {"kind": kind, "path": path, "radius": radius, "colour": colour}
            continue
        if kind == "blot":
            radius = rng.uniform(0.26, 0.46)
            lobes = [(rng.uniform(0, 2 * math.pi), rng.uniform(0.04, 0.16)) for _ in range(4)]
        else:
            radius = rng.uniform(0.24, 0.42)
        # The lobes stretch a blot by at most 30 %.
        reach = radius * (1.3 if kind == "blot" else 1.15)
        disc = [(reach * math.cos(k * math.pi / 8), reach * math.sin(k * math.pi / 8)) for k in range(16)]
        spot = _clear_spot(rng, pins, column, row, disc)
        if spot is None:
            continue
        if kind == "blot":
            colour = rng.choice(([0.035, 0.02, 0.008], [0.012, 0.014, 0.03], [0.02, 0.02, 0.02]))
            return {"kind": kind, "at": list(spot[:2]), "radius": radius, "lobes": lobes, "colour": colour}
        grains = []
        for _ in range(rng.randint(4, 8)):
            size = rng.uniform(0.05, 0.12)
            for _ in range(50):
                a, d = rng.uniform(0, 2 * math.pi), (radius - size) * math.sqrt(rng.random())
                x, y = spot[0] + d * math.cos(a), spot[1] + d * math.sin(a)
                # A grain's surface reaches at most 1.25 times its size.
                if all(math.hypot(x - g["at"][0], y - g["at"][1]) > 1.25 * (size + g["size"]) for g in grains):
                    grains.append({"at": [x, y], "size": size, "seed": rng.randrange(2**31)})
                    break
        colour = rng.choice(([0.045, 0.03, 0.02], [0.03, 0.03, 0.032], [0.16, 0.09, 0.03]))
        return {"kind": kind, "grains": grains, "colour": colour}


def _tray_damage(rng: random.Random, pins: list[dict]) -> dict:
    if rng.random() < 0.5:
        # A piece out of an inner wall: between two neighbours in a row, or in a column.
        upright = rng.random() < 0.5
        if upright:
            column, row = rng.randrange(COLUMNS - 1), rng.randrange(ROWS)
            cx, cy = centre(column, row)
            middle, half = (cx + PITCH[0] / 2, cy), FACE[1]
        else:
            column, row = rng.randrange(COLUMNS), rng.randrange(ROWS - 1)
            cx, cy = centre(column, row)
            middle, half = (cx, cy + PITCH[1] / 2), FACE[0]
        width = rng.uniform(0.6, 1.2)
        slide = rng.uniform(-1, 1) * (half - 0.45 - width / 2)
        at = [middle[0] + (0 if upright else slide), middle[1] + (slide if upright else 0)]
        return {
            "kind": "notch",
            "at": at,
            "upright": upright,
            "width": width,
            "depth": rng.uniform(0.45, 0.75),
            "seed": rng.randrange(2**31),
        }
    while True:
        column, row = rng.randrange(COLUMNS), rng.randrange(ROWS)
        cx, cy = centre(column, row)
        x, y = cx + rng.uniform(-0.5, 0.5) * FLAT[0], cy + rng.uniform(-0.5, 0.5) * FLAT[1]
        heading = rng.uniform(0, 2 * math.pi)
        path, length = [[x, y]], rng.uniform(1.7, 2.6)
        steps = 9
        for _ in range(steps):
            heading += rng.uniform(-0.55, 0.55)
            x, y = x + length / steps * math.cos(heading), y + length / steps * math.sin(heading)
            path.append([x, y])
        pieces = [[tuple(a), tuple(b)] for a, b in zip(path, path[1:])]
        outer = (COLUMNS / 2 * PITCH[0], ROWS / 2 * PITCH[1])
        if not all(abs(px) < outer[0] and abs(py) < outer[1] for px, py in path):
            continue
        # Where a pin lies on the crack it would hide it.
        hidden = sum(any(gap(q, part) < 0.05 for pin in pins for part in _placed(pin)) for q in pieces)
        if hidden > 0:
            continue
        return {"kind": "crack", "path": path, "width": rng.uniform(0.07, 0.1), "depth": 0.1}


RED = [0.56, 0.018, 0.014]
OTHER_COLOURS = {
    "blue": [0.012, 0.07, 0.42],
    "green": [0.015, 0.22, 0.05],
    "yellow": [0.75, 0.42, 0.015],
    "white": [0.78, 0.77, 0.73],
    "black": [0.018, 0.018, 0.02],
}


def sample(rng: random.Random, defect: str | None) -> dict:
    """All parameters of one picture; `defect` is a name from `DEFECTS` or None for a normal one."""
    batch = [c * rng.uniform(0.9, 1.1) for c in RED]
    cells = [(column, row) for row in range(ROWS) for column in range(COLUMNS)]
    chosen = rng.sample(cells, 2 if defect in ("missing_pin", "wrong_colour") and rng.random() < 0.25 else 1)
    pins: list[dict] = []

    def lay(column: int, row: int, kind: str = "push", how=_lay) -> dict:
        while True:
            pin = how(rng, _new_pin(rng, column, row, kind, batch), pins)
            if pin is not None:
                return pin

    special = None
    # The pin over a wall comes first, so that its neighbours make room for its needle.
    for cell in sorted(cells, key=lambda c: c not in chosen):
        hit = cell in chosen
        if hit and defect == "missing_pin":
            continue
        if hit and defect == "pin_over_wall":
            pin = lay(*cell, how=_lean)
        elif hit and defect == "wrong_type":
            pin = lay(*cell, kind=rng.choice(("ball", "tack")))
        elif hit and defect == "extra_pin":
            while True:
                first = lay(*cell)
                second = _lay(rng, _new_pin(rng, *cell, "push", batch), [*pins, first])
                if second is not None:
                    break
            pins.append(first)
            pin = second
        elif hit and defect == "bent_needle":
            while True:
                bent = _bend(rng, lay(*cell))
                if bent is not None:
                    pin = bent
                    break
        elif hit and defect == "broken_pin":
            pin = _damage(rng, lay(*cell), rng.choice(("chipped_flange", "split_cap", "snapped_needle")))
        else:
            pin = lay(*cell)
        if hit and defect == "wrong_colour":
            pin["colour_name"] = rng.choice(sorted(OTHER_COLOURS))
            pin["colour"] = [c * rng.uniform(0.95, 1.05) for c in OTHER_COLOURS[pin["colour_name"]]]
        pins.append(pin)

    distance = 40.0
    sway = 2.2
    params = {
        "scene": "pin_tray",
        "camera": studio.camera(
            rng,
            (rng.uniform(-sway, sway), rng.uniform(-sway, sway), distance + rng.uniform(-1.5, 1.5)),
            (0.0, 0.0, 0.6),
            19.7,
            aperture=0.16,
            target_jitter=0.12,
            roll_deg=1.6,
            fov_jitter=0.012,
        ),
        "light": studio.room(
            rng,
            key_azimuth_deg=(95, 165),
            key_elevation_deg=(42, 64),
            key_half_size=(0.18, 0.38),
            key_strength=(20.0, 34.0),
            ambient=(0.22, 0.4),
        ),
        "film": studio.film(rng, key=0.24),
        "tray": {
            "offset": [rng.uniform(-0.12, 0.12), rng.uniform(-0.12, 0.12)],
            "turn": rng.uniform(-1.6, 1.6),
            "colour": [c * rng.uniform(0.96, 1.04) for c in (0.33, 0.42, 0.47)],
            "roughness": rng.uniform(0.36, 0.5),
            "texture_seed": rng.uniform(0, 1000),
        },
        "mat": {
            "colour": [c * rng.uniform(0.9, 1.12) for c in (0.045, 0.06, 0.062)],
            "texture_seed": rng.uniform(0, 1000),
        },
        "pins": pins,
        "contaminants": [],
        "tray_damage": [],
    }
    if defect == "contamination":
        params["contaminants"].append(_contaminant(rng, pins))
    elif defect == "damaged_tray":
        params["tray_damage"].append(_tray_damage(rng, pins))
    return params


# --- checking a picture -------------------------------------------------------------------------------------------


def violations(params: dict) -> list[str]:
    """Names of the constraints a picture breaks, from where its pins are and what they are like.

    A pin belongs to the compartment above whose floor the middle of its head lies.
    """
    broken = set()
    held: dict[tuple[int, int], int] = {}
    for pin in params["pins"]:
        yaw, pitch = math.radians(pin["yaw"]), math.radians(pin["pitch"])
        dx, dy = math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch)
        head_length = max(s for _, s in HEADS[pin["type"]])
        head_x = pin["base"][0] + dx * head_length / 2
        head_y = pin["base"][1] + dy * head_length / 2
        column = math.floor(head_x / PITCH[0] + COLUMNS / 2)
        row = math.floor(head_y / PITCH[1] + ROWS / 2)
        held[column, row] = held.get((column, row), 0) + 1
        # The walls' middles around this compartment; a pin inside stays clear of them by half a wall.
        left, low = (column - COLUMNS / 2) * PITCH[0], (row - ROWS / 2) * PITCH[1]
        body = [(pin["base"][0] + dx * s, pin["base"][1] + dy * s, r) for r, s in HEADS[pin["type"]]]
        body += [(x, y, NEEDLES[pin["type"]][1]) for x, y, _ in needle_points(pin)]
        for x, y, radius in body:
            # A disc across the axis is as wide as its radius at right angles to the axis.
            wx, wy = radius * abs(math.sin(yaw)), radius * abs(math.cos(yaw))
            room = min(x - wx - left, left + PITCH[0] - x - wx, y - wy - low, low + PITCH[1] - y - wy)
            if room < WALL_TOP / 2:
                broken.add("pins_inside")
        if pin["colour_name"] != "red" or not _reddish(pin["colour"]):
            broken.add("pin_colour")
        if pin["type"] != "push":
            broken.add("pin_type")
    for column in range(COLUMNS):
        for row in range(ROWS):
            count = held.pop((column, row), 0)
            if count == 0:
                broken.add("no_empty_compartment")
            if count > 1:
                broken.add("one_pin_per_compartment")
    if held:
        broken.add("pins_inside")
    return sorted(broken)


def _reddish(colour: list[float]) -> bool:
    red, green, blue = colour
    return red > 0.3 and red > 8 * green and red > 8 * blue
