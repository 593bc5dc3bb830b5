"""Builds the screw kit in Blender from the parameters of `screw_kit_layout`.

A screw's own frame is (upwards, sideways, along its axis), origin in the middle of its head's outer face; a nut's and
a washer's has z upwards and its origin in the middle of the underside.
"""

from __future__ import annotations

import math

import bpy
import numpy as np
from mathutils import Matrix

import common
import screw_kit_layout as layout

LOOK = 1
# Threads mirror the window in glints smaller than a pixel: clamped, or a few lucky samples would speckle them.
QUALITY = {"samples": 16, "max_bounces": 3, "diffuse_bounces": 2, "glossy_bounces": 2, "sample_clamp_direct": 4.0}

THREAD_PROFILE = ((0.0, 0.0), (0.125, 0.0), (0.4375, 1.0), (0.6875, 1.0))
"""Depth of an ISO metric thread (crest P/8, root P/4, flanks at 60°) at fractions of its pitch."""


def build(params: dict) -> None:
    frame = _frame(params)
    _bench(params["bench"])
    _tray(params["box"], frame)
    for k, part in enumerate(params["parts"]):
        {"screw": _screw, "nut": _nut, "washer": _washer}[part["kind"]](part, k, frame)
    for k, matter in enumerate(params["contaminants"]):
        _contaminant(matter, k, frame)


def defect_masks(params: dict) -> list[tuple[str, list[bpy.types.Object]]]:
    """One entry per defect, found in the parameters; see README.md."""
    parts = params["parts"]

    def whole(*numbers: int) -> list[bpy.types.Object]:
        names = tuple(f"part {k} " for k in numbers)
        return [o for o in bpy.data.objects if o.name.startswith(names) and not o.get(common.GHOST)]

    masks = []
    groups = {
        "long": [k for k, p in enumerate(parts) if p["kind"] == "screw" and _nearer_long(p)],
        "short": [k for k, p in enumerate(parts) if p["kind"] == "screw" and not _nearer_long(p)],
        "nut": [k for k, p in enumerate(parts) if p["kind"] == "nut"],
        "washer": [k for k, p in enumerate(parts) if p["kind"] == "washer"],
    }
    for (one, other), name in ((("long", "short"), "screw"), (("nut", "washer"), "small_part")):
        total = len(groups[one]) + len(groups[other])
        if total < 4:
            masks.append((f"missing_{name}", [_floor_ghost(_frame(params))]))
            continue
        for group in (groups[one], groups[other]):
            if len(group) > 2:
                masks.append((f"extra_{name}" if total > 4 else f"swapped_{name}", whole(*group)))
    for k, part in enumerate(parts):
        damage = part["damage"]["kind"] if part["damage"] else None
        if part["kind"] == "screw":
            nominal = layout.LONG if _nearer_long(part) else layout.SHORT
            if abs(part["length"] - nominal) > layout.TOLERANCE:
                masks.append(("wrong_length", whole(k)))
        if part["finish"] != "zinc":
            masks.append(("wrong_finish", whole(k)))
        if layout.beside_box(part):
            masks.append(("part_outside", whole(k)))
        if part["bend"]:
            masks.append(("bent_screw", [bpy.data.objects[f"part {k} bent"]]))
        if damage == "crushed":
            masks.append(("crushed_thread", [bpy.data.objects[f"part {k} crushed"]]))
        elif damage == "broken":
            masks.append(("broken_part", [bpy.data.objects[f"part {k} lost"]]))
        elif damage == "rust":
            masks.append(("rust", whole(k)))
    for k in range(len(params["contaminants"])):
        masks.append(("contamination", [o for o in bpy.data.objects if o.name.startswith(f"matter {k}")]))
    return masks


def _nearer_long(part: dict) -> bool:
    return part["length"] > (layout.LONG + layout.SHORT) / 2


def _frame(params: dict) -> Matrix:
    box = params["box"]
    return Matrix.Translation((*box["offset"], 0)) @ Matrix.Rotation(math.radians(box["turn"]), 4, "Z")


# --- bench and box ---------------------------------------------------------------------------------------------------


def _bench(bench: dict) -> None:
    """An oiled beech top: broad bands of early and late wood, fine dark flecks along the grain."""
    seed = bench["texture_seed"]
    m, g, bsdf = common.material("bench")
    at = g.position((0.0, 3.0 * math.sin(seed), 0.0))
    warp = g.scale_colour(g.vector_math("SUBTRACT", g.noise(at, 0.12, 2.0, seed=seed + 1), (0.5, 0.5, 0.5)), 2.4)
    at = g.vector_math("ADD", at, warp)
    bands = g.noise(g.vector_math("MULTIPLY", at, (0.08, 1.0, 1.0)), 0.9, 3.0, 0.55, seed=seed)
    fibre = g.noise(g.vector_math("MULTIPLY", at, (0.06, 1.0, 1.0)), 7.0, 4.0, 0.65, seed=seed + 2)
    fleck = g.noise(g.vector_math("MULTIPLY", at, (0.16, 1.0, 1.0)), 9.0, 1.0, 0.5, seed=seed + 3)
    fleck = g.smooth_step(fleck, 0.64, 0.78)
    tone = g.math("ADD", g.math("MULTIPLY", bands, 0.75), g.math("MULTIPLY", fibre, 0.25))
    light = bench["colour"]
    dark = [c * k for c, k in zip(light, (0.62, 0.52, 0.42))]
    colour = g.mix(g.smooth_step(tone, 0.3, 0.72), dark, light)
    colour = g.mix(g.math("MULTIPLY", fleck, 0.45), colour, [0.35 * c for c in dark])
    g.put(bsdf.inputs["Base Color"], colour)
    g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", fibre, 0.25, 0.38))
    bsdf.inputs["Specular"].default_value = 0.4
    relief = g.math("SUBTRACT", fibre, g.math("MULTIPLY", fleck, 0.6))
    g.put(bsdf.inputs["Normal"], g.bump(relief, 0.35, 0.012))
    s = 40.0
    obj = common.mesh_object("bench", [(-s, -s, 0), (s, -s, 0), (s, s, 0), (-s, s, 0)], [(0, 1, 2, 3)], m)
    obj.rotation_euler.z = math.radians(bench["turn"])


def _tray(box: dict, frame: Matrix) -> None:
    """The box as one moulded shell: skirt, rounded rim, walls with draft, hollow, floor."""
    quarter = [math.radians(90 * k / 5) for k in range(6)]
    outer, edge, fillet = layout.OUTER_EDGE, layout.EDGE, layout.FILLET
    inner = outer + layout.RIM
    wall = inner + edge + layout.DRAFT
    # How far in from the outermost line, and the height.
    sections = [(0.08, 0.0), (0.06, 0.02)]
    sections += [(outer * (1 - math.cos(a)), layout.HEIGHT - outer * (1 - math.sin(a))) for a in quarter]
    sections += [(inner + edge * math.sin(a), layout.HEIGHT - edge * (1 - math.cos(a))) for a in quarter]
    sections += [(wall + fillet * (1 - math.cos(a)), layout.FLOOR + fillet * (1 - math.sin(a))) for a in quarter]
    corner = layout.FLAT_CORNER + layout.OUTER[0] - layout.FLAT[0]
    hx, hy = layout.OUTER
    rings = [common.rounded_loop(0, 0, hx - i, hy - i, corner - i, z, steps=10) for i, z in sections]
    obj = _skin("box", rings, _box_material(box), crease_deg=35)
    obj.matrix_world = frame
    normals = obj.modifiers.new("normals", "WEIGHTED_NORMAL")
    normals.keep_sharp = True


def _box_material(box: dict) -> bpy.types.Material:
    """Polypropylene with a spark-eroded grain, scuffed by what has slid about in it."""
    seed = box["texture_seed"]
    m, g, bsdf = common.material("box")
    at = g.position()
    slow = g.noise(at, 0.35, 3.0, seed=seed)
    haze = g.noise(at, 2.2, 5.0, 0.62, seed=seed + 2)
    scuffs = None
    for k, turn in enumerate((0.4, 1.3, 2.5)):
        c, s = math.cos(turn), math.sin(turn)
        along = g.vector_math("DOT_PRODUCT", at, (c, s, 0.0))
        across = g.vector_math("DOT_PRODUCT", at, (-s, c, 0.0))
        lines = g.node("ShaderNodeCombineXYZ")
        g.put(lines.inputs[0], g.math("MULTIPLY", along, 0.35))
        g.put(lines.inputs[1], g.math("MULTIPLY", across, 6.0))
        scuff = g.smooth_step(g.noise(lines.outputs[0], 1.0, 3.0, 0.6, seed=seed + 10 + k), 0.66, 0.84)
        scuffs = scuff if scuffs is None else g.math("MAXIMUM", scuffs, scuff)
    tint = g.math("ADD", g.math("MULTIPLY_ADD", slow, 0.14, 0.93), g.math("MULTIPLY_ADD", haze, 0.1, -0.05))
    colour = g.scale_colour(g.rgb(box["colour"]), tint)
    worn = [0.5 * c + 0.14 for c in box["colour"]]
    g.put(bsdf.inputs["Base Color"], g.mix(g.math("MULTIPLY", scuffs, 0.3), colour, worn))
    g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", haze, 0.24, box["roughness"] - 0.12))
    bsdf.inputs["Specular"].default_value = 0.42
    grain = g.math("ADD", g.noise(at, 24.0, 2.0, 0.5, seed=seed + 8), g.math("MULTIPLY", slow, 6.0))
    g.put(bsdf.inputs["Normal"], g.bump(grain, 0.3, 0.01))
    return m


def _floor_ghost(frame: Matrix) -> bpy.types.Object:
    """The flat floor, a hair above itself."""
    points = common.rounded_loop(0, 0, *layout.FLAT, layout.FLAT_CORNER, layout.FLOOR + 0.002, steps=10)
    obj = common.mesh_object("floor", points, [range(len(points))])
    obj.matrix_world = frame
    return common.ghost(obj)


# --- meshes ----------------------------------------------------------------------------------------------------------


def _skin(name, rings, material, *, crease_deg: float, around: bool = False) -> bpy.types.Object:
    """A surface through closed rings of equally many points; its ends are capped, or joined with `around`.

    Rings run counter-clockwise about z; the first wall goes up on the outside.
    """
    rings = [np.asarray(r, float) for r in rings]
    count, n = len(rings), len(rings[0])
    k = np.arange(n)
    faces = []
    for i in range(count if around else count - 1):
        a, b = i * n, (i + 1) % count * n
        faces += np.stack([a + k, a + (k + 1) % n, b + (k + 1) % n, b + k], axis=-1).tolist()
    if not around:
        faces += [k[::-1].tolist(), ((count - 1) * n + k).tolist()]
    obj = common.mesh_object(name, np.concatenate(rings).tolist(), faces, material, smooth=True)
    common.keep_creases(obj, crease_deg)
    return obj


def _circle(radius, z, angles: np.ndarray) -> np.ndarray:
    """Points at `radius` and `z`, each one number or one for each angle."""
    return np.stack([radius * np.cos(angles), radius * np.sin(angles), np.broadcast_to(z, angles.shape)], axis=-1)


def _hexagon(angles: np.ndarray) -> np.ndarray:
    """Radius of a hexagon with a flat at angle 0, its corners rubbed off a little."""
    folded = np.mod(angles + math.pi / 6, math.pi / 3) - math.pi / 6
    return np.minimum(layout.APOTHEM / np.cos(folded), 0.985 * layout.CORNER)


CHAMFER = 0.95 * layout.APOTHEM
"""Radius of the circle that turning a hexagon's face leaves."""


def _turned(radius: np.ndarray) -> np.ndarray:
    """How far the turned face has receded at a hexagon's radius: a cone of 25°."""
    return (radius - CHAMFER) * math.tan(math.radians(25))


# --- parts -----------------------------------------------------------------------------------------------------------


def _screw_pose(part: dict, frame: Matrix) -> Matrix:
    up, side, along = layout.axes(part)
    return frame @ Matrix.Translation(part["base"]) @ Matrix((up, side, along)).transposed().to_4x4()


def _flat_pose(part: dict, frame: Matrix) -> Matrix:
    return frame @ Matrix.Translation(part["base"]) @ Matrix.Rotation(math.radians(part["yaw"]), 4, "Z")


def _screw(part: dict, k: int, frame: Matrix) -> None:
    pose = _screw_pose(part, frame)
    angles = np.arange(72) * 2 * math.pi / 72
    hexagon, height = _hexagon(angles), layout.HEAD_HEIGHT
    rings = [
        _circle(0.8 * CHAMFER, 0.02, angles),
        _circle(0.84 * CHAMFER, 0.0, angles),
        _circle(CHAMFER, 0.0, angles),
        _circle(hexagon, _turned(hexagon), angles),
        _circle(hexagon, height - 0.012, angles),
        _circle(hexagon - 0.012, height, angles),
    ]
    material = _finish(f"part {k}", part)
    _skin(f"part {k} head", rings, material, crease_deg=25).matrix_world = pose
    vertices, faces, depth, crushed = _shank(part)
    groups = [("shank", material, ~crushed)]
    if part["bend"] is not None:
        kink = layout.HEAD_HEIGHT + part["bend"]["at"] * part["length"]
        beyond = (vertices[faces, 3] > kink).all(-1)
        groups = [("shank", material, ~beyond), ("bent", material, beyond)]
    elif crushed.any():
        groups.append(("crushed", _bare_steel(f"crushed {k}", part), crushed))
    for name, mat, chosen in groups:
        used, renumbered = np.unique(faces[chosen], return_inverse=True)
        local = renumbered.reshape(-1, 4)
        obj = common.mesh_object(f"part {k} {name}", vertices[used, :3].tolist(), local.tolist(), mat, smooth=True)
        if len(obj.data.vertices) == len(used):
            obj.data.attributes.new("depth", "FLOAT", "POINT").data.foreach_set("value", depth[used].astype(np.float32))
        common.keep_creases(obj, 22 if name != "crushed" else 60)
        obj.matrix_world = pose


def _shank(part: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shank and thread in the screw's frame: vertices (x, y, z, arc length) [n, 4], quads [m, 4], depth below the

    crest relative to the root's [n], and which quads a blow has flattened [m].

    The grid is sheared so that its rows follow the helix; a row's end joins the start of the row one turn on.
    """
    columns, rows_a_turn = 48, len(THREAD_PROFILE)
    start, end = layout.HEAD_HEIGHT, layout.HEAD_HEIGHT + part["length"]
    turns = math.ceil(part["length"] / layout.LEAD) + 4
    fraction, cut = np.array(THREAD_PROFILE).T
    along = (np.arange(turns)[:, None] - 2 + fraction).ravel() * layout.LEAD + start + part["phase"] / 360 * layout.LEAD
    angle = np.arange(columns) * 2 * math.pi / columns
    s = along[:, None] + layout.LEAD * angle / (2 * math.pi)
    s = np.clip(s, start, end)
    angle = np.broadcast_to(angle, s.shape)
    threaded = np.clip((s - start - layout.plain_length(part["length"])) / layout.LEAD, 0, 1)
    depth = np.tile(cut, turns)[:, None] * threaded
    radius = layout.RADIUS - layout.THREAD_DEPTH * depth
    tip = np.clip((s - end + layout.TIP_CHAMFER) / layout.TIP_CHAMFER, 0, 1)
    radius = np.minimum(radius, layout.RADIUS - (layout.THREAD_DEPTH + 0.02) * tip)
    flattened = np.zeros(s.shape, bool)
    damage = part["damage"]
    if damage and damage["kind"] == "crushed":
        rng = np.random.Generator(np.random.PCG64(damage["seed"]))
        # A plane across the crests, rising out of the metal at both ends.
        inset = np.minimum(s - damage["from"], damage["to"] - s) - 0.07 * rng.random(s.shape)
        sunk = damage["depth"] * np.clip(inset / 0.15, 0, 1) + 0.009 * rng.standard_normal(s.shape) * (inset > 0)
        away = np.cos(angle - math.radians(damage["roll"]))
        plane = np.where((inset > 0) & (away > 0.2), (layout.RADIUS - sunk) / np.maximum(away, 0.2), np.inf)
        flattened = plane < radius + 0.003
        radius = np.minimum(radius, plane)
        depth = np.where(flattened, 0, depth)
    u, v, turn = np.array([layout.axis_at(part, x) for x in s.ravel()]).T
    across = (radius * np.sin(angle)).ravel()
    points = np.stack(
        [(radius * np.cos(angle)).ravel(), v + across * np.cos(turn), u - across * np.sin(turn), s.ravel()], axis=-1
    )
    row, column = np.meshgrid(np.arange(len(along) - rows_a_turn - 1), np.arange(columns), indexing="ij")
    following = np.where(column + 1 < columns, row * columns + column + 1, (row + rows_a_turn) * columns)
    here = row * columns + column
    faces = np.stack([here, following, following + columns, here + columns], axis=-1).reshape(-1, 4)
    # Quads that lie wholly before the head or beyond the tip have no area.
    span = s.ravel()[faces]
    faces = faces[(span.max(-1) > start) & (span.min(-1) < end)]
    # The tip is closed by a fan to the last row, all of which lies at the end.
    last = (len(along) - 1) * columns + np.arange(columns)
    points = np.vstack([points, [0.0, *_centre(part, end), end]])
    fan = np.stack([last, np.roll(last, -1), np.full(columns, len(points) - 1), np.full(columns, len(points) - 1)], -1)
    faces = np.vstack([faces, fan])
    depth = np.append(depth.ravel(), 0.0)
    return points, faces, depth, np.append(flattened.ravel(), False)[faces].all(-1)


def _centre(part: dict, s: float) -> tuple[float, float]:
    u, v, _ = layout.axis_at(part, s)
    return v, u


def _nut(part: dict, k: int, frame: Matrix) -> None:
    angles = np.arange(72) * 2 * math.pi / 72
    # A corner at angle 0, as in the layout.
    hexagon, top = _hexagon(angles + math.pi / 6), layout.NUT_HEIGHT
    mouth, sunk = 0.44, 0.1
    rings = [
        _circle(hexagon, _turned(hexagon), angles),
        _circle(hexagon, top - _turned(hexagon), angles),
        _circle(CHAMFER, top, angles),
        _circle(mouth, top, angles),
    ]
    for z in np.arange(top - sunk, sunk, -layout.LEAD / 8):
        phase = np.mod(z / layout.LEAD - angles / (2 * math.pi) - part["phase"] / 360, 1)
        cut = np.interp(phase, [0, 0.25, 0.5, 0.75, 1], [0, 0, 1, 1, 0])
        rings.append(_circle(0.335 + 0.065 * cut, z, angles))
    rings += [_circle(mouth, 0.0, angles), _circle(CHAMFER, 0.0, angles)]
    obj = _skin(f"part {k} nut", rings, _finish(f"part {k}", part), crease_deg=25, around=True)
    _finish_flat(obj, part, k, frame, layout.NUT_HEIGHT)


def _washer(part: dict, k: int, frame: Matrix) -> None:
    """Punched: rounded where the punch came, a sharp edge where it left."""
    angles = np.arange(72) * 2 * math.pi / 72
    outer, hole, top = layout.WASHER_RADIUS, layout.WASHER_HOLE, layout.WASHER_THICKNESS
    section = [(outer, 0.01), (outer, top - 0.06), (outer - 0.012, top - 0.025), (outer - 0.05, top)]
    section += [(hole + 0.035, top), (hole + 0.008, top - 0.015), (hole, top - 0.04), (hole, 0.01)]
    section += [(hole + 0.01, 0.0), (outer - 0.01, 0.0)]
    rings = [_circle(r, z, angles) for r, z in section]
    obj = _skin(f"part {k} washer", rings, _finish(f"part {k}", part), crease_deg=30, around=True)
    _finish_flat(obj, part, k, frame, top)


def _finish_flat(obj: bpy.types.Object, part: dict, k: int, frame: Matrix, height: float) -> None:
    pose = _flat_pose(part, frame)
    obj.matrix_world = pose
    damage = part["damage"]
    if damage is None or damage["kind"] != "broken":
        return
    reach = 1.2
    # Rougher for its mesh it would cut through itself, and nothing could be cut with it.
    cutter = common.jagged_box(f"cutter {k}", (reach, damage["width"], 3 * height), 0.025, damage["seed"], steps=6)
    cutter.matrix_world = (
        pose
        @ Matrix.Rotation(math.radians(damage["turn"]), 4, "Z")
        @ Matrix.Translation((damage["from"] + reach / 2, 0, height / 2))
        @ Matrix.Rotation(math.radians(damage["lean"]), 4, "Z")
    )
    common.break_out(obj, cutter, f"part {k} lost")


# --- what parts are made of -------------------------------------------------------------------------------------------


def _finish(name: str, part: dict) -> bpy.types.Material:
    """Plated steel: mottled by the bath, faintly iridescent from passivation, rubbed, with grime in the thread."""
    seed = part["texture_seed"]
    m, g, bsdf = common.material(name)
    at = g.position()
    slow = g.noise(at, 0.8, 3.0, seed=seed)
    film = g.smooth_step(g.noise(at, 0.6, 2.0, seed=seed + 1), 0.35, 0.65)
    fine = g.noise(at, 7.0, 4.0, 0.6, seed=seed + 2)
    base = part["colour"]
    warm, cold = ([c * k for c, k in zip(base, tint)] for tint in ((1.05, 1.0, 0.9), (0.94, 1.0, 1.07)))
    tint = g.math("ADD", g.math("MULTIPLY_ADD", slow, 0.24, 0.88), g.math("MULTIPLY_ADD", fine, 0.2, -0.1))
    depth = g.node("ShaderNodeAttribute", attribute_name="depth").outputs["Fac"]
    grime = g.math("MULTIPLY_ADD", depth, -0.55, 1.0)
    colour = g.scale_colour(g.mix(film, cold, warm), g.math("MULTIPLY", tint, grime))
    rough = g.math("ADD", g.math("MULTIPLY_ADD", slow, 0.16, part["roughness"] - 0.1), g.math("MULTIPLY", fine, 0.12))
    metallic = 1.0
    relief = g.noise(at, 12.0, 3.0, 0.6, seed=seed + 3)
    if part["damage"] and part["damage"]["kind"] == "rust":
        share = _rust_share(g, part["damage"])
        crust = g.noise(at, 6.0, 4.0, 0.7, seed=part["damage"]["seed"] + 5)
        brown = g.ramp(crust, [(0.3, (0.05, 0.016, 0.007)), (0.5, (0.17, 0.05, 0.014)), (0.72, (0.36, 0.13, 0.035))])
        colour = g.mix(share, colour, brown)
        rough = g.math("MAXIMUM", rough, g.math("MULTIPLY", share, 0.85))
        metallic = g.math("SUBTRACT", 1.0, share)
        relief = g.math("ADD", relief, g.math("MULTIPLY", share, g.math("MULTIPLY", crust, 3.0)))
        mask, h, _ = common.material(f"{name} rust")
        light = h.node("ShaderNodeEmission")
        h.put(light.inputs["Color"], h.math("GREATER_THAN", _rust_share(h, part["damage"]), 0.5))
        output = next(n for n in mask.node_tree.nodes if n.type == "OUTPUT_MATERIAL")
        h.link(light.outputs[0], output.inputs["Surface"])
        common.in_masks(m, mask)
    g.put(bsdf.inputs["Base Color"], colour)
    g.put(bsdf.inputs["Roughness"], rough)
    g.put(bsdf.inputs["Metallic"], metallic)
    g.put(bsdf.inputs["Normal"], g.bump(relief, 0.35, 0.004))
    return m


def _rust_share(g: common.Graph, rust: dict):
    """How much of the surface is rust: a ragged patch around the damage's point, in the part's frame."""
    at = g.position()
    distance = g.vector_math("DISTANCE", at, rust["at"])
    ragged = g.noise(at, 2.2, 4.0, 0.6, seed=rust["seed"])
    height = g.math("MULTIPLY_ADD", distance, -0.5 / rust["radius"], g.math("MULTIPLY", ragged, 0.9))
    return g.smooth_step(height, 0.13, 0.23)


def _bare_steel(name: str, part: dict) -> bpy.types.Material:
    """Steel laid bare by a blow: bright, dragged in one direction."""
    seed = part["damage"]["seed"] % 1000
    m, g, bsdf = common.material(name)
    drag = g.noise(g.vector_math("MULTIPLY", g.position(), (1.0, 1.0, 0.12)), 14.0, 4.0, 0.65, seed=seed)
    g.put(bsdf.inputs["Base Color"], g.scale_colour(g.rgb((0.42, 0.4, 0.37)), g.math("MULTIPLY_ADD", drag, 1.6, 0.15)))
    g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", drag, 0.4, 0.25))
    bsdf.inputs["Metallic"].default_value = 1.0
    g.put(bsdf.inputs["Normal"], g.bump(drag, 1.0, 0.02))
    return m


# --- foreign matter --------------------------------------------------------------------------------------------------


def _contaminant(matter: dict, k: int, frame: Matrix) -> None:
    m, g, bsdf = common.material(f"matter {k}")
    bsdf.inputs["Base Color"].default_value = [*matter["colour"], 1.0]
    place = frame @ Matrix.Translation((*matter["at"], layout.FLOOR))
    place = place @ Matrix.Rotation(math.radians(matter["turn"]), 4, "Z")
    if matter["kind"] == "oil":
        bsdf.inputs["Roughness"].default_value = 0.06
        common.drop(f"matter {k}", matter["radius"], matter["lobes"], m).matrix_world = place
    elif matter["kind"] == "crumbs":
        bsdf.inputs["Roughness"].default_value = 0.75
        for j, grain in enumerate(matter["grains"]):
            obj = common.grain(f"matter {k} {j}", grain["size"], grain["seed"], m)
            obj.matrix_world = frame @ Matrix.Translation((*grain["at"], layout.FLOOR))
    else:
        bsdf.inputs["Metallic"].default_value = 1.0
        g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", g.noise(g.position(), 9.0, 3.0), 0.3, 0.15))
        _swarf(f"matter {k}", matter, m).matrix_world = place


def _swarf(name: str, matter: dict, material) -> bpy.types.Object:
    """A curl of swarf along x: a ribbon wound to a helix, lying on z = 0, loosening towards one end."""
    steps = round(matter["turns"] * 28)
    t = np.linspace(0, 1, steps + 1)
    angle = math.radians(matter["start"]) + t * matter["turns"] * 2 * math.pi
    radius = matter["radius"] * (0.82 + 0.18 * t)
    x = (t - 0.5) * matter["turns"] * matter["advance"]
    wide = 0.5 * matter["advance"] * np.minimum(1, 6 * np.minimum(t, 1 - t) + 0.25)
    rims = [
        np.stack([x + side * wide / 2, radius * np.cos(angle), radius * np.sin(angle)], axis=-1) for side in (-1, 1)
    ]
    vertices = np.stack(rims, axis=1).reshape(-1, 3)
    vertices[:, 2] -= vertices[:, 2].min()
    faces = [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(steps)]
    obj = common.mesh_object(name, vertices.tolist(), faces, material, smooth=True)
    thick = obj.modifiers.new("thickness", "SOLIDIFY")
    thick.thickness = 0.012
    return obj
