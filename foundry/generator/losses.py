"""Losses of the edge-to-image generator. Images and edges float32 in [0, 1], NCHW; every loss is a scalar."""

from __future__ import annotations

from typing import List, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

Outputs = List[List[Tensor]]


def masked_l1(result: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Mean absolute difference over the pixels where `known` [N, 1, H, W] is 1."""
    return ((result - target).abs() * known).sum() / (known.sum() * result.shape[1]).clamp(min=1)


def colour_loss(result: Tensor, target: Tensor, known: Tensor, cell: int = 8) -> Tensor:
    """L1 between averages over cells of `cell` x `cell` pixels, those that are known all over: colour before detail."""
    k = -F.max_pool2d(-known, cell)
    return masked_l1(F.avg_pool2d(result.contiguous(), cell), F.avg_pool2d(target.contiguous(), cell), k)


def _differences(x: Tensor) -> Tuple[Tensor, Tensor]:
    return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def gradient_loss(result: Tensor, target: Tensor, known: Tensor, empty: Tensor, scales: int = 3) -> Tensor:
    """L1 between the finite differences of result and target at full, half, quarter … resolution.

    Where `known` is 0 nothing is asked, but where `empty` is 1 the differences should vanish: a place without edges
    is a plain one.
    """
    total = result.new_zeros(())
    result, target = result.contiguous(), target.contiguous()  # pooling three channels_last channels is slow
    # Known pairs compare with the target, empty pairs with a flat area, which is the target with zero gradient.
    for scale in range(scales):
        if scale:
            result, target = F.avg_pool2d(result, 2), F.avg_pool2d(target, 2)
            known, empty = -F.max_pool2d(-known, 2), -F.max_pool2d(-empty, 2)
        for r, t, axis in zip(_differences(result), _differences(target), (-1, -2)):
            n = r.shape[axis]
            k = known.narrow(axis, 0, n) * known.narrow(axis, 1, n)
            e = empty.narrow(axis, 0, n) * empty.narrow(axis, 1, n)
            weight = (k + e).clamp(max=1)
            total = total + ((r - t * k).abs() * weight).sum() / (weight.sum() * r.shape[1]).clamp(min=1)
    return total / scales


def edge_loss(logits: Tensor, edges: Tensor, border: int) -> Tensor:
    """Binary cross-entropy between edges extracted from the result (logits) and the edges it was made from.

    The outer `border` pixels are left out: a crop's edges differ there from the whole image's.
    """
    inner = (..., slice(border, -border), slice(border, -border))
    return F.binary_cross_entropy_with_logits(logits[inner], edges[inner])


def adversarial_loss(outputs: Outputs, real: bool) -> Tensor:
    """Least squares, summed over the scales."""
    goal = 1.0 if real else 0.0
    return sum(((scale[-1] - goal) ** 2).mean() for scale in outputs)  # type: ignore[return-value]


def matching_loss(fake: Outputs, real: Outputs) -> Tensor:
    """Feature matching: L1 between the discriminator's inner layers, averaged over layers, then over scales."""
    terms = [F.l1_loss(f, r.detach()) for fs, rs in zip(fake, real) for f, r in zip(fs[:-1], rs[:-1])]
    return torch.stack(terms).mean()
