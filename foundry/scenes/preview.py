"""Looks at renders while a scene is being designed: develops pictures and masks side by side, enlarged.

    python3 foundry/scenes/preview.py OUT.png RENDER.npz [RENDER.npz ...]
"""

from __future__ import annotations

import json
import sys

import numpy as np
from PIL import Image

from develop import develop


def main() -> None:
    out, *paths = sys.argv[1:]
    tiles = []
    for path in paths:
        with np.load(path) as data:
            film = json.loads(str(data["record"]))["params"]["film"]
            photo = develop(data["linear"].astype(np.float32), film)
            tiles.append(np.repeat(np.repeat(photo, 2, 0), 2, 1))
            if len(data["masks"]):
                mask = (data["masks"].max(0) > 127)[..., None]
                tinted = np.where(mask, photo // 2 + np.array([0, 127, 0], np.uint8), photo).astype(np.uint8)
                tiles.append(np.repeat(np.repeat(tinted, 2, 0), 2, 1))
    columns = min(3, len(tiles))
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    Image.fromarray(np.vstack(rows)).save(out)


if __name__ == "__main__":
    main()
