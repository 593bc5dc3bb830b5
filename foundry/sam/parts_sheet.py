"""Contact sheet of photographs and their parts, as the studio's `regions --everything` finds and refines them.

    npm run -s cli -- regions PHOTOGRAPH --everything --out .cache/parts/00
    python3 -m foundry.sam.parts_sheet docs/images/parts.jpg PHOTOGRAPH=.cache/parts/00 …
"""

from __future__ import annotations

import argparse
import colorsys
from pathlib import Path

import numpy as np
from PIL import Image

SIDE, COLUMNS, BACKGROUND = 208, 3, (24, 26, 27)
BETWEEN, GAP_X, GAP_Y = 4, 10, 8
#: Share of the circle of hues from one part to the next: neighbours in size differ.
HUE_STEP = 0.381


def coloured(image: Image.Image, masks: list[np.ndarray]) -> Image.Image:
    """The photograph darkened, its parts tinted, the large ones below, each with a white outline."""
    pixels = np.asarray(image).astype(np.float64)
    out = pixels * 0.55 + 40
    for i, mask in enumerate(sorted(masks, key=lambda m: -m.sum())):
        tint = np.array(colorsys.hsv_to_rgb((i * HUE_STEP) % 1, 0.65, 1)) * 255
        out[mask] = pixels[mask] * 0.45 + tint * 0.55
        around = [np.roll(mask, step, axis) for axis in (0, 1) for step in (1, -1)]
        out[mask & ~np.logical_and.reduce(around)] = 255
    return Image.fromarray(out.clip(0, 255).astype(np.uint8))


def pair(photograph: Path, regions: Path) -> Image.Image:
    """Photograph and parts side by side. ValueError if `regions` holds none, or masks of another size."""
    image = Image.open(photograph).convert("RGB")
    masks = [np.asarray(Image.open(path).convert("L")) > 127 for path in sorted(regions.glob("region-*.png"))]
    if not masks or any(mask.shape != (image.height, image.width) for mask in masks):
        raise ValueError(f"{regions} does not hold the regions of {photograph}.")
    sheet = Image.new("RGB", (2 * SIDE + BETWEEN, SIDE), BACKGROUND)
    for k, shown in enumerate((image, coloured(image, masks))):
        shown.thumbnail((SIDE, SIDE))
        sheet.paste(shown, (k * (SIDE + BETWEEN) + (SIDE - shown.width) // 2, (SIDE - shown.height) // 2))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("pairs", nargs="+", metavar="PHOTOGRAPH=REGIONS")
    args = parser.parse_args()
    pairs = [pair(*(Path(side) for side in each.rsplit("=", 1))) for each in args.pairs]
    width, height = pairs[0].width + GAP_X, SIDE + GAP_Y
    sheet = Image.new("RGB", (COLUMNS * width, -(-len(pairs) // COLUMNS) * height), BACKGROUND)
    for i, each in enumerate(pairs):
        sheet.paste(each, (i % COLUMNS * width, i // COLUMNS * height))
    sheet.save(args.out, quality=80, optimize=True)


if __name__ == "__main__":
    main()
