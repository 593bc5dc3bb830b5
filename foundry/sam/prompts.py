"""Prompts as a person would give them: clicks, boxes, several points."""

from __future__ import annotations

from typing import List, Optional, Tuple

import numpy as np
from scipy.ndimage import distance_transform_edt

from foundry.networks.sam import BACKGROUND, BOTTOM_RIGHT, FOREGROUND, PADDING, TOP_LEFT
from foundry.sam.samples import NOTHING, Sample, areas_of

#: Points a prompt while training.
POINTS = 4
Rng = np.random.Generator
Point = Tuple[float, float]


def middle(mask: np.ndarray) -> Point:
    """The pole of inaccessibility (x, y): the pixel of the mask that is farthest from its edge. The border of the
    picture counts as an edge."""
    distance = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(distance.argmax()), mask.shape)
    return float(x), float(y)


def inside(mask: np.ndarray, rng: Rng) -> Point:
    """A random pixel of the mask, half of the time one that is well within it."""
    x0, y0, x1, y1 = (int(v) for v in box_of(mask))
    if rng.random() < 0.5:
        # Coarse where that suffices.
        step = max(1, max(x1 - x0, y1 - y0) // 48)
        distance = distance_transform_edt(np.pad(mask[y0 : y1 + 1 : step, x0 : x1 + 1 : step], 1))[1:-1, 1:-1]
        ys, xs = np.nonzero(distance >= max(rng.uniform(0.3, 0.9) * distance.max(), 1e-3))
    else:
        step = 1
        ys, xs = np.nonzero(mask[y0 : y1 + 1, x0 : x1 + 1])
    if not len(xs):  # too thin for the coarse grid
        step = 1
        ys, xs = np.nonzero(mask[y0 : y1 + 1, x0 : x1 + 1])
    k = int(rng.integers(len(xs)))
    return float(x0 + xs[k] * step), float(y0 + ys[k] * step)


def outside(mask: np.ndarray, rng: Rng) -> Point:
    """A pixel that is not in the mask, most of the time close to it; the corner if there is none."""
    x0, y0, x1, y1 = (int(v) for v in box_of(mask))
    x1, y1 = x1 + 1, y1 + 1
    reach = max(6, int(0.3 * max(y1 - y0, x1 - x0))) if rng.random() < 0.8 else max(mask.shape)
    y0, x0 = max(0, y0 - reach), max(0, x0 - reach)
    free = np.argwhere(~mask[y0 : y1 + reach, x0 : x1 + reach])
    if not len(free):
        return 0.0, 0.0
    y, x = free[int(rng.integers(len(free)))]
    return float(x + x0), float(y + y0)


def box_of(mask: np.ndarray) -> Tuple[float, float, float, float]:
    """First and last pixel of the mask: (x0, y0, x1, y1)."""
    xs, ys = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    return float(xs[0]), float(ys[0]), float(xs[-1]), float(ys[-1])


def prompt(mask: np.ndarray, rng: Rng) -> Tuple[List[Point], List[int]]:
    """One prompt for a mask: points and labels."""
    kind = rng.random()
    if kind < 0.5:
        return [inside(mask, rng)], [FOREGROUND]
    if kind < 0.78:
        x0, y0, x1, y1 = box_of(mask)
        spread = np.minimum(0.1 * np.array([x1 - x0 + 4, y1 - y0 + 4] * 2), 16)
        x0, y0, x1, y1 = np.clip(np.array([x0, y0, x1, y1]) + rng.uniform(-1, 1, 4) * spread, 0, max(mask.shape) - 1)
        points, labels = [(min(x0, x1), min(y0, y1)), (max(x0, x1), max(y0, y1))], [TOP_LEFT, BOTTOM_RIGHT]
        if kind < 0.7:
            return points, labels
    else:
        points, labels = [inside(mask, rng)], [FOREGROUND]
    points.append(outside(mask, rng))
    labels.append(BACKGROUND)
    while len(points) < POINTS and rng.random() < 0.5:
        points.append(inside(mask, rng))
        labels.append(FOREGROUND)
    return points, labels


def padded(points: List[Point], labels: List[int], count: int) -> Tuple[List[Point], List[int]]:
    rest = count - len(points)
    return [*points, *[(0.0, 0.0)] * rest], [*labels, *[PADDING] * rest]


def draw(sample: Sample, count: int, rng: Rng) -> Optional[Tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Prompts for `count` of the sample's targets, repeated if there are fewer; None if it has none.

    -> points float32 [count, POINTS, 2], labels int64 [count, POINTS], masks bool [count, H, W].
    """
    targets = areas_of(sample)
    if not targets:
        return None
    weights = np.array([(0.3 if t.kind == "ground" else 1.0) * area**0.25 for t, area in targets])
    wanted = rng.choice(len(targets), count, replace=len(targets) < count, p=weights / weights.sum())
    truth = np.stack([targets[k][0].mask(sample.places) for k in wanted])
    all_points, all_labels = [], []
    for mask in truth:
        points, labels = padded(*prompt(mask, rng), POINTS)
        all_points.append(points)
        all_labels.append(labels)
    return np.array(all_points, np.float32), np.array(all_labels, np.int64), truth


def spots(sample: Sample, count: int, rng: Rng) -> Tuple[np.ndarray, np.ndarray]:
    """Places of an image and whose they are: every part gets about the same number, however small.

    -> (y, x) at half resolution int64 [count, 2], part int64 [count]. What belongs to no part is told apart by its
    number.
    """
    table = np.arange(256)
    for k, target in enumerate(t for t in sample.targets if t.kind == "part"):
        table[list(target.numbers)] = 256 + k
    parts = table[sample.places[::2, ::2]].ravel()
    known = np.flatnonzero(sample.places[::2, ::2].ravel() != NOTHING)
    order = known[np.argsort(parts[known], kind="stable")]
    names, first, sizes = np.unique(parts[order], return_index=True, return_counts=True)
    chosen = rng.integers(len(names), size=count)
    at = order[first[chosen] + (rng.random(count) * sizes[chosen]).astype(int)]
    width = sample.places.shape[1] // 2
    return np.stack([at // width, at % width], -1).astype(np.int64), parts[at].astype(np.int64)
