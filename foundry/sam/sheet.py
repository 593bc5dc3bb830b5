"""A contact sheet: photograph, one click's mask at each object's middle, everything. Demo and composed images only.

    python3 -m foundry.sam.sheet public/models/sam-nano docs/images/sam-nano.jpg
"""

from __future__ import annotations

import argparse
import colorsys
from pathlib import Path
from typing import List

import numpy as np
import torch
from PIL import Image, ImageDraw

from foundry.networks.sam import Sam
from foundry.sam import composed, demo
from foundry.sam.everything import Settings, everything
from foundry.sam.evaluate import spread
from foundry.sam.export import load_onnx
from foundry.sam.measures import click, view
from foundry.sam.prompts import middle
from foundry.sam.samples import Sample, masks_of

GAP, COLUMNS = 4, 2


def coloured(image: np.ndarray, masks: List[np.ndarray]) -> np.ndarray:
    """The image with each mask in a colour of its own, larger ones below, with a bright edge."""
    result = image.astype(np.float32)
    for k, mask in enumerate(sorted(masks, key=lambda m: -m.sum())):
        colour = np.array(colorsys.hsv_to_rgb(k * 0.381966 % 1, 0.8, 1.0)) * 255
        inner = mask.copy()
        inner[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
        result[mask] = 0.55 * result[mask] + 0.45 * colour
        result[mask & ~inner] = colour
    return np.clip(result, 0, 255).astype(np.uint8)


@torch.no_grad()
def row(network: Sam, sample: Sample, settings: Settings) -> np.ndarray:
    at = view(sample.image, network.config.size)
    embedding = network.encoder(at.pixels)
    truth = [m for _, m in masks_of(sample, kinds=("part",))]
    points = np.array([middle(m) for m in truth])
    scores, logits = click(network, at, embedding, points)
    clicked = [(at.enlarged(logit)[int(s.argmax())] > 0).numpy() for s, logit in zip(scores, logits)]
    picture = Image.fromarray(coloured(sample.image, clicked))
    draw = ImageDraw.Draw(picture)
    for x, y in points:
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill="white", outline="black")
    found = [m.numpy() for m in everything(network, at, embedding, settings)]
    tiles = [sample.image, np.asarray(picture), coloured(sample.image, found)]
    gap = np.full((sample.image.shape[0], GAP, 3), 255, np.uint8)
    return np.hstack([part for tile in tiles for part in (tile, gap)][:-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stem", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    network = load_onnx(args.stem)
    photographs = demo.read_split("validation/good")
    trays = [s for s in photographs if s.name.startswith("pin_tray")]
    bottles = [s for s in photographs if s.name.startswith("bottle")]
    samples = [*spread(trays, 3), *spread(bottles, 3), *composed.scenes(6)]
    rows = [row(network, sample, Settings()) for sample in samples]
    height, width = rows[0].shape[:2]
    lines = -(-len(rows) // COLUMNS)
    sheet = np.full((lines * (height + GAP) - GAP, COLUMNS * (width + 3 * GAP) - 3 * GAP, 3), 255, np.uint8)
    for k, strip in enumerate(rows):
        y, x = k // COLUMNS * (height + GAP), k % COLUMNS * (width + 3 * GAP)
        sheet[y : y + height, x : x + width] = strip
    Image.fromarray(sheet).save(args.out, quality=86)


if __name__ == "__main__":
    main()
