"""What every network's ONNX graph is written with: nodes by name, and which weights they use."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence

import numpy as np
from onnx import NodeProto, helper

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
