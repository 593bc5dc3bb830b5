"""PiDiNet as an ONNX graph of plain convolutions.

The graph is written node by node rather than traced: initializer names are part of the contract
with the loader of published checkpoints (see README.md), and a trace renames or folds them.

Input  `image`: float32 [N, 3, H, W], RGB in [0, 1]; H, W >= 16. Normalisation is inside.
Output `e1`, `e2`, `e3`, `e4`, `fused`: float32 [N, 1, H, W], edge strength in [0, 1].
"""

from __future__ import annotations

from typing import Mapping, Optional

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

from foundry.networks.pidinet import BLOCKS_PER_STAGE, DILATIONS, IMAGE_MEAN, IMAGE_STD, OUTPUT_NAMES
from foundry.onnx_graph import IR_VERSION, OPSET, GraphBuilder


class _Builder(GraphBuilder):
    def constant(self, name: str, value: np.ndarray) -> str:
        return self.op("Constant", name, [], value=numpy_helper.from_array(value, name))

    def conv(self, name: str, x: str, dilation: int = 1, group: int = 1) -> str:
        """'Same' convolution with the weights `name`.weight and, where there is one, `name`.bias."""
        inputs = [x, f"{name}.weight"]
        if f"{name}.bias" in self.weights:
            inputs.append(f"{name}.bias")
        self.used.update(dict.fromkeys(inputs[1:]))
        size = self.weights[f"{name}.weight"].shape[-1]
        pad = dilation * (size // 2)
        return self.op(
            "Conv", name, inputs, kernel_shape=[size, size], pads=[pad] * 4, dilations=[dilation] * 2, group=group
        )


def build_graph(weights: Mapping[str, np.ndarray], variant: str) -> ModelProto:
    """Model of the plain network; `weights` as from `plain_state_dict`. Float32 throughout."""
    g = _Builder(weights)
    mean = g.constant("image/mean", np.array(IMAGE_MEAN, np.float32).reshape(1, 3, 1, 1))
    std = g.constant("image/std", np.array(IMAGE_STD, np.float32).reshape(1, 3, 1, 1))
    centred = g.op("Sub", "image/centred", ["image", mean])
    x = g.op("Div", "image/normalised", [centred, std])

    # [N, 1, H, W], the size of every output.
    batch = g.op("Shape", "size/batch", ["image"], start=0, end=1)
    plane = g.op("Shape", "size/plane", ["image"], start=2, end=4)
    one = g.constant("size/one", np.array([1], np.int64))
    size = g.op("Concat", "size", [batch, one, plane], axis=0)

    x = g.conv("init_block", x)
    logits = []
    for s, blocks in enumerate(BLOCKS_PER_STAGE, start=1):
        for b in range(1, blocks + 1):
            x = _block(g, f"block{s}_{b}", x, strided=s > 1 and b == 1)
        logits.append(_side(g, s - 1, x, size if s > 1 else None))
    joined = g.op("Concat", "logits", logits, axis=1)
    logits.append(g.conv("classifier", joined))
    for name, logit in zip(OUTPUT_NAMES, logits):
        g.op("Sigmoid", name, [logit])

    if set(g.used) != set(weights):
        raise ValueError(f"The graph and the weights differ in {sorted(set(g.used) ^ set(weights))}.")
    graph = helper.make_graph(
        g.nodes,
        "pidinet",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 1, "H", "W"]) for name in OUTPUT_NAMES],
        [numpy_helper.from_array(np.ascontiguousarray(weights[name], np.float32), name) for name in weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="foundry/pidinet")
    model.ir_version = IR_VERSION
    helper.set_model_props(model, {"pidinet.variant": variant})
    checker.check_model(model, full_check=True)
    return model


def _block(g: _Builder, name: str, x: str, strided: bool) -> str:
    if strided:
        x = g.op("MaxPool", f"{name}/pool", [x], kernel_shape=[2, 2], strides=[2, 2])
    shortcut = g.conv(f"{name}.shortcut", x) if strided else x
    channels = g.weights[f"{name}.conv1.weight"].shape[0]
    y = g.op("Relu", f"{name}/relu", [g.conv(f"{name}.conv1", x, group=channels)])
    return g.op("Add", f"{name}/add", [g.conv(f"{name}.conv2", y), shortcut])


def _side(g: _Builder, i: int, x: str, size: Optional[str]) -> str:
    """Dilation module, attention and side output of stage i (0…3), brought to `size`."""
    name = f"dilations.{i}"
    x = g.conv(f"{name}.conv1", g.op("Relu", f"{name}/relu", [x]))
    total = g.conv(f"{name}.conv2_1", x, dilation=DILATIONS[0])
    for k, dilation in enumerate(DILATIONS[1:], start=2):
        total = g.op("Add", f"{name}/add{k}", [total, g.conv(f"{name}.conv2_{k}", x, dilation=dilation)])

    name = f"attentions.{i}"
    a = g.conv(f"{name}.conv1", g.op("Relu", f"{name}/relu", [total]))
    a = g.op("Sigmoid", f"{name}/sigmoid", [g.conv(f"{name}.conv2", a)])
    logit = g.conv(f"conv_reduces.{i}.conv", g.op("Mul", f"{name}/mul", [total, a]))
    if size is None:
        return logit
    return g.op(
        "Resize", f"logit.{i}", [logit, "", "", size], mode="linear", coordinate_transformation_mode="half_pixel"
    )
