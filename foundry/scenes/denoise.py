"""Denoises a path-traced picture from two independent halves, so that a few samples a pixel suffice.

Non-local means with feature weights and cross filtering: Rousselle, Manzi, Zwicker, "Robust denoising using feature and
color information" (2013). Each half is filtered with weights from the other, so noise never chooses its own weights.
NumPy only.
"""

from __future__ import annotations

import numpy as np


def _box(image: np.ndarray, radius: int) -> np.ndarray:
    """Mean over a (2·radius + 1)² window of [h, w], borders repeated."""
    size = 2 * radius + 1
    height, width = image.shape
    padded = np.pad(image, radius, mode="edge")
    rows = padded[0:height].copy()
    for k in range(1, size):
        rows += padded[k : k + height]
    total = rows[:, 0:width].copy()
    for k in range(1, size):
        total += rows[:, k : k + width]
    total *= 1 / size**2
    return total


def _square_distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sum over planes of squared differences, [c, h, w] to [h, w]."""
    total = np.zeros(x.shape[1:], np.float32)
    for p, q in zip(x, y):
        d = p - q
        d *= d
        total += d
    return total


def denoise(
    half_a: np.ndarray,
    half_b: np.ndarray,
    features_a: np.ndarray,
    features_b: np.ndarray,
    *,
    radius: int = 6,
    patch: int = 2,
    colour_k: float = 0.65,
    feature_k: float = 0.1,
) -> np.ndarray:
    """The denoised mean of two renders of one scene with different seeds; float32 [h, w, 3].

    `half_a`, `half_b`: linear radiance [h, w, 3]. `features_a`, `features_b`: [h, w, f], what the camera sees without
    light (albedo, normal), about [−1, 1], from the same two renders. `radius`: half-width of the search window in pixels. `patch`: half-width of the patches
    compared. `colour_k`: how many standard deviations of noise still count as equal; `feature_k`: the difference of
    features that counts as different.
    """
    # Compared and averaged in a compressed scale, where a highlight weighs no more than what a photograph shows of it.
    a, b = (np.maximum(h, 0).astype(np.float32) for h in (half_a, half_b))
    a, b = a / (1 + a), b / (1 + b)
    variance = ((a - b) ** 2).mean(-1) / 2
    # One difference is a poor estimate of a variance; its neighbourhood makes it a usable one.
    variance = _box(variance, 3).astype(np.float32) + 1e-7
    features = ((features_a + features_b) / 2).astype(np.float32)
    # Features are noisy where several surfaces share a pixel (edges, blur); differences that small do not count.
    spread = _box(((features_a - features_b) ** 2).sum(-1).astype(np.float32) / 4, 1)
    height, width = variance.shape
    # Planes first, [channel, h, w]: each operation below then runs over one contiguous block.
    a, b, features = (np.ascontiguousarray(np.moveaxis(x, -1, 0)) for x in (a, b, features))

    def pad(x: np.ndarray) -> np.ndarray:
        return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(radius, radius)] * 2, mode="edge")

    padded_a, padded_b, padded_v, padded_f, padded_s = map(pad, (a, b, variance, features, spread))
    sums = [np.zeros_like(a), np.zeros_like(b)]
    weights = [np.zeros_like(variance) for _ in range(2)]
    for dy in range(2 * radius + 1):
        for dx in range(2 * radius + 1):
            window = (..., slice(dy, dy + height), slice(dx, dx + width))
            shifted_a, shifted_b, shifted_v = padded_a[window], padded_b[window], padded_v[window]
            by_feature = _square_distance(features, padded_f[window])
            by_feature -= spread + np.minimum(spread, padded_s[window])
            by_feature = np.maximum(by_feature, 0) / (-2 * np.maximum(feature_k**2, spread))
            # The expected difference of equal pixels is their noise: it is subtracted, then scaled.
            noise = variance + np.minimum(variance, shifted_v)
            scale = 1 / (colour_k**2 * (variance + shifted_v))
            for k, (guide, moved, other) in enumerate(((b, shifted_b, shifted_a), (a, shifted_a, shifted_b))):
                distance = _box(_square_distance(guide, moved) / 3 - noise, patch) * scale
                weight = np.exp(by_feature - np.maximum(distance, 0))
                sums[k] += weight * other
                weights[k] += weight
    mean = np.minimum((sums[0] / weights[0] + sums[1] / weights[1]) / 2, 0.9999)
    return np.moveaxis(mean / (1 - mean), 0, -1).astype(np.float32)
