"""Tests of what the scenes share: plan, film, denoiser, published files.

    python3 -m unittest discover -s foundry/scenes
"""

import json
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))

import assemble  # noqa: E402
import check  # noqa: E402
import geometry2d  # noqa: E402
import plan  # noqa: E402
from denoise import denoise  # noqa: E402
from develop import develop, tone  # noqa: E402

DEFECTS = [
    {"name": "a", "kind": "logical", "pixel_value": 1, "saturation_threshold": 1.0, "relative_saturation": True},
    {"name": "b", "kind": "logical", "pixel_value": 2, "saturation_threshold": 50, "relative_saturation": False},
    {"name": "c", "kind": "structural", "pixel_value": 255, "saturation_threshold": 0.5, "relative_saturation": True},
]
FILM = {
    "key": 0.2,
    "exposure": 1.0,
    "white_balance": [1.0, 1.0, 1.0],
    "vignette": 0.1,
    "blur": 0.4,
    "sharpen": 0.3,
    "shot_noise": 0.0002,
    "read_noise": 0.002,
    "contrast": 1.0,
    "noise_seed": 7,
}


class Plan(unittest.TestCase):
    def test_counts_order_and_seeds(self):
        items = plan.items("x", DEFECTS)
        counts = {}
        for item in items:
            counts[item.split] = counts.get(item.split, 0) + 1
        self.assertEqual(
            list(counts.items()),
            [
                ("train/good", 160),
                ("validation/good", 25),
                ("test/good", 40),
                ("test/logical_anomalies", 40),
                ("test/structural_anomalies", 40),
            ],
        )
        self.assertEqual(len({i.seed for i in items}), len(items))
        self.assertEqual(sum(i.defect == "a" for i in items), 20)
        self.assertTrue(all(i.defect == "c" for i in items if i.split == "test/structural_anomalies"))

    def test_a_seed_depends_on_scene_split_and_number_alone(self):
        # SHA-256 of "x/train/good/000", first 8 bytes.
        self.assertEqual(plan.Item("x", "train/good", 0, None).seed, 0x7C055E8ED0C61688)

    def test_rounding(self):
        self.assertEqual(plan.rounded({"a": (1 / 3, 2, "t"), "b": None}), {"a": [0.333333, 2, "t"], "b": None})


class Geometry(unittest.TestCase):
    square = [(0, 0), (1, 0), (1, 1), (0, 1)]

    def test_gap(self):
        self.assertAlmostEqual(geometry2d.gap(self.square, [(x + 1.5, y) for x, y in self.square]), 0.5)
        self.assertLess(geometry2d.gap(self.square, [(0.5, 0.5), (2, 0.5), (2, 2)]), 0)
        # A diagonal neighbour: overlapping bounding boxes, yet apart.
        self.assertGreater(geometry2d.gap([(0, 0), (1, 0), (0, 1)], [(1, 0.2), (1, 1), (0.2, 1)]), 0.1)

    def test_rounded_corner(self):
        self.assertTrue(geometry2d.within_rounded([(1, 0), (0, 1)], 1, 1, 0.5))
        self.assertFalse(geometry2d.within_rounded([(0.95, 0.95)], 1, 1, 0.5))
        self.assertFalse(geometry2d.within_rounded([(1.01, 0)], 1, 1, 0.5))


class Film(unittest.TestCase):
    def test_same_parameters_same_bytes(self):
        image = np.random.default_rng(1).random((32, 32, 3))
        self.assertTrue((develop(image, FILM) == develop(image, FILM)).all())
        self.assertFalse((develop(image, FILM) == develop(image, {**FILM, "noise_seed": 8})).all())

    def test_metering_ignores_the_light_level(self):
        image = np.random.default_rng(1).random((32, 32, 3))
        quiet = {**FILM, "shot_noise": 0.0, "read_noise": 0.0}
        apart = develop(image, quiet).astype(int) - develop(image * 7, quiet).astype(int)
        self.assertLessEqual(abs(apart).max(), 1)

    def test_tone_is_srgb_below_the_knee_and_never_exceeds_one(self):
        self.assertAlmostEqual(float(tone(np.array(0.18))), 0.4613, places=3)
        self.assertLess(float(tone(np.array(1e4))), 1.0001)
        ramp = tone(np.linspace(0, 3, 500))
        self.assertTrue((np.diff(ramp) > 0).all())


class Denoiser(unittest.TestCase):
    def test_less_noise_and_edges_kept(self):
        rng = np.random.default_rng(3)
        clean = np.full((48, 48, 3), 0.3)
        clean[:, 24:] = 0.9
        halves = [np.maximum(clean + rng.normal(0, 0.15, clean.shape), 0) for _ in range(2)]
        features = np.concatenate([clean, clean], axis=-1)
        result = denoise(*halves, features, features)
        before = np.sqrt((((halves[0] + halves[1]) / 2 - clean) ** 2).mean())
        after = np.sqrt(((result - clean) ** 2).mean())
        self.assertLess(after, before / 3)
        self.assertLess(abs(result[:, 23] - 0.3).mean(), 0.05)
        self.assertLess(abs(result[:, 24] - 0.9).mean(), 0.05)

    def test_equal_halves_stay_as_they_are(self):
        image = np.random.default_rng(4).random((20, 20, 3)).astype(np.float32)
        zero = np.zeros((20, 20, 6), np.float32)
        np.testing.assert_allclose(denoise(image, image, zero, zero), image, atol=2e-3)


class Published(unittest.TestCase):
    def test_configuration_as_written_passes(self):
        text = assemble.config_text(DEFECTS)
        self.assertIn("1.0", text)
        self.assertEqual(check.check_config(text, DEFECTS), [])

    def test_integer_written_for_a_relative_threshold(self):
        text = assemble.config_text(DEFECTS).replace("1.0", "1")
        self.assertTrue(any("float" in fault for fault in check.check_config(text, DEFECTS)))

    def test_float_written_for_an_absolute_threshold(self):
        text = assemble.config_text(DEFECTS).replace("50", "50.0")
        self.assertTrue(any("integer" in fault for fault in check.check_config(text, DEFECTS)))

    def test_pixel_value_twice(self):
        entries = json.loads(assemble.config_text(DEFECTS))
        entries[0]["pixel_value"] = entries[1]["pixel_value"]
        self.assertTrue(any("twice" in fault for fault in check.check_config(json.dumps(entries), DEFECTS)))

    def test_masks(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "000.png"

            def faults(pixels):
                Image.fromarray(pixels).save(path)
                return check.check_mask(path, 200)

            mask = np.zeros((plan.SIZE, plan.SIZE), np.uint8)
            self.assertEqual(len(faults(mask)), 1)
            mask[10:20, 10:20] = 200
            self.assertEqual(faults(mask), [])
            mask[0, 0] = 1
            self.assertEqual(len(faults(mask)), 1)
            mask[0, 0] = 0
            self.assertEqual(len(faults(mask[:100])), 1)
            self.assertEqual(len(faults(np.repeat(mask[..., None], 3, -1))), 1)


if __name__ == "__main__":
    unittest.main()
