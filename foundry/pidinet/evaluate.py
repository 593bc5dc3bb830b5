"""ODS and OIS of a PiDiNet on BSDS500.

    python3 -m foundry.pidinet.evaluate WEIGHTS [--split val] [--output fused] [--jobs 2] [--limit N]

WEIGHTS is a checkpoint (.pth, ours or published) or an exported file (.onnx, its weights as stored).
Prints one JSON object. Counts of finished images are kept in --cache, so a stopped run continues.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Dict, Tuple

import numpy as np
import onnx
import torch
from torch import Tensor

from foundry.networks.pidinet import OUTPUT_NAMES, PiDiNet, load_checkpoint, normalise, plain_state_dict, variant_of
from foundry.onnx_fp16 import initializers
from foundry.pidinet.bsds500 import Sample, read_split
from foundry.pidinet.boundaries import Counts, count, summarise


def load_network(path: Path) -> PiDiNet:
    """Plain network, ready to run, from .pth or .onnx."""
    if path.suffix == ".onnx":
        state: Dict[str, Tensor] = {k: torch.from_numpy(v.copy()) for k, v in initializers(onnx.load(str(path))).items()}
    else:
        state = plain_state_dict(load_checkpoint(str(path)))
    network = PiDiNet(variant_of(state), plain=True).eval()
    network.load_state_dict(state)
    return network


def edge_maps(network: PiDiNet, image: np.ndarray) -> Dict[str, np.ndarray]:
    """RGB uint8 [H, W, 3] -> name -> edge strength float32 [H, W] in [0, 1]."""
    x = torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None]
    with torch.no_grad():
        logits = network(normalise(x))
    return {name: torch.sigmoid(z)[0, 0].numpy() for name, z in zip(OUTPUT_NAMES, logits)}


_network: PiDiNet


def _start_worker(path: Path) -> None:
    global _network
    torch.set_num_threads(1)
    _network = load_network(path)


def _count(task: Tuple[Sample, str, Path]) -> Counts:
    """Counts of one image, from its file in the cache if it is there."""
    sample, output, folder = task
    path = folder / f"{sample.name}.npz"
    if path.exists():
        with np.load(path) as stored:
            return Counts(**stored)
    counts = count(edge_maps(_network, np.asarray(sample.image))[output], sample.boundaries)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, **vars(counts))
    os.replace(part, path)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/bsds500"))
    parser.add_argument("--split", choices=["train", "val"], default="val")
    parser.add_argument("--output", choices=OUTPUT_NAMES, default="fused")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=int, help="only the first images, for a quick look")
    parser.add_argument("--cache", type=Path, default=Path(".cache/pidinet/counts"))
    args = parser.parse_args()
    digest = hashlib.sha256(args.weights.read_bytes()).hexdigest()
    folder = args.cache / f"{digest[:16]}-{args.output}-{args.split}"
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [(sample, args.output, folder) for sample in read_split(args.data, args.split)[: args.limit]]
    # `spawn`, because a forked copy of PyTorch's thread pool can hang.
    with get_context("spawn").Pool(args.jobs, _start_worker, (args.weights,)) as pool:
        images = pool.map(_count, tasks, chunksize=1)
    scores = {k: round(v, 4) for k, v in asdict(summarise(images)).items()}
    about = {"weights": args.weights.name, "sha256": digest, "output": args.output, "split": args.split}
    print(json.dumps({**about, "images": len(images), **scores}))


if __name__ == "__main__":
    main()
