"""Tests of the screw kit's layout.

    python3 -m unittest discover -s foundry/scenes
"""

import json
import math
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plan  # noqa: E402
import screw_kit_layout as layout  # noqa: E402
from geometry2d import gap  # noqa: E402

NAMES = [None, *(d["name"] for d in layout.DEFECTS)]


def part(kind, x=0.0, y=0.0, length=None, **changes):
    """A part lying at (x, y), a screw to the right."""
    made = {
        "kind": kind,
        "length": length,
        "finish": "zinc",
        "colour": [0.55, 0.56, 0.57],
        "base": [x, y, layout.FLOOR],
        "yaw": 0.0,
        "pitch": 0.0,
        "bend": None,
        "damage": None,
        **changes,
    }
    if kind == "screw":
        made["pitch"], height = layout.rest(made)
        made["base"][2] += height
    return made


def kit():
    return [
        part("screw", -4.2, 2.0, length=4.0),
        part("screw", -4.2, 0.0, length=4.0),
        part("screw", -4.2, -2.0, length=2.2),
        part("screw", 1.0, -2.0, length=2.2),
        part("nut", 2.0, 2.0),
        part("nut", 3.8, 2.0),
        part("washer", 2.0, 0.0),
        part("washer", 3.8, 0.0),
    ]


class Violations(unittest.TestCase):
    def broken(self, parts):
        return layout.violations({"parts": parts})

    def test_a_whole_kit_breaks_nothing(self):
        self.assertEqual(self.broken(kit()), [])

    def test_screw_missing_or_extra(self):
        for k in range(4):
            self.assertEqual(self.broken(kit()[:k] + kit()[k + 1 :]), ["four_screws"])
        for length in (4.0, 2.2):
            self.assertEqual(self.broken([*kit(), part("screw", -1.5, -0.9, length=length)]), ["four_screws"])

    def test_three_of_one_length(self):
        for k, length in ((0, 2.2), (2, 4.0)):
            parts = kit()
            parts[k]["length"] = length
            self.assertEqual(self.broken(parts), ["screw_pairs"])

    def test_length_off_the_nominal(self):
        for length in (3.85, 4.15):
            parts = kit()
            parts[0]["length"] = length
            self.assertEqual(self.broken(parts), ["screw_length"])
        parts = kit()
        parts[0]["length"] = 4.09
        self.assertEqual(self.broken(parts), [])

    def test_small_part_missing_or_extra(self):
        for k in range(4, 8):
            self.assertEqual(self.broken(kit()[:k] + kit()[k + 1 :]), ["four_small_parts"])
        for kind in ("nut", "washer"):
            self.assertEqual(self.broken([*kit(), part(kind, 2.0, -0.5)]), ["four_small_parts"])

    def test_three_of_one_small_part(self):
        for k, kind in ((4, "washer"), (6, "nut")):
            parts = kit()
            parts[k]["kind"] = kind
            self.assertEqual(self.broken(parts), ["small_part_pairs"])

    def test_finish(self):
        for name, colour in layout.FINISHES.items():
            # A wrong label does not hide a wrong colour, nor the other way round.
            for changes in ({"finish": name}, {"colour": colour}):
                parts = kit()
                parts[5].update(changes)
                self.assertEqual(self.broken(parts), ["one_finish"])

    def test_outside_or_in_a_wall(self):
        nut = ((4, 0.0, 4.6), (4, 4.4, 0.0))
        washer = ((6, 4.2, 0.0), (6, 0.0, 2.6))
        screw = ((0, 0.4, 0.0), (0, -4.2, 2.9), (3, -4.9, 0.0))
        for k, x, y in (*nut, *washer, *screw):
            parts = kit()
            parts[k]["base"][:2] = [x, y]
            self.assertEqual(self.broken(parts), ["inside_box"], (k, x, y))

    def test_structural_damage_breaks_nothing(self):
        parts = kit()
        parts[1]["bend"] = {"at": 0.3, "angle": 30.0, "side": 1}
        parts[6]["damage"] = {"kind": "broken"}
        self.assertEqual(self.broken(parts), [])


class Geometry(unittest.TestCase):
    def test_a_lying_screw_touches_the_ground_at_head_and_tip_and_never_passes_through(self):
        for length in (1.4, 2.2, 3.0, 4.0, 4.8):
            for bend in (None, {"at": 0.3, "angle": 35.0, "side": -1}):
                one = part("screw", length=length, bend=bend)
                up, side, along = layout.axes(one)
                # Underside of the head's lowest flat, and of the shank at its full radius.
                heights = [one["base"][2] + s * along[2] - layout.APOTHEM * up[2] for s in (0, layout.HEAD_HEIGHT)]
                for k in range(101):
                    s = layout.HEAD_HEIGHT + (length - layout.TIP_CHAMFER) * k / 100
                    u, v, _ = layout.axis_at(one, s)
                    heights.append(one["base"][2] + u * along[2] + v * side[2] - layout.RADIUS * up[2])
                self.assertAlmostEqual(min(heights), layout.FLOOR, places=9)
                self.assertAlmostEqual(heights[1], layout.FLOOR, places=9)
                self.assertAlmostEqual(heights[-1], layout.FLOOR, places=9)

    def test_every_length_drawn_has_its_weight_beyond_the_head(self):
        """Or it would tip onto the head's face."""
        head_volume = 2 * math.sqrt(3) * layout.APOTHEM**2 * layout.HEAD_HEIGHT
        for length in (layout.SHORT - 0.83, layout.SHORT, layout.LONG):
            # At the thread's root all along: lighter than any real shank.
            shank = math.pi * (layout.RADIUS - layout.THREAD_DEPTH) ** 2 * length
            moment = head_volume * layout.HEAD_HEIGHT / 2 + shank * (layout.HEAD_HEIGHT + length / 2)
            self.assertGreater(moment / (head_volume + shank), layout.HEAD_HEIGHT)

    def test_the_axis_of_a_bent_screw_keeps_its_length_and_turns_by_the_angle(self):
        one = part("screw", length=4.0, bend={"at": 0.4, "angle": 30.0, "side": 1})
        points = [layout.axis_at(one, 4.5 * k / 2000) for k in range(2001)]
        run = sum(math.dist(a[:2], b[:2]) for a, b in zip(points, points[1:]))
        self.assertAlmostEqual(run, 4.5, places=5)
        self.assertAlmostEqual(math.degrees(points[-1][2]), 30.0)
        (x0, y0, _), (x1, y1, _) = points[-2:]
        self.assertAlmostEqual(math.degrees(math.atan2(y1 - y0, x1 - x0)), 30.0, places=6)

    def test_the_footprint_holds_the_shadow(self):
        rng = random.Random(3)
        for bend in (None, {"at": 0.25, "angle": 38.0, "side": 1}, {"at": 0.5, "angle": 20.0, "side": -1}):
            one = part("screw", 0.4, -0.3, length=4.0, bend=bend, yaw=35.0)
            up, side, along = layout.axes(one)
            pieces = layout.footprint(one)
            for _ in range(2000):
                if rng.random() < 0.3:
                    s, a = rng.uniform(0, layout.HEAD_HEIGHT), rng.uniform(0, 2 * math.pi)
                    folded = (a + math.pi / 6) % (math.pi / 3) - math.pi / 6
                    r = layout.APOTHEM / math.cos(folded)
                else:
                    s, a = layout.HEAD_HEIGHT + rng.uniform(0, one["length"]), rng.uniform(0, 2 * math.pi)
                    r = layout.RADIUS
                u, v, turn = layout.axis_at(one, s)
                local = (r * math.cos(a), v + r * math.sin(a) * math.cos(turn), u - r * math.sin(a) * math.sin(turn))
                at = [one["base"][i] + local[0] * up[i] + local[1] * side[i] + local[2] * along[i] for i in (0, 1)]
                dot = [(at[0], at[1]), (at[0] + 1e-6, at[1]), (at[0], at[1] + 1e-6)]
                self.assertTrue(any(gap(dot, q) <= 1e-5 for q in pieces), (bend, s, a))


class Sampling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.drawn = {
            name: [plan.rounded(layout.sample(random.Random(seed), name)) for seed in range(4)] for name in NAMES
        }

    def test_every_defect_breaks_what_it_names_and_nothing_else(self):
        breaks = {d["name"]: d["breaks"] for d in layout.DEFECTS}
        for name, pictures in self.drawn.items():
            expected = [breaks[name]] if name and breaks[name] else []
            for params in pictures:
                self.assertEqual(layout.violations(params), expected, name)

    def test_the_same_seed_draws_the_same_picture(self):
        for name in (None, "extra_screw", "rust"):
            again = plan.rounded(layout.sample(random.Random(1), name))
            self.assertEqual(again, self.drawn[name][1])
            self.assertNotEqual(again, self.drawn[name][0])

    def test_parameters_survive_json(self):
        for pictures in self.drawn.values():
            for params in pictures:
                self.assertEqual(json.loads(json.dumps(params, allow_nan=False)), params)

    def test_parts_never_pass_through_each_other(self):
        for name, pictures in self.drawn.items():
            for params in pictures:
                shadows = [layout.footprint(p) for p in params["parts"]]
                for i, mine in enumerate(shadows):
                    for theirs in shadows[:i]:
                        apart = min(gap(a, b) for a in mine for b in theirs)
                        self.assertGreater(apart, 0, name)

    def test_some_parts_touch(self):
        touching = 0
        for pictures in self.drawn.values():
            for params in pictures:
                shadows = [layout.footprint(p) for p in params["parts"]]
                gaps = [gap(a, b) for i, m in enumerate(shadows) for t in shadows[:i] for a in m for b in t]
                touching += any(g < 0.02 for g in gaps)
        self.assertGreater(touching, len(NAMES))

    def test_parts_stand_on_the_floor_or_the_bench(self):
        for name, pictures in self.drawn.items():
            for params in pictures:
                grounds = []
                for p in params["parts"]:
                    height = layout.rest(p)[1] if p["kind"] == "screw" else 0.0
                    grounds.append(round(p["base"][2] - height, 5))
                self.assertEqual(grounds.count(0.0), 1 if name == "part_outside" else 0, name)
                self.assertTrue(all(z in (0.0, layout.FLOOR) for z in grounds))
                # The part on the bench is the one beside the box.
                self.assertEqual([layout.beside_box(p) for p in params["parts"]], [z == 0.0 for z in grounds])

    def test_foreign_matter_lies_clear_of_the_parts(self):
        for seed in range(12):
            params = layout.sample(random.Random(seed), "contamination")
            (matter,) = params["contaminants"]
            points = [g["at"] for g in matter["grains"]] if matter["kind"] == "crumbs" else [matter["at"]]
            for x, y in points:
                dot = [(x, y), (x + 1e-6, y), (x, y + 1e-6)]
                nearest = min(gap(dot, q) for p in params["parts"] for q in layout.footprint(p))
                self.assertGreater(nearest, 0.05)

    def test_a_crushed_thread_is_within_the_thread(self):
        for seed in range(12):
            (hit,) = [p for p in layout.sample(random.Random(seed), "crushed_thread")["parts"] if p["damage"]]
            start = layout.HEAD_HEIGHT + layout.plain_length(hit["length"])
            self.assertGreater(hit["damage"]["from"], start)
            self.assertLess(hit["damage"]["to"], layout.HEAD_HEIGHT + hit["length"] - layout.TIP_CHAMFER)

    def test_unknown_defect_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "no defect 'mouse'"):
            layout.sample(random.Random(0), "mouse")


class Defects(unittest.TestCase):
    def test_the_table_is_what_the_format_allows(self):
        self.assertEqual(len({d["pixel_value"] for d in layout.DEFECTS}), len(layout.DEFECTS))
        for d in layout.DEFECTS:
            relative = d["relative_saturation"]
            self.assertIs(type(d["saturation_threshold"]), float if relative else int, d["name"])
            if d["kind"] == "logical":
                self.assertIn(d["breaks"], layout.CONSTRAINTS)
            else:
                self.assertIsNone(d["breaks"])

    def test_every_constraint_is_broken_by_some_defect(self):
        self.assertEqual({d["breaks"] for d in layout.DEFECTS} - {None}, set(layout.CONSTRAINTS))


if __name__ == "__main__":
    unittest.main()
