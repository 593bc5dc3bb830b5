"""Write PiDiNet checkpoints and templates as ONNX files.

    python3 -m foundry.pidinet.export template tiny small full   # public/models/pidinet-*.template.onnx
    python3 -m foundry.pidinet.export weights CHECKPOINT.pth OUT.onnx [--float32]
    python3 -m foundry.pidinet.export reference CHECKPOINT.pth FOLDER

`weights` stores float16 initializers followed by a Cast, but for the few that need float32, unless
--float32 asks for float32 throughout. `reference` writes inputs of awkward sizes and the maps PyTorch computes for
them, for ../check.mjs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Dict, Mapping

import numpy as np
import onnx
import torch
from torch import Tensor

from foundry.networks.pidinet import VARIANTS, PiDiNet, difference_layers, load_checkpoint, normalise, plain_state_dict, variant_of
from foundry.onnx_fp16 import half_initializers, without_weights
from foundry.pidinet.graph import build_graph
from foundry.reference import write_cases


def plain_arrays(state: Mapping[str, Tensor]) -> Dict[str, np.ndarray]:
    """Difference weights -> plain kernels as float32 arrays."""
    return {name: value.detach().numpy() for name, value in plain_state_dict(state).items()}


def needs_float32(name: str) -> bool:
    """True for weights that stay in float32: 9 % of the small network, and most of the error.

    Difference kernels sum to zero; rounded ones would respond to flat colour. Side outputs and
    attention act directly on the logits.
    """
    return name in difference_layers() or name.startswith(("conv_reduces.", "attentions."))


def write_template(variant: str, path: Path) -> None:
    """The graph of a variant with names, types and dims of its weights, but no values."""
    onnx.save(without_weights(build_graph(plain_arrays(PiDiNet(variant).state_dict()), variant)), str(path))


def write_weights(checkpoint: Path, path: Path, half: bool = True) -> None:
    state = load_checkpoint(str(checkpoint))
    variant = variant_of(state)
    PiDiNet(variant).load_state_dict(state)  # names every missing, unexpected or misshapen weight
    model = build_graph(plain_arrays(state), variant)
    onnx.save(half_initializers(model, needs_float32) if half else model, str(path))


#: Height and width of the inputs `reference` writes: the least size, odd sizes, a usual one.
REFERENCE_SIZES = ((16, 16), (17, 31), (45, 16), (97, 131), (256, 256))


def write_reference(checkpoint: Path, folder: Path) -> None:
    """Inputs and outputs of the difference form (not converted, not halved) as raw float32 files."""
    state = load_checkpoint(str(checkpoint))
    network = PiDiNet(variant_of(state)).eval()
    network.load_state_dict(state)
    rng = np.random.default_rng(5)
    cases = {}
    for height, width in REFERENCE_SIZES:
        # Blocks of colour with noise: something with edges at every scale.
        blocks = rng.random((3, height // 8 + 1, width // 8 + 1))
        image = np.kron(blocks, np.ones((1, 8, 8)))[:, :height, :width] + 0.05 * rng.standard_normal((3, height, width))
        pixels = torch.from_numpy(np.clip(image, 0, 1).astype(np.float32)[None])
        with torch.no_grad():
            maps = [torch.sigmoid(logits) for logits in network(normalise(pixels))]
        cases[f"{height}x{width}"] = {"image": pixels, **dict(zip(("e1", "e2", "e3", "e4", "fused"), maps))}
    write_cases(folder, cases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    template = commands.add_parser("template")
    template.add_argument("variants", nargs="+", choices=list(VARIANTS))
    template.add_argument("--out", type=Path, default=Path("public/models"))
    weights = commands.add_parser("weights")
    weights.add_argument("checkpoint", type=Path)
    weights.add_argument("out", type=Path)
    weights.add_argument("--float32", action="store_true")
    reference = commands.add_parser("reference")
    reference.add_argument("checkpoint", type=Path)
    reference.add_argument("folder", type=Path)
    args = parser.parse_args()
    if args.command == "template":
        for variant in args.variants:
            write_template(variant, args.out / f"pidinet-{variant}.template.onnx")
    elif args.command == "reference":
        write_reference(args.checkpoint, args.folder)
    else:
        write_weights(args.checkpoint, args.out, half=not args.float32)


if __name__ == "__main__":
    main()
