"""Tests of SAM-nano that need no data: `python3 -m unittest foundry.sam.test_sam`."""

from __future__ import annotations

import unittest

import numpy as np
import torch

from foundry.networks import sam
from foundry.networks.sam import BACKGROUND, BOTTOM_RIGHT, FOREGROUND, PADDING, TOP_LEFT, Sam, SamConfig, pack, plain_state, unpack
from foundry.onnx_fp16 import half_initializers, initializers
from foundry.sam import composed, everything, losses, measures, prompts, samples
from foundry.sam.export import keep_float32, parts
from foundry.sam.graph import build_decoder, build_encoder, config_of
from foundry.sam.samples import NOTHING, Sample, Target

SMALL = SamConfig(size=64, stages=(4, 8, 8, 16), blocks=(1, 1, 1), context=1, width=8, fine=(6, 5), token=16, cross=8, likeness=4)


def network(plain: bool = False) -> Sam:
    torch.manual_seed(3)
    return Sam(SMALL, plain).eval()


def ask(points: list, labels: list) -> tuple:
    return torch.tensor(points, dtype=torch.float32)[None, None], torch.tensor(labels)[None, None]


class Network(unittest.TestCase):
    def setUp(self) -> None:
        self.network = network()
        with torch.no_grad():
            self.embedding = self.network.encoder(torch.randn(1, 3, 64, 64))

    def decode(self, points: list, labels: list) -> tuple:
        with torch.no_grad():
            return self.network.decoder(*self.embedding, *ask(points, labels))

    def test_shapes(self) -> None:
        self.assertEqual(tuple(self.embedding[0].shape), (1, SMALL.channels, 8, 8))
        self.assertEqual(tuple(self.embedding[1].shape), (1, SMALL.token, 8, 8))
        scores, masks = self.network(torch.randn(2, 3, 64, 64), torch.rand(2, 5, 3, 2), torch.ones(2, 5, 3))
        self.assertEqual((tuple(scores.shape), tuple(masks.shape)), ((2, 5, 3), (2, 5, 3, 32, 32)))
        self.assertTrue(((scores >= 0) & (scores <= 1)).all())

    def test_padding_has_no_influence(self) -> None:
        alone = self.decode([[20, 30]], [FOREGROUND])
        for label in (PADDING, -1):
            padded = self.decode([[20, 30], [3, 60], [50, 5]], [FOREGROUND, label, label])
            for a, b in zip(alone, padded):
                torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)

    def test_every_label_and_position_matters(self) -> None:
        base = self.decode([[20, 30], [40, 50]], [TOP_LEFT, BOTTOM_RIGHT])[1]
        for points, labels in (
            ([[20, 30], [40, 50]], [FOREGROUND, BACKGROUND]),
            ([[20, 30], [40, 50]], [FOREGROUND, FOREGROUND]),
            ([[20, 30], [56, 50]], [TOP_LEFT, BOTTOM_RIGHT]),
        ):
            self.assertGreater((self.decode(points, labels)[1] - base).abs().max().item(), 1e-3)

    def test_prompts_of_one_call_do_not_mix(self) -> None:
        points, labels = torch.rand(1, 3, 2, 2) * 64, torch.tensor([[[1, 0], [2, 3], [1, -10]]])
        with torch.no_grad():
            together = self.network.decoder(*self.embedding, points, labels)[1]
            for p in range(3):
                alone = self.network.decoder(*self.embedding, points[:, p : p + 1], labels[:, p : p + 1])[1]
                torch.testing.assert_close(together[:, p : p + 1], alone, atol=1e-4, rtol=1e-4)

    def test_order_of_points_does_not_matter(self) -> None:
        a = self.decode([[20, 30], [40, 50], [5, 6]], [FOREGROUND, BACKGROUND, FOREGROUND])
        b = self.decode([[5, 6], [20, 30], [40, 50]], [FOREGROUND, FOREGROUND, BACKGROUND])
        torch.testing.assert_close(a[1], b[1], atol=1e-4, rtol=1e-4)

    def test_pack_and_unpack_are_inverse_and_local(self) -> None:
        x = torch.arange(2 * 3 * 8 * 8, dtype=torch.float32).reshape(2, 3, 8, 8)
        for r in (2, 4):
            torch.testing.assert_close(unpack(pack(x, r), r), x)
            self.assertEqual(set(pack(x, r)[0, :, 0, 0].tolist()), set(x[0, :, :r, :r].flatten().tolist()))

    def test_folding_batch_normalisation_changes_nothing(self) -> None:
        self.network.train()
        self.network(torch.randn(4, 3, 64, 64), torch.rand(4, 1, 1, 2), torch.ones(4, 1, 1))
        self.network.eval()
        plain = network(plain=True)
        plain.load_state_dict(plain_state(self.network))
        args = (torch.randn(1, 3, 64, 64), *ask([[9, 9]], [FOREGROUND]))
        with torch.no_grad():
            torch.testing.assert_close(self.network(*args)[1], plain(*args)[1], atol=1e-4, rtol=1e-4)

    def test_every_parameter_learns(self) -> None:
        self.network.train()
        for module in self.network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                # As after the first step: residual branches start at zero, and so do those of the decoder.
                torch.nn.init.ones_(module.weight)
        for spread in (*self.network.decoder.spread8, *self.network.decoder.spread4):
            torch.nn.init.normal_(spread.second.weight)
        labels = torch.tensor([[[1, 0], [2, 3]]]).expand(2, -1, -1)
        scores, masks = self.network(torch.randn(2, 3, 64, 64), torch.rand(2, 2, 2, 2) * 64, labels)
        losses.total(scores, masks, torch.rand(2, 2, 32, 32))[0].backward()
        for name, p in self.network.named_parameters():
            self.assertTrue(p.grad is not None and p.grad.abs().sum() > 0, name)


class Graph(unittest.TestCase):
    def test_files_keep_names_values_and_configuration(self) -> None:
        arrays = parts(plain_state(network()))
        for part, build in (("encoder", build_encoder), ("decoder", build_decoder)):
            model = half_initializers(build(arrays[part], SMALL), keep_float32)
            self.assertEqual(config_of(model), SMALL)
            stored = initializers(model)
            self.assertEqual(set(stored), set(arrays[part]))
            for name, values in arrays[part].items():
                np.testing.assert_allclose(stored[name], values, atol=2e-3, err_msg=name)
            np.testing.assert_array_equal(stored["frequencies"], arrays[part]["frequencies"])

    def test_a_weight_too_many_is_named(self) -> None:
        arrays = parts(plain_state(network()))["decoder"]
        with self.assertRaisesRegex(ValueError, "stray"):
            build_decoder({**arrays, "stray": np.zeros(1, np.float32)}, SMALL)


class Losses(unittest.TestCase):
    def test_iou_of_known_masks(self) -> None:
        a, b = torch.zeros(4, 4, dtype=torch.bool), torch.zeros(4, 4, dtype=torch.bool)
        self.assertEqual(losses.iou(a, b).item(), 1.0)
        a[:2], b[1:3] = True, True
        self.assertAlmostEqual(losses.iou(a, b).item(), 4 / 12, places=6)

    def test_the_best_mask_counts(self) -> None:
        truth = torch.zeros(1, 1, 8, 8)
        truth[..., 2:6, 2:6] = 1
        right, wrong = 20 * truth - 10, 10 - 20 * truth
        scores = torch.tensor([[[0.0, 1.0, 0.0]]])
        loss, values = losses.total(scores, torch.stack([wrong, right, wrong], 2), truth)
        self.assertEqual(values["iou_best"], 1.0)
        self.assertEqual(values["iou_chosen"], 1.0)
        self.assertLess(values["dice"], 0.01)
        worse, _ = losses.total(scores, torch.stack([wrong, wrong, wrong], 2), truth)
        self.assertGreater(worse.item(), loss.item() + 1)


class Likeness(unittest.TestCase):
    def setUp(self) -> None:
        places = np.full((64, 64), 3, np.uint8)
        places[:32, :32], places[40:44, 40:44], places[:, 60:] = 1, 2, NOTHING
        targets = [Target("large", "part", (1,)), Target("small", "part", (2,)), Target("both", "whole", (1, 2))]
        self.sample = Sample("drawn", np.zeros((64, 64, 3), np.uint8), places, targets)

    def test_spots_are_of_every_part_alike_and_never_of_padding(self) -> None:
        at, who = prompts.spots(self.sample, 600, np.random.default_rng(1))
        seen = self.sample.places[::2, ::2][at[:, 0], at[:, 1]]
        self.assertEqual(set(seen), {1, 2, 3})
        for number, name in ((1, 256), (2, 257), (3, 3)):
            self.assertTrue((who[seen == number] == name).all())
            self.assertTrue(150 < (seen == number).sum() < 250)

    def test_falls_as_parts_are_told_apart(self) -> None:
        torch.manual_seed(5)
        at, who = (torch.from_numpy(a)[None] for a in prompts.spots(self.sample, 64, np.random.default_rng(2)))
        decoder = network().decoder
        embedding = torch.randn(1, SMALL.channels, 8, 8, requires_grad=True)
        optimizer = torch.optim.Adam([embedding, *decoder.parameters()], lr=0.03)
        first = losses.likeness(decoder, embedding, at, who)
        for _ in range(60):
            optimizer.zero_grad()
            last = losses.likeness(decoder, embedding, at, who)
            last.backward()
            optimizer.step()
        self.assertLess(last.item(), 0.5 * first.item())


class Prompts(unittest.TestCase):
    def setUp(self) -> None:
        self.mask = np.zeros((64, 64), bool)
        self.mask[10:30, 20:50] = True
        self.mask[12:28, 22:40] = False

    def test_the_middle_is_farthest_from_the_edge(self) -> None:
        x, y = prompts.middle(self.mask)
        self.assertTrue(self.mask[int(y), int(x)])
        self.assertTrue(43 <= x <= 46 and 13 <= y <= 26, (x, y))

    def test_the_border_of_the_picture_is_an_edge(self) -> None:
        x, y = prompts.middle(np.ones((21, 31), bool))
        self.assertEqual(y, 10)
        self.assertTrue(10 <= x <= 20)

    def test_clicks_lie_where_they_should(self) -> None:
        rng = np.random.default_rng(0)
        for _ in range(200):
            x, y = prompts.inside(self.mask, rng)
            self.assertTrue(self.mask[int(y), int(x)])
            x, y = prompts.outside(self.mask, rng)
            self.assertFalse(self.mask[int(y), int(x)])

    def test_prompts_are_of_all_kinds_and_fit(self) -> None:
        rng = np.random.default_rng(0)
        seen = set()
        for _ in range(300):
            points, labels = prompts.prompt(self.mask, rng)
            self.assertLessEqual(len(points), prompts.POINTS)
            self.assertEqual(len(points), len(labels))
            seen.add(tuple(labels))
            if TOP_LEFT in labels:
                (x0, y0), (x1, y1) = points[:2]
                self.assertTrue(x0 <= x1 and y0 <= y1)
                self.assertLess(max(abs(x0 - 20), abs(x1 - 49), abs(y0 - 10), abs(y1 - 29)), 6)
        self.assertTrue({(1,), (2, 3), (2, 3, 0), (1, 0), (1, 0, 1)} <= seen)

    def test_drawing_pads_and_repeats(self) -> None:
        places = self.mask.astype(np.uint8)
        sample = Sample("", np.zeros((64, 64, 3), np.uint8), places, [Target("a", "part", (1,)), Target("b", "part", (9,))])
        points, labels, truth = prompts.draw(sample, 5, np.random.default_rng(0))
        self.assertEqual((points.shape, labels.shape, truth.shape), ((5, 4, 2), (5, 4), (5, 64, 64)))
        self.assertTrue((truth == self.mask).all())
        self.assertIsNone(prompts.draw(Sample("", sample.image, places * 0, sample.targets), 5, np.random.default_rng(0)))


class Samples(unittest.TestCase):
    def test_image_and_places_move_together(self) -> None:
        rng = np.random.default_rng(1)
        places = np.zeros((80, 120), np.uint8)
        places[20:50, 30:90] = 7
        image = np.repeat((places * 30)[..., None], 3, 2)
        for _ in range(30):
            moved = samples.varied(Sample("", image, places, []), 64, rng, 0.5)
            self.assertEqual(moved.places.shape, (64, 64))
            inner, outer = moved.image[moved.places == 7], moved.image[moved.places == 0]
            if len(inner) > 50 and len(outer) > 50:
                self.assertGreater(np.median(inner), np.median(outer))

    def test_letterbox_pads_at_the_right_and_the_bottom(self) -> None:
        boxed = samples.letterbox(Sample("", np.full((30, 60, 3), 9, np.uint8), np.zeros((30, 60), np.uint8), []), 64)
        self.assertTrue((boxed.places[:32] == 0).all() and (boxed.places[32:] == NOTHING).all())
        self.assertTrue((boxed.image[:32] == 9).all() and (boxed.image[32:] == 0).all())

    def test_a_scene_depends_on_its_seed_only(self) -> None:
        first, again, other = (composed.compose(np.random.default_rng([s, 0])) for s in (4, 4, 5))
        np.testing.assert_array_equal(first.image, again.image)
        np.testing.assert_array_equal(first.places, again.places)
        self.assertTrue((first.image != other.image).any())

    def test_scenes_have_masks_of_what_is_seen(self) -> None:
        for k in range(20):
            scene = composed.compose(np.random.default_rng([6, k]))
            self.assertEqual((scene.image.shape, scene.image.dtype), ((256, 256, 3), np.uint8))
            known = {n for t in scene.targets for n in t.numbers}
            self.assertTrue(set(np.unique(scene.places)) <= known)
            for target, mask in samples.masks_of(scene):
                self.assertGreaterEqual(mask.sum(), samples.LEAST_AREA, target.name)

    def test_a_whole_is_the_union_of_its_parts(self) -> None:
        places = np.array([[1, 2], [3, 0]], np.uint8)
        np.testing.assert_array_equal(Target("", "whole", (1, 3)).mask(places), [[True, False], [True, False]])


class Everything(unittest.TestCase):
    def test_grid_is_in_the_middle_of_its_cells(self) -> None:
        points = everything.grid_points(2, 40, 80)
        np.testing.assert_allclose(points, [[19.5, 9.5], [59.5, 9.5], [19.5, 29.5], [59.5, 29.5]])

    def test_stability(self) -> None:
        sharp, soft = torch.full((1, 10, 10), -9.0), torch.linspace(-2, 2, 100).reshape(1, 10, 10)
        sharp[:, :5] = 9
        stable = everything.stabilities(torch.cat([sharp, soft, torch.full((1, 10, 10), -9.0)]), 1.0)
        self.assertEqual(stable[0], 1.0)
        self.assertAlmostEqual(stable[1].item(), 25 / 75, delta=0.03)
        self.assertEqual(stable[2], 0.0)

    def test_suppression_keeps_the_better_of_two_alike(self) -> None:
        boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [0, 0, 5, 5]], float)
        self.assertEqual(everything.suppress(boxes, np.array([0.8, 0.9, 0.5, 0.7]), 0.7), [1, 3, 2])

    def test_best_iou_for_each_object(self) -> None:
        found = torch.zeros(2, 4, 4, dtype=torch.bool)
        found[0, :2], found[1, :, 0] = True, True
        wanted = np.zeros((2, 4, 4), bool)
        wanted[0, :1], wanted[1, :, :1] = True, True
        np.testing.assert_allclose(everything.best_ious(found, wanted), [0.5, 1.0])

    def test_a_view_and_back(self) -> None:
        at = measures.view(np.full((20, 40, 3), 200, np.uint8), 64)
        self.assertEqual(at.seen, (32, 64))
        self.assertEqual(tuple(at.pixels.shape), (1, 3, 64, 64))
        self.assertTrue((at.pixels[..., 32:, :] == 0).all())
        logits = torch.full((1, 32, 32), -5.0)
        logits[:, :8, :16] = 5
        mask = at.enlarged(logits)[0] > 0
        self.assertEqual(tuple(mask.shape), (20, 40))
        self.assertTrue(mask[:9, :19].all() and not mask[11:].any() and not mask[:, 21:].any())

    def test_results_lie_on_the_photograph(self) -> None:
        at = measures.view(np.zeros((20, 40, 3), np.uint8), 64)
        small = network()
        with torch.no_grad():
            settings = everything.Settings(4, 0.0, 0.0, 1.0, 0.7, 0.0)
            found = everything.everything(small, at, small.encoder(at.pixels), settings)
        self.assertEqual(tuple(found.shape[1:]), (20, 40))
        self.assertTrue(found.flatten(1).any(1).all())


class Constants(unittest.TestCase):
    def test_normalisation_is_that_of_sam(self) -> None:
        value = sam.normalise(torch.tensor([123.675, 116.28, 255.0]).view(3, 1, 1)).flatten().tolist()
        np.testing.assert_allclose(value, [0, 0, (255 - 103.53) / 57.375], rtol=1e-5, atol=1e-6)


if __name__ == "__main__":
    unittest.main()
