"""Tests of the bottle scene: `python3 -m unittest discover -s foundry/scenes -p 'test_*.py'`."""

from __future__ import annotations

import copy
import json
import math
import random
import unittest

import numpy as np

import bottle_layout as layout
import bottle_print
import plan

NORMALS = [layout.sample(random.Random(seed)) for seed in range(200)]
LOGICAL = [d for d in layout.DEFECTS if d["kind"] == "logical"]
STRUCTURAL = [d for d in layout.DEFECTS if d["kind"] == "structural"]


def anomalies(name: str, count: int = 60) -> list[dict]:
    return [layout.sample(random.Random(seed), name) for seed in range(count)]


class Defects(unittest.TestCase):
    def test_table_is_what_the_benchmark_format_allows(self):
        values = [d["pixel_value"] for d in layout.DEFECTS]
        self.assertEqual(len(set(values)), len(values))
        for d in layout.DEFECTS:
            self.assertTrue(1 <= d["pixel_value"] <= 255, d)
            self.assertIs(d["relative_saturation"], True)
            self.assertIsInstance(d["saturation_threshold"], float)
            self.assertTrue(0 < d["saturation_threshold"] <= 1, d)
        for d in LOGICAL:
            self.assertIn(d["breaks"], layout.CONSTRAINTS)
        for d in STRUCTURAL:
            self.assertIsNone(d["breaks"])
        self.assertGreaterEqual(len(LOGICAL), 4)
        self.assertGreaterEqual(len(STRUCTURAL), 3)

    def test_every_kind_gets_pictures(self):
        planned = {item.defect for item in plan.items("bottle", layout.DEFECTS)}
        self.assertEqual(planned, {None, *(d["name"] for d in layout.DEFECTS)})

    def test_unknown_defect_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "no defect 'mouse'"):
            layout.sample(random.Random(0), "mouse")


class Sampling(unittest.TestCase):
    def test_same_seed_same_picture(self):
        for name in (None, "wrong_label", "stain"):
            self.assertEqual(layout.sample(random.Random(5), name), layout.sample(random.Random(5), name))
        self.assertNotEqual(layout.sample(random.Random(5)), layout.sample(random.Random(6)))

    def test_survives_json(self):
        for name in (None, *(d["name"] for d in layout.DEFECTS)):
            for p in anomalies(name, 8):
                again = json.loads(json.dumps(p, allow_nan=False))
                self.assertEqual(layout.violations(again), layout.violations(p))

    def test_normals_keep_every_constraint_and_have_no_damage(self):
        for p in NORMALS:
            self.assertEqual(layout.violations(p), [])
            self.assertEqual(p["damage"], [])

    def test_logical_anomalies_break_the_one_constraint_they_name(self):
        for d in LOGICAL:
            for p in anomalies(d["name"]):
                self.assertEqual(layout.violations(p), [d["breaks"]], d["name"])
                self.assertEqual(p["damage"], [], d["name"])

    def test_structural_anomalies_keep_the_constraints_and_have_one_damage(self):
        for d in STRUCTURAL:
            for p in anomalies(d["name"]):
                self.assertEqual(layout.violations(p), [], d["name"])
                self.assertEqual(len(p["damage"]), 1, d["name"])

    def test_all_drinks_are_common_among_normals(self):
        for content in layout.CONTENTS:
            self.assertGreater(sum(p["fill"]["content"] == content for p in NORMALS), 40)

    def test_a_gap_lies_between_normal_and_anomalous(self):
        tallest = max(p["fill"]["level"] for p in NORMALS)
        lowest = min(p["fill"]["level"] for p in NORMALS)
        self.assertGreater(min(p["fill"]["level"] for p in anomalies("overfilled")), tallest + 0.5)
        self.assertLess(max(p["fill"]["level"] for p in anomalies("underfilled")), lowest - 0.5)
        self.assertLess(max(abs(p["labels"][0]["tilt"]) for p in NORMALS), 2)
        self.assertGreater(min(abs(p["labels"][0]["tilt"]) for p in anomalies("label_turned")), 8)

    def test_papers_stay_on_the_straight_wall(self):
        for name in (None, "label_shifted", "label_turned", "labels_swapped"):
            for p in anomalies(name):
                for part, size in ((p["labels"][0], layout.LABEL_SIZE), (p["stickers"][0], layout.STICKER_SIZE)):
                    tilt = math.radians(part["tilt"])
                    half = abs(size[0] * math.sin(tilt)) / 2 + abs(size[1] * math.cos(tilt)) / 2
                    self.assertGreaterEqual(part["z"] - half, layout.BODY_BOTTOM, name)
                    self.assertLessEqual(part["z"] + half, layout.BODY_TOP + 0.05, name)

    def test_label_and_sticker_do_not_overlap(self):
        for name in (None, "label_shifted", "labels_swapped"):
            for p in anomalies(name):
                distance = abs(p["labels"][0]["z"] - p["stickers"][0]["z"])
                tilt = math.radians(abs(p["labels"][0]["tilt"]) + abs(p["stickers"][0]["tilt"]))
                heights = (layout.LABEL_SIZE[1] + layout.STICKER_SIZE[1]) / 2 + layout.STICKER_SIZE[0] / 2 * tilt
                self.assertGreater(distance, heights, name)


class Judging(unittest.TestCase):
    """`violations` on pictures changed by hand, apart from what `sample` can draw."""

    def judge(self, change) -> list[str]:
        p = copy.deepcopy(NORMALS[0])
        change(p)
        return layout.violations(p)

    def test_each_rule(self):
        def put(*path, value):
            def change(p):
                for key in path[:-1]:
                    p = p[key]
                p[path[-1]] = value

            return change

        content = NORMALS[0]["fill"]["content"]
        other = next(c for c in layout.CONTENTS if c != content)
        self.assertEqual(self.judge(put("labels", value=[])), ["one_label"])
        self.assertEqual(self.judge(lambda p: p["labels"].append(p["labels"][0])), ["one_label"])
        self.assertEqual(self.judge(put("stickers", value=[])), ["one_sticker"])
        self.assertEqual(self.judge(put("labels", 0, "print", value=other)), ["label_matches"])
        self.assertEqual(self.judge(put("labels", 0, "z", value=layout.LABEL_Z + 0.25)), ["labels_in_place"])
        self.assertEqual(self.judge(put("labels", 0, "z", value=layout.LABEL_Z - 0.15)), [])
        self.assertEqual(self.judge(put("stickers", 0, "azimuth", value=-12.0)), ["labels_in_place"])
        self.assertEqual(self.judge(put("stickers", 0, "azimuth", value=-9.0)), [])
        self.assertEqual(self.judge(put("labels", 0, "tilt", value=-3.5)), ["label_upright"])
        self.assertEqual(self.judge(put("labels", 0, "tilt", value=358.0)), [])
        self.assertEqual(self.judge(put("labels", 0, "tilt", value=180.0)), ["label_upright"])
        self.assertEqual(self.judge(put("fill", "level", value=8.3)), ["fill_level"])
        self.assertEqual(self.judge(put("fill", "level", value=8.9)), ["fill_level"])
        self.assertEqual(self.judge(put("cap", value=None)), ["capped"])
        self.assertEqual(self.judge(put("cap", "color", value=layout.CAP_OF[other])), ["cap_matches"])

    def test_another_drink_contradicts_label_and_cap(self):
        def change(p):
            p["fill"]["content"] = next(c for c in layout.CONTENTS if c != p["fill"]["content"])

        self.assertEqual(self.judge(change), ["cap_matches", "label_matches"])


class Glass(unittest.TestCase):
    def test_wall_has_thickness_everywhere(self):
        for i in range(100):
            z = 0.8 + (11.8 - 0.8) * i / 99
            self.assertGreater(layout.outer_radius(z) - layout.inner_radius(z), 0.12, f"z = {z}")

    def test_profiles_join_into_one_outline(self):
        outer, inner = layout.outer_profile(), layout.inner_profile()
        self.assertEqual((outer[0][0], inner[-1][0]), (0.0, 0.0))
        for profile in (outer, inner):
            for (r0, z0), (r1, z1) in zip(profile, profile[1:]):
                self.assertLess(math.hypot(r1 - r0, z1 - z0), 1.4)

    def test_outside_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "outside the glass"):
            layout.inner_radius(0.1)


class Print(unittest.TestCase):
    def label(self, kind: str) -> np.ndarray:
        params = {**NORMALS[0]["labels"][0], "print": kind}
        return bottle_print.label(params, layout.LABEL_SIZE, layout.LABEL_CORNER)

    def test_labels_differ_in_band_and_picture(self):
        drawn = {kind: self.label(kind) for kind in layout.CONTENTS}
        height, width = drawn["milk"].shape[:2]
        for kind, image in drawn.items():
            self.assertTrue(((image >= 0) & (image <= 1)).all())
            # The band has the drink's colour: its strongest channel.
            band = image[int(height * 0.12), int(width * 0.1), :3]
            self.assertEqual(int(band.argmax()), 2 if kind == "milk" else 0, kind)
        for a, b in (("cherry", "milk"), ("cherry", "citrus"), ("milk", "citrus")):
            upper = slice(height // 3, height)
            changed = np.abs(drawn[a][upper] - drawn[b][upper]).max(-1) > 0.1
            self.assertGreater(changed.mean(), 0.15, (a, b))

    def test_a_label_shows_which_way_is_up(self):
        for kind in layout.CONTENTS:
            image = self.label(kind)
            self.assertGreater((np.abs(image - image[::-1, ::-1]).max(-1) > 0.1).mean(), 0.3, kind)

    def test_corners_are_cut(self):
        alpha = self.label("milk")[..., 3]
        self.assertEqual((alpha[0, 0], alpha[-1, -1]), (0, 0))
        self.assertEqual(alpha[alpha.shape[0] // 2, alpha.shape[1] // 2], 1)

    def test_the_tear_mask_covers_what_changed_and_nothing_else(self):
        whole = self.label("citrus")
        for p in anomalies("torn_label", 10):
            torn, gone = bottle_print.tear(whole, p["damage"][0], layout.LABEL_SIZE)
            changed = np.abs(torn[..., :3] * torn[..., 3:] - whole[..., :3] * whole[..., 3:]).max(-1) > 0.02
            self.assertFalse((changed & (gone < 0.01)).any())
            self.assertTrue(0.08 < gone.mean() < 0.75, gone.mean())
            self.assertTrue((torn[..., 3] <= whole[..., 3]).all())


if __name__ == "__main__":
    unittest.main()
