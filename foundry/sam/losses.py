"""SAM's losses: focal and dice on the best of the three masks, and the quality head's error."""

from __future__ import annotations

from typing import Dict, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

FOCAL_WEIGHT, DICE_WEIGHT, QUALITY_WEIGHT = 20.0, 1.0, 1.0
ALPHA, GAMMA = 0.25, 2
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
