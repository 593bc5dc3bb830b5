"""PiDiNet, the pixel difference network (Su et al., ICCV 2021), without batch norm.

A pixel difference convolution weighs *differences* of pixels in its window instead of pixels.
Every kind of it is a linear map of its 3x3 weights to the kernel of a plain convolution, so the
network here is trained through that map: each forward pass builds the plain kernels from the
difference weights, which is exact, differentiable and as fast as a plain convolution. After
training :func:`plain_state_dict` applies the maps once and the network is a plain one.

Parameter names are those of the published checkpoints (without ``module.``), because the ONNX
files keep them as initializer names and official values are loaded by name.

Input:  float32 [N, 3, H, W], RGB in [0, 1] normalised with IMAGE_MEAN and IMAGE_STD, H, W >= 8.
Output: [e1, e2, e3, e4, fused], five float32 [N, 1, H, W]: edge *logits*; a sigmoid makes them
        edge strength in [0, 1], bright = edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

IMAGE_MEAN = (0.485, 0.456, 0.406)
IMAGE_STD = (0.229, 0.224, 0.225)
OUTPUT_NAMES = ("e1", "e2", "e3", "e4", "fused")


@dataclass(frozen=True)
class Variant:
    """Width of the backbone and of the dilation modules."""

    name: str
    channels: int
    dilation_channels: int

    @property
    def stage_channels(self) -> List[int]:
        c = self.channels
        return [c, 2 * c, 4 * c, 4 * c]


VARIANTS: Dict[str, Variant] = {
    v.name: v for v in (Variant("tiny", 20, 8), Variant("small", 30, 12), Variant("full", 60, 24))
}

BLOCKS_PER_STAGE = (3, 4, 4, 4)
DILATIONS = (5, 7, 9, 11)

#: Order of the difference convolutions over the layers, the configuration `carv4` of the paper.
KIND_CYCLE = ("cd", "ad", "rd", "cv")


def difference_layers() -> Dict[str, str]:
    """Weight name -> kind (cd, ad, rd or cv) of every layer of the backbone, in order."""
    names = ["init_block.weight"]
    for stage, blocks in enumerate(BLOCKS_PER_STAGE, start=1):
        names += [f"block{stage}_{block}.conv1.weight" for block in range(1, blocks + 1)]
    return {name: KIND_CYCLE[i % len(KIND_CYCLE)] for i, name in enumerate(names)}


def _kernel_map(kind: str) -> Tensor:
    """The linear map from 3x3 difference weights [9] to plain kernel entries [9] or [25]."""
    plain = torch.eye(9)
    if kind == "cv":
        return plain
    if kind == "cd":
        # Central: sum w_i (x_i - x_4), so the centre loses the sum of all weights.
        plain[:, 4] -= 1
        return plain
    if kind == "ad":
        # Angular: sum w_i (x_i - x_next(i)), next = the following pixel clockwise on the ring.
        for i, source in enumerate((3, 0, 1, 6, 4, 2, 7, 8, 5)):
            plain[source, i] -= 1
        return plain
    if kind == "rd":
        # Radial: sum w_i (outer_i - inner_i) on the rings of a 5x5 window; w_0 has no pair.
        plain = torch.zeros(9, 25)
        outer = (0, 2, 4, 10, 14, 20, 22, 24)
        inner = (6, 7, 8, 11, 13, 16, 17, 18)
        for i in range(8):
            plain[i + 1, outer[i]] = 1
            plain[i + 1, inner[i]] = -1
        return plain
    raise ValueError(f"Unknown kind of pixel difference convolution: {kind}. Use cd, ad, rd or cv.")


KERNEL_MAPS: Dict[str, Tensor] = {kind: _kernel_map(kind) for kind in KIND_CYCLE}


def plain_kernel(weight: Tensor, kind: str) -> Tensor:
    """Plain kernel of a difference convolution.

    weight: [O, I, 3, 3] -> [O, I, 3, 3], or [O, I, 5, 5] for rd. Differentiable.
    """
    if kind == "cv":
        return weight
    out, inp = weight.shape[:2]
    size = 5 if kind == "rd" else 3
    flat = weight.reshape(out * inp, 9) @ KERNEL_MAPS[kind].to(weight)
    return flat.reshape(out, inp, size, size)


class DifferenceConv(nn.Module):
    """Pixel difference convolution, 'same' size, no bias. `plain`: weights are already converted."""

    def __init__(self, inputs: int, outputs: int, groups: int, kind: str, plain: bool) -> None:
        super().__init__()
        self.kind = "cv" if plain else kind
        self.groups = groups
        size = 5 if plain and kind == "rd" else 3
        self.weight = nn.Parameter(torch.empty(outputs, inputs // groups, size, size))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self, x: Tensor) -> Tensor:
        kernel = plain_kernel(self.weight, self.kind)
        return F.conv2d(x, kernel, padding=kernel.shape[-1] // 2, groups=self.groups)


class Block(nn.Module):
    """Depthwise difference conv, ReLU, 1x1, plus shortcut. A strided block halves the size first."""

    def __init__(self, inputs: int, outputs: int, kind: str, strided: bool, plain: bool) -> None:
        super().__init__()
        self.strided = strided
        if strided:
            self.shortcut = nn.Conv2d(inputs, outputs, 1)
        self.conv1 = DifferenceConv(inputs, inputs, inputs, kind, plain)
        self.conv2 = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.strided:
            x = F.max_pool2d(x, 2)
        y = self.conv2(F.relu(self.conv1(x)))
        return y + (self.shortcut(x) if self.strided else x)


class DilationModule(nn.Module):
    """CDCM: ReLU, 1x1 to D channels, sum of four dilated 3x3 convolutions."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 1)
        for i, d in enumerate(DILATIONS, start=1):
            conv = nn.Conv2d(outputs, outputs, 3, dilation=d, padding=d, bias=False)
            self.add_module(f"conv2_{i}", conv)
        nn.init.zeros_(self.conv1.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(F.relu(x))
        return self.conv2_1(x) + self.conv2_2(x) + self.conv2_3(x) + self.conv2_4(x)


class SpatialAttention(nn.Module):
    """CSAM: one attention value per pixel, in (0, 1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 4, 1)
        self.conv2 = nn.Conv2d(4, 1, 3, padding=1, bias=False)
        nn.init.zeros_(self.conv1.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.conv2(self.conv1(F.relu(x))))


class SideOutput(nn.Module):
    """1x1 convolution to one edge logit."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class PiDiNet(nn.Module):
    """The network; see the module's text for input and output.

    plain=False: weights are difference weights (train this).
    plain=True:  weights are plain kernels as :func:`plain_state_dict` returns them.
    """

    def __init__(self, variant: str, plain: bool = False) -> None:
        super().__init__()
        if variant not in VARIANTS:
            raise ValueError(f"Unknown PiDiNet variant {variant!r}. Use one of {', '.join(VARIANTS)}.")
        self.variant = VARIANTS[variant]
        self.plain = plain
        stages = self.variant.stage_channels
        kinds = difference_layers()

        self.init_block = DifferenceConv(3, stages[0], 1, kinds["init_block.weight"], plain)
        inputs = stages[0]
        for s, (outputs, blocks) in enumerate(zip(stages, BLOCKS_PER_STAGE), start=1):
            for b in range(1, blocks + 1):
                kind = kinds[f"block{s}_{b}.conv1.weight"]
                self.add_module(f"block{s}_{b}", Block(inputs, outputs, kind, s > 1 and b == 1, plain))
                inputs = outputs
        d = self.variant.dilation_channels
        self.conv_reduces = nn.ModuleList(SideOutput(d) for _ in stages)
        self.attentions = nn.ModuleList(SpatialAttention(d) for _ in stages)
        self.dilations = nn.ModuleList(DilationModule(c, d) for c in stages)
        self.classifier = nn.Conv2d(len(stages), 1, 1)
        nn.init.constant_(self.classifier.weight, 0.25)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor) -> List[Tensor]:
        size = x.shape[-2:]
        x = self.init_block(x)
        logits = []
        for s, blocks in enumerate(BLOCKS_PER_STAGE):
            for b in range(1, blocks + 1):
                x = getattr(self, f"block{s + 1}_{b}")(x)
            side = self.conv_reduces[s](self.attentions[s](self.dilations[s](x)))
            logits.append(F.interpolate(side, size, mode="bilinear", align_corners=False))
        return [*logits, self.classifier(torch.cat(logits, dim=1))]


def plain_state_dict(state: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """State of the equivalent plain network: same names, difference weights replaced by kernels."""
    kinds = difference_layers()
    return {name: plain_kernel(value, kinds.get(name, "cv")) for name, value in state.items()}


def load_checkpoint(path: str) -> Dict[str, Tensor]:
    """Difference weights of a checkpoint, official (keys `module.…` under `state_dict`) or ours."""
    content = torch.load(path, map_location="cpu")
    state = content.get("state_dict") if isinstance(content, dict) else None
    if state is None:
        raise ValueError(f"{path} is no PiDiNet checkpoint: it has no entry 'state_dict'.")
    return {name[7:] if name.startswith("module.") else name: value for name, value in state.items()}


def variant_of(state: Mapping[str, Tensor]) -> str:
    """Name of the variant whose widths the state has; ValueError if there is none."""
    if "init_block.weight" in state:
        for v in VARIANTS.values():
            if state["init_block.weight"].shape[0] == v.channels:
                return v.name
    raise ValueError("The weights belong to no PiDiNet variant: init_block.weight has other widths.")


def normalise(image: Tensor) -> Tensor:
    """RGB [N, 3, H, W] in [0, 1] -> network input (ImageNet mean and standard deviation)."""
    mean = image.new_tensor(IMAGE_MEAN).view(1, 3, 1, 1)
    std = image.new_tensor(IMAGE_STD).view(1, 3, 1, 1)
    return (image - mean) / std
