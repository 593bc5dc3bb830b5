"""Weights of ONNX models: stored as float16 with a Cast, left out (a template), or filled in.

A model is kept with float32 arithmetic; only its stored weights are halved. An initializer keeps
its name: the node that read `w` reads the output `w/f32` of a Cast instead.
"""

from __future__ import annotations

from typing import Callable, Dict, Mapping

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

CAST_SUFFIX = "/f32"


def half_initializers(model: ModelProto, keep: Callable[[str], bool] = lambda name: False) -> ModelProto:
    """Copy of `model` whose float32 initializers are stored as float16, each followed by a Cast.

    `keep(name)` true leaves an initializer in float32, for weights that rounding would hurt.
    ValueError names a weight that float16 cannot hold (|value| > 65504 or not finite).
    """
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    casts = []
    renamed: Dict[str, str] = {}
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or keep(tensor.name):
            continue
        values = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.isfinite(half).all():
            raise ValueError(f"Initializer {tensor.name} has values that float16 cannot hold.")
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, name))
        renamed[name] = name + CAST_SUFFIX
        casts.append(helper.make_node("Cast", [name], [renamed[name]], name=renamed[name], to=TensorProto.FLOAT))
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = renamed.get(name, name)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    checker.check_model(result)
    return result


def without_weights(model: ModelProto) -> ModelProto:
    """Copy of `model` whose initializers have name, type and dims but no values.

    Such a template runs nowhere until :func:`with_weights` (or its like) has filled every one.
    """
    result = ModelProto()
    result.CopyFrom(model)
    for tensor in result.graph.initializer:
        empty = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
        tensor.CopyFrom(empty)
    return result


def with_weights(model: ModelProto, weights: Mapping[str, np.ndarray]) -> ModelProto:
    """Copy of `model` whose initializers hold `weights` in float32.

    Works on templates and on float16 files alike: a Cast from float32 to float32 changes nothing.
    ValueError if names or shapes differ from the model's initializers.
    """
    result = ModelProto()
    result.CopyFrom(model)
    names = {tensor.name for tensor in result.graph.initializer}
    if names != set(weights):
        raise ValueError(f"Weights and model differ in these names: {sorted(names ^ set(weights))}.")
    for tensor in result.graph.initializer:
        values = np.ascontiguousarray(weights[tensor.name], dtype=np.float32)
        if list(values.shape) != list(tensor.dims):
            raise ValueError(f"{tensor.name} is {list(values.shape)}, the model needs {list(tensor.dims)}.")
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    checker.check_model(result)
    return result


def initializers(model: ModelProto) -> Dict[str, np.ndarray]:
    """Name -> values, as float32 where they are stored as float16."""
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    return {k: v.astype(np.float32) if v.dtype == np.float16 else v for k, v in arrays.items()}
