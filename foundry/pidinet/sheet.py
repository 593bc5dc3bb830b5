"""A contact sheet: per image a row of the photograph, e1 and fused.

    python3 -m foundry.pidinet.sheet WEIGHTS OUT.jpg IMAGE … [--maps e1 fused] [--columns 2]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import List

import numpy as np
import torch
from PIL import Image

from foundry.networks.pidinet import OUTPUT_NAMES, PiDiNet
from foundry.pidinet.evaluate import edge_maps, load_network

GAP = 4


def row(network: PiDiNet, image: Image.Image, maps: List[str]) -> Image.Image:
    """The image and its edge maps side by side, at the image's size."""
    edges = edge_maps(network, np.asarray(image))
    tiles = [image, *(Image.fromarray(np.round(255 * edges[name]).astype(np.uint8)) for name in maps)]
    strip = Image.new("RGB", (len(tiles) * (image.width + GAP) - GAP, image.height), "white")
    for i, tile in enumerate(tiles):
        strip.paste(tile, (i * (image.width + GAP), 0))
    return strip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--maps", nargs="+", choices=OUTPUT_NAMES, default=["e1", "fused"])
    parser.add_argument("--columns", type=int, default=2, help="rows of images side by side")
    args = parser.parse_args()
    torch.set_num_threads(1)
    network = load_network(args.weights)
    strips = [row(network, Image.open(path).convert("RGB"), args.maps) for path in args.images]
    width, height = max(s.width for s in strips), max(s.height for s in strips)
    lines = -(-len(strips) // args.columns)
    sheet = Image.new("RGB", (args.columns * (width + 2 * GAP) - 2 * GAP, lines * (height + GAP) - GAP), "white")
    for i, strip in enumerate(strips):
        sheet.paste(strip, (i % args.columns * (width + 2 * GAP), i // args.columns * (height + GAP)))
    sheet.save(args.out, quality=88)


if __name__ == "__main__":
    main()
