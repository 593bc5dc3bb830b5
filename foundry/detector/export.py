"""Write a detector checkpoint as ONNX, with its thresholds, and reference outputs to check the file with.

    python3 -m foundry.detector.export weights .cache/detector/final.pth public/models/detector.onnx \\
        --validation .cache/detector/check
    python3 -m foundry.detector.export reference public/models/detector.onnx FOLDER

`weights` takes the moving average of the weights, stored as float16, each followed by a Cast. The thresholds are those
with the best F1, and the smoothing before the maximum that scores a picture is that with the best average precision, on
synthetic anomalies of validation normals and those normals: no real anomaly is looked at.
`reference` writes inputs and what PyTorch computes from the file's own weights, for ../check.mjs.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import Tensor

from foundry.detector.data import SIZE, read_grey, read_rgb
from foundry.detector.graph import build_graph, config_of
from foundry.networks.detector import Detector, DetectorConfig
from foundry.onnx_fp16 import half_initializers, initializers
from foundry.reference import write_cases

#: Side of the mean filter before the maximum that scores a picture: DRAEM's, and smaller ones for small defects.
SMOOTH, SMOOTHINGS = 21, (1, 5, 9, 15, 21)
#: The pictures' map is read at every so many pixels for the pixel threshold.
EVERY = 4
#: Height and width of the reference inputs: the least size, an oblong one, the usual one.
REFERENCE_SIZES = ((64, 64), (64, 128), (256, 256))


def image_score(anomaly_map: Tensor, smooth: int = SMOOTH) -> float:
    """Maximum of the smooth × smooth mean, zeros beyond the border: anomaly_map [H, W]."""
    return float(F.avg_pool2d(anomaly_map[None, None], smooth, 1, smooth // 2).max())


def best_f1_threshold(scores: np.ndarray, truth: np.ndarray) -> Tuple[float, float]:
    """(t, F1): what scores above t is called abnormal. t lies in the middle of the gap between two scores."""
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], np.cumsum(truth[order])
    found = np.arange(1, len(ordered) + 1)
    f1 = 2 * hits / (found + truth.sum())
    last = np.append(ordered[1:] != ordered[:-1], True)
    k = int(np.where(last, f1, -1).argmax())
    below = ordered[k + 1] if k + 1 < len(ordered) else 0.0
    return float((ordered[k] + below) / 2), float(f1[k])


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Σ (R_n − R_{n−1}) P_n over the distinct scores. truth: bool."""
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], np.cumsum(truth[order])
    last = np.append(scores[1:] != scores[:-1], True)
    precision = hits[last] / (np.flatnonzero(last) + 1)
    recall = hits[last] / max(1, hits[-1])
    return float(np.sum(np.diff(recall, prepend=0) * precision))


@dataclass(frozen=True)
class Rule:
    """What a picture's score is, and from where on picture and pixel count as abnormal; how good that is."""

    smooth: int
    image_ap: float
    threshold: Dict[str, float]
    f1: Dict[str, float]


@torch.no_grad()
def find_rule(
    network: Detector, normals: Sequence[Path], pairs: Sequence[Tuple[Path, Path]], size: int = SIZE
) -> Rule:
    """normals: pictures. pairs: pictures and masks. size: that the network sees, px; it divides SIZE."""
    ratio, each = SIZE // size, max(1, EVERY * size // SIZE)
    image_scores: Dict[int, List[float]] = {smooth: [] for smooth in SMOOTHINGS}
    pixel_scores: List[np.ndarray] = []
    pixel_truth: List[np.ndarray] = []
    for path, mask in [*((path, None) for path in normals), *pairs]:
        image = F.avg_pool2d(torch.from_numpy(read_rgb(path))[None].float() / 255, ratio)
        found = torch.sigmoid(network(image).anomaly)[0, 0]
        for smooth, scores in image_scores.items():
            scores.append(image_score(found, smooth))
        pixel_scores.append(found[::each, ::each].numpy().ravel())
        marked = read_grey(mask, nearest=True)[0] > 127 if mask else np.zeros((SIZE, SIZE), bool)
        pixel_truth.append(marked[:: each * ratio, :: each * ratio].ravel())
    abnormal = np.arange(len(normals) + len(pairs)) >= len(normals)
    precision = {smooth: average_precision(np.asarray(scores), abnormal) for smooth, scores in image_scores.items()}
    best = max(precision, key=precision.__getitem__)
    image = best_f1_threshold(np.asarray(image_scores[best]), abnormal)
    pixel = best_f1_threshold(np.concatenate(pixel_scores), np.concatenate(pixel_truth))
    threshold, f1 = ({"image": image[k], "pixel": pixel[k]} for k in range(2))
    return Rule(best, precision[best], threshold, f1)


def read_validation(folder: Path, demo: Path) -> Tuple[List[Path], List[Tuple[Path, Path]]]:
    """Validation normals of the demo's scenes for which `folder` has pairs, and those pairs (picture, mask)."""
    normals, pairs = [], []
    for scene in sorted(path for path in folder.iterdir() if path.is_dir()):
        normals += sorted((demo / scene.name / "validation/good").glob("*.jpg"))
        for manifest in sorted(scene.glob("manifest-*.json")):
            entries = json.loads(manifest.read_text())["pairs"]
            pairs += [(scene / entry["image"], scene / entry["mask"]) for entry in entries]
    if not normals or not pairs:
        raise ValueError(f"{folder} holds no pairs of scenes in {demo}.")
    return normals, pairs


def load_checkpoint(path: Path) -> Tuple[Detector, int]:
    """The network with its averaged weights, in evaluation mode, and the size it was trained at, px."""
    content = torch.load(path, map_location="cpu")
    network = Detector(DetectorConfig.from_dict(content["config"]))
    network.load_state_dict(content["average"])
    return network.requires_grad_(False).eval(), content["size"]


def write_weights(checkpoint: Path, path: Path, validation: Path, demo: Path) -> Rule:
    network, size = load_checkpoint(checkpoint)
    rule = find_rule(network, *read_validation(validation, demo), size)
    metadata = {
        "detector.size": str(size),
        "detector.input": json.dumps({"mean": [0, 0, 0], "std": [1, 1, 1]}),
        "detector.score": json.dumps({"smooth": rule.smooth, "reduce": "max"}),
        "detector.threshold": json.dumps({k: round(v, 4) for k, v in rule.threshold.items()}),
    }
    weights = {k: v.numpy() for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    onnx.save(half_initializers(build_graph(weights, network.config, metadata)), str(path))
    return rule


def load_onnx(path: Path) -> Detector:
    """The network of an ONNX file of ours: exactly the weights that are shipped."""
    model = onnx.load(str(path))
    network = Detector(config_of(model))
    state = {k: torch.from_numpy(v.copy()) for k, v in initializers(model).items()}
    missing, unexpected = network.load_state_dict(state, strict=False)
    if unexpected or not all(name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"{path} has other weights than the network: {[*missing, *unexpected][:3]}.")
    return network.requires_grad_(False).eval()


def write_reference(path: Path, folder: Path) -> None:
    network = load_onnx(path)
    rng = np.random.default_rng(5)
    cases = {}
    for height, width in REFERENCE_SIZES:
        blocks = np.kron(rng.random((3, height // 8, width // 8)), np.ones((1, 8, 8)))
        noisy = np.clip(blocks + 0.05 * rng.standard_normal(blocks.shape), 0, 1)
        image = torch.from_numpy(noisy.astype(np.float32))[None]
        out = network(image)
        planes = {"jnd": out.jnd, "edges": torch.sigmoid(out.edges), "anomaly_map": torch.sigmoid(out.anomaly)}
        cases[f"{height}x{width}"] = {"image": image, "reconstruction": out.reconstruction, **planes}
    write_cases(folder, cases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    weights = commands.add_parser("weights")
    weights.add_argument("checkpoint", type=Path)
    weights.add_argument("out", type=Path)
    weights.add_argument("--validation", type=Path, required=True, help="folder of pairs by scene on validation normals")
    weights.add_argument("--demo", type=Path, default=Path("public/datasets/demo"))
    reference = commands.add_parser("reference")
    reference.add_argument("model", type=Path)
    reference.add_argument("folder", type=Path)
    args = parser.parse_args()
    if args.command == "weights":
        print(json.dumps(asdict(write_weights(args.checkpoint, args.out, args.validation, args.demo)), indent=1))
    else:
        write_reference(args.model, args.folder)


if __name__ == "__main__":
    main()
