"""The fruit box: what may be in a picture, how one is drawn, and which constraints it breaks. Pure Python.

Lengths in cm, angles in degrees, frame of the box: origin in the middle of its underside, x to the right, y up in the
picture, z towards the camera.

A fruit is a solid of revolution about its axis from flower end to stem, given by a profile; `at` is the middle of the
sphere that holds it, `tilt` leans the axis away from upright towards `yaw`, `spin` turns the fruit about its axis. What
is in the heap is a sphere for the purpose of lying there, [x, y, z, radius, seed]; its shape fills the sphere but for a
flat end.
"""

from __future__ import annotations

import math
import random

import studio

TITLE = "Fruit box"
DESCRIPTION = (
    "A wooden box with two compartments: on the left two mandarins and an apple, on the right a heap of hazelnuts and "
    "blueberries."
)

CONSTRAINTS = {
    "three_fruit": "There are exactly three pieces of fruit.",
    "fruit_kinds": "Three pieces of fruit are two mandarins and one apple.",
    "sides": "All fruit lies left of the divider, every nut and berry right of it.",
    "heap_mix": "There are at least 20 hazelnuts and at least 12 blueberries.",
    "heap_cover": "In the compartment of most nuts and berries, at most 15 % of the floor is bare, seen from above.",
}

# Pixels in the picture, a little rounded down, so that what is told by them is enough.
FRUIT_AREA = 1900
"""What the smallest fruit covers."""
MIX_AREA = 1600
"""What twelve blueberries cover, the least there must be of either."""
LACK_AREA = 4000
"""What a heap too small lacks at least to what it must cover: a quarter of a compartment."""

DEFECTS = [
    {
        "name": "missing_fruit",
        "pixel_value": 255,
        "saturation_threshold": FRUIT_AREA,
        "relative_saturation": False,
        "because": "the area of the smallest fruit, which could lie anywhere there",
        "kind": "logical",
        "breaks": "three_fruit",
        "meaning": "A mandarin or the apple is missing. The mask is the free floor of the left compartment.",
    },
    {
        "name": "extra_fruit",
        "pixel_value": 254,
        "saturation_threshold": FRUIT_AREA,
        "relative_saturation": False,
        "because": "the area of the smallest fruit: any may be the surplus one",
        "kind": "logical",
        "breaks": "three_fruit",
        "meaning": "There is a mandarin or an apple too many. The mask is all fruit of its kind.",
    },
    {
        "name": "swapped_fruit",
        "pixel_value": 253,
        "saturation_threshold": FRUIT_AREA,
        "relative_saturation": False,
        "because": "the area of the smallest fruit: any may be the wrong one",
        "kind": "logical",
        "breaks": "fruit_kinds",
        "meaning": "An apple lies there in place of a mandarin or the reverse. The mask is all fruit of the kind "
        "there is too much of.",
    },
    {
        "name": "foreign_fruit",
        "pixel_value": 252,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "all of it differs",
        "kind": "logical",
        "breaks": "fruit_kinds",
        "meaning": "A plum, lemon or lime lies there in place of a mandarin or the apple. The mask is this fruit.",
    },
    {
        "name": "sides_swapped",
        "pixel_value": 251,
        "saturation_threshold": 3 * FRUIT_AREA,
        "relative_saturation": False,
        "because": "the area of three fruits: either side tells",
        "kind": "logical",
        "breaks": "sides",
        "meaning": "The fruit lies on the right, the heap on the left. The mask is all of it.",
    },
    {
        "name": "fruit_in_heap",
        "pixel_value": 250,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "all of it is out of place",
        "kind": "logical",
        "breaks": "sides",
        "meaning": "One of the three pieces of fruit lies on the right, in the heap. The mask is what is seen of it.",
    },
    {
        "name": "spilled",
        "pixel_value": 249,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "each is out of place",
        "kind": "logical",
        "breaks": "sides",
        "meaning": "Some nuts or berries lie on the left, among the fruit. The mask is these.",
    },
    {
        "name": "missing_ingredient",
        "pixel_value": 248,
        "saturation_threshold": MIX_AREA,
        "relative_saturation": False,
        "because": "the area of twelve blueberries, which could lie anywhere in the heap",
        "kind": "logical",
        "breaks": "heap_mix",
        "meaning": "The heap is all nuts or all berries, or nearly. The mask is the heap.",
    },
    {
        "name": "low_heap",
        "pixel_value": 247,
        "saturation_threshold": LACK_AREA,
        "relative_saturation": False,
        "because": "a quarter of the compartment: a heap at least 40 % bare lacks that to 15 %",
        "kind": "logical",
        "breaks": "heap_cover",
        "meaning": "The heap is too small. The mask is the bare floor of its compartment.",
    },
    {
        "name": "rot",
        "pixel_value": 246,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A fruit rots from a spot on its skin. The mask is where more than half of the colour is gone.",
    },
    {
        "name": "cut",
        "pixel_value": 245,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A piece has been cut or torn out of a fruit. The mask is the place of the lost piece.",
    },
    {
        "name": "mould",
        "pixel_value": 244,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "Nuts and berries of the heap are mouldy. The mask is where mould covers more than half.",
    },
    {
        "name": "foreign_body",
        "pixel_value": 243,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A leaf, twig or stone lies in the box. The mask is the foreign body.",
    },
    {
        "name": "broken_wall",
        "pixel_value": 242,
        "saturation_threshold": 1.0,
        "relative_saturation": True,
        "because": "the damage has one place",
        "kind": "structural",
        "breaks": None,
        "meaning": "A piece has broken out of a wall or the divider. The mask is the place of the lost piece.",
    },
]

# --- the box ----------------------------------------------------------------------------------------------------

FLOOR = 0.3
HEIGHT = 3.5
WALL = 0.55
"""Thickness of the walls."""
DIVIDER = 0.5
DIVIDER_HEIGHT = 3.2
COMPARTMENT = (10.1, 15.8)
"""Width and depth of either compartment."""
MIDDLE = (DIVIDER + COMPARTMENT[0]) / 2
"""Distance of a compartment's middle from the box's."""
INNER = (DIVIDER / 2 + COMPARTMENT[0], COMPARTMENT[1] / 2)
OUTER = (INNER[0] + WALL, INNER[1] + WALL)

# --- fruit ------------------------------------------------------------------------------------------------------

# Distance from the axis and height along it, from the flower end to the stem; the farthest is scaled to 1 below.
_PROFILES = {
    "mandarin": [
        (0.0, -0.7), (0.12, -0.72), (0.25, -0.755), (0.42, -0.74), (0.62, -0.655), (0.8, -0.49), (0.93, -0.27),
        (0.99, -0.05), (1.0, 0.06), (0.97, 0.22), (0.88, 0.42), (0.74, 0.57), (0.55, 0.685), (0.36, 0.735),
        (0.22, 0.735), (0.12, 0.705), (0.05, 0.68), (0.0, 0.675),
    ],
    "apple": [
        (0.0, -0.6), (0.06, -0.61), (0.13, -0.68), (0.2, -0.77), (0.3, -0.83), (0.43, -0.82), (0.58, -0.73),
        (0.74, -0.53), (0.87, -0.27), (0.96, 0.0), (1.0, 0.22), (0.98, 0.42), (0.9, 0.62), (0.76, 0.77), (0.58, 0.85),
        (0.4, 0.84), (0.26, 0.76), (0.15, 0.62), (0.07, 0.49), (0.02, 0.43), (0.0, 0.42),
    ],
    "plum": [
        (0.0, -1.0), (0.15, -0.99), (0.34, -0.93), (0.55, -0.8), (0.73, -0.6), (0.85, -0.33), (0.89, 0.0),
        (0.86, 0.3), (0.76, 0.58), (0.6, 0.79), (0.42, 0.92), (0.25, 0.965), (0.12, 0.95), (0.04, 0.9), (0.0, 0.89),
    ],
    "lemon": [
        (0.0, -1.0), (0.06, -0.99), (0.1, -0.94), (0.13, -0.87), (0.2, -0.79), (0.34, -0.68), (0.49, -0.52),
        (0.61, -0.3), (0.66, -0.05), (0.65, 0.18), (0.57, 0.45), (0.45, 0.64), (0.3, 0.78), (0.17, 0.87), (0.11, 0.91),
        (0.09, 0.94), (0.05, 0.95), (0.0, 0.94),
    ],
}  # fmt: skip
_PROFILES["lime"] = _PROFILES["lemon"]

RADII = {
    "mandarin": (2.45, 2.75),
    "apple": (2.55, 2.85),
    "plum": (2.3, 2.6),
    "lemon": (3.1, 3.4),
    "lime": (2.75, 3.0),
}
"""Of the sphere that holds a fruit."""

COLOURS = {
    "mandarin": [0.8, 0.25, 0.02],
    "apple": [0.4, 0.03, 0.018],
    "plum": [0.075, 0.012, 0.035],
    "lemon": [0.82, 0.58, 0.04],
    "lime": [0.16, 0.3, 0.02],
}


def profile(kind: str) -> list[tuple[float, float]]:
    """A fruit's outline, (distance from the axis, height), in the unit sphere, from the flower end to the stem."""
    far = max(math.hypot(r, z) for r, z in _PROFILES[kind])
    return [(r / far, z / far) for r, z in _PROFILES[kind]]


def axes(fruit: dict) -> tuple[tuple[float, float, float], ...]:
    """Unit vectors of a fruit's frame in the box's; the third is its axis."""
    t, a, s = (math.radians(fruit[name]) for name in ("tilt", "yaw", "spin"))
    # Turned by the spin about the upright axis, leant over to the right, turned to the yaw.
    columns = []
    for x, y, z in ((math.cos(s), math.sin(s), 0.0), (-math.sin(s), math.cos(s), 0.0), (0.0, 0.0, 1.0)):
        x, z = x * math.cos(t) + z * math.sin(t), z * math.cos(t) - x * math.sin(t)
        columns.append((x * math.cos(a) - y * math.sin(a), x * math.sin(a) + y * math.cos(a), z))
    return tuple(columns)


def rest(kind: str, radius: float, tilt: float) -> float:
    """Height of the middle of a fruit of this size and lean that stands on a plane."""
    t = math.radians(tilt)
    return -radius * min(z * math.cos(t) - r * abs(math.sin(t)) for r, z in profile(kind))


def skin(kind: str, polar: float) -> float:
    """Distance of the skin from the middle in the unit sphere, in the direction at `polar` degrees from the stem."""
    points = [(math.degrees(math.atan2(r, z)), math.hypot(r, z)) for r, z in reversed(profile(kind))]
    for (a, p), (b, q) in zip(points, points[1:]):
        if a <= polar <= b:
            return p + (q - p) * (polar - a) / max(b - a, 1e-9)
    return points[-1][1]


# --- the heap ---------------------------------------------------------------------------------------------------

NUT_RADIUS = (0.84, 0.98)
BERRY_RADIUS = (0.66, 0.88)
CONTACT = 0.002
"""Nothing is nearer to another than this."""

Rectangle = tuple[float, float, float, float]


def compartment(side: int) -> Rectangle:
    """x0, y0, x1, y1 of the left (−1) or right (1) compartment."""
    hx, hy = COMPARTMENT[0] / 2, COMPARTMENT[1] / 2
    return side * MIDDLE - hx, -hy, side * MIDDLE + hx, hy


def resting_height(x: float, y: float, radius: float, spheres: list) -> float:
    """Height at which a sphere let down at (x, y) is stopped by the floor or by `spheres`, (x, y, z, radius, …)."""
    height = FLOOR + radius
    for other in spheres:
        reach = radius + other[3] + CONTACT
        d2 = reach * reach - (x - other[0]) ** 2 - (y - other[1]) ** 2
        if d2 > 0:
            height = max(height, other[2] + math.sqrt(d2))
    return height


def _roll(rng: random.Random, radius: float, spheres: list, start: Rectangle, room: Rectangle) -> list[float]:
    """Where a sphere comes to lie that is let down within `start` and rolls downhill within `room`: [x, y, z].

    Downhill is descent of `resting_height`, so that it never passes through anything, and it ends where every way is
    up: in a hollow between three, between two and a wall, or on the floor.
    """
    x0, y0, x1, y1 = room
    x = min(max(rng.uniform(start[0], start[2]), x0 + radius), x1 - radius)
    y = min(max(rng.uniform(start[1], start[3]), y0 + radius), y1 - radius)
    step, origin, near = 0.5, None, []
    height, heading = resting_height(x, y, radius, spheres), rng.uniform(0, 2 * math.pi)
    while step > 0.003 and height > FLOOR + radius + 1e-6:
        if origin is None or math.dist(origin, (x, y)) > 1.5:
            origin = (x, y)
            near = [s for s in spheres if math.dist(s[:2], origin) < radius + s[3] + 2.1]
        for k in range(9):
            # Straight on first, then farther and farther to either side.
            a = heading + (k + 1) // 2 * (-1) ** k * 2 * math.pi / 9
            u = min(max(x + step * math.cos(a), x0 + radius), x1 - radius)
            v = min(max(y + step * math.sin(a), y0 + radius), y1 - radius)
            lower = resting_height(u, v, radius, near)
            if lower < height - 0.02 * step:
                height, x, y, heading = lower, u, v, a
                break
        else:
            step /= 2
    x, y = round(x, 4), round(y, 4)
    return [x, y, math.ceil(resting_height(x, y, radius, spheres) * 1e4) / 1e4]


def _pour(rng: random.Random, kinds: list[str], others: list, start: Rectangle, room: Rectangle) -> dict[str, list]:
    """Nuts and berries let down one after another upon the spheres `others`: kind to list of [x, y, z, radius, seed].

    Each takes the lowest of three places, as a heap does that has been shaken down.
    """
    heap: dict[str, list] = {"hazelnuts": [], "blueberries": []}
    laid = list(others)
    for kind in kinds:
        radius = round(rng.uniform(*(NUT_RADIUS if kind == "hazelnuts" else BERRY_RADIUS)), 3)
        places = [_roll(rng, radius, laid, start, room) for _ in range(3)]
        item = [*min(places, key=lambda p: p[2]), radius, rng.randrange(10000)]
        laid.append(item)
        heap[kind].append(item)
    return heap


def bare_share(fruit: list[dict], heap: dict[str, list]) -> float:
    """Share of the floor that is bare, seen from above, in the compartment where most nuts and berries lie."""
    items = [item for kind in heap.values() for item in kind]
    side = 1 if sum(item[0] > 0 for item in items) * 2 >= len(items) else -1
    x0, y0, x1, y1 = compartment(side)
    nx, ny = 60, 94
    covered = [bytearray(nx) for _ in range(ny)]
    for x, y, r in [(i[0], i[1], i[3]) for i in items] + [(*f["at"][:2], f["radius"]) for f in fruit]:
        for j in range(ny):
            v = y0 + (y1 - y0) * (j + 0.5) / ny
            half = math.sqrt(max(r * r - (v - y) ** 2, 0))
            first = max(0, math.ceil((x - half - x0) / (x1 - x0) * nx - 0.5))
            last = min(nx - 1, math.floor((x + half - x0) / (x1 - x0) * nx - 0.5))
            if half > 0 and last >= first:
                covered[j][first : last + 1] = b"\1" * (last - first + 1)
    return 1 - sum(map(sum, covered)) / (nx * ny)


# --- drawing a picture --------------------------------------------------------------------------------------------


def _new_fruit(rng: random.Random, kind: str) -> dict:
    radius = rng.uniform(*RADII[kind])
    if kind in ("lemon", "lime"):
        tilt = rng.uniform(80, 100)
    elif kind == "plum":
        tilt = rng.uniform(50, 90)
    elif kind == "apple":
        # Not on its side, where it would roll.
        tilt = rng.choice((rng.uniform(0, 55), rng.uniform(0, 55), rng.uniform(140, 180)))
    else:
        tilt = rng.choice((rng.uniform(0, 60), rng.uniform(120, 180)))
    tint = rng.uniform(0.86, 1.14)
    return {
        "kind": kind,
        "radius": radius,
        "at": [0.0, 0.0, FLOOR + rest(kind, radius, tilt)],
        "tilt": tilt,
        "yaw": rng.uniform(0, 360),
        "spin": rng.uniform(0, 360),
        "colour": [c * tint * rng.uniform(0.94, 1.06) for c in COLOURS[kind]],
        "blush": [rng.uniform(0, 360), rng.uniform(0.15, 0.75)],
        "texture_seed": rng.uniform(0, 1000),
        "damage": None,
    }


def _moved(fruit: dict, x: float, y: float) -> dict:
    return {**fruit, "at": [x, y, fruit["at"][2]]}


def _clear(fruit: dict, others: list[dict], room: Rectangle) -> bool:
    """Whether a fruit's sphere is in the compartment and in no other's."""
    x, y, _ = fruit["at"]
    r = fruit["radius"] + CONTACT
    x0, y0, x1, y1 = room
    return (
        x0 + r <= x <= x1 - r
        and y0 + r <= y <= y1 - r
        and all(math.dist(fruit["at"], o["at"]) >= r + o["radius"] for o in others)
    )


def _lay(rng: random.Random, fruit: dict, others: list[dict], room: Rectangle) -> dict | None:
    """The fruit at random in the compartment; two of three roll on until they touch something. None without a place."""
    for _ in range(100):
        x, y = rng.uniform(room[0], room[2]), rng.uniform(room[1], room[3])
        if not _clear(_moved(fruit, x, y), others, room):
            continue
        if rng.random() < 0.67:
            heading, low, high = rng.uniform(0, 2 * math.pi), 0.0, 0.0
            if others and rng.random() < 0.5:
                goal = rng.choice(others)["at"]
                heading = math.atan2(goal[1] - y, goal[0] - x) + rng.uniform(-0.4, 0.4)

            def rolled(d: float) -> dict:
                return _moved(fruit, x + d * math.cos(heading), y + d * math.sin(heading))

            while _clear(rolled(high), others, room):
                low, high = high, high + 0.2
            for _ in range(8):
                middle = (low + high) / 2
                low, high = (middle, high) if _clear(rolled(middle), others, room) else (low, middle)
            return rolled(low)
        return _moved(fruit, x, y)
    return None


def _fruit_kinds(rng: random.Random, defect: str | None) -> list[str]:
    kinds = ["mandarin", "mandarin", "apple"]
    if defect == "missing_fruit":
        kinds.pop(rng.randrange(3))
    elif defect == "extra_fruit":
        kinds.append(rng.choice(("mandarin", "apple")))
    elif defect == "swapped_fruit":
        k = rng.choice((0, 2))
        kinds[k] = "mandarin" if kinds[k] == "apple" else "apple"
    elif defect == "foreign_fruit":
        kinds[rng.choice((0, 2))] = rng.choice(("plum", "lemon", "lime"))
    rng.shuffle(kinds)
    return kinds


def _lay_fruit(rng: random.Random, defect: str | None) -> list[dict]:
    """All fruit in its place, the first of it in the right compartment when the defect says so."""
    fruit = [_new_fruit(rng, kind) for kind in _fruit_kinds(rng, defect)]
    while True:
        laid: list[dict] = []
        for k, one in enumerate(fruit):
            side = 1 if defect == "fruit_in_heap" and k == 0 else -1
            found = _lay(rng, one, laid, compartment(side))
            if found is None:
                break
            laid.append(found)
        else:
            return laid


def _spheres(fruit: list[dict]) -> list[list[float]]:
    return [[*f["at"], f["radius"]] for f in fruit]


def _heap_kinds(rng: random.Random, defect: str | None) -> list[str]:
    """Which nut or berry is let down after which."""
    nuts, berries = rng.randint(68, 79), rng.randint(36, 46)
    if defect == "missing_ingredient":
        few = rng.choice((0, 0, rng.randint(1, 5)))
        if rng.random() < 0.5:
            nuts, berries = nuts + round(0.66 * (berries - few)), few
        else:
            nuts, berries = few, berries + round(1.5 * (nuts - few))
    elif defect == "low_heap":
        nuts, berries = rng.randint(22, 27), rng.randint(14, 17)
    elif defect == "fruit_in_heap":
        nuts, berries = round(0.8 * nuts), round(0.8 * berries)
    kinds = ["hazelnuts"] * nuts + ["blueberries"] * berries
    rng.shuffle(kinds)
    return kinds


def _lay_heap(rng: random.Random, defect: str | None, fruit: list[dict]) -> dict[str, list]:
    room = compartment(1)
    while True:
        start = room
        if defect == "low_heap":
            # At one end, as in a box that was tipped.
            half = (room[3] - room[1]) * rng.uniform(0.4, 0.5)
            start = (room[0], room[1], room[2], room[1] + half)
            if rng.random() < 0.5:
                start = (room[0], -start[3], room[2], -start[1])
        heap = _pour(rng, _heap_kinds(rng, defect), _spheres(fruit), start, room)
        bare = bare_share(fruit, heap)
        if bare > 0.4 if defect == "low_heap" else bare < 0.1:
            return heap


def _spot(rng: random.Random, fruit: dict) -> list[float]:
    """A unit vector in a fruit's own frame to a spot on its upper side, away from stem and flower end."""
    while True:
        a, z = rng.uniform(0, 2 * math.pi), rng.uniform(0.76, 0.97)
        r = math.sqrt(1 - z * z)
        world = (r * math.cos(a), r * math.sin(a), z)
        local = [sum(w * c for w, c in zip(world, axis)) for axis in axes(fruit)]
        if abs(local[2]) < 0.8:
            return local


def _rot(rng: random.Random, fruit: dict) -> dict:
    return {
        "kind": "rot",
        "spot": _spot(rng, fruit),
        "radius": rng.uniform(0.9, 1.6),
        "mouldy": rng.random() < 0.5,
        "seed": rng.uniform(0, 1000),
    }


def _cut(rng: random.Random, fruit: dict) -> dict:
    """A knife's slit, long and narrow, or a piece torn out: half sizes along, across and into the fruit."""
    if rng.random() < 0.5:
        size = [rng.uniform(1.0, 1.5), rng.uniform(0.24, 0.36), rng.uniform(0.5, 0.8)]
    else:
        size = [rng.uniform(0.75, 1.1), rng.uniform(0.6, 0.9), rng.uniform(0.4, 0.6)]
    return {
        "kind": "cut",
        "spot": _spot(rng, fruit),
        "turn": rng.uniform(0, 180),
        "size": size,
        "seed": rng.randrange(2**31),
    }


def _foreign_body(rng: random.Random, fruit: list[dict], heap: dict[str, list]) -> dict:
    """A stone on the heap, or a leaf or twig on the left floor, clear of the fruit."""
    kind = rng.choice(("leaf", "twig", "stone"))
    if kind == "stone":
        radius = rng.uniform(0.7, 1.0)
        items = [item for group in heap.values() for item in group]
        at = _roll(rng, radius, items, compartment(1), compartment(1))
        grey = rng.uniform(0.12, 0.34)
        colour = [grey * k for k in (1.0, rng.uniform(0.92, 1.0), rng.uniform(0.8, 0.98))]
        return {"kind": kind, "at": at, "radius": radius, "colour": colour, "seed": rng.randrange(2**31)}
    if kind == "leaf":
        length, width, colour = rng.uniform(2.6, 3.6), rng.uniform(1.3, 1.8), rng.choice(LEAF_COLOURS)
    else:
        length, width, colour = rng.uniform(2.8, 4.2), 0.5, [0.12, 0.07, 0.035]
    x0, y0, x1, y1 = compartment(-1)
    while True:
        at, turn = [rng.uniform(x0, x1), rng.uniform(y0, y1)], rng.uniform(0, 360)
        a = math.radians(turn)
        reach = (length - width) / 2
        # Discs along it that hold it.
        discs = [(at[0] + reach * k / 4 * math.cos(a), at[1] + reach * k / 4 * math.sin(a)) for k in range(-4, 5)]
        half = width / 2 + 0.15
        inside = all(x0 + half < x < x1 - half and y0 + half < y < y1 - half for x, y in discs)
        if inside and all(math.dist(d, f["at"][:2]) > half + f["radius"] for d in discs for f in fruit):
            break
    return {
        "kind": kind,
        "at": at,
        "turn": turn,
        "length": length,
        "width": width,
        "colour": [c * rng.uniform(0.85, 1.15) for c in colour],
        "seed": rng.randrange(2**31),
    }


LEAF_COLOURS = ([0.05, 0.13, 0.02], [0.1, 0.16, 0.025], [0.24, 0.12, 0.03])


def _broken_wall(rng: random.Random) -> dict:
    """A ragged piece out of the upper edge of a board; `along` is its middle along the board."""
    board = rng.choice(("left", "right", "front", "back", "divider"))
    reach = (OUTER[0] if board in ("front", "back") else INNER[1]) - 2.4
    return {
        "board": board,
        "along": rng.uniform(-reach, reach),
        "width": rng.uniform(2.0, 4.0),
        "depth": rng.uniform(0.9, 1.9),
        "lean": rng.uniform(-16, 16),
        "seed": rng.randrange(2**31),
    }


def _mould(rng: random.Random, heap: dict[str, list]) -> dict:
    """A patch on the heap around one of the items on top."""
    items = [item for group in heap.values() for item in group]
    x0, y0, x1, y1 = compartment(1)
    within = [i for i in items if x0 + 1.5 < i[0] < x1 - 1.5 and y0 + 1.5 < i[1] < y1 - 1.5]
    top = rng.choice(sorted(within, key=lambda i: -i[2])[:15])
    at = [top[0], top[1], top[2] + 0.7 * top[3]]
    return {"at": at, "radius": rng.uniform(1.4, 2.2), "seed": rng.uniform(0, 1000)}


def _mirrored(fruit: list[dict], heap: dict[str, list]) -> tuple[list[dict], dict[str, list]]:
    """Both moved to the other side of the divider, as in a mirror."""
    fruit = [_moved(f, -f["at"][0], f["at"][1]) for f in fruit]
    return fruit, {kind: [[-i[0], *i[1:]] for i in items] for kind, items in heap.items()}


def sample(rng: random.Random, defect: str | None) -> dict:
    """All parameters of one picture; `defect` is a name from `DEFECTS` or None for a normal one."""
    if defect is not None and defect not in {d["name"] for d in DEFECTS}:
        raise ValueError(f"The fruit box has no defect {defect!r}.")
    fruit = _lay_fruit(rng, defect)
    heap = _lay_heap(rng, defect, fruit)
    hit = rng.choice(fruit)
    if defect == "rot":
        hit["damage"] = _rot(rng, hit)
    elif defect == "cut":
        hit["damage"] = _cut(rng, hit)
    elif defect == "spilled":
        kinds = [rng.choice(("hazelnuts", "blueberries"))] * rng.randint(2, 5)
        for kind, items in _pour(rng, kinds, _spheres(fruit), compartment(-1), compartment(-1)).items():
            heap[kind] += items
    elif defect == "sides_swapped":
        fruit, heap = _mirrored(fruit, heap)
    return {
        "scene": "fruit_box",
        "camera": studio.camera(
            rng,
            (rng.uniform(-4.0, 4.0), rng.uniform(-4.0, 4.0), 78.0 + rng.uniform(-1.5, 1.5)),
            (0.0, 0.0, 1.5),
            17.9,
            aperture=0.3,
            target_jitter=0.12,
            roll_deg=1.4,
            fov_jitter=0.01,
        ),
        "light": studio.room(
            rng,
            key_azimuth_deg=(70, 180),
            key_elevation_deg=(44, 66),
            key_half_size=(0.22, 0.42),
            key_strength=(14.0, 24.0),
            ambient=(0.26, 0.44),
        ),
        "film": studio.film(rng, key=0.19),
        "box": {
            "offset": [rng.uniform(-0.12, 0.12), rng.uniform(-0.12, 0.12)],
            "turn": rng.uniform(-1.2, 1.2),
            "colour": [c * rng.uniform(0.93, 1.07) for c in (0.6, 0.43, 0.26)],
            "texture_seed": rng.uniform(0, 1000),
            "broken": _broken_wall(rng) if defect == "broken_wall" else None,
        },
        "table": {
            "colour": [c * rng.uniform(0.85, 1.15) for c in (0.045, 0.055, 0.062)],
            "turn": rng.uniform(-5, 5),
            "texture_seed": rng.uniform(0, 1000),
        },
        "fruit": fruit,
        "heap": heap,
        "mould": _mould(rng, heap) if defect == "mould" else None,
        "foreign": _foreign_body(rng, fruit, heap) if defect == "foreign_body" else None,
    }


# --- checking a picture -------------------------------------------------------------------------------------------


def violations(params: dict) -> list[str]:
    """Names of the constraints a picture breaks, from where its contents are and what they are."""
    broken = set()
    kinds = sorted(f["kind"] for f in params["fruit"])
    nuts, berries = params["heap"]["hazelnuts"], params["heap"]["blueberries"]
    if len(kinds) != 3:
        broken.add("three_fruit")
    elif kinds != ["apple", "mandarin", "mandarin"]:
        broken.add("fruit_kinds")
    if any(f["at"][0] > 0 for f in params["fruit"]) or any(item[0] < 0 for item in (*nuts, *berries)):
        broken.add("sides")
    if len(nuts) < 20 or len(berries) < 12:
        broken.add("heap_mix")
    if bare_share(params["fruit"], params["heap"]) > 0.15:
        broken.add("heap_cover")
    return sorted(broken)
