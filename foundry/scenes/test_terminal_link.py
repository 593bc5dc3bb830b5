"""Tests of the terminal link's layout.

    python3 -m unittest discover -s foundry/scenes
"""

import math
import random
import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plan  # noqa: E402
import terminal_link_layout as layout  # noqa: E402

YELLOW, BLUE, RED = [0.74, 0.4, 0.012], [0.012, 0.085, 0.42], [0.5, 0.014, 0.012]


def block(side, size, y=0.0, turn=0.0):
    return {
        "size": size,
        "at": [(-4.3, 4.3)[side], y],
        "turn": 180.0 * side + turn,
        "levers": [{"open": 0.0, "seated": 0.0, "broken": None} for _ in range(size)],
    }


def clamp(size, position, side, y=0.0):
    """Where a cable ends that is pushed into a clamp; positions from the upper end, blocks not turned."""
    return [(-4.3 + 0.4, 4.3 - 0.4)[side], y + ((size - 1) / 2 - position) * 1.15, 0.48]


def cable(start, end, colour, name):
    return {"path": [start, [0.0, 0.0, 0.2], end], "colour": colour, "colour_name": name, "bare": [0.0, 0.0]}


def link(size, colour, name, left=0, right=None):
    right = left if right is None else right
    return {
        "blocks": [block(0, size), block(1, size)],
        "cables": [cable(clamp(size, left, 0), clamp(size, right, 1), colour, name)],
    }


class Violations(unittest.TestCase):
    def test_each_size_with_its_colour_in_every_position_breaks_nothing(self):
        for size, colour, name in ((2, YELLOW, "yellow"), (3, BLUE, "blue"), (5, RED, "red")):
            for position in range(size):
                self.assertEqual(layout.violations(link(size, colour, name, position)), [])

    def test_no_cable_and_two_cables(self):
        params = link(3, BLUE, "blue")
        params["cables"] *= 2
        self.assertEqual(layout.violations(params), ["one_cable"])
        params["cables"] = []
        self.assertEqual(layout.violations(params), ["one_cable"])

    def test_crossed(self):
        self.assertEqual(layout.violations(link(5, RED, "red", 1, 4)), ["same_position"])
        # A mirrored numbering would call these the same.
        self.assertEqual(layout.violations(link(3, BLUE, "blue", 0, 2)), ["same_position"])

    def test_both_ends_in_one_block(self):
        params = link(3, BLUE, "blue")
        params["cables"] = [cable(clamp(3, 0, 0), clamp(3, 2, 0), BLUE, "blue")]
        self.assertEqual(layout.violations(params), ["same_position"])

    def test_a_block_that_is_moved_and_turned_takes_its_positions_along(self):
        params = link(3, BLUE, "blue", 0)
        # The lower neighbour of the clamp the cable was in is now where the cable is.
        params["blocks"][0] = block(0, 3, y=1.15)
        self.assertEqual(layout.violations(params), ["same_position"])
        for turn in (-4.0, 4.0):
            params = link(3, BLUE, "blue", 0)
            params["blocks"][0] = block(0, 3, turn=turn)
            a = math.radians(turn)
            params["cables"][0]["path"][0] = [
                -4.3 + 0.4 * math.cos(a) - 1.15 * math.sin(a),
                0.4 * math.sin(a) + 1.15 * math.cos(a),
                0.48,
            ]
            self.assertEqual(layout.violations(params), [])

    def test_colour_for_another_size(self):
        self.assertEqual(layout.violations(link(2, BLUE, "blue")), ["size_matches_colour"])
        # A wrong label does not hide a wrong colour, nor the other way round.
        self.assertEqual(layout.violations(link(2, BLUE, "yellow")), ["size_matches_colour"])
        self.assertEqual(layout.violations(link(2, YELLOW, "blue")), ["size_matches_colour"])

    def test_a_colour_of_no_size(self):
        for colour in ([0.01, 0.2, 0.03], [0.02, 0.02, 0.02], [0.7, 0.7, 0.7]):
            self.assertEqual(layout.violations(link(2, colour, "yellow")), ["size_matches_colour"])

    def test_blocks_of_two_sizes(self):
        params = link(3, BLUE, "blue")
        params["blocks"][1] = block(1, 5)
        params["cables"] = [cable(clamp(3, 0, 0), clamp(5, 0, 1), BLUE, "blue")]
        self.assertEqual(layout.violations(params), ["equal_blocks"])

    def test_not_pushed_in(self):
        for dx, dy, dz in ((1.4, 0.0, 0.0), (0.2, 0.0, 0.0), (0.0, 0.4, 0.0), (0.0, 0.0, 1.2)):
            params = link(3, BLUE, "blue")
            start = params["cables"][0]["path"][0]
            params["cables"][0]["path"][0] = [start[0] + dx, start[1] + dy, start[2] + dz]
            self.assertEqual(layout.violations(params), ["inserted"], (dx, dy, dz))

    def test_lever_open(self):
        params = link(3, BLUE, "blue")
        params["blocks"][1]["levers"][2]["open"] = 70.0
        self.assertEqual(layout.violations(params), ["levers_closed"])

    def test_structural_damage_breaks_nothing(self):
        params = link(3, BLUE, "blue")
        params["blocks"][0]["levers"][0]["broken"] = {"at": 0.4, "lean": 0.0, "seed": 1}
        params["cables"][0]["bare"] = [1.6, 0.0]
        self.assertEqual(layout.violations(params), [])


class Pictures(unittest.TestCase):
    def samples(self, defect, count=4):
        return [layout.sample(random.Random(2000 + k), defect) for k in range(count)]

    def every(self, count=4):
        for defect in (None, *(d["name"] for d in layout.DEFECTS)):
            for params in self.samples(defect, count):
                yield defect, params

    def test_every_defect_breaks_what_it_names_and_nothing_else(self):
        breaks = {None: None, **{d["name"]: d["breaks"] for d in layout.DEFECTS}}
        for defect, params in self.every(6):
            self.assertEqual(layout.violations(params), [breaks[defect]] if breaks[defect] else [], defect)

    def test_the_same_seed_draws_the_same_picture(self):
        for defect in (None, *(d["name"] for d in layout.DEFECTS)):
            first = plan.rounded(layout.sample(random.Random(5), defect))
            self.assertEqual(first, plan.rounded(layout.sample(random.Random(5), defect)))
            self.assertNotEqual(first, plan.rounded(layout.sample(random.Random(6), defect)))

    def test_every_colour_and_position_occurs_among_normals(self):
        seen = set()
        for params in self.samples(None, 120):
            (one,) = params["cables"]
            seen.add((one["colour_name"], layout._clamp(params["blocks"], one["path"][0])[1]))
        self.assertEqual(len(seen), 2 + 3 + 5)

    def test_cables_lie_on_the_board_and_pass_through_no_block_no_other_and_not_themselves(self):
        for defect, params in self.every():
            axes = [_fine(one["path"]) for one in params["cables"]]
            for axis in axes:
                # The spline swings below its points by a few hundredths of a millimetre.
                self.assertGreater(axis[:, 2].min(), 0.2 - 5e-3)
                self.assertLess(abs(axis[:, :2]).max(), layout.REACH)
                for which in params["blocks"]:
                    u, v = _in_block(which, axis)
                    size = which["size"]
                    inside = (-1.45 - 0.2 < u) & (u < 1.35 + 0.2) & (abs(v) < size * 1.15 / 2 + 0.14 + 0.2)
                    # What is over the housing's plan must be in one channel, 0.27 wide either side.
                    poles = (np.arange(size) - (size - 1) / 2) * 1.15
                    off = abs(v[:, None] - poles).min(1)
                    self.assertTrue((off[inside & (u < 1.35)] < 0.27 - 0.2).all(), defect)
                    # Before the front it may bend, but not into a wall beside the channel.
                    self.assertTrue((off[inside] < 0.27).all(), defect)
                    foot = (abs(u) < 0.55 + 0.2) & (abs(v) < size * 1.15 / 2 + 0.14 + 0.62 + 0.2)
                    self.assertFalse((foot & ~inside).any(), defect)
                apart = np.linalg.norm(axis[:, None, :2] - axis[None, :, :2], axis=-1)
                along = abs(np.subtract.outer(np.arange(len(axis)), np.arange(len(axis)))) * 0.05
                self.assertTrue((apart[along > math.pi * layout.BEND] > 0.4).all(), defect)
            if len(axes) == 2:
                apart = np.linalg.norm(axes[0][:, None, :2] - axes[1][None, :, :2], axis=-1)
                self.assertGreater(apart.min(), 0.4)

    def test_blocks_stand_wholly_in_the_picture(self):
        for _, params in self.every():
            for which in params["blocks"]:
                for polygon in layout.footprints(which):
                    self.assertLess(abs(np.array(polygon)).max(), layout.REACH)

    def test_a_loose_end_is_stripped_and_lies_before_its_own_clamp(self):
        for params in self.samples("loose_end", 8):
            (one,) = params["cables"]
            (side,) = [k for k in (0, 1) if one["bare"][k]]
            tip = np.array([one["path"][-1 if side else 0]])
            u, v = _in_block(params["blocks"][side], tip)
            held = layout._clamp(params["blocks"], one["path"][0 if side else -1])
            size = params["blocks"][side]["size"]
            own = ((size - 1) / 2 - held[1]) * 1.15 * (1 if side == 0 else -1)
            self.assertGreater(u[0], 1.35 + 0.3)
            self.assertLess(abs(v[0] - own), 1.05)

    def test_stray_strands_start_where_the_insulation_ends_and_enter_no_block(self):
        for params in self.samples("frayed_end"):
            (one,) = params["cables"]
            fray = one["fray"]
            axis = _fine(one["path"])
            axis = axis[::-1] if fray["side"] else axis
            edge = axis[np.argmin(abs(_along(axis) - one["bare"][fray["side"]]))]
            self.assertGreaterEqual(len(fray["strands"]), 4)
            for strand in np.array(fray["strands"]):
                self.assertLess(np.linalg.norm(strand[0] - edge), 0.06)
                self.assertGreaterEqual(strand[:, 2].min(), layout.STRAND)
                for which in params["blocks"]:
                    u, v = _in_block(which, strand)
                    wide = which["size"] * 1.15 / 2 + 0.14
                    self.assertFalse(((abs(u) < 1.35) & (abs(v) < wide)).any())

    def test_foreign_matter_lies_clear_of_blocks_and_cable(self):
        for params in self.samples("contamination", 12):
            (matter,) = params["contaminants"]
            if matter["kind"] == "blot":
                spots, reach = [matter["at"]], matter["radius"]
            elif matter["kind"] == "crumbs":
                spots, reach = [g["at"] for g in matter["grains"]], 0.07
            else:
                spots, reach = [p for wire in matter["wires"] for p in wire], matter["radius"]
            self.assertGreaterEqual(len(spots), 1)
            spots = np.array(spots)
            axis = _fine(params["cables"][0]["path"])
            apart = np.linalg.norm(spots[:, None] - axis[None, :, :2], axis=-1)
            self.assertGreater(apart.min(), reach + 0.2)
            for which in params["blocks"]:
                u, v = _in_block(which, spots)
                wide = which["size"] * 1.15 / 2 + 0.14
                beside = np.maximum(np.maximum(abs(u + 0.05) - 1.4, abs(v) - wide), 0)
                self.assertGreater(beside.min(), reach)


class Splines(unittest.TestCase):
    def test_dense_passes_through_its_points(self):
        path = [[0.0, 0.0, 0.2], [1.0, 0.5, 0.3], [2.0, -0.5, 0.2], [3.0, 0.0, 0.4]]
        points = layout.dense(path, 5)
        self.assertEqual(len(points), 16)
        np.testing.assert_allclose(points[::5], path, atol=1e-12)

    def test_stretch(self):
        line = [(0.0, 0.0), (1.0, 0.0), (1.0, 2.0)]
        np.testing.assert_allclose(layout.stretch(line, 0.5, 2.0), [(0.5, 0), (1, 0), (1, 1)])
        np.testing.assert_allclose(layout.stretch(line, -1, 9), line)


def _along(points):
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _fine(path):
    """Points every 0.05 cm along a cable's axis."""
    points = np.array(layout.dense(path, 12))
    at = _along(points)
    even = np.arange(0, at[-1], 0.05)
    return np.stack([np.interp(even, at, points[:, c]) for c in range(3)], axis=-1)


def _in_block(which, points):
    """x and y of points in a block's frame."""
    a = math.radians(which["turn"])
    d = points[:, :2] - which["at"]
    return d @ (math.cos(a), math.sin(a)), d @ (-math.sin(a), math.cos(a))


if __name__ == "__main__":
    unittest.main()
