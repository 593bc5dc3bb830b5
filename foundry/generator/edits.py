"""Edits of an edge map as the studio makes them: LogicAL's Eq. 1 in edge strength, with random soft regions.

Used twice: to make training pairs that look like edits, and to measure what edits a trained generator bears.
All planes are float32 [C, H, W] in [0, 1].
"""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from foundry.generator.tps import sample


def remove(edges: Tensor, mask: Tensor) -> Tensor:
    """(1 - M) P"""
    return (1 - mask) * edges


def replace(edges: Tensor, donor: Tensor, mask: Tensor) -> Tensor:
    """M A(Pi) + (1 - M) P; `donor` is already augmented."""
    return mask * donor + (1 - mask) * edges


def merge(edges: Tensor, donor: Tensor, mask: Tensor) -> Tensor:
    """M min(1, A(Pi) + P) + (1 - M) P"""
    return mask * (donor + edges).clamp(max=1) + (1 - mask) * edges


def edited_share(before: Tensor, after: Tensor) -> float:
    """Share of edges that an edit changed: sum |E_A - E| / sum max(E, E_A), in [0, 1]."""
    union = torch.maximum(before, after).sum().item()
    return (after - before).abs().sum().item() / union if union > 0 else 0.0


def _soften(mask: Tensor) -> Tensor:
    """A border about three pixels wide instead of a hard one."""
    kernel = torch.tensor([1.0, 2.0, 1.0]) / 4
    m = F.pad(mask[None], (1, 1, 1, 1), mode="replicate")
    return F.conv2d(F.conv2d(m, kernel.view(1, 1, 1, 3)), kernel.view(1, 1, 3, 1))[0]


def _smooth_noise(rng: np.random.Generator, height: int, width: int, cells: int) -> Tensor:
    coarse = torch.from_numpy(rng.standard_normal((1, 1, cells + 1, cells + 1)).astype(np.float32))
    return F.interpolate(coarse, (height, width), mode="bicubic", align_corners=True)[0]


def random_region(rng: np.random.Generator, height: int, width: int, area: float, shapes: int = 1) -> Tensor:
    """Soft mask [1, H, W] that covers about `area` (a share of the image): `shapes` rectangles, ellipses or blobs.

    Shapes may overlap and reach over the border, so the area covered varies.
    """
    mask = torch.zeros(1, height, width)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    for _ in range(shapes):
        pixels = area / shapes * height * width
        aspect = math.exp(rng.uniform(-0.9, 0.9))
        cx, cy = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
        angle = rng.uniform(0, math.pi)
        u = (x - cx) * math.cos(angle) + (y - cy) * math.sin(angle)
        v = (y - cy) * math.cos(angle) - (x - cx) * math.sin(angle)
        kind = rng.integers(3)
        if kind == 0:
            w, h = math.sqrt(pixels * aspect), math.sqrt(pixels / aspect)
            inside = (u.abs() < w / 2) & (v.abs() < h / 2)
        else:
            a, b = math.sqrt(pixels * aspect / math.pi), math.sqrt(pixels / aspect / math.pi)
            radius = (u / a) ** 2 + (v / b) ** 2
            # A blob is an ellipse with a wavy outline.
            inside = radius < 1 if kind == 1 else radius + 0.6 * _smooth_noise(rng, height, width, 6)[0] < 1
        mask[0][inside] = 1
    return _soften(mask)


def random_strokes(rng: np.random.Generator, height: int, width: int, count: int, radius: float) -> Tensor:
    """Edge strength of `count` hand-drawn strokes, [1, H, W]: smooth curves of half-width `radius` pixels."""
    plane = torch.zeros(1, height, width)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    for _ in range(count):
        points = rng.uniform(-0.12, 0.12, (4, 2)).cumsum(0) + rng.uniform(0.15, 0.85, 2)
        steps = np.linspace(0, 1, 24)[:, None]
        b = [(1 - steps) ** 3, 3 * steps * (1 - steps) ** 2, 3 * steps**2 * (1 - steps), steps**3]
        curve = sum(w * p for w, p in zip(b, points)) * [width, height]
        start, step = curve[:-1], np.diff(curve, axis=0)
        for (px, py), (dx, dy) in zip(start, step):
            along = (((x - px) * dx + (y - py) * dy) / max(dx * dx + dy * dy, 1e-9)).clamp(0, 1)
            distance = torch.hypot(x - px - along * dx, y - py - along * dy)
            plane[0] = torch.maximum(plane[0], (radius + 0.5 - distance).clamp(0, 1))
    return plane


def random_placement(rng: np.random.Generator, height: int, width: int, mirror: bool) -> Tensor:
    """Sampling grid [1, H, W, 2] of a random similarity about the middle: the studio's augmentation A of a donor.

    Scale exp U(-.2, .2), rotation U(-25, 25) degrees, translation U(-.15, .15) of the size, mirrored half the time
    where `mirror` allows it.
    """
    scale, angle = math.exp(rng.uniform(-0.2, 0.2)), math.radians(rng.uniform(-25, 25))
    flip = -1.0 if mirror and rng.random() < 0.5 else 1.0
    tx, ty = rng.uniform(-0.3, 0.3, 2)
    aspect = height / width
    matrix = torch.tensor(
        [
            [flip * math.cos(angle) / scale, -flip * math.sin(angle) * aspect / scale, tx],
            [math.sin(angle) / aspect / scale, math.cos(angle) / scale, ty],
        ],
        dtype=torch.float32,
    )
    return F.affine_grid(matrix[None], (1, 1, height, width), align_corners=False)


def place(planes: Tensor, grid: Tensor) -> Tuple[Tensor, Tensor]:
    """Planes read at `grid`, and a mask [1, H, W] of where the grid stays inside the source."""
    inside = ((grid.abs() <= 1).all(-1)).float()
    return sample(planes, grid), inside
