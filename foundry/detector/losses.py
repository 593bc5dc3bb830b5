"""Losses of LogicAL's localization module (section 3.2): every one a scalar, summed without weights but for `EDGE_WEIGHT`."""

from __future__ import annotations

from typing import Dict, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from foundry.networks.detector import Outputs
from foundry.pidinet.loss import LAMBDA

GAMMA = 2
#: PiDiNet's loss is summed over pixels; a mean is of the size of the other terms.
EDGE_WEIGHT = 1.0
C1, C2, WINDOW, SIGMA = 1e-4, 9e-4, 11, 1.5


def _taps(like: Tensor) -> Tensor:
    t = torch.arange(WINDOW, device=like.device, dtype=like.dtype) - WINDOW // 2
    taps = torch.exp(-(t**2) / (2 * SIGMA**2))
    return taps / taps.sum()


def dissimilarity(a: Tensor, b: Tensor) -> Tensor:
    """1 − SSIM of [N, C, H, W] in [0, 1], 11×11 Gaussian window σ 1.5, mean over what the window lies in wholly."""
    channels = a.shape[1]
    taps = _taps(a)
    across, down = (taps.view(1, 1, *shape).expand(channels, 1, *shape) for shape in ((1, WINDOW), (WINDOW, 1)))

    def blur(x: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(x, across, groups=channels), down, groups=channels)

    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = (blur(x * x) - m * m for x, m in ((a, mean_a), (b, mean_b)))
    both = blur(a * b) - mean_a * mean_b
    # Rounding may leave a plain place with a variance below zero.
    var_a, var_b = var_a.clamp(min=0), var_b.clamp(min=0)
    value = (2 * mean_a * mean_b + C1) * (2 * both + C2)
    return 1 - (value / ((mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2))).mean()


def edge_loss(logits: Tensor, edges: Tensor) -> Tensor:
    """PiDiNet's balanced cross-entropy for soft edge strength in [0, 1]: edges weigh as much as the rest of a picture."""
    total = edges.sum((1, 2, 3), keepdim=True)
    share = total / edges[0].numel()
    weight = edges * (1 - share) + (1 - edges) * LAMBDA * share
    return F.binary_cross_entropy_with_logits(logits, edges, weight, reduction="sum") / weight.sum().clamp(min=1e-6)


def focal_loss(logits: Tensor, mask: Tensor) -> Tensor:
    """Focal loss (Lin et al., ICCV 2017) with γ 2: mean over pixels, relative to the marked share so that small defects
    count. mask: 0 or 1."""
    p = torch.sigmoid(logits)
    wrong = p + mask - 2 * p * mask
    each = wrong**GAMMA * F.binary_cross_entropy_with_logits(logits, mask, reduction="none")
    # Marked and unmarked pixels weigh the same on average over a batch, within a factor of 20.
    marked = mask.mean().clamp(min=0.01, max=0.5)
    weight = mask * (0.5 / marked) + (1 - mask) * (0.5 / (1 - marked))
    return (each * weight).mean()


def total(out: Outputs, image: Tensor, jnd: Tensor, edges: Tensor, mask: Tensor) -> Tuple[Tensor, Dict[str, float]]:
    """`image`, `jnd`, `edges`: what the normal picture has; `mask`: where the picture shown is abnormal, 0 or 1."""
    terms = {
        "image": F.mse_loss(out.reconstruction, image) + dissimilarity(out.reconstruction, image),
        "jnd": F.mse_loss(out.jnd, jnd) + dissimilarity(out.jnd, jnd),
        "edge": EDGE_WEIGHT * edge_loss(out.edges, edges),
        "focal": focal_loss(out.anomaly, mask),
    }
    return sum(terms.values()), {name: value.item() for name, value in terms.items()}  # type: ignore[return-value]
