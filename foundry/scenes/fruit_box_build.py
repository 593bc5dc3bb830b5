"""Builds the fruit box in Blender from the parameters of `fruit_box_layout`.

A fruit's own frame has its axis along z, stem up, and its origin in the middle of the sphere that holds it; so have a
nut's (tip up) and a berry's (crown up), which are one size and scaled.
"""

from __future__ import annotations

import math
import random

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

import common
import fruit_box_layout as layout

LOOK = 1
QUALITY = {"samples": 16, "max_bounces": 3, "diffuse_bounces": 2, "glossy_bounces": 2}


def build(params: dict) -> None:
    frame = _frame(params)
    _table(params["table"])
    _box(params["box"], frame)
    for k, fruit in enumerate(params["fruit"]):
        _fruit(fruit, k, frame)
    _heap(params["heap"], params["mould"], frame)
    if params["foreign"]:
        {"leaf": _leaf, "twig": _twig, "stone": _stone}[params["foreign"]["kind"]](params["foreign"], frame)


def defect_masks(params: dict) -> list[tuple[str, list[bpy.types.Object]]]:
    """One entry per defect, found in the parameters; see README.md."""
    fruit, heap = params["fruit"], params["heap"]
    kinds = [f["kind"] for f in fruit]
    masks = []

    def whole(*numbers: int) -> list[bpy.types.Object]:
        return _named(*(f"fruit {k} " for k in numbers))

    def of_kind(kind: str) -> list[bpy.types.Object]:
        return whole(*(k for k, other in enumerate(kinds) if other == kind))

    items = [(f"{name} {k}", item[0]) for name, group in heap.items() for k, item in enumerate(group)]
    heap_side = 1 if sum(x > 0 for _, x in items) * 2 >= len(items) else -1
    surplus = [kind for kind, most in (("mandarin", 2), ("apple", 1)) if kinds.count(kind) > most]
    foreign = [k for k, kind in enumerate(kinds) if kind not in ("mandarin", "apple")]
    if len(fruit) < 3:
        masks.append(("missing_fruit", [_floor_ghost(-1, _frame(params))]))
    elif len(fruit) > 3:
        masks.append(("extra_fruit", of_kind(surplus[0])))
    elif foreign:
        masks.append(("foreign_fruit", whole(*foreign)))
    elif surplus:
        masks.append(("swapped_fruit", of_kind(surplus[0])))
    astray = [k for k, f in enumerate(fruit) if f["at"][0] > 0]
    spilled = [name for name, x in items if x < 0]
    if heap_side < 0:
        masks.append(("sides_swapped", [*whole(*range(len(fruit))), *_named("hazelnuts ", "blueberries ")]))
    elif astray:
        masks.append(("fruit_in_heap", whole(*astray)))
    elif spilled:
        masks.append(("spilled", [bpy.data.objects[name] for name in spilled]))
    if len(heap["hazelnuts"]) < 20 or len(heap["blueberries"]) < 12:
        masks.append(("missing_ingredient", _named("hazelnuts ", "blueberries ")))
    if layout.bare_share(fruit, heap) > 0.15:
        masks.append(("low_heap", [_floor_ghost(heap_side, _frame(params))]))
    for k, f in enumerate(fruit):
        if f["damage"]:
            lost = [bpy.data.objects[f"lost {k}"]] if f["damage"]["kind"] == "cut" else whole(k)
            masks.append((f["damage"]["kind"], lost))
    if params["mould"]:
        masks.append(("mould", _named("hazelnuts ", "blueberries ")))
    if params["foreign"]:
        masks.append(("foreign_body", _named("foreign ")))
    if params["box"]["broken"]:
        masks.append(("broken_wall", [bpy.data.objects["lost wall"]]))
    return masks


def _named(*prefixes: str) -> list[bpy.types.Object]:
    return [o for o in bpy.data.objects if o.name.startswith(prefixes)]


def _frame(params: dict) -> Matrix:
    box = params["box"]
    return Matrix.Translation((*box["offset"], 0)) @ Matrix.Rotation(math.radians(box["turn"]), 4, "Z")


# --- table and box ---------------------------------------------------------------------------------------------------


def _table(table: dict) -> None:
    """Slate: cleft in fine steps, clouded, dusty in its hollows."""
    seed = table["texture_seed"]
    m, g, bsdf = common.material("table")
    at = g.position()
    cloud = g.noise(at, 0.12, 4.0, 0.6, seed=seed)
    cleft = g.noise(g.vector_math("MULTIPLY", at, (0.5, 1.0, 1.0)), 0.7, 5.0, 0.62, seed=seed + 1)
    fine = g.noise(at, 7.0, 3.0, 0.6, seed=seed + 2)
    shade = g.math("ADD", g.math("MULTIPLY_ADD", cloud, 0.9, 0.45), g.math("MULTIPLY_ADD", fine, 0.5, -0.2))
    colour = g.scale_colour(g.rgb(table["colour"]), shade)
    dust = g.math("MULTIPLY", g.smooth_step(g.math("MULTIPLY_ADD", fine, 0.4, cleft), 0.75, 0.5), 0.06)
    g.put(bsdf.inputs["Base Color"], g.mix(dust, colour, (0.2, 0.2, 0.19)))
    g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", cleft, 0.35, 0.38))
    bsdf.inputs["Specular"].default_value = 0.4
    relief = g.math("ADD", cleft, g.math("MULTIPLY", fine, 0.12))
    g.put(bsdf.inputs["Normal"], g.bump(relief, 0.6, 0.12))
    s = 80.0
    obj = common.mesh_object("table", [(-s, -s, 0), (s, -s, 0), (s, s, 0), (-s, s, 0)], [(0, 1, 2, 3)], m)
    obj.rotation_euler.z = math.radians(table["turn"])


def _box(box: dict, frame: Matrix) -> None:
    """Five boards and a plywood floor. A board's own frame has x along it and the origin in the middle of its foot."""
    (ix, iy), (ox, oy), wall = layout.INNER, layout.OUTER, layout.WALL
    upright = Matrix.Rotation(math.radians(90), 4, "Z")
    boards = {
        "front": (2 * ox, wall, layout.HEIGHT, Matrix.Translation((0, -iy - wall / 2, 0))),
        "back": (2 * ox, wall, layout.HEIGHT, Matrix.Translation((0, iy + wall / 2, 0))),
        "left": (2 * iy - 0.02, wall, layout.HEIGHT - 0.03, Matrix.Translation((-ix - wall / 2, 0, 0)) @ upright),
        "right": (2 * iy - 0.02, wall, layout.HEIGHT - 0.03, Matrix.Translation((ix + wall / 2, 0, 0)) @ upright),
        "divider": (2 * iy, layout.DIVIDER, layout.DIVIDER_HEIGHT, upright),
    }
    for k, (name, (length, thick, height, place)) in enumerate(boards.items()):
        obj = _block(name, (length, thick, height), _wood(name, box, k))
        obj.matrix_world = frame @ place
        broken = box["broken"]
        if broken and broken["board"] == name:
            fresh = _wood("fresh wood", {**box, "colour": [min(1.3 * c, 0.85) for c in box["colour"]]}, k)
            size = (broken["width"], 3 * thick, 2 * broken["depth"])
            cutter = common.jagged_box("cutter", size, 0.09, broken["seed"], steps=9)
            cutter.data.materials.append(fresh)
            obj.data.materials.append(fresh)
            lean = Matrix.Rotation(math.radians(broken["lean"]), 4, "Y")
            cutter.matrix_world = obj.matrix_world @ Matrix.Translation((broken["along"], 0, height)) @ lean
            common.break_out(obj, cutter, "lost wall")
        common.bevel(obj, 0.07, 3)
        common.keep_creases(obj, 35)
    bottom = _block("bottom", (2 * ix, 2 * iy, layout.FLOOR), _wood("bottom", box, 7))
    bottom.matrix_world = frame


def _block(name: str, size, material) -> bpy.types.Object:
    x, y, h = size[0] / 2, size[1] / 2, size[2]
    corners = [(-x, -y), (x, -y), (x, y), (-x, y)]
    vertices = [(*c, z) for z in (0, h) for c in corners]
    faces = [(3, 2, 1, 0), (4, 5, 6, 7), *((k, (k + 1) % 4, (k + 1) % 4 + 4, k + 4) for k in range(4))]
    return common.mesh_object(name, vertices, faces, material, smooth=True)


def _wood(name: str, box: dict, number: int) -> bpy.types.Material:
    """Planed pine along x: growth rings in flowing bands, fibres, now and then a knot."""
    seed = box["texture_seed"] + 17 * number
    m, g, bsdf = common.material(name)
    rng = random.Random(seed)
    at = g.position((20 * rng.random(), 20 * rng.random(), 20 * rng.random()))
    drift = g.noise(g.vector_math("MULTIPLY", at, (0.3, 1.0, 1.0)), 0.16, 2.0, seed=seed + 1)
    warp = g.scale_colour(g.vector_math("SUBTRACT", drift, (0.5, 0.5, 0.5)), 5.0)
    flow = g.vector_math("ADD", g.vector_math("MULTIPLY", at, (0.05, 1.0, 1.0)), warp)
    bands = g.noise(flow, 0.9, 3.0, 0.6, seed=seed)
    fibre = g.noise(g.vector_math("MULTIPLY", at, (0.05, 1.0, 1.0)), 5.0, 4.0, 0.65, seed=seed + 2)
    tone = g.math("ADD", g.math("MULTIPLY", bands, 0.6), g.math("MULTIPLY", fibre, 0.4))
    light = box["colour"]
    dark = [c * k for c, k in zip(light, (0.68, 0.56, 0.42))]
    grime = g.smooth_step(g.noise(at, 0.25, 4.0, 0.6, seed=seed + 3), 0.5, 0.72)
    colour = g.mix(g.smooth_step(tone, 0.34, 0.66), dark, light)
    colour = g.mix(g.math("MULTIPLY", grime, 0.25), colour, [0.5 * c for c in dark])
    g.put(bsdf.inputs["Base Color"], colour)
    g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", fibre, 0.25, 0.45))
    bsdf.inputs["Specular"].default_value = 0.35
    g.put(bsdf.inputs["Normal"], g.bump(fibre, 0.5, 0.03))
    return m


def _floor_ghost(side: int, frame: Matrix) -> bpy.types.Object:
    """A compartment's floor, a hair above itself."""
    x0, y0, x1, y1 = layout.compartment(side)
    z = layout.FLOOR + 0.002
    obj = common.mesh_object("floor", [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)], [(0, 1, 2, 3)])
    obj.matrix_world = frame
    return common.ghost(obj)


# --- solids of revolution --------------------------------------------------------------------------------------------


def _smoothed(points, count: int) -> np.ndarray:
    """`count` points of equal spacing on a smooth curve through (r, z) `points`, ends on the axis."""
    p = np.asarray(points, float)
    # Mirrored beyond the axis, so that the ends come out round.
    p = np.vstack([p[2:0:-1] * (-1, 1), p, p[-2:-4:-1] * (-1, 1)])
    t = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(p, axis=0).T))])
    tangent = np.gradient(p, t, axis=0)
    s = np.linspace(t[2], t[-3], count * 8)
    i = np.clip(np.searchsorted(t, s, side="right") - 1, 0, len(t) - 2)
    h = t[i + 1] - t[i]
    u = ((s - t[i]) / h)[:, None]
    h = h[:, None]
    # Cubic Hermite pieces.
    curve = (
        (2 * u**3 - 3 * u**2 + 1) * p[i]
        + (u**3 - 2 * u**2 + u) * h * tangent[i]
        + (3 * u**2 - 2 * u**3) * p[i + 1]
        + (u**3 - u**2) * h * tangent[i + 1]
    )
    run = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    even = np.linspace(0, run[-1], count)
    curve = np.stack([np.interp(even, run, curve[:, k]) for k in (0, 1)], axis=-1)
    curve[[0, -1], 0] = 0
    # The curve may bulge a trifle beyond its points.
    return curve / np.maximum(1, np.hypot(*curve.T))[:, None]


def _revolved(name: str, points, shrink, material, rings: int = 40, segments: int = 64, size: float = 1.0):
    """A solid around z from a profile; `shrink(angle, z)` gives factors at most 1 that dent it towards the middle."""
    curve = _smoothed(points, rings)
    angle = np.arange(segments) * 2 * math.pi / segments
    r, z = curve[1:-1, 0][:, None], np.broadcast_to(curve[1:-1, 1][:, None], (rings - 2, segments))
    f = np.minimum(shrink(angle[None, :], z), 1) * size
    body = np.stack([r * np.cos(angle) * f, r * np.sin(angle) * f, z * f], axis=-1).reshape(-1, 3)
    mean = f.mean(-1)
    vertices = np.vstack([body, [0, 0, curve[0, 1] * mean[0]], [0, 0, curve[-1, 1] * mean[-1]]])
    k = np.arange(segments)
    following = (k + 1) % segments
    faces = []
    for i in range(rings - 3):
        a, b = i * segments, (i + 1) * segments
        faces += np.stack([a + k, a + following, b + following, b + k], axis=-1).tolist()
    last, south, north = (rings - 3) * segments, len(body), len(body) + 1
    faces += [(south, j, i) for i, j in zip(k.tolist(), following.tolist())]
    faces += [(last + i, last + j, north) for i, j in zip(k.tolist(), following.tolist())]
    return common.mesh_object(name, vertices.tolist(), faces, material, smooth=True)


def _lumps(seed: float, depth: float):
    """A gentle unevenness, its own for each fruit: shrink factors in [1 − depth, 1]."""
    rng = random.Random(seed)
    waves = [(n, rng.uniform(0, 2 * math.pi), rng.uniform(-1, 1), rng.uniform(0, 3)) for n in (1, 2, 2, 3, 4, 5)]

    def shrink(angle, z):
        total = sum(w / math.sqrt(n) * np.cos(n * angle + p + q * z) for n, p, w, q in waves)
        return 1 - depth * np.clip(0.5 + 0.3 * total, 0, 1)

    return shrink


# --- fruit -----------------------------------------------------------------------------------------------------------


def _fruit(fruit: dict, k: int, frame: Matrix) -> None:
    kind, radius = fruit["kind"], fruit["radius"]
    lumps = _lumps(fruit["texture_seed"], {"apple": 0.06, "mandarin": 0.04}.get(kind, 0.02))

    def shrink(angle, z):
        f = lumps(angle, z)
        if kind == "mandarin":
            # Furrows that run down from the stem.
            furrows = 0.5 + 0.5 * np.cos(9 * angle + 2 * np.sin(2 * angle))
            f = f * (1 - 0.02 * np.clip((z - 0.2) / 0.5, 0, 1) * furrows)
        elif kind == "apple":
            f = f * (1 - 0.045 * np.clip(-(z + 0.2) / 0.6, 0, 1) * (0.5 - 0.5 * np.cos(5 * angle)))
        elif kind == "plum":
            turn = np.mod(angle + math.pi, 2 * math.pi) - math.pi
            f = f * (1 - 0.035 * np.exp(-((turn / 0.16) ** 2)))
        return f

    pose = frame @ Matrix.Translation(fruit["at"]) @ Matrix(layout.axes(fruit)).transposed().to_4x4()
    body = _revolved(f"fruit {k} body", layout.profile(kind), shrink, _skin(f"fruit {k}", fruit), size=radius)
    body.matrix_world = pose
    if kind in ("apple", "mandarin"):
        (_stalk if kind == "apple" else _calyx)(fruit, k, pose)
    if fruit["damage"] and fruit["damage"]["kind"] == "cut":
        _gouge(fruit, k, body)


def _stalk(fruit: dict, k: int, pose: Matrix) -> None:
    """An apple's stem, out of the hollow, inside the sphere that holds the fruit."""
    rng = random.Random(fruit["texture_seed"] + 1)
    low = layout.profile("apple")[-1][1] * fruit["radius"] - 0.1
    high = rng.uniform(0.8, 0.9) * fruit["radius"]
    a, lean = rng.uniform(0, 2 * math.pi), rng.uniform(0.1, 0.45)
    points, radii = [], []
    for i in range(9):
        t = i / 8
        points.append((lean * t * t * math.cos(a), lean * t * t * math.sin(a), low + (high - low) * t))
        radii.append(0.09 + 0.06 * max(0, 4 * t - 3))
    m, g, bsdf = common.material(f"stem {k}")
    shade = g.noise(g.position(), 5.0, 3.0, seed=fruit["texture_seed"])
    g.put(bsdf.inputs["Base Color"], g.ramp(shade, [(0.3, (0.05, 0.025, 0.012)), (0.7, (0.19, 0.11, 0.05))]))
    bsdf.inputs["Roughness"].default_value = 0.7
    common.tube(f"fruit {k} stem", points, radii, m).matrix_world = pose


def _calyx(fruit: dict, k: int, pose: Matrix) -> None:
    """A mandarin's green button: a five-pointed star with the scar of the stem."""
    rng = random.Random(fruit["texture_seed"] + 1)
    z = layout.profile("mandarin")[-1][1] * fruit["radius"]
    vertices, n = [(0, 0, z + 0.11)], 40
    for ring, (r, up) in enumerate(((0.12, 0.12), (0.15, 0.06), (0.42, 0.03))):
        for j in range(n):
            a = 2 * math.pi * j / n
            star = 1.0 if ring < 2 else 0.66 + 0.34 * abs(math.cos(2.5 * a)) ** 1.5 * rng.uniform(0.92, 1.08)
            vertices.append((r * star * math.cos(a), r * star * math.sin(a), z + up))
    faces = [(0, 1 + j, 1 + (j + 1) % n) for j in range(n)]
    for ring in range(2):
        a, b = 1 + ring * n, 1 + (ring + 1) * n
        faces += [(a + j, b + j, b + (j + 1) % n, a + (j + 1) % n) for j in range(n)]
    m, g, bsdf = common.material(f"calyx {k}")
    distance = g.vector_math("LENGTH", g.vector_math("MULTIPLY", g.position(), (1.0, 1.0, 0.0)))
    green = g.scale_colour(g.rgb((0.12, 0.17, 0.035)), g.noise(g.position(), 4.0, 3.0, seed=fruit["texture_seed"]))
    g.put(bsdf.inputs["Base Color"], g.mix(g.smooth_step(distance, 0.11, 0.15), (0.26, 0.2, 0.11), green))
    bsdf.inputs["Roughness"].default_value = 0.6
    common.mesh_object(f"fruit {k} calyx", vertices, faces, m, smooth=True).matrix_world = pose


def _gouge(fruit: dict, k: int, body: bpy.types.Object) -> None:
    cut = fruit["damage"]
    spot = np.array(cut["spot"])
    along = np.cross(spot, (0.0, 0.0, 1.0))
    along /= np.linalg.norm(along)
    across = np.cross(spot, along)
    polar = math.degrees(math.acos(spot[2]))
    depth = layout.skin(fruit["kind"], polar) * fruit["radius"]
    ragged = _lumps(cut["seed"], 0.12 if cut["size"][1] < 0.4 else 0.3)
    ball = [(math.cos(a), math.sin(a)) for a in np.linspace(-math.pi / 2, math.pi / 2, 13)]
    flesh = _flesh(f"flesh {k}", fruit)
    cutter = common.ghost(_revolved(f"cutter {k}", ball, ragged, flesh, rings=16, segments=32))
    cutter.matrix_world = (
        body.matrix_world
        @ Matrix.Translation(spot * (depth - 0.05))
        @ Matrix((along, across, spot)).transposed().to_4x4()
        @ Matrix.Rotation(math.radians(cut["turn"]), 4, "Z")
        @ Matrix.Diagonal((*cut["size"], 1.0))
    )
    body.data.materials.append(flesh)
    common.break_out(body, cutter, f"lost {k}")


# --- what fruit is made of -------------------------------------------------------------------------------------------


def _skin(name: str, fruit: dict) -> bpy.types.Material:
    m, g, bsdf = common.material(name)
    surface = {"mandarin": _citrus, "lemon": _citrus, "lime": _citrus, "apple": _apple, "plum": _plum}[fruit["kind"]]
    colour, rough, relief, height = surface(g, fruit)
    bsdf.inputs["Specular"].default_value = 0.45
    damage = fruit["damage"]
    if damage and damage["kind"] == "rot":
        share = _patch(g, g.position(), _rot_middle(fruit), damage)
        at, seed = g.position(), damage["seed"]
        pulp = g.noise(at, 2.0, 4.0, 0.6, seed=seed + 5)
        brown = g.ramp(pulp, [(0.3, (0.035, 0.014, 0.006)), (0.55, (0.13, 0.055, 0.018)), (0.75, (0.22, 0.1, 0.035))])
        wrinkles = g.math("MULTIPLY", g.noise(at, 3.0, 3.0, 0.6, seed=seed + 6), 4.0)
        if damage["mouldy"]:
            middle = _patch(g, at, _rot_middle(fruit), {**damage, "radius": 0.62 * damage["radius"]})
            fuzz = g.noise(at, 2.4, 4.0, 0.75, seed=seed + 7)
            pale = g.ramp(fuzz, [(0.3, (0.1, 0.16, 0.11)), (0.5, (0.3, 0.36, 0.29)), (0.7, (0.66, 0.66, 0.6))])
            brown = g.mix(middle, brown, pale)
        colour = g.mix(share, colour, brown)
        rough = g.math("MAXIMUM", rough, g.math("MULTIPLY", share, 0.6))
        sunk = g.math("ADD", g.math("MULTIPLY", share, -6.0), g.math("MULTIPLY", share, wrinkles))
        relief = g.math("ADD", relief, sunk)
        _patch_in_masks(m, lambda h: _patch(h, h.position(), _rot_middle(fruit), damage))
    g.put(bsdf.inputs["Base Color"], colour)
    g.put(bsdf.inputs["Roughness"], rough)
    g.put(bsdf.inputs["Normal"], g.bump(relief, 0.8, height))
    bsdf.subsurface_method = "BURLEY"
    bsdf.inputs["Subsurface"].default_value = 0.06
    bsdf.inputs["Subsurface Radius"].default_value = [0.5, 0.22, 0.1]
    g.put(bsdf.inputs["Subsurface Color"], colour)
    return m


def _around_axis(g: common.Graph, at):
    """Position across the axis, as a direction: textures of it run along the meridians."""
    return g.vector_math("NORMALIZE", g.vector_math("MULTIPLY", at, (1.0, 1.0, 0.0)))


def _citrus(g: common.Graph, fruit: dict):
    """Peel: oil glands as fine dents, paler between, greener at the stem."""
    seed, radius = fruit["texture_seed"], fruit["radius"]
    at = g.position()
    z = g.math("DIVIDE", g.vector_math("DOT_PRODUCT", at, (0.0, 0.0, 1.0)), radius)
    slow = g.noise(at, 0.3, 3.0, seed=seed)
    blotch = g.noise(at, 1.1, 4.0, 0.6, seed=seed + 1)
    pores = g.noise(at, 4.2, 1.0, 0.5, seed=seed + 2)
    pits = g.smooth_step(pores, 0.56, 0.42)
    tint = g.math("ADD", g.math("MULTIPLY_ADD", slow, 0.5, 0.75), g.math("MULTIPLY_ADD", blotch, 0.24, -0.12))
    colour = g.scale_colour(g.rgb(fruit["colour"]), tint)
    green = [0.2, 0.24, 0.03] if fruit["kind"] == "lime" else [0.5, 0.36, 0.03]
    end = g.smooth_step(g.math("MULTIPLY_ADD", blotch, 0.3, z), 0.72, 1.0)
    colour = g.mix(g.math("MULTIPLY", end, 0.45), colour, green)
    colour = g.mix(g.math("MULTIPLY", pits, 0.22), colour, [0.55 * c for c in fruit["colour"]])
    scar = g.smooth_step(g.noise(at, 0.9, 5.0, 0.7, seed=seed + 4), 0.72, 0.8)
    colour = g.mix(g.math("MULTIPLY", scar, 0.4), colour, (0.5, 0.32, 0.12))
    rough = g.math("MULTIPLY_ADD", blotch, 0.22, 0.24)
    relief = g.math("ADD", g.math("MULTIPLY", pits, -1.0), g.math("MULTIPLY", blotch, 1.2))
    return colour, rough, relief, 0.045


def _apple(g: common.Graph, fruit: dict):
    """Yellow-green ground under a red cheek that ends in streaks, pale dots, russet in the hollow of the stem."""
    seed, radius = fruit["texture_seed"], fruit["radius"]
    at = g.position()
    z = g.math("DIVIDE", g.vector_math("DOT_PRODUCT", at, (0.0, 0.0, 1.0)), radius)
    across = g.math("DIVIDE", g.vector_math("LENGTH", g.vector_math("MULTIPLY", at, (1.0, 1.0, 0.0))), radius)
    slow = g.noise(at, 0.3, 3.0, seed=seed)
    fine = g.noise(at, 3.0, 4.0, 0.6, seed=seed + 1)
    meridian = g.vector_math("ADD", _around_axis(g, at), g.vector_math("MULTIPLY", at, (0.03, 0.03, 0.1)))
    streaks = g.noise(meridian, 4.0, 4.0, 0.7, seed=seed + 2)
    side, share = fruit["blush"]
    sun = [math.cos(math.radians(side)) / radius, math.sin(math.radians(side)) / radius, 0.25 / radius]
    cheek = g.math("ADD", g.vector_math("DOT_PRODUCT", at, sun), g.math("MULTIPLY_ADD", streaks, 2.6, -1.3))
    cheek = g.math("MULTIPLY_ADD", slow, 1.4, g.math("SUBTRACT", cheek, 0.7))
    red = g.smooth_step(cheek, -1.5 * share - 0.25, 0.35 - share)
    ground = g.mix(g.smooth_step(slow, 0.3, 0.7), (0.42, 0.4, 0.05), (0.6, 0.44, 0.09))
    shade = g.math("MULTIPLY_ADD", streaks, 0.9, 0.5)
    colour = g.mix(g.math("MULTIPLY", red, 0.94), ground, g.scale_colour(g.rgb(fruit["colour"]), shade))
    dots = g.smooth_step(g.noise(at, 2.6, 1.0, 0.4, seed=seed + 3), 0.73, 0.79)
    colour = g.mix(g.math("MULTIPLY", dots, 0.5), colour, (0.6, 0.42, 0.2))
    near_stem = g.smooth_step(g.math("MULTIPLY_ADD", fine, 0.3, across), 0.56, 0.3)
    hollow = g.math("MULTIPLY", g.smooth_step(z, 0.1, 0.35), near_stem)
    colour = g.mix(g.math("MULTIPLY", hollow, 0.75), colour, (0.3, 0.24, 0.06))
    eye = g.math("MULTIPLY", g.smooth_step(z, -0.3, -0.45), g.smooth_step(across, 0.17, 0.08))
    colour = g.mix(eye, colour, (0.05, 0.035, 0.018))
    rough = g.math("ADD", g.math("MULTIPLY_ADD", fine, 0.2, 0.22), g.math("MULTIPLY", hollow, 0.25))
    return colour, rough, g.math("ADD", g.math("MULTIPLY", fine, 0.6), slow), 0.02


def _plum(g: common.Graph, fruit: dict):
    """Dark skin under a waxy bloom that has been rubbed off here and there."""
    seed = fruit["texture_seed"]
    at = g.position()
    slow = g.noise(at, 0.3, 3.0, seed=seed)
    rubbed = g.noise(at, 0.8, 5.0, 0.65, seed=seed + 1)
    colour = g.scale_colour(g.rgb(fruit["colour"]), g.math("MULTIPLY_ADD", slow, 1.4, 0.4))
    bloom = g.math("MULTIPLY", g.smooth_step(rubbed, 0.36, 0.62), 0.45)
    colour = g.mix(bloom, colour, (0.22, 0.2, 0.33))
    dots = g.smooth_step(g.noise(at, 3.4, 1.0, 0.4, seed=seed + 3), 0.72, 0.78)
    colour = g.mix(g.math("MULTIPLY", dots, 0.4), colour, (0.3, 0.18, 0.12))
    rough = g.math("MULTIPLY_ADD", bloom, 0.7, 0.2)
    return colour, rough, g.math("ADD", slow, g.math("MULTIPLY", rubbed, 0.3)), 0.02


def _flesh(name: str, fruit: dict) -> bpy.types.Material:
    """What is under the skin, by how deep: pith and pulp of citrus, pale flesh turning brown of the others."""
    seed = fruit["texture_seed"] + 40
    m, g, bsdf = common.material(name)
    at = g.position()
    noise = g.noise(at, 2.5, 4.0, 0.6, seed=seed)
    if fruit["kind"] in ("mandarin", "lemon", "lime"):
        spot = fruit["damage"]["spot"]
        skin = layout.skin(fruit["kind"], math.degrees(math.acos(spot[2]))) * fruit["radius"]
        depth = g.math("SUBTRACT", skin, g.vector_math("LENGTH", at))
        sacs = g.noise(g.vector_math("MULTIPLY", at, (1.0, 1.0, 0.5)), 3.4, 2.0, 0.5, seed=seed + 1)
        dark, light = ([min(1, k * c + add) for c in fruit["colour"]] for k, add in ((0.75, 0.0), (1.15, 0.05)))
        pulp = g.ramp(sacs, [(0.35, dark), (0.6, light)])
        inner = g.smooth_step(g.math("MULTIPLY_ADD", noise, 0.14, depth), 0.27, 0.36)
        colour = g.mix(inner, (0.8, 0.68, 0.45), pulp)
        g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", inner, -0.45, 0.7))
    else:
        colour = g.ramp(noise, [(0.3, (0.5, 0.31, 0.1)), (0.5, (0.72, 0.56, 0.26)), (0.7, (0.8, 0.68, 0.38))])
        bsdf.inputs["Roughness"].default_value = 0.4
    g.put(bsdf.inputs["Base Color"], colour)
    g.put(bsdf.inputs["Normal"], g.bump(noise, 1.0, 0.08))
    return m


# --- spots -----------------------------------------------------------------------------------------------------------


def _rot_middle(fruit: dict) -> list[float]:
    """The spot on the skin, in the fruit's frame."""
    spot = fruit["damage"]["spot"]
    polar = math.degrees(math.acos(spot[2]))
    return [c * layout.skin(fruit["kind"], polar) * fruit["radius"] for c in spot]


def _patch(g: common.Graph, at, middle, spot: dict):
    """How much a ragged patch around `middle` covers at the position `at`."""
    distance = g.vector_math("DISTANCE", at, middle)
    ragged = g.noise(at, 0.9, 4.0, 0.55, seed=spot["seed"])
    edge = g.math("MULTIPLY_ADD", ragged, 1.1 * spot["radius"], g.math("MULTIPLY", distance, -1.0))
    return g.smooth_step(edge, -0.55 * spot["radius"], -0.37 * spot["radius"])


def _patch_in_masks(m: bpy.types.Material, share) -> None:
    """In masks the material is white where `share(graph)` is more than half."""
    mask, h, _ = common.material(f"{m.name} patch")
    light = h.node("ShaderNodeEmission")
    h.put(light.inputs["Color"], h.math("GREATER_THAN", share(h), 0.5))
    output = next(n for n in mask.node_tree.nodes if n.type == "OUTPUT_MATERIAL")
    h.link(light.outputs[0], output.inputs["Surface"])
    common.in_masks(m, mask)


# --- the heap --------------------------------------------------------------------------------------------------------

VARIANTS = 4
"""Meshes of each kind that the heap's items share."""

_NUT = [
    (0.0, -0.78), (0.2, -0.79), (0.36, -0.79), (0.5, -0.75), (0.66, -0.62), (0.8, -0.42), (0.88, -0.15), (0.9, 0.08),
    (0.84, 0.34), (0.7, 0.58), (0.5, 0.77), (0.3, 0.89), (0.15, 0.95), (0.06, 0.99), (0.0, 1.0),
]  # fmt: skip
_BERRY = [
    (0.0, -0.9), (0.26, -0.88), (0.52, -0.77), (0.76, -0.55), (0.92, -0.27), (0.97, 0.02), (0.92, 0.33), (0.78, 0.58),
    (0.6, 0.76), (0.44, 0.86), (0.37, 0.91), (0.31, 0.93), (0.28, 0.86), (0.24, 0.74), (0.12, 0.7), (0.0, 0.69),
]  # fmt: skip


def _heap(heap: dict, mould: dict | None, frame: Matrix) -> None:
    for kind, points, dents in (("hazelnuts", _NUT, _nut_dents), ("blueberries", _BERRY, _berry_dents)):
        material = _item_material(kind, mould, frame)
        meshes = []
        for k in range(VARIANTS):
            pattern = _revolved(f"{kind} pattern", points, dents(k), material, rings=24, segments=40)
            meshes.append(pattern.data)
            bpy.data.objects.remove(pattern)
        for k, (x, y, z, radius, seed) in enumerate(heap[kind]):
            rng = random.Random(seed)
            obj = bpy.data.objects.new(f"{kind} {k}", meshes[rng.randrange(VARIANTS)])
            turn = Quaternion([rng.gauss(0, 1) for _ in range(4)]).normalized()
            obj.matrix_world = (
                frame @ Matrix.Translation((x, y, z)) @ turn.to_matrix().to_4x4() @ Matrix.Scale(radius, 4)
            )
            # Read by the material: shade, bloom or stripes, warmth.
            obj.color = (rng.random(), rng.random(), rng.random(), 1.0)
            bpy.context.collection.objects.link(obj)


def _nut_dents(seed: int):
    lumps = _lumps(seed, 0.06)

    def shrink(angle, z):
        # Two slightly flat sides, and faint ridges.
        return lumps(angle, z) * (1 - 0.05 * np.cos(angle) ** 2 - 0.01 * (0.5 + 0.5 * np.cos(14 * angle + seed)))

    return shrink


def _berry_dents(seed: int):
    lumps = _lumps(seed + 50, 0.05)

    def shrink(angle, z):
        # Gaps between the five lobes of the crown.
        return lumps(angle, z) * (1 - 0.12 * np.clip((z - 0.86) / 0.07, 0, 1) * (0.5 - 0.5 * np.cos(5 * angle)))

    return shrink


def _item_material(kind: str, mould: dict | None, frame: Matrix) -> bpy.types.Material:
    """One material for all nuts or berries; each reads its own shade from its object's colour."""
    m, g, bsdf = common.material(kind)
    own = g.node("ShaderNodeSeparateColor")
    info = g.node("ShaderNodeObjectInfo")
    g.link(info.outputs["Color"], own.inputs["Color"])
    first, second, third = (own.outputs[k] for k in range(3))
    at = g.vector_math("ADD", g.position(), g.scale_colour(info.outputs["Color"], 20.0))
    local = g.position()
    z = g.vector_math("DOT_PRODUCT", local, (0.0, 0.0, 1.0))
    across = g.vector_math("LENGTH", g.vector_math("MULTIPLY", local, (1.0, 1.0, 0.0)))
    slow = g.noise(at, 0.7, 3.0, 0.5, seed=3)
    fine = g.noise(at, 4.0, 4.0, 0.6, seed=4)
    if kind == "hazelnuts":
        meridian = g.vector_math("ADD", _around_axis(g, local), g.scale_colour(at, 0.06))
        stripes = g.noise(meridian, 3.0, 4.0, 0.65, seed=5)
        shell = g.ramp(stripes, [(0.3, (0.11, 0.044, 0.018)), (0.5, (0.22, 0.097, 0.037)), (0.7, (0.34, 0.175, 0.077))])
        shell = g.mix(g.math("MULTIPLY", third, 0.5), shell, (0.3, 0.145, 0.05))
        shell = g.scale_colour(shell, g.math("MULTIPLY_ADD", first, 0.6, 0.7))
        down = g.math("MULTIPLY", g.smooth_step(g.math("MULTIPLY_ADD", fine, 0.5, z), 0.85, 1.2), 0.55)
        shell = g.mix(down, shell, (0.5, 0.4, 0.28))
        scar = g.smooth_step(g.math("MULTIPLY_ADD", slow, 0.14, z), -0.6, -0.67)
        bare = g.ramp(fine, [(0.3, (0.33, 0.22, 0.11)), (0.65, (0.56, 0.43, 0.26))])
        colour = g.mix(scar, shell, bare)
        rough = g.math("MULTIPLY_ADD", scar, 0.3, g.math("MULTIPLY_ADD", fine, 0.3, 0.25))
        relief, height = g.math("ADD", stripes, g.math("MULTIPLY", fine, 0.4)), 0.03
    else:
        bloom = g.math("MULTIPLY_ADD", second, 0.22, g.math("MULTIPLY_ADD", fine, 0.5, g.math("MULTIPLY", slow, 0.5)))
        bloom = g.smooth_step(bloom, 0.4, 0.76)
        ripe = g.mix(g.math("MULTIPLY", third, 0.5), (0.011, 0.012, 0.033), (0.03, 0.011, 0.032))
        colour = g.mix(g.math("MULTIPLY", bloom, 0.8), ripe, (0.12, 0.14, 0.215))
        colour = g.scale_colour(colour, g.math("MULTIPLY_ADD", first, 0.6, 0.7))
        inside = g.math("MULTIPLY", g.smooth_step(across, 0.34, 0.24), g.smooth_step(z, 0.3, 0.5))
        colour = g.mix(g.math("MULTIPLY", inside, 0.85), colour, (0.03, 0.02, 0.02))
        rough = g.math("MULTIPLY_ADD", bloom, 0.3, 0.3)
        relief, height = g.math("ADD", fine, slow), 0.02
    if mould:
        middle = list(frame @ Matrix.Translation(mould["at"]).to_translation())
        place = g.world_position()
        share = _patch(g, place, middle, mould)
        fuzz = g.noise(place, 2.4, 4.0, 0.75, seed=mould["seed"] + 1)
        pale = g.ramp(fuzz, [(0.3, (0.11, 0.17, 0.12)), (0.5, (0.32, 0.37, 0.3)), (0.7, (0.66, 0.66, 0.6))])
        colour = g.mix(share, colour, pale)
        rough = g.math("MAXIMUM", rough, g.math("MULTIPLY", share, 0.95))
        relief = g.math("ADD", relief, g.math("MULTIPLY", share, g.math("MULTIPLY", fuzz, 5.0)))
        _patch_in_masks(m, lambda h: _patch(h, h.world_position(), middle, mould))
    g.put(bsdf.inputs["Base Color"], colour)
    g.put(bsdf.inputs["Roughness"], rough)
    bsdf.inputs["Specular"].default_value = 0.4
    g.put(bsdf.inputs["Normal"], g.bump(relief, 0.6, height))
    return m


# --- foreign bodies --------------------------------------------------------------------------------------------------


def _lying(body: dict, frame: Matrix) -> Matrix:
    turn = Matrix.Rotation(math.radians(body["turn"]), 4, "Z")
    return frame @ Matrix.Translation((*body["at"], layout.FLOOR)) @ turn


def _leaf(body: dict, frame: Matrix) -> None:
    """A leaf along x, folded at the midrib, curled, with toothless edge and veins."""
    rng = random.Random(body["seed"])
    bend, fold, twist = rng.uniform(0.05, 0.18), rng.uniform(0.1, 0.3), rng.uniform(-0.15, 0.15)
    nx, ny = 32, 8
    t, v = np.meshgrid(np.linspace(0, 1, nx + 1), np.linspace(-1, 1, 2 * ny + 1), indexing="ij")
    half = body["width"] / 2 * np.sin(np.pi * t**0.8) ** 0.85
    x, y = (t - 0.5) * body["length"], v * half
    z = bend * x**2 + fold * np.abs(y) + twist * x * y + 0.03 * np.sin(9 * t + 3 * v) * np.abs(v)
    z += 0.03 - z.min()
    vertices = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    w = 2 * ny + 1
    faces = [
        (i * w + j, (i + 1) * w + j, (i + 1) * w + j + 1, i * w + j + 1) for i in range(nx) for j in range(2 * ny)
    ]
    m, g, bsdf = common.material("leaf")
    at = g.position()
    blotch = g.noise(at, 1.2, 4.0, 0.6, seed=body["seed"] % 1000)
    colour = g.scale_colour(g.rgb(body["colour"]), g.math("MULTIPLY_ADD", blotch, 1.2, 0.4))
    px, py = (g.vector_math("DOT_PRODUCT", at, axis) for axis in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    away = g.math("ABSOLUTE", py)
    wave = g.math("SINE", g.math("MULTIPLY", g.math("SUBTRACT", px, g.math("MULTIPLY", away, 0.9)), 15.0))
    veins = g.math("MAXIMUM", g.smooth_step(away, 0.07, 0.03), g.math("MULTIPLY", g.smooth_step(wave, 0.8, 1.0), 0.5))
    pale = [1.5 * c + 0.05 for c in body["colour"]]
    g.put(bsdf.inputs["Base Color"], g.mix(g.math("MULTIPLY", veins, 0.7), colour, pale))
    g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", blotch, 0.3, 0.25))
    g.put(bsdf.inputs["Normal"], g.bump(veins, 0.6, 0.03))
    place = _lying(body, frame)
    common.mesh_object("foreign leaf", vertices.tolist(), faces, m, smooth=True).matrix_world = place


def _twig(body: dict, frame: Matrix) -> None:
    rng = random.Random(body["seed"])
    steps, bow = 24, rng.uniform(-0.12, 0.12)
    points, radii = [], []
    for k in range(steps + 1):
        t = k / steps
        knot = 0.05 * math.exp(-(((t - 0.35) / 0.03) ** 2)) + 0.04 * math.exp(-(((t - 0.72) / 0.03) ** 2))
        radii.append(0.13 - 0.05 * t + knot + rng.uniform(0, 0.012))
        points.append(((t - 0.5) * body["length"], bow * math.sin(math.pi * t), 0.2))
    m, g, bsdf = common.material("twig")
    bark = g.noise(g.vector_math("MULTIPLY", g.position(), (0.3, 1.0, 1.0)), 6.0, 4.0, 0.65, seed=body["seed"] % 1000)
    g.put(bsdf.inputs["Base Color"], g.scale_colour(g.rgb(body["colour"]), g.math("MULTIPLY_ADD", bark, 2.4, 0.0)))
    bsdf.inputs["Roughness"].default_value = 0.8
    g.put(bsdf.inputs["Normal"], g.bump(bark, 1.0, 0.05))
    common.tube("foreign twig", points, radii, m).matrix_world = _lying(body, frame)


def _stone(body: dict, frame: Matrix) -> None:
    ball = [(math.cos(a), 0.78 * math.sin(a)) for a in np.linspace(-math.pi / 2, math.pi / 2, 15)]
    m, g, bsdf = common.material("stone")
    at = g.position()
    mottle = g.noise(at, 1.6, 5.0, 0.7, seed=body["seed"] % 1000)
    g.put(bsdf.inputs["Base Color"], g.scale_colour(g.rgb(body["colour"]), g.math("MULTIPLY_ADD", mottle, 1.6, 0.2)))
    bsdf.inputs["Roughness"].default_value = 0.75
    g.put(bsdf.inputs["Normal"], g.bump(mottle, 0.8, 0.05))
    obj = _revolved("foreign stone", ball, _lumps(body["seed"], 0.3), m, size=body["radius"])
    obj.matrix_world = frame @ Matrix.Translation(body["at"])
