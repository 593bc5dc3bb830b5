"""Multi-scale patch discriminator of pix2pixHD (Wang et al., CVPR 2018), narrow enough to train on a processor.

It judges pairs: edge map and image, concatenated, one discriminator per resolution. A scale is conv4 s2 → conv4 s2 → conv4 s1 → conv4 s1 → 1
with LeakyReLU 0.2, instance norm on the middle two; the field of view of one output value is 34 pixels of its scale.
The published network has one more strided layer; with few training images a discriminator that sees whole objects
learns them by heart.
"""

from __future__ import annotations

from typing import List

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foundry.networks.generator import InstanceNorm

SLOPE = 0.2


class PatchDiscriminator(nn.Module):
    """One scale. Input float32 [N, 4, H, W]; returns the four layers' outputs, the last [N, 1, H', W'] are scores."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(4, width, 4, 2, 2),
                nn.Conv2d(width, 2 * width, 4, 2, 2, bias=False),
                nn.Conv2d(2 * width, 4 * width, 4, 1, 2, bias=False),
                nn.Conv2d(4 * width, 1, 4, 1, 2),
            ]
        )
        self.norms = nn.ModuleList([nn.Identity(), InstanceNorm(2 * width), InstanceNorm(4 * width)])
        for layer in self.layers:
            nn.init.normal_(layer.weight, 0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> List[Tensor]:
        outputs = []
        for layer, norm in zip(self.layers, self.norms):
            x = F.leaky_relu(norm(layer(x)), SLOPE)
            outputs.append(x)
        outputs.append(self.layers[-1](x))
        return outputs


class Discriminator(nn.Module):
    """`scales` patch discriminators, for pairs of edges [N, 1, H, W] and image [N, 3, H, W], both in [0, 1].

    The caller decides what each scale sees: training shows the fine one a crop and the coarse one the whole pair at
    half size, which costs a third of showing both everything.
    """

    def __init__(self, width: int = 32, scales: int = 2) -> None:
        super().__init__()
        self.scales = nn.ModuleList(PatchDiscriminator(width) for _ in range(scales))

    def judge(self, scale: int, edges: Tensor, image: Tensor) -> List[Tensor]:
        """Outputs of every layer of one scale."""
        return self.scales[scale](torch.cat([edges, image], dim=1) * 2 - 1)
