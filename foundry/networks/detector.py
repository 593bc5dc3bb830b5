"""LogicAL's anomaly localization module (Zhao, CVPRW 2024, section 3.2) at browser size.

It follows OmniAL (Zhao, CVPR 2023): a reconstruction network with dilated channel and spatial attention (DCSA), which
makes the normal picture of what it is shown, its JND map and (LogicAL's addition) its edge map; and a localization
network, which compares these with the picture through a DiffNeck and says where the difference is an anomaly.

What differs from the published networks, and why:

- Both work from half resolution on (a strided stem, an enlargement at the end), and the base width is 32 instead of 128:
  a twentieth of the weights, a fiftieth of the cost.
- The reconstruction has four halvings and no skips, so that what is abnormal cannot pass through at full detail.
- The localizer is DRAEM's U-Net with six scales (from half resolution on) and dilation 2 from the third on.
- Edges come in through the DiffNeck's fourth path: the reconstructed edge map.

Parameter names are the initializer names of the ONNX file (see foundry/detector/graph.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Dict, List, NamedTuple, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foundry.networks.generator import EPSILON as INSTANCE_EPSILON
from foundry.networks.generator import InstanceNorm

#: Added to the variance by batch norm; PyTorch's default and what the ONNX file says.
EPSILON = 1e-5
#: Weight of the dilated path in the spatial attention.
DILATED_WEIGHT = 0.1
REDUCTION = 16
#: Channels of each of DiffNeck's separate paths, and of its unified one.
PATH = 16
#: Image, reconstruction, reconstructed JND, reconstructed edges.
INPUTS = (3, 3, 1, 1)


@dataclass(frozen=True)
class DetectorConfig:
    """Channels at half, quarter, eighth … resolution."""

    reconstruction: Tuple[int, ...] = (32, 64, 96, 128)
    localization: Tuple[int, ...] = (32, 48, 64, 96, 96, 96)

    @property
    def size_multiple(self) -> int:
        """Height and width of the input must be multiples of this."""
        return 2 ** max(len(self.reconstruction), len(self.localization))

    @staticmethod
    def from_dict(content: Dict[str, object]) -> "DetectorConfig":
        """What `as_dict` wrote, also after a passage through JSON."""
        return DetectorConfig(tuple(content["reconstruction"]), tuple(content["localization"]))  # type: ignore[arg-type]

    def as_dict(self) -> Dict[str, object]:
        return asdict(self)


class Outputs(NamedTuple):
    """reconstruction [N, 3, H, W] in [0, 1]; jnd [N, 1, H, W] in [0, 1], of the image's maximum; edges and anomaly
    [N, 1, H, W], logits."""

    reconstruction: Tensor
    jnd: Tensor
    edges: Tensor
    anomaly: Tensor


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1, dilation: int = 1, bias: bool = False) -> nn.Conv2d:
    """Padded to 'same'."""
    layer = nn.Conv2d(inputs, outputs, size, stride, dilation * (size // 2), dilation, bias=bias)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class BasicBlock(nn.Module):
    """Twice convolution, instance norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first, self.first_norm = conv(inputs, outputs, stride=stride), InstanceNorm(outputs)
        self.second, self.second_norm = conv(outputs, outputs), InstanceNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(x)))


class Dcsa(nn.Module):
    """Dilated channel and spatial attention: x + Fc · σ(conv(s) + 0.1 · dilated conv(s)), s = mean and maximum of Fc
    over channels, Fc = x · σ(W2 ReLU(W1 GAP x))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # Few units might all be silent from the start.
        inner = max(8, channels // REDUCTION)
        self.squeeze, self.excite = conv(channels, inner, 1, bias=True), conv(inner, channels, 1, bias=True)
        self.plain, self.dilated = conv(2, 1, bias=True), conv(2, 1, dilation=2, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        attended = x * torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))
        seen = torch.cat([attended.mean(1, keepdim=True), attended.amax(1, keepdim=True)], dim=1)
        return x + attended * torch.sigmoid(self.plain(seen) + DILATED_WEIGHT * self.dilated(seen))


def twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


class Reconstruction(nn.Module):
    """Image [N, 3, H, W] in [0, 1] -> reconstruction and JND in [0, 1], edge logits: [N, 5, H, W]."""

    def __init__(self, widths: Tuple[int, ...]) -> None:
        super().__init__()
        inputs = (3, *widths[:-1])
        self.encode = nn.ModuleList(BasicBlock(a, b, stride=2) for a, b in zip(inputs, widths))
        self.encode_attention = nn.ModuleList(Dcsa(w) for w in widths)
        # Index i makes resolution i from i + 1.
        self.decode = nn.ModuleList(BasicBlock(b, a) for a, b in zip(widths, widths[1:]))
        self.decode_attention = nn.ModuleList(Dcsa(w) for w in widths[:-1])
        self.fine, self.fine_norm = conv(widths[0], widths[0] // 2), InstanceNorm(widths[0] // 2)
        self.head = conv(widths[0] // 2, 5, bias=True)
        # Start near middle grey: a saturated sigmoid learns slowly.
        nn.init.normal_(self.head.weight, 0, 0.02)

    def forward(self, image: Tensor) -> Tensor:
        x = image
        for block, attention in zip(self.encode, self.encode_attention):
            x = attention(block(x))
        for i in reversed(range(len(self.decode))):
            x = self.decode_attention[i](self.decode[i](twice(x)))
        return self.head(F.relu(self.fine_norm(self.fine(twice(x)))))


class ConvBatch(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs, stride=stride, dilation=dilation)
        self.norm = nn.BatchNorm2d(outputs, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


class DiffNeck(nn.Module):
    """A path for each input and one for all together, side by side at half resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.separate = nn.ModuleList(ConvBatch(c, PATH, stride=2) for c in INPUTS)
        self.unified = ConvBatch(sum(INPUTS), PATH, stride=2)

    def forward(self, inputs: List[Tensor]) -> Tensor:
        separate = [path(x) for path, x in zip(self.separate, inputs)]
        return torch.cat([*separate, self.unified(torch.cat(inputs, dim=1))], dim=1)


class Localization(nn.Module):
    """Features [N, C, H/2, W/2] -> anomaly logits [N, 1, H, W]."""

    def __init__(self, inputs: int, widths: Tuple[int, ...]) -> None:
        super().__init__()
        dilations = [2 if i >= 2 else 1 for i in range(len(widths))]
        self.down_first = nn.ModuleList(
            ConvBatch(a, b, dilation=d) for a, b, d in zip((inputs, *widths[:-1]), widths, dilations)
        )
        self.down_second = nn.ModuleList(ConvBatch(w, w, dilation=d) for w, d in zip(widths, dilations))
        self.up = nn.ModuleList(ConvBatch(a + b, a) for a, b in zip(widths, widths[1:]))
        self.head = conv(widths[0], 1, bias=True)
        # Anomalies are rare: begin by finding none.
        nn.init.normal_(self.head.weight, 0, 0.02)
        nn.init.constant_(self.head.bias, -3.0)

    def forward(self, x: Tensor) -> Tensor:
        seen: List[Tensor] = []
        for i, (first, second) in enumerate(zip(self.down_first, self.down_second)):
            x = second(first(F.max_pool2d(x, 2) if i else x))
            seen.append(x)
        for i in reversed(range(len(self.up))):
            x = self.up[i](torch.cat([seen[i], twice(x)], dim=1))
        return F.interpolate(self.head(x), scale_factor=2, mode="bilinear", align_corners=False)


class Detector(nn.Module):
    """The network. Input: RGB, float32 [N, 3, H, W] in [0, 1]; H and W multiples of `config.size_multiple`."""

    def __init__(self, config: DetectorConfig = DetectorConfig()) -> None:
        super().__init__()
        self.config = config
        self.reconstruction = Reconstruction(config.reconstruction)
        self.neck = DiffNeck()
        self.localization = Localization(PATH * (len(INPUTS) + 1), config.localization)

    def forward(self, image: Tensor) -> Outputs:
        multiple = self.config.size_multiple
        height, width = image.shape[-2:]
        if height % multiple or width % multiple:
            raise ValueError(f"The image is {width}x{height}; the detector needs multiples of {multiple}.")
        made = self.reconstruction(image)
        reconstruction, jnd, edges = torch.sigmoid(made[:, :3]), torch.sigmoid(made[:, 3:4]), made[:, 4:]
        features = self.neck([image, reconstruction, jnd, torch.sigmoid(edges)])
        return Outputs(reconstruction, jnd, edges, self.localization(features))
