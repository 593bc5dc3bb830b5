"""The boundary benchmark of BSDS500 (Martin et al. 2004; Arbeláez et al. 2011).

Soft edge map -> thinned candidates -> one-to-one correspondence with every annotator's boundaries ->
counts per threshold -> ODS and OIS.

Edge maps are float [H, W] in [0, 1], bright = edge. Angles are in radians. Distances are in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Sequence, Set

import numpy as np
from scipy.ndimage import convolve1d, map_coordinates

THRESHOLDS = np.arange(1, 100) / 100
#: Greatest distance of a correspondence, as a share of the image's diagonal.
TOLERANCE = 0.0075


def triangle_filter(image: np.ndarray, radius: int) -> np.ndarray:
    """Separable triangle filter of 2 * radius + 1 taps, borders mirrored."""
    ramp = np.arange(1, radius + 2, dtype=np.float64)
    taps = np.concatenate([ramp, ramp[-2::-1]]) / (radius + 1) ** 2
    return convolve1d(convolve1d(image, taps, axis=0, mode="reflect"), taps, axis=1, mode="reflect")


def orientation(edges: np.ndarray) -> np.ndarray:
    """Direction across the edge, in [0, pi), from second derivatives of the map smoothed with radius 4.

    At a ridge the Hessian's larger entry tells the direction of the steepest bend; the sign of the
    mixed derivative tells which diagonal it is.
    """
    dy, dx = np.gradient(triangle_filter(edges, 4))
    dxx = np.gradient(dx, axis=1)
    dyy, dyx = np.gradient(dy)
    return np.mod(np.arctan(dyy * np.sign(-dyx) / (dxx + 1e-5)), np.pi)


def suppress_non_maxima(edges: np.ndarray, angle: np.ndarray, margin: float = 1.01, border: int = 5) -> np.ndarray:
    """Zero where a neighbour at distance 1 across the edge exceeds margin * value; fade the border.

    The outer `border` pixels are scaled by distance / border, because nothing is known beyond them.
    """
    height, width = edges.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    dy, dx = np.sin(angle), np.cos(angle)
    result = edges.copy()
    for side in (-1, 1):
        neighbour = map_coordinates(edges, [y + side * dy, x + side * dx], order=1, mode="nearest")
        result[neighbour > margin * edges] = 0
    for axis, extent in enumerate((height, width)):
        distance = np.minimum(np.arange(extent), np.arange(extent)[::-1])
        fade = np.minimum(distance / border, 1)
        result *= fade[:, None] if axis == 0 else fade[None, :]
    return result


def candidates(edges: np.ndarray) -> np.ndarray:
    """Soft map -> soft map of one-pixel ridges, ready for thresholds."""
    smooth = triangle_filter(edges.astype(np.float64), 1)
    return suppress_non_maxima(smooth, orientation(smooth))


#: Neighbours in Guo and Hall's order: east, then counter-clockwise.
_RING = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def _removable(first: bool) -> np.ndarray:
    """Per code of 8 neighbours (bit i = _RING[i] is set): may the pixel go in this half of a pass."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1 == 1
    x = [bits[:, i % 8] for i in range(10)]
    crossings = sum((~x[i]) & (x[i + 1] | x[(i + 2) % 8]) for i in (0, 2, 4, 6))
    n1 = sum((x[i] | x[i + 1]).astype(int) for i in (0, 2, 4, 6))
    n2 = sum((x[i + 1] | x[(i + 2) % 8]).astype(int) for i in (0, 2, 4, 6))
    fewer = np.minimum(n1, n2)
    side = (x[1] | x[2] | ~x[7]) & x[0] if first else (x[5] | x[6] | ~x[3]) & x[4]
    return (crossings == 1) & (fewer >= 2) & (fewer <= 3) & ~side


_HALF_PASSES = (_removable(True), _removable(False))


def thin(mask: np.ndarray) -> np.ndarray:
    """Thin to lines of one pixel (Guo and Hall 1989, algorithm A1), as often as it changes anything.

    Visits set pixels alone, which on edge maps is ten times faster than filtering the whole image.
    """
    width = mask.shape[1] + 2
    padded = np.pad(mask, 1).ravel()
    offsets = np.array([dy * width + dx for dy, dx in _RING])
    powers = 1 << np.arange(8)
    pixels = np.flatnonzero(padded)
    changed = True
    while changed:
        changed = False
        for table in _HALF_PASSES:
            codes = padded.take(pixels[:, None] + offsets) @ powers
            gone = table[codes]
            padded[pixels[gone]] = False
            pixels = pixels[~gone]
            changed |= bool(gone.any())
    return padded.reshape(mask.shape[0] + 2, width)[1:-1, 1:-1]


def partner_lists(pixels: np.ndarray, truth: np.ndarray, reach: float) -> List[List[int]]:
    """Per pixel (flat index), the true pixels at most `reach` away, as indices into their raster order."""
    height, width = truth.shape
    span = int(reach)
    index = np.pad(np.where(truth, np.cumsum(truth).reshape(truth.shape) - 1, -1), span, constant_values=-1).ravel()
    oy, ox = np.mgrid[-span : span + 1, -span : span + 1]
    near = np.hypot(oy, ox) <= reach
    offsets = (oy[near] + span) * (width + 2 * span) + ox[near] + span
    partners = index.take((pixels // width * (width + 2 * span) + pixels % width)[:, None] + offsets)
    present = partners >= 0
    ends = np.cumsum(np.count_nonzero(present, axis=1)).tolist()
    flat = partners[present].tolist()
    return [flat[start:end] for start, end in zip([0, *ends], ends)]


class Matching:
    """A largest one-to-one correspondence, kept largest while found pixels come and go.

    Augmenting paths (Berge 1957) over the sequence of thresholds: neighbouring thresholds differ in
    few pixels, so following the changes takes a tenth of the time of matching each threshold anew.
    Counts need the number of pairs alone, so the sum of distances is not minimised beyond the bound.
    A matched pixel stays matched while others are added.
    """

    def __init__(self, partners: List[List[int]], truths: int) -> None:
        """partners: per found pixel, the true pixels (0 … truths - 1) it may be paired with."""
        self.partners = partners
        self.suitors: List[List[int]] = [[] for _ in range(truths)]
        for u, row in enumerate(partners):
            for v in row:
                self.suitors[v].append(u)
        self.present = [False] * len(partners)
        #: Partner of each found and of each true pixel; -1: none.
        self.of_found = [-1] * len(partners)
        self.of_truth = [-1] * truths
        self.pairs = 0
        #: True pixels from which no augmenting path leads on: searches leave them out.
        self.closed: Set[int] = set()

    def add(self, pixel: int) -> None:
        """Make a found pixel present, and pair it if the matching can grow."""
        self.present[pixel] = True
        came_from: Dict[int, int] = {}
        queue = [pixel]
        for u in queue:
            for v in self.partners[u]:
                if v in came_from or v in self.closed:
                    continue
                came_from[v] = u
                if self.of_truth[v] < 0:
                    while v >= 0:  # swap along the path, back to `pixel`
                        u = came_from[v]
                        self.of_truth[v], self.of_found[u], v = u, v, self.of_found[u]
                    self.pairs += 1
                    return
                queue.append(self.of_truth[v])
        # All that was reached is paired and leads nowhere else, and stays so: a later path that
        # entered here could not leave.
        self.closed.update(came_from)

    def remove(self, pixel: int) -> None:
        """Take a found pixel away; whoever can take over its partner does."""
        self.present[pixel] = False
        free = self.of_found[pixel]
        if free < 0:
            return
        self.of_found[pixel] = self.of_truth[free] = -1
        leads_to: Dict[int, int] = {}
        queue = [free]
        for v in queue:
            for u in self.suitors[v]:
                if not self.present[u] or u in leads_to:
                    continue
                leads_to[u] = v
                if self.of_found[u] < 0:
                    while u >= 0:  # swap along the path, on to `free`
                        v = leads_to[u]
                        self.of_found[u], self.of_truth[v], u = v, u, self.of_truth[v]
                    return
                queue.append(self.of_found[u])
        # Nobody could: `free` is now the end of a path from everything met here.
        self.closed.difference_update(queue)
        self.pairs -= 1


@dataclass
class Counts:
    """Per threshold: pixels found, of these matched with any annotator; true pixels, summed over the
    annotators, and of these matched. Each int64 [99]."""

    found: np.ndarray
    found_matched: np.ndarray
    truth: np.ndarray
    truth_matched: np.ndarray

    @staticmethod
    def total(items: Sequence["Counts"]) -> "Counts":
        fields = ("found", "found_matched", "truth", "truth_matched")
        return Counts(*(np.sum([getattr(item, field) for item in items], axis=0) for field in fields))

    def f_measure(self) -> np.ndarray:
        """Harmonic mean of precision and recall per threshold; 0 where either is undefined."""
        precision = self.found_matched / np.maximum(self.found, 1)
        recall = self.truth_matched / np.maximum(self.truth, 1)
        return 2 * precision * recall / np.maximum(precision + recall, 1e-12)

    def at(self, threshold: int) -> "Counts":
        return Counts(*(a[threshold : threshold + 1] for a in (self.found, self.found_matched, self.truth, self.truth_matched)))


def count(edges: np.ndarray, annotators: Sequence[np.ndarray]) -> Counts:
    """Counts of one image. edges: soft map [H, W]; annotators: bool maps [H, W]."""
    ridges = candidates(edges)
    reach = TOLERANCE * float(np.hypot(*edges.shape))
    masks = [thin(ridges >= threshold) for threshold in THRESHOLDS]
    universe = np.flatnonzero(np.any(masks, axis=0))
    layers = [mask.ravel()[universe] for mask in masks]
    matched = [np.zeros(len(universe), bool) for _ in masks]
    pairs = np.zeros(len(masks), np.int64)
    for truth in annotators:
        matching = Matching(partner_lists(universe, truth, reach), int(np.count_nonzero(truth)))
        before = np.zeros(len(universe), bool)
        for k in reversed(range(len(masks))):
            for pixel in np.flatnonzero(before & ~layers[k]).tolist():
                matching.remove(pixel)
            for pixel in np.flatnonzero(layers[k] & ~before).tolist():
                matching.add(pixel)
            before = layers[k]
            matched[k] |= np.array(matching.of_found, np.int64) >= 0
            pairs[k] += matching.pairs
    found = np.array([np.count_nonzero(layer) for layer in layers])
    any_matched = np.array([np.count_nonzero(m) for m in matched])
    truths = np.full(len(masks), sum(np.count_nonzero(a) for a in annotators))
    return Counts(found, any_matched, truths, pairs)


@dataclass
class Scores:
    """ods, ois: F-measures. threshold, precision, recall: those of ODS."""

    ods: float
    ois: float
    threshold: float
    precision: float
    recall: float


def summarise(images: Sequence[Counts]) -> Scores:
    """ODS: best F of the pooled counts. OIS: F of counts pooled at each image's own best threshold."""
    pooled = Counts.total(images)
    best = int(np.argmax(pooled.f_measure()))
    own = Counts.total([item.at(int(np.argmax(item.f_measure()))) for item in images])
    return Scores(
        ods=float(pooled.f_measure()[best]),
        ois=float(own.f_measure()[0]),
        threshold=float(THRESHOLDS[best]),
        precision=float(pooled.found_matched[best] / max(pooled.found[best], 1)),
        recall=float(pooled.truth_matched[best] / max(pooled.truth[best], 1)),
    )
