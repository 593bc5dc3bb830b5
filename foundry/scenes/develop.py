"""From linear radiance to an 8-bit photograph: what a lens, a sensor and a camera's processing do."""

from __future__ import annotations

import numpy as np


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of [h, w, c], borders repeated."""
    radius = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        pad = [(0, 0)] * image.ndim
        pad[axis] = (radius, radius)
        padded = np.pad(image, pad, mode="edge")
        size = image.shape[axis]
        image = sum(k * np.take(padded, np.arange(i, i + size), axis) for i, k in enumerate(kernel))
    return image


def tone(x: np.ndarray) -> np.ndarray:
    """Scene-linear to display [0, 1]: the sRGB curve with a shoulder that rolls highlights off above 0.6."""
    knee = 0.6
    over = np.maximum(x - knee, 0) / (1 - knee)
    x = np.where(x <= knee, np.maximum(x, 0), knee + (1 - knee) * over / (1 + over**1.6) ** (1 / 1.6))
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)


def develop(linear: np.ndarray, film: dict) -> np.ndarray:
    """An sRGB photograph, uint8 [h, w, 3], from radiance [h, w, 3] and the parameters of `studio.film`.

    In the order of a camera: vignetting (relative fall-off in the corners), lens blur (sigma in pixels), exposure
    (metered if the film has a key) and white balance, shot and read noise (variance = shot·signal + read², softened as by demosaicing), tone curve,
    contrast about middle grey, unsharp mask. The same parameters give the same bytes.
    """
    image = linear.astype(np.float64)
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    r2 = ((x + 0.5) / width - 0.5) ** 2 + ((y + 0.5) / height - 0.5) ** 2
    image = image * (1 - film["vignette"] * r2 / 0.5)[..., None]
    gain = film["exposure"]
    if film["key"] is not None:
        # Metered on what the sensor would not clip at once, so that a glint does not darken the picture.
        luminance = image @ np.array([0.2126, 0.7152, 0.0722])
        gain *= film["key"] / np.minimum(luminance, 6 * np.median(luminance)).mean()
    image = image * gain * np.array(film["white_balance"])
    # Highlights clip on the sensor before anything spreads them further.
    image = _blur(np.minimum(image, 4.0), film["blur"])
    rng = np.random.Generator(np.random.PCG64(film["noise_seed"]))
    sigma = np.sqrt(film["shot_noise"] * np.maximum(image, 0) + film["read_noise"] ** 2)
    grain = 0.55 * rng.standard_normal(image.shape) + 1.5 * _blur(rng.standard_normal(image.shape), 0.8)
    image = tone(image + sigma * grain)
    image = 0.46 + (image - 0.46) * film["contrast"]
    image = image + film["sharpen"] * (image - _blur(image, 0.9))
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
