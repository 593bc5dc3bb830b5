"""Measure an exported generator on the scenes' validation photographs and write its card.

    python3 -m foundry.generator.evaluate public/models/generator.onnx --scenes public/datasets/demo/pin_tray \
        public/datasets/demo/bottle --foreign ../shared/data/magnetic-tile --checkpoint .cache/generator/final.pth \
        --hardware "two cores of an AMD EPYC"

Writes `generator.json` beside the model (what the studio reads), the curve and every sample of the collapse
measurement under foundry/generator/logs, and two pictures under docs/images. `--quick` leaves out the collapse
measurement and keeps the numbers of the JSON file that is there.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from foundry.generator import edits
from foundry.generator.edges import FirstScale
from foundry.generator.export import load_onnx
from foundry.generator.measures import edge_agreement, ssim, ssim_map
from foundry.generator.pairs import IMAGE_SUFFIXES, MIRRORABLE, Photograph, image_files, load_split, read_image
from foundry.generator.train import PIDINET
from foundry.networks.generator import Generator

#: Side of the photographs, pixels.
SIZE = 256
THRESHOLDS = tuple(round(0.1 * k, 1) for k in range(1, 10))
#: Areas (shares of the image) of the edited regions of the collapse measurement; 1 is the whole image.
AREAS = (0.03, 0.08, 0.15, 0.25, 0.4, 0.6, 1.0)
OPERATIONS = ("remove", "replace", "merge", "strokes")
#: How far, in pixels, an edit may change the image around it without being called a collapse.
REACH = 12
#: Collapse begins where the untouched part keeps less than this SSIM to the unedited result, on average …
LEAST_SSIM = 0.9
#: … or where agreement of its edges falls this far below that of unedited results.
GREATEST_LOSS = 0.1
#: Width of the bins of the edited share.
BIN = 0.1

Generate = Callable[[Tensor], Tensor]


def generate_with(network: Generator) -> Generate:
    """Edges [1, H, W] -> image [3, H, W]."""

    def generate(edges: Tensor) -> Tensor:
        with torch.no_grad():
            return network(edges[None].float())[0].contiguous()

    return generate


def quality(photographs: Sequence[Photograph], generate: Generate, extractor: FirstScale) -> Dict[str, List[float]]:
    """Per photograph: L1 and SSIM against it, F1 of the edges at every threshold."""
    values: Dict[str, List[float]] = {"l1": [], "ssim": [], **{f"f1@{t}": [] for t in THRESHOLDS}}
    for photograph in photographs:
        image = photograph.image.float() / 255
        result = generate(photograph.edges)
        again = extractor(result[None])[0, 0]
        values["l1"].append((result - image).abs().mean().item())
        values["ssim"].append(ssim(result[None], image[None]))
        for t in THRESHOLDS:
            values[f"f1@{t}"].append(edge_agreement(again, photograph.edges[0].float(), t))
    return values


def summary(values: Dict[str, List[float]]) -> Dict[str, float]:
    means = {name: float(np.mean(v)) for name, v in values.items()}
    best = max(THRESHOLDS, key=lambda t: means[f"f1@{t}"])
    return {
        "images": len(values["l1"]),
        "l1": round(means["l1"], 4),
        "ssim": round(means["ssim"], 4),
        "edgeF1": round(means["f1@0.5"], 4),
        "edgeF1Best": round(means[f"f1@{best}"], 4),
        "edgeF1BestThreshold": best,
    }


def square(image: Tensor, side: int) -> Tensor:
    """uint8 [3, H, W] -> [3, side, side]: the middle square, resized."""
    array = image.permute(1, 2, 0).numpy()
    height, width = array.shape[:2]
    n = min(height, width)
    top, left = (height - n) // 2, (width - n) // 2
    middle = Image.fromarray(array[top : top + n, left : left + n])
    resized = np.array(middle.resize((side, side), Image.Resampling.BILINEAR))
    return torch.from_numpy(resized).permute(2, 0, 1).contiguous()


def foreign_fit(folder: Path, generate: Generate, extractor: FirstScale, side: int, limit: int) -> Tuple[List[float], List[float]]:
    """SSIM and L1 of reconstructions of photographs the generator does not know."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and "mask" not in str(p).lower())
    files = [p for p in files if "ground_truth" not in p.parts]
    chosen = [files[i] for i in np.random.default_rng(3).permutation(len(files))[:limit]]
    similarity, difference = [], []
    for path in chosen:
        image = square(read_image(path), side)[None].float() / 255
        with torch.no_grad():
            result = generate(extractor(image)[0])[None]
        similarity.append(ssim(result, image))
        difference.append((result - image).abs().mean().item())
    return similarity, difference


def edit(operation: str, area: float, photograph: Photograph, donor: Photograph, rng: np.random.Generator) -> Tuple[Tensor, Tensor]:
    """Edited edges of a photograph and the region mask, both [1, H, W]."""
    edges = photograph.edges.float()
    height, width = edges.shape[-2:]
    if operation == "strokes":
        count = max(1, round(40 * area))
        strokes = edits.random_strokes(rng, height, width, count, rng.uniform(1, 8))
        return edits.merge(edges, strokes, (strokes > 0).float()), (strokes > 0).float()
    mask = torch.ones_like(edges) if area >= 1 else edits.random_region(rng, height, width, area, int(rng.integers(1, 4)))
    if operation == "remove":
        return edits.remove(edges, mask), mask
    grid = edits.random_placement(rng, height, width, photograph.scene in MIRRORABLE)
    placed, inside = edits.place(donor.edges.float(), grid)
    mask = mask * inside
    change = edits.replace if operation == "replace" else edits.merge
    return change(edges, placed, mask), mask


def collapse_samples(photographs: Sequence[Photograph], generate: Generate, extractor: FirstScale, repeats: int) -> List[Dict[str, object]]:
    """One row for every edit tried: how large a share of the edges it changed, and what became of the rest."""
    rows: List[Dict[str, object]] = []
    rng = np.random.default_rng(11)
    by_scene: Dict[str, List[Photograph]] = {}
    for photograph in photographs:
        by_scene.setdefault(photograph.scene, []).append(photograph)
    for scene, members in sorted(by_scene.items()):
        for repeat in range(repeats):
            photograph = members[repeat % len(members)]
            plain = generate(photograph.edges)
            plain_edges = extractor(plain[None])[0, 0]
            for operation in OPERATIONS:
                for area in AREAS:
                    donor = members[rng.integers(len(members))]
                    edited, mask = edit(operation, area, photograph, donor, rng)
                    share = edits.edited_share(photograph.edges.float(), edited)
                    near = torch.nn.functional.max_pool2d(
                        ((edited - photograph.edges.float()).abs() > 0.05).float()[None], 2 * REACH + 1, 1, REACH
                    )
                    outside = near[0, 0] == 0
                    row: Dict[str, object] = {"scene": scene, "image": photograph.name, "operation": operation, "area": area}
                    row["share"] = round(share, 4)
                    row["outside"] = round(outside.float().mean().item(), 4)
                    # With next to nothing untouched there is nothing to compare.
                    if outside.float().mean() > 0.02:
                        result = generate(edited)
                        again = extractor(result[None])[0, 0]
                        row["ssim"] = round(ssim_map(result[None], plain[None])[0, 0][outside].mean().item(), 4)
                        before = edge_agreement(plain_edges, photograph.edges[0].float(), 0.5, outside)
                        row["f1_loss"] = round(before - edge_agreement(again, edited[0], 0.5, outside), 4)
                    rows.append(row)
    return rows


def collapse_curve(rows: Sequence[Dict[str, object]]) -> List[Dict[str, float]]:
    """Means of the samples by edited share, bins of width BIN."""
    curve = []
    for k in range(round(1 / BIN)):
        low, high = k * BIN, (k + 1) * BIN
        chosen = [r for r in rows if "ssim" in r and (low <= float(r["share"]) < high or (k + 1) * BIN >= 1 and r["share"] == 1)]  # type: ignore[arg-type]
        if chosen:
            s = [float(r["ssim"]) for r in chosen]  # type: ignore[arg-type]
            f = [float(r["f1_loss"]) for r in chosen]  # type: ignore[arg-type]
            curve.append(
                {
                    "share": round((low + high) / 2, 3),
                    "samples": len(chosen),
                    "ssim": round(float(np.mean(s)), 4),
                    "ssim_p10": round(float(np.quantile(s, 0.1)), 4),
                    "f1_loss": round(float(np.mean(f)), 4),
                }
            )
    return curve


def collapse_share(curve: Sequence[Dict[str, float]]) -> Optional[float]:
    """Edited share at which the curve first crosses one of the limits, by linear interpolation; None if it never does."""
    crossings = []
    for name, limit, sign in (("ssim", LEAST_SSIM, -1), ("f1_loss", GREATEST_LOSS, 1)):
        previous = None
        for point in curve:
            over = sign * (point[name] - limit)
            if over > 0:
                if previous is None:
                    crossings.append(point["share"])
                else:
                    t = -previous[1] / (over - previous[1])
                    crossings.append(previous[0] + t * (point["share"] - previous[0]))
                break
            previous = (point["share"], over)
    return round(min(crossings), 2) if crossings else None


def to_bytes(planes: Tensor) -> np.ndarray:
    """[C, H, W] in [0, 1] -> uint8 [H, W, 3]"""
    array = (planes.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


def write_sheet(path: Path, groups: Sequence[Sequence[np.ndarray]], columns: int, limit: int = 400_000) -> None:
    """Groups of tiles side by side, `columns` groups in a row, as a JPEG of at most `limit` bytes."""
    gap = 6
    bands = []
    for start in range(0, len(groups), columns):
        row = []
        for group in groups[start : start + columns]:
            row += [*group, np.full((group[0].shape[0], gap, 3), 255, np.uint8)]
        bands += [np.concatenate(row, axis=1), np.full((gap, sum(t.shape[1] for t in row), 3), 255, np.uint8)]
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = Image.fromarray(np.concatenate(bands, axis=0))
    for jpeg_quality in range(88, 40, -4):
        sheet.save(path, quality=jpeg_quality, optimize=True)
        if path.stat().st_size <= limit:
            return
    raise ValueError(f"{path} does not fit into {limit} bytes.")


def write_pictures(photographs: Sequence[Photograph], generate: Generate, folder: Path) -> None:
    """Up to 16 reconstructions (photograph, edges, result), as many of each scene; and edits (edited edges, result) of one
    to three photographs a scene."""
    by_scene: Dict[str, List[Photograph]] = {}
    for photograph in photographs:
        by_scene.setdefault(photograph.scene, []).append(photograph)
    per_scene = 16 // len(by_scene)
    chosen = [p for members in by_scene.values() for p in members[:per_scene]]
    groups = [
        [to_bytes(p.image.float() / 255), to_bytes(p.edges.float()), to_bytes(generate(p.edges))] for p in chosen
    ]
    write_sheet(folder / "generator-contact.jpg", groups, 4 if per_scene % 4 == 0 else per_scene)

    rng = np.random.default_rng(21)
    groups = []
    for members in by_scene.values():
        for k in range(3 if len(by_scene) < 4 else 1):
            photograph, donor = members[k], members[-1 - k]
            tiles = [to_bytes(photograph.image.float() / 255)]
            for operation in ("remove", "replace", "merge"):
                edited, _ = edit(operation, 0.1, photograph, donor, rng)
                tiles += [to_bytes(edited), to_bytes(generate(edited))]
            groups.append(tiles)
    write_sheet(folder / "generator-edits.jpg", groups, 1)


def write_csv(path: Path, rows: Sequence[Dict[str, object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(max(rows, key=len)))
        writer.writeheader()
        writer.writerows(rows)


def measure_fit(all_ssim: List[float], all_l1: List[float], args: argparse.Namespace, generate: Generate, extractor: FirstScale) -> Dict[str, object]:
    """How well known photographs are remade, and limits that tell them from foreign ones."""
    fit: Dict[str, object] = {
        "ssim": {"mean": round(float(np.mean(all_ssim)), 4), "p05": round(float(np.quantile(all_ssim, 0.05)), 4)},
        "l1": {"mean": round(float(np.mean(all_l1)), 4), "p95": round(float(np.quantile(all_l1, 0.95)), 4)},
    }
    if args.foreign and args.foreign.exists():
        similarity, difference = foreign_fit(args.foreign, generate, extractor, SIZE, args.foreign_limit)
        # Half-way between what nearly all known and nearly all foreign images reach.
        other = {"ssimP95": float(np.quantile(similarity, 0.95)), "l1P05": float(np.quantile(difference, 0.05))}
        limits = {
            "ssim": round((float(np.quantile(all_ssim, 0.05)) + other["ssimP95"]) / 2, 4),
            "l1": round((float(np.quantile(all_l1, 0.95)) + other["l1P05"]) / 2, 4),
        }
        belongs = [s >= limits["ssim"] and d <= limits["l1"] for s, d in zip(similarity, difference)]
        known = [s >= limits["ssim"] and d <= limits["l1"] for s, d in zip(all_ssim, all_l1)]
        fit["limits"] = limits
        fit["foreign"] = {
            "images": len(similarity),
            **{name: round(value, 4) for name, value in other.items()},
            "accepted": round(float(np.mean(belongs)), 4),
        }
        fit["accepted"] = round(float(np.mean(known)), 4)
    return fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--scenes", type=Path, nargs="+", required=True)
    parser.add_argument("--foreign", type=Path, help="folder of photographs of other things; without it no limits for `fit`")
    parser.add_argument("--foreign-limit", type=int, default=60)
    parser.add_argument("--checkpoint", type=Path, required=True, help="where seed, steps and time are read from")
    parser.add_argument("--hardware", required=True, help="what it was trained on, in words, for the card")
    parser.add_argument("--pidinet", type=Path, default=PIDINET)
    parser.add_argument("--cache", type=Path, default=Path(".cache/generator"))
    parser.add_argument("--logs", type=Path, default=Path("foundry/generator/logs"))
    parser.add_argument("--images", type=Path, default=Path("docs/images"))
    parser.add_argument("--repeats", type=int, default=10, help="photographs a scene in the collapse measurement")
    parser.add_argument("--preliminary", action="store_true", help="say in the card that training is not finished")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(2)

    extractor = FirstScale(args.pidinet)
    network = load_onnx(args.model)
    generate = generate_with(network)
    scenes = [scene for scene in args.scenes if image_files(scene / "validation/good")]
    for scene in set(args.scenes) - set(scenes):
        print(f"{scene} has no validation/good: nothing is measured on it.", flush=True)
    photographs = load_split(scenes, "validation/good", extractor, args.cache / "edges")
    card_path = args.model.with_suffix(".json")

    metrics, all_ssim, all_l1 = {}, [], []
    for scene in scenes:
        values = quality([p for p in photographs if p.scene == scene.name], generate, extractor)
        metrics[scene.name] = summary(values)
        all_ssim += values["ssim"]
        all_l1 += values["l1"]
        print(scene.name, metrics[scene.name], flush=True)

    fit: Dict[str, object] = {}
    if photographs:
        fit = measure_fit(all_ssim, all_l1, args, generate, extractor)
        write_pictures(photographs, generate, args.images)
    print(fit, flush=True)
    content = torch.load(args.checkpoint, map_location="cpu")
    bytes_ = args.model.read_bytes()
    old = json.loads(card_path.read_text()) if card_path.exists() else {}
    if args.quick or not photographs:
        collapse = {name: old[name] for name in ("collapseShare", "collapse") if name in old}
    else:
        rows = collapse_samples(photographs, generate, extractor, args.repeats)
        write_csv(args.logs / "collapse-samples.csv", rows)
        curve = collapse_curve(rows)
        write_csv(args.logs / "collapse.csv", [dict(point) for point in curve])
        by_operation = {op: collapse_share(collapse_curve([r for r in rows if r["operation"] == op])) for op in OPERATIONS}
        collapse = {
            "collapseShare": collapse_share(curve),
            "collapse": {"leastSsim": LEAST_SSIM, "greatestF1Loss": GREATEST_LOSS, "byOperation": by_operation, "curve": curve},
        }
    card = {
        "id": "generator-demo",
        "title": "Edge-to-image generator for the demo scenes",
        "task": "edge-to-image",
        "file": args.model.name,
        "sha256": hashlib.sha256(bytes_).hexdigest(),
        "bytes": len(bytes_),
        "licence": "Apache-2.0",
        "notes": "Trained on our own CC0 renders. The edge detector it listens to, also during training, was trained on BSDS500, "
        "which is for non-commercial research and education.",
        "preliminary": args.preliminary,
        "size": SIZE,
        "multiple": network.config.size_multiple,
        "input": {"name": "edges", "shape": [1, 1, SIZE, SIZE], "range": [0, 1]},
        "output": {"name": "image", "shape": [1, 3, SIZE, SIZE], "range": [0, 1]},
        "edges": {"model": args.pidinet.name, "output": "e1", "sha256": content["pidinet"]},
        "trainedOn": [scene.name for scene in args.scenes],
        "training": {
            "seed": content["seed"],
            "steps": content["step"],
            "images": content["images"],
            "minutes": round(content["seconds"] / 60, 1),
            "hardware": args.hardware,
            "parameters": sum(p.numel() for p in network.parameters()),
        },
        "metrics": metrics,
        "fit": fit,
        **collapse,
    }
    card_path.write_text(json.dumps(card, indent=2) + "\n")
    print(f"{card_path}: collapse share {card.get('collapseShare')}")


if __name__ == "__main__":
    main()
