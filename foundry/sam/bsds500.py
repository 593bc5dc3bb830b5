"""BSDS500's human segmentations as masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import List

import numpy as np
from PIL import Image
from scipy.io import loadmat

from foundry.sam.samples import NOTHING, Sample, Target

DATA = Path("../shared/data/bsds500")
#: Segments smaller than this share of the image are not asked for.
LEAST_SHARE = 0.003


@dataclass(frozen=True)
class Photograph:
    """image: uint8 [H, W, 3]. segmentations: one map of numbers, uint8 [H, W], for each annotator."""

    name: str
    image: np.ndarray
    segmentations: List[np.ndarray]

    def sample(self, annotator: int) -> Sample:
        places = self.segmentations[annotator]
        counts = np.bincount(places.ravel(), minlength=256)
        large = [n for n in range(NOTHING) if counts[n] >= LEAST_SHARE * places.size]
        return Sample(self.name, self.image, places, [Target(str(n), "part", (n,)) for n in large])


def numbered(segmentation: np.ndarray) -> np.ndarray:
    """uint8 copy in which only large segments have a number of their own, below NOTHING."""
    flat = segmentation.astype(np.int64)
    counts = np.bincount(flat.ravel())
    order = np.argsort(-counts)[: NOTHING - 1]
    table = np.full(len(counts), NOTHING, np.uint8)
    table[order] = np.arange(len(order))
    return table[flat]


def read_split(split: str, root: Path = DATA) -> List[Photograph]:
    """split: `train` or `val`."""
    paths = sorted((root / "images" / split).glob("*.jpg"))
    if not paths:
        raise FileNotFoundError(f"{root / 'images' / split} holds no images. Point --bsds at a BSDS500 folder.")
    result = []
    for path in paths:
        truth = loadmat(str(root / "groundTruth" / split / f"{path.stem}.mat"))["groundTruth"][0]
        maps = [numbered(entry["Segmentation"][0, 0]) for entry in truth]
        result.append(Photograph(path.stem, np.asarray(Image.open(path).convert("RGB")), maps))
    return result
