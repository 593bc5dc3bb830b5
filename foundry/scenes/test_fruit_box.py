"""Tests of the fruit box's layout.

    python3 -m unittest discover -s foundry/scenes
"""

import json
import math
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fruit_box_layout as layout  # noqa: E402
import plan  # noqa: E402

NAMES = [None, *(d["name"] for d in layout.DEFECTS)]


def fruit(kind, x, y):
    return {"kind": kind, "at": [x, y, 2.6], "radius": 2.6, "tilt": 20.0, "yaw": 30.0, "spin": 40.0, "damage": None}


def box():
    """Two mandarins and an apple on the left, nuts and berries on the right in rows that cover the floor."""
    x0, y0, x1, y1 = layout.compartment(1)
    places = [(x0 + 0.7 + 1.3 * i, y0 + 0.7 + 1.3 * j) for i in range(8) for j in range(12) if x0 + 0.7 + 1.3 * i < x1]
    items = [[x, y, 1.2, 0.9, 0] for x, y in places]
    return {
        "fruit": [fruit("mandarin", -5.0, 5.0), fruit("apple", -6.0, 0.0), fruit("mandarin", -4.0, -5.0)],
        "heap": {"hazelnuts": items[::2], "blueberries": items[1::2]},
    }


class Violations(unittest.TestCase):
    def test_a_whole_box_breaks_nothing(self):
        self.assertEqual(layout.violations(box()), [])

    def test_fruit_missing_or_extra(self):
        for k in range(3):
            params = box()
            params["fruit"].pop(k)
            self.assertEqual(layout.violations(params), ["three_fruit"])
        for kind in ("mandarin", "apple"):
            params = box()
            params["fruit"].append(fruit(kind, -8.0, 5.0))
            self.assertEqual(layout.violations(params), ["three_fruit"])

    def test_fruit_of_the_wrong_kind(self):
        for k, kind in ((0, "apple"), (1, "mandarin"), (0, "plum"), (1, "lemon"), (2, "lime")):
            params = box()
            params["fruit"][k]["kind"] = kind
            self.assertEqual(layout.violations(params), ["fruit_kinds"])

    def test_sides(self):
        params = box()
        params["fruit"][1]["at"][0] = 5.0
        self.assertEqual(layout.violations(params), ["sides"])
        for kind in ("hazelnuts", "blueberries"):
            params = box()
            params["heap"][kind].append([-9.0, -7.0, 1.2, 0.9, 0])
            self.assertEqual(layout.violations(params), ["sides"])

    def test_all_mirrored_breaks_sides_alone(self):
        params = box()
        for one in params["fruit"]:
            one["at"][0] *= -1
        for group in params["heap"].values():
            for item in group:
                item[0] *= -1
        self.assertEqual(layout.violations(params), ["sides"])

    def test_too_few_of_either(self):
        for few, kind, other in ((19, "hazelnuts", "blueberries"), (11, "blueberries", "hazelnuts")):
            params = box()
            heap = params["heap"]
            heap[other] += heap[kind][few:]
            heap[kind] = heap[kind][:few]
            self.assertEqual(layout.violations(params), ["heap_mix"])
            heap[kind].append(heap[other].pop())
            self.assertEqual(layout.violations(params), [])

    def test_a_bare_floor(self):
        params = box()
        for kind, group in params["heap"].items():
            params["heap"][kind] = [item for item in group if item[1] < 4.0]
        self.assertEqual(layout.violations(params), ["heap_cover"])

    def test_structural_damage_breaks_nothing(self):
        params = box()
        params["fruit"][0]["damage"] = {"kind": "rot"}
        self.assertEqual(layout.violations(params), [])


class Geometry(unittest.TestCase):
    def test_bare_share(self):
        heap = {"hazelnuts": [[5.3, 0.0, 1.0, 3.0, 0]], "blueberries": []}
        width, depth = layout.COMPARTMENT
        expected = 1 - math.pi * 9 / (width * depth)
        self.assertAlmostEqual(layout.bare_share([], heap), expected, delta=0.005)
        # The same disc twice covers no more, and fruit covers like the heap.
        heap["hazelnuts"] *= 2
        self.assertAlmostEqual(layout.bare_share([], heap), expected, delta=0.005)
        with_fruit = layout.bare_share([{"at": [5.3, 5.3, 2.0], "radius": 2.0}], heap)
        self.assertAlmostEqual(with_fruit, expected - math.pi * 4 / (width * depth), delta=0.005)

    def test_profiles_reach_the_unit_sphere_and_stay_within(self):
        for kind in layout.RADII:
            far = [math.hypot(r, z) for r, z in layout.profile(kind)]
            self.assertAlmostEqual(max(far), 1.0)
            self.assertEqual(layout.profile(kind)[0][0], 0.0)
            self.assertEqual(layout.profile(kind)[-1][0], 0.0)

    def test_skin_follows_the_profile(self):
        for kind in layout.RADII:
            for r, z in layout.profile(kind):
                polar = math.degrees(math.atan2(r, z))
                # In the hollow of the stem a direction may meet the outline more than once.
                if 40 < polar < 140:
                    self.assertAlmostEqual(layout.skin(kind, polar), math.hypot(r, z), places=9)

    def test_axes_are_a_right_handed_frame_leaning_as_told(self):
        one = {**fruit("apple", 0, 0), "tilt": 35.0, "yaw": 70.0, "spin": 200.0}
        x, y, z = layout.axes(one)
        for a, b, expected in ((x, x, 1), (y, y, 1), (z, z, 1), (x, y, 0), (y, z, 0), (z, x, 0)):
            self.assertAlmostEqual(sum(p * q for p, q in zip(a, b)), expected)
        self.assertAlmostEqual(x[0] * y[1] - x[1] * y[0], z[2])
        self.assertAlmostEqual(math.degrees(math.acos(z[2])), 35.0)
        self.assertAlmostEqual(math.degrees(math.atan2(z[1], z[0])), 70.0)

    def test_a_fruit_at_rest_touches_the_plane(self):
        for kind in layout.RADII:
            for tilt in (0.0, 33.0, 90.0, 160.0):
                one = {**fruit(kind, 0, 0), "tilt": tilt}
                u, v, w = layout.axes(one)
                lowest = min(
                    2.6 * (r * math.cos(a) * u[2] + r * math.sin(a) * v[2] + z * w[2])
                    for r, z in layout.profile(kind)
                    for a in (2 * math.pi * k / 360 for k in range(360))
                )
                self.assertAlmostEqual(layout.rest(kind, 2.6, tilt) + lowest, 0.0, places=3)

    def test_a_sphere_is_stopped_by_the_floor_and_by_others(self):
        below = [[0.0, 0.0, layout.FLOOR + 1.0, 1.0]]
        self.assertAlmostEqual(layout.resting_height(3.0, 0.0, 0.8, below), layout.FLOOR + 0.8)
        self.assertAlmostEqual(layout.resting_height(0.0, 0.0, 0.8, below), layout.FLOOR + 2.8 + layout.CONTACT)
        height = layout.resting_height(0.9, 0.6, 0.8, below)
        self.assertAlmostEqual(math.dist((0.9, 0.6, height), below[0][:3]), 1.8 + layout.CONTACT)


class Sampling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.drawn = {
            name: [plan.rounded(layout.sample(random.Random(seed), name)) for seed in (2 * k, 2 * k + 1)]
            for k, name in enumerate(NAMES)
        }

    def pictures(self):
        return [(name, params) for name, pictures in self.drawn.items() for params in pictures]

    def test_every_defect_breaks_what_it_names_and_nothing_else(self):
        breaks = {d["name"]: d["breaks"] for d in layout.DEFECTS}
        for name, params in self.pictures():
            expected = [breaks[name]] if name and breaks[name] else []
            self.assertEqual(layout.violations(params), expected, name)

    def test_normal_heaps_keep_their_distance_from_the_limits(self):
        for params in self.drawn[None]:
            self.assertLess(layout.bare_share(params["fruit"], params["heap"]), 0.1)
            self.assertGreater(len(params["heap"]["hazelnuts"]), 40)
            self.assertGreater(len(params["heap"]["blueberries"]), 24)
        for params in self.drawn["low_heap"]:
            self.assertGreater(layout.bare_share(params["fruit"], params["heap"]), 0.4)

    def test_the_same_seed_draws_the_same_picture(self):
        for name in (None, "extra_fruit", "rot"):
            again = plan.rounded(layout.sample(random.Random(2 * NAMES.index(name) + 1), name))
            self.assertEqual(again, self.drawn[name][1])
            self.assertNotEqual(again, self.drawn[name][0])

    def test_parameters_survive_json(self):
        for _, params in self.pictures():
            self.assertEqual(json.loads(json.dumps(params, allow_nan=False)), params)

    def test_nothing_passes_through_anything(self):
        for name, params in self.pictures():
            spheres = [(*f["at"], f["radius"]) for f in params["fruit"]]
            spheres += [tuple(i[:4]) for group in params["heap"].values() for i in group]
            if params["foreign"] and params["foreign"]["kind"] == "stone":
                spheres.append((*params["foreign"]["at"], params["foreign"]["radius"]))
            for k, one in enumerate(spheres):
                for other in spheres[:k]:
                    self.assertGreater(math.dist(one[:3], other[:3]), one[3] + other[3], name)

    def test_everything_lies_in_a_compartment(self):
        for name, params in self.pictures():
            things = [(*f["at"][:2], f["radius"]) for f in params["fruit"]]
            things += [(i[0], i[1], i[3]) for group in params["heap"].values() for i in group]
            for x, y, r in things:
                x0, y0, x1, y1 = layout.compartment(1 if x > 0 else -1)
                self.assertTrue(x0 <= x - r + 1e-4 and x + r <= x1 + 1e-4, name)
                self.assertTrue(y0 <= y - r + 1e-4 and y + r <= y1 + 1e-4, name)
            for group in params["heap"].values():
                self.assertTrue(all(i[2] > layout.FLOOR + i[3] - 1e-6 for i in group), name)

    def test_fruit_stands_on_the_floor(self):
        for name, params in self.pictures():
            for f in params["fruit"]:
                height = f["at"][2] - layout.rest(f["kind"], f["radius"], f["tilt"])
                self.assertAlmostEqual(height, layout.FLOOR, places=5, msg=name)

    def test_the_heap_lies_in_hollows(self):
        """A sphere moved half a millimetre any way rises, unless it is on the floor or the wall is there."""
        for params in self.drawn[None]:
            laid = [list(f["at"]) + [f["radius"]] for f in params["fruit"]]
            items = sorted((i for g in params["heap"].values() for i in g), key=lambda i: i[2])
            rolling = 0
            for item in items:
                x, y, z, r, _ = item
                # What lies higher may have come later and leans on it.
                under = laid + [o for o in items if o is not item and o[2] < z]
                x0, y0, x1, y1 = layout.compartment(1)
                ways = [(x + 0.05 * math.cos(a), y + 0.05 * math.sin(a)) for a in (k * math.pi / 8 for k in range(16))]
                free = [(u, v) for u, v in ways if x0 + r <= u <= x1 - r and y0 + r <= v <= y1 - r]
                rolling += any(layout.resting_height(u, v, r, under) < z - 0.02 for u, v in free)
            self.assertLess(rolling, 0.05 * len(items))

    def test_some_fruit_touches(self):
        touching = 0
        for _, params in self.pictures():
            for k, f in enumerate(params["fruit"]):
                apart = [math.dist(f["at"], o["at"]) - f["radius"] - o["radius"] for o in params["fruit"][:k]]
                touching += any(gap < 0.02 for gap in apart)
        self.assertGreater(touching, len(NAMES) // 2)

    def test_spots_are_on_the_upper_side(self):
        for name in ("rot", "cut"):
            for params in self.drawn[name]:
                (hit,) = [f for f in params["fruit"] if f["damage"]]
                axes, spot = layout.axes(hit), hit["damage"]["spot"]
                self.assertAlmostEqual(math.hypot(*spot), 1.0, places=5)
                self.assertGreater(sum(c * axis[2] for c, axis in zip(spot, axes)), 0.75)

    def test_foreign_bodies_lie_clear_of_the_fruit(self):
        kinds = set()
        for seed in range(8):
            params = layout.sample(random.Random(seed), "foreign_body")
            body = params["foreign"]
            kinds.add(body["kind"])
            if body["kind"] == "stone":
                continue
            a = math.radians(body["turn"])
            for k in range(-10, 11):
                d = body["length"] / 2 * k / 10
                point = (body["at"][0] + d * math.cos(a), body["at"][1] + d * math.sin(a))
                for f in params["fruit"]:
                    self.assertGreater(math.dist(point, f["at"][:2]), f["radius"])
        self.assertEqual(kinds, {"leaf", "twig", "stone"})

    def test_a_broken_piece_is_within_its_board(self):
        for seed in range(6):
            broken = layout.sample(random.Random(seed), "broken_wall")["box"]["broken"]
            half = layout.OUTER[0] if broken["board"] in ("front", "back") else layout.INNER[1]
            self.assertLess(abs(broken["along"]) + broken["width"] / 2, half)
            self.assertLess(broken["depth"] + layout.FLOOR, layout.DIVIDER_HEIGHT)

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
