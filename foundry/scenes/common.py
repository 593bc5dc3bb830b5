"""What all scenes share inside Blender: camera, environment light, materials, photograph and mask renders.

1 Blender unit = 1 cm. Runs in Blender 3.4 (`import bpy`).
"""

from __future__ import annotations

import functools
import math
import os
import random
import sys
import tempfile
import traceback
from typing import Callable, NoReturn

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector

from denoise import denoise

LOOK = 2
"""Raised by hand when a change here, or in denoise.py, changes how pictures look; old renders are then made again.

A scene's `<scene>_build.LOOK` does the same for that scene alone.
"""

GHOST = "mask_only"
CLEAR = "mask_see_through"
IN_MASKS = "mask_material"


# --- scene -----------------------------------------------------------------------------------------------------


def reset(size: int) -> None:
    """An empty scene with the render settings of a `size` × `size` picture. Noise tiles are kept from before."""
    for name in bpy.data.images.keys():
        if not name.startswith("noise "):
            bpy.data.images.remove(bpy.data.images[name])
    for collection in ("objects", "meshes", "curves", "cameras", "lights", "materials", "worlds", "texts", "fonts"):
        blocks = getattr(bpy.data, collection)
        for block in list(blocks):
            if collection != "fonts" or block.users == 0:
                blocks.remove(block)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.render.threads_mode = "FIXED"
    scene.render.threads = 2
    # Radiance leaves Blender linear; develop.py does what a camera does with it.
    scene.view_settings.view_transform = "Raw"
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.image_settings.color_depth = "32"
    scene.render.image_settings.exr_codec = "NONE"
    cycles = scene.cycles
    cycles.device = "CPU"
    # A handful of samples each: nothing to adapt.
    cycles.use_adaptive_sampling = False
    # The pictures are denoised by denoise.py; this build of Blender cannot.
    cycles.use_denoising = False
    # The second bounce is looked up in the environment instead of traced: half the time, and soft light either way.
    cycles.use_fast_gi = True
    cycles.fast_gi_method = "REPLACE"
    cycles.ao_bounces_render = 1
    scene.render.use_persistent_data = True
    cycles.max_bounces = 6
    cycles.diffuse_bounces = 3
    cycles.glossy_bounces = 3
    cycles.transmission_bounces = 6
    cycles.transparent_max_bounces = 8
    cycles.caustics_reflective = False
    cycles.caustics_refractive = False
    cycles.sample_clamp_direct = 0
    cycles.sample_clamp_indirect = 3.0
    cycles.blur_glossy = 0.6
    cycles.pixel_filter_type = "BLACKMAN_HARRIS"
    cycles.filter_width = 1.5


def set_quality(samples: int, noise_threshold: float = 0.0, **cycles_settings) -> None:
    """Samples a pixel (twice a power of two suits the Sobol sequence), and any other attribute of `scene.cycles`.

    `noise_threshold` is the adaptive sampler's, where a scene switches it on.
    """
    cycles = bpy.context.scene.cycles
    cycles.samples = samples
    cycles.adaptive_threshold = noise_threshold
    for name, value in cycles_settings.items():
        setattr(cycles, name, value)


def set_camera(camera: dict) -> bpy.types.Object:
    """The camera of `studio.camera`, focused at its target's distance."""
    data = bpy.data.cameras.new("camera")
    data.sensor_width = 36.0
    data.angle = math.radians(camera["fov_deg"])
    data.clip_start, data.clip_end = 0.1, 2000.0
    obj = bpy.data.objects.new("camera", data)
    position, target = Vector(camera["position"]), Vector(camera["target"])
    look = target - position
    # Up is +y in the picture for a camera looking down and +z for one looking ahead.
    up = Vector((0, 1, 0)) if abs(look.normalized().z) > 0.7 else Vector((0, 0, 1))
    back = -look.normalized()
    right = up.cross(back).normalized()
    rotation = Matrix((right, back.cross(right), back)).transposed().to_4x4()
    roll = Matrix.Rotation(math.radians(camera["roll_deg"]), 4, "Z")
    obj.matrix_world = Matrix.Translation(position) @ rotation @ roll
    if camera["aperture"] > 0:
        data.dof.use_dof = True
        data.dof.focus_distance = camera.get("focus_distance", look.length)
        # Cycles takes the pupil as lens [mm] / 1000 / fstop in Blender units.
        data.dof.aperture_fstop = data.lens / 1000 / camera["aperture"]
    bpy.context.collection.objects.link(obj)
    bpy.context.scene.camera = obj
    return obj


def set_room(light: dict) -> None:
    """The environment of `studio.room` as the world's light: graded walls with rectangular bright panels.

    It is drawn into an equirectangular picture first: one importance-sampled light that costs one texture look-up.
    """
    height = 256
    v = (np.arange(height) + 0.5) / height
    u = (np.arange(2 * height) + 0.5) / (2 * height)
    elevation, azimuth = np.meshgrid((v - 0.5) * np.pi, (0.5 - u) * 2 * np.pi, indexing="ij")
    ray = np.stack(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)], axis=-1
    )
    radiance = _room_radiance(ray, light)
    world = bpy.data.worlds.new("room")
    bpy.context.scene.world = world
    world.use_nodes = True
    world.cycles.sampling_method = "MANUAL"
    world.cycles.sample_map_resolution = 512
    tree = world.node_tree
    tree.nodes.clear()
    g = Graph(tree)
    texture = g.node("ShaderNodeTexEnvironment", image=_image("room", radiance))
    background = g.node("ShaderNodeBackground")
    g.link(texture.outputs["Color"], background.inputs["Color"])
    output = g.node("ShaderNodeOutputWorld")
    g.link(background.outputs[0], output.inputs["Surface"])


def _room_radiance(ray: np.ndarray, light: dict) -> np.ndarray:
    """Radiance [..., 3] that arrives from the unit directions `ray` [..., 3]."""
    stops = np.array([-0.1, 0.1, 0.8])
    colours = np.array([light["ground"], light["horizon"], light["zenith"]])
    walls = np.stack([np.interp(ray[..., 2], stops, colours[:, c]) for c in range(3)], axis=-1)
    # What stands about in a room: a few broad waves over the sphere.
    rng = np.random.Generator(np.random.PCG64(int(light["mottle_seed"] * 1e6)))
    waves = rng.normal(0, 3.5, (12, 3))
    phases = rng.uniform(0, 2 * np.pi, 12)
    mottle = np.sin(ray @ waves.T + phases).sum(-1) / np.sqrt(6)
    total = walls * np.clip(1 + light["mottle"] * mottle, 0.1, None)[..., None]
    for p in light["panels"]:
        axis = Vector(p["direction"]).normalized()
        side = (Vector((0, 0, 1)) if abs(axis.z) < 0.99 else Vector((0, 1, 0))).cross(axis).normalized()
        side = Matrix.Rotation(math.radians(p["roll_deg"]), 3, axis) @ side
        depth = ray @ np.array(axis)
        lit = (depth > 0.05).astype(float)
        for direction, half, panes in zip((side, axis.cross(side)), p["half_size"], p["bars"]):
            t = np.abs(ray @ np.array(direction)) / np.maximum(depth, 0.05)
            if panes == 2:
                # Two panes either side of a bar: distance from the middle of the nearer one.
                t = np.abs(t - half * 0.54)
                half = half * 0.46
            soft = max(p["softness"] * half, 1e-3)
            x = np.clip((half + soft - t) / (2 * soft), 0, 1)
            lit = lit * x * x * (3 - 2 * x)
        total = total + lit[..., None] * p["strength"] * np.array(p["colour"])
    return total


def _image(name: str, pixels: np.ndarray) -> bpy.types.Image:
    """A linear float image from [height, width] or [height, width, 3], row 0 at the bottom."""
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    height, width = pixels.shape[:2]
    image = bpy.data.images.new(name, width, height, float_buffer=True, is_data=True)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = pixels
    image.pixels.foreach_set(rgba.ravel())
    image.pack()
    return image


# --- node graphs -----------------------------------------------------------------------------------------------


class Graph:
    """Short names for the shader nodes the scenes use. Values may be sockets or numbers."""

    def __init__(self, tree):
        self.tree = tree

    def node(self, kind: str, **attributes):
        node = self.tree.nodes.new(kind)
        for name, value in attributes.items():
            setattr(node, name, value)
        return node

    def link(self, source, sink) -> None:
        self.tree.links.new(source, sink)

    def put(self, sink, value) -> None:
        """Connects a socket, or sets a constant (RGB gets alpha 1 where the socket wants it)."""
        if isinstance(value, bpy.types.NodeSocket):
            self.link(value, sink)
        elif isinstance(value, (int, float)):
            if hasattr(sink.default_value, "__len__"):
                sink.default_value = [value] * len(sink.default_value)
            else:
                sink.default_value = value
        else:
            value = list(value)
            sink.default_value = value + [1.0] * (len(sink.default_value) - len(value))

    def math(self, operation: str, a, b=None, c=None):
        node = self.node("ShaderNodeMath", operation=operation)
        for sink, value in zip(node.inputs, (a, b, c)):
            if value is not None:
                self.put(sink, value)
        return node.outputs[0]

    def vector_math(self, operation: str, a, b=None):
        """The scalar output for DOT_PRODUCT, LENGTH and DISTANCE, the vector otherwise."""
        node = self.node("ShaderNodeVectorMath", operation=operation)
        self.put(node.inputs[0], a)
        if b is not None:
            self.put(node.inputs[1], b)
        scalar = operation in ("DOT_PRODUCT", "LENGTH", "DISTANCE")
        return node.outputs["Value" if scalar else "Vector"]

    def smooth_step(self, value, at_zero: float, at_one: float):
        """0 where value reaches `at_zero`, 1 at `at_one`, smooth between; either may be the larger."""
        node = self.node("ShaderNodeMapRange", interpolation_type="SMOOTHSTEP")
        if at_zero > at_one:
            at_zero, at_one, low, high = at_one, at_zero, 1.0, 0.0
        else:
            low, high = 0.0, 1.0
        for name, v in (("From Min", at_zero), ("From Max", at_one), ("To Min", low), ("To Max", high)):
            node.inputs[name].default_value = v
        self.put(node.inputs["Value"], value)
        return node.outputs["Result"]

    def rgb(self, colour):
        node = self.node("ShaderNodeCombineXYZ")
        for sink, value in zip(node.inputs, colour):
            sink.default_value = value
        return node.outputs[0]

    def ramp(self, factor, stops):
        """A colour ramp through `stops`, (position, linear RGB or grey) in ascending order."""
        node = self.node("ShaderNodeValToRGB")
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(1.0)
        for element, (position, colour) in zip(elements, stops):
            element.position = position
            element.color = [*([colour] * 3 if isinstance(colour, (int, float)) else colour), 1.0]
        self.put(node.inputs["Fac"], factor)
        return node.outputs["Color"]

    def scale_colour(self, colour, factor):
        node = self.node("ShaderNodeVectorMath", operation="SCALE")
        self.put(node.inputs[0], colour)
        self.put(node.inputs["Scale"], factor)
        return node.outputs[0]

    def add_colour(self, a, b):
        return self.vector_math("ADD", a, b)

    def mix(self, factor, a, b):
        """a where factor is 0, b where it is 1; RGB."""
        node = self.node("ShaderNodeMixRGB")
        for sink, value in zip(node.inputs, (factor, a, b)):
            self.put(sink, value)
        return node.outputs[0]

    def position(self, offset=(0.0, 0.0, 0.0)):
        """Object-space coordinates in cm, moved by `offset` (so that textures differ between pictures)."""
        return self.vector_math("ADD", self.node("ShaderNodeTexCoord").outputs["Object"], offset)

    def world_position(self, offset=(0.0, 0.0, 0.0)):
        return self.vector_math("ADD", self.node("ShaderNodeNewGeometry").outputs["Position"], offset)

    def noise(self, vector, scale: float, detail: float = 2.0, roughness: float = 0.5, seed: float = 0.0):
        """Fractal noise, mean 0.5, mostly in [0.2, 0.8]: features of size 1 / scale, `detail` finer octaves of them,

        each `roughness` times as strong. Read from a tile by box projection: an evaluated noise node costs ten times
        as much. `seed` moves the tile.
        """
        rng = random.Random(seed)
        period = TILE_FEATURES / scale
        mapping = self.node("ShaderNodeMapping")
        mapping.inputs["Scale"].default_value = [1 / period] * 3
        mapping.inputs["Location"].default_value = [rng.random() for _ in range(3)]
        self.put(mapping.inputs["Vector"], vector)
        node = self.node("ShaderNodeTexImage", image=_tile(round(detail), roughness), projection="BOX")
        node.projection_blend = 0.3
        self.link(mapping.outputs[0], node.inputs["Vector"])
        return node.outputs["Color"]

    def bump(self, height, strength: float, distance: float):
        """A normal from a height field; `distance` is the height of a full step, in cm."""
        node = self.node("ShaderNodeBump")
        node.inputs["Strength"].default_value = strength
        node.inputs["Distance"].default_value = distance
        self.put(node.inputs["Height"], height)
        return node.outputs["Normal"]


TILE_FEATURES = 16
"""Features of the coarsest octave along a noise tile."""


def _tile(detail: int, roughness: float) -> bpy.types.Image:
    name = f"noise {detail} {roughness}"
    return bpy.data.images.get(name) or _image(name, _tile_pixels(detail, roughness))


@functools.cache
def _tile_pixels(detail: int, roughness: float) -> np.ndarray:
    """A periodic noise tile, 512 × 512: octaves of Gaussian noise, each confined to its band of frequencies."""
    size = 512
    rng = np.random.Generator(np.random.PCG64([detail, round(roughness * 1000)]))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size) * size, np.fft.fftfreq(size) * size))
    total, variance = np.zeros((size, size)), 0.0
    for octave in range(detail + 1):
        band = TILE_FEATURES / 2 * 2**octave
        spectrum = np.fft.fft2(rng.standard_normal((size, size)))
        field = np.fft.ifft2(spectrum * np.exp(-0.5 * ((frequency - band) / (0.35 * band)) ** 2)).real
        total += field / field.std() * roughness**octave
        variance += roughness ** (2 * octave)
    return 0.5 + 0.13 * total / math.sqrt(variance)


def material(name: str) -> tuple[bpy.types.Material, Graph, bpy.types.ShaderNode]:
    """A new material: itself, its graph, and its Principled BSDF, already connected."""
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    m.node_tree.nodes.clear()
    g = Graph(m.node_tree)
    bsdf = g.node("ShaderNodeBsdfPrincipled")
    output = g.node("ShaderNodeOutputMaterial")
    g.link(bsdf.outputs[0], output.inputs["Surface"])
    return m, g, bsdf


def plastic(
    name: str,
    colour,
    *,
    roughness: float = 0.35,
    roughness_spread: float = 0.1,
    grain: float = 0.0,
    grain_scale: float = 60.0,
    mottle: float = 0.04,
    seed: float = 0.0,
    subsurface: float = 0.0,
    coat: float = 0.0,
) -> bpy.types.Material:
    """Moulded plastic, never quite even: roughness wanders, the colour mottles, the surface has a fine grain.

    `grain` is the grain's depth in cm, `mottle` the relative spread of the colour.
    """
    m, g, bsdf = material(name)
    at = g.position()
    slow = g.noise(at, 0.7, 3.0, seed=seed)
    fine = g.noise(at, 6.0, 4.0, 0.6, seed=seed + 7)
    spread = g.math("MULTIPLY_ADD", g.math("ADD", slow, fine), roughness_spread, roughness - roughness_spread)
    g.put(bsdf.inputs["Roughness"], spread)
    tint = g.math("MULTIPLY_ADD", slow, 2 * mottle, 1 - mottle)
    g.put(bsdf.inputs["Base Color"], g.scale_colour(g.rgb(colour), tint))
    bsdf.inputs["Specular"].default_value = 0.45
    bsdf.inputs["Clearcoat"].default_value = coat
    bsdf.inputs["Clearcoat Roughness"].default_value = 0.12
    if subsurface > 0:
        bsdf.inputs["Subsurface"].default_value = subsurface
        bsdf.inputs["Subsurface Color"].default_value = [*colour, 1.0]
        bsdf.inputs["Subsurface Radius"].default_value = [0.1, 0.07, 0.05]
    if grain > 0:
        g.put(bsdf.inputs["Normal"], g.bump(g.noise(at, grain_scale, 2.0, seed=seed + 13), 1.0, grain))
    return m


def metal(name: str, colour=(0.62, 0.61, 0.58), *, roughness: float = 0.22, seed: float = 0.0) -> bpy.types.Material:
    """Plain steel with a slightly uneven polish."""
    m, g, bsdf = material(name)
    wear = g.noise(g.position(), 5.0, 3.0, seed=seed)
    g.put(bsdf.inputs["Roughness"], g.math("MULTIPLY_ADD", wear, 0.16, roughness - 0.08))
    bsdf.inputs["Base Color"].default_value = [*colour, 1.0]
    bsdf.inputs["Metallic"].default_value = 1.0
    return m


# --- meshes ----------------------------------------------------------------------------------------------------


def mesh_object(name: str, vertices, faces, mat=None, *, smooth: bool = False) -> bpy.types.Object:
    """A mesh object from vertex positions and face index lists, linked into the scene."""
    data = bpy.data.meshes.new(name)
    data.from_pydata([tuple(v) for v in vertices], [], [tuple(f) for f in faces])
    data.validate()
    data.update()
    if smooth:
        data.polygons.foreach_set("use_smooth", [True] * len(data.polygons))
    if mat is not None:
        data.materials.append(mat)
    obj = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(obj)
    return obj


def revolve(name: str, profile, mat=None, *, segments: int = 48, crease_deg: float = 40.0) -> bpy.types.Object:
    """A solid of revolution about z from `profile`, a list of (radius, z) from one end to the other.

    Ends with a radius above zero are closed with a disc. Edges sharper than `crease_deg` stay sharp.
    """
    vertices, faces, rings = [], [], []
    for radius, z in profile:
        if radius <= 1e-9:
            rings.append([len(vertices)])
            vertices.append((0.0, 0.0, z))
        else:
            first = len(vertices)
            for k in range(segments):
                a = 2 * math.pi * k / segments
                vertices.append((radius * math.cos(a), radius * math.sin(a), z))
            rings.append(list(range(first, first + segments)))
    for lower, upper in zip(rings, rings[1:]):
        for k in range(segments):
            j = (k + 1) % segments
            if len(lower) == 1 and len(upper) == 1:
                break
            if len(lower) == 1:
                faces.append((lower[0], upper[j], upper[k]))
            elif len(upper) == 1:
                faces.append((lower[k], lower[j], upper[0]))
            else:
                faces.append((lower[k], lower[j], upper[j], upper[k]))
    if len(rings[0]) > 1:
        faces.append(tuple(reversed(rings[0])))
    if len(rings[-1]) > 1:
        faces.append(tuple(rings[-1]))
    obj = mesh_object(name, vertices, faces, mat, smooth=True)
    keep_creases(obj, crease_deg)
    return obj


def keep_creases(obj: bpy.types.Object, angle_deg: float = 40.0) -> None:
    """Smooth shading except across edges sharper than `angle_deg`."""
    obj.data.use_auto_smooth = True
    obj.data.auto_smooth_angle = math.radians(angle_deg)


def tube(name: str, points, radius, mat=None, *, segments: int = 12) -> bpy.types.Object:
    """A closed tube along `points`; `radius` is one number or one for each point (0 makes a tip)."""
    points = [Vector(p) for p in points]
    radii = [radius] * len(points) if isinstance(radius, (int, float)) else list(radius)
    tangents = []
    for i in range(len(points)):
        tangents.append((points[min(i + 1, len(points) - 1)] - points[max(i - 1, 0)]).normalized())
    side = tangents[0].orthogonal().normalized()
    vertices, faces = [], []
    for point, tangent, r in zip(points, tangents, radii):
        side = (side - tangent * side.dot(tangent)).normalized()
        other = tangent.cross(side)
        for k in range(segments):
            a = 2 * math.pi * k / segments
            vertices.append(point + (side * math.cos(a) + other * math.sin(a)) * max(r, 1e-4))
    for i in range(len(points) - 1):
        for k in range(segments):
            j = (k + 1) % segments
            a, b = i * segments, (i + 1) * segments
            faces.append((a + k, a + j, b + j, b + k))
    faces.append(tuple(reversed(range(segments))))
    faces.append(tuple(range((len(points) - 1) * segments, len(points) * segments)))
    obj = mesh_object(name, vertices, faces, mat, smooth=True)
    keep_creases(obj, 50)
    return obj


def rounded_loop(cx, cy, hx, hy, radius, z, steps=6):
    """A rounded rectangle as points, counter-clockwise, `steps` + 1 points to a corner, first corner (+, +)."""
    points = []
    for quarter, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        for k in range(steps + 1):
            a = math.radians(90 * (quarter + k / steps))
            points.append(
                (cx + sx * (hx - radius) + radius * math.cos(a), cy + sy * (hy - radius) + radius * math.sin(a), z)
            )
    return points


def jagged_box(name: str, size, roughness: float, seed: int, steps: int = 9) -> bpy.types.Object:
    """A ghost to cut with: a closed box around the origin whose faces are rough as after breaking, subdivided and

    displaced at random.
    """
    rng = random.Random(seed)
    bm = bmesh.new()
    bmesh.ops.create_cube(bm, size=1.0)
    bmesh.ops.subdivide_edges(bm, edges=bm.edges[:], cuts=steps - 1, use_grid_fill=True)
    for v in bm.verts:
        v.co = Vector(c * s for c, s in zip(v.co, size))
        v.co += Vector(rng.uniform(-1, 1) * roughness for _ in range(3))
    bmesh.ops.triangulate(bm, faces=bm.faces[:])
    bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
    data = bpy.data.meshes.new(name)
    bm.to_mesh(data)
    bm.free()
    obj = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(obj)
    return ghost(obj)


def break_out(obj: bpy.types.Object, cutter: bpy.types.Object, lost_name: str) -> None:
    """Takes the cutter's volume out of `obj`; the lost piece becomes a ghost of that name."""
    lost = obj.copy()
    lost.data = obj.data.copy()
    lost.name = lost_name
    bpy.context.collection.objects.link(lost)
    for target, operation in ((obj, "DIFFERENCE"), (lost, "INTERSECT")):
        cut = target.modifiers.new("break", "BOOLEAN")
        cut.operation = operation
        cut.object = cutter
        cut.solver = "EXACT"
        # Before the normals are smoothed.
        with bpy.context.temp_override(object=target):
            bpy.ops.object.modifier_move_to_index(modifier=cut.name, index=0)
    ghost(lost)


def grain(name: str, size: float, seed: int, mat) -> bpy.types.Object:
    """A crumb about `size` in radius that stands on z = 0."""
    rng = random.Random(seed)
    bm = bmesh.new()
    bmesh.ops.create_icosphere(bm, subdivisions=2, radius=1.0)
    squash = Vector((rng.uniform(0.8, 1.0), rng.uniform(0.7, 1.0), rng.uniform(0.5, 0.8)))
    for v in bm.verts:
        v.co = v.co * rng.uniform(0.8, 1.2) * size * squash
    low = min(v.co.z for v in bm.verts)
    for v in bm.verts:
        v.co.z -= low
    data = bpy.data.meshes.new(name)
    bm.to_mesh(data)
    bm.free()
    data.materials.append(mat)
    obj = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(obj)
    return obj


def drop(name: str, radius: float, lobes, mat) -> bpy.types.Object:
    """A flat drop on z = 0: rings of a lens-shaped section, the outline lobed by (phase, weight) pairs."""
    rings, around = 5, 48
    vertices, faces = [], []
    for i in range(rings + 1):
        t = i / rings
        for j in range(around):
            a = 2 * math.pi * j / around
            stretch = 1 + sum(0.9 / (n + 1) * w * math.cos((n + 2) * a + p) for n, (p, w) in enumerate(lobes))
            r = max(t, 1e-3) * radius * stretch
            vertices.append((r * math.cos(a), r * math.sin(a), 0.001 + 0.022 * (1 - t**3)))
    for i in range(rings):
        for j in range(around):
            n = (j + 1) % around
            faces.append((i * around + j, (i + 1) * around + j, (i + 1) * around + n, i * around + n))
    faces.append(tuple(range(around)))
    return mesh_object(name, vertices, faces, mat, smooth=True)


def bevel(obj: bpy.types.Object, width: float, segments: int = 2) -> None:
    modifier = obj.modifiers.new("bevel", "BEVEL")
    modifier.width = width
    modifier.segments = segments
    modifier.limit_method = "ANGLE"
    modifier.harden_normals = False


# --- photograph and masks --------------------------------------------------------------------------------------


def ghost(obj: bpy.types.Object) -> bpy.types.Object:
    """Absent from the photograph; appears, white, only in a mask that lists it."""
    obj[GHOST] = True
    obj.hide_render = True
    return obj


def see_through(obj: bpy.types.Object) -> bpy.types.Object:
    """In the photograph, but hides nothing in masks (glass, liquid behind glass)."""
    obj[CLEAR] = True
    return obj


def in_masks(mat: bpy.types.Material, counterpart: bpy.types.Material) -> bpy.types.Material:
    """What has the material `mat` is drawn with `counterpart` in masks, whether listed or not.

    For glass that must bend the view of a mask as it bends the photograph, and for shapes cut out by a texture's alpha.
    """
    mat[IN_MASKS] = counterpart
    # A second mask finds the counterpart already in place and must keep it.
    counterpart[IN_MASKS] = counterpart
    return mat


def render_photograph(seed: int) -> np.ndarray:
    """Linear radiance, float32 [size, size, 3], row 0 at the top, denoised.

    The samples set are divided between two renders with different noise, as `denoise.py` wants them.
    """
    scene = bpy.context.scene
    scene.cycles.samples = max(1, scene.cycles.samples // 2)
    halves = []
    for k in range(2):
        scene.cycles.seed = (seed + k * 7919) % 2**31
        halves.append(_render(("Denoising Albedo", "Denoising Normal")))
    (first, *features_a), (second, *features_b) = halves
    # Normals at half weight: on a curved surface neighbours differ although they are lit alike.
    features = [np.concatenate([albedo, normal * 0.5], axis=-1) for albedo, normal in (features_a, features_b)]
    return denoise(first, second, *features)


def render_mask(white: list[bpy.types.Object], samples: int = 32) -> np.ndarray:
    """Share of each pixel in which an object of `white` is seen, float32 [size, size] in [0, 1]. Spoils the scene:

    materials and world stay replaced, so photographs come first.
    """
    scene = bpy.context.scene
    scene.cycles.samples = samples
    scene.cycles.use_adaptive_sampling = False
    # Only counterparts that bend or let through need bounces; everything else ends a ray.
    scene.cycles.max_bounces = 12 if any(IN_MASKS in m for m in bpy.data.materials) else 0
    if scene.world is not None:
        scene.world.use_nodes = False
        scene.world.color = (0, 0, 0)
    shown = {obj.name for obj in white}
    flat = {value: _flat(f"mask {value}", value) for value in (0.0, 1.0)}
    for obj in scene.objects:
        if obj.type not in {"MESH", "CURVE", "SURFACE", "FONT"}:
            obj.hide_render = obj.type == "LIGHT"
            continue
        is_white = obj.name in shown
        obj.hide_render = not is_white and bool(obj.get(GHOST) or obj.get(CLEAR))
        if not obj.data.materials:
            obj.data.materials.append(None)
        for slot in obj.material_slots:
            counterpart = slot.material.get(IN_MASKS) if slot.material is not None else None
            slot.link = "OBJECT"
            slot.material = counterpart or flat[float(is_white)]
    return np.clip(_render()[0][..., 0], 0.0, 1.0)


def _flat(name: str, value: float) -> bpy.types.Material:
    m = bpy.data.materials.get(name) or bpy.data.materials.new(name)
    m.use_nodes = True
    tree = m.node_tree
    tree.nodes.clear()
    emission = tree.nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = [value, value, value, 1.0]
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    return m


def _render(passes: tuple[str, ...] = ()) -> list[np.ndarray]:
    """Renders; the combined picture and then each named pass, float32 [size, size, 3], row 0 at the top."""
    scene = bpy.context.scene
    scene.view_layers[0].cycles.denoising_store_passes = bool(passes)
    scene.use_nodes = bool(passes)
    with tempfile.TemporaryDirectory(prefix="scene-") as folder:
        path = os.path.join(folder, "render.exr")
        scene.render.filepath = path
        if passes:
            tree = scene.node_tree
            tree.nodes.clear()
            layers = tree.nodes.new("CompositorNodeRLayers")
            composite = tree.nodes.new("CompositorNodeComposite")
            tree.links.new(layers.outputs["Image"], composite.inputs["Image"])
            files = tree.nodes.new("CompositorNodeOutputFile")
            files.base_path = folder
            files.format.file_format = "OPEN_EXR"
            files.format.color_mode = "RGB"
            files.format.color_depth = "32"
            files.format.exr_codec = "NONE"
            files.file_slots.clear()
            for k, name in enumerate(passes):
                files.file_slots.new(f"pass{k}-")
                tree.links.new(layers.outputs[name], files.inputs[k])
        bpy.ops.render.render(write_still=True)
        paths = [path] + [os.path.join(folder, f"pass{k}-{scene.frame_current:04d}.exr") for k in range(len(passes))]
        return [_read(p) for p in paths]


def _read(path: str) -> np.ndarray:
    image = bpy.data.images.load(path)
    try:
        image.colorspace_settings.name = "Raw"
        width, height = image.size
        flat = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(flat)
    finally:
        bpy.data.images.remove(image)
    # Blender keeps row 0 at the bottom.
    return flat.reshape(height, width, 4)[::-1, :, :3].copy()


def exit_with(main: Callable[[], int]) -> NoReturn:
    """Ends Blender with the status that `main` returns, or 1 when it raises: Blender ignores a script's own exit
    status, and an exception in one leaves status 0."""
    try:
        status = main()
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    os._exit(status)
