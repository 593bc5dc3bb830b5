"""Write a generator checkpoint as ONNX, and reference outputs to check the file with.

    python3 -m foundry.generator.export weights .cache/generator/final.pth public/models/generator.onnx
    python3 -m foundry.generator.export reference public/models/generator.onnx FOLDER

`weights` takes the moving average of the weights and stores them as float16, each followed by a Cast. `reference`
writes inputs and what PyTorch computes from the file's own weights, for check.mjs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch

from foundry.generator.graph import build_graph, config_of
from foundry.networks.generator import Generator, GeneratorConfig
from foundry.onnx_fp16 import half_initializers, initializers
from foundry.reference import write_cases

#: Height and width of the reference inputs: the least size, an oblong one, the usual one.
REFERENCE_SIZES = ((32, 32), (48, 112), (256, 256))


def write_weights(checkpoint: Path, path: Path) -> None:
    content = torch.load(checkpoint, map_location="cpu")
    config = GeneratorConfig.from_dict(content["config"])
    Generator(config).load_state_dict(content["average"])  # names every missing, unexpected or misshapen weight
    weights = {name: value.numpy() for name, value in content["average"].items()}
    onnx.save(half_initializers(build_graph(weights, config)), str(path))


def load_onnx(path: Path) -> Generator:
    """The network of an ONNX file of ours, for evaluation: exactly the weights that are shipped."""
    model = onnx.load(str(path))
    network = Generator(config_of(model))
    network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in initializers(model).items()})
    return network.requires_grad_(False).to(memory_format=torch.channels_last)


def write_reference(path: Path, folder: Path) -> None:
    network = load_onnx(path)
    rng = np.random.default_rng(5)
    cases = {}
    for height, width in REFERENCE_SIZES:
        # Sparse soft strokes, more like an edge map than noise is.
        rough = np.kron(rng.random((height // 8, width // 8)) > 0.6, np.ones((8, 8)))
        edges = (rough * rng.random((height, width))).astype(np.float32)[None, None]
        edges = torch.from_numpy(edges)
        cases[f"{height}x{width}"] = {"edges": edges, "image": network(edges)}
    write_cases(folder, cases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    weights = commands.add_parser("weights")
    weights.add_argument("checkpoint", type=Path)
    weights.add_argument("out", type=Path)
    reference = commands.add_parser("reference")
    reference.add_argument("model", type=Path)
    reference.add_argument("folder", type=Path)
    args = parser.parse_args()
    if args.command == "weights":
        write_weights(args.checkpoint, args.out)
    else:
        write_reference(args.model, args.folder)


if __name__ == "__main__":
    main()
