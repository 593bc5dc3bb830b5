"""Measure a pair of files and write the machine-readable card beside it: STEM.json.

    python3 -m foundry.sam.evaluate public/models/sam-nano --log foundry/sam/logs/final.csv [--images 100]

Three sets, none of them trained on: the demo's validation photographs, composed scenes of a fixed seed, BSDS500's
validation photographs (each with its first annotator's segments of at least 0.3 % of the area). On each:

- click: mean IoU of one click in the middle (pole of inaccessibility) of each object, with the mask whose predicted
  quality is highest, and with the best of the three; share of objects above IoU .5 and .75.
- everything: share of objects for which a 16 × 16 grid of clicks leaves a mask with IoU of at least .5.

Objects are parts (a pin, a compartment, a label); `everything` is also given for wholes (a tray with all that is in it).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import platform
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np
import torch

from foundry.networks.sam import Sam, parameters_of
from foundry.sam import bsds500, composed, demo
from foundry.sam.everything import Settings, best_ious, everything
from foundry.sam.export import load_onnx
from foundry.sam.measures import click_ious, view
from foundry.sam.samples import Sample, masks_of

LICENCE = (
    "Trained in part on BSDS500, which is for non-commercial research and education: use these weights for nothing else. "
    "Code: Apache-2.0."
)


def spread(samples: Sequence[Sample], count: int) -> List[Sample]:
    """`count` of the samples, evenly spread."""
    if count >= len(samples):
        return list(samples)
    return [samples[round(i * (len(samples) - 1) / max(1, count - 1))] for i in range(count)]


def sets(demo_images: int, images: int, bsds: Path) -> Dict[str, List[Sample]]:
    photographs = demo.read_split("validation/good")
    result = {
        f"demo/{scene}": spread([s for s in photographs if s.name.startswith(f"{scene}/")], demo_images)
        for scene in demo.SCENES
    }
    result["composed"] = composed.scenes(images)
    if bsds.is_dir():
        result["bsds500"] = [p.sample(0) for p in spread(bsds500.read_split("val", bsds), images)]  # type: ignore[type-var]
    else:
        print(f"{bsds} is not there: BSDS500 is left out.")
    return result


def clicks(network: Sam, samples: Sequence[Sample]) -> Dict[str, float]:
    ious = click_ious(network, samples)
    chosen, best = np.array(ious["chosen"]), np.array(ious["best"])
    return {
        "images": len(samples),
        "objects": len(chosen),
        "meanIou": round(float(chosen.mean()), 4),
        "meanIouBestOfThree": round(float(best.mean()), 4),
        "above50": round(float((chosen >= 0.5).mean()), 4),
        "above75": round(float((chosen >= 0.75).mean()), 4),
    }


@torch.no_grad()
def recalls(network: Sam, samples: Sequence[Sample], settings: Settings) -> Dict[str, float]:
    found: Dict[str, List[float]] = {"part": [], "whole": []}
    counts = []
    for sample in samples:
        at = view(sample.image, network.config.size)
        masks = everything(network, at, network.encoder(at.pixels), settings)
        counts.append(len(masks))
        for kind, ious in found.items():
            wanted = [m for _, m in masks_of(sample, kinds=(kind,))]
            if wanted:
                ious += list(best_ious(masks, np.stack(wanted)))
    result = {"images": len(samples), "objects": len(found["part"]), "masksPerImage": round(float(np.mean(counts)), 1)}
    result["recall50"] = round(float((np.array(found["part"]) >= 0.5).mean()), 4)
    result["recall75"] = round(float((np.array(found["part"]) >= 0.75).mean()), 4)
    if found["whole"]:
        result["wholes"] = len(found["whole"])
        result["recall50Wholes"] = round(float((np.array(found["whole"]) >= 0.5).mean()), 4)
    return result


def file_entry(path: Path) -> Dict[str, object]:
    content = path.read_bytes()
    return {"file": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def training(log: Path, pictures: Optional[Dict[str, int]]) -> Dict[str, object]:
    with log.open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    result = {"log": str(log), "seed": int(last["seed"]), "steps": int(last["step"])}
    result["minutes"] = round(float(last["seconds"]) / 60, 1)  # type: ignore[assignment]
    return {**result, "pictures": pictures or {}}


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def card(stem: Path, network: Sam, log: Path, settings: Settings, metrics: Dict) -> Dict[str, object]:
    c = network.config
    return {
        "id": "sam-nano",
        "title": "SAM-nano",
        "task": "segmentation",
        "family": "transformers.js",
        "encoder": file_entry(Path(f"{stem}.encoder.onnx")),
        "decoder": file_entry(Path(f"{stem}.decoder.onnx")),
        "licence": LICENCE,
        "imageSize": c.size,
        "maskSize": c.size // 2,
        "boxLabels": [2, 3],
        "everything": settings.as_dict(),
        "parameters": {"encoder": parameters_of(network.encoder), "decoder": parameters_of(network.decoder)},
        "training": training(log, metrics.pop("pictures", None)),
        "metrics": metrics,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stem", type=Path, help="path without .encoder.onnx")
    parser.add_argument("--log", type=Path, default=Path("foundry/sam/logs/final.csv"))
    parser.add_argument("--demo-images", type=int, default=25, help="validation photographs of each scene")
    parser.add_argument("--images", type=int, default=100, help="composed scenes and photographs of BSDS500")
    parser.add_argument("--everything-images", type=int, default=None, help="of each set; all if not given")
    parser.add_argument("--bsds", type=Path, default=bsds500.DATA)
    parser.add_argument("--quality", type=float, default=Settings.quality)
    parser.add_argument("--stability", type=float, default=Settings.stability)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    network = load_onnx(args.stem)
    settings = Settings(quality=args.quality, stability=args.stability)
    metrics: Dict[str, Dict] = {}
    for name, samples in sets(args.demo_images, args.images, args.bsds).items():
        some = spread(samples, args.everything_images or len(samples))
        metrics[name] = {"click": clicks(network, samples), "everything": recalls(network, some, settings)}
        print(name, json.dumps(metrics[name]), flush=True)
    text = json.dumps(card(args.stem, network, args.log, settings, metrics), indent=2) + "\n"
    Path(f"{args.stem}.json").write_text(text)


if __name__ == "__main__":
    main()
