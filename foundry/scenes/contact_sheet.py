"""An overview of a published scene: normals, then every defect kind with its masks outlined.

    python3 foundry/scenes/contact_sheet.py --scene pin_tray [--out docs/images/demo-pin_tray.jpg] [--all SPLIT]

`--all SPLIT` shows every picture of one split instead, for looking through it.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
DEMO = REPOSITORY / "public" / "datasets" / "demo"
COLUMNS = 8
LABEL = 16


def outlined(photo: np.ndarray, masks: list[np.ndarray]) -> np.ndarray:
    """The photograph with a green line just outside each mask."""
    photo = photo.copy()
    for mask in masks:
        padded = np.pad(mask, 1)
        near = np.zeros_like(mask)
        for dy in range(3):
            for dx in range(3):
                near |= padded[dy : dy + mask.shape[0], dx : dx + mask.shape[1]]
        photo[near & ~mask] = (60, 255, 60)
    return photo


def tile(root: Path, entry: dict, size: int) -> Image.Image:
    """One picture of the index, its masks outlined, at `size` pixels."""
    photo = np.asarray(Image.open(root / entry["path"]).convert("RGB"))
    masks = [np.asarray(Image.open(root / m["path"])) > 0 for m in entry.get("masks", [])]
    return Image.fromarray(outlined(photo, masks)).resize((size, size), Image.LANCZOS)


def sheet(root: Path, rows: list[tuple[str, list[dict]]], size: int) -> Image.Image:
    """Rows of pictures, each under its title."""
    height = size + LABEL
    page = Image.new("RGB", (COLUMNS * size, len(rows) * height), (24, 24, 26))
    draw = ImageDraw.Draw(page)
    for r, (title, entries) in enumerate(rows):
        draw.text((4, r * height + 3), title, fill=(230, 230, 230))
        for c, entry in enumerate(entries[:COLUMNS]):
            page.paste(tile(root, entry, size), (c * size, r * height + LABEL))
    return page


def spread(entries: list[dict]) -> list[dict]:
    """At most a row of pictures, evenly from the whole list."""
    count = min(COLUMNS, len(entries))
    return [entries[k * len(entries) // count] for k in range(count)]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scene", required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--all", metavar="SPLIT")
    parser.add_argument("--size", type=int, default=160, help="pixels of one picture")
    parser.add_argument("--limit", type=int, default=300_000, help="bytes")
    args = parser.parse_args()
    scenes = {s["name"]: s for s in json.loads((DEMO / "index.json").read_text())["scenes"]}
    if args.scene not in scenes:
        print(f"index.json has no scene {args.scene}; run assemble.py first.", file=sys.stderr)
        return 1
    scene = scenes[args.scene]
    if args.all:
        entries = scene["splits"][args.all]
        rows = []
        for k in range(0, len(entries), COLUMNS):
            part = entries[k : k + COLUMNS]
            names = " ".join(f"{Path(e['path']).stem} {e.get('defect', '')}" for e in part)
            rows.append((names, part))
    else:
        rows = [(f"{split}", spread(entries)) for split, entries in scene["splits"].items() if split.endswith("good")]
        for defect in scene["defects"]:
            entries = [e for s in scene["splits"].values() for e in s if e.get("defect") == defect["name"]]
            if entries:
                rows.append((f"{defect['kind']}: {defect['name']}", spread(entries)))
    page = sheet(DEMO / args.scene, rows, args.size)
    out = args.out or REPOSITORY / "docs" / "images" / f"demo-{args.scene}.jpg"
    for quality in range(90, 20, -5):
        buffer = io.BytesIO()
        page.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= args.limit:
            break
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(buffer.getvalue())
    print(f"{out}: {page.width} × {page.height}, {buffer.tell() / 1000:.0f} kB, quality {quality}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
