"""python3 -m unittest foundry.pidinet.test_pidinet (from the repository's root)

Tests that need the published checkpoints or BSDS500 read ../shared/data and skip where it is absent.
"""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto
from PIL import Image
from scipy.ndimage import label as label_regions
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from foundry.networks.pidinet import (
    PiDiNet,
    VARIANTS,
    difference_layers,
    load_checkpoint,
    normalise,
    plain_kernel,
    plain_state_dict,
    variant_of,
)
from foundry.onnx_fp16 import half_initializers, initializers, with_weights, without_weights
from foundry.pidinet.boundaries import Matching, candidates, count, partner_lists, summarise, thin, triangle_filter
from foundry.pidinet.bsds500 import CropSource, Sample, read_split
from foundry.pidinet.export import needs_float32, plain_arrays
from foundry.pidinet.graph import build_graph
from foundry.pidinet.loss import edge_loss, pixel_weights
from foundry.pidinet.train import Share, Team

DATA = Path("../shared/data")
OFFICIAL = DATA / "pidinet-official"
BSDS = DATA / "bsds500"


def need(path: Path) -> "unittest.case._Condition":
    return unittest.skipUnless(path.exists(), f"{path} is absent")


class DifferenceConvolutions(unittest.TestCase):
    """The plain kernels against the differences written out."""

    def setUp(self) -> None:
        generator = torch.Generator().manual_seed(3)
        self.weight = torch.randn(2, 1, 3, 3, generator=generator)
        self.patch = torch.randn(1, 1, 5, 5, generator=generator)

    def response(self, kind: str) -> torch.Tensor:
        kernel = plain_kernel(self.weight, kind)
        return F.conv2d(self.patch, kernel, padding=kernel.shape[-1] // 2)[0, :, 2, 2]

    def test_central(self) -> None:
        inner = self.patch[0, 0, 1:4, 1:4]
        expected = (self.weight[:, 0] * (inner - inner[1, 1])).sum(dim=(1, 2))
        torch.testing.assert_close(self.response("cd"), expected)

    def test_angular(self) -> None:
        ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
        inner = self.patch[0, 0, 1:4, 1:4]
        expected = torch.zeros(2)
        for at, after in zip(ring, ring[1:] + ring[:1]):
            expected += self.weight[:, 0, at[0], at[1]] * (inner[at] - inner[after])
        torch.testing.assert_close(self.response("ad"), expected)

    def test_radial(self) -> None:
        expected = torch.zeros(2)
        for i, (dy, dx) in enumerate([(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)], start=1):
            outer, inner = self.patch[0, 0, 2 + 2 * dy, 2 + 2 * dx], self.patch[0, 0, 2 + dy, 2 + dx]
            expected += self.weight[:, 0].reshape(2, 9)[:, i] * (outer - inner)
        torch.testing.assert_close(self.response("rd"), expected)

    def test_differences_ignore_flat_colour(self) -> None:
        for kind in ("cd", "ad", "rd"):
            total = plain_kernel(self.weight, kind).sum(dim=(2, 3))
            self.assertLess(total.abs().max().item(), 1e-5, kind)


class Network(unittest.TestCase):
    def test_parameter_counts(self) -> None:
        counts = {"tiny": (84477, 87997), "small": (183763, 189043), "full": (710149, 720709)}
        for variant, (difference, plain) in counts.items():
            for flag, expected in ((False, difference), (True, plain)):
                self.assertEqual(sum(p.numel() for p in PiDiNet(variant, flag).parameters()), expected)

    def test_conversion_changes_no_output(self) -> None:
        torch.manual_seed(0)
        network, plain = PiDiNet("tiny"), PiDiNet("tiny", plain=True)
        plain.load_state_dict(plain_state_dict(network.state_dict()))
        image = torch.rand(2, 3, 37, 50)
        for a, b in zip(network(image), plain(image)):
            self.assertEqual(a.shape, (2, 1, 37, 50))
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)

    @need(OFFICIAL / "golden")
    def test_published_maps(self) -> None:
        checked = 0
        for name in ("table5_pidinet-tiny", "table5_pidinet"):
            state = load_checkpoint(str(OFFICIAL / f"{name}.pth"))
            difference, plain = PiDiNet(variant_of(state)), PiDiNet(variant_of(state), plain=True)
            difference.load_state_dict(state)
            plain.load_state_dict(plain_state_dict(state))
            for reference in sorted((OFFICIAL / "golden").glob(f"*.{name}.npy")):
                photo = Image.open(OFFICIAL / "golden" / f"{reference.name.split('.')[0]}.png").convert("RGB")
                image = torch.from_numpy(np.asarray(photo, np.float32) / 255).permute(2, 0, 1)[None]
                for network in (difference, plain):
                    with torch.no_grad():
                        maps = torch.sigmoid(torch.cat(network(normalise(image)), dim=1))[0].numpy()
                    np.testing.assert_allclose(maps, np.load(reference), atol=1e-4)
                    checked += 1
        self.assertEqual(checked, 8)


class Graph(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(1)
        self.arrays = plain_arrays(PiDiNet("tiny").state_dict())
        self.model = build_graph(self.arrays, "tiny")

    def test_initializers_have_the_names_of_the_checkpoint(self) -> None:
        self.assertEqual([t.name for t in self.model.graph.initializer], list(PiDiNet("tiny").state_dict()))

    @need(OFFICIAL)
    def test_names_equal_the_published_ones(self) -> None:
        for name, variant in (("-tiny", "tiny"), ("-small", "small"), ("", "full")):
            state = load_checkpoint(str(OFFICIAL / f"table5_pidinet{name}.pth"))
            template = onnx.load(f"public/models/pidinet-{variant}.template.onnx")
            filled = with_weights(template, plain_arrays(state))
            self.assertEqual(set(state), {t.name for t in filled.graph.initializer})

    def test_template_has_shapes_but_no_values(self) -> None:
        for variant in VARIANTS:
            template = onnx.load(f"public/models/pidinet-{variant}.template.onnx")
            rebuilt = without_weights(build_graph(plain_arrays(PiDiNet(variant).state_dict()), variant))
            self.assertEqual(template.SerializeToString(), rebuilt.SerializeToString())
            self.assertTrue(all(not t.raw_data and not t.float_data for t in template.graph.initializer))

    def test_half_weights_keep_names_and_values(self) -> None:
        half = half_initializers(self.model, needs_float32)
        stored = {t.name: t.data_type for t in half.graph.initializer}
        for name, values in initializers(half).items():
            expected = TensorProto.FLOAT if needs_float32(name) else TensorProto.FLOAT16
            self.assertEqual(stored[name], expected)
            np.testing.assert_allclose(values, self.arrays[name], rtol=0 if needs_float32(name) else 1e-3, atol=1e-7)
        read = {name for node in half.graph.node if node.op_type == "Conv" for name in node.input}
        self.assertIn("classifier.weight/f32", read)
        self.assertNotIn("classifier.weight", read)

    def test_half_refuses_what_does_not_fit(self) -> None:
        self.arrays["classifier.bias"] = np.array([1e6], np.float32)
        with self.assertRaisesRegex(ValueError, "classifier.bias"):
            half_initializers(build_graph(self.arrays, "tiny"))

    def test_other_weights_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "classifier.bias"):
            with_weights(self.model, {k: v for k, v in self.arrays.items() if k != "classifier.bias"})
        with self.assertRaisesRegex(ValueError, r"init_block.weight is \[60, 3, 3, 3\]"):
            with_weights(self.model, plain_arrays(PiDiNet("full").state_dict()))


class Loss(unittest.TestCase):
    def test_weights(self) -> None:
        # One positive, one ignored (76 < 76.8), six negatives.
        label = torch.tensor([[255, 76, 0, 0], [0, 0, 0, 0]], dtype=torch.uint8)[None, None]
        target, weight = pixel_weights(label)
        self.assertEqual(target.sum().item(), 1)
        expected = torch.full((2, 4), 1.1 * 1 / 7)
        expected[0, 0], expected[0, 1] = 6 / 7, 0
        torch.testing.assert_close(weight[0, 0], expected)

    def test_value(self) -> None:
        label = torch.tensor([[255, 0]], dtype=torch.uint8)[None, None]
        logits = [torch.zeros(1, 1, 1, 2)] * 5
        # log 2 for each pixel of each map, weighted 1/2 and 1.1/2.
        self.assertAlmostEqual(edge_loss(logits, label).item(), 5 * np.log(2) * (0.5 + 0.55), places=5)


def _sample(seed: int) -> Sample:
    rng = np.random.default_rng(seed)
    photo = Image.fromarray(rng.integers(0, 255, (321, 330, 3), dtype=np.uint8))
    return Sample(f"s{seed}", photo, [rng.random((321, 330)) < 0.1 for _ in range(3)])


class Training(unittest.TestCase):
    def test_crops_show_the_image_where_the_label_is(self) -> None:
        # A white disc whose label is the disc itself: after any augmentation they still coincide.
        y, x = np.mgrid[0:321, 0:330]
        disc = (y - 160) ** 2 + (x - 165) ** 2 < 60**2
        photo = Image.fromarray(np.where(disc, 255, 0).astype(np.uint8)).convert("RGB")
        for scale, side in ((1.0, 224), (1.5, 224), (0.5, 112)):
            source = CropSource([Sample("disc", photo, [disc])], scale, side)
            for seed in range(8):
                image, label = source.draw(np.random.default_rng(seed))
                self.assertEqual((image.shape, label.shape), ((3, side, side), (1, side, side)))
                white = image[0] > (image.min() + image.max()) / 2
                self.assertLess(np.mean(white != (label[0] > 127)), 0.03)

    def test_workers_change_nothing(self) -> None:
        """The same step, alone and shared, moves the weights by the same gradient."""
        gradients = []
        for workers in (1, 2):
            torch.manual_seed(0)
            network = PiDiNet("tiny")
            network.share_memory()
            with Team(Share(network, [_sample(0), _sample(1)], seed=4), workers) as team:
                loss = team.gradient(7)
            flat = torch.cat([p.grad.reshape(-1) for p in network.parameters()])
            gradients.append((loss, flat))
        self.assertAlmostEqual(gradients[0][0] / gradients[1][0], 1, places=5)
        scale = gradients[0][1].abs().max().item()
        self.assertLess((gradients[0][1] - gradients[1][1]).abs().max().item(), 1e-4 * scale)

    @need(BSDS)
    def test_reads_all_annotators(self) -> None:
        samples = read_split(BSDS, "val")
        self.assertEqual(len(samples), 100)
        self.assertTrue(all(len(s.boundaries) >= 4 for s in samples))
        self.assertEqual(samples[0].label.max(), 255)

    def test_missing_data_is_named(self) -> None:
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(FileNotFoundError, folder):
            read_split(Path(folder), "train")


class Boundaries(unittest.TestCase):
    def test_triangle_filter(self) -> None:
        impulse = np.zeros((9, 9))
        impulse[4, 4] = 1
        np.testing.assert_allclose(triangle_filter(impulse, 1)[4, 3:6] * 16, [2, 4, 2])
        self.assertAlmostEqual(triangle_filter(np.ones((6, 7)), 4).min(), 1)

    def test_ridges_are_one_pixel_wide_in_any_direction(self) -> None:
        y, x = np.mgrid[0:80, 0:80]
        for angle in np.arange(0, np.pi, np.pi / 7):
            distance = (x - 40) * np.cos(angle) + (y - 40) * np.sin(angle)
            ridge = candidates(np.exp(-((distance / 2) ** 2)))
            inside = (abs(x - 40) < 20) & (abs(y - 40) < 20)
            self.assertLess(np.abs(distance[(ridge > 0.3) & inside]).max(), 1.0)
            length = 40 / max(abs(np.cos(angle)), abs(np.sin(angle)))
            self.assertGreater(np.count_nonzero((ridge > 0.3) & (np.hypot(x - 40, y - 40) < 20)), 0.65 * length)

    def test_thinning_leaves_lines_of_one_pixel(self) -> None:
        bar = np.zeros((20, 40), bool)
        bar[7:12, 5:35] = True
        line = thin(bar)
        self.assertEqual(line.sum(axis=0).max(), 1)
        self.assertEqual(set(np.nonzero(line)[0]), {9})
        ring = np.zeros((30, 30), bool)
        ring[5:25, 5:25], ring[10:20, 10:20] = True, False
        thinned = thin(ring)
        # Still a closed curve: it separates inside from outside.
        _, regions = label_regions(~thinned)
        self.assertEqual(regions, 2)
        self.assertTrue((thin(thinned) == thinned).all())

    def test_partners_are_those_within_reach(self) -> None:
        rng = np.random.default_rng(2)
        found, truth = rng.random((15, 22)) < 0.2, rng.random((15, 22)) < 0.2
        ty, tx = np.nonzero(truth)
        for pixel, partners in zip(np.flatnonzero(found), partner_lists(np.flatnonzero(found), truth, 3.3)):
            distance = np.hypot(ty - pixel // 22, tx - pixel % 22)
            self.assertEqual(sorted(partners), np.flatnonzero(distance <= 3.3).tolist())

    def test_matching_pairs_one_to_one_and_as_many_as_can_be(self) -> None:
        # Pixel 0 takes truth 0 first; pixel 1 can have nothing else, so 0 must move on.
        matching = Matching([[0, 1], [0]], truths=2)
        matching.add(0)
        matching.add(1)
        self.assertEqual((matching.pairs, matching.of_found), (2, [1, 0]))
        # Both want the only truth: one goes without, and takes over when the other leaves.
        matching = Matching([[0], [0]], truths=1)
        matching.add(0)
        matching.add(1)
        self.assertEqual((matching.pairs, matching.of_found), (1, [0, -1]))
        matching.remove(0)
        self.assertEqual((matching.pairs, matching.of_found), (1, [-1, 0]))

    def test_matching_stays_largest_while_pixels_come_and_go(self) -> None:
        for seed in range(12):
            rng = np.random.default_rng(seed)
            allowed = rng.random((40, 35)) < rng.uniform(0.02, 0.12)
            matching = Matching([np.flatnonzero(row).tolist() for row in allowed], 35)
            present = np.zeros(40, bool)
            for _ in range(120):
                pixel = int(rng.integers(40))
                (matching.remove if present[pixel] else matching.add)(pixel)
                present[pixel] = not present[pixel]
                best = maximum_bipartite_matching(csr_matrix(allowed & present[:, None]), perm_type="column")
                self.assertEqual(matching.pairs, np.count_nonzero(best >= 0), f"seed {seed}")
                taken = [v for v in matching.of_found if v >= 0]
                self.assertEqual(len(taken), matching.pairs)
                self.assertEqual(len(set(taken)), len(taken))
                for u, v in enumerate(matching.of_found):
                    self.assertTrue(v < 0 or (allowed[u, v] and present[u] and matching.of_truth[v] == u))

    def test_scores_of_known_maps(self) -> None:
        truth = np.zeros((100, 100), bool)
        truth[50, 10:90] = True
        perfect = count(truth.astype(float), [truth])
        self.assertGreater(summarise([perfect]).ods, 0.98)
        # A line beyond the tolerance (1.06 pixels) finds nothing.
        self.assertEqual(summarise([count(np.roll(truth, 3, axis=0).astype(float), [truth])]).ods, 0)
        # A second annotator who marked another line halves recall and leaves precision.
        other = np.zeros_like(truth)
        other[20, 10:90] = True
        scores = summarise([count(truth.astype(float), [truth, other])])
        self.assertAlmostEqual(scores.recall, 0.5, delta=0.02)
        self.assertGreater(scores.precision, 0.99)
        self.assertAlmostEqual(scores.ods, 2 / 3, delta=0.02)

    def test_ois_takes_each_images_own_threshold(self) -> None:
        truth = np.zeros((60, 60), bool)
        truth[30, 8:52] = True
        clutter = np.zeros((60, 60))
        clutter[15, 8:52] = 1.0
        strong = count(truth + 0.5 * clutter, [truth])  # best above the clutter
        weak = count(0.2 * truth, [truth])  # best at a low threshold
        scores = summarise([strong, weak])
        self.assertGreater(scores.ois, scores.ods + 0.1)


class DifferenceLayers(unittest.TestCase):
    def test_order_of_kinds(self) -> None:
        kinds = list(difference_layers().values())
        self.assertEqual(kinds, ["cd", "ad", "rd", "cv"] * 4)


if __name__ == "__main__":
    unittest.main()
