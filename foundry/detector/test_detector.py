"""python3 -m unittest foundry.detector.test_detector"""

import unittest

import numpy as np
import torch
from torch import nn

from foundry.detector.graph import build_graph, config_of
from foundry.networks.detector import Detector, DetectorConfig
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


if __name__ == "__main__":
    unittest.main()
