"""The bottle scene in Blender: geometry, materials, masks. See `bottle_layout.py` for the parameters.

The glass is one closed wall. Where drink touches it, the wall's inner surface carries the optics of the boundary
between glass and drink (relative index n_glass / n_drink), so that a ray crosses four boundaries, as in reality, and
the drink appears to fill the bottle up to its silhouette. A clear drink absorbs by Lambert and Beer's law at the
boundary a ray leaves it through, over the ray's length in the drink: exact for a homogeneous absorber, and free of
the noise and time of a volume shader.
"""

from __future__ import annotations

import math

import bpy
import numpy as np
from mathutils import Euler, Vector, noise

import bottle_layout as layout
import bottle_print
import common

QUALITY = {
    "samples": 16,
    "noise_threshold": 0.0,
    "use_adaptive_sampling": False,
    "max_bounces": 9,
    "transmission_bounces": 8,
    "glossy_bounces": 2,
    "diffuse_bounces": 1,
    "transparent_max_bounces": 10,
}

GLASS_INDEX = 1.5
DRINK_INDEX = 1.34

# Transmittance over one centimetre, linear RGB.
CLEAR_DRINKS = {"cherry": (0.895, 0.43, 0.455), "citrus": (0.985, 0.85, 0.46)}
MILK = (0.86, 0.83, 0.76)
WET = {"cherry": (0.30, 0.012, 0.022), "milk": (0.80, 0.77, 0.70), "citrus": (0.72, 0.24, 0.012)}
FOREIGN = {
    "black": (0.008, 0.007, 0.006),
    "brown": (0.05, 0.025, 0.012),
    "teal": (0.02, 0.26, 0.27),
    "ivory": (0.72, 0.66, 0.5),
    "grey": (0.1, 0.1, 0.1),
}
STAINS = {
    "oil": (0.022, 0.015, 0.009),
    "ink": (0.008, 0.012, 0.07),
    "mould": (0.06, 0.075, 0.035),
    "rust": (0.2, 0.05, 0.012),
}
CAPS = {"red": (0.42, 0.014, 0.018), "blue": (0.014, 0.075, 0.36), "green": (0.018, 0.17, 0.05)}

# Heights above the glass, cm: a crack lies under the paper, dirt on top of it.
CRACK_LIFT, PAPER_LIFT, TEAR_LIFT, STAIN_LIFT, RUN_LIFT = 0.006, 0.018, 0.03, 0.03, 0.03

SEGMENTS = 112

# What `build` made, for `defect_masks`.
_parts: dict = {}


# --- meshes ----------------------------------------------------------------------------------------------------


def _lathe(name, profile, materials, slot_of_segment=None, *, segments=SEGMENTS, radius=None):
    """An open surface of revolution about z through `profile`, (radius, z) from one end to the other.

    Normals point left of the profile's direction seen with z up and the radius to the right, outward for a wall that
    goes up. `radius(r, z, angle)` may shape the radius.
    """
    vertices, faces, slots, rings = [], [], [], []
    for r, z in profile:
        if r <= 1e-9:
            rings.append([len(vertices)] * segments)
            vertices.append((0.0, 0.0, z))
            continue
        rings.append(list(range(len(vertices), len(vertices) + segments)))
        for k in range(segments):
            a = 2 * math.pi * k / segments
            shaped = r if radius is None else radius(r, z, a)
            vertices.append((shaped * math.cos(a), shaped * math.sin(a), z))
    for i, (lower, upper) in enumerate(zip(rings, rings[1:])):
        for k in range(segments):
            j = (k + 1) % segments
            corners = (lower[k], lower[j], upper[j], upper[k])
            face = tuple(dict.fromkeys(corners))
            if len(face) >= 3:
                faces.append(face)
                slots.append(slot_of_segment(i) if slot_of_segment else 0)
    obj = common.mesh_object(name, vertices, faces, smooth=True)
    for m in materials:
        obj.data.materials.append(m)
    obj.data.polygons.foreach_set("material_index", slots)
    common.keep_creases(obj, 50)
    return obj


def _on_glass(azimuth, z, lift):
    """The point `lift` above the outer wall at an azimuth in degrees (0 towards the camera) and a height."""
    z = min(max(z, 0.12), 10.2)
    r = layout.outer_radius(z) + lift
    a = math.radians(azimuth)
    return (r * math.sin(a), -r * math.cos(a), z)


def _patch(name, azimuth, z, tilt, size, lift, material, *, columns=40, rows=24):
    """A sheet wrapped around the glass, centred at (azimuth, z), with UV from its lower left corner."""
    r = layout.outer_radius(min(max(z, 0.6), 10.2))
    c, s = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    vertices, uv = [], []
    for row in range(rows + 1):
        for column in range(columns + 1):
            u, v = column / columns, row / rows
            along, up = (u - 0.5) * size[0], (v - 0.5) * size[1]
            x, y = c * along - s * up, s * along + c * up
            vertices.append(_on_glass(azimuth + math.degrees(x / r), z + y, lift))
            uv.append((u, v))
    width = columns + 1
    faces = [
        (i * width + k, i * width + k + 1, (i + 1) * width + k + 1, (i + 1) * width + k)
        for i in range(rows)
        for k in range(columns)
    ]
    obj = common.mesh_object(name, vertices, faces, material, smooth=True)
    layer = obj.data.uv_layers.new(name="paper")
    for loop in obj.data.loops:
        layer.data[loop.index].uv = uv[loop.vertex_index]
    return obj


def _dome(name, outline, height, material, rings=10):
    """A drop lying flat: `outline` holds (x, y) of its edge, counter-clockwise; its height is `height`."""
    count = len(outline)
    cx = sum(p[0] for p in outline) / count
    cy = sum(p[1] for p in outline) / count
    vertices, faces = [], []
    for ring in range(rings):
        t = ring / rings  # 0 at the edge
        z = height * (1 - (1 - t) ** 2) ** 0.5
        vertices += [(cx + (x - cx) * (1 - t), cy + (y - cy) * (1 - t), z) for x, y in outline]
    vertices.append((cx, cy, height))
    for ring in range(rings - 1):
        for k in range(count):
            j = (k + 1) % count
            a, b = ring * count, (ring + 1) * count
            faces.append((a + k, a + j, b + j, b + k))
    last = (rings - 1) * count
    faces += [(last + k, last + (k + 1) % count, len(vertices) - 1) for k in range(count)]
    return common.mesh_object(name, vertices, faces, material, smooth=True)


def _strip(points, widths):
    """Vertices and quads of a flat band along points (s, t) of a plane, `widths` across at each."""
    vertices, faces = [], []
    for i, (s, t) in enumerate(points):
        s0, t0 = points[max(i - 1, 0)]
        s1, t1 = points[min(i + 1, len(points) - 1)]
        length = math.hypot(s1 - s0, t1 - t0)
        nx, ny = -(t1 - t0) / length, (s1 - s0) / length
        for side in (-0.5, 0.5):
            vertices.append((s + nx * widths[i] * side, t + ny * widths[i] * side))
    for i in range(len(points) - 1):
        faces.append((2 * i, 2 * i + 2, 2 * i + 3, 2 * i + 1))
    return vertices, faces


def _ball(radius, columns=20, rows=12):
    vertices, faces = [], []
    for i in range(rows + 1):
        b = math.pi * (i / rows - 0.5)
        for k in range(columns):
            a = 2 * math.pi * k / columns
            r = radius * math.cos(b)
            vertices.append((r * math.cos(a), r * math.sin(a), radius * math.sin(b)))
    for i in range(rows):
        for k in range(columns):
            j = (k + 1) % columns
            faces.append((i * columns + k, i * columns + j, (i + 1) * columns + j, (i + 1) * columns + k))
    return vertices, faces


# --- materials -------------------------------------------------------------------------------------------------


def _surface(name):
    """A material with nothing in it but its output: itself, its graph, and the socket to feed."""
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    m.node_tree.nodes.clear()
    g = common.Graph(m.node_tree)
    return m, g, g.node("ShaderNodeOutputMaterial").inputs["Surface"]


def _mix_shader(g, factor, a, b):
    node = g.node("ShaderNodeMixShader")
    g.put(node.inputs[0], factor)
    g.link(a, node.inputs[1])
    g.link(b, node.inputs[2])
    return node.outputs[0]


def _dielectric(name, index, tint, *, absorb=None, drink_behind=False, mirror=False):
    """A clear boundary of relative index `index`, the denser side behind the normal.

    tint: share of light let through at each crossing. absorb: transmittance of the drink over 1 cm, in front of the
    normal, or behind it with `drink_behind`. mirror: whether the camera sees the room mirrored in it.

    A path goes on either reflected or refracted, and a lamp met at one path in twenty-five is mostly noise. So the
    mirror image that counts, of the room in the side towards the camera, is looked up and added; other reflections are
    followed only where they are strong, towards grazing and total reflection.
    """
    m, g, out = _surface(name)
    path = g.node("ShaderNodeLightPath")
    back = g.node("ShaderNodeNewGeometry").outputs["Backfacing"]
    colour = g.rgb(tint)
    if absorb is not None:
        inside = back if drink_behind else g.math("SUBTRACT", 1.0, back)
        depth = g.math("MULTIPLY", path.outputs["Ray Length"], inside)
        passed = g.node("ShaderNodeCombineXYZ")
        for sink, share in zip(passed.inputs, absorb):
            g.put(sink, g.math("POWER", share, depth))
        colour = g.vector_math("MULTIPLY", colour, passed.outputs[0])
    fresnel = g.node("ShaderNodeFresnel")
    fresnel.inputs["IOR"].default_value = index

    def refraction(colour):
        node = g.node("ShaderNodeBsdfRefraction", distribution="SHARP")
        node.inputs["IOR"].default_value = index
        g.put(node.inputs["Color"], colour)
        return node.outputs[0]

    glossy = g.node("ShaderNodeBsdfGlossy", distribution="SHARP")
    g.put(glossy.inputs["Color"], colour)
    strong = g.node("ShaderNodeMath", operation="MULTIPLY_ADD", use_clamp=True)
    for sink, value in zip(strong.inputs, (fresnel.outputs[0], 1 / 0.85, -0.15 / 0.85)):
        g.put(sink, value)
    shader = _mix_shader(g, strong.outputs[0], refraction(colour), glossy.outputs[0])
    if mirror:
        room = g.node("ShaderNodeTexEnvironment")
        room.image = next(n.image for n in bpy.context.scene.world.node_tree.nodes if n.type == "TEX_ENVIRONMENT")
        g.link(g.node("ShaderNodeTexCoord").outputs["Reflection"], room.inputs["Vector"])
        image = g.node("ShaderNodeEmission")
        g.link(room.outputs["Color"], image.inputs["Color"])
        g.put(image.inputs["Strength"], fresnel.outputs[0])
        both = g.node("ShaderNodeAddShader")
        g.link(image.outputs[0], both.inputs[0])
        g.link(refraction(g.scale_colour(colour, g.math("SUBTRACT", 1.0, fresnel.outputs[0]))), both.inputs[1])
        first = g.math("MULTIPLY", path.outputs["Is Camera Ray"], g.math("SUBTRACT", 1.0, back))
        shader = _mix_shader(g, first, shader, both.outputs[0])
        m.cycles.sample_as_light = False
    g.link(shader, out)

    bend, g, out = _surface(f"{name} in masks")
    node = g.node("ShaderNodeBsdfRefraction", distribution="SHARP")
    node.inputs["IOR"].default_value = index
    node.inputs["Color"].default_value = (1, 1, 1, 1)
    g.link(node.outputs[0], out)
    common.in_masks(m, bend)
    return m


def _milk(strength):
    m, g, body = common.material("milk")
    body.inputs["Base Color"].default_value = [*(c * (0.97 + 0.03 * strength) for c in MILK), 1.0]
    body.inputs["Roughness"].default_value = 0.3
    body.inputs["Specular"].default_value = 0.1
    return m


def _image(name, pixels):
    """A float image with these RGBA values as they are, row 0 at the bottom."""
    height, width = pixels.shape[:2]
    image = bpy.data.images.new(name, width, height, alpha=True, float_buffer=True)
    image.colorspace_settings.name = "Non-Color"
    image.alpha_mode = "CHANNEL_PACKED"
    image.pixels.foreach_set(np.ascontiguousarray(pixels, np.float32).ravel())
    image.update()
    return image


def _picture(g, image):
    node = g.node("ShaderNodeTexImage", extension="EXTEND", interpolation="Linear")
    node.image = image
    g.link(g.node("ShaderNodeTexCoord").outputs["UV"], node.inputs["Vector"])
    return node


def _printed(name, pixels, *, roughness, specular, grain, seed):
    """Paper or a film of dirt: `pixels` RGBA in linear light, alpha is where it covers."""
    m, g, out = _surface(name)
    node = _picture(g, _image(name, pixels))
    sheet = g.node("ShaderNodeBsdfPrincipled")
    g.link(node.outputs["Color"], sheet.inputs["Base Color"])
    sheet.inputs["Roughness"].default_value = roughness
    sheet.inputs["Specular"].default_value = specular
    at = g.position((seed, 0.0, 0.0))
    relief = g.math("ADD", g.noise(at, 1.1, 2.0), g.math("MULTIPLY", g.noise(at, 14.0, 3.0), 0.12))
    g.put(sheet.inputs["Normal"], g.bump(relief, 1.0, grain))
    clear = g.node("ShaderNodeBsdfTransparent")
    g.link(_mix_shader(g, node.outputs["Alpha"], clear.outputs[0], sheet.outputs[0]), out)
    return m


def _white_where(name, cover):
    """White in masks where `cover`, float [h, w], is 1; nothing where it is 0."""
    m, g, out = _surface(name)
    pixels = np.repeat(np.asarray(cover, np.float32)[..., None], 4, 2)
    node = _picture(g, _image(name, pixels))
    white = g.node("ShaderNodeEmission")
    clear = g.node("ShaderNodeBsdfTransparent")
    g.link(_mix_shader(g, node.outputs["Color"], clear.outputs[0], white.outputs[0]), out)
    return m


def _wet(content, *, thin):
    """A spilled film of drink; `thin` is the share of light it lets through."""
    m, g, out = _surface("spilled drink")
    film = g.node("ShaderNodeBsdfPrincipled")
    film.inputs["Base Color"].default_value = [*WET[content], 1.0]
    film.inputs["Roughness"].default_value = 0.06
    film.inputs["Specular"].default_value = 0.6
    clear = g.node("ShaderNodeBsdfTransparent")
    clear.inputs["Color"].default_value = [*(CLEAR_DRINKS.get(content, MILK)), 1.0]
    g.link(_mix_shader(g, thin if content != "milk" else 0.0, film.outputs[0], clear.outputs[0]), out)
    return m


# --- the station -----------------------------------------------------------------------------------------------


def _warm(value, warmth, amount):
    return (value * (1 + amount * warmth), value, value * (1 - amount * warmth))


def _station(params):
    back, table = params["backdrop"], params["table"]
    far = back["distance"]

    m, g, out = _surface("light panel")
    at = g.world_position((-back["centre"][0], 0.0, -back["centre"][1]))
    radius = g.vector_math("LENGTH", g.vector_math("MULTIPLY", at, (1, 0, 1)))
    away = g.math("POWER", g.math("DIVIDE", radius, 16.0), 2.0)
    glow = g.math("MULTIPLY_ADD", away, -back["falloff"], 1.0)
    cloud = g.noise(at, 0.16, 3.0, seed=back["texture"])
    glow = g.math("MULTIPLY", glow, g.math("MULTIPLY_ADD", cloud, 0.16, 0.92))
    light = g.node("ShaderNodeEmission")
    g.put(light.inputs["Color"], g.scale_colour(g.rgb(_warm(1.0, back["warmth"], 0.035)), glow))
    light.inputs["Strength"].default_value = back["strength"]
    g.link(light.outputs[0], out)
    w, h = 15.0, 27.0
    common.mesh_object("light panel", [(-w, far, 0.6), (w, far, 0.6), (w, far, h), (-w, far, h)], [(0, 1, 2, 3)], m)
    # It is large and mild, so the rays that matt surfaces scatter find it well enough, and no sample is spent on
    # choosing between lights.
    m.cycles.sample_as_light = False

    rail = common.plastic("rail", (0.05, 0.05, 0.055), roughness=0.4, seed=table["texture"])
    corners = [(x, y, z) for y, z in ((far - 0.3, 0), (far - 0.3, 0.7), (far, 0.7)) for x in (-30, 30)]
    common.mesh_object("rail", corners, [(0, 1, 3, 2), (2, 3, 5, 4)], rail)

    m, g, bsdf = common.material("table")
    at = g.world_position((table["texture"], 0.0, 0.0))
    slow = g.noise(at, 0.25, 4.0, seed=table["texture"])
    grain = g.noise(at, 26.0, 2.0)
    tone = g.math("MULTIPLY_ADD", slow, 0.22, 0.89)
    tone = g.math("MULTIPLY", tone, g.math("MULTIPLY_ADD", grain, 0.12, 0.94))
    g.put(bsdf.inputs["Base Color"], g.scale_colour(g.rgb(_warm(table["tone"], table["warmth"], 0.03)), tone))
    wipe = g.noise(g.vector_math("MULTIPLY", at, (0.25, 2.2, 1.0)), 1.2, 4.0, seed=table["texture"] + 3)
    g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", wipe, 0.2, table["roughness"] - 0.1))
    bsdf.inputs["Specular"].default_value = 0.45
    g.put(bsdf.inputs["Normal"], g.bump(grain, 0.6, 0.004))
    common.mesh_object("table", [(-40, -40, 0), (40, -40, 0), (40, far, 0), (-40, far, 0)], [(0, 1, 2, 3)], m)


# --- the bottle ------------------------------------------------------------------------------------------------


def _split_inner(z):
    """The inner profile with a point at height z, and the index of that point."""
    profile = layout.inner_profile()
    for i, ((r0, z0), (r1, z1)) in enumerate(zip(profile, profile[1:])):
        if z1 <= z < z0:
            r = r0 + (r1 - r0) * (z - z0) / (z1 - z0)
            return profile[: i + 1] + [(r, z)] + profile[i + 1 :], i + 1
    raise ValueError(f"The drink's edge at z = {z} lies outside the bottle.")


def _glass(params):
    bottle, fill = params["bottle"], params["fill"]
    tint = bottle["tint"]
    wall = _dielectric("glass", GLASS_INDEX, tint, mirror=True)
    outer = layout.outer_profile()
    if fill["level"] <= 0:
        return _hidden_from_light([_lathe("glass", outer + layout.inner_profile(), [wall])]) + [_shade(None, 0.0)]
    content = fill["content"]
    edge = fill["level"] + fill["meniscus"]
    inner, at = _split_inner(edge)
    if content == "milk":
        boundary = surface = _milk(fill["strength"])
    else:
        share = [c ** fill["strength"] for c in CLEAR_DRINKS[content]]
        share[1] = min(0.97, share[1] * (1 + 0.05 * fill["hue"]))
        boundary = _dielectric("glass on drink", GLASS_INDEX / DRINK_INDEX, (1, 1, 1), absorb=share)
        surface = _dielectric("drink", DRINK_INDEX, (1, 1, 1), absorb=share, drink_behind=True)
    first_wet = len(outer) + at
    glass = _lathe("glass", outer + inner, [wall, boundary], lambda i: 1 if i >= first_wet else 0)
    r_edge = inner[at][0]
    rings = [r_edge * f for f in (1, 0.985, 0.965, 0.94, 0.9, 0.84, 0.7, 0.4, 0.0)]
    top = [(r, fill["level"] + fill["meniscus"] * math.exp(-(r_edge - r) / 0.11)) for r in rings]
    parts = [glass, _lathe("drink surface", top, [surface])]
    if content == "milk":
        bubble = surface
    else:
        bubble = _dielectric("bubble", 1.15, (0.98, 0.98, 0.98))
    for i, b in enumerate(params["bubbles"]):
        vertices, faces = _ball(b["radius"], 12, 8)
        ball = common.mesh_object(f"bubble {i}", vertices, faces, bubble, smooth=True)
        r, a = r_edge - b["radius"] - b["inset"], math.radians(b["azimuth"])
        ball.location = (r * math.sin(a), -r * math.cos(a), fill["level"] + 0.3 * b["radius"] + 0.02)
        parts.append(ball)
    return _hidden_from_light(parts) + [_shade(boundary if content == "milk" else [c**2.2 for c in share], edge)]


def _hidden_from_light(parts):
    """Parts that only the camera's rays see, however refracted; `_shade` stands in for them elsewhere."""
    for obj in parts:
        obj.visible_shadow = obj.visible_diffuse = False
    return parts


def _shade(drink, edge):
    """What the bottle does to light on its way to and from matt surfaces: straight through, tinted.

    Refracted light would be found by chance only, in glaring specks. drink: the tint of one crossing, or a material
    for an opaque drink, which then lets light out from under the glass and none in. edge: the drink's height.
    """
    profile = [(r * 0.985, z) for r, z in layout.outer_profile() if 0.3 < z < layout.CAP_BOTTOM]

    def clear(name, colour):
        m, g, out = _surface(name)
        node = g.node("ShaderNodeBsdfTransparent")
        g.put(node.inputs["Color"], colour)
        return m, g, node.outputs[0], out

    glass, g, through, out = clear("shade of glass", (0.86, 0.88, 0.87))
    g.link(through, out)
    wet = glass
    if isinstance(drink, bpy.types.Material):
        wet, g, through, out = clear("shade of milk", (1, 1, 1))
        matt = g.node("ShaderNodeBsdfDiffuse")
        matt.inputs["Color"].default_value = [*MILK, 1.0]
        back = g.node("ShaderNodeNewGeometry").outputs["Backfacing"]
        g.link(_mix_shader(g, back, matt.outputs[0], through), out)
    elif drink is not None:
        wet, g, through, out = clear("shade of drink", drink)
        g.link(through, out)
    heights = [0.5 * (a[1] + b[1]) for a, b in zip(profile, profile[1:])]
    obj = _lathe("shade", profile, [glass, wet], lambda i: 1 if heights[i] < edge else 0, segments=48)
    obj.visible_camera = obj.visible_glossy = obj.visible_transmission = False
    return common.see_through(obj)


def _cap(name, cap):
    low, high = layout.CAP_BOTTOM + cap["height"], layout.CAP_TOP + cap["height"]
    low = max(low, layout.CAP_BOTTOM)
    profile = [
        (0.0, high - 0.14),
        (1.5, high - 0.14),
        (1.5, low),
        (1.66, low),
        (1.70, low + 0.03),
        (1.72, low + 0.08),
        (1.72, low + 0.2),
        (1.69, low + 0.22),
        (1.69, low + 0.27),
        (1.71, low + 0.3),
        (1.71, high - 0.24),
        (1.68, high - 0.12),
        (1.6, high - 0.04),
        (1.5, high),
        (1.2, high - 0.005),
        (0.0, high - 0.012),
    ]

    def ribbed(r, z, a):
        if low + 0.29 < z < high - 0.2 and r > 1.6:
            return r - 0.05 * max(0.0, math.cos(40 * a)) ** 2
        return r

    # Two rows more, so that the ribs run out at both ends.
    i = next(k for k, (r, z) in enumerate(profile) if abs(z - (high - 0.24)) < 1e-9)
    profile.insert(i + 1, (1.71, high - 0.19))
    colour = [min(0.9, c * cap["tone"]) for c in CAPS[cap["color"]]]
    m = common.plastic(
        f"cap {cap['color']}", colour, roughness=0.3, roughness_spread=0.08, grain=0.0006, seed=cap["spin"], coat=0.15
    )
    obj = _lathe(name, profile, [m], segments=320, radius=ribbed)
    obj.rotation_euler.z = math.radians(cap["spin"])
    return obj


def _paper(name, params, pixels, size, lift=PAPER_LIFT):
    m = _printed(name, pixels, roughness=0.42, specular=0.35, grain=0.012, seed=params["grain"])
    return _patch(name, params["azimuth"], params["z"], params["tilt"], size, lift, m)


# --- damage ----------------------------------------------------------------------------------------------------


def _crack(damage):
    r = layout.outer_radius(damage["z"])
    vertices, faces = [], []

    def add(points, quads):
        first = len(vertices)
        for s, t in points:
            vertices.append(_on_glass(damage["azimuth"] + math.degrees(s / r), damage["z"] + t, CRACK_LIFT))
        faces.extend(tuple(first + i for i in face) for face in quads)

    for ray in damage["rays"]:
        count = len(ray["points"])
        # Full width at the impact, a hair at the tip.
        add(*_strip(ray["points"], [ray["width"] * (1 - 0.7 * i / (count - 1)) for i in range(count)]))
    chip = damage["chip_outline"]
    step = 2 * math.pi / len(chip)
    radii = [damage["chip"] * c for c in chip]
    ring = [(r * math.cos(i * step), r * math.sin(i * step)) for i, r in enumerate(radii)]
    add([(0.0, 0.0), *ring], [(0, 1 + i, 1 + (i + 1) % len(ring)) for i in range(len(ring))])

    # The flanks of a crack mirror a lamp here and the dark room there.
    m, g, out = _surface("crack")
    at = g.position((damage["azimuth"], 0, 0))
    facet = g.noise(at, 2.6, 2.0)
    bsdf = g.node("ShaderNodeBsdfPrincipled")
    shade = g.ramp(facet, [(0.4, (0.012, 0.014, 0.014)), (0.5, (0.1, 0.11, 0.11)), (0.56, (0.9, 0.94, 0.93))])
    g.put(bsdf.inputs["Base Color"], shade)
    bsdf.inputs["Roughness"].default_value = 0.18
    bsdf.inputs["Specular"].default_value = 0.8
    g.put(bsdf.inputs["Normal"], g.bump(g.noise(at, 9.0, 2.0), 1.0, 0.08))
    g.link(bsdf.outputs[0], out)
    return [common.mesh_object("crack", vertices, faces, m)]


def _foreign(params, damage):
    content = params["fill"]["content"]
    size = damage["size"]
    vertices, faces = [], []

    def add(part, transform):
        first = len(vertices)
        vertices.extend(transform(Vector(v)) for v in part[0])
        faces.extend(tuple(first + i for i in face) for face in part[1])

    if damage["body"] == "insect":
        for length, width, x in ((0.62, 0.34, -0.42), (0.36, 0.3, 0.22), (0.22, 0.22, 0.58)):
            add(_ball(1.0), lambda v, a=length, b=width, x=x: size * Vector((0.7 * a * v.x + x, b * v.y, b * v.z)))
        for side in (-1, 1):  # wings
            spread = Euler((0, 0, side * 0.5)).to_matrix()
            add(
                _ball(1.0, 14, 6),
                lambda v, side=side, spread=spread: size
                * (spread @ Vector((0.5 * v.x - 0.45, 0.2 * v.y + 0.3 * side, 0.03 * v.z + 0.2))),
            )
    elif damage["body"] == "shard":
        outline = damage["outline"]
        count = len(outline)
        ring = [
            (0.85 * size * c * math.cos(2 * math.pi * i / count), 0.6 * size * c * math.sin(2 * math.pi * i / count))
            for i, c in enumerate(outline)
        ]
        flat = [(x, y, -0.07 * size) for x, y in ring] + [(x, y, 0.07 * size) for x, y in ring]
        sides = [(i, (i + 1) % count, count + (i + 1) % count, count + i) for i in range(count)]
        add((flat, sides + [tuple(reversed(range(count))), tuple(range(count, 2 * count))]), lambda v: v)
    else:
        shift = Vector((damage["turn"][0], damage["turn"][1], 0.0))
        add(
            _ball(1.0, 28, 18),
            lambda v: v * size * (0.62 + 0.42 * noise.noise(v * 1.5 + shift)) * (1 + 0.2 * noise.noise(v * 5 + shift)),
        )

    # It lies with its flat side to the wall.
    spin, pitch, yaw = (math.radians(t) for t in damage["turn"])
    turn = Euler((pitch * 0.5, yaw * 0.5, spin)).to_matrix()
    a = math.radians(damage["azimuth"])
    wall_r = layout.inner_radius(damage["z"])
    # A clear drink shows what swims in it; in milk only what touches the glass can be seen.
    squeeze, inset = (0.45, -0.06) if content == "milk" else (1.0, 0.5 * size)
    outward = Vector((math.sin(a), -math.cos(a), 0.0))
    across = Vector((math.cos(a), math.sin(a), 0.0))
    placed = []
    for v in vertices:
        w = turn @ v
        placed.append(across * w.x + outward * (w.z * squeeze + wall_r - inset) + Vector((0, 0, w.y + damage["z"])))
    # Nothing reaches through the glass.
    for i, v in enumerate(placed):
        limit = layout.inner_radius(min(max(v.z, 0.8), 11.0)) + (layout.WALL * 0.5 if content == "milk" else -0.02)
        r = math.hypot(v.x, v.y)
        if r > limit:
            placed[i] = Vector((v.x * limit / r, v.y * limit / r, v.z))
    m = common.plastic("foreign body", FOREIGN[damage["color"]], roughness=0.45, seed=damage["turn"][0])
    return [common.mesh_object("foreign body", placed, faces, m, smooth=damage["body"] != "shard")]


def _stain_pixels(damage):
    """RGBA of a blot, its satellites around it, on a square four sizes wide."""
    side = 160
    extent = 2.2
    x = ((np.arange(side) + 0.5) / side * 2 - 1)[None, :] * extent
    y = ((np.arange(side) + 0.5) / side * 2 - 1)[:, None] * extent
    outline = np.array(damage["outline"])
    angle = (np.arctan2(y, x) % (2 * np.pi)) / (2 * np.pi) * len(outline)
    radius = np.interp(angle, np.arange(len(outline) + 1), np.append(outline, outline[0]))
    d = np.hypot(x, y) - radius
    for direction, distance, r in damage["satellites"]:
        a = math.radians(direction)
        d = np.minimum(d, np.hypot(x - distance * math.cos(a), y - distance * math.sin(a)) - r)
    alpha = np.clip(0.5 - d / 0.12, 0, 1)
    rng = np.random.Generator(np.random.PCG64(damage["seed"]))
    cloud = sum(
        np.sin(k * x * 2 + rng.uniform(0, 6.3)) * np.cos(k * y * 2 + rng.uniform(0, 6.3)) / k for k in (1, 2, 3, 5, 7)
    )
    # Dried blots are darkest along their edge.
    rim = np.exp(-((d / 0.16) ** 2))
    density = np.clip(0.8 + 0.08 * cloud + 0.16 * rim, 0, 1)
    base = np.array(STAINS[damage["color"]])
    colour = base * (1.25 - 0.5 * rim[..., None]) * (1 + 0.2 * cloud[..., None])
    return np.dstack([np.clip(colour, 0, 1), alpha * density]).astype(np.float32), alpha, extent


def _stain(damage):
    pixels, cover, extent = _stain_pixels(damage)
    m = _printed("stain", pixels, roughness=0.35, specular=0.4, grain=0.006, seed=damage["size"])
    size = 2 * extent * damage["size"]
    obj = _patch("stain", damage["azimuth"], damage["z"], 0.0, (size, size), STAIN_LIFT, m, columns=48, rows=48)
    common.in_masks(m, _white_where("stain cover", cover))
    return [obj]


def _spill(damage, base):
    parts = []
    puddle, run = damage["puddle"], damage["run"]
    if puddle is not None:
        count = len(puddle["outline"])
        edge = []
        for i, c in enumerate(puddle["outline"]):
            a = 2 * math.pi * i / count
            width, depth = puddle["size"]
            edge.append((puddle["x"] + width * c * math.cos(a), puddle["y"] + depth * c * math.sin(a)))
        parts.append(_dome("puddle", edge, 0.13, _wet(damage["content"], thin=0.25)))
    if run is not None:
        rows, columns = 90, 9
        vertices, faces = [], []
        wander = run["wander"]
        for i in range(rows + 1):
            t = i / rows
            z = run["z_top"] + (run["z_end"] - run["z_top"]) * t
            k = t * (len(wander) - 1)
            low = min(int(k), len(wander) - 2)
            f = k - low
            f = f * f * (3 - 2 * f)
            azimuth = run["azimuth"] + wander[low] * (1 - f) + wander[low + 1] * f
            # Thin where it came down, a drop at its end, round at both tips.
            tip = 1 - t
            length = run["z_top"] - run["z_end"]
            drop_at = 0.32 / length
            width = run["width"] * (0.75 + (run["drop"] - 0.75) * math.exp(-((tip - drop_at) / (1.2 * drop_at)) ** 2))
            width *= math.sqrt(max(0.0, 1 - max(0.0, 1 - tip * length / 0.25) ** 2)) * min(1.0, 0.35 + t * length / 0.5)
            r = layout.outer_radius(min(max(z, 0.12), 10.2))
            for c in range(columns + 1):
                s = 2 * c / columns - 1
                rise = RUN_LIFT + 0.35 * width * math.sqrt(max(0.0, 1 - s * s)) * 0.6
                vertices.append(_on_glass(azimuth + math.degrees(s * width / 2 / r), z, rise))
        for i in range(rows):
            for c in range(columns):
                a = i * (columns + 1) + c
                faces.append((a, a + columns + 1, a + columns + 2, a + 1))
        obj = common.mesh_object("run", vertices, faces, _wet(damage["content"], thin=0.2), smooth=True)
        obj.parent = base
        parts.append(obj)
    return parts


# --- the scene -------------------------------------------------------------------------------------------------


def build(params) -> None:
    _parts.clear()
    _station(params)
    base = bpy.data.objects.new("bottle", None)
    bpy.context.collection.objects.link(base)
    base.location = (params["bottle"]["x"], params["bottle"]["y"], 0.0)
    _parts["base"] = base
    mine = _glass(params)
    if params["cap"] is not None:
        _parts["cap"] = _cap("cap", params["cap"])
        mine.append(_parts["cap"])
    tears = [d for d in params["damage"] if d["kind"] == "tear"]
    _parts["labels"] = []
    for i, label in enumerate(params["labels"]):
        pixels = bottle_print.label(label, layout.LABEL_SIZE, layout.LABEL_CORNER)
        for tear in tears:
            pixels, gone = bottle_print.tear(pixels, tear, layout.LABEL_SIZE)
            m = _white_where("torn off", gone)
            common.in_masks(m, m)
            piece = _patch("torn off", label["azimuth"], label["z"], label["tilt"], layout.LABEL_SIZE, TEAR_LIFT, m)
            _parts["tear"] = [common.ghost(piece)]
            mine.append(piece)
        _parts["labels"].append(_paper(f"label {i}", label, pixels, layout.LABEL_SIZE))
    _parts["stickers"] = []
    for i, sticker in enumerate(params["stickers"]):
        pixels = bottle_print.sticker(sticker, layout.STICKER_SIZE, layout.STICKER_CORNER)
        _parts["stickers"].append(_paper(f"sticker {i}", sticker, pixels, layout.STICKER_SIZE))
    mine += _parts["labels"] + _parts["stickers"]
    for damage in params["damage"]:
        if damage["kind"] == "crack":
            _parts["crack"] = _crack(damage)
        elif damage["kind"] == "foreign":
            _parts["foreign"] = _foreign(params, damage)
        elif damage["kind"] == "stain":
            _parts["stain"] = _stain(damage)
        elif damage["kind"] == "spill":
            _parts["spill"] = _spill(damage, base)
            continue
        elif damage["kind"] == "tear":
            continue
        mine += _parts[damage["kind"]]
    for obj in mine:
        obj.parent = base


# --- masks -----------------------------------------------------------------------------------------------------


def _sheet_mask(obj, pixels_alpha):
    """White in masks in the shape of the paper, corners cut."""
    common.in_masks(obj.data.materials[0], _white_where(f"{obj.name} cover", pixels_alpha))
    return obj


def _label_alpha():
    return bottle_print.Paper(layout.LABEL_SIZE, layout.LABEL_CORNER, (1, 1, 1)).alpha


def _sticker_alpha():
    return bottle_print.Paper(layout.STICKER_SIZE, layout.STICKER_CORNER, (1, 1, 1)).alpha


def _spot(name, z, azimuth, size, alpha):
    """A ghost of the paper where it belongs."""
    m = _white_where(name, alpha)
    common.in_masks(m, m)
    obj = common.ghost(_patch(name, azimuth, z, 0.0, size, TEAR_LIFT, m))
    obj.parent = _parts["base"]
    return obj


def _drink_between(low, high):
    """A ghost that fills the bottle between two heights and reaches into the wall, where drink appears to reach."""
    inner = [p for p in layout.inner_profile() if low < p[1] < high]
    reach = 0.06
    profile = [(layout.inner_radius(high) + reach, high), *((r + reach if r > 0 else 0, z) for r, z in inner)]
    if low > 0.75:
        profile += [(layout.inner_radius(low) + reach, low), (0.0, low)]
    else:
        profile += [(0.0, 0.62)]
    obj = common.ghost(_lathe("drink that should be there", [(0.0, high), *profile], []))
    obj.parent = _parts["base"]
    return obj


def defect_masks(params) -> list[tuple[str, list[bpy.types.Object]]]:
    drink = params["fill"]["content"]
    level = params["fill"]["level"]
    spin = params["bottle"]["spin"]
    masks = []

    def label_spot():
        return _spot("label spot", layout.LABEL_Z, spin, layout.LABEL_SIZE, _label_alpha())

    def label_itself(i=0):
        return _sheet_mask(_parts["labels"][i], _label_alpha())

    for i, label in enumerate(params["labels"]):
        if level > 0 and label["print"] != drink:
            masks.append(("wrong_label", [label_itself(i)]))
        if abs(math.remainder(label["tilt"], 360)) > layout.TILT_TOLERANCE:
            masks.append(("label_turned", [label_itself(i)]))
    if not params["labels"]:
        masks.append(("label_missing", [label_spot()]))
    spots = [(p, layout.LABEL_Z) for p in params["labels"]] + [(p, layout.STICKER_Z) for p in params["stickers"]]
    off = [
        abs(p["z"] - z) > layout.POSITION_TOLERANCE_Z or abs(p["azimuth"]) > layout.POSITION_TOLERANCE_AZIMUTH
        for p, z in spots
    ]
    if len(off) == 2 and all(off):
        sticker = _sheet_mask(_parts["stickers"][0], _sticker_alpha())
        place = _spot("sticker spot", layout.STICKER_Z, spin, layout.STICKER_SIZE, _sticker_alpha())
        masks.append(("labels_swapped", [label_itself(), label_spot(), sticker, place]))
    elif any(off):
        masks.append(("label_shifted", [label_itself(), label_spot()]))
    if level <= 0:
        masks.append(("empty", [_drink_between(0.0, layout.FILL_BAND[1])]))
    elif level < layout.FILL_BAND[0]:
        masks.append(("underfilled", [_drink_between(level, layout.FILL_BAND[1])]))
    elif level > layout.FILL_BAND[1]:
        masks.append(("overfilled", [_drink_between(layout.FILL_BAND[1], level)]))
    if params["cap"] is None:
        cap = common.ghost(_cap("cap that should be there", {"color": "red", "spin": 0.0, "tone": 1.0, "height": 0.0}))
        cap.parent = _parts["base"]
        masks.append(("cap_missing", [cap]))
    elif level > 0 and params["cap"]["color"] != layout.CAP_OF[drink]:
        masks.append(("wrong_cap", [_parts["cap"]]))
    for part, name in (
        ("tear", "torn_label"),
        ("crack", "cracked_glass"),
        ("foreign", "foreign_body"),
        ("stain", "stain"),
        ("spill", "spill"),
    ):
        if part in _parts:
            masks.append((name, _parts[part]))
    return masks
