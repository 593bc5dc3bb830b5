"""The edge map a generator is conditioned on: e1, the first scale of a shipped PiDiNet ONNX file, in PyTorch."""

from __future__ import annotations

import hashlib
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from foundry.networks.pidinet import BLOCKS_PER_STAGE, PiDiNet, normalise, variant_of
from foundry.onnx_fp16 import initializers


class FirstScale(nn.Module):
    """e1 of PiDiNet, with the weights of an ONNX file of ours; frozen, differentiable in the image."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        state = {k: torch.from_numpy(v.copy()) for k, v in initializers(onnx.load(str(path))).items()}
        self.network = PiDiNet(variant_of(state), plain=True)
        self.network.load_state_dict(state)
        self.network.requires_grad_(False)
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()

    def logits(self, image: Tensor) -> Tensor:
        """Edge logits [N, 1, H, W] of RGB [N, 3, H, W] in [0, 1]; later stages are not computed."""
        n = self.network
        x = n.init_block(normalise(image))
        for block in range(1, BLOCKS_PER_STAGE[0] + 1):
            x = getattr(n, f"block1_{block}")(x)
        return n.conv_reduces[0](n.attentions[0](n.dilations[0](x)))

    def forward(self, image: Tensor) -> Tensor:
        """Edge strength e1, [N, 1, H, W] in [0, 1]."""
        return torch.sigmoid(self.logits(image))
