"""Write the machine-readable card of an exported PiDiNet beside it: NAME.onnx -> NAME.json.

    python3 -m foundry.pidinet.card public/models/pidinet-small.onnx --logs LOG.csv … --scores SCORES.json …

LOG.csv are the logs of its training, in order; SCORES.json are outputs of foundry.pidinet.evaluate.
Scores of another file are refused.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from pathlib import Path
from typing import Dict, List

import onnx

TITLES = {"tiny": "PiDiNet tiny", "small": "PiDiNet small", "full": "PiDiNet"}
LICENCE = (
    "Trained on BSDS500, which is for non-commercial research and education: use these weights for nothing else. "
    "Code: Apache-2.0."
)


def runs(logs: List[Path]) -> List[Dict[str, object]]:
    """Seed, steps and minutes of each training log."""
    result = []
    for log in logs:
        with log.open(newline="") as file:
            last = list(csv.DictReader(file))[-1]
        minutes = round(float(last["seconds"]) / 60, 1)
        result.append({"log": str(log), "seed": int(last["seed"]), "steps": int(last["step"]), "minutes": minutes})
    return result


def card(model: Path, logs: List[Path], scores: List[Path]) -> Dict[str, object]:
    content = model.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    graph = onnx.load_model_from_string(content)
    variant = {entry.key: entry.value for entry in graph.metadata_props}["pidinet.variant"]
    metrics = {}
    for path in scores:
        score = json.loads(path.read_text())
        if score["sha256"] != digest:
            raise ValueError(f"{path} was measured on another file than {model}. Run foundry.pidinet.evaluate again.")
        metrics[score["output"]] = {k: score[k] for k in ("ods", "ois", "threshold", "precision", "recall", "images")}
    return {
        "id": f"pidinet-{variant}",
        "title": TITLES[variant],
        "task": "edges",
        "file": model.name,
        "sha256": digest,
        "bytes": len(content),
        "licence": LICENCE,
        "inputs": [{"name": "image", "shape": ["N", 3, "H", "W"], "range": [0, 1], "leastSize": 16}],
        "outputs": [{"name": o.name, "shape": ["N", 1, "H", "W"], "range": [0, 1]} for o in graph.graph.output],
        "training": {
            "data": "BSDS500, 200 training images",
            "hardware": "two cores of an Intel Xeon (Cascade Lake, 2.5 GHz), shared with other work",
            "runs": runs(logs),
        },
        "metrics": {"benchmark": "BSDS500 validation", **metrics},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--logs", type=Path, nargs="+", required=True)
    parser.add_argument("--scores", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    text = json.dumps(card(args.model, args.logs, args.scores), indent=2) + "\n"
    args.model.with_suffix(".json").write_text(text)


if __name__ == "__main__":
    main()
