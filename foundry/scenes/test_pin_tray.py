"""Tests of the pin tray's layout.

    python3 -m unittest discover -s foundry/scenes
"""

import math
import random
import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pin_tray_layout as layout  # noqa: E402
import plan  # noqa: E402


def pin(column, row, dx=0.0, dy=0.0, yaw=90.0, **changes):
    """A push pin whose middle lies (dx, dy) beside the middle of a compartment."""
    x, y = (column - 1.5) * 3.0 + dx, (row - 1.0) * 3.8 + dy
    a = math.radians(yaw)
    return {
        "column": column,
        "row": row,
        "type": "push",
        "colour_name": "red",
        "colour": [0.56, 0.018, 0.014],
        "base": [x - 1.15 * math.cos(a), y - 1.15 * math.sin(a), 0.6],
        "yaw": yaw,
        "pitch": 4.9,
        "needle_length": 1.02,
        "bend": None,
        "damage": None,
        **changes,
    }


def full():
    return [pin(column, row) for column in range(4) for row in range(3)]


class Violations(unittest.TestCase):
    def broken(self, pins):
        return layout.violations({"pins": pins})

    def test_a_full_tray_breaks_nothing(self):
        self.assertEqual(self.broken(full()), [])

    def test_missing(self):
        self.assertEqual(self.broken(full()[1:]), ["no_empty_compartment"])

    def test_extra(self):
        self.assertEqual(self.broken([*full(), pin(2, 1, dx=0.7)]), ["one_pin_per_compartment"])

    def test_two_in_one_and_none_in_another(self):
        pins = full()
        pins[0] = pin(3, 2, dx=0.7)
        self.assertEqual(self.broken(pins), ["no_empty_compartment", "one_pin_per_compartment"])

    def test_where_a_pin_lies_counts_not_where_it_says_it_belongs(self):
        pins = full()
        pins[0] = {**pin(3, 2, dx=0.7), "column": 0, "row": 0}
        self.assertEqual(self.broken(pins), ["no_empty_compartment", "one_pin_per_compartment"])

    def test_needle_over_a_wall(self):
        pins = full()
        pins[0] = pin(0, 0, dx=0.75, yaw=0.0)
        self.assertEqual(self.broken(pins), ["pins_inside"])

    def test_head_in_a_side_wall(self):
        pins = full()
        pins[0] = pin(0, 0, dx=1.0)
        self.assertEqual(self.broken(pins), ["pins_inside"])

    def test_outside_the_tray(self):
        self.assertEqual(self.broken([*full(), pin(5, 1)]), ["pins_inside"])

    def test_colour(self):
        for name, colour in layout.OTHER_COLOURS.items():
            pins = full()
            pins[4] = pin(1, 1, colour=colour, colour_name=name)
            self.assertEqual(self.broken(pins), ["pin_colour"])
            # A wrong label does not hide a wrong colour, nor the other way round.
            pins[4] = pin(1, 1, colour=colour)
            self.assertEqual(self.broken(pins), ["pin_colour"])

    def test_type(self):
        for kind in ("ball", "tack"):
            pins = full()
            pins[4] = pin(1, 1, type=kind)
            self.assertEqual(self.broken(pins), ["pin_type"])

    def test_structural_damage_breaks_nothing(self):
        pins = full()
        pins[0]["needle_length"] = 0.2
        pins[1]["bend"] = {"at": 0.3, "angle": 70.0, "roll": 90.0}
        self.assertEqual(self.broken(pins), [])


class Poses(unittest.TestCase):
    def test_a_lying_pin_touches_the_floor_twice_and_never_passes_through(self):
        for kind in layout.HEADS:
            pitch = layout.rest_pitch(kind)
            p = math.radians(pitch)
            base = layout.rest_height(kind, pitch)
            lowest = [base + s * math.sin(p) - r * math.cos(p) for r, s in layout.outline(kind)]
            self.assertGreater(min(lowest), -1e-9)
            self.assertGreaterEqual(sum(z < 1e-9 for z in lowest), 2, kind)

    def samples(self, defect, count=3):
        return [layout.sample(random.Random(1000 + k), defect) for k in range(count)]

    def test_no_pin_reaches_into_floor_walls_or_another(self):
        for defect in (None, "extra_pin", "bent_needle", "pin_over_wall"):
            for params in self.samples(defect):
                bodies = []
                for one in params["pins"]:
                    _, _, along = (np.array(v) for v in layout.axes(one))
                    base = np.array(one["base"])
                    spheres = [
                        (base + along * s, r) for r, s in _dense(layout.outline(one["type"])) if s < 1.3 or not one["bend"]
                    ]
                    if one["bend"]:
                        spheres += [(np.array(q), layout.NEEDLES[one["type"]][1]) for q in layout.needle_points(one)]
                    bodies.append(spheres)
                    for (x, y, z), r in spheres:
                        # The lowest point of a disc across the axis.
                        self.assertGreater(z - r * math.hypot(along[0], along[1]), layout.FLOOR - 0.012)
                        if z < layout.HEIGHT and defect != "pin_over_wall":
                            cx, cy = layout.centre(one["column"], one["row"])
                            self.assertLess(abs(x - cx) + 0.3 * r, layout.FACE[0])
                            self.assertLess(abs(y - cy) + 0.3 * r, layout.FACE[1])
                for i, mine in enumerate(bodies):
                    for theirs in bodies[:i]:
                        a, ra = np.array([p for p, _ in mine]), np.array([r for _, r in mine])
                        b, rb = np.array([p for p, _ in theirs]), np.array([r for _, r in theirs])
                        # Horizontal distance of inscribed balls, half the radius of the discs.
                        apart = np.linalg.norm(a[:, None, :2] - b[None, :, :2], axis=-1)
                        self.assertTrue((apart > 0.5 * (ra[:, None] + rb[None])).all())

    def test_a_leaning_needle_touches_the_rounded_edge_of_the_wall(self):
        for params in self.samples("pin_over_wall", 6):
            (one,) = [q for q in params["pins"] if q["pitch"] > 10]
            cx, cy = layout.centre(one["column"], one["row"])
            along = np.array(layout.axes(one)[2])
            touching = math.inf
            for axis in (0, 1):
                for sign in (-1, 1):
                    edge = np.array([cx, cy, layout.HEIGHT - layout.EDGE])
                    edge[axis] += sign * (layout.PITCH[axis] - layout.WALL_TOP) / 2
                    line = np.eye(3)[1 - axis]
                    normal = np.cross(line, along)
                    distance = abs((np.array(one["base"]) - edge) @ normal) / np.linalg.norm(normal)
                    touching = min(touching, abs(distance - layout.EDGE - layout.NEEDLES["push"][1]))
            self.assertLess(touching, 1e-6)

    def test_the_same_seed_draws_the_same_picture(self):
        for defect in (None, *(d["name"] for d in layout.DEFECTS)):
            first = plan.rounded(layout.sample(random.Random(5), defect))
            self.assertEqual(first, plan.rounded(layout.sample(random.Random(5), defect)))
            self.assertNotEqual(first, plan.rounded(layout.sample(random.Random(6), defect)))

    def test_every_defect_breaks_what_it_names_and_nothing_else(self):
        for d in layout.DEFECTS:
            for params in self.samples(d["name"], 2):
                self.assertEqual(layout.violations(params), [d["breaks"]] if d["breaks"] else [], d["name"])


def _dense(outline, step=0.02):
    """The outline with points at most `step` apart along the axis."""
    for (r0, s0), (r1, s1) in zip(outline, outline[1:]):
        n = max(1, math.ceil((s1 - s0) / step))
        for k in range(n):
            yield r0 + (r1 - r0) * k / n, s0 + (s1 - s0) * k / n


if __name__ == "__main__":
    unittest.main()
