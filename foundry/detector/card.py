"""Write the machine-readable card of an exported detector beside it: detector.onnx -> detector.json.

    python3 -m foundry.detector.card public/models/detector.onnx --log foundry/detector/logs/final.csv \\
        --hardware "…" --figures .cache/detector/figures [--ablation .cache/detector/ablation]

FIGURES holds <scene>.json, what the command line's `evaluate --model … --json` printed for it; ABLATION one such folder
for each variant of the training, at equal budget.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from pathlib import Path
from typing import Dict, List

import onnx

LICENCE = "Apache-2.0"
NOTES = (
    "Trained on our own CC0 renders and on anomalies synthesised from them, never on a test image. The edge detector that "
    "the synthesis and the edge targets come from was trained on BSDS500, which is for non-commercial research and education."
)
#: False positive rate at which the area under the sPRO curve is cut, as LOCO's authors recommend.
LIMIT = "0.05"


def training(log: Path, hardware: str) -> Dict[str, object]:
    with log.open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    return {
        "log": str(log),
        "seed": int(last["seed"]),
        "steps": int(last["step"]),
        "minutes": round(float(last["seconds"]) / 60, 1),
        "hardware": hardware,
        "validationPixelAp": float(last["val_pixel_ap"]),
        "validationImageAp": float(last["val_image_ap"]),
    }


def figures(path: Path) -> Dict[str, object]:
    """What counts most of an evaluation, by kind of defect and their mean."""
    found = json.loads(path.read_text())
    kinds = dict(found["image_auroc_by_subset"])
    mean = kinds.pop("mean")
    result: Dict[str, object] = {"imageAuroc": found["image_auroc"], "imageAp": found["image_ap"]}
    result["imageAurocByKind"] = kinds
    result["imageAurocMean"] = mean
    result["pixelAuroc"], result["pixelAp"] = found["pixel_auroc"], found["pixel_ap"]
    result["aupro30"] = found["aupro"]["0.3"]
    result["auSpro05"] = {kind: found["au_spro"][kind][LIMIT] for kind in (*kinds, "mean")}
    return rounded(result)


def rounded(value):
    if isinstance(value, float):
        return round(value, 4)
    return {k: rounded(v) for k, v in value.items()} if isinstance(value, dict) else value


def by_scene(folder: Path) -> Dict[str, object]:
    """Figures of each scene and their plain mean. ValueError if the folder holds none."""
    scenes = {path.stem: figures(path) for path in sorted(folder.glob("*.json"))}
    if not scenes:
        raise ValueError(f"{folder} holds no figures. Write them with `evaluate --json`.")
    means = {
        "imageAurocMean": [s["imageAurocMean"] for s in scenes.values()],
        "pixelAp": [s["pixelAp"] for s in scenes.values()],
        "auSpro05": [s["auSpro05"]["mean"] for s in scenes.values()],
    }
    return {"scenes": scenes, "mean": rounded({k: sum(v) / len(v) for k, v in means.items()})}


def card(model: Path, log: Path, hardware: str, evaluation: Path, ablation: Path | None) -> Dict[str, object]:
    content = model.read_bytes()
    entries = {e.key: e.value for e in onnx.load_model_from_string(content).metadata_props}
    result: Dict[str, object] = {
        "id": "detector-demo",
        "title": "Anomaly detector for the demo scenes",
        "task": "anomaly-localization",
        "file": model.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "licence": LICENCE,
        "notes": NOTES,
        "size": int(entries["detector.size"]),
        "multiple": int(entries["detector.multiple"]),
        "threshold": json.loads(entries["detector.threshold"]),
        "training": training(log, hardware),
        "metrics": by_scene(evaluation),
    }
    if ablation:
        variants: List[Path] = sorted(path for path in ablation.iterdir() if path.is_dir())
        result["ablation"] = {path.name: by_scene(path)["mean"] for path in variants}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--hardware", required=True)
    parser.add_argument("--figures", type=Path, required=True)
    parser.add_argument("--ablation", type=Path)
    args = parser.parse_args()
    content = card(args.model, args.log, args.hardware, args.figures, args.ablation)
    args.model.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
