"""What is measured: the IoU of one click in the middle of an object, and how many objects "everything" finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from foundry.networks.sam import FOREGROUND, Sam, normalise
from foundry.sam.prompts import middle
from foundry.sam.samples import Sample, masks_of


@dataclass(frozen=True)
class View:
    """A photograph as the network sees it. size: (height, width) of the photograph; seen: the same within the input."""

    pixels: Tensor
    size: Tuple[int, int]
    seen: Tuple[int, int]

    @property
    def scale(self) -> float:
        return max(self.seen) / max(self.size)

    def enlarged(self, logits: Tensor) -> Tensor:
        """Mask logits [n, S/2, S/2] at the photograph's size, [n, H, W]."""
        side = self.pixels.shape[-1]
        full = F.interpolate(logits[None], (side, side), mode="bilinear", align_corners=False)
        full = full[..., : self.seen[0], : self.seen[1]]
        if self.seen != self.size:
            full = F.interpolate(full, self.size, mode="bilinear", align_corners=False)
        return full[0]


def view(image: np.ndarray, side: int, device: Union[str, torch.device] = "cpu") -> View:
    """Scaled, normalised, padded with zeros: what the studio does with a photograph."""
    h, w = image.shape[:2]
    scale = side / max(h, w)
    seen = (int(h * scale + 0.5), int(w * scale + 0.5))
    pixels = torch.from_numpy(np.array(image)).to(device).permute(2, 0, 1)[None].float()
    if seen != (h, w):
        pixels = F.interpolate(pixels, seen, mode="bilinear", align_corners=False, antialias=True)
    pixels = F.pad(normalise(pixels), (0, side - seen[1], 0, side - seen[0]))
    return View(pixels, (h, w), seen)


def click(network: Sam, at: View, embedding: Sequence[Tensor], points: np.ndarray) -> Tuple[Tensor, Tensor]:
    """One foreground point (x, y of the photograph) for each row of `points` -> scores [P, 3], logits [P, 3, S/2, S/2]."""
    inner = torch.from_numpy(points.astype(np.float32) * at.scale).to(at.pixels.device)[None, :, None]
    labels = torch.full(inner.shape[:3], FOREGROUND, dtype=torch.int64, device=inner.device)
    scores, masks = network.decoder(*embedding, inner, labels)
    return scores[0], masks[0]


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


@torch.no_grad()
def click_ious(network: Sam, samples: Sequence[Sample], kinds: Tuple[str, ...] = ("part",)) -> Dict[str, List[float]]:
    """For each object: `chosen`, the IoU of the mask with the best score, and `best`, of the best mask of the three."""
    result: Dict[str, List[float]] = {"chosen": [], "best": []}
    for sample in samples:
        masks = [m for _, m in masks_of(sample, kinds=kinds)]
        if not masks:
            continue
        at = view(sample.image, network.config.size, next(network.parameters()).device)
        embedding = network.encoder(at.pixels)
        for start in range(0, len(masks), 32):
            some = masks[start : start + 32]
            scores, logits = click(network, at, embedding, np.array([middle(m) for m in some]))
            for mask, score, logit in zip(some, scores, logits):
                found = (at.enlarged(logit) > 0).cpu().numpy()
                ious = [iou(f, mask) for f in found]
                result["chosen"].append(ious[int(score.argmax())])
                result["best"].append(max(ious))
    return result
