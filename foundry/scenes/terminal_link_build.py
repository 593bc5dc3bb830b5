"""Builds the terminal link in Blender from the parameters of `terminal_link_layout`."""

from __future__ import annotations

import math

import bpy
from mathutils import Matrix, Vector

import common
import terminal_link_layout as layout

LOOK = 1
# Screws and bare copper mirror the window as the pin tray's needles do: unclamped, a few lucky samples would dot them.
QUALITY = {"samples": 16, "max_bounces": 3, "diffuse_bounces": 2, "glossy_bounces": 2, "sample_clamp_direct": 4.0}

COPPER = (0.72, 0.3, 0.15)
SCORCH_SEEN = 1 / 3
"""Share of the full scorch from which a place belongs to the mask."""
END_SHOWN = 1.5
"""How much of a cable before its clamp counts as its end."""

# Side view of a pole, (x, z), counter-clockwise seen with x to the right and z up.
PROFILE = [
    (layout.BACK, 0.0), (layout.FRONT, 0.0), (layout.FRONT, layout.LEDGE - 0.04),
    (layout.ROOF + 0.08, layout.LEDGE + 0.05), (layout.ROOF - 0.06, layout.TOP), (-1.16, layout.TOP),
    (layout.BACK, 1.14),
]  # fmt: skip
# The recess the lever lies in: extent along x, half-width, height of its floor.
RECESS = (-0.86, 0.6, 0.425, 1.0)
# Side view of a closed lever about its hinge: barrel, plate and a lip to lift it by.
LEVER = [
    (0.17, -0.06), (0.19, 0.02), (0.15, 0.1), (0.07, 0.15), (-0.1, 0.2), (-0.32, 0.225), (-0.55, 0.215), (-0.74, 0.175),
    (-0.86, 0.15), (-0.93, 0.17), (-0.99, 0.28), (-1.06, 0.34), (-1.15, 0.33), (-1.2, 0.25), (-1.16, 0.03), (-1.0, -0.02),
    (-0.3, 0.0), (-0.12, -0.14), (0.04, -0.17),
]  # fmt: skip
LEVER_HALF = 0.375
TAG = (-1.13, -0.93, 0.36)


def build(params: dict) -> None:
    _board(params["board"])
    stock = _stock(params)
    for k, block in enumerate(params["blocks"]):
        _block(block, k, stock)
    for k, cable in enumerate(params["cables"]):
        _cable(cable, k)
    for k, matter in enumerate(params["contaminants"]):
        _contaminant(matter, k)


def defect_masks(params: dict) -> list[tuple[str, list[bpy.types.Object]]]:
    """One entry per defect, found in the parameters; see README.md."""
    masks = []
    blocks, cables = params["blocks"], params["cables"]
    sizes = [b["size"] for b in blocks]
    equal = sizes[0] == sizes[1]
    if not cables:
        masks.append(("missing_cable", [_between(blocks)]))
    if len(cables) > 1:
        masks.append(("second_cable", [o for k in range(len(cables)) for o in _named(f"cable {k} ")]))
    for k, cable in enumerate(cables):
        whole = _named(f"cable {k} ")
        size = layout.SIZES[cable["colour_name"]]
        positions = [_position(block, side, cable) for side, block in enumerate(blocks)]
        if equal and size != sizes[0]:
            masks.append(("wrong_colour", [*whole, *_named("block ")]))
        elif not equal:
            wrong = 0 if sizes[0] != size else 1
            place = _housing_ghost(blocks[wrong], max(sizes))
            masks.append(("unequal_blocks", [*_named(f"block {wrong} "), place]))
        loose = [side for side in (0, 1) if positions[side] is None]
        if loose:
            (side,) = loose
            lacking = _lacking(blocks[side], side, cable, positions[1 - side])
            masks.append(("loose_end", [*_end(cable, k, side), lacking]))
        elif positions[0] != positions[1]:
            masks.append(("crossed_position", [*_end(cable, k, 0), *_end(cable, k, 1)]))
        if cable["tear"]:
            masks.append(("damaged_insulation", [bpy.data.objects[f"cable {k} lost"]]))
        if cable["fray"]:
            masks.append(("frayed_end", [*_named(f"cable {k} strand"), *_named(f"cable {k} core")]))
    for b, block in enumerate(blocks):
        for p, lever in enumerate(block["levers"]):
            if lever["open"]:
                masks.append(("open_lever", _named(f"block {b} pole {p} lever")))
            if lever["broken"]:
                masks.append(("broken_lever", [bpy.data.objects[f"lost lever {b}"]]))
        if block["damage"]:
            masks.append(("broken_housing", _named(f"lost housing {b}")))
    if params["scorch"]:
        # The materials themselves know in masks where the scorch is.
        masks.append(("scorch", []))
    for k in range(len(params["contaminants"])):
        masks.append(("contamination", _named(f"matter {k} ")))
    return masks


def _named(prefix: str) -> list[bpy.types.Object]:
    return [o for o in bpy.data.objects if o.name.startswith(prefix)]


def _frame(block: dict) -> Matrix:
    return Matrix.Translation((*block["at"], 0)) @ Matrix.Rotation(math.radians(block["turn"]), 4, "Z")


def _pole(size: int, index: int) -> Matrix:
    return Matrix.Translation((0, layout.pole_y(size, index), 0))


# --- board ---------------------------------------------------------------------------------------------------------


def _board(board: dict) -> None:
    """A worktop of glued beech staves: each with its own tint and grain, gloss worn unevenly."""
    seed = board["texture_seed"]
    m, g, bsdf = common.material("board")
    at = g.position((0.0, 100.0 + board["shift"], 0.0))
    stave = g.math("DIVIDE", g.vector_math("DOT_PRODUCT", at, (0, 1, 0)), board["stave"])
    share = g.math("FRACT", stave)
    own = g.node("ShaderNodeTexWhiteNoise", noise_dimensions="1D")
    g.put(own.inputs["W"], g.math("ADD", g.math("FLOOR", stave), seed))
    # Every stave is cut from elsewhere.
    moved = g.vector_math("ADD", at, g.scale_colour(own.outputs["Color"], 40.0))
    # Wood is as good as constant along the grain, and the grain wavers slowly.
    waver = g.noise(g.vector_math("MULTIPLY", moved, (0.25, 0.7, 1.0)), 0.4, 2.0, seed=seed)
    bent = g.node("ShaderNodeCombineXYZ")
    g.put(bent.inputs[1], g.math("MULTIPLY", waver, 1.6))
    along = g.vector_math("ADD", g.vector_math("MULTIPLY", moved, (0.04, 1.0, 1.0)), bent.outputs[0])
    bands = g.noise(along, 1.3 * board["grain"], 2.0, 0.55, seed=seed + 2)
    fibre = g.noise(g.vector_math("MULTIPLY", along, (1.5, 1.0, 1.0)), 4.2 * board["grain"], 2.0, 0.7, seed=seed + 4)
    flecks = g.noise(g.vector_math("MULTIPLY", moved, (0.3, 1.6, 1.0)), 3.6, 1.0, 0.5, seed=seed + 6)
    flecks = g.smooth_step(flecks, 0.62, 0.74)
    cloud = g.noise(at, 0.2, 3.0, 0.5, seed=seed + 8)
    tint = g.math("MULTIPLY_ADD", g.math("SUBTRACT", bands, 0.5), 0.55, 0.5)
    tint = g.math("ADD", tint, g.math("MULTIPLY_ADD", fibre, 0.8, -0.4))
    tint = g.math("ADD", tint, g.math("MULTIPLY_ADD", cloud, 0.24, -0.12))
    tint = g.math("ADD", tint, g.math("MULTIPLY_ADD", own.outputs["Value"], 0.34, -0.17))
    tint = g.math("SUBTRACT", tint, g.math("MULTIPLY", flecks, 0.24))
    colour = board["colour"]
    # Dark bands are redder than light ones.
    dark, light = [c * f for c, f in zip(colour, (0.5, 0.42, 0.36))], [c * f for c, f in zip(colour, (1.42, 1.5, 1.58))]
    wood = g.ramp(tint, [(0.0, dark), (1.0, light)])
    edge = g.math("MULTIPLY", g.math("MINIMUM", share, g.math("SUBTRACT", 1.0, share)), board["stave"])
    seam = g.smooth_step(edge, 0.035, 0.012)
    g.put(bsdf.inputs["Base Color"], g.mix(g.math("MULTIPLY", seam, 0.6), wood, [c * 0.25 for c in colour]))
    rough = g.math("ADD", g.math("MULTIPLY_ADD", cloud, 0.24, 0.28), g.math("MULTIPLY", flecks, 0.15))
    g.put(bsdf.inputs["Roughness"], rough)
    bsdf.inputs["Specular"].default_value = 0.35
    relief = g.math("SUBTRACT", g.math("MULTIPLY", fibre, 0.6), g.math("ADD", flecks, seam))
    g.put(bsdf.inputs["Normal"], g.bump(relief, 0.4, 0.012))
    s = 40.0
    obj = common.mesh_object("board", [(-s, -s, 0), (s, -s, 0), (s, s, 0), (-s, s, 0)], [(0, 1, 2, 3)], m)
    obj.matrix_world = Matrix.Rotation(math.radians(board["turn"]), 4, "Z")


# --- blocks --------------------------------------------------------------------------------------------------------


def _scorched(g: common.Graph, scorch: dict):
    """How scorched a place is, from 0 to 1: a cloud with a ragged edge around the hot spot."""
    at = g.world_position()
    away = g.math("DIVIDE", g.vector_math("DISTANCE", at, scorch["at"]), scorch["radius"])
    ragged = g.noise(at, 1.6, 4.0, 0.6, seed=scorch["seed"])
    return g.smooth_step(g.math("ADD", away, g.math("MULTIPLY_ADD", ragged, 1.1, -0.55)), 1.0, 0.3)


def _scorchable(m: bpy.types.Material, scorch: dict | None) -> bpy.types.Material:
    """The plastic `m` as heat has left it: charred at the middle, brown around, dull; in masks white where it shows."""
    if scorch is None:
        return m
    g = common.Graph(m.node_tree)
    bsdf = next(n for n in m.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    heat = _scorched(g, scorch)
    # Plastic yellows and browns first and is charred later.
    factor = g.math("MULTIPLY", g.smooth_step(heat, 0.0, 0.5), scorch["strength"])
    char = g.ramp(heat, [(0.15, (0.13, 0.06, 0.024)), (0.75, (0.012, 0.009, 0.008))])
    for name, value in (("Base Color", char), ("Roughness", (0.75,) * 3)):
        before = bsdf.inputs[name].links[0].from_socket if bsdf.inputs[name].links else None
        if before is None:
            before = tuple(bsdf.inputs[name].default_value)[:3]
        g.put(bsdf.inputs[name], g.mix(factor, before, value))
    shown = bpy.data.materials.new(f"{m.name} in masks")
    shown.use_nodes = True
    shown.node_tree.nodes.clear()
    g = common.Graph(shown.node_tree)
    light = g.node("ShaderNodeEmission")
    seen = g.math("GREATER_THAN", g.smooth_step(_scorched(g, scorch), 0.0, 0.5), SCORCH_SEEN)
    g.put(light.inputs["Color"], seen)
    g.link(light.outputs[0], g.node("ShaderNodeOutputMaterial").inputs["Surface"])
    return common.in_masks(m, shown)


def _prism(name: str, profile, half: float, mat: bpy.types.Material | None = None) -> bpy.types.Object:
    """A side view, (x, z) counter-clockwise, drawn out to y = ± `half`."""
    n = len(profile)
    vertices = [(x, y, z) for y in (-half, half) for x, z in profile]
    faces = [tuple(range(n)), tuple(reversed(range(n, 2 * n)))]
    faces += [(k, k + n, (k + 1) % n + n, (k + 1) % n) for k in range(n)]
    return common.mesh_object(name, vertices, faces, mat)


def _box(name: str, low, high, mat: bpy.types.Material | None = None) -> bpy.types.Object:
    (x0, y0, z0), (x1, y1, z1) = low, high
    obj = _prism(name, [(x0, z0), (x1, z0), (x1, z1), (x0, z1)], (y1 - y0) / 2, mat)
    obj.data.transform(Matrix.Translation((0, (y0 + y1) / 2, 0)))
    return obj


def _moulded(obj: bpy.types.Object, cutters: list[bpy.types.Object], edge: float, mat) -> bpy.types.Mesh:
    """The mesh of `obj` without the cutters, its edges rounded by `edge`; the objects are gone afterwards."""
    for cutter in cutters:
        cut = obj.modifiers.new("cut", "BOOLEAN")
        cut.operation = "DIFFERENCE"
        cut.object = cutter
        cut.solver = "EXACT"
    obj.data.polygons.foreach_set("use_smooth", [True] * len(obj.data.polygons))
    common.keep_creases(obj, 35)
    common.bevel(obj, edge, 2)
    obj.modifiers["bevel"].use_clamp_overlap = True
    obj.modifiers.new("normals", "WEIGHTED_NORMAL").keep_sharp = True
    depsgraph = bpy.context.evaluated_depsgraph_get()
    data = bpy.data.meshes.new_from_object(obj.evaluated_get(depsgraph))
    data.materials.clear()
    data.materials.append(mat)
    data.use_auto_smooth = True
    data.auto_smooth_angle = math.radians(35)
    for gone in (obj, *cutters):
        bpy.data.objects.remove(gone)
    return data


def _put(name: str, data, frame: Matrix) -> bpy.types.Object:
    obj = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(obj)
    obj.matrix_world = frame
    return obj


def _stock(params: dict) -> dict[str, bpy.types.Mesh]:
    """The parts all blocks of a picture are put together from."""
    housing = params["housing"]
    seed = params["blocks"][0]["texture_seed"]
    grey = _scorchable(
        common.plastic(
            "housing",
            housing["colour"],
            roughness=housing["roughness"],
            grain=0.003,
            grain_scale=22.0,
            mottle=0.05,
            seed=seed,
        ),
        params["scorch"],
    )
    green = _scorchable(
        common.plastic(
            "lever", housing["lever"], roughness=0.22, grain=0.002, grain_scale=18.0, mottle=0.06, seed=seed + 3
        ),
        params["scorch"],
    )
    white = common.plastic("tag", (0.7, 0.7, 0.67), roughness=0.45, seed=seed + 5)
    nickel = common.metal("contact", (0.66, 0.63, 0.56), roughness=0.42, seed=seed + 6)
    zinc = common.metal("screw", (0.6, 0.6, 0.59), roughness=0.32, seed=seed + 8)

    channel = []
    for k in range(13):
        a = math.pi * (1 + k / 12)
        channel.append((layout.CHANNEL * math.cos(a), layout.AXIS + layout.CHANNEL * math.sin(a)))
    # A prism along y, turned so that it lies along x.
    open_top = _prism("channel", [*channel, (layout.CHANNEL, 2.0), (-layout.CHANNEL, 2.0)], 0.5)
    round_top = [(layout.CHANNEL * math.cos(a), layout.AXIS + layout.CHANNEL * math.sin(a)) for a in _circle(24)]
    bore = _prism("bore", round_top, 0.5)
    extents = ((open_top, layout.ROOF - 0.06, layout.FRONT + 0.2), (bore, layout.BORE_END, layout.ROOF + 0.2))
    for cutter, x0, x1 in extents:
        lie = Matrix.Translation(((x0 + x1) / 2, 0, 0)) @ Matrix.Rotation(-math.pi / 2, 4, "Z")
        cutter.data.transform(lie @ Matrix.Diagonal((1, x1 - x0, 1, 1)))
    x0, x1, half, floor = RECESS
    recess = _box("recess", (x0, -half, floor), (x1, half, 2.0))
    body = _prism("module", PROFILE, layout.PITCH / 2)
    module = _moulded(body, [open_top, recess, bore], 0.045, grey)

    outer = [(x + (0.02 if x > 0 else -0.02), z + (0.03 if z > 0 else 0)) for x, z in PROFILE]
    plate = _moulded(_prism("plate", outer, layout.END_PLATE / 2), [], 0.035, grey)
    d, f = layout.FOOT_DEPTH, layout.FOOT
    foot = _moulded(_box("foot", (-d, -0.1, 0), (d, f, 0.34)), [], 0.07, grey)
    lever = _moulded(_prism("lever", LEVER, LEVER_HALF), [], 0.025, green)
    x0, x1, half = TAG
    tag = _moulded(_box("tag", (x0 - 0.1, -half, 1.3), (x1 + 0.1, half, layout.TOP + 0.05)), [], 0.02, white)

    head = [(0.0, 0.2), (0.1, 0.195), (0.2, 0.165), (0.27, 0.11), (0.29, 0.05), (0.29, 0.0)]
    pan = common.revolve("screw", list(reversed(head)), None, segments=32)
    slots = [_box("slot", (-a, -b, 0.08), (a, b, 0.4)) for a, b in ((0.17, 0.035), (0.035, 0.17))]
    screw = _moulded(pan, slots, 0.008, zinc)

    # The clamp: a trough under the conductor, and the spring that shows under an open lever.
    vertices, faces = [], []
    for x in (layout.BORE_END + 0.02, layout.FRONT - 0.3):
        for a in (math.pi * (1.08 + 0.84 * k / 10) for k in range(11)):
            r = layout.CHANNEL - 0.025
            vertices.append((x, r * math.cos(a), layout.AXIS + r * math.sin(a)))
    faces = [(k, k + 1, k + 12, k + 11) for k in range(10)]
    trough = common.mesh_object("trough", vertices, faces, nickel, smooth=True)
    floor = RECESS[3]
    spring = [(-0.7, floor), (-0.7, floor + 0.03), (-0.2, floor + 0.13), (0.2, floor + 0.05), (0.2, floor)]
    clip = _prism("clip", spring, 0.22, nickel)
    parts = {"trough": trough.data, "clip": clip.data}
    for obj in (trough, clip):
        bpy.data.objects.remove(obj)
    return {**parts, "module": module, "plate": plate, "foot": foot, "lever": lever, "tag": tag, "screw": screw}


def _circle(count: int):
    return (2 * math.pi * k / count for k in range(count))


def _block(block: dict, b: int, stock: dict) -> None:
    frame = _frame(block)
    size = block["size"]
    housing = []
    ink = _ink()
    for p in range(size):
        at = frame @ _pole(size, p)
        housing.append(_put(f"block {b} pole {p} housing", stock["module"], at))
        for part in ("trough", "clip", "tag"):
            _put(f"block {b} pole {p} {part}", stock[part], at)
        _digit(f"block {b} pole {p} digit", layout.index_of(b, size, p) + 1, at, b, ink)
        _lever(block["levers"][p], b, p, at, stock)
    for k, side in enumerate((-1, 1)):
        end = Matrix.Translation((0, side * (layout.half_width(size) - layout.END_PLATE / 2), 0))
        housing.append(_put(f"block {b} plate {k}", stock["plate"], frame @ end))
        edge = Matrix.Translation((0, side * layout.half_width(size), 0))
        outward = edge @ Matrix.Rotation(math.pi * (k + 1), 4, "Z")
        housing.append(_put(f"block {b} foot {k}", stock["foot"], frame @ outward))
        middle = Matrix.Translation((0, layout.FOOT * 0.52, 0.335))
        turn = Matrix.Rotation(math.radians(block["screws"][k]), 4, "Z")
        _put(f"block {b} screw {k}", stock["screw"], frame @ outward @ middle @ turn)
    damage = block["damage"]
    if damage is None:
        return
    cutter = common.jagged_box(f"cutter {b}", damage["box"], 0.048, damage["seed"], steps=5)
    cutter.matrix_world = frame @ Matrix.Translation(damage["middle"]) @ _lean(damage["lean"])
    reach = max(damage["box"]) + layout.PITCH
    for k, obj in enumerate(housing):
        near = frame.inverted() @ obj.matrix_world.translation
        if abs(near.y - damage["middle"][1]) < reach:
            common.break_out(obj, cutter, f"lost housing {b} {k}")


def _lean(degrees) -> Matrix:
    turn = Matrix.Identity(4)
    for angle, axis in zip(degrees, "XYZ"):
        turn = turn @ Matrix.Rotation(math.radians(angle), 4, axis)
    return turn


def _lever(lever: dict, b: int, p: int, at: Matrix, stock: dict) -> None:
    hinge = at @ Matrix.Translation((layout.HINGE[0], 0, layout.HINGE[1]))
    closed = hinge @ Matrix.Rotation(math.radians(lever["seated"]), 4, "Y")
    pose = closed @ Matrix.Rotation(math.radians(lever["open"]), 4, "Y")
    obj = _put(f"block {b} pole {p} lever", stock["lever"], pose)
    if lever["open"]:
        # Where it lies when it is closed.
        common.ghost(_put(f"block {b} pole {p} lever closed", stock["lever"], closed))
    broken = lever["broken"]
    if broken:
        length = 1.6
        cutter = common.jagged_box(f"cutter lever {b}", (length, 1.2, 1.0), 0.035, broken["seed"], steps=10)
        # The break runs across the lever, `at` of its length from the hinge.
        cutter.matrix_world = (
            closed
            @ Matrix.Translation((-1.2 * broken["at"], 0, 0.1))
            @ Matrix.Rotation(math.radians(broken["lean"]), 4, "Z")
            @ Matrix.Translation((-length / 2, 0, 0))
        )
        common.break_out(obj, cutter, f"lost lever {b}")


def _ink() -> bpy.types.Material:
    m, _, bsdf = common.material("ink")
    bsdf.inputs["Base Color"].default_value = [0.02, 0.02, 0.022, 1.0]
    bsdf.inputs["Roughness"].default_value = 0.5
    return m


def _digit(name: str, number: int, at: Matrix, b: int, ink: bpy.types.Material) -> None:
    """The number of a position, printed on its tag, upright in the picture."""
    data = bpy.data.curves.new(name, "FONT")
    data.body = str(number)
    data.size = 0.5
    data.offset = 0.012
    data.align_x = data.align_y = "CENTER"
    data.materials.append(ink)
    x0, x1, _ = TAG
    middle = Matrix.Translation(((x0 + x1) / 2, 0, layout.TOP + 0.053))
    _put(name, data, at @ middle @ Matrix.Rotation(math.pi * b, 4, "Z"))


# --- cables --------------------------------------------------------------------------------------------------------


def _cable(cable: dict, k: int) -> None:
    points = layout.dense(cable["path"])
    total = layout.lengths(points)[-1]
    insulation = common.plastic(
        f"insulation {k}",
        cable["colour"],
        roughness=cable["gloss"],
        roughness_spread=0.08,
        grain=0.0025,
        grain_scale=7.0,
        mottle=0.07,
        seed=cable["texture_seed"],
    )
    cover = layout.stretch(points, cable["bare"][0], total - cable["bare"][1])
    hose = common.tube(f"cable {k} cover", cover, layout.RADIUS, insulation, segments=24)
    copper = common.metal(f"copper {k}", COPPER, roughness=0.34, seed=cable["texture_seed"])
    for side, bare in enumerate(cable["bare"]):
        if bare:
            ends = (0.0, bare + 0.1) if side == 0 else (total - bare - 0.1, total)
            _core(f"cable {k} core {side}", layout.stretch(points, *ends), copper)
    fray = cable["fray"]
    if fray:
        for n, strand in enumerate(fray["strands"]):
            common.tube(f"cable {k} strand {n}", strand, layout.STRAND, copper, segments=8)
    tear = cable["tear"]
    if tear:
        around = layout.stretch(points, tear["at"] - 1.0, tear["at"] + 1.0)
        _core(f"cable {k} core", around, copper)
        before, middle, after = (Vector(layout.stretch(points, tear["at"] + d, total)[0]) for d in (-0.1, 0.0, 0.1))
        along = (after - before).normalized()
        side = Vector((0, 0, 1)).cross(along).normalized()
        frame = Matrix((along, side, along.cross(side))).transposed().to_4x4()
        cutter = common.jagged_box(f"cutter cable {k}", (tear["length"], 0.6, 0.4), 0.038, tear["seed"], steps=5)
        cutter.matrix_world = (
            Matrix.Translation(middle)
            @ frame
            @ Matrix.Rotation(math.radians(tear["roll"]), 4, "X")
            @ Matrix.Translation((0, 0, layout.RADIUS - tear["depth"] + 0.2))
        )
        common.break_out(hose, cutter, f"cable {k} lost")


def _core(name: str, points, copper: bpy.types.Material) -> None:
    """A stranded conductor along `points`: six strands laid around a seventh."""
    ring = layout.CONDUCTOR - layout.STRAND
    path = [Vector(p) for p in layout.stretch(points, 0, 99)]
    at = layout.lengths(path)
    fine = [Vector(layout.stretch(path, s * at[-1] / 40, 99)[0]) for s in range(40)] + [path[-1]]
    for n in range(7):
        strand = []
        for k, p in enumerate(fine):
            along = (fine[min(k + 1, 40)] - fine[max(k - 1, 0)]).normalized()
            side = Vector((0, 0, 1)).cross(along).normalized()
            a = n * math.pi / 3 + 4.0 * k / 40 * at[-1]
            r = 0.0 if n == 6 else ring
            strand.append(p + r * (side * math.cos(a) + along.cross(side) * math.sin(a)))
        common.tube(f"{name} {n}", strand, layout.STRAND * 1.15, copper, segments=8)


# --- what only masks show ------------------------------------------------------------------------------------------


def _position(block: dict, side: int, cable: dict) -> int | None:
    """The position a cable's end is held in, counted from the upper end; None if it lies before the block."""
    x, y, _ = cable["path"][-1 if side else 0]
    u, v = layout.to_block(block, x, y)
    if u > layout.ROOF:
        return None
    return layout.index_of(side, block["size"], round(v / layout.PITCH + (block["size"] - 1) / 2))


def _end(cable: dict, k: int, side: int) -> list[bpy.types.Object]:
    """A sleeve around a cable's end, from its tip to `END_SHOWN` before the block, and its bare conductor."""
    points = layout.dense(cable["path"])
    if side:
        points.reverse()
    bare = cable["bare"][side]
    inside = 0.0 if bare else layout.FRONT - layout.SEAT
    part = layout.stretch(points, bare, bare + inside + layout.STRAIGHT + END_SHOWN)
    sleeve = common.tube(f"end {k} {side}", part, layout.RADIUS * 1.03, None, segments=24)
    return [common.ghost(sleeve), *_named(f"cable {k} core {side}")]


def _lacking(block: dict, side: int, cable: dict, position: int) -> bpy.types.Object:
    """The piece of way from a loose end into the clamp where it belongs, as thick as the cable."""
    y = layout.pole_y(block["size"], layout.index_of(side, block["size"], position))
    tip = cable["path"][-1 if side else 0]
    way = [(*layout.to_board(block, x, y), layout.AXIS) for x in (layout.SEAT, layout.ROOF, layout.FRONT)]
    points = layout.dense([list(p) for p in (*way, tip)])
    return common.ghost(common.tube(f"lacking {side}", points, layout.RADIUS, None, segments=24))


def _between(blocks: list[dict]) -> bpy.types.Object:
    """The board between the fronts of the blocks, as far as their clamps reach."""
    corners = []
    for block in blocks:
        w = layout.pole_y(block["size"], block["size"] - 1) + layout.CHANNEL
        corners += [(*layout.to_board(block, layout.FRONT, y), 0.01) for y in (-w, w)]
    return common.ghost(common.mesh_object("between", corners, [(0, 1, 2, 3)]))


def _housing_ghost(block: dict, size: int) -> bpy.types.Object:
    """The place of a block of `size` poles where this block is."""
    w = layout.half_width(size)
    obj = _box("place of block", (layout.BACK, -w, 0), (layout.FRONT, w, layout.LEDGE))
    obj.matrix_world = _frame(block)
    return common.ghost(obj)


# --- foreign matter ------------------------------------------------------------------------------------------------


def _contaminant(matter: dict, k: int) -> None:
    if matter["kind"] == "offcuts":
        wire_metal = common.metal(f"offcuts {k}", matter["colour"], roughness=0.34)
        for n, wire in enumerate(matter["wires"]):
            path = [(x, y, matter["radius"]) for x, y in wire]
            common.tube(f"matter {k} {n}", path, matter["radius"], wire_metal, segments=10)
        return
    m, _, bsdf = common.material(f"matter {k}")
    bsdf.inputs["Base Color"].default_value = [*matter["colour"], 1.0]
    bsdf.inputs["Roughness"].default_value = 0.12 if matter["kind"] == "blot" else 0.5
    if matter["kind"] == "blot":
        drop = common.drop(f"matter {k} 0", matter["radius"], matter["lobes"], m)
        drop.matrix_world = Matrix.Translation((*matter["at"], 0))
        return
    for n, crumb in enumerate(matter["grains"]):
        obj = common.grain(f"matter {k} {n}", crumb["size"], crumb["seed"], m)
        obj.matrix_world = Matrix.Translation((*crumb["at"], 0))
