"""How results are judged: SSIM, L1, agreement of edges. Tensors float32 in [0, 1]."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import Tensor

C1, C2 = 0.01**2, 0.03**2


def _mirror_pad(x: Tensor, radius: int) -> Tensor:
    """Borders mirrored at the half sample (d c b a | a b c d), as the studio's kernels do."""
    for axis in (-1, -2):
        n = x.shape[axis]
        before = x.narrow(axis, 0, radius).flip(axis)
        after = x.narrow(axis, n - radius, radius).flip(axis)
        x = torch.cat([before, x, after], dim=axis)
    return x


def ssim_map(a: Tensor, b: Tensor) -> Tensor:
    """Local SSIM (Wang et al. 2004) of [N, C, H, W], averaged over channels: [N, 1, H, W] in [-1, 1].

    11x11 Gaussian window of sigma 1.5, C1 1e-4, C2 9e-4 for range 1, mirrored borders: as src/compute/kernels/ssim.
    """
    channels = a.shape[1]
    t = torch.arange(-5, 6, dtype=torch.float64, device=a.device)
    taps = torch.exp(-(t**2) / (2 * 1.5**2))
    taps = taps / taps.sum()

    def blur(x: Tensor) -> Tensor:
        x = F.conv2d(x, taps.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
        return F.conv2d(x, taps.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)

    # Double precision, so that E[x^2] - E[x]^2 is safe.
    x, y = _mirror_pad(a.double(), 5), _mirror_pad(b.double(), 5)
    mx, my = blur(x), blur(y)
    vx, vy, cov = blur(x * x) - mx**2, blur(y * y) - my**2, blur(x * y) - mx * my
    value = ((2 * mx * my + C1) * (2 * cov + C2)) / ((mx**2 + my**2 + C1) * (vx + vy + C2))
    return value.mean(1, keepdim=True).float()


def ssim(a: Tensor, b: Tensor) -> float:
    return ssim_map(a, b).mean().item()


def edge_agreement(result: Tensor, wanted: Tensor, threshold: float, where: Tensor | None = None, distance: float = 2) -> float:
    """F1 between two edge maps [H, W] cut at `threshold`, a pixel matched by any of the other within `distance` px.

    `where` [H, W] > 0 restricts which pixels are counted (not what they may match). 1 if both maps are empty.
    """
    r, w = (result >= threshold).numpy(), (wanted >= threshold).numpy()
    counted = torch.ones_like(result).numpy() > 0 if where is None else where.numpy() > 0
    counted_r, counted_w = r & counted, w & counted
    if not counted_r.any() and not counted_w.any():
        return 1.0
    if not counted_r.any() or not counted_w.any():
        return 0.0
    precision = (distance_transform_edt(~w)[counted_r] <= distance).mean() if w.any() else 0.0
    recall = (distance_transform_edt(~r)[counted_w] <= distance).mean() if r.any() else 0.0
    return float(2 * precision * recall / (precision + recall)) if precision + recall > 0 else 0.0
