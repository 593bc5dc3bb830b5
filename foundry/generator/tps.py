"""Thin-plate-spline warps of an edge map and its image together (Bookstein 1989, as DeepSIM uses them).

Nine control points on a 3x3 grid over the image are moved by up to `jitter` of its size, four fixed corner points are
added, and the spline through them says for every output pixel where the source is read. The corners are thus both
moved and fixed; the pseudo-inverse settles between the two. The same spline is in src/core/tps.ts.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

#: The spline is evaluated on a grid this many times coarser than the image.
COARSER = 10

_CORNERS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float64)
_GRID = np.array([[x / 2, y / 2] for y in range(3) for x in range(3)], np.float64)
_POINTS = np.concatenate([_GRID, _CORNERS])


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """r^2 ln r between every point of `a` [n, 2] and of `b` [m, 2]; 0 at r = 0."""
    squared = ((a[:, None] - b[None]) ** 2).sum(-1)
    return 0.5 * squared * np.log(np.where(squared > 0, squared, 1))


def _bordered(points: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((len(points), 1)), points], axis=1)


_P = _bordered(_POINTS)
_SYSTEM = np.block([[_kernel(_POINTS, _POINTS), _P], [_P.T, np.zeros((3, 3))]])
_INVERSE = np.linalg.pinv(_SYSTEM)


def spline_positions(offsets: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Where the source is read for `positions` [n, 2] (x, y as shares of the size).

    offsets: [9, 2], shares of the size, row by row of the control grid.
    """
    targets = np.concatenate([_GRID + offsets, _CORNERS])
    solution = _INVERSE @ np.concatenate([targets, np.zeros((3, 2))])
    return _kernel(positions, _POINTS) @ solution[: len(_POINTS)] + _bordered(positions) @ solution[len(_POINTS) :]


def sampling_grid(offsets: np.ndarray, height: int, width: int) -> Tensor:
    """Grid [1, H, W, 2] for torch's grid_sample (align_corners=False)."""
    rows, columns = max(2, -(-height // COARSER)), max(2, -(-width // COARSER))
    y, x = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
    identity = np.stack([x.ravel(), y.ravel()], 1)
    shift = spline_positions(offsets, identity) - identity
    # The displacement is smooth and is enlarged; the identity is exact and is not.
    coarse = torch.from_numpy(shift.reshape(1, rows, columns, 2).astype(np.float32)).permute(0, 3, 1, 2)
    fine = F.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
    ys, xs = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij")
    return ((fine[0].permute(1, 2, 0) + torch.stack([xs, ys], -1)) * 2 - 1)[None]


def random_grid(rng: np.random.Generator, height: int, width: int, jitter: float = 0.1) -> Tensor:
    """Sampling grid of a random warp: every coordinate of the nine points moves by U(-jitter, jitter) of the size."""
    return sampling_grid(rng.uniform(-jitter, jitter, (9, 2)), height, width)


def sample(planes: Tensor, grid: Tensor) -> Tensor:
    """[C, H, W] read at `grid` [1, H', W', 2], bilinear, borders mirrored."""
    return F.grid_sample(planes[None], grid, mode="bilinear", padding_mode="reflection", align_corners=False)[0]
