"""python3 -m unittest foundry.detector.test_detector"""

import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from typing import List

import numpy as np
import torch
from PIL import Image
from torch import nn

from foundry.detector.data import SIZE, Normal, Pair, read_pairs
from foundry.detector.graph import build_graph, config_of
from foundry.detector.export import average_precision, best_f1_threshold, find_rule, image_score
from foundry.detector.sources import PLANES, MixedSource, PairSource, PasteSource, PerlinSource, Sample, disguised, untouched
from foundry.detector.train import Samples, Trainer, draw_batch
from foundry.detector.variation import reduced, reframed, relit
from foundry.networks.detector import Detector, DetectorConfig, Outputs
from foundry.onnx_fp16 import half_initializers, initializers

SMALL = DetectorConfig((8, 16), (8, 12, 16))


class NetworkTest(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(1)
        self.network = Detector(SMALL)

    def test_every_parameter_learns(self) -> None:
        outputs = self.network(torch.rand(2, 3, 32, 48))
        sum(value.square().mean() for value in outputs).backward()
        for name, parameter in self.network.named_parameters():
            self.assertTrue(parameter.grad is not None and parameter.grad.abs().sum() > 0, name)

    def test_shapes_and_ranges(self) -> None:
        out = self.network.eval()(torch.rand(2, 3, 32, 48))
        self.assertEqual(out.reconstruction.shape, (2, 3, 32, 48))
        for plane in (out.jnd, out.edges, out.anomaly):
            self.assertEqual(plane.shape, (2, 1, 32, 48))
        for value in (out.reconstruction, out.jnd):
            self.assertTrue(0 <= value.min() and value.max() <= 1)

    def test_begins_by_finding_nothing(self) -> None:
        self.assertLess(torch.sigmoid(self.network.eval()(torch.rand(1, 3, 32, 32)).anomaly).max(), 0.2)

    def test_says_which_sizes_it_takes(self) -> None:
        with self.assertRaisesRegex(ValueError, "36x32.*multiples of 8"):
            self.network(torch.zeros(1, 3, 32, 36))


class GraphTest(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(2)
        network = Detector(SMALL)
        counters = "num_batches_tracked"
        self.weights = {k: v.numpy() for k, v in network.state_dict().items() if not k.endswith(counters)}

    def test_holds_weights_and_configuration(self) -> None:
        model = half_initializers(build_graph(self.weights, SMALL, {"detector.threshold": "0.5"}))
        self.assertEqual(config_of(model), SMALL)
        self.assertEqual({entry.key for entry in model.metadata_props}, {"detector.multiple", "detector.config", "detector.threshold"})
        for name, value in initializers(model).items():
            np.testing.assert_allclose(value, self.weights[name], rtol=1e-3, atol=1e-6)

    def test_keeps_batch_normalisation_for_training(self) -> None:
        kinds = [node.op_type for node in build_graph(self.weights, SMALL).graph.node]
        norms = [m for m in Detector(SMALL).modules() if isinstance(m, nn.BatchNorm2d)]
        self.assertEqual(kinds.count("BatchNormalization"), len(norms))

    def test_refuses_weights_of_another_network(self) -> None:
        with self.assertRaisesRegex(ValueError, "extra"):
            build_graph({**self.weights, "extra": np.zeros(1, np.float32)}, SMALL)


class TrainingTest(unittest.TestCase):
    def normals(self) -> List[Normal]:
        rng = np.random.default_rng(3)
        planes = lambda c: rng.integers(0, 256, (c, SIZE, SIZE), np.uint8)  # noqa: E731
        return [Normal(planes(3), planes(1), planes(1)) for _ in range(2)]

    def test_patches_change_what_is_shown_inside_the_mask_alone(self) -> None:
        source = PerlinSource(self.normals(), [])
        for seed in range(8):
            sample = source.draw(np.random.default_rng(seed))
            outside = (sample.mask == 0).expand_as(sample.image)
            self.assertTrue(torch.equal(sample.shown[outside], sample.image[outside]))
            self.assertTrue(0 < sample.mask.mean() < 0.5)
            self.assertTrue(((sample.mask == 0) | (sample.mask == 1)).all())

    def pairs(self, folder: str) -> List[Pair]:
        """A disc, white in its picture, on each normal."""
        yy, xx = np.mgrid[:SIZE, :SIZE]
        disc = (yy - 100) ** 2 + (xx - 120) ** 2 < 30**2
        pairs = []
        for i, normal in enumerate(self.normals()):
            image, mask = Path(folder, f"{i}.png"), Path(folder, f"{i}_mask.png")
            shown = np.where(disc[..., None], 255, normal.image.transpose(1, 2, 0)).astype(np.uint8)
            Image.fromarray(shown).save(image)
            Image.fromarray(disc.astype(np.uint8) * 255).save(mask)
            pairs.append(Pair(image, mask, normal))
        return pairs

    def test_pastes_mark_what_they_change(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source = PasteSource([self.pairs(folder)])
            for seed in range(8):
                sample = source.draw(np.random.default_rng(seed))
                difference = (sample.shown - sample.image).abs().mean(0, keepdim=True)
                self.assertGreater(difference[sample.mask > 0].mean(), 5 * difference[sample.mask == 0].mean())
                self.assertGreater(sample.mask.mean(), 0.001)

    def test_a_disguise_marks_nothing_and_spares_what_is_marked(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pair, _ = self.pairs(folder)
            rng = np.random.default_rng(5)
            everywhere = np.full((SIZE, SIZE), 255, np.uint8)
            normal = disguised(untouched([pair.normal], rng), everywhere, rng)
            self.assertFalse(torch.equal(normal.shown, normal.image))
            self.assertEqual(normal.mask.sum(), 0)
            drawn = PairSource([[pair]]).draw(rng)
            hidden = disguised(drawn, everywhere, rng)
            inside = (drawn.mask > 0).expand_as(drawn.shown)
            self.assertTrue(torch.equal(hidden.shown[inside], drawn.shown[inside]))
            self.assertTrue(torch.equal(hidden.mask, drawn.mask))

    def test_what_the_generator_made_of_a_normal_is_normal(self) -> None:
        (normal,) = self.normals()[:1]
        black = replace(normal, repainted=np.zeros_like(normal.image))
        shape = np.full((SIZE, SIZE), 255, np.uint8)
        painted = []
        for seed in range(8):
            rng = np.random.default_rng(seed)
            sample = disguised(untouched([black], rng), shape, rng)
            self.assertEqual(sample.mask.sum(), 0)
            painted.append(float(sample.shown.max()) == 0)
        self.assertTrue(any(painted) and not all(painted))

    def test_variations_keep_planes_together(self) -> None:
        (normal,) = self.normals()[:1]
        smooth = np.tile(np.linspace(40, 200, SIZE, dtype=np.uint8), (3, SIZE, 1))
        sample = untouched([replace(normal, image=smooth, jnd=smooth[:1])], np.random.default_rng(0))
        moved = reframed(sample, np.random.default_rng(1))
        self.assertFalse(torch.equal(moved.image, sample.image))
        torch.testing.assert_close(moved.image[:1], moved.jnd)
        torch.testing.assert_close(moved.image, moved.shown)
        small = reduced(relit(sample, np.random.default_rng(2)), 64)
        self.assertEqual(small.shown.shape, (3, 64, 64))
        self.assertLess((small.shown - small.image).abs().mean(), 0.03)

    def test_a_step_lowers_the_loss(self) -> None:
        torch.manual_seed(4)
        trainer = Trainer(SMALL, 1e-3, "cpu")
        normals = self.normals()
        with tempfile.TemporaryDirectory() as folder:
            pairs = self.pairs(folder)
            source = MixedSource([PairSource([pairs]), PasteSource([pairs]), PerlinSource(normals, [])])
            planes = draw_batch(Samples(source, normals, PairSource([pairs]), 64), 2, 1, 0)
        self.assertEqual(len(planes), len(PLANES))
        batch = Sample(*(torch.from_numpy(plane) for plane in planes))
        first = trainer.step(batch, 1e-3)["loss"]
        for _ in range(10):
            last = trainer.step(batch, 1e-3)["loss"]
        self.assertLess(last, 0.9 * first)

    def test_average_precision_merges_ties(self) -> None:
        self.assertAlmostEqual(average_precision(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, False, True, False])), 0.5 + 0.5 * 2 / 3)
        self.assertEqual(average_precision(np.array([0.2, 0.8]), np.array([False, True])), 1)

    def test_best_f1_lies_in_the_gap(self) -> None:
        scores, truth = np.array([0.9, 0.8, 0.4, 0.2, 0.1]), np.array([True, True, False, True, False])
        threshold, f1 = best_f1_threshold(scores, truth)
        # Two of two found of three: 0.8; three of four found of three: 6 / 7.
        self.assertAlmostEqual(f1, 6 / 7)
        self.assertAlmostEqual(threshold, 0.15)

    def test_the_smoothing_that_tells_pictures_apart_is_chosen(self) -> None:
        class Bright(nn.Module):
            """A map of what is brighter than grey."""

            def forward(self, image: torch.Tensor) -> Outputs:
                logits = (image.mean(1, keepdim=True) - 0.5) * 20
                return Outputs(image, logits, logits, logits)

        with tempfile.TemporaryDirectory() as folder:
            rng = np.random.default_rng(6)
            normals, pairs = [], []
            for i in range(4):
                # Single bright pixels in every picture, and a bright area in the abnormal ones.
                picture = np.where(rng.random((SIZE, SIZE)) < 0.001, 255, 60).astype(np.uint8)
                normals.append(Path(folder, f"{i}.png"))
                Image.fromarray(picture).save(normals[-1])
                mask = np.zeros_like(picture)
                mask[50:80, 60:90] = 255
                paths = Path(folder, f"{i}_a.png"), Path(folder, f"{i}_m.png")
                Image.fromarray(np.maximum(picture, mask - mask // 4)).save(paths[0])
                Image.fromarray(mask).save(paths[1])
                pairs.append(paths)
            rule = find_rule(Bright(), normals, pairs)  # type: ignore[arg-type]
        self.assertGreater(rule.smooth, 1)
        self.assertEqual(rule.image_ap, 1)
        self.assertEqual(rule.f1["image"], 1)
        self.assertGreater(rule.f1["pixel"], 0.8)

    def test_a_tie_is_never_cut(self) -> None:
        threshold, f1 = best_f1_threshold(np.array([0.7, 0.7, 0.2]), np.array([True, False, False]))
        self.assertAlmostEqual(f1, 2 / 3)
        self.assertAlmostEqual(threshold, 0.45)

    def test_a_picture_s_score_is_the_greatest_mean(self) -> None:
        plane = torch.zeros(64, 64)
        plane[20:41, 20:41] = 0.5
        self.assertAlmostEqual(image_score(plane), 0.5, places=6)
        # In a corner most of the window lies outside, and counts as zero.
        corner = torch.zeros(64, 64)
        corner[:11, :11] = 1
        self.assertAlmostEqual(image_score(corner), 121 / 441, places=6)

    def test_names_the_source_that_is_missing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            entry = {"image": "a.png", "mask": "b.png", "source": {"name": "train/good/009.jpg"}}
            Path(folder, "manifest-x.json").write_text(json.dumps({"pairs": [entry]}))
            with self.assertRaisesRegex(ValueError, "009.jpg"):
                read_pairs(Path(folder), {})


if __name__ == "__main__":
    unittest.main()
