"""The metrics of src/evaluation with numpy, pooled and sorted at once, for bench/evaluate.ts to compare with.

evaluate_numpy.py FOLDER: maps in FOLDER/NNN.map.npy (float32), masks in FOLDER/NNN.mask.npy (uint8, 0 or 1) for
anomalous images. Every connected part is one region and every mask one defect, saturated at half its area. Prints
JSON: the figures, seconds of processor time, and the peak of resident memory in bytes.
"""

import glob
import json
import resource
import sys

import numpy as np
from scipy.ndimage import label


def area_under(x, y, limit):
    inside = x <= limit
    x_in, y_in = x[inside], y[inside]
    if x_in[-1] < limit:
        x_in = np.append(x_in, limit)
        y_in = np.append(y_in, np.interp(limit, x, y))
    return float(np.trapezoid(y_in, x_in) if hasattr(np, "trapezoid") else np.trapz(y_in, x_in)) / limit


def overlap_curve(scores, negatives, overlap):
    """Cumulative false-positive rate and overlap in descending order of scores, last point of ties."""
    order = np.argsort(scores)[::-1]
    last = np.append(np.diff(scores[order]) != 0, True)
    fpr = np.cumsum(negatives[order], dtype=np.float64)
    found = np.cumsum(overlap[order], dtype=np.float64)
    x = np.concatenate([[0.0], fpr[last] / fpr[-1], [1.0]])
    y = np.concatenate([[0.0], found[last] / found[-1], [1.0]])
    return x, y


def main(folder):
    scores, outside, pro, spro = [], [], [], []
    for file in sorted(glob.glob(f"{folder}/*.map.npy")):
        values = np.load(file)
        try:
            mask = np.load(file.replace(".map.", ".mask."))
        except FileNotFoundError:
            mask = np.zeros(values.shape, np.uint8)
        weights = np.zeros(values.shape, np.float32)
        saturated = np.zeros(values.shape, np.float32)
        if mask.any():
            regions, count = label(mask, np.ones((3, 3)))
            areas = np.bincount(regions.ravel())
            weights = np.where(regions > 0, 1 / areas[regions], 0).astype(np.float32)
            inside = np.flatnonzero(mask)
            saturation = len(inside) // 2
            best = inside[np.argsort(values.ravel()[inside])[len(inside) - saturation :]]
            saturated.ravel()[best] = 1 / saturation
        scores.append(values.ravel())
        outside.append(mask.ravel() == 0)
        pro.append(weights.ravel())
        spro.append(saturated.ravel())
    scores, outside, pro, spro = (np.concatenate(each) for each in (scores, outside, pro, spro))
    fpr, tpr = overlap_curve(scores, outside, ~outside)
    x, overlap = overlap_curve(scores, outside, pro)
    saturated_x, saturated = overlap_curve(scores, outside, spro)
    positives, negatives = np.count_nonzero(~outside), np.count_nonzero(outside)
    found, wrong = tpr[1:-1] * positives, fpr[1:-1] * negatives
    precision = found / (found + wrong)
    figures = {
        "pixel_auroc": area_under(fpr, tpr, 1.0),
        "pixel_ap": float(np.sum(np.diff(tpr[:-1]) * precision)),
        "aupro": area_under(x, overlap, 0.3),
        "au_spro": area_under(saturated_x, saturated, 0.05),
    }
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = used.ru_utime + used.ru_stime
    print(json.dumps({**figures, "seconds": seconds, "peak": used.ru_maxrss * 1024}))


main(sys.argv[1])
