"""BSDS500: reading images with the boundaries of all annotators, and drawing training crops.

Layout of the data folder: images/{train,val}/ID.jpg and groundTruth/{train,val}/ID.mat. A .mat file
holds, per annotator, a binary boundary map of the image's size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import List, Tuple

import numpy as np
from PIL import Image, ImageEnhance
from scipy.io import loadmat

#: Angles of HED's augmentation of BSDS500: 16 rotations.
ROTATIONS = tuple(360.0 * i / 16 for i in range(16))


@dataclass(frozen=True)
class Sample:
    """image: RGB, 8 bit. boundaries: one bool [H, W] per annotator."""

    name: str
    image: Image.Image
    boundaries: List[np.ndarray]

    @property
    def label(self) -> np.ndarray:
        """Share of annotators who marked a pixel, as uint8 [H, W], 255 = all."""
        return np.round(255.0 * np.mean(self.boundaries, axis=0)).astype(np.uint8)


def read_split(root: Path, split: str) -> List[Sample]:
    """All samples of `train` or `val`, in order of their names."""
    folder = root / "images" / split
    paths = sorted(folder.glob("*.jpg")) + sorted(folder.glob("*.png"))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no images. Point --data at a BSDS500 folder.")
    return [read_sample(path, root / "groundTruth" / split / f"{path.stem}.mat") for path in paths]


def read_sample(image_path: Path, truth_path: Path) -> Sample:
    image = Image.open(image_path).convert("RGB")
    annotators = loadmat(str(truth_path))["groundTruth"][0]
    boundaries = [entry["Boundaries"][0, 0].astype(bool) for entry in annotators]
    if any(b.shape != (image.height, image.width) for b in boundaries):
        raise ValueError(f"{truth_path}: boundaries and {image_path.name} differ in size.")
    return Sample(image_path.stem, image, boundaries)


class CropSource:
    """Random crops of one image scale: rotation, flip, mild changes of colour and noise.

    A crop always lies inside the rotated image, so it never sees padding. Labels are sampled with
    the nearest neighbour (after a 2x2 maximum at half size): interpolation would thin out a line of
    one pixel and move it across the threshold between `ignored` and `edge`.
    """

    def __init__(self, samples: List[Sample], scale: float, side: int) -> None:
        self.scale = scale
        self.side = side
        self.items = []
        for sample in samples:
            image, label = sample.image, sample.label
            if scale == 0.5:
                h, w = label.shape[0] // 2, label.shape[1] // 2
                label = label[: 2 * h, : 2 * w].reshape(h, 2, w, 2).max(axis=(1, 3))
                image = image.crop((0, 0, 2 * w, 2 * h)).reduce(2)
            self.items.append((image, Image.fromarray(label)))
        #: Pixels of the stored image per pixel of the crop.
        self.step = 1.0 if scale == 0.5 else 1.0 / scale

    def draw(self, rng: np.random.Generator) -> Tuple[np.ndarray, np.ndarray]:
        """-> image float32 [3, side, side] in [0, 1], label uint8 [1, side, side]."""
        image, label = self.items[rng.integers(len(self.items))]
        angle = math.radians(ROTATIONS[rng.integers(len(ROTATIONS))])
        cos, sin = math.cos(angle) * self.step, math.sin(angle) * self.step
        half = self.side / 2
        reach = half * (abs(cos) + abs(sin))
        cx = self._centre(rng, image.width, reach)
        cy = self._centre(rng, image.height, reach)
        # Output (x, y) -> input, both measured at pixel corners, rotated about the crop's centre.
        affine = (cos, sin, cx - half * (cos + sin), -sin, cos, cy - half * (cos - sin))
        size = (self.side, self.side)
        crop = image.transform(size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
        truth = np.asarray(label.transform(size, Image.Transform.AFFINE, affine, Image.Resampling.NEAREST))
        pixels = np.asarray(_recolour(crop, rng), dtype=np.float32) / 255
        if rng.random() < 0.3:
            noise = rng.standard_normal(pixels.shape, dtype=np.float32)
            pixels = np.clip(pixels + rng.uniform(0, 0.02) * noise, 0, 1)
        if rng.random() < 0.5:
            pixels, truth = pixels[:, ::-1], truth[:, ::-1]
        return np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32), truth[None].copy()

    @staticmethod
    def _centre(rng: np.random.Generator, extent: int, reach: float) -> float:
        if 2 * reach > extent:
            raise ValueError(f"A crop needs {2 * reach:.0f} pixels, the image has {extent}: use a smaller side.")
        return rng.uniform(reach, extent - reach)


def _recolour(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    if rng.random() < 0.15:
        image = image.convert("L").convert("RGB")
    else:
        image = ImageEnhance.Color(image).enhance(rng.uniform(0.6, 1.4))
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.25))
    return ImageEnhance.Contrast(image).enhance(rng.uniform(0.75, 1.25))
