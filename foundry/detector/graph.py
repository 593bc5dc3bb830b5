"""The detector as an ONNX graph, node by node, so that initializers keep the names of the PyTorch parameters.

Input   `image`: float32 [N, 3, H, W], RGB in [0, 1]; H and W multiples of the metadata entry `detector.multiple`.
Outputs `anomaly_map`: float32 [N, 1, H, W], probability of an anomaly in [0, 1]; `reconstruction` [N, 3, H, W], `jnd`
        and `edges` [N, 1, H, W], all in [0, 1]: what the picture would be if it were normal.

Operators: Add, BatchNormalization (kept, so that the file can be trained on), Concat, Constant, Conv
(also dilated), GlobalAveragePool, InstanceNormalization, MaxPool, Mul, ReduceMax, ReduceMean, Relu, Resize (nearest and
linear, exactly twice), Sigmoid, Slice; Cast where weights are stored as float16.
"""

from __future__ import annotations

import json
from typing import Dict, List, Mapping

import numpy as np
from onnx import ModelProto

from foundry.networks import detector
from foundry.networks.detector import DetectorConfig
from foundry.onnx_graph import GraphBuilder, config_text, planes

CONFIG = "detector.config"


class _Builder(GraphBuilder):
    def basic(self, name: str, x: str, stride: int = 1) -> str:
        for part, step in (("first", stride), ("second", 1)):
            x = self.conv(f"{name}.{part}", x, step)
            x = self.relu(self.instance_norm(f"{name}.{part}_norm", x, detector.INSTANCE_EPSILON))
        return x

    def attention(self, name: str, x: str) -> str:
        squeezed = self.relu(self.conv(f"{name}.squeeze", self.op("GlobalAveragePool", f"{name}/average", [x])))
        channels = self.op("Sigmoid", f"{name}/channels", [self.conv(f"{name}.excite", squeezed)])
        attended = self.op("Mul", f"{name}/attended", [x, channels])
        mean = self.op("ReduceMean", f"{name}/mean", [attended], axes=[1], keepdims=1)
        most = self.op("ReduceMax", f"{name}/most", [attended], axes=[1], keepdims=1)
        seen = self.op("Concat", f"{name}/seen", [mean, most], axis=1)
        dilated = self.op("Mul", f"{name}/dilated", [self.conv(f"{name}.dilated", seen, dilation=2), "dilated_weight"])
        where = self.op("Add", f"{name}/where", [self.conv(f"{name}.plain", seen), dilated])
        gained = self.op("Mul", f"{name}/gained", [attended, self.op("Sigmoid", f"{name}/spatial", [where])])
        return self.op("Add", f"{name}/sum", [x, gained])

    def conv_batch(self, name: str, x: str, stride: int = 1, dilation: int = 1) -> str:
        norm = [f"{name}.norm.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
        self.used.update(dict.fromkeys(norm))
        x = self.conv(f"{name}.conv", x, stride, dilation)
        return self.relu(self.op("BatchNormalization", f"{name}.norm", [x, *norm], epsilon=detector.EPSILON))

    def channels(self, name: str, x: str, start: int, end: int) -> str:
        return self.op("Slice", name, [x, f"channel{start}", f"channel{end}", "axis1"])


def build_graph(weights: Mapping[str, np.ndarray], config: DetectorConfig, metadata: Mapping[str, str] = {}) -> ModelProto:
    """Model with `weights` (names and shapes as in Detector(config).state_dict(), without the batch counters), float32
    throughout. `metadata`: threshold, normalisation and score rule."""
    g = _Builder(weights)
    g.constant("scales", np.array([1, 1, 2, 2], np.float32))
    g.constant("dilated_weight", np.array(detector.DILATED_WEIGHT, np.float32))
    g.constant("axis1", np.array([1], np.int64))
    for channel in (0, 3, 4, 5):
        g.constant(f"channel{channel}", np.array([channel], np.int64))

    x = "image"
    levels = len(config.reconstruction)
    for i in range(levels):
        x = g.attention(f"reconstruction.encode_attention.{i}", g.basic(f"reconstruction.encode.{i}", x, stride=2))
    for i in reversed(range(levels - 1)):
        x = g.attention(f"reconstruction.decode_attention.{i}", g.basic(f"reconstruction.decode.{i}", g.twice(x)))
    x = g.instance_norm("reconstruction.fine_norm", g.conv("reconstruction.fine", g.twice(x)), detector.INSTANCE_EPSILON)
    made = g.op("Sigmoid", "reconstruction/made", [g.conv("reconstruction.head", g.relu(x))])
    ranges = {"reconstruction": (0, 3), "jnd": (3, 4), "edges": (4, 5)}
    inputs = ["image", *(g.channels(name, made, *ends) for name, ends in ranges.items())]

    paths = [g.conv_batch(f"neck.separate.{i}", x, stride=2) for i, x in enumerate(inputs)]
    together = g.conv_batch("neck.unified", g.op("Concat", "neck/together", inputs, axis=1), stride=2)
    x = g.op("Concat", "neck", [*paths, together], axis=1)

    seen: List[str] = []
    levels = len(config.localization)
    for i in range(levels):
        if i:
            x = g.op("MaxPool", f"localization.pool.{i}", [x], kernel_shape=[2, 2], strides=[2, 2])
        for part in ("down_first", "down_second"):
            x = g.conv_batch(f"localization.{part}.{i}", x, dilation=2 if i >= 2 else 1)
        seen.append(x)
    for i in reversed(range(levels - 1)):
        joined = g.op("Concat", f"localization.join.{i}", [seen[i], g.twice(x)], axis=1)
        x = g.conv_batch(f"localization.up.{i}", joined)
    logits = g.op(
        "Resize",
        "localization/logits",
        [g.conv("localization.head", x), "", "scales"],
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    g.op("Sigmoid", "anomaly_map", [logits])

    entries: Dict[str, str] = {
        "detector.multiple": str(config.size_multiple),
        CONFIG: json.dumps(config.as_dict(), sort_keys=True),
        **metadata,
    }
    outputs = [planes("anomaly_map", 1), planes("reconstruction", 3), planes("jnd", 1), planes("edges", 1)]
    return g.model("detector", [planes("image", 3)], outputs, entries)


def config_of(model: ModelProto) -> DetectorConfig:
    """The configuration written by `build_graph`; ValueError if the file is no detector of ours."""
    return DetectorConfig.from_dict(config_text(model, CONFIG))
