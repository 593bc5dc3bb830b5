"""What the detector is trained on, as it lies on disk: normal photographs with their JND and edge maps, and pairs of a
synthetic anomaly and its mask.

Pairs (LogicAL) and JND maps are written by the command line's `synth` and `jnd`; edges are PiDiNet's first scale.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional

import numpy as np
import torch
from PIL import Image

from foundry.generator.edges import FirstScale
from foundry.generator.export import load_onnx as load_generator

SIZE = 256


@dataclass(frozen=True)
class Normal:
    """uint8: image [3, H, W]; jnd and edges [1, H, W], 255 is 1."""

    image: np.ndarray
    jnd: np.ndarray
    edges: np.ndarray
    #: What the generator makes of the picture's own edges; None where no generator knows the product.
    repainted: Optional[np.ndarray] = None


@dataclass(frozen=True)
class Pair:
    """A synthetic anomaly on disk, with the normal picture it was made from."""

    image: Path
    mask: Path
    normal: Normal


def read_rgb(path: Path) -> np.ndarray:
    """uint8 [3, SIZE, SIZE]."""
    image = Image.open(path).convert("RGB")
    if image.size != (SIZE, SIZE):
        image = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def read_grey(path: Path, nearest: bool = False) -> np.ndarray:
    """uint8 [1, SIZE, SIZE]."""
    image = Image.open(path).convert("L")
    if image.size != (SIZE, SIZE):
        image = image.resize((SIZE, SIZE), Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR)
    return np.asarray(image)[None].copy()


class Painter:
    """A generator that knows some products."""

    def __init__(self, path: Path) -> None:
        self.network = load_generator(path)
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()


def _floats(plane: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(plane).float() / 255


def _bytes(plane: torch.Tensor) -> np.ndarray:
    return (plane.clamp(0, 1) * 255).round().byte().numpy()


def _kept(cache: Path, key: bytes, make: Callable[[], np.ndarray]) -> np.ndarray:
    """What `make` gives, uint8 [H, W] or [H, W, 3], kept as a PNG named by the hash of `key`."""
    stored = cache / f"{hashlib.sha256(key).hexdigest()[:32]}.png"
    if not stored.exists():
        part = stored.with_suffix(".part")
        Image.fromarray(make()).save(part, "PNG")
        part.replace(stored)
    return np.array(Image.open(stored))


@torch.no_grad()
def read_normals(
    photographs: Path, jnd: Path, extractor: FirstScale, cache: Path, generator: Optional[Painter] = None
) -> Dict[str, Normal]:
    """By file name. `jnd` holds `<stem>.png` for each photograph; FileNotFoundError names the first that is missing.
    Edge maps and what `generator`, which knows the product, makes of them are kept in `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    normals = {}
    for path in sorted(photographs.iterdir()):
        if path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
            continue
        map_path = jnd / f"{path.stem}.png"
        if not map_path.exists():
            raise FileNotFoundError(f"{map_path} is missing. Write the JND maps of {photographs} first.")
        image, content = read_rgb(path), path.read_bytes()

        def find_edges() -> np.ndarray:
            return _bytes(extractor(_floats(image)[None])[0, 0])

        edges = _kept(cache, content + extractor.sha256.encode(), find_edges)[None]
        repainted = None
        if generator:

            def repaint() -> np.ndarray:
                return _bytes(generator.network(_floats(edges)[None])[0].permute(1, 2, 0))

            made = _kept(cache, content + extractor.sha256.encode() + generator.sha256.encode(), repaint)
            repainted = np.ascontiguousarray(made.transpose(2, 0, 1))
        normals[path.name] = Normal(image, read_grey(map_path), edges, repainted)
    return normals


def read_pairs(folder: Path, normals: Dict[str, Normal]) -> List[Pair]:
    """Pairs of every `manifest-*.json` in `folder`. ValueError names a source that is no normal photograph here."""
    pairs = []
    for manifest in sorted(folder.glob("manifest-*.json")):
        for entry in json.loads(manifest.read_text())["pairs"]:
            name = Path(entry["source"]["name"]).name
            if name not in normals:
                raise ValueError(f"{manifest} was made from {name}, which is not among the photographs.")
            pairs.append(Pair(folder / entry["image"], folder / entry["mask"], normals[name]))
    return pairs
