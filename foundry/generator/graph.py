"""The generator as an ONNX graph, node by node, so that initializers keep the names of the PyTorch parameters.

Input  `edges`: float32 [N, 1, H, W], edge strength in [0, 1]; H and W multiples of the metadata entry
       `generator.multiple`.
Output `image`: float32 [N, 3, H, W], RGB in [0, 1].

Operators: Add, Concat, Constant, Conv, GlobalAveragePool, InstanceNormalization, Mul, Relu, Resize (nearest, exactly
twice), Sigmoid, Sub; Cast where weights are stored as float16.
"""

from __future__ import annotations

import json
from typing import Dict, Mapping

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

from foundry.networks.generator import EPSILON, GeneratorConfig
from foundry.onnx_graph import IR_VERSION, OPSET, GraphBuilder


class _Builder(GraphBuilder):
    def conv(self, name: str, x: str, stride: int = 1) -> str:
        """Convolution padded by half its size, with `name`.weight and, where there is one, `name`.bias."""
        inputs = [x, f"{name}.weight"]
        if f"{name}.bias" in self.weights:
            inputs.append(f"{name}.bias")
        self.used.update(dict.fromkeys(inputs[1:]))
        size = self.weights[f"{name}.weight"].shape[-1]
        return self.op("Conv", name, inputs, kernel_shape=[size] * 2, strides=[stride] * 2, pads=[size // 2] * 4)

    def conv_norm(self, name: str, x: str, stride: int = 1) -> str:
        inputs = [self.conv(f"{name}.conv", x, stride), f"{name}.norm.weight", f"{name}.norm.bias"]
        self.used.update(dict.fromkeys(inputs[1:]))
        return self.op("InstanceNormalization", f"{name}.norm", inputs, epsilon=EPSILON)

    def relu(self, x: str) -> str:
        return self.op("Relu", f"{x}/relu", [x])

    def residual(self, name: str, x: str) -> str:
        y = self.conv_norm(f"{name}.second", self.relu(self.conv_norm(f"{name}.first", x)))
        return self.op("Add", f"{name}/sum", [x, y])

    def twice(self, x: str) -> str:
        """Nearest-neighbour enlargement to twice the size."""
        return self.op(
            "Resize",
            f"{x}/twice",
            [x, "", "scales"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )


def build_graph(weights: Mapping[str, np.ndarray], config: GeneratorConfig) -> ModelProto:
    """Model with `weights` (names and shapes as in Generator(config).state_dict()), float32 throughout."""
    g = _Builder(weights)
    g.op("Constant", "scales", [], value=numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"))
    g.op("Constant", "floor", [], value=numpy_helper.from_array(np.array(config.floor, np.float32), "floor"))
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

    if set(g.used) != set(weights):
        raise ValueError(f"The graph and the weights differ in {sorted(set(g.used) ^ set(weights))}.")
    graph = helper.make_graph(
        g.nodes,
        "generator",
        [helper.make_tensor_value_info("edges", TensorProto.FLOAT, ["N", 1, "H", "W"])],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [numpy_helper.from_array(np.ascontiguousarray(weights[name], np.float32), name) for name in weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="foundry/generator")
    model.ir_version = IR_VERSION
    config_text = json.dumps(config.as_dict(), sort_keys=True)
    helper.set_model_props(model, {"generator.multiple": str(config.size_multiple), "generator.config": config_text})
    checker.check_model(model, full_check=True)
    return model


def config_of(model: ModelProto) -> GeneratorConfig:
    """The configuration written by `build_graph`; ValueError if the file is no generator of ours."""
    for entry in model.metadata_props:
        if entry.key == "generator.config":
            content = json.loads(entry.value)
            return GeneratorConfig.from_dict(content)
    raise ValueError("The ONNX file has no metadata entry generator.config: it was not written by foundry/generator.")
