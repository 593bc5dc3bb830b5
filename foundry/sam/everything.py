""""Everything": one click at each point of a grid, and the masks worth keeping (SAM, section 7.1 and appendix D)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Dict, List, Sequence

import numpy as np
import torch
from torch import Tensor

from foundry.networks.sam import Sam
from foundry.sam.measures import View, click

#: Prompts a call of the decoder.
BATCH = 64


@dataclass(frozen=True)
class Settings:
    """grid: points a side. quality: least predicted IoU. stability: least ratio of the areas above and below `offset`.
    nms: greatest IoU of two boxes. minArea: least share of the photograph."""

    grid: int = 16
    quality: float = 0.4
    stability: float = 0.5
    offset: float = 1.0
    nms: float = 0.7
    minArea: float = 0.001

    def as_dict(self) -> Dict[str, float]:
        return asdict(self)


def grid_points(n: int, height: int, width: int) -> np.ndarray:
    """Middles of n × n equal cells, pixel positions (x, y): [n², 2]."""
    line = (np.arange(n) + 0.5) / n
    x, y = np.meshgrid(line * width - 0.5, line * height - 0.5)
    return np.stack([x.ravel(), y.ravel()], -1)


def stabilities(logits: Tensor, offset: float) -> Tensor:
    """[n, h, w] -> [n]: how little a mask changes with its threshold; 0 for an empty one."""
    inner = (logits > offset).flatten(1).sum(1).float()
    outer = (logits > -offset).flatten(1).sum(1).float()
    return inner / outer.clamp(min=1)


def boxes_of(masks: Tensor) -> np.ndarray:
    """bool [n, h, w], none empty -> [n, 4] as x0, y0, x1, y1, the last exclusive."""
    result = []
    for mask in masks:
        xs, ys = mask.any(0).nonzero(), mask.any(1).nonzero()
        result.append([int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1])
    return np.array(result, np.float64).reshape(-1, 4)


def suppress(boxes: np.ndarray, scores: np.ndarray, most: float) -> List[int]:
    """Indices that remain, best first: a box goes when its IoU with a better one is above `most`."""
    order = list(np.argsort(-scores, kind="stable"))
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: List[int] = []
    while order:
        i, rest = order[0], np.array(order[1:], int)
        kept.append(int(i))
        side = np.minimum(boxes[i, 2:], boxes[rest, 2:]) - np.maximum(boxes[i, :2], boxes[rest, :2])
        both = np.prod(np.maximum(side, 0), axis=1)
        order = list(rest[both <= most * (area[i] + area[rest] - both)])
    return kept


@torch.no_grad()
def everything(network: Sam, at: View, embedding: Sequence[Tensor], settings: Settings) -> Tensor:
    """Masks of all parts found, bool [n, H, W] at the photograph's size, best first."""
    points = grid_points(settings.grid, *at.size)
    scores, logits = [], []
    for start in range(0, len(points), BATCH):
        s, m = click(network, at, embedding, points[start : start + BATCH])
        s, m = s.flatten(), m.flatten(0, 1)[:, : -(-at.seen[0] // 2), : -(-at.seen[1] // 2)]
        keep = (s >= settings.quality).nonzero()[:, 0]
        keep = keep[stabilities(m[keep], settings.offset) >= settings.stability]
        areas = (m[keep] > 0).flatten(1).float().mean(1)
        keep = keep[(areas >= settings.minArea) & (areas > 0)]
        scores.append(s[keep])
        logits.append(at.enlarged(_padded(m[keep], at)) if len(keep) else m.new_zeros(0, *at.size))
    score, logit = torch.cat(scores), torch.cat(logits)
    masks = logit > 0
    there = masks.flatten(1).any(1)
    score, masks = score[there], masks[there]
    return masks[suppress(boxes_of(masks), score.numpy(), settings.nms)]


def _padded(logits: Tensor, at: View) -> Tensor:
    """Back to [n, S/2, S/2] after the padding was cut off."""
    side = at.pixels.shape[-1] // 2
    return torch.nn.functional.pad(logits, (0, side - logits.shape[2], 0, side - logits.shape[1]), value=-10.0)


def best_ious(found: Tensor, wanted: np.ndarray) -> np.ndarray:
    """found bool [n, H, W], wanted bool [m, H, W] -> [m], the IoU of the best mask for each object."""
    if not len(found):
        return np.zeros(len(wanted))
    a = found.flatten(1).float()
    b = torch.from_numpy(wanted).flatten(1).float()
    both = b @ a.T
    either = b.sum(1, keepdim=True) + a.sum(1)[None] - both
    return (both / either.clamp(min=1)).amax(1).numpy()
