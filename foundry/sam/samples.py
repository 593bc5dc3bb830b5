"""What all sources of training images have in common: an image with numbered places, and the masks made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np
from PIL import Image

#: Number of places that belong to nothing, such as padding.
NOTHING = 255
#: Masks with fewer pixels than this in a 256 × 256 picture are not asked for.
LEAST_AREA = 64


@dataclass(frozen=True)
class Target:
    """A mask: the places with one of these numbers. kind: `part`, `whole` (of parts) or `ground`."""

    name: str
    kind: str
    numbers: Tuple[int, ...]

    def mask(self, places: np.ndarray) -> np.ndarray:
        """bool, the shape of `places`."""
        table = np.zeros(256, bool)
        table[list(self.numbers)] = True
        return table[places]


@dataclass(frozen=True)
class Sample:
    """image: uint8 [H, W, 3]. places: uint8 [H, W], the number of what is seen there."""

    name: str
    image: np.ndarray
    places: np.ndarray
    targets: List[Target]


def resized(sample: Sample, box: Tuple[float, float, float, float], size: Tuple[int, int]) -> Sample:
    """The part of the sample in `box` (left, top, right, bottom) at `size` (width, height)."""
    image = Image.fromarray(sample.image).resize(size, Image.Resampling.BILINEAR, box=box)
    places = Image.fromarray(sample.places).resize(size, Image.Resampling.NEAREST, box=box)
    return Sample(sample.name, np.asarray(image), np.asarray(places), sample.targets)


def letterbox(sample: Sample, size: int) -> Sample:
    """Longest side to `size`, padded at the right and the bottom; padding is black here and zero for the network."""
    h, w = sample.places.shape
    scale = size / max(h, w)
    w2, h2 = int(w * scale + 0.5), int(h * scale + 0.5)
    small = resized(sample, (0, 0, w, h), (w2, h2))
    image = np.zeros((size, size, 3), np.uint8)
    places = np.full((size, size), NOTHING, np.uint8)
    image[:h2, :w2], places[:h2, :w2] = small.image, small.places
    return Sample(sample.name, image, places, sample.targets)


def varied(sample: Sample, size: int, rng: np.random.Generator, least: float, mild: bool = False) -> Sample:
    """A random square of at least the share `least` of the shorter side, turned, mirrored, recoloured, noisy.

    A quarter of the oblong samples stay whole, with padding, as photographs will. `mild`: mostly upright, mostly whole,
    of colours like its own.
    """
    h, w = sample.places.shape
    if h != w and rng.random() < 0.25:
        sample = letterbox(sample, size)
    elif not (h == w == size and rng.random() < (0.5 if mild else 0.3)):
        side = min(h, w) * rng.uniform(least, 1)
        left, top = rng.uniform(0, w - side), rng.uniform(0, h - side)
        sample = resized(sample, (left, top, left + side, top + side), (size, size))
    image, places = sample.image, sample.places
    turns = int(rng.integers(4)) if not mild or rng.random() < 0.2 else 0
    padded = (places == NOTHING).any()
    if turns and not padded:
        image, places = np.rot90(image, turns), np.rot90(places, turns)
    if rng.random() < 0.5 and not padded:
        image, places = image[:, ::-1], places[:, ::-1]
    return Sample(sample.name, recoloured(image, rng, mild), np.ascontiguousarray(places), sample.targets)


def recoloured(image: np.ndarray, rng: np.random.Generator, mild: bool = False) -> np.ndarray:
    pixels = image.astype(np.float32)
    if rng.random() < (0.1 if mild else 0.5):
        # Between grey and overdone; rarely with channels exchanged, so that a colour means nothing by itself.
        grey = pixels.mean(-1, keepdims=True)
        pixels = grey + (pixels - grey) * np.float32(rng.choice([0.0, rng.uniform(0.3, 1.6)], p=[0.15, 0.85]))
        if rng.random() < 0.25:
            pixels = pixels[..., rng.permutation(3)]
    if rng.random() < 0.7:
        spread = 0.12 if mild else 0.3
        gain = rng.uniform(1 - spread, 1 + spread) * rng.uniform(1 - spread / 3, 1 + spread / 3, 3)
        pixels = (pixels - 128) * gain.astype(np.float32) + np.float32(128 + rng.uniform(-85, 85) * spread)
    if rng.random() < 0.3:
        pixels = pixels + rng.standard_normal(pixels.shape, dtype=np.float32) * np.float32(rng.uniform(0, 8))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def areas_of(sample: Sample, least_area: int = LEAST_AREA, kinds: Optional[Tuple[str, ...]] = None) -> List[Tuple[Target, int]]:
    """The sample's targets with their areas in pixels, those that are too small left out."""
    counts = np.bincount(sample.places.ravel(), minlength=256)
    areas = [(t, int(counts[list(t.numbers)].sum())) for t in sample.targets if kinds is None or t.kind in kinds]
    return [(target, area) for target, area in areas if area >= least_area]


def masks_of(sample: Sample, least_area: int = LEAST_AREA, kinds: Optional[Tuple[str, ...]] = None) -> List[Tuple[Target, np.ndarray]]:
    """The same with their masks."""
    return [(target, target.mask(sample.places)) for target, _ in areas_of(sample, least_area, kinds)]
