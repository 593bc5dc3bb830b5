"""Annotator-robust loss of RCF and PiDiNet (Liu et al., CVPR 2017, eq. 1)."""

from __future__ import annotations

from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

ETA = 0.3
LAMBDA = 1.1


def pixel_weights(label: Tensor) -> "tuple[Tensor, Tensor]":
    """Targets and weights per pixel.

    label: uint8 [N, 1, H, W], 255 times the share of annotators who marked the pixel.
    No mark is negative, fewer than ETA * 256 is ignored (weight 0), the rest is positive; both
    classes are balanced within each image.
    """
    y = label.float()
    positive = (y >= ETA * 256).float()
    negative = (y == 0).float()
    n_pos = positive.sum(dim=(1, 2, 3), keepdim=True)
    n_neg = negative.sum(dim=(1, 2, 3), keepdim=True)
    total = (n_pos + n_neg).clamp(min=1)
    return positive, positive * (n_neg / total) + negative * (LAMBDA * n_pos / total)


def edge_loss(logits: Sequence[Tensor], label: Tensor) -> Tensor:
    """Sum over maps and pixels of the weighted binary cross-entropy, mean over images. Scalar."""
    target, weight = pixel_weights(label)
    losses = [F.binary_cross_entropy_with_logits(z, target, weight, reduction="sum") for z in logits]
    return torch.stack(losses).sum() / label.shape[0]
