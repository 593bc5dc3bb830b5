"""Checks the published demo set; see README.md. Prints a sentence for each fault and exits 1 if there is any.

    python3 foundry/scenes/check.py [--scene NAME] [--partial]

`--partial` accepts splits that are not published yet.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import random
import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image, JpegImagePlugin

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import plan  # noqa: E402

DEMO = HERE.parents[1] / "public" / "datasets" / "demo"
SMALLEST_MASK = 12
"""Pixels. What is smaller cannot be seen at 256 × 256."""


def check_config(text: str, defects: list[dict]) -> list[str]:
    """Faults of a `defects_config.json`, as the official reader of MVTec LOCO AD sees it."""
    faults = []
    try:
        entries = json.loads(text)
    except ValueError as error:
        return [f"defects_config.json is not JSON: {error}."]
    keys = {"defect_name", "pixel_value", "saturation_threshold", "relative_saturation"}
    if not isinstance(entries, list) or not all(isinstance(e, dict) and set(e) == keys for e in entries):
        return [f"defects_config.json must be a list of objects with exactly the keys {', '.join(sorted(keys))}."]
    for e in entries:
        name, value, threshold, relative = (
            e[k] for k in ("defect_name", "pixel_value", "saturation_threshold", "relative_saturation")
        )
        if type(value) is not int or not 1 <= value <= 255:
            faults.append(f"The pixel value of {name} must be an integer from 1 to 255, not {value!r}.")
        if type(relative) is not bool:
            faults.append(f"relative_saturation of {name} must be true or false.")
        elif relative and not (type(threshold) is float and 0 < threshold <= 1):
            faults.append(f"The relative saturation threshold of {name} must be a float in (0, 1], not {threshold!r}.")
        elif not relative and not (type(threshold) is int and threshold > 0):
            faults.append(f"The absolute saturation threshold of {name} must be an integer above 0, not {threshold!r}.")
    for key in ("defect_name", "pixel_value"):
        if len({e[key] for e in entries}) != len(entries):
            faults.append(f"defects_config.json uses a {key} twice.")
    wanted = {(d["name"], d["pixel_value"], d["saturation_threshold"], d["relative_saturation"]) for d in defects}
    if {tuple(e.values()) for e in entries} != wanted:
        faults.append("defects_config.json differs from the layout module's DEFECTS.")
    # Other writers drop the fraction of 1.0, and JSON parsers other than Python's do not tell.
    for relative_first, threshold in re.findall(r'"saturation_threshold":\s*([^,\s]+),\s*"relative_saturation":\s*(\w+)', text):
        if (threshold == "true") != ("." in relative_first):
            faults.append(f"The threshold {relative_first} must be written as a float exactly where it is relative.")
    return faults


def check_mask(path: Path, value: int) -> list[str]:
    """Faults of one mask file."""
    with Image.open(path) as image:
        mode, size, pixels = image.mode, image.size, np.asarray(image)
    if mode != "L" or size != (plan.SIZE, plan.SIZE):
        return [f"{path}: a mask must be single-channel, {plan.SIZE} × {plan.SIZE}; this is {mode}, {size}."]
    found = set(np.unique(pixels).tolist()) - {0}
    if found != {value}:
        return [f"{path}: the only value beside 0 must be {value}; found {sorted(found)}."]
    if (pixels > 0).sum() < SMALLEST_MASK:
        return [f"{path}: the mask has only {(pixels > 0).sum()} pixels; such a defect cannot be seen."]
    return []


def check_picture(path: Path) -> list[str]:
    """Faults of one photograph."""
    with Image.open(path) as image:
        image.load()
        if image.format != "JPEG" or image.mode != "RGB" or image.size != (plan.SIZE, plan.SIZE):
            return [f"{path}: must be an RGB JPEG of {plan.SIZE} × {plan.SIZE}."]
        if JpegImagePlugin.get_sampling(image) != 0:
            return [f"{path}: the chroma must not be subsampled."]
    return []


def check_params(items: list[plan.Item], records: dict, layout) -> list[str]:
    """Faults of the pictures' parameters: constraints kept or broken, and whether the scripts still make them."""
    faults = []
    breaks = {d["name"]: d["breaks"] for d in layout.DEFECTS}
    for item in items:
        record = records.get(item.key)
        if record is None:
            faults.append(f"{item.scene}/{item.key} has no parameters in params/{item.scene}.json.")
            continue
        name = f"{item.scene}/{item.key} ({item.defect or 'good'})"
        if record["defect"] != item.defect or record["seed"] != item.seed:
            faults.append(f"{name}: defect or seed in the parameters differ from the plan.")
        expected = [breaks[item.defect]] if item.defect and breaks[item.defect] else []
        found = layout.violations(record["params"])
        if found != expected:
            faults.append(f"{name} must break {expected or 'no constraint'}, but breaks {found or 'none'}.")
        if plan.rounded(layout.sample(random.Random(item.seed), item.defect)) != record["params"]:
            faults.append(f"{name}: the layout module draws other parameters now; render it again.")
    return faults


def check_scene(scene: dict, partial: bool) -> list[str]:
    """All faults of one published scene, given its entry in the index."""
    name = scene["name"]
    layout = importlib.import_module(f"{name}_layout")
    root = DEMO / name
    faults = check_config((root / "defects_config.json").read_text(), layout.DEFECTS)
    if {c["name"]: c["rule"] for c in scene["constraints"]} != layout.CONSTRAINTS:
        faults.append(f"index.json: the constraints of {name} differ from the layout module.")
    plans: dict[str, list[plan.Item]] = {}
    for item in plan.items(name, layout.DEFECTS):
        plans.setdefault(item.split, []).append(item)
    for split in plans.keys() - scene["splits"].keys():
        if not partial:
            faults.append(f"{name}/{split} is not published.")
    values = {d["name"]: d["pixel_value"] for d in layout.DEFECTS}
    records = json.loads((HERE / "params" / f"{name}.json").read_text())
    listed = [scene["config"]]
    seen: dict[str, str] = {}
    published: list[plan.Item] = []
    for split, entries in scene["splits"].items():
        items = plans.get(split)
        if items is None or [e["path"] for e in entries] != [f"{i.key}.jpg" for i in items]:
            faults.append(f"index.json: {name}/{split} lists other pictures than the plan.")
            continue
        published += items
        for item, e in zip(items, entries):
            listed.append(e)
            if not (root / e["path"]).exists():
                continue
            faults += check_picture(root / e["path"])
            if e["sha256"] in seen:
                faults.append(f"{name}/{e['path']} is the same file as {seen[e['sha256']]}.")
            seen[e["sha256"]] = e["path"]
            if e.get("defect") != item.defect:
                faults.append(f"index.json: {e['path']} shows {item.defect}, not {e.get('defect')}.")
            masks = e.get("masks", [])
            folder = f"ground_truth/{Path(split).name}/{item.number:03d}"
            expected = [f"{folder}/{k:03d}.png" for k in range(len(masks))] if item.defect else []
            if [m["path"] for m in masks] != expected or bool(masks) != bool(item.defect):
                faults.append(f"index.json: the masks of {e['path']} must be {folder}/000.png, 001.png ….")
            for m in masks:
                listed.append(m)
                if m["defect"] != item.defect or m["pixel_value"] != values[m["defect"]]:
                    faults.append(f"index.json: {m['path']} must belong to {item.defect}.")
                if (root / m["path"]).exists():
                    faults += check_mask(root / m["path"], values[m["defect"]])
    for e in listed:
        file = root / e["path"]
        if not file.exists():
            faults.append(f"{file} is listed in index.json but absent.")
            continue
        data = file.read_bytes()
        if len(data) != e["bytes"] or hashlib.sha256(data).hexdigest() != e["sha256"]:
            faults.append(f"{file} differs from its size or hash in index.json; run assemble.py.")
    known = {e["path"] for e in listed}
    for file in root.rglob("*"):
        if file.is_file() and file.relative_to(root).as_posix() not in known:
            faults.append(f"{file} does not belong to the dataset; a reader would take it for a picture.")
        if file.is_dir() and not any(file.iterdir()):
            faults.append(f"{file} is an empty folder.")
    return faults + check_params(published, records, layout)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scene")
    parser.add_argument("--partial", action="store_true")
    args = parser.parse_args()
    scenes = json.loads((DEMO / "index.json").read_text())["scenes"]
    if args.scene:
        scenes = [s for s in scenes if s["name"] == args.scene]
    if not scenes:
        print(f"index.json has no scene {args.scene or 'at all'}; run assemble.py first.")
        return 1
    faults = [fault for scene in scenes for fault in check_scene(scene, args.partial)]
    for fault in faults:
        print(fault)
    for scene in scenes:
        print(f"{scene['name']}: {sum(len(e) for e in scene['splits'].values())} pictures checked.")
    print(f"{len(faults)} faults." if faults else "No faults.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
