"""Camera, light and film of one picture, as plain parameters. Pure Python.

Directions and positions are in the scene's frame: centimetres, z up. Colours are linear RGB.
"""

from __future__ import annotations

import math
import random


def kelvin(temperature: float) -> list[float]:
    """Linear RGB of a black body (1,000–15,000 K), brightest channel 1.

    Uses the rational fits to the Planckian locus in CIE 1931 xy by Kang et al. (2002).
    """
    t = temperature
    if t <= 4000:
        x = -0.2661239e9 / t**3 - 0.2343589e6 / t**2 + 0.8776956e3 / t + 0.179910
    else:
        x = -3.0258469e9 / t**3 + 2.1070379e6 / t**2 + 0.2226347e3 / t + 0.240390
    if t <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif t <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    cx, cz = x / y, (1 - x - y) / y
    rgb = [
        3.2404542 * cx - 1.5371385 - 0.4985314 * cz,
        -0.9692660 * cx + 1.8760108 + 0.0415560 * cz,
        0.0556434 * cx - 0.2040259 + 1.0572252 * cz,
    ]
    top = max(rgb)
    return [max(0.0, c / top) for c in rgb]


def camera(
    rng: random.Random,
    position: tuple[float, float, float],
    target: tuple[float, float, float],
    fov_deg: float,
    *,
    aperture: float,
    position_jitter: float = 0.0,
    target_jitter: float = 0.0,
    roll_deg: float = 0.0,
    fov_jitter: float = 0.0,
) -> dict:
    """A camera near the given pose.

    `fov_deg` is the full angle of view of the square picture, `aperture` the diameter of the entrance pupil in cm
    (larger blurs more what lies off the target's distance). The jitters are half-widths of uniform distributions,
    `roll_deg` in degrees, `fov_jitter` relative.
    """

    def jitter(v: tuple[float, float, float], amount: float) -> list[float]:
        return [c + rng.uniform(-amount, amount) for c in v]

    return {
        "position": jitter(position, position_jitter),
        "target": jitter(target, target_jitter),
        "fov_deg": fov_deg * (1 + rng.uniform(-fov_jitter, fov_jitter)),
        "roll_deg": rng.uniform(-roll_deg, roll_deg),
        "aperture": aperture,
    }


def direction(azimuth_deg: float, elevation_deg: float) -> list[float]:
    """Unit vector: azimuth counter-clockwise from +x, elevation above the horizon."""
    a, e = math.radians(azimuth_deg), math.radians(elevation_deg)
    return [math.cos(e) * math.cos(a), math.cos(e) * math.sin(a), math.sin(e)]


def panel(
    toward: list[float],
    half_size: tuple[float, float],
    strength: float,
    colour: list[float],
    *,
    softness: float = 0.1,
    roll_deg: float = 0.0,
    bars: tuple[int, int] = (1, 1),
) -> dict:
    """A bright rectangle at infinity: a window, a softbox, a ceiling lamp.

    `half_size` is in tangents of the angle from its middle; `bars` divides it into panes.
    """
    return {
        "direction": toward,
        "half_size": list(half_size),
        "strength": strength,
        "colour": colour,
        "softness": softness,
        "roll_deg": roll_deg,
        "bars": list(bars),
    }


def room(
    rng: random.Random,
    *,
    key_strength: tuple[float, float] = (9.0, 15.0),
    key_half_size: tuple[float, float] = (0.35, 0.6),
    key_elevation_deg: tuple[float, float] = (38.0, 68.0),
    key_azimuth_deg: tuple[float, float] = (0.0, 360.0),
    ambient: tuple[float, float] = (0.28, 0.45),
) -> dict:
    """The light of a room: a window as key light, ceiling lamps, walls that give some light back.

    Colours are relative to a camera balanced for 5,000 K.
    """
    key_kelvin = rng.uniform(4600, 6200)
    lamp_kelvin = rng.uniform(3900, 5200)
    balance = kelvin(5000)
    key_colour = [a / b for a, b in zip(kelvin(key_kelvin), balance)]
    lamp_colour = [a / b for a, b in zip(kelvin(lamp_kelvin), balance)]
    azimuth = rng.uniform(*key_azimuth_deg)
    panels = [
        panel(
            direction(azimuth, rng.uniform(*key_elevation_deg)),
            (rng.uniform(*key_half_size), rng.uniform(*key_half_size)),
            rng.uniform(*key_strength),
            key_colour,
            softness=rng.uniform(0.04, 0.15),
            roll_deg=rng.uniform(-8, 8),
            bars=(rng.choice((1, 2)), rng.choice((1, 2))),
        )
    ]
    roll = rng.uniform(0, 180)
    for side in (-1, 1):
        panels.append(
            panel(
                direction(roll + 90 * side + rng.uniform(-10, 10), rng.uniform(55, 75)),
                (rng.uniform(0.5, 0.9), rng.uniform(0.06, 0.1)),
                rng.uniform(2.5, 6.0),
                lamp_colour,
                softness=0.04,
                roll_deg=rng.uniform(-6, 6),
            )
        )
    level = rng.uniform(*ambient)
    return {
        "zenith": [level * c for c in lamp_colour],
        "horizon": [level * rng.uniform(0.55, 0.8) * c for c in (1.0, 0.97, 0.93)],
        "ground": [level * 0.35 * c for c in (1.0, 0.95, 0.88)],
        "mottle": rng.uniform(0.15, 0.4),
        "mottle_seed": rng.uniform(0, 100),
        "panels": panels,
    }


def film(rng: random.Random, *, exposure: float = 1.0, key: float | None = None) -> dict:
    """How the radiance is developed (see `develop.py`).

    With `key` the camera meters: the picture's mean luminance comes out at `key` (linear, 0.18 is middle grey), give or
    take the usual error. Without, `exposure` multiplies the radiance.
    """
    warmth = rng.gauss(0, 0.012)
    return {
        "key": key,
        "exposure": exposure * 2 ** rng.uniform(-0.14, 0.14),
        "white_balance": [1 + warmth, 1 + rng.gauss(0, 0.004), 1 - warmth],
        "vignette": rng.uniform(0.04, 0.14),
        "blur": rng.uniform(0.34, 0.46),
        "sharpen": rng.uniform(0.25, 0.45),
        "shot_noise": rng.uniform(0.00010, 0.00022),
        "read_noise": rng.uniform(0.0012, 0.0022),
        "contrast": rng.uniform(0.95, 1.05),
        "noise_seed": rng.randrange(2**32),
    }
