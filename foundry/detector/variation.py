"""What varies a sample without making it more or less abnormal."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from foundry.detector.sources import Rng, Sample, degraded

#: Greatest shift (of the side), turn (degrees) and change of scale, as a camera that was set up anew.
SHIFT, TURN, SCALE = 0.025, 1.5, 0.03


def relit(sample: Sample, rng: Rng) -> Sample:
    """Light and colour changed a little, in what is shown and in what it should have been; what is shown goes through a
    camera of its own."""
    gain = torch.from_numpy(rng.uniform(0.9, 1.1) * rng.uniform(0.97, 1.03, (3, 1, 1))).float()
    offset = rng.uniform(-0.04, 0.04)
    shown, image = (torch.clamp(x * gain + offset, 0, 1) for x in (sample.shown, sample.image))
    if rng.random() < 0.6:
        shown = torch.from_numpy(degraded(shown.numpy(), rng))
    return Sample(shown, image, sample.jnd, sample.edges, sample.mask)


def reframed(sample: Sample, rng: Rng) -> Sample:
    """Everything shifted, turned and scaled a little, mirrored beyond the border."""
    angle, scale = np.deg2rad(rng.uniform(-TURN, TURN)), 1 + rng.uniform(-SCALE, SCALE)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    shift = rng.uniform(-2 * SHIFT, 2 * SHIFT, 2)
    theta = torch.tensor([[c, -s, shift[0]], [s, c, shift[1]]], dtype=torch.float32)[None]
    planes = torch.cat([sample.shown, sample.image, sample.jnd, sample.edges, sample.mask])[None]
    grid = F.affine_grid(theta, list(planes.shape), align_corners=False)
    return _split(F.grid_sample(planes, grid, padding_mode="reflection", align_corners=False)[0])


def reduced(sample: Sample, size: int) -> Sample:
    """At `size` × `size` px, which divides the sample's own: areas averaged, marked where half an area is."""
    planes = torch.cat([sample.shown, sample.image, sample.jnd, sample.edges, sample.mask])[None]
    return _split(F.avg_pool2d(planes, planes.shape[-1] // size)[0])


def _split(planes: torch.Tensor) -> Sample:
    shown, image, jnd, edges, mask = planes.split((3, 3, 1, 1, 1))
    return Sample(shown, image, jnd, edges, (mask > 0.5).float())
