"""Builds the pin tray in Blender from the parameters of `pin_tray_layout`."""

from __future__ import annotations

import math

import bmesh
import bpy
from mathutils import Matrix, Vector

import common
import pin_tray_layout as layout

LOOK = 1
# A needle is two pixels wide and mirrors the window: unclamped, a few lucky samples would turn it into a dotted line.
QUALITY = {"samples": 16, "max_bounces": 3, "diffuse_bounces": 2, "glossy_bounces": 2, "sample_clamp_direct": 4.0}

TRAY_OUTER = tuple(n * p / 2 + layout.RIM for n, p in zip((layout.COLUMNS, layout.ROWS), layout.PITCH))


def build(params: dict) -> None:
    frame = _frame(params)
    _mat(params)
    tray = _tray(params, frame)
    for k, damage in enumerate(params["tray_damage"]):
        _damage_tray(tray, damage, k, frame)
    for k, pin in enumerate(params["pins"]):
        _pin(pin, k, frame)
    for k, matter in enumerate(params["contaminants"]):
        _contaminant(matter, k, frame)


def defect_masks(params: dict) -> list[tuple[str, list[bpy.types.Object]]]:
    """One entry per defect, found in the parameters; see README.md."""
    masks = []
    objects = bpy.data.objects
    cells: dict[tuple[int, int], list[int]] = {}
    for k, pin in enumerate(params["pins"]):
        cells.setdefault((pin["column"], pin["row"]), []).append(k)
        whole = [o for o in objects if o.name.startswith(f"pin {k} ")]
        head = [o for o in whole if o.name.endswith(" head")]
        lost = [o for o in whole if o.name.endswith(" lost")]
        bent = [o for o in whole if o.name.endswith(" bent")]
        if pin["type"] != "push":
            masks.append(("wrong_type", whole))
        elif pin["colour_name"] != "red":
            masks.append(("wrong_colour", head))
        elif pin["pitch"] > 10:
            masks.append(("pin_over_wall", whole))
        elif pin["bend"]:
            masks.append(("bent_needle", bent))
        elif pin["damage"]:
            masks.append(("broken_pin", lost))
    for column in range(layout.COLUMNS):
        for row in range(layout.ROWS):
            held = cells.get((column, row), [])
            if not held:
                floor = _floor_ghost(column, row, _frame(params))
                masks.append(("missing_pin", [floor]))
            elif len(held) > 1:
                both = [o for o in objects for k in held if o.name.startswith(f"pin {k} ")]
                masks.append(("extra_pin", both))
    for k in range(len(params["contaminants"])):
        masks.append(("contamination", [o for o in objects if o.name.startswith(f"matter {k}")]))
    for k in range(len(params["tray_damage"])):
        masks.append(("damaged_tray", [objects[f"tray lost {k}"]]))
    return masks


def _frame(params: dict) -> Matrix:
    tray = params["tray"]
    return Matrix.Translation((*tray["offset"], 0)) @ Matrix.Rotation(math.radians(tray["turn"]), 4, "Z")


# --- mat and tray --------------------------------------------------------------------------------------------------


def _mat(params: dict) -> None:
    """A rubber work mat: dark, matt, finely pebbled, with traces of use too faint to count as defects."""
    seed = params["mat"]["texture_seed"]
    m, g, bsdf = common.material("mat")
    at = g.position()
    pebble = g.noise(at, 9.0, 3.0, 0.6, seed=seed)
    cloud = g.noise(at, 0.25, 4.0, 0.55, seed=seed + 3)
    dust = g.smooth_step(g.noise(at, 5.0, 6.0, 0.7, seed=seed + 5), 0.56, 0.8)
    tint = g.math("ADD", g.math("MULTIPLY_ADD", cloud, 0.7, 0.62), g.math("MULTIPLY", pebble, 0.12))
    colour = g.scale_colour(g.rgb(params["mat"]["colour"]), tint)
    colour = g.mix(g.math("MULTIPLY", dust, 0.1), colour, (0.3, 0.29, 0.27))
    g.put(bsdf.inputs["Base Color"], colour)
    g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", cloud, 0.2, 0.55))
    bsdf.inputs["Specular"].default_value = 0.35
    g.put(bsdf.inputs["Normal"], g.bump(pebble, 0.5, 0.02))
    s = 40.0
    common.mesh_object("mat", [(-s, -s, 0), (s, -s, 0), (s, s, 0), (-s, s, 0)], [(0, 1, 2, 3)], m)


def _tray(params: dict, frame: Matrix) -> bpy.types.Object:
    """The moulded tray as one closed solid: pockets with draft, rounded edges and hollows, a rim, a skirt."""
    bm = bmesh.new()
    steps = 6

    def ring(points):
        return [bm.verts.new(p) for p in points]

    def bridge(a, b):
        n = len(a)
        for k in range(n):
            bm.faces.new((a[k], a[(k + 1) % n], b[(k + 1) % n], b[k]))

    def surround(corners, loop, sides=None):
        """Flat faces between a rectangle (four corner vertices, (+,+) first) and a rounded loop in its plane."""
        n = steps + 1
        for q in range(4):
            arc = loop[q * n : (q + 1) * n]
            for a, b in zip(arc, arc[1:]):
                bm.faces.new((corners[q], b, a))
            following = loop[((q + 1) * n) % len(loop)]
            between = sides[q] if sides else []
            bm.faces.new((corners[q], *between, corners[(q + 1) % 4], following, arc[-1]))

    grid: dict[tuple[int, int], object] = {}

    def knot(i, j):
        if (i, j) not in grid:
            x = (i - layout.COLUMNS / 2) * layout.PITCH[0]
            y = (j - layout.ROWS / 2) * layout.PITCH[1]
            grid[i, j] = bm.verts.new((x, y, layout.HEIGHT))
        return grid[i, j]

    arc = [math.radians(90 * k / 4) for k in range(5)]
    edge, fillet, draft = layout.EDGE, layout.FILLET, layout.DRAFT
    sections = [(edge * math.sin(a), layout.HEIGHT - edge * (1 - math.cos(a))) for a in arc]
    sections += [(edge + draft + fillet * (1 - math.cos(a)), layout.FLOOR + fillet * (1 - math.sin(a))) for a in arc]
    for column in range(layout.COLUMNS):
        for row in range(layout.ROWS):
            cx, cy = layout.centre(column, row)
            hx, hy = ((p - layout.WALL_TOP) / 2 for p in layout.PITCH)
            loops = [ring(common.rounded_loop(cx, cy, hx - i, hy - i, layout.CORNER - i, z)) for i, z in sections]
            corners = [knot(column + 1, row + 1), knot(column, row + 1), knot(column, row), knot(column + 1, row)]
            surround(corners, loops[0])
            for a, b in zip(loops, loops[1:]):
                bridge(a, b)
            bm.faces.new(loops[-1])
    # The rim, its rounded edge, and a skirt that widens a little towards the mat.
    ox, oy = TRAY_OUTER
    soft = 0.09
    outer = [(-soft * (1 - math.sin(a)), layout.HEIGHT - soft * (1 - math.cos(a))) for a in arc]
    outer += [(0.05, 0.03), (0.03, 0.0)]
    skirts = [ring(common.rounded_loop(0, 0, ox + i, oy + i, 0.55 + i, z)) for i, z in outer]
    c, r = layout.COLUMNS, layout.ROWS
    corners = [knot(c, r), knot(0, r), knot(0, 0), knot(c, 0)]
    sides = [
        [knot(i, r) for i in range(c - 1, 0, -1)],
        [knot(0, j) for j in range(r - 1, 0, -1)],
        [knot(i, 0) for i in range(1, c)],
        [knot(c, j) for j in range(1, r)],
    ]
    surround(corners, skirts[0], sides)
    for a, b in zip(skirts, skirts[1:]):
        bridge(a, b)
    bm.faces.new(skirts[-1])
    bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
    data = bpy.data.meshes.new("tray")
    bm.to_mesh(data)
    bm.free()
    data.polygons.foreach_set("use_smooth", [True] * len(data.polygons))
    obj = bpy.data.objects.new("tray", data)
    bpy.context.collection.objects.link(obj)
    obj.matrix_world = frame
    data.materials.append(_tray_material(params["tray"]))
    common.keep_creases(obj, 35)
    normals = obj.modifiers.new("normals", "WEIGHTED_NORMAL")
    normals.keep_sharp = True
    return obj


def _tray_material(tray: dict) -> bpy.types.Material:
    """Polypropylene with a spark-eroded grain, hazy gloss marks and traces of handling on the floors."""
    seed = tray["texture_seed"]
    m, g, bsdf = common.material("tray")
    at = g.position()
    slow = g.noise(at, 0.35, 3.0, seed=seed)
    haze = g.noise(at, 2.2, 5.0, 0.62, seed=seed + 2)
    speck = g.noise(at, 16.0, 2.0, 0.5, seed=seed + 4)
    # Rubbing leaves faint, long, glossier traces: noise stretched along one direction.
    stretch = g.vector_math("MULTIPLY", at, (0.7, 7.0, 1.0))
    rubbed = g.smooth_step(g.noise(stretch, 1.0, 4.0, 0.6, seed=seed + 6), 0.55, 0.75)
    tint = g.math("MULTIPLY_ADD", slow, 0.14, 0.93)
    tint = g.math("ADD", tint, g.math("MULTIPLY_ADD", haze, 0.1, -0.05))
    tint = g.math("ADD", tint, g.math("MULTIPLY_ADD", speck, 0.08, -0.04))
    g.put(bsdf.inputs["Base Color"], g.scale_colour(g.rgb(tray["colour"]), tint))
    rough = g.math("MULTIPLY_ADD", haze, 0.24, tray["roughness"] - 0.12)
    rough = g.math("SUBTRACT", rough, g.math("MULTIPLY", rubbed, 0.08))
    g.put(bsdf.inputs["Roughness"], rough)
    bsdf.inputs["Specular"].default_value = 0.42
    grain = g.math("ADD", g.noise(at, 28.0, 2.0, 0.5, seed=seed + 8), g.math("MULTIPLY", slow, 6.0))
    g.put(bsdf.inputs["Normal"], g.bump(grain, 0.35, 0.012))
    return m


def _damage_tray(tray, damage, k, frame) -> None:
    if damage["kind"] == "notch":
        thick, high = 0.8, 2 * damage["depth"]
        size = (thick, damage["width"], high) if damage["upright"] else (damage["width"], thick, high)
        cutter = common.jagged_box(f"cutter {k}", size, 0.055, damage["seed"], steps=8)
        cutter.matrix_world = frame @ Matrix.Translation((*damage["at"], layout.HEIGHT))
    else:
        cutter = _crack_cutter(f"cutter {k}", damage)
        cutter.matrix_world = frame
    common.break_out(tray, cutter, f"tray lost {k}")


def _crack_cutter(name, damage) -> bpy.types.Object:
    """A ribbon along the crack, upright, from within the floor to above the walls, tapering at both ends."""
    path = [Vector(p) for p in damage["path"]]
    low, high = layout.FLOOR - damage["depth"], layout.HEIGHT + 0.2
    n = len(path)
    vertices, faces = [], []
    for i, p in enumerate(path):
        along = (path[min(i + 1, n - 1)] - path[max(i - 1, 0)]).normalized()
        across = Vector((-along.y, along.x))
        half = damage["width"] / 2 * (0.35 + 0.65 * math.sin(math.pi * (i + 0.5) / n))
        for side in (-1, 1):
            q = p + across * half * side
            vertices += [(q.x, q.y, low), (q.x, q.y, high)]
    for i in range(n - 1):
        a, b = 4 * i, 4 * (i + 1)
        faces += [(a, b, b + 1, a + 1), (a + 2, a + 3, b + 3, b + 2)]
        faces += [(a + 1, b + 1, b + 3, a + 3), (a, a + 2, b + 2, b)]
    last = 4 * (n - 1)
    faces += [(0, 1, 3, 2), (last, last + 2, last + 3, last + 1)]
    obj = common.mesh_object(name, vertices, faces)
    bm = bmesh.new()
    bm.from_mesh(obj.data)
    bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
    bm.to_mesh(obj.data)
    bm.free()
    return common.ghost(obj)


def _floor_ghost(column, row, frame) -> bpy.types.Object:
    """The whole floor of a compartment, a hair above it."""
    cx, cy = layout.centre(column, row)
    points = common.rounded_loop(cx, cy, *layout.FACE, layout.FACE_CORNER, layout.FLOOR + layout.FILLET)
    obj = common.mesh_object(f"floor {column} {row}", points, [range(len(points))])
    obj.matrix_world = frame
    return common.ghost(obj)


# --- pins ------------------------------------------------------------------------------------------------------------


def _pin(pin: dict, k: int, frame: Matrix) -> None:
    up, side, along = layout.axes(pin)
    rotation = Matrix((up, side, along)).transposed().to_4x4()
    pose = frame @ Matrix.Translation(pin["base"]) @ rotation
    plastic = common.plastic(
        f"head {k}",
        pin["colour"],
        roughness=pin["gloss"],
        roughness_spread=0.07,
        grain=0.0012,
        grain_scale=14.0,
        mottle=0.05,
        seed=pin["texture_seed"],
    )
    head = common.revolve(f"pin {k} head", layout.HEADS[pin["type"]], plastic, segments=40, crease_deg=48)
    head.matrix_world = pose @ Matrix.Rotation(math.radians(pin["roll"]), 4, "Z")
    steel = common.metal(f"steel {k}", roughness=0.4, seed=pin["texture_seed"])
    _, radius = layout.NEEDLES[pin["type"]]
    points = layout.needle_points(pin)
    # The needle starts inside the head.
    points = [tuple(p - 0.1 * a for p, a in zip(points[0], along)), *points]
    radii = _needle_radii(pin, len(points), radius)
    if pin["bend"]:
        share = pin["bend"]["at"] * layout.NEEDLES[pin["type"]][0] / pin["needle_length"]
        kink = 1 + round(share * (len(points) - 2))
        parts = [("needle", points[: kink + 1], radii[: kink + 1]), ("bent", points[kink:], radii[kink:])]
    else:
        parts = [("needle", points, radii)]
    for name, path, r in parts:
        common.tube(f"pin {k} {name}", path, r, steel, segments=14).matrix_world = frame
    damage = pin["damage"]
    if damage is None:
        return
    if damage["kind"] == "snapped_needle":
        whole = {**pin, "needle_length": layout.NEEDLES[pin["type"]][0]}
        path = layout.needle_points(whole)
        skip = sum(1 for p in path if math.dist(p, path[0]) < pin["needle_length"]) - 1
        lost = common.tube(f"pin {k} lost", path[skip:], _needle_radii(whole, len(path) - skip, radius), None)
        lost.matrix_world = frame
        common.ghost(lost)
        return
    size = (1.2, 2.0, damage["to"] - damage["from"])
    cutter = common.jagged_box(f"cutter pin {k}", size, 0.03, damage["seed"], steps=10)
    middle = (damage["from"] + damage["to"]) / 2
    cutter.matrix_world = (
        pose
        @ Matrix.Rotation(math.radians(damage["roll"]), 4, "Z")
        @ Matrix.Translation((damage["offset"] + 0.6, 0, middle))
        @ Matrix.Rotation(math.radians(damage["lean"]), 4, "Y")
    )
    common.break_out(head, cutter, f"pin {k} lost")


def _needle_radii(pin: dict, count: int, radius: float) -> list[float]:
    """The needle's radius at its points, evenly spaced: constant, then tapering to the tip of the whole needle."""
    full = layout.NEEDLES[pin["type"]][0]
    radii = []
    for k in range(count):
        s = pin["needle_length"] * max(0, k - 1) / max(1, count - 2)
        radii.append(radius * min(1.0, (full - s) / layout.TAPER))
    return [max(r, 0.004) for r in radii]


# --- foreign matter ----------------------------------------------------------------------------------------------------


def _contaminant(matter: dict, k: int, frame: Matrix) -> None:
    m, g, bsdf = common.material(f"matter {k}")
    bsdf.inputs["Base Color"].default_value = [*matter["colour"], 1.0]
    bsdf.inputs["Roughness"].default_value = 0.12 if matter["kind"] == "blot" else 0.75
    if matter["kind"] == "thread":
        z = layout.FLOOR + matter["radius"]
        path = [(x, y, z) for x, y in matter["path"]]
        common.tube(f"matter {k}", path, matter["radius"], m, segments=8).matrix_world = frame
    elif matter["kind"] == "crumbs":
        for j, grain in enumerate(matter["grains"]):
            obj = common.grain(f"matter {k} {j}", grain["size"], grain["seed"], m)
            obj.matrix_world = frame @ Matrix.Translation((*grain["at"], layout.FLOOR))
    else:
        drop = common.drop(f"matter {k}", matter["radius"], matter["lobes"], m)
        drop.matrix_world = frame @ Matrix.Translation((*matter["at"], layout.FLOOR))
