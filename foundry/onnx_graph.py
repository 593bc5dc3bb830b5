"""What every network's ONNX graph is written with: nodes by name, and which weights they use."""

from __future__ import annotations

import json
from typing import Dict, List, Mapping, Sequence

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

OPSET = 17
IR_VERSION = 8


class GraphBuilder:
    """Collects nodes. Every method appends and returns the name of the last output."""

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        self.weights = weights
        self.nodes: List[NodeProto] = []
        self.used: Dict[str, None] = {}

    def op(self, kind: str, name: str, inputs: Sequence[str], **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def conv(self, name: str, x: str, stride: int = 1, dilation: int = 1) -> str:
        """Convolution padded to 'same' (half its reach), with `name`.weight and, where there is one, `name`.bias."""
        inputs = [x, f"{name}.weight"]
        if f"{name}.bias" in self.weights:
            inputs.append(f"{name}.bias")
        self.used.update(dict.fromkeys(inputs[1:]))
        size = self.weights[f"{name}.weight"].shape[-1]
        dilated = {"dilations": [dilation] * 2} if dilation > 1 else {}
        pads = [dilation * (size // 2)] * 4
        return self.op("Conv", name, inputs, kernel_shape=[size] * 2, strides=[stride] * 2, pads=pads, **dilated)

    def instance_norm(self, name: str, x: str, epsilon: float) -> str:
        inputs = [x, f"{name}.weight", f"{name}.bias"]
        self.used.update(dict.fromkeys(inputs[1:]))
        return self.op("InstanceNormalization", name, inputs, epsilon=epsilon)

    def relu(self, x: str) -> str:
        return self.op("Relu", f"{x}/relu", [x])

    def twice(self, x: str) -> str:
        """Nearest-neighbour enlargement to twice the size; needs a constant `scales` of 1, 1, 2, 2."""
        return self.op(
            "Resize",
            f"{x}/twice",
            [x, "", "scales"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def constant(self, name: str, value: np.ndarray) -> str:
        return self.op("Constant", name, [], value=numpy_helper.from_array(value, name))

    def model(
        self, name: str, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto], metadata: Dict[str, str]
    ) -> ModelProto:
        """All nodes as a checked model with float32 weights. ValueError if a weight is not used, or one used not there."""
        if set(self.used) != set(self.weights):
            raise ValueError(f"The graph and the weights differ in {sorted(set(self.used) ^ set(self.weights))}.")
        arrays = [numpy_helper.from_array(np.ascontiguousarray(v, np.float32), k) for k, v in self.weights.items()]
        graph = helper.make_graph(self.nodes, name, list(inputs), list(outputs), arrays)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name=f"foundry/{name}")
        model.ir_version = IR_VERSION
        helper.set_model_props(model, metadata)
        checker.check_model(model, full_check=True)
        return model


def planes(name: str, channels: int) -> ValueInfoProto:
    """A float32 value of N images of `channels` planes."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", channels, "H", "W"])


def config_text(model: ModelProto, key: str) -> Dict[str, object]:
    """The JSON in the metadata entry `key`; ValueError if there is none."""
    for entry in model.metadata_props:
        if entry.key == key:
            return json.loads(entry.value)
    raise ValueError(f"The ONNX file has no metadata entry {key}: it was not written by the foundry.")
