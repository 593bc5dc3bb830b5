"""Tests of the generator's parts that need no data: `python3 -m unittest foundry.generator.test_generator`."""

from __future__ import annotations

import unittest
from pathlib import Path

import numpy as np
import onnx
import torch

from foundry.generator import edits, losses, measures, tps
from foundry.generator.evaluate import collapse_curve, collapse_share
from foundry.generator.graph import build_graph, config_of
from foundry.generator.pairs import PairSource, Photograph
from foundry.generator.train import Trainer
from foundry.networks.discriminator import Discriminator
from foundry.networks.generator import Generator, GeneratorConfig
from foundry.onnx_fp16 import half_initializers, initializers

SMALL = GeneratorConfig((4, 8, 8), (1, 0, 1))


def photographs(scene: str, count: int, size: int = 64) -> list:
    rng = np.random.default_rng(0)
    result = []
    for i in range(count):
        image = torch.from_numpy(rng.integers(0, 256, (3, size, size), dtype=np.uint8))
        result.append(Photograph(scene, str(i), image, image[:1].half() / 255))
    return result


class Networks(unittest.TestCase):
    def test_output_is_an_image_of_the_same_size(self) -> None:
        out = Generator(SMALL)(torch.rand(2, 1, 24, 40))
        self.assertEqual(tuple(out.shape), (2, 3, 24, 40))
        self.assertTrue(((out > 0) & (out < 1)).all())

    def test_a_size_that_does_not_fit_is_named(self) -> None:
        with self.assertRaisesRegex(ValueError, "30x24.*multiples of 4"):
            Generator(SMALL)(torch.rand(1, 1, 24, 30))

    def test_norm_is_instance_norm(self) -> None:
        norm = Generator(SMALL).stem.norm
        torch.nn.init.normal_(norm.weight)
        x = torch.randn(2, 4, 5, 7)
        wanted = torch.nn.functional.instance_norm(x, weight=norm.weight, bias=norm.bias)
        torch.testing.assert_close(norm(x), wanted)

    def test_every_parameter_learns(self) -> None:
        network, judge = Generator(SMALL), Discriminator(4)
        edges = torch.rand(1, 1, 32, 32)
        network.start_from(torch.tensor([0.2, 0.5, 0.9]), [edges[0], edges[0] ** 2])
        outputs = [judge.judge(k, edges, network(edges)) for k in range(2)]
        losses.adversarial_loss(outputs, True).backward()
        for name, p in [*network.named_parameters(), *judge.named_parameters()]:
            self.assertTrue(p.grad is not None and p.grad.abs().sum() > 0, name)


    def test_refreshed_context_paints_the_same_and_wakes_silent_units(self) -> None:
        torch.manual_seed(0)
        network, average = Generator(SMALL), Generator(SMALL)
        average.load_state_dict(network.state_dict())
        examples = [torch.rand(1, 16, 16) ** k for k in range(1, 5)]
        with torch.no_grad():
            network.context.bias[::2] = -1e3
            for module in (*network.scale, *network.shift):
                module.weight.normal_()
        edges = examples[1][None]
        before, other = network(edges), average(edges)
        self.assertGreaterEqual(network.refresh_context(examples, [average]), 32)
        self.assertTrue(torch.allclose(network(edges), before, atol=1e-4))
        self.assertTrue((network.context.bias > -1e3).all())
        self.assertEqual(network.refresh_context(examples), 0)
        # The other lost what its own units with these numbers said, and agrees on the standard.
        self.assertTrue(torch.equal(average.average_mean, network.average_mean))
        self.assertFalse(torch.allclose(average(edges), other, atol=1e-6))


class Graph(unittest.TestCase):
    def test_file_keeps_names_values_and_configuration(self) -> None:
        network = Generator(SMALL)
        weights = {k: v.numpy() for k, v in network.state_dict().items()}
        model = half_initializers(build_graph(weights, SMALL))
        self.assertEqual(config_of(model), SMALL)
        stored = initializers(model)
        self.assertEqual(set(stored), set(weights))
        for name, value in weights.items():
            np.testing.assert_allclose(stored[name], value, rtol=1e-3, atol=1e-6)

    def test_a_run_starts_from_a_file(self) -> None:
        file = Path("public/models/generator.onnx")
        trainer = Trainer(GeneratorConfig(), torch.nn.Identity(), 1e-3, "cpu")
        trainer.begin_with(file)
        stored = initializers(onnx.load(str(file)))
        for network in (trainer.generator, trainer.average):
            for name, value in network.state_dict().items():
                np.testing.assert_array_equal(value.numpy(), stored[name])

    def test_runs_in_the_reference_interpreter(self) -> None:
        try:
            from onnx.reference import ReferenceEvaluator
        except ImportError:
            self.skipTest("This onnx has no reference interpreter; check.mjs compares with ONNX Runtime.")
        network = Generator(SMALL)
        model = build_graph({k: v.numpy() for k, v in network.state_dict().items()}, SMALL)
        edges = torch.rand(1, 1, 16, 24)
        with torch.no_grad():
            wanted = network(edges).numpy()
        np.testing.assert_allclose(ReferenceEvaluator(model).run(None, {"edges": edges.numpy()})[0], wanted, atol=1e-5)


class ThinPlateSpline(unittest.TestCase):
    def test_no_offsets_move_nothing(self) -> None:
        planes = torch.rand(3, 40, 56)
        torch.testing.assert_close(tps.sample(planes, tps.sampling_grid(np.zeros((9, 2)), 40, 56)), planes, atol=1e-4, rtol=0)

    def test_passes_through_inner_points_and_splits_the_corners(self) -> None:
        offsets = np.random.default_rng(1).uniform(-0.1, 0.1, (9, 2))
        grid = np.array([[x / 2, y / 2] for y in range(3) for x in range(3)])
        moved = tps.spline_positions(offsets, grid) - grid
        for k in (1, 3, 4, 5, 7):
            np.testing.assert_allclose(moved[k], offsets[k], atol=1e-6)
        # A corner is asked to move and to stay; least squares goes half-way.
        for k in (0, 2, 6, 8):
            np.testing.assert_allclose(moved[k], offsets[k] / 2, atol=1e-6)


class Edits(unittest.TestCase):
    def test_equation_1_by_hand(self) -> None:
        p, donor, m = (torch.tensor([[v]]) for v in ([0.5, 0.8], [0.25, 0.6], [0.5, 1.0]))
        torch.testing.assert_close(edits.remove(p, m), torch.tensor([[[0.25, 0.0]]]))
        torch.testing.assert_close(edits.replace(p, donor, m), torch.tensor([[[0.375, 0.6]]]))
        torch.testing.assert_close(edits.merge(p, donor, m), torch.tensor([[[0.625, 1.0]]]))

    def test_share(self) -> None:
        p = torch.tensor([[[0.5, 0.5, 0.0, 0.0]]])
        self.assertEqual(edits.edited_share(p, p), 0)
        self.assertEqual(edits.edited_share(p, torch.zeros_like(p)), 1)
        self.assertAlmostEqual(edits.edited_share(p, torch.tensor([[[0.5, 0.0, 0.5, 0.0]]])), 1 / 1.5, places=6)
        self.assertEqual(edits.edited_share(p * 0, p * 0), 0)

    def test_region_is_soft_and_about_as_large_as_asked(self) -> None:
        rng = np.random.default_rng(2)
        areas = []
        for _ in range(40):
            mask = edits.random_region(rng, 96, 96, 0.1)
            self.assertTrue(mask.min() >= 0 and mask.max() <= 1)
            areas.append(mask.mean().item())
        self.assertTrue(0.06 < np.mean(areas) < 0.12, np.mean(areas))

    def test_placement_without_chance_is_a_similarity(self) -> None:
        grid = edits.random_placement(np.random.default_rng(3), 32, 64, True)[0]
        across, down = grid[:, 1:] - grid[:, :-1], grid[1:] - grid[:-1]
        to_pixels = torch.tensor([32.0, 16.0])
        a, d = across[0, 0] * to_pixels, down[0, 0] * to_pixels
        self.assertAlmostEqual((a * d).sum().item(), 0, places=4)
        self.assertAlmostEqual(a.norm().item(), d.norm().item(), places=4)


class Pairs(unittest.TestCase):
    def test_same_seed_same_pair_and_all_kinds_occur(self) -> None:
        source = PairSource([*photographs("pin_tray", 2), *photographs("bottle", 2)])
        kinds = set()
        for step in range(60):
            pair, again = (source.draw(np.random.default_rng([4, step])) for _ in range(2))
            for a, b in zip((pair.edges, pair.image, pair.known, pair.empty), (again.edges, again.image, again.known, again.empty)):
                self.assertTrue(torch.equal(a, b))
            self.assertTrue(pair.edges.min() >= 0 and pair.edges.max() <= 1)
            # What was erased is not known, and has no edges left.
            self.assertEqual((pair.known * pair.empty).sum().item(), 0)
            self.assertLess((pair.edges * pair.empty).max().item(), 0.51)
            kinds.add((bool(pair.known.min() > 0), bool(pair.empty.max() > 0)))
        self.assertEqual(kinds, {(True, False), (False, True), (False, False)})


class Losses(unittest.TestCase):
    def test_unknown_pixels_do_not_count(self) -> None:
        a, b = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
        known = torch.ones(1, 1, 8, 8)
        b[..., :4] = 1
        self.assertEqual(losses.masked_l1(a, b, known).item(), 0.5)
        known[..., :4] = 0
        self.assertEqual(losses.masked_l1(a, b, known).item(), 0)
        self.assertEqual(losses.gradient_loss(a, b, known, torch.zeros_like(known)).item(), 0)

    def test_colour_compares_cells_that_are_known_all_over(self) -> None:
        a, b, known = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16), torch.ones(1, 1, 16, 16)
        b[..., :8, :8] = torch.rand(8, 8)
        self.assertAlmostEqual(losses.colour_loss(a, b, known).item(), b.mean().item(), places=6)
        known[..., 3, 3] = 0
        self.assertEqual(losses.colour_loss(a, b, known).item(), 0)

    def test_empty_pixels_should_be_flat(self) -> None:
        flat, steep = torch.full((1, 3, 16, 16), 0.3), torch.rand(1, 3, 16, 16)
        known, empty = torch.zeros(1, 1, 16, 16), torch.ones(1, 1, 16, 16)
        self.assertAlmostEqual(losses.gradient_loss(flat, steep, known, empty).item(), 0, places=6)
        self.assertGreater(losses.gradient_loss(steep, flat, known, empty).item(), 0.05)


class Measures(unittest.TestCase):
    def test_ssim_of_constants_is_the_luminance_term(self) -> None:
        a, b = torch.full((1, 1, 16, 16), 0.5), torch.full((1, 1, 16, 16), 0.25)
        wanted = (2 * 0.125 + 1e-4) / (0.25 + 0.0625 + 1e-4)
        self.assertAlmostEqual(measures.ssim(a, b), wanted, places=6)
        self.assertAlmostEqual(measures.ssim(a, a), 1, places=6)

    def test_agreement_allows_two_pixels(self) -> None:
        a, near, far = (torch.zeros(20, 20) for _ in range(3))
        a[5], near[7], far[8] = 1, 1, 1
        self.assertEqual(measures.edge_agreement(a, near, 0.5), 1)
        self.assertEqual(measures.edge_agreement(a, far, 0.5), 0)
        both = near.clone()
        both[15] = 1
        self.assertAlmostEqual(measures.edge_agreement(both, a, 0.5), 2 / 3, places=6)
        self.assertEqual(measures.edge_agreement(a * 0, a * 0, 0.5), 1)

    def test_collapse_begins_where_the_curve_crosses(self) -> None:
        rows = [{"share": s, "ssim": 1 - 0.2 * s, "f1_loss": 0.0} for s in np.linspace(0, 1, 101)]
        share = collapse_share(collapse_curve(rows))
        self.assertAlmostEqual(share, 0.5, places=1)
        self.assertIsNone(collapse_share(collapse_curve([{"share": 0.5, "ssim": 1.0, "f1_loss": 0.0}])))


if __name__ == "__main__":
    unittest.main()
