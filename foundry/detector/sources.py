"""Training samples of the detector: a picture, where it is abnormal, and what the normal picture would have been.

Anomalies come from LogicAL's pairs, from other normal pictures pasted into the outlines of such pairs, and, for
comparison, from opaque Perlin patches as DRAEM (Zavrtanik et al., ICCV 2021) pastes them. What all of them have in common
besides being abnormal, a border and pixels that went through a synthesis, must not be what a detector learns: normal
samples are disguised with the same.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Optional, Sequence, Union

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from foundry.detector.data import SIZE, Normal, Pair, read_grey, read_rgb

Rng = np.random.Generator

#: A pasted pixel counts as abnormal where the mean difference over channels and a small neighbourhood exceeds this.
CHANGED = 0.06
#: Marked share of a picture below which a paste is drawn anew.
LEAST_SHARE = 0.001
#: Shares of pastes that recolour what is there, and that carry what an outline holds to another place, in place of
#: filling an outline with whatever lies elsewhere.
RECOLOURED, CARRIED = 0.3, 0.4


@dataclass(frozen=True)
class Sample:
    """float32 in [0, 1]: shown and image [3, H, W], jnd, edges and mask [1, H, W], the mask 0 or 1."""

    shown: Tensor
    image: Tensor
    jnd: Tensor
    edges: Tensor
    mask: Tensor
    #: See `Normal.repainted`; until the sample is varied.
    repainted: Optional[np.ndarray] = None


PLANES = ("shown", "image", "jnd", "edges", "mask")


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
        return sample_of(normal, shown.astype(np.float32), mask)


class PairSource:
    """Pairs of one or more kinds, a kind drawn first, as LogicAL alternates between region strategies."""

    def __init__(self, kinds: Sequence[Sequence[Pair]]) -> None:
        if not all(kinds):
            raise ValueError("A folder of pairs holds none.")
        self.kinds = kinds

    def draw(self, rng: Rng) -> Sample:
        pair = self.pick(rng)
        mask = (read_grey(pair.mask, nearest=True) > 127).astype(np.float32)
        return sample_of(pair.normal, read_rgb(pair.image).astype(np.float32) / 255, mask)

    def pick(self, rng: Rng) -> Pair:
        pairs = self.kinds[int(rng.integers(len(self.kinds)))]
        return pairs[int(rng.integers(len(pairs)))]


class PasteSource:
    """What lies in the outline of a pair's anomaly, a part most often, brought to another normal picture of the same
    product; or an outline filled with pixels from another place, or with what is there in another colour: LogicAL's
    replace with the direct renderer, without end."""

    def __init__(self, scenes: Sequence[Sequence[Pair]]) -> None:
        """scenes: the pairs of each product."""
        if not all(scenes):
            raise ValueError("A folder of pairs holds none.")
        self.scenes = scenes

    def draw(self, rng: Rng) -> Sample:
        while True:
            pairs = self.scenes[int(rng.integers(len(self.scenes)))]
            outline, target, donor = (pairs[int(rng.integers(len(pairs)))] for _ in range(3))
            image = target.normal.image.astype(np.float32) / 255
            shape, kind = read_grey(outline.mask, nearest=True), rng.random()
            if kind < RECOLOURED:
                content = recoloured(image, rng)
            elif kind < RECOLOURED + CARRIED:
                carried = moved(np.concatenate([outline.normal.image, shape]), rng, "zeros")
                content, shape = carried[:3], (carried[3:] * 255).astype(np.uint8)
            else:
                content = moved(donor.normal.image, rng)
                if rng.random() < 0.5:
                    turned = Image.fromarray(shape[0]).rotate(
                        rng.uniform(-180, 180), translate=tuple(rng.integers(-64, 65, 2).tolist())
                    )
                    shape = np.asarray(turned)[None]
            inside = soft(Image.fromarray(shape[0]), rng)
            shown = image * (1 - inside) + content * inside
            mask = changed(shown, image) * (inside > 0.3)
            if mask.mean() >= LEAST_SHARE:
                return sample_of(target.normal, shown, mask.astype(np.float32))


class MixedSource:
    """One of several sources, each with the same chance."""

    def __init__(self, sources: Sequence[Union[PerlinSource, PairSource, PasteSource]]) -> None:
        self.sources = sources

    def draw(self, rng: Rng) -> Sample:
        return self.sources[int(rng.integers(len(self.sources)))].draw(rng)


def untouched(normals: Sequence[Normal], rng: Rng) -> Sample:
    normal = normals[int(rng.integers(len(normals)))]
    return sample_of(normal, normal.image.astype(np.float32) / 255, np.zeros((1, SIZE, SIZE), np.float32))


def disguised(sample: Sample, shape: np.ndarray, rng: Rng) -> Sample:
    """The sample with a region that went through a synthesis and came out as it was: nothing in it counts as abnormal
    that did not before. What is marked is left alone.

    shape: uint8 [H, W], 255 inside.
    """
    image = sample.shown.numpy()
    inside = soft(Image.fromarray(shape), rng)
    if sample.repainted is not None and rng.random() < 0.5:
        content = sample.repainted.astype(np.float32) / 255
    else:
        content = degraded(image, rng)
        shift = tuple(int(v) for v in rng.integers(-1, 2, 2))
        content = np.clip(np.roll(content, shift, (1, 2)) * rng.uniform(0.97, 1.03), 0, 1).astype(np.float32)
    # A border of what is marked may not be smoothed away.
    inside = inside * (1 - sample.mask.numpy())
    shown = torch.from_numpy((image * (1 - inside) + content * inside).astype(np.float32))
    return Sample(shown, sample.image, sample.jnd, sample.edges, sample.mask)


def degraded(image: np.ndarray, rng: Rng) -> np.ndarray:
    """A little blurred, noisy and compressed, each at times: float32 [3, H, W] in [0, 1]."""
    picture = Image.fromarray((image.transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8))
    if rng.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.9)))
    if rng.random() < 0.5:
        content = io.BytesIO()
        picture.save(content, "JPEG", quality=int(rng.integers(55, 96)), subsampling=int(rng.integers(3)))
        picture = Image.open(content)
    result = np.asarray(picture, np.float32).transpose(2, 0, 1) / 255
    if rng.random() < 0.5:
        noise = rng.standard_normal(result.shape, dtype=np.float32)
        result = np.clip(result + noise * np.float32(rng.uniform(0, 0.02)), 0, 1)
    return np.ascontiguousarray(result)


def recoloured(image: np.ndarray, rng: Rng) -> np.ndarray:
    """Channels mixed, scaled and shifted: float32 [3, H, W] in [0, 1]."""
    order = rng.permutation(3) if rng.random() < 0.5 else np.arange(3)
    gain, offset = rng.uniform(0.5, 1.4, (3, 1, 1)), rng.uniform(-0.2, 0.2, (3, 1, 1))
    return np.clip(image[order] * gain + offset, 0, 1).astype(np.float32)


def moved(image: np.ndarray, rng: Rng, beyond: str = "reflection") -> np.ndarray:
    """Turned, scaled and shifted, mirrored beyond the border or nothing there (`zeros`): uint8 [C, H, W] -> float32 in
    [0, 1]."""
    angle = np.deg2rad(rng.choice([0, 90, 180, 270]) + rng.uniform(-25, 25))
    scale = np.exp(rng.uniform(-0.25, 0.25))
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    shift = rng.uniform(-0.8, 0.8, 2)
    theta = torch.tensor([[c, -s, shift[0]], [s, c, shift[1]]], dtype=torch.float32)[None]
    plane = torch.from_numpy(image).float()[None] / 255
    grid = torch.nn.functional.affine_grid(theta, list(plane.shape), align_corners=False)
    return torch.nn.functional.grid_sample(plane, grid, padding_mode=beyond, align_corners=False)[0].numpy()


def soft(shape: Image.Image, rng: Rng) -> np.ndarray:
    """The shape with a soft border, float32 [1, H, W] in [0, 1]."""
    blurred = shape.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.8)))
    return np.asarray(blurred, np.float32)[None] / 255


def changed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where the pictures differ, looked at through a window of five pixels: bool [1, H, W]."""
    difference = np.abs(a - b).mean(0)
    smooth = Image.fromarray((difference * 255).clip(0, 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(2))
    return np.asarray(smooth, np.float32)[None] > CHANGED * 255


def sample_of(normal: Normal, shown: np.ndarray, mask: np.ndarray) -> Sample:
    planes = (shown, normal.image.astype(np.float32) / 255, normal.jnd.astype(np.float32) / 255)
    planes = (*planes, normal.edges.astype(np.float32) / 255, mask)
    tensors = (torch.from_numpy(np.ascontiguousarray(plane, np.float32)) for plane in planes)
    return Sample(*tensors, repainted=normal.repainted)


def batch_of(samples: Sequence[Sample]) -> Sample:
    """The planes of the samples stacked: [N, C, H, W]."""
    return Sample(*(torch.stack([getattr(s, name) for s in samples]) for name in PLANES))
