"""What may stand in one picture of the bottle scene, and which rules it must keep. Pure Python.

Lengths are centimetres, angles are degrees. The bottle stands upright with its axis along z and its base at z = 0;
the camera looks along +y, so azimuth 0 on the glass faces the camera and a positive azimuth lies to the right in the
picture. `sample` draws the parameters of a picture, `violations` judges such parameters without knowing how they
came about.
"""

from __future__ import annotations

import math
import random

import studio

TITLE = "Bottle"
DESCRIPTION = (
    "A small glass bottle of cherry juice, milk or citrus drink in front of a light panel, with a front label, a "
    "code sticker and a screw cap."
)

CONSTRAINTS = {
    "one_label": "The bottle has exactly one front label.",
    "one_sticker": "The bottle has exactly one code sticker.",
    "label_matches": "The front label shows the drink that is in the bottle.",
    "labels_in_place": "Label and sticker are centred on their spots, within 2 mm in height and 10 degrees around.",
    "label_upright": "The front label is upright within 3 degrees.",
    "fill_level": "The drink stands between 83.5 and 88.5 mm above the table.",
    "capped": "The bottle has a cap.",
    "cap_matches": "The cap is red on cherry juice, blue on milk, green on citrus drink.",
}

# --- the product -----------------------------------------------------------

CONTENTS = ("cherry", "milk", "citrus")
FOREIGN_COLORS = {"cherry": ("ivory", "teal"), "milk": ("black", "brown", "grey"), "citrus": ("black", "brown", "teal")}
CAP_OF = {"cherry": "red", "milk": "blue", "citrus": "green"}

BODY_RADIUS = 3.2
WALL = 0.25
BODY_BOTTOM, BODY_TOP = 0.55, 7.6  # the straight part of the wall
NECK_RADIUS = 1.4
NECK_BOTTOM = 9.7
CAP_BOTTOM, CAP_TOP = 10.62, 12.2
MOUTH = 12.0

LABEL_SIZE = (4.8, 3.7)  # along the arc, along z
LABEL_CORNER = 0.3
LABEL_Z = 5.05
STICKER_SIZE = (2.7, 0.95)
STICKER_CORNER = 0.12
STICKER_Z = 1.75

FILL_BAND = (8.35, 8.85)
POSITION_TOLERANCE_Z = 0.2
POSITION_TOLERANCE_AZIMUTH = 10.0
TILT_TOLERANCE = 3.0

# Normal pictures stay inside the tolerances by a margin, anomalies stay clearly
# outside, so that nothing lies on the line between them.
_NORMAL_Z = 0.12
_NORMAL_SPIN = 4.0  # the whole bottle turned on its stand
_NORMAL_AZIMUTH = 4.0  # a label placed beside its spot, on top of that
_NORMAL_TILT = 1.6
_NORMAL_FILL = (8.42, 8.78)


def _defect(name, pixel_value, kind, breaks, saturation, meaning, because):
    return {
        "name": name,
        "pixel_value": pixel_value,
        "saturation_threshold": saturation,
        "relative_saturation": True,
        "because": because,
        "kind": kind,
        "breaks": breaks,
        "meaning": meaning,
    }


DEFECTS = [
    _defect(
        "wrong_label", 255, "logical", "label_matches", 0.5,
        "The label of another drink.",
        "picture, word and band each tell, and the paper around them is right",
    ),
    _defect(
        "label_missing", 254, "logical", "one_label", 0.8,
        "No front label.",
        "an empty place has no border to see, so a rim may be missed",
    ),
    _defect(
        "label_shifted", 253, "logical", "labels_in_place", 0.3,
        "The front label sits off its spot.",
        "the mask is the label and its place, which overlap: most of the paper is where it belongs",
    ),
    _defect(
        "label_turned", 252, "logical", "label_upright", 0.5,
        "The front label is tilted or upside down.",
        "the turned print tells, and much of the paper is where it belongs",
    ),
    _defect(
        "labels_swapped", 251, "logical", "labels_in_place", 0.5,
        "Front label and sticker have changed places.",
        "the mask is both papers and both their places, and each out of place tells",
    ),
    _defect(
        "underfilled", 250, "logical", "fill_level", 0.8,
        "The drink stands too low.",
        "the mask reaches up to the highest level allowed, of which the top 5 mm may be empty",
    ),
    _defect(
        "overfilled", 249, "logical", "fill_level", 0.8,
        "The drink stands too high, up in the neck.",
        "glass bends the border of the drink, so a rim may be missed",
    ),
    _defect(
        "empty", 248, "logical", "fill_level", 0.5,
        "The bottle holds no drink at all.",
        "the mask is the whole inside, and half of it without drink tells",
    ),
    _defect(
        "cap_missing", 247, "logical", "capped", 0.8,
        "The bottle is open.",
        "an empty place has no border to see, so a rim may be missed",
    ),
    _defect(
        "wrong_cap", 246, "logical", "cap_matches", 0.8,
        "The cap of another drink.",
        "shaded and shining parts of the cap show little of its colour",
    ),
    _defect(
        "torn_label", 239, "structural", None, 1.0,
        "A part of the front label is torn off.",
        "the damage has one place",
    ),
    _defect(
        "cracked_glass", 238, "structural", None, 0.5,
        "A star-shaped crack in the glass.",
        "the mask has the margin of the crack, whose rays are thinner than a pixel",
    ),
    _defect(
        "foreign_body", 237, "structural", None, 1.0,
        "Something swims in the drink.",
        "the damage has one place",
    ),
    _defect(
        "stain", 236, "structural", None, 1.0,
        "A blot on the outside of the bottle or its label.",
        "the damage has one place",
    ),
    _defect(
        "spill", 235, "structural", None, 0.8,
        "Drink has run down the glass or lies on the table.",
        "its thin rim shows little of its colour",
    ),
]


# --- geometry of the glass -------------------------------------------------


def _bezier(p0, p1, p2, p3, n):
    """n + 1 points of a cubic Bézier curve, both ends included."""
    points = []
    for i in range(n + 1):
        t = i / n
        s = 1.0 - t
        w = (s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t)
        points.append(tuple(sum(wi * p[k] for wi, p in zip(w, (p0, p1, p2, p3))) for k in (0, 1)))
    return points


def outer_profile() -> list[tuple[float, float]]:
    """(radius, z) of the outer wall from the base's centre up to the lip."""
    r = BODY_RADIUS
    base = [(0.0, 0.32), (1.2, 0.26), (2.1, 0.1), (2.45, 0.02), (2.62, 0.0)]
    heel = _bezier((2.62, 0.0), (3.0, 0.0), (r, 0.2), (r, BODY_BOTTOM), 8)[1:]
    wall = [(r, BODY_BOTTOM + (BODY_TOP - BODY_BOTTOM) * i / 8) for i in range(1, 9)]
    shoulder = _bezier((r, BODY_TOP), (r, 8.9), (NECK_RADIUS, 8.55), (NECK_RADIUS, NECK_BOTTOM), 24)[1:]
    neck = [(NECK_RADIUS, 10.3), (1.43, 10.36), (1.62, 10.42), (1.66, 10.48), (1.62, 10.54), (1.4, 10.6)]
    finish = [(1.36, 10.75)]
    for z in (10.95, 11.3, 11.65):  # threads, as rings: the cap hides them
        finish += [(1.36, z - 0.1), (1.48, z - 0.03), (1.48, z + 0.03), (1.36, z + 0.1)]
    lip = [(1.36, 11.92), (1.32, 11.98), (1.22, MOUTH)]
    return base + heel + wall + shoulder + neck + finish + lip


def inner_profile() -> list[tuple[float, float]]:
    """(radius, z) of the inner wall from the lip down to the base's centre."""
    r = BODY_RADIUS - WALL
    n = 1.1
    lip = [(1.15, 11.98), (n, 11.9)]
    neck = [(n, 11.9 + (9.75 - 11.9) * i / 12) for i in range(1, 12)]
    shoulder = _bezier((n, 9.75), (n, 8.45), (r, 8.75), (r, 7.5), 36)
    wall = [(r, 7.5 + (1.0 - 7.5) * i / 12) for i in range(1, 13)]
    heel = _bezier((r, 1.0), (r, 0.68), (2.8, 0.58), (2.5, 0.58), 8)[1:]
    base = [(1.6, 0.64), (0.8, 0.7), (0.0, 0.72)]
    return lip + neck + shoulder + wall + heel + base


def _radius_at(profile, z):
    best = None
    for (r0, z0), (r1, z1) in zip(profile, profile[1:]):
        if min(z0, z1) <= z <= max(z0, z1) and z0 != z1:
            r = r0 + (r1 - r0) * (z - z0) / (z1 - z0)
            best = r if best is None else max(best, r)
    if best is None:
        raise ValueError(f"z = {z} lies outside the glass")
    return best


def outer_radius(z: float) -> float:
    """Radius of the outer wall at height z, 0 ≤ z ≤ MOUTH."""
    return _radius_at(outer_profile(), z)


def inner_radius(z: float) -> float:
    """Radius of the inner wall at height z; ValueError outside the hollow."""
    return _radius_at(inner_profile(), z)


# --- drawing parameters ----------------------------------------------------


def _sign(rng):
    return -1.0 if rng.random() < 0.5 else 1.0


def _between(rng, band):
    return rng.uniform(band[0], band[1])


def _light(rng):
    """Softboxes left and right of the camera and above; the room behind it stays dim, so that glass shows its edges."""
    balance = studio.kelvin(5000)

    def lamp(low, high):
        return [a / b for a, b in zip(studio.kelvin(rng.uniform(low, high)), balance)]

    key_side = _sign(rng)
    front = -90.0  # towards the camera
    key, fill = lamp(4700, 5600), lamp(4600, 5800)
    panels = [
        studio.panel(
            studio.direction(front + key_side * rng.uniform(38, 54), rng.uniform(18, 32)),
            (rng.uniform(0.16, 0.26), rng.uniform(0.45, 0.7)),
            rng.uniform(8.0, 11.0),
            key,
            softness=rng.uniform(0.05, 0.25),
            roll_deg=rng.uniform(-4, 4),
            bars=(1, rng.choice((1, 2))),
        ),
        studio.panel(
            studio.direction(front - key_side * rng.uniform(40, 62), rng.uniform(12, 30)),
            (rng.uniform(0.1, 0.18), rng.uniform(0.45, 0.75)),
            rng.uniform(4.0, 6.5),
            fill,
            softness=rng.uniform(0.05, 0.25),
            roll_deg=rng.uniform(-4, 4),
        ),
        studio.panel(
            studio.direction(front + rng.uniform(-40, 40), rng.uniform(68, 82)),
            (rng.uniform(0.5, 0.8), rng.uniform(0.3, 0.5)),
            rng.uniform(2.2, 3.6),
            lamp(4300, 5400),
            softness=rng.uniform(0.1, 0.3),
            roll_deg=rng.uniform(-8, 8),
        ),
    ]
    level = rng.uniform(0.2, 0.3)
    return {
        "zenith": [level * c for c in key],
        "horizon": [level * rng.uniform(0.5, 0.8) * c for c in (1.0, 0.98, 0.95)],
        "ground": [level * 0.4 * c for c in (1.0, 0.97, 0.92)],
        "mottle": rng.uniform(0.15, 0.4),
        "mottle_seed": rng.uniform(0, 100),
        "panels": panels,
    }


def _normal(rng):
    content = CONTENTS[int(rng.random() * len(CONTENTS)) % len(CONTENTS)]
    spin = rng.uniform(-_NORMAL_SPIN, _NORMAL_SPIN)

    def paper(z):
        return {
            "azimuth": spin + rng.uniform(-_NORMAL_AZIMUTH, _NORMAL_AZIMUTH),
            "z": z + rng.uniform(-_NORMAL_Z, _NORMAL_Z),
            "tilt": rng.uniform(-_NORMAL_TILT, _NORMAL_TILT),
            "ink": rng.uniform(0.95, 1.05),
            "hue": rng.uniform(-0.012, 0.012),
            "paper": [rng.uniform(0.9, 0.95), rng.uniform(-0.012, 0.022)],
            "grain": rng.uniform(0.0, 100.0),
        }

    label = {"print": content, **paper(LABEL_Z)}
    sticker = paper(STICKER_Z)
    level = _between(rng, _NORMAL_FILL)
    backdrop = {
        "strength": rng.uniform(0.68, 0.86),
        "warmth": rng.uniform(-1.0, 1.0),
        "centre": [rng.uniform(-3.0, 3.0), rng.uniform(5.0, 11.0)],
        "falloff": rng.uniform(0.25, 0.5),
        "texture": rng.uniform(0.0, 1000.0),
        "distance": rng.uniform(14.0, 17.0),
    }
    return {
        "bottle": {
            "x": rng.uniform(-0.32, 0.32),
            "y": rng.uniform(-0.4, 0.4),
            "spin": spin,
            "tint": [rng.uniform(0.955, 0.975), rng.uniform(0.975, 0.988), rng.uniform(0.962, 0.98)],
        },
        "fill": {
            "content": content,
            "level": level,
            "strength": rng.uniform(0.86, 1.16),
            "hue": rng.uniform(-1.0, 1.0),
            "meniscus": rng.uniform(0.05, 0.09),
        },
        "bubbles": [
            {"azimuth": rng.uniform(-180, 180), "inset": rng.uniform(0.02, 0.16), "radius": rng.uniform(0.025, 0.07)}
            for _ in range(int(rng.random() ** 1.5 * 16))
        ],
        "cap": {"color": CAP_OF[content], "spin": rng.uniform(0, 360), "tone": rng.uniform(0.9, 1.1),
                "height": rng.uniform(-0.03, 0.03)},
        "labels": [label],
        "stickers": [sticker],
        "damage": [],
        "camera": studio.camera(
            rng,
            (0.0, -54.5, 14.1),
            (0.0, 0.0, 6.0),
            15.1,
            aperture=0.7,
            position_jitter=0.9,
            target_jitter=0.12,
            roll_deg=0.5,
            fov_jitter=0.015,
        ),
        "light": _light(rng),
        "film": studio.film(rng),
        "backdrop": backdrop,
        "table": {
            "tone": rng.uniform(0.3, 0.44),
            "warmth": rng.uniform(-1.0, 1.0),
            "texture": rng.uniform(0.0, 1000.0),
            "roughness": rng.uniform(0.28, 0.42),
        },
    }


def _other(rng, values, but):
    rest = [v for v in values if v != but]
    return rest[int(rng.random() * len(rest)) % len(rest)]


def _break_wrong_label(rng, p):
    p["labels"][0]["print"] = _other(rng, CONTENTS, p["fill"]["content"])


def _break_label_missing(rng, p):
    p["labels"] = []


def _break_label_shifted(rng, p):
    label = p["labels"][0]
    if rng.random() < 0.5:
        label["z"] = LABEL_Z + rng.choice([rng.uniform(0.52, 0.68), rng.uniform(-0.78, -0.56)])
    else:
        label["azimuth"] = _sign(rng) * rng.uniform(26, 48)


def _break_label_turned(rng, p):
    label = p["labels"][0]
    label["tilt"] = 180 + rng.uniform(-2, 2) if rng.random() < 0.5 else _sign(rng) * rng.uniform(9, 17)


def _break_labels_swapped(rng, p):
    p["labels"][0]["z"] = 2.6 + rng.uniform(-0.08, 0.08)
    p["stickers"][0]["z"] = 5.7 + rng.uniform(-0.3, 0.3)


def _break_underfilled(rng, p):
    p["fill"]["level"] = rng.uniform(4.2, 7.5)


def _break_overfilled(rng, p):
    p["fill"]["level"] = rng.uniform(9.45, 10.1)


def _break_empty(rng, p):
    p["fill"]["level"] = 0.0
    p["bubbles"] = []


def _break_cap_missing(rng, p):
    p["cap"] = None


def _break_wrong_cap(rng, p):
    p["cap"]["color"] = _other(rng, tuple(CAP_OF.values()), CAP_OF[p["fill"]["content"]])


def _outline(rng, count, roughness):
    """Radii of a closed irregular outline, mean near 1, for equal steps of angle."""
    waves = [(k, rng.uniform(0.3, 1.0) * roughness / k, rng.uniform(0, 2 * math.pi)) for k in range(2, 9)]
    return [1.0 + sum(a * math.sin(k * 2 * math.pi * i / count + f) for k, a, f in waves) for i in range(count)]


def _break_torn_label(rng, p):
    # A strip or a corner ripped off: everything beyond a ragged line across
    # the label, entering from one of its sides.
    side = rng.choice(["left", "right", "top", "bottom", "corner"])
    depth = rng.uniform(0.24, 0.42)
    p["damage"].append({
        "kind": "tear",
        "side": side,
        "depth": depth,
        "slope": rng.uniform(-0.35, 0.35),
        "flip": [rng.random() < 0.5, rng.random() < 0.5],
        "seed": int(rng.random() * 2**31),
    })


def _break_cracked_glass(rng, p):
    zone = rng.choice(["shoulder", "side", "below"])
    if zone == "shoulder":
        azimuth, z = rng.uniform(-40, 40), rng.uniform(7.3, 8.4)
    elif zone == "side":
        azimuth, z = _sign(rng) * rng.uniform(50, 58), rng.uniform(2.2, 6.8)
    else:
        azimuth, z = _sign(rng) * rng.uniform(28, 45), rng.uniform(1.2, 2.6)
    rays = []
    count = int(rng.uniform(4, 8))
    start = rng.uniform(0, 360)
    for i in range(count):
        direction = math.radians(start + 360 * i / count + rng.uniform(-22, 22))
        length = rng.uniform(0.7, 1.9)
        points, s, t = [(0.0, 0.0)], 0.0, 0.0
        steps = 7
        for k in range(steps):
            direction += rng.uniform(-0.32, 0.32)
            s += math.cos(direction) * length / steps
            t += math.sin(direction) * length / steps
            points.append((s, t))
        rays.append({"points": points, "width": rng.uniform(0.08, 0.13)})
        if rng.random() < 0.5:  # a branch from its middle
            direction += _sign(rng) * rng.uniform(0.5, 0.9)
            s, t = points[4]
            branch = [(s, t)]
            for k in range(3):
                direction += rng.uniform(-0.2, 0.2)
                s += math.cos(direction) * length / 7
                t += math.sin(direction) * length / 7
                branch.append((s, t))
            rays.append({"points": branch, "width": rng.uniform(0.06, 0.09)})
    p["damage"].append({"kind": "crack", "azimuth": azimuth, "z": z, "rays": rays,
                        "chip": rng.uniform(0.14, 0.26), "chip_outline": _outline(rng, 24, 0.3)})


def _break_foreign_body(rng, p):
    content, level = p["fill"]["content"], p["fill"]["level"]
    # At the sides, clear of the rail's dark image in the drink.
    zone = rng.choice(["surface", "shoulder", "side", "below"])
    size = rng.uniform(0.4, 0.58)
    if zone == "surface":
        azimuth, z = rng.uniform(-35, 35), level
    elif zone == "shoulder":
        azimuth, z = rng.uniform(-38, 38), rng.uniform(7.35, 7.75)
    elif zone == "side":
        azimuth, z = _sign(rng) * rng.uniform(55, 61), rng.uniform(*rng.choice([(2.2, 3.2), (5.2, 6.8)]))
    else:
        azimuth, z = _sign(rng) * rng.uniform(42, 52), rng.uniform(1.4, 2.6)
    p["damage"].append({
        "kind": "foreign",
        "body": rng.choice(["insect", "shard", "clump"]),
        "azimuth": azimuth,
        "z": z,
        "size": size,
        "turn": [rng.uniform(0, 360), rng.uniform(-40, 40), rng.uniform(-40, 40)],
        "color": rng.choice(FOREIGN_COLORS[content]),
        "outline": _outline(rng, 12, 0.5),
    })


def _break_stain(rng, p):
    p["damage"].append({
        "kind": "stain",
        "azimuth": rng.uniform(-42, 42),
        "z": rng.uniform(1.6, 7.3),
        "size": rng.uniform(0.42, 0.8),
        "color": rng.choice(["oil", "ink", "mould", "rust"]),
        "outline": _outline(rng, 48, 0.55),
        "satellites": [
            [rng.uniform(0, 360), rng.uniform(1.2, 1.75), rng.uniform(0.08, 0.2)] for _ in range(int(rng.uniform(2, 7)))
        ],
        "seed": int(rng.random() * 2**31),
    })


def _break_spill(rng, p):
    # A run down glass and label, with or without a puddle on the table. Where it crosses the glass it has the colour of
    # what is behind, so it always crosses the label, and white milk always makes a puddle too.
    kind = rng.choice(["puddle", "both"] if p["fill"]["content"] == "milk" else ["puddle", "run", "both"])
    spill = {"kind": "spill", "content": p["fill"]["content"], "puddle": None, "run": None}
    if kind in ("puddle", "both"):
        side = _sign(rng)
        spill["puddle"] = {
            "x": side * rng.uniform(2.0, 3.6),
            "y": rng.uniform(-2.9, -2.0),
            "size": [rng.uniform(1.2, 2.0), rng.uniform(1.0, 1.5)],
            "outline": _outline(rng, 64, 0.35),
        }
    if kind in ("run", "both"):
        azimuth = _sign(rng) * rng.uniform(8, 32)
        spill["run"] = {
            "azimuth": azimuth,
            "z_top": rng.uniform(9.2, 10.2),
            "z_end": rng.uniform(1.2, 4.5),
            "width": rng.uniform(0.3, 0.45),
            "wander": [rng.uniform(-4, 4) for _ in range(7)],
            "drop": rng.uniform(1.2, 1.7),
        }
    p["damage"].append(spill)


_BREAK = {
    "wrong_label": _break_wrong_label,
    "label_missing": _break_label_missing,
    "label_shifted": _break_label_shifted,
    "label_turned": _break_label_turned,
    "labels_swapped": _break_labels_swapped,
    "underfilled": _break_underfilled,
    "overfilled": _break_overfilled,
    "empty": _break_empty,
    "cap_missing": _break_cap_missing,
    "wrong_cap": _break_wrong_cap,
    "torn_label": _break_torn_label,
    "cracked_glass": _break_cracked_glass,
    "foreign_body": _break_foreign_body,
    "stain": _break_stain,
    "spill": _break_spill,
}


def sample(rng: random.Random, defect: str | None = None) -> dict:
    """Parameters of one picture, ready for JSON.

    rng: a `random.Random`; the same state gives the same parameters.
    defect: None for a normal picture, else a name from `DEFECTS`.
    Raises ValueError for a name that is not there.
    """
    if defect is not None and defect not in _BREAK:
        raise ValueError(f"the bottle scene has no defect '{defect}'; it has {', '.join(_BREAK)}")
    p = _normal(rng)
    if defect is not None:
        _BREAK[defect](rng, p)
    return p


# --- judging ---------------------------------------------------------------


def _turn(degrees):
    """An angle brought into (−180, 180]."""
    a = math.fmod(degrees, 360.0)
    if a > 180:
        a -= 360
    elif a <= -180:
        a += 360
    return a


def _off_spot(part, z):
    return abs(part["z"] - z) > POSITION_TOLERANCE_Z or abs(_turn(part["azimuth"])) > POSITION_TOLERANCE_AZIMUTH


def violations(p: dict) -> list[str]:
    """Names of the `CONSTRAINTS` these parameters break, sorted; looks at what stands in the picture only."""
    broken = []
    drink = p["fill"]["content"] if p["fill"]["level"] > 0 else None
    labels, stickers = p["labels"], p["stickers"]
    if len(labels) != 1:
        broken.append("one_label")
    if len(stickers) != 1:
        broken.append("one_sticker")
    # Without a drink there is nothing that label or cap could contradict.
    if drink is not None and any(label["print"] != drink for label in labels):
        broken.append("label_matches")
    if any(_off_spot(label, LABEL_Z) for label in labels) or any(_off_spot(s, STICKER_Z) for s in stickers):
        broken.append("labels_in_place")
    if any(abs(_turn(label["tilt"])) > TILT_TOLERANCE for label in labels):
        broken.append("label_upright")
    if not FILL_BAND[0] <= p["fill"]["level"] <= FILL_BAND[1]:
        broken.append("fill_level")
    if p["cap"] is None:
        broken.append("capped")
    elif drink is not None and p["cap"]["color"] != {"cherry": "red", "milk": "blue", "citrus": "green"}[drink]:
        broken.append("cap_matches")
    return sorted(broken)
