"""Renders which object each pixel of a demo photograph shows, inside Blender.

    blender -b -noaudio -P foundry/sam/objects.py -- --scene pin_tray --out .cache/sam/objects

Each normal picture of `train` and `validation` is built again from its published parameters
(foundry/scenes/params) and rendered with one ray a pixel and flat colours: `<out>/<scene>/<split>/NNN.png`,
8 bit, [256, 256], the number of the part seen. `foundry/sam/demo.py` says what the numbers mean. Pictures that
are there already are skipped, so the script can be killed and started again.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time

import bpy
import numpy as np

FOUNDRY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(FOUNDRY, "scenes"))

import common  # noqa: E402
import plan  # noqa: E402

#: In this order, so that measuring is possible early.
SPLITS = ("validation/good", "train/good")
#: Added to coordinates in colours, which must not be negative.
OFFSET = 50.0


def emit(name: str, number: int, alpha: np.ndarray | None = None) -> bpy.types.Material:
    """Flat colour: red is `number`, green to blue the first two object coordinates, plus OFFSET.

    alpha: float [h, w] over the UV square, row 0 at the bottom; where it is below a half nothing is seen.
    """
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    g = common.Graph(m.node_tree)
    m.node_tree.nodes.clear()
    at = g.node("ShaderNodeSeparateXYZ")
    g.link(g.node("ShaderNodeTexCoord").outputs["Object"], at.inputs[0])
    colour = g.node("ShaderNodeCombineXYZ")
    g.put(colour.inputs[0], float(number))
    # The tray needs x and y, the glass z: in the glass x carries it (see `bottle`).
    for k in (0, 1):
        g.put(colour.inputs[k + 1], g.math("ADD", at.outputs[k if number != GLASS else 2], OFFSET))
    emission = g.node("ShaderNodeEmission")
    g.link(colour.outputs[0], emission.inputs["Color"])
    shader = emission.outputs[0]
    if alpha is not None:
        image = bpy.data.images.new(name, alpha.shape[1], alpha.shape[0], float_buffer=True)
        image.colorspace_settings.name = "Non-Color"
        image.pixels.foreach_set(np.ascontiguousarray(np.repeat(alpha[..., None], 4, 2), np.float32).ravel())
        image.update()
        texture = g.node("ShaderNodeTexImage", extension="EXTEND", interpolation="Linear")
        texture.image = image
        g.link(g.node("ShaderNodeTexCoord").outputs["UV"], texture.inputs["Vector"])
        mixed = g.node("ShaderNodeMixShader")
        g.put(mixed.inputs[0], g.math("GREATER_THAN", texture.outputs["Color"], 0.5))
        g.link(g.node("ShaderNodeBsdfTransparent").outputs[0], mixed.inputs[1])
        g.link(shader, mixed.inputs[2])
        shader = mixed.outputs[0]
    g.link(shader, g.node("ShaderNodeOutputMaterial").inputs["Surface"])
    return m


#: Number of the tray and of the glass in the raw render, before they are divided by coordinates.
TRAY, GLASS = 200, 201


def paint(obj: bpy.types.Object, number: int, alpha: np.ndarray | None = None) -> None:
    obj.hide_render = False
    if not obj.data.materials:
        obj.data.materials.append(None)
    material = emit(f"part {number} {obj.name}", number, alpha)
    for slot in obj.material_slots:
        slot.link = "OBJECT"
        slot.material = material


def render() -> np.ndarray:
    """One ray through the middle of each pixel, float32 [256, 256, 3]."""
    scene = bpy.context.scene
    scene.camera.data.dof.use_dof = False
    cycles = scene.cycles
    cycles.samples = 1
    cycles.pixel_filter_type = "BOX"
    cycles.filter_width = 0.01
    cycles.max_bounces = 0
    cycles.sample_clamp_direct = 0
    cycles.use_fast_gi = False
    if scene.world is not None:
        scene.world.use_nodes = False
        scene.world.color = (0, 0, 0)
    return common._render()[0]


def pin_tray(params: dict, layout, build) -> np.ndarray:
    build.build(params)
    for obj in bpy.context.scene.objects:
        if obj.type == "MESH":
            obj.hide_render = True
    paint(bpy.data.objects["mat"], 0)
    paint(bpy.data.objects["tray"], TRAY)
    for k, pin in enumerate(params["pins"]):
        cell = pin["row"] * layout.COLUMNS + pin["column"]
        for obj in bpy.context.scene.objects:
            if obj.name == f"pin {k} head":
                paint(obj, 30 + cell)
            elif obj.name == f"pin {k} needle":
                paint(obj, 50 + cell)
    seen = render()
    number, x, y = np.round(seen[..., 0]).astype(int), seen[..., 1] - OFFSET, seen[..., 2] - OFFSET
    result = np.where(number == TRAY, 1, number)
    for row in range(layout.ROWS):
        for column in range(layout.COLUMNS):
            cx, cy = layout.centre(column, row)
            hx, hy = ((p - layout.WALL_TOP) / 2 for p in layout.PITCH)
            # A compartment is what lies within the inner edge of the walls' tops, whose corners are rounded.
            dx = np.maximum(np.abs(x - cx) - (hx - layout.CORNER), 0)
            dy = np.maximum(np.abs(y - cy) - (hy - layout.CORNER), 0)
            inside = np.hypot(dx, dy) <= layout.CORNER
            result[inside & (number == TRAY)] = 10 + row * layout.COLUMNS + column
    return result


def bottle(params: dict, layout, build) -> np.ndarray:
    common.set_room(params["light"])
    build.build(params)
    for obj in bpy.context.scene.objects:
        if obj.type == "MESH":
            obj.hide_render = True
    for name, number in (("light panel", 0), ("table", 1), ("rail", 2), ("glass", GLASS), ("cap", 20)):
        paint(bpy.data.objects[name], number)
    for obj in bpy.context.scene.objects:
        if obj.name.startswith("label "):
            paint(obj, 30, build._label_alpha())
        elif obj.name.startswith("sticker "):
            paint(obj, 40, build._sticker_alpha())
    seen = render()
    number, z = np.round(seen[..., 0]).astype(int), seen[..., 1] - OFFSET
    # Drink seems to fill the glass up to its outline, so its height on the outer wall tells drink from empty glass.
    edge = params["fill"]["level"] + params["fill"]["meniscus"]
    part = np.where(z > edge, 10, np.where(z > layout.BODY_BOTTOM, 11, 12))
    return np.where(number == GLASS, part, number)


def by_name(numbers: dict[str, int], numbered: dict[str, int]) -> np.ndarray:
    """Paints all there is: `numbers` by its whole name, `numbered` by what stands before the number in its name."""
    for obj in bpy.context.scene.objects:
        if obj.type not in ("MESH", "FONT") or obj.hide_render:
            continue
        kind, _, rest = obj.name.partition(" ")
        if obj.name in numbers:
            paint(obj, numbers[obj.name])
        elif kind in numbered:
            paint(obj, numbered[kind] + int(rest.split()[0]))
        else:
            raise ValueError(f"Nobody says which part {obj.name} is.")
    return np.round(render()[..., 0]).astype(int)


def screw_kit(params: dict, layout, build) -> np.ndarray:
    build.build(params)
    return by_name({"bench": 0, "box": 1}, {"part": 10})


def terminal_link(params: dict, layout, build) -> np.ndarray:
    build.build(params)
    return by_name({"board": 0}, {"block": 10, "cable": 20})


def fruit_box(params: dict, layout, build) -> np.ndarray:
    build.build(params)
    boards = dict.fromkeys(("front", "back", "left", "right", "divider"), 1)
    return by_name({"table": 0, **boards, "bottom": 2}, {"fruit": 10, "hazelnuts": NUTS, "blueberries": BERRIES})


#: First numbers of the heap's nuts and berries; see `demo.py`.
NUTS, BERRIES = 20, 140

SCENES = {
    "pin_tray": pin_tray,
    "bottle": bottle,
    "screw_kit": screw_kit,
    "terminal_link": terminal_link,
    "fruit_box": fruit_box,
}


def main() -> int:
    argv = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    parser = argparse.ArgumentParser(prog="objects.py")
    parser.add_argument("--scene", required=True, choices=list(SCENES))
    parser.add_argument("--out", required=True)
    parser.add_argument("--limit", type=int, default=None, help="stop after so many new pictures")
    args = parser.parse_args(argv)
    layout = importlib.import_module(f"{args.scene}_layout")
    build = importlib.import_module(f"{args.scene}_build")
    with open(os.path.join(FOUNDRY, "scenes", "params", f"{args.scene}.json")) as file:
        pictures = json.load(file)
    done = 0
    keys = [key for split in SPLITS for key in pictures if key.startswith(f"{split}/")]
    for key in keys:
        picture, path = pictures[key], os.path.join(args.out, args.scene, f"{key}.png")
        if os.path.exists(path):
            continue
        if args.limit is not None and done >= args.limit:
            break
        started = time.perf_counter()
        common.reset(plan.SIZE)
        common.set_camera(picture["params"]["camera"])
        parts = SCENES[args.scene](picture["params"], layout, build)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        partial = f"{path}.{os.getpid()}.npy"
        np.save(partial, parts.astype(np.uint8))
        _to_png(partial, path)
        done += 1
        print(f"RENDERED {key} {time.perf_counter() - started:.2f} s", flush=True)
    print(f"RENDERED {done} new pictures of {args.scene}", flush=True)
    return 0


def _to_png(array: str, path: str) -> None:
    """Blender's own PNG writer works on colours; Pillow keeps numbers as they are."""
    from PIL import Image

    Image.fromarray(np.load(array)).save(f"{array}.png")
    os.replace(f"{array}.png", path)
    os.remove(array)


if __name__ == "__main__":
    common.exit_with(main)
