"""Publishes rendered pictures in the layout of MVTec LOCO AD; see README.md.

    python3 foundry/scenes/assemble.py --scene pin_tray --renders .cache/scenes
    python3 foundry/scenes/assemble.py --words

Writes `public/datasets/demo/<scene>/`, `public/datasets/demo/{index.json,README.md}` and
`foundry/scenes/params/<scene>.json`. Splits that are not rendered to the end are left out, with a notice. `--words`
needs no renders: it takes the words of the layout modules into `index.json` and writes `README.md` anew.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import plan  # noqa: E402
from develop import develop  # noqa: E402

DEMO = HERE.parents[1] / "public" / "datasets" / "demo"
PARAMS = HERE / "params"
LICENCE = "CC0-1.0"
JPEG = {"quality": 93, "subsampling": "4:4:4", "optimize": True}
MASK_COVERAGE = 0.25
"""A pixel belongs to a mask when the defect is seen in at least this share of it."""


def config_text(defects: list[dict]) -> str:
    """`defects_config.json`. Python writes 1.0 as `1.0`, which the official reader needs where a threshold is relative."""
    keys = ("defect_name", "pixel_value", "saturation_threshold", "relative_saturation")
    entries = [{k: d["name"] if k == "defect_name" else d[k] for k in keys} for d in defects]
    return json.dumps(entries, indent=4) + "\n"


def picture(path: Path) -> tuple[bytes, np.ndarray, dict]:
    """A render as JPEG, its masks as booleans [n, h, w], and its record."""
    with np.load(path) as data:
        record = json.loads(str(data["record"]))
        photo = develop(data["linear"].astype(np.float32), record["params"]["film"])
        masks = data["masks"] >= round(255 * MASK_COVERAGE)
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, "JPEG", **JPEG)
    return buffer.getvalue(), masks, record


def entry(path: Path, root: Path) -> dict:
    """Path from `root`, size in bytes and SHA-256 of a published file."""
    data = path.read_bytes()
    return {
        "path": path.relative_to(root).as_posix(),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def publish_split(items: list[plan.Item], renders: Path, root: Path, values: dict[str, int]) -> tuple[list[dict], dict]:
    """Writes one split and its masks; its entries for the index, and its records."""
    split = items[0].split
    truth = root / "ground_truth" / Path(split).name
    for folder in (root / split, truth) if items[0].defect else (root / split,):
        shutil.rmtree(folder, ignore_errors=True)
    entries, records = [], {}
    for item in items:
        jpeg, masks, record = picture(renders / f"{item.key}.npz")
        target = root / f"{item.key}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(jpeg)
        found = entry(target, root)
        if item.defect:
            if len(masks) == 0:
                raise ValueError(f"{item.scene}/{item.key} has no mask: defect_masks found nothing for {item.defect}.")
            found["defect"] = item.defect
            found["masks"] = []
            for k, (name, mask) in enumerate(zip(record["mask_names"], masks)):
                file = truth / f"{item.number:03d}" / f"{k:03d}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray((mask * values[name]).astype(np.uint8), "L").save(file, optimize=True)
                found["masks"].append({**entry(file, root), "defect": name, "pixel_value": values[name]})
        entries.append(found)
        records[item.key] = {"defect": item.defect, "seed": item.seed, "params": record["params"]}
    return entries, records


def publish(scene: str, renders: Path) -> dict:
    """Publishes the complete splits of a scene; its entry for the index."""
    layout = importlib.import_module(f"{scene}_layout")
    root = DEMO / scene
    values = {d["name"]: d["pixel_value"] for d in layout.DEFECTS}
    by_split: dict[str, list[plan.Item]] = {}
    for item in plan.items(scene, layout.DEFECTS):
        by_split.setdefault(item.split, []).append(item)
    splits, records = {}, {}
    for split, items in by_split.items():
        missing = sum(not (renders / scene / f"{i.key}.npz").exists() for i in items)
        if missing:
            print(f"{scene}/{split}: {missing} of {len(items)} pictures are not rendered yet; left out.")
            continue
        splits[split], found = publish_split(items, renders / scene, root, values)
        records.update(found)
    root.mkdir(parents=True, exist_ok=True)
    config = root / "defects_config.json"
    config.write_text(config_text(layout.DEFECTS))
    PARAMS.mkdir(exist_ok=True)
    lines = [f"{json.dumps(key)}: {json.dumps(record)}" for key, record in records.items()]
    (PARAMS / f"{scene}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return {**words(scene), "config": entry(config, root), "splits": splits}


def words(scene: str) -> dict:
    """What the index says of a scene beside its files."""
    layout = importlib.import_module(f"{scene}_layout")
    return {
        "name": scene,
        "title": layout.TITLE,
        "description": layout.DESCRIPTION,
        "licence": LICENCE,
        "width": plan.SIZE,
        "height": plan.SIZE,
        "constraints": [{"name": name, "rule": rule} for name, rule in layout.CONSTRAINTS.items()],
        "defects": [{k: d[k] for k in ("name", "kind", "pixel_value", "breaks", "meaning")} for d in layout.DEFECTS],
    }


def saturation(defect: dict) -> str:
    """How much of a defect must be found, for people: a share of the mask (relative) or pixels (absolute)."""
    threshold = defect["saturation_threshold"]
    return f"{100 * threshold:.0f} %" if defect["relative_saturation"] else f"{threshold:,} px"


def card(scenes: list[dict]) -> str:
    """The data card, README.md of the demo set."""
    text = (HERE / "card.md").read_text()
    parts, tested = [], []
    for scene in scenes:
        files = [f for entries in scene["splits"].values() for f in entries]
        masks = [m for f in files for m in f.get("masks", [])]
        mean = sum(f["bytes"] for f in files) / max(1, len(files))
        total = sum(f["bytes"] for f in (*files, *masks)) / 1e6
        parts.append(f"## {scene['title']} (`{scene['name']}`)\n\n{scene['description']}\n")
        parts.append("Constraints:\n")
        parts += [f"- `{c['name']}`: {c['rule']}" for c in scene["constraints"]]
        parts.append("\n| defect | kind | pictures | breaks | meaning and mask | saturation | because |")
        parts.append("| --- | --- | --- | --- | --- | --- | --- |")
        for d in importlib.import_module(f"{scene['name']}_layout").DEFECTS:
            count = sum(f.get("defect") == d["name"] for f in files)
            breaks = f"`{d['breaks']}`" if d["breaks"] else "nothing"
            tested.append(count)
            cells = (f"`{d['name']}`", d["kind"], str(count), breaks, d["meaning"], saturation(d), d["because"])
            parts.append(f"| {' | '.join(cells)} |")
        counts = ", ".join(f"{split} {len(entries)}" for split, entries in scene["splits"].items())
        parts.append(f"\nPictures: {counts}. Mean size {mean / 1000:.1f} kB, whole scene {total:.1f} MB.\n")
    total = sum(len(entries) for scene in scenes for entries in scene["splits"].values())
    text = text.replace("<!-- total -->", f"{len(scenes)} scenes, {total:,} pictures.")
    text = text.replace("<!-- fewest -->", str(min(tested))).replace("<!-- most -->", str(max(tested)))
    return text.replace("<!-- scenes -->\n", "\n".join(parts))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scene")
    parser.add_argument("--renders", type=Path, help="the --out folder of render.py")
    parser.add_argument("--words", action="store_true", help="renew the words alone, of all scenes")
    args = parser.parse_args()
    if not args.words and not (args.scene and args.renders):
        parser.error("name a scene and the folder of its renders (--scene, --renders), or give --words")
    index = DEMO / "index.json"
    scenes = json.loads(index.read_text())["scenes"] if index.exists() else []
    if args.words:
        scenes = [{**s, **words(s["name"])} for s in scenes]
    else:
        scenes = [s for s in scenes if s["name"] != args.scene] + [publish(args.scene, args.renders)]
    scenes.sort(key=lambda s: s["name"])
    index.write_text(json.dumps({"version": 1, "licence": LICENCE, "scenes": scenes}, indent=1) + "\n")
    (DEMO / "README.md").write_text(card(scenes))
    for scene in scenes:
        print(scene["name"], {split: len(entries) for split, entries in scene["splits"].items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
