"""Renders the pictures of a scene inside Blender; see README.md.

    blender -b -noaudio -P foundry/scenes/render.py -- --scene pin_tray --out .cache/scenes [--only GLOB] [--limit N]

Each picture becomes `<out>/<scene>/<split>/NNN.npz`: `linear` float16 [256, 256, 3], `masks` uint8 [n, 256, 256]
(coverage, 255 = whole pixel), `record` JSON with the parameters, the defect and the names of the masks.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import json
import os
import random
import sys
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import common  # noqa: E402
import plan  # noqa: E402


def look(build) -> list[int]:
    """What a render's appearance depends on besides its parameters; see `common.LOOK`."""
    return [common.LOOK, getattr(build, "LOOK", 1)]


def is_current(path: str, params: dict, build) -> bool:
    """Whether a render exists and was made from these parameters with this look."""
    if not os.path.exists(path):
        return False
    with np.load(path) as data:
        record = json.loads(str(data["record"]))
    return record["params"] == params and record.get("look") == look(build)


def render_item(item: plan.Item, params: dict, build) -> dict:
    """The arrays of one picture, ready for `np.savez`."""
    common.reset(plan.SIZE)
    common.set_room(params["light"])
    common.set_camera(params["camera"])
    quality = getattr(build, "QUALITY", {"samples": 16})
    common.set_quality(**quality)
    build.build(params)
    wanted = build.defect_masks(params)
    linear = common.render_photograph(item.seed)
    masks = [common.render_mask(objects) for _, objects in wanted]
    record = {
        "scene": item.scene,
        "key": item.key,
        "seed": item.seed,
        "defect": item.defect,
        "mask_names": [name for name, _ in wanted],
        "look": look(build),
        "params": params,
    }
    return {
        # Half floats end at 65,504; the sun's mirror image in a needle may be beyond.
        "linear": np.minimum(linear, 6e4).astype(np.float16),
        "masks": np.round(np.array(masks or np.zeros((0, plan.SIZE, plan.SIZE))) * 255).astype(np.uint8),
        "record": np.array(json.dumps(record)),
    }


def main() -> int:
    argv = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    parser = argparse.ArgumentParser(prog="render.py")
    parser.add_argument("--scene", required=True)
    parser.add_argument("--out", required=True, help="folder for the renders, outside the dataset")
    parser.add_argument("--only", default="*", help="glob over split/NNN")
    parser.add_argument("--limit", type=int, default=None, help="stop after so many new pictures")
    args = parser.parse_args(argv)
    layout = importlib.import_module(f"{args.scene}_layout")
    build = importlib.import_module(f"{args.scene}_build")
    done = 0
    for item in plan.items(args.scene, layout.DEFECTS):
        path = os.path.join(args.out, args.scene, f"{item.key}.npz")
        if not fnmatch.fnmatch(item.key, args.only):
            continue
        params = plan.rounded(layout.sample(random.Random(item.seed), item.defect))
        if is_current(path, params, build):
            continue
        if args.limit is not None and done >= args.limit:
            break
        started = time.perf_counter()
        arrays = render_item(item, params, build)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        partial = f"{path}.{os.getpid()}.partial"
        with open(partial, "wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(partial, path)
        done += 1
        print(f"RENDERED {item.key} {item.defect or 'good'} {time.perf_counter() - started:.1f} s", flush=True)
    print(f"RENDERED {done} new pictures of {args.scene}", flush=True)
    return 0


if __name__ == "__main__":
    common.exit_with(main)
