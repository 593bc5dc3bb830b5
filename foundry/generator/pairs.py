"""Training pairs: photographs of the scenes, their edge maps, and the augmentation that imitates edits.

A scene folder holds `train/good` and `validation/good` (MVTec LOCO layout), 8-bit RGB images of one size.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from foundry.generator import edits
from foundry.generator.edges import FirstScale
from foundry.generator.tps import random_grid, sample

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")

#: Scenes whose pictures stay normal when mirrored. Writing, labels and handed parts forbid it.
MIRRORABLE = frozenset({"pin_tray", "screw_kit"})

#: A scene with this many photographs is drawn as often as any other, one with fewer accordingly less often.
FULL_SHARE = 32
TPS_SHARE = 0.5
#: Shares of training samples whose edges are edited; see `draw`.
REPLACE_SHARE, REMOVE_SHARE, MERGE_SHARE = 0.15, 0.12, 0.06


@dataclass(frozen=True)
class Photograph:
    """`image` uint8 [3, H, W], `edges` float16 [1, H, W] (e1 of the image), where they come from."""

    scene: str
    name: str
    image: Tensor
    edges: Tensor


@dataclass(frozen=True)
class Pair:
    """One training sample, float32; or several, with [N, …] before each shape.

    edges:  [1, H, W] what the generator is given.
    image:  [3, H, W] what it should make of it, true where `known` is 1.
    known:  [1, H, W], 0 in and around places where the edit leaves the truth unknown.
    empty:  [1, H, W], 1 where edges were erased: nothing may be drawn there.
    """

    edges: Tensor
    image: Tensor
    known: Tensor
    empty: Tensor

    @property
    def fully_known(self) -> Tensor:
        """bool [N], for planes [N, C, H, W]."""
        return self.known.amin((1, 2, 3)) > 0


def image_files(folder: Path) -> List[Path]:
    return sorted(p for p in folder.glob("*") if p.suffix.lower() in IMAGE_SUFFIXES)


def read_image(path: Path) -> Tensor:
    """uint8 [3, H, W]"""
    with Image.open(path) as file:
        return torch.from_numpy(np.array(file.convert("RGB"))).permute(2, 0, 1).contiguous()


def load_split(folders: Sequence[Path], split: str, extractor: FirstScale, cache: Path) -> List[Photograph]:
    """Photographs of `split` (for instance train/good) of every scene folder, with edges.

    Edge maps are kept in `cache`, one file per image, named by the hash of the image's bytes and the PiDiNet's, so
    they are computed once and never go stale. ValueError names a folder without images.
    """
    cache.mkdir(parents=True, exist_ok=True)
    photographs = []
    for folder in folders:
        files = image_files(folder / split)
        if not files:
            raise ValueError(f"{folder / split} holds no images. Render the scene first (foundry/scenes/README.md).")
        for path in files:
            key = hashlib.sha256(path.read_bytes() + extractor.sha256.encode()).hexdigest()[:32]
            stored = cache / f"{key}.npy"
            image = read_image(path)
            if stored.exists():
                edges = torch.from_numpy(np.load(stored))
            else:
                with torch.no_grad():
                    edges = extractor(image[None].float() / 255)[0].half()
                part = stored.with_suffix(".part.npy")
                np.save(part, edges.numpy())
                part.replace(stored)
            photographs.append(Photograph(folder.name, path.name, image, edges))
    return photographs


class PairSource:
    """Draws augmented pairs; everything depends on the generator passed in."""

    def __init__(self, photographs: Sequence[Photograph]) -> None:
        self.by_scene: Dict[str, List[Photograph]] = {}
        for photograph in photographs:
            self.by_scene.setdefault(photograph.scene, []).append(photograph)
        self.scenes = sorted(self.by_scene)
        counts = np.array([min(FULL_SHARE, len(self.by_scene[scene])) for scene in self.scenes])
        self.shares = counts / counts.sum()

    def _planes(self, rng: np.random.Generator, scene: str) -> Tensor:
        """Edges and image of a random photograph, [4, H, W], mirrored and warped by chance."""
        chosen = self.by_scene[scene][rng.integers(len(self.by_scene[scene]))]
        planes = torch.cat([chosen.edges.float(), chosen.image.float() / 255])
        if scene in MIRRORABLE and rng.random() < 0.5:
            planes = planes.flip(-1)
        if rng.random() < TPS_SHARE:
            planes = sample(planes, random_grid(rng, *planes.shape[-2:]))
        return planes

    def draw(self, rng: np.random.Generator) -> Pair:
        """A pair of a random scene.

        Most are whole photographs. Some are edited as the studio edits, so that the generator meets such maps:
        replaced (a region of another photograph, placed by the augmentation A, in map and image alike: the truth is
        known everywhere), removed (the truth is known outside the region; inside, nothing), merged with another
        map or with strokes (the truth is known outside).
        """
        scene = self.scenes[rng.choice(len(self.scenes), p=self.shares)]
        planes = self._planes(rng, scene)
        height, width = planes.shape[-2:]
        edges, image = planes[:1], planes[1:]
        known, empty = torch.ones(1, height, width), torch.zeros(1, height, width)
        kind = rng.random()
        if kind >= REPLACE_SHARE + REMOVE_SHARE + MERGE_SHARE:
            return Pair(edges, image, known, empty)
        mask = edits.random_region(rng, height, width, rng.uniform(0.02, 0.2), int(rng.integers(1, 4)))
        if kind >= REPLACE_SHARE + MERGE_SHARE:
            return Pair(edits.remove(edges, mask), image, (mask == 0).float(), (mask > 0.5).float())
        grid = edits.random_placement(rng, height, width, scene in MIRRORABLE)
        donor, inside = edits.place(self._planes(rng, scene), grid)
        mask = mask * inside
        if kind < REPLACE_SHARE:
            return Pair(edits.replace(edges, donor[:1], mask), edits.replace(image, donor[1:], mask), known, empty)
        addition = donor[:1]
        if rng.random() < 0.5:
            addition = edits.random_strokes(rng, height, width, int(rng.integers(1, 5)), rng.uniform(0.5, 2.5))
            mask = (addition > 0).float()
        edited = edits.merge(edges, addition, mask)
        # What a changed edge changes around it is unknown too.
        spread = torch.nn.functional.max_pool2d(((edited - edges).abs() > 0.05).float()[None], 9, 1, 4)[0]
        return Pair(edited, image, 1 - spread, empty)
