"""Training samples of the detector: a picture, where it is abnormal, and what the normal picture would have been.

Anomalies come from two places: pairs that the command line's `synth` wrote (LogicAL), and opaque Perlin patches as DRAEM
(Zavrtanik et al., ICCV 2021) pastes them, for comparison. The normal picture's JND map is written by the command line,
too; its edges are PiDiNet's first scale.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from foundry.generator.edges import FirstScale

SIZE = 256
Rng = np.random.Generator


@dataclass(frozen=True)
class Normal:
    """uint8: image [3, H, W]; jnd and edges [1, H, W], 255 is 1."""

    image: np.ndarray
    jnd: np.ndarray
    edges: np.ndarray


@dataclass(frozen=True)
class Pair:
    """A synthetic anomaly on disk, with the normal picture it was made from."""

    image: Path
    mask: Path
    normal: Normal


@dataclass(frozen=True)
class Sample:
    """float32 in [0, 1]: shown and image [3, H, W], jnd, edges and mask [1, H, W], the mask 0 or 1."""

    shown: Tensor
    image: Tensor
    jnd: Tensor
    edges: Tensor
    mask: Tensor


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


@torch.no_grad()
def read_normals(photographs: Path, jnd: Path, extractor: FirstScale, cache: Path) -> Dict[str, Normal]:
    """By file name. `jnd` holds `<stem>.png` for each photograph; FileNotFoundError names the first that is missing.
    Edge maps are kept in `cache`, named by the hash of the photograph's bytes and the PiDiNet's."""
    cache.mkdir(parents=True, exist_ok=True)
    normals = {}
    for path in sorted(photographs.iterdir()):
        if path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
            continue
        map_path = jnd / f"{path.stem}.png"
        if not map_path.exists():
            raise FileNotFoundError(f"{map_path} is missing. Write the JND maps of {photographs} first.")
        image = read_rgb(path)
        key = hashlib.sha256(path.read_bytes() + extractor.sha256.encode()).hexdigest()[:32]
        stored = cache / f"{key}.png"
        if not stored.exists():
            edges = extractor(torch.from_numpy(image)[None].float() / 255)[0, 0]
            part = stored.with_suffix(".part")
            Image.fromarray((edges * 255).round().byte().numpy()).save(part, "PNG")
            part.replace(stored)
        normals[path.name] = Normal(image, read_grey(map_path), read_grey(stored))
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


def perlin(rng: Rng, size: int = SIZE) -> np.ndarray:
    """Perlin noise with the frequency of each axis a power of two up to 32, times √2: float32 [size, size]."""
    fx, fy = (2 ** int(rng.integers(0, 6)) for _ in range(2))
    angles = rng.uniform(0, 2 * np.pi, (fy + 1, fx + 1))
    gradient = np.stack([np.cos(angles), np.sin(angles)], -1)
    y, x = np.meshgrid(np.arange(size) * fy / size, np.arange(size) * fx / size, indexing="ij")
    iy, ix = y.astype(int), x.astype(int)
    dy, dx = y - iy, x - ix

    def corner(oy: int, ox: int) -> np.ndarray:
        g = gradient[iy + oy, ix + ox]
        return g[..., 0] * (dx - ox) + g[..., 1] * (dy - oy)

    u, v = (t**3 * (t * (t * 6 - 15) + 10) for t in (dx, dy))
    upper = corner(0, 0) * (1 - u) + corner(0, 1) * u
    lower = corner(1, 0) * (1 - u) + corner(1, 1) * u
    return (np.sqrt(2) * (upper * (1 - v) + lower * v)).astype(np.float32)


class PerlinSource:
    """Opaque patches of foreign texture in thresholded Perlin masks, as in DRAEM; β, the share of the picture that shows
    through, is drawn from [0, 0.8]."""

    def __init__(self, normals: Sequence[Normal], textures: Sequence[np.ndarray]) -> None:
        """textures: uint8 [3, SIZE, SIZE]; other normals serve where there are none."""
        self.normals, self.textures = normals, textures or [n.image for n in normals]

    def draw(self, rng: Rng) -> Sample:
        normal = self.normals[int(rng.integers(len(self.normals)))]
        mask = np.zeros((1, SIZE, SIZE), np.float32)
        while not 0 < mask.mean() < 0.5:
            noise = Image.fromarray(perlin(rng)).rotate(rng.uniform(-90, 90), Image.Resampling.BILINEAR)
            mask = (np.asarray(noise) > 0.5).astype(np.float32)[None]
        texture = self.textures[int(rng.integers(len(self.textures)))].astype(np.float32) / 255
        texture = np.rot90(texture, int(rng.integers(4)), (1, 2))[:, :, :: 1 - 2 * int(rng.integers(2))]
        texture = np.clip((texture - 0.5) * rng.uniform(0.5, 1.5, (3, 1, 1)) + rng.uniform(0.2, 0.8, (3, 1, 1)), 0, 1)
        beta = rng.uniform(0, 0.8)
        image = normal.image.astype(np.float32) / 255
        shown = image * (1 - mask) + mask * ((1 - beta) * texture + beta * image)
        return _sample(normal, shown.astype(np.float32), mask)


class PairSource:
    """Pairs of one or more kinds, a kind drawn first, as LogicAL alternates between region strategies."""

    def __init__(self, kinds: Sequence[Sequence[Pair]]) -> None:
        if not all(kinds):
            raise ValueError("A folder of pairs holds none.")
        self.kinds = kinds

    def draw(self, rng: Rng) -> Sample:
        pairs = self.kinds[int(rng.integers(len(self.kinds)))]
        pair = pairs[int(rng.integers(len(pairs)))]
        mask = (read_grey(pair.mask, nearest=True) > 127).astype(np.float32)
        return _sample(pair.normal, read_rgb(pair.image).astype(np.float32) / 255, mask)


def untouched(normals: Sequence[Normal], rng: Rng) -> Sample:
    normal = normals[int(rng.integers(len(normals)))]
    return _sample(normal, normal.image.astype(np.float32) / 255, np.zeros((1, SIZE, SIZE), np.float32))


def _sample(normal: Normal, shown: np.ndarray, mask: np.ndarray) -> Sample:
    planes = (shown, normal.image.astype(np.float32) / 255, normal.jnd.astype(np.float32) / 255)
    return Sample(*(torch.from_numpy(p) for p in (*planes, normal.edges.astype(np.float32) / 255, mask)))


def varied(sample: Sample, rng: Rng) -> Sample:
    """Light and colour changed a little, in what is shown and in what it should have been; noise in what is shown."""
    gain = torch.from_numpy(rng.uniform(0.9, 1.1) * rng.uniform(0.97, 1.03, (3, 1, 1))).float()
    offset = rng.uniform(-0.04, 0.04)
    shown, image = (torch.clamp(x * gain + offset, 0, 1) for x in (sample.shown, sample.image))
    if rng.random() < 0.3:
        noise = rng.standard_normal(tuple(shown.shape), dtype=np.float32) * np.float32(rng.uniform(0, 0.02))
        shown = torch.clamp(shown + torch.from_numpy(noise), 0, 1)
    return Sample(shown, image, sample.jnd, sample.edges, sample.mask)


def batch_of(samples: Sequence[Sample]) -> Sample:
    """The planes of the samples stacked: [N, C, H, W]."""
    names = ("shown", "image", "jnd", "edges", "mask")
    return Sample(*(torch.stack([getattr(s, name) for s in samples]) for name in names))
