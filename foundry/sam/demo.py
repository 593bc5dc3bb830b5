"""The demo photographs with the part seen at each pixel, as `objects.py` renders it."""

from __future__ import annotations

from pathlib import Path
from typing import List

import numpy as np
from PIL import Image

from foundry.sam.samples import Sample, Target

SCENES = ("pin_tray", "bottle", "screw_kit", "terminal_link", "fruit_box")
PHOTOGRAPHS = Path("public/datasets/demo")
OBJECTS = Path(".cache/sam/objects")
COMPARTMENTS, KIT_PARTS = 12, 8


def _pin_tray() -> List[Target]:
    """0 mat, 1 tray between the compartments, then for each compartment k: 10 + k what is seen of it, 30 + k the head
    and 50 + k the needle of its pin."""
    cells = range(COMPARTMENTS)
    targets = [Target(f"pin {k}", "part", (30 + k, 50 + k)) for k in cells]
    targets += [Target(f"compartment {k}", "part", (10 + k,)) for k in cells]
    targets.append(Target("walls", "part", (1,)))
    targets += [Target(f"compartment {k} with pin", "whole", (10 + k, 30 + k, 50 + k)) for k in cells]
    everything = (1, *(first + k for first in (10, 30, 50) for k in cells))
    return [*targets, Target("tray", "whole", everything), Target("mat", "ground", (0,))]


def _bottle() -> List[Target]:
    """0 light panel, 1 table, 2 rail, 10 empty glass, 11 drink, 12 glass below the drink, 20 cap, 30 label, 40 sticker."""
    parts = {"cap": 20, "label": 30, "sticker": 40, "drink": 11, "neck": 10}
    targets = [Target(name, "part", (number,)) for name, number in parts.items()]
    targets.append(Target("bottle", "whole", (10, 11, 12, 20, 30, 40)))
    targets.append(Target("drink with labels", "whole", (11, 30, 40)))
    return [*targets, *(Target(name, "ground", (number,)) for name, number in (("panel", 0), ("table", 1)))]


def _screw_kit() -> List[Target]:
    """0 bench, 1 box, 10 + k what is seen of part k."""
    numbers = tuple(10 + k for k in range(KIT_PARTS))
    targets = [Target(f"part {number - 10}", "part", (number,)) for number in numbers]
    targets.append(Target("empty box", "part", (1,)))
    return [*targets, Target("box with parts", "whole", (1, *numbers)), Target("bench", "ground", (0,))]


def _terminal_link() -> List[Target]:
    """0 board, 10 and 11 the blocks with their levers, 20 the cable."""
    blocks = [Target(f"block {k}", "part", (10 + k,)) for k in (0, 1)]
    link = Target("blocks with cable", "whole", (10, 11, 20))
    return [*blocks, Target("cable", "part", (20,)), link, Target("board", "ground", (0,))]


def _fruit_box() -> List[Target]:
    """0 table, 1 boards, 2 floor, 10 + k fruit k, 20 to 139 hazelnuts, 140 to 239 blueberries."""
    fruit, nuts, berries = (10, 11, 12), range(20, 140), range(140, 240)
    targets = [Target(f"fruit {number - 10}", "part", (number,)) for number in fruit]
    targets += [Target(f"hazelnut {number - 20}", "part", (number,)) for number in nuts]
    targets += [Target(f"blueberry {number - 140}", "part", (number,)) for number in berries]
    targets.append(Target("boards", "part", (1,)))
    targets.append(Target("heap", "whole", (*nuts, *berries)))
    targets.append(Target("box with fruit", "whole", (1, 2, *fruit, *nuts, *berries)))
    return [*targets, Target("table", "ground", (0,))]


TARGETS = {
    "pin_tray": _pin_tray(),
    "bottle": _bottle(),
    "screw_kit": _screw_kit(),
    "terminal_link": _terminal_link(),
    "fruit_box": _fruit_box(),
}


def read_split(split: str, photographs: Path = PHOTOGRAPHS, objects: Path = OBJECTS) -> List[Sample]:
    """Samples of all scenes that have maps; split: `train/good` or `validation/good`."""
    samples = []
    for scene in SCENES:
        for path in sorted((objects / scene / split).glob("*.png")):
            image = Image.open(photographs / scene / split / f"{path.stem}.jpg").convert("RGB")
            name = f"{scene}/{split}/{path.stem}"
            samples.append(Sample(name, np.asarray(image), np.asarray(Image.open(path)), TARGETS[scene]))
    if not samples:
        raise FileNotFoundError(f"{objects} holds no object maps of {split}. Render them with foundry/sam/objects.py.")
    return samples
