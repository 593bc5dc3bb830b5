"""Write a SAM-nano checkpoint as two ONNX files, and reference outputs to check them with.

    python3 -m foundry.sam.export weights .cache/sam/final.pth public/models/sam-nano
    python3 -m foundry.sam.export reference public/models/sam-nano FOLDER

`weights` takes the moving average of the weights, folds batch normalisation in and stores float16, each followed by a
Cast. `reference` writes inputs and what PyTorch computes from the files' own weights, for check.mjs. `untrained` in
place of a checkpoint exports random weights, to try a runtime with.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Dict, Mapping

import numpy as np
import onnx
import torch
from torch import Tensor

from foundry.networks.sam import PADDING, Sam, SamConfig, normalise, plain_state
from foundry.onnx_fp16 import half_initializers, initializers
from foundry.reference import write_cases
from foundry.sam.everything import Settings
from foundry.sam.graph import build_decoder, build_encoder, config_of

#: Images, prompts an image and points a prompt of the reference inputs.
REFERENCE_CASES = ((1, 1, 1), (1, 64, 1), (2, 3, 4))


def keep_float32(name: str) -> bool:
    """Frequencies are multiplied by positions: rounding them would move the prompts."""
    return name == "frequencies"


def parts(state: Mapping[str, Tensor]) -> Dict[str, Dict[str, np.ndarray]]:
    """State of a plain network -> arrays of encoder and decoder."""
    result: Dict[str, Dict[str, np.ndarray]] = {"encoder": {}, "decoder": {}}
    for name, value in state.items():
        part, rest = name.split(".", 1)
        result[part][rest] = value.detach().numpy()
    return result


def load_checkpoint(path: Path) -> Sam:
    """The network with its averaged weights, in evaluation mode."""
    content = torch.load(path, map_location="cpu")
    network = Sam(SamConfig.from_dict(content["config"]))
    network.load_state_dict(content["average"])
    return network.eval()


def write_weights(network: Sam, stem: Path, settings: Settings) -> None:
    """`settings` of everything mode go into the decoder's metadata."""
    arrays = parts(plain_state(network))
    models = {
        "encoder": build_encoder(arrays["encoder"], network.config),
        "decoder": build_decoder(arrays["decoder"], network.config, {"sam.everything": json.dumps(settings.as_dict())}),
    }
    stem.parent.mkdir(parents=True, exist_ok=True)
    for part, model in models.items():
        onnx.save(half_initializers(model, keep_float32), f"{stem}.{part}.onnx")


def load_onnx(stem: Path) -> Sam:
    """The network of a pair of files of ours, for evaluation: exactly the weights that are shipped."""
    models = {part: onnx.load(f"{stem}.{part}.onnx") for part in ("encoder", "decoder")}
    network = Sam(config_of(models["encoder"]), plain=True)
    state = {f"{part}.{k}": torch.from_numpy(v.copy()) for part, m in models.items() for k, v in initializers(m).items()}
    network.load_state_dict(state)
    return network.requires_grad_(False).eval()


def write_reference(stem: Path, folder: Path) -> None:
    network = load_onnx(stem)
    size = network.config.size
    rng = np.random.default_rng(5)
    cases = {}
    for images, prompts, points in REFERENCE_CASES:
        blocks = np.kron(rng.random((images, 3, size // 32, size // 32)), np.ones((1, 1, 32, 32)))
        noise = 0.05 * rng.standard_normal(blocks.shape)
        pixels = normalise(torch.from_numpy(255 * np.clip(blocks + noise, 0, 1)))
        at = torch.from_numpy(rng.uniform(0, size, (images, prompts, points, 2)).astype(np.float32))
        labels = torch.ones((images, prompts, points), dtype=torch.int64)
        if points == 4:
            labels[:] = torch.tensor([[1, PADDING, PADDING, PADDING], [1, 0, 1, -1], [2, 3, 1, 0]])
        with torch.no_grad():
            embedding, place = network.encoder(pixels)
            scores, masks = network.decoder(embedding, place, at, labels)
        cases[f"{images}x{prompts}x{points}"] = {
            "pixel_values": pixels,
            "image_embeddings": embedding,
            "image_positional_embeddings": place,
            "input_points": at,
            "input_labels": labels,
            "iou_scores": scores,
            "pred_masks": masks,
        }
    write_cases(folder, cases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    weights = commands.add_parser("weights")
    weights.add_argument("checkpoint", help="a checkpoint, or `untrained`")
    weights.add_argument("stem", type=Path, help="path without .encoder.onnx")
    weights.add_argument("--quality", type=float, default=Settings.quality, help="everything mode: least predicted IoU")
    weights.add_argument("--stability", type=float, default=Settings.stability, help="everything mode: least stability")
    reference = commands.add_parser("reference")
    reference.add_argument("stem", type=Path)
    reference.add_argument("folder", type=Path)
    args = parser.parse_args()
    if args.command == "reference":
        write_reference(args.stem, args.folder)
        return
    if args.checkpoint == "untrained":
        torch.manual_seed(1)
        network = Sam(SamConfig()).eval()
    else:
        network = load_checkpoint(Path(args.checkpoint))
    write_weights(network, args.stem, Settings(quality=args.quality, stability=args.stability))


if __name__ == "__main__":
    main()
