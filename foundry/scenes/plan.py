"""How many pictures a scene has, of which kind, and the seed of each. Pure Python."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

NORMALS = (("train/good", 160), ("validation/good", 25), ("test/good", 40))
ANOMALIES = (
    ("test/logical_anomalies", "logical", 40),
    ("test/structural_anomalies", "structural", 40),
)
SIZE = 256
"""Width and height of every picture, in pixels."""


@dataclass(frozen=True)
class Item:
    """One picture to make."""

    scene: str
    split: str
    number: int
    defect: str | None

    @property
    def key(self) -> str:
        """Path of the picture within its scene, without extension: `train/good/007`."""
        return f"{self.split}/{self.number:03d}"

    @property
    def seed(self) -> int:
        """A 64-bit seed that depends on nothing but scene, split and number."""
        digest = hashlib.sha256(f"{self.scene}/{self.key}".encode()).digest()
        return int.from_bytes(digest[:8], "big")


def items(scene: str, defects: list[dict]) -> list[Item]:
    """All pictures of a scene in rendering order.

    Defect kinds share an anomaly split as evenly as possible, in the order of `defects`, in blocks.
    """
    plan = [Item(scene, split, n, None) for split, count in NORMALS for n in range(count)]
    for split, kind, count in ANOMALIES:
        names = [d["name"] for d in defects if d["kind"] == kind]
        if not names:
            raise ValueError(f"Scene {scene} has no {kind} defects.")
        plan += [Item(scene, split, n, names[n * len(names) // count]) for n in range(count)]
    return plan


def rounded(value):
    """The value with every float at six decimals: what is rendered, stored and checked.."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(v) for v in value]
    return value
