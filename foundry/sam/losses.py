"""SAM's losses: focal and dice on the best of the three masks, and the quality head's error; and one of our own, which
teaches the network's comparisons from all parts of a picture at once."""

from __future__ import annotations

from typing import Dict, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from foundry.networks.sam import Decoder, rows

FOCAL_WEIGHT, DICE_WEIGHT, QUALITY_WEIGHT = 20.0, 1.0, 1.0
ALPHA, GAMMA = 0.25, 2
LIKENESS_WEIGHT = 0.2
#: At S/2 features know nothing of what is far away: only places nearer than this, in S/2, are compared.
NEAR = 20.0
#: Share of the loss that all three masks receive: one that never wins would else never learn.
EVERYBODY = 0.05


def focal(logits: Tensor, truth: Tensor) -> Tensor:
    """[..., H, W] -> [...]. truth: shares of pixels in [0, 1]."""
    p = torch.sigmoid(logits)
    wrong = p + truth - 2 * p * truth
    weight = (1 - ALPHA) + (2 * ALPHA - 1) * truth
    return (weight * wrong**GAMMA * F.binary_cross_entropy_with_logits(logits, truth, reduction="none")).mean((-2, -1))


def dice(logits: Tensor, truth: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    both = (p * truth).sum((-2, -1))
    return 1 - (2 * both + 1) / (p.sum((-2, -1)) + truth.sum((-2, -1)) + 1)


def iou(found: Tensor, truth: Tensor) -> Tensor:
    """IoU of bool masks [..., H, W]; 1 where both are empty."""
    both = (found & truth).sum((-2, -1)).float()
    either = (found | truth).sum((-2, -1)).float()
    return torch.where(either > 0, both / either.clamp(min=1), torch.ones_like(either))


def total(scores: Tensor, masks: Tensor, truth: Tensor) -> Tuple[Tensor, Dict[str, float]]:
    """scores [B, P, 3], masks [B, P, 3, h, w] logits, truth [B, P, h, w] shares -> loss and values for the log."""
    truth = truth[:, :, None].expand_as(masks)
    focals, dices = focal(masks, truth), dice(masks, truth)
    each = FOCAL_WEIGHT * focals + DICE_WEIGHT * dices
    best = each.argmin(-1, keepdim=True)
    shape = (1 - EVERYBODY) * each.gather(-1, best).mean() + EVERYBODY * each.mean()
    with torch.no_grad():
        reached = iou(masks > 0, truth >= 0.5)
    quality = (scores - reached).square().mean()
    chosen = scores.argmax(-1, keepdim=True)
    values = {
        "focal": focals.gather(-1, best).mean().item(),
        "dice": dices.gather(-1, best).mean().item(),
        "quality": quality.item(),
        "iou_best": reached.amax(-1).mean().item(),
        "iou_chosen": reached.gather(-1, chosen).mean().item(),
    }
    return shape + QUALITY_WEIGHT * quality, values


def likeness(decoder: Decoder, embedding: Tensor, spots: Tensor, who: Tensor) -> Tensor:
    """Cross-entropy of the likeness of pairs of places, of one part or of two; both kinds weigh the same. Of each
    resolution's comparisons the first is taught, the others are free to find other kinds of likeness.

    embedding: the encoder's. spots: int64 [B, Q, 2], (y, x) at S/2. who: int64 [B, Q], the part seen there.
    """
    same = who[:, :, None] == who[:, None]
    apart = (spots[:, :, None] - spots[:, None]).float().norm(dim=-1)
    total = embedding.new_zeros(())
    for features, alike, scale in decoder.compared(embedding):
        side = features.shape[-1]
        y, x = (spots // scale).unbind(-1)
        at = y * side + x
        a = alike(rows(features))
        a = a.gather(1, at[..., None].expand(-1, -1, a.shape[-1]))
        # On the diagonal the gap is zero but for rounding, and its logarithm is not wanted.
        gap = (a[:, :, None] - a[:, None]).square().sum(-1)
        counted = (apart > 0) if scale > 1 else (apart > 0) & (apart < NEAR)
        pulled = gap[same & counted]
        pushed = -torch.log(1 - torch.exp(-gap[~same & counted]) * 0.999)
        total = total + 0.5 * (pulled.sum() / max(1, pulled.numel()) + pushed.sum() / max(1, pushed.numel()))
    return total
