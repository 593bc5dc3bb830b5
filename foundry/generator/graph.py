"""The generator as an ONNX graph, node by node, so that initializers keep the names of the PyTorch parameters.

Input  `edges`: float32 [N, 1, H, W], edge strength in [0, 1]; H and W multiples of the metadata entry
       `generator.multiple`.
Output `image`: float32 [N, 3, H, W], RGB in [0, 1].

Operators: Add, Concat, Constant, Conv, GlobalAveragePool, InstanceNormalization, Mul, Relu, Resize (nearest, exactly
twice), Sigmoid, Sub; Cast where weights are stored as float16.
"""

from __future__ import annotations

import json
from typing import Mapping

import numpy as np
from onnx import ModelProto

from foundry.networks.generator import EPSILON, GeneratorConfig
from foundry.onnx_graph import GraphBuilder, config_text, planes

CONFIG = "generator.config"


class _Builder(GraphBuilder):
    def conv_norm(self, name: str, x: str, stride: int = 1) -> str:
        return self.instance_norm(f"{name}.norm", self.conv(f"{name}.conv", x, stride), EPSILON)

    def residual(self, name: str, x: str) -> str:
        y = self.conv_norm(f"{name}.second", self.relu(self.conv_norm(f"{name}.first", x)))
        return self.op("Add", f"{name}/sum", [x, y])


def build_graph(weights: Mapping[str, np.ndarray], config: GeneratorConfig) -> ModelProto:
    """Model with `weights` (names and shapes as in Generator(config).state_dict()), float32 throughout."""
    g = _Builder(weights)
    g.constant("scales", np.array([1, 1, 2, 2], np.float32))
    g.constant("floor", np.array(config.floor, np.float32))
    x = g.relu(g.conv_norm("stem", g.relu(g.op("Sub", "edges/above", ["edges", "floor"]))))
    levels = len(config.widths) - 1
    seen = []
    for i in range(levels):
        seen.append(x)
        x = g.relu(g.conv_norm(f"down.{i}", x, stride=2))
    for i in range(config.blocks[-1]):
        x = g.residual(f"bottleneck.{i}", x)
    averages = [g.op("GlobalAveragePool", f"{feature}/average", [feature]) for feature in [*seen[1:], x]]
    g.used.update(dict.fromkeys(["average_mean", "average_scale"]))
    joined = g.op("Sub", "averages/centred", [g.op("Concat", "averages", averages, axis=1), "average_mean"])
    context = g.relu(g.conv("context", g.op("Mul", "averages/standardised", [joined, "average_scale"])))
    for i in reversed(range(levels)):
        x = g.op("Add", f"skip.{i}", [g.twice(g.conv(f"reduce.{i}", x)), seen[i]])
        x = g.op("Mul", f"up.{i}/scaled", [g.conv_norm(f"up.{i}", x), g.conv(f"scale.{i}", context)])
        x = g.relu(g.op("Add", f"up.{i}/shifted", [x, g.conv(f"shift.{i}", context)]))
        for k in range(config.blocks[i]):
            x = g.residual(f"blocks.{i}.{k}", x)
    g.op("Sigmoid", "image", [g.conv("head", x)])

    text = json.dumps(config.as_dict(), sort_keys=True)
    metadata = {"generator.multiple": str(config.size_multiple), CONFIG: text}
    return g.model("generator", [planes("edges", 1)], [planes("image", 3)], metadata)


def config_of(model: ModelProto) -> GeneratorConfig:
    """The configuration written by `build_graph`; ValueError if the file is no generator of ours."""
    return GeneratorConfig.from_dict(config_text(model, CONFIG))
