"""Edge-to-image generator: the coarse-to-fine global generator of pix2pixHD (Wang et al., CVPR 2018) at browser size.

What differs from the published network, and why:

- Widths and number of residual blocks are chosen per resolution instead of doubling to one deep bottleneck, and
  there are four halvings: a pixel then sees the whole product (the cap of a bottle takes its colour from the label)
  at a twentieth of the cost.
- Nearest-neighbour resize and convolution instead of transposed convolution, which draws a checkerboard.
- What the encoder saw is added to the decoder at every resolution: outlines stay where the edge map puts them.
- Edge strength below `floor` counts as none. PiDiNet leaves a faint response on plain surfaces; an erased region has
  none, and without the floor the generator would see the difference and paint it.
- Zero padding throughout. Instance norm has scale and bias, so the convolutions before it need none.
- Instance norm takes the mean out of every channel, and with it what kind of picture this is: which scene, which
  drink. So the averages of the encoder's features over the image scale and shift the decoder's channels.
- A sigmoid instead of tanh: the same curve, but the image is in [0, 1] without a further step.

Parameter names are the initializer names of the ONNX file (see foundry/generator/graph.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Dict, List, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Channels that describe the picture as a whole.
CONTEXT = 64
#: Added to the variance by instance norm; PyTorch's default and what the ONNX file says.
EPSILON = 1e-5


@dataclass(frozen=True)
class GeneratorConfig:
    """Channels and residual blocks at full, half, quarter … resolution.

    The blocks of a level stand in the decoder, those of the last level in the bottleneck.
    """

    widths: Tuple[int, ...] = (16, 32, 64, 128, 160)
    blocks: Tuple[int, ...] = (0, 0, 1, 2, 2)
    floor: float = 0.15

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.blocks) or len(self.widths) < 2:
            raise ValueError("GeneratorConfig needs as many `blocks` as `widths`, two at least.")

    @property
    def size_multiple(self) -> int:
        """Height and width of the input must be multiples of this."""
        return 2 ** (len(self.widths) - 1)

    @staticmethod
    def from_dict(content: Dict[str, object]) -> "GeneratorConfig":
        """What `as_dict` wrote, also after a passage through JSON."""
        return GeneratorConfig(tuple(content["widths"]), tuple(content["blocks"]), float(content["floor"]))  # type: ignore[arg-type]

    def as_dict(self) -> Dict[str, object]:
        return asdict(self)


class InstanceNorm(nn.Module):
    """(x − mean) / sqrt(variance + EPSILON) · weight + bias per image and channel; biased variance over H and W."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        # Group norm with one channel a group is the same function; unlike F.instance_norm it keeps channels_last.
        return F.group_norm(x, x.shape[1], self.weight, self.bias, EPSILON)


class ConvNorm(nn.Module):
    """'Same' convolution without bias, then instance norm."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = InstanceNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


class ResidualBlock(nn.Module):
    """Conv, norm, ReLU, conv, norm, plus the input; no ReLU after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels)
        self.second = ConvNorm(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x)))


class Generator(nn.Module):
    """The network.

    Input:  edge strength P, float32 [N, 1, H, W] in [0, 1], bright = edge, not binarised; H and W multiples of
            `config.size_multiple`.
    Output: RGB, float32 [N, 3, H, W] in [0, 1].
    """

    def __init__(self, config: GeneratorConfig = GeneratorConfig()) -> None:
        super().__init__()
        self.config = config
        widths, blocks = config.widths, config.blocks
        self.stem = ConvNorm(1, widths[0], 7)
        self.down = nn.ModuleList(ConvNorm(a, b, stride=2) for a, b in zip(widths, widths[1:]))
        self.bottleneck = nn.ModuleList(ResidualBlock(widths[-1]) for _ in range(blocks[-1]))
        # Index i makes resolution i from i + 1: `reduce` before the resize (cheap there), `up` after the sum.
        self.reduce = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in zip(widths, widths[1:]))
        self.up = nn.ModuleList(ConvNorm(a, a) for a in widths[:-1])
        self.blocks = nn.ModuleList(nn.ModuleList(ResidualBlock(w) for _ in range(n)) for w, n in zip(widths[:-1], blocks))
        self.context = nn.Conv2d(sum(widths[1:]), CONTEXT, 1)
        # The averages differ little from picture to picture; standardised they are learnt from quickly.
        self.register_buffer("average_mean", torch.zeros(1, sum(widths[1:]), 1, 1))
        self.register_buffer("average_scale", torch.ones(1, sum(widths[1:]), 1, 1))
        self.scale = nn.ModuleList(nn.Conv2d(CONTEXT, w, 1) for w in widths[:-1])
        self.shift = nn.ModuleList(nn.Conv2d(CONTEXT, w, 1) for w in widths[:-1])
        self.head = nn.Conv2d(widths[0], 3, 5, padding=2)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        # Start near middle grey: a saturated sigmoid learns slowly.
        nn.init.normal_(self.head.weight, 0, 0.02)
        for scale, shift in zip(self.scale, self.shift):
            nn.init.normal_(scale.weight, 0, 0.02)
            nn.init.ones_(scale.bias)
            nn.init.normal_(shift.weight, 0, 0.02)

    def start_from(self, colour: Tensor, examples: Sequence[Tensor]) -> None:
        """Before training: paint about `colour` [3], in (0, 1), and standardise the averages over `examples`, edge
        maps [1, H, W], two at least."""
        with torch.no_grad():
            self.head.bias.copy_(torch.logit(colour, eps=0.02))
            averages = torch.cat([self._averages(*self._encode(edges[None].float())) for edges in examples])
            self.average_mean.copy_(averages.mean(0, keepdim=True))
            self.average_scale.copy_(1 / averages.std(0, keepdim=True).clamp(min=1e-3))

    def refresh_context(self, examples: Sequence[Tensor], others: Sequence["Generator"] = ()) -> int:
        """Standardise the averages anew over `examples`, edge maps [1, H, W], two at least, without changing what is
        painted, and give new random weights to the context units that are silent for all of them.

        Needed once the pictures are no longer of the kind seen at the start (whole ones after crops): the averages have
        drifted, and rectified units that never speak never learn. `others`, averages of this network's weights, are
        treated alike. Returns the number of units that were silent.
        """
        with torch.no_grad():
            averages = torch.cat([self._averages(*self._encode(edges[None].float())) for edges in examples])
            standard = (averages - self.average_mean) * self.average_scale
            silent = F.relu(self.context(standard)).amax((0, 2, 3)) <= 0
            mean, scale = averages.mean(0, keepdim=True), 1 / averages.std(0, keepdim=True).clamp(min=1e-3)
            fresh = torch.empty_like(self.context.weight)
            nn.init.kaiming_normal_(fresh, nonlinearity="relu")
            for network in (self, *others):
                weight, bias = network.context.weight, network.context.bias
                offset = (mean - network.average_mean) * network.average_scale
                bias += (weight[:, :, 0, 0] * offset[0, :, 0, 0]).sum(1)
                weight *= network.average_scale / scale
                weight[silent], bias[silent] = fresh[silent], 0
                for out in (*network.scale, *network.shift):
                    out.weight[:, silent] = 0
                network.average_mean.copy_(mean)
                network.average_scale.copy_(scale)
        return int(silent.sum())

    def _encode(self, edges: Tensor) -> Tuple[List[Tensor], Tensor]:
        """Features at every resolution but the lowest, and those at the lowest."""
        x = F.relu(self.stem(F.relu(edges - self.config.floor)))
        seen = []
        for down in self.down:
            seen.append(x)
            x = F.relu(down(x))
        for block in self.bottleneck:
            x = block(x)
        return seen, x

    @staticmethod
    def _averages(seen: List[Tensor], x: Tensor) -> Tensor:
        return torch.cat([feature.mean((2, 3), keepdim=True) for feature in [*seen[1:], x]], dim=1)

    def forward(self, edges: Tensor) -> Tensor:
        multiple = self.config.size_multiple
        height, width = edges.shape[-2:]
        if height % multiple or width % multiple:
            raise ValueError(f"The edge map is {width}x{height}; the generator needs multiples of {multiple}.")
        seen, x = self._encode(edges)
        averages = (self._averages(seen, x) - self.average_mean) * self.average_scale
        context = F.relu(self.context(averages))
        for i in reversed(range(len(self.down))):
            x = F.interpolate(self.reduce[i](x), scale_factor=2, mode="nearest") + seen[i]
            x = F.relu(self.up[i](x) * self.scale[i](context) + self.shift[i](context))
            for block in self.blocks[i]:
                x = block(x)
        return torch.sigmoid(self.head(x))
