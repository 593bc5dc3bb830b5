"""SAM-nano as two ONNX graphs, node by node, so that initializers keep the names of the PyTorch parameters.

Encoder: `pixel_values` -> `image_embeddings`, `image_positional_embeddings`.
Decoder: those two, `input_points`, `input_labels` -> `iou_scores`, `pred_masks`.
Shapes and ranges are in README.md.
"""

from __future__ import annotations

import json
import math
from typing import Dict, List, Mapping, Sequence, Tuple

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

from foundry.networks import sam
from foundry.networks.sam import MASKS, SamConfig
from foundry.onnx_graph import IR_VERSION, OPSET, GraphBuilder


class _Builder(GraphBuilder):
    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        super().__init__(weights)
        self.constants: Dict[str, None] = {}

    def weight(self, name: str) -> str:
        self.used[name] = None
        return name

    def number(self, value: object, dtype: type = np.float32) -> str:
        """A constant, written once."""
        array = np.array(value, dtype)
        name = f"const/{array.dtype}/" + ",".join(str(v) for v in array.ravel()[:8]) + f"/{array.ndim}"
        if array.size > 8:
            raise ValueError("Name large constants: use `constant`.")
        return self.constant(name, array)

    def constant(self, name: str, array: np.ndarray) -> str:
        if name not in self.constants:
            self.constants[name] = None
            self.op("Constant", name, [], value=numpy_helper.from_array(array, name))
        return name

    def ints(self, *values: int) -> str:
        return self.number(list(values), np.int64)

    def reshape(self, name: str, x: str, shape: Sequence[object]) -> str:
        """`shape` mixes integers and names of int64 [1] tensors."""
        if all(isinstance(v, int) for v in shape):
            return self.op("Reshape", name, [x, self.ints(*shape)])
        parts = [v if isinstance(v, str) else self.ints(v) for v in shape]
        return self.op("Reshape", name, [x, self.op("Concat", f"{name}/shape", parts, axis=0)])

    def transpose(self, name: str, x: str, *perm: int) -> str:
        return self.op("Transpose", name, [x], perm=list(perm))

    def slice(self, name: str, x: str, axis: int, start: int, end: int) -> str:
        return self.op("Slice", name, [x, self.ints(start), self.ints(end), self.ints(axis)])

    def conv(self, name: str, x: str, stride: int = 1, group: int = 1) -> str:
        weight, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        size = self.weights[weight].shape[-1]
        return self.op(
            "Conv", name, [x, weight, bias], kernel_shape=[size] * 2, strides=[stride] * 2, pads=[size // 2] * 4, group=group
        )

    def relu(self, x: str) -> str:
        return self.op("Relu", f"{x}/relu", [x])

    def linear(self, name: str, x: str) -> str:
        y = self.op("MatMul", f"{name}/product", [x, self.weight(f"{name}.weight")])
        return self.op("Add", name, [y, self.weight(f"{name}.bias")])

    def mlp(self, name: str, x: str) -> str:
        return self.linear(f"{name}.second", self.relu(self.linear(f"{name}.first", x)))

    def norm(self, name: str, x: str) -> str:
        inputs = [x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias")]
        return self.op("LayerNormalization", name, inputs, axis=-1, epsilon=sam.EPSILON)

    def add(self, name: str, a: str, b: str) -> str:
        return self.op("Add", name, [a, b])

    def mul(self, name: str, a: str, b: str) -> str:
        return self.op("Mul", name, [a, b])

    def attention(self, name: str, q: str, k: str, v: str, heads: int, bias: str = "") -> str:
        inner = self.weights[f"{name}.q.weight"].shape[1]

        def split(part: str, x: str, *perm: int) -> str:
            y = self.reshape(f"{name}.{part}/heads", self.linear(f"{name}.{part}", x), (0, 0, heads, inner // heads))
            return self.transpose(f"{name}.{part}/split", y, *perm)

        logits = self.op("MatMul", f"{name}/logits", [split("q", q, 0, 2, 1, 3), split("k", k, 0, 2, 3, 1)])
        logits = self.mul(f"{name}/scaled", logits, self.number((inner // heads) ** -0.5))
        if bias:
            logits = self.add(f"{name}/biased", logits, bias)
        share = self.op("Softmax", f"{name}/share", [logits], axis=-1)
        x = self.op("MatMul", f"{name}/seen", [share, split("v", v, 0, 2, 1, 3)])
        x = self.reshape(f"{name}/joined", self.transpose(f"{name}/together", x, 0, 2, 1, 3), (0, 0, inner))
        return self.linear(f"{name}.out", x)

    def twice(self, x: str) -> str:
        return self.op(
            "Resize",
            f"{x}/twice",
            [x, "", self.number([1, 1, 2, 2])],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def positional(self, name: str, at: str) -> str:
        """`sam.positional` of points in [0, 1]."""
        angle = self.op("Sub", f"{name}/centred", [self.mul(f"{name}/double", at, self.number(2.0)), self.number(1.0)])
        angle = self.op("MatMul", f"{name}/turned", [angle, self.weight("frequencies")])
        angle = self.mul(f"{name}/angle", angle, self.number(2 * math.pi))
        parts = [self.op("Sin", f"{name}/sin", [angle]), self.op("Cos", f"{name}/cos", [angle])]
        return self.op("Concat", name, parts, axis=-1)

    def model(self, name: str, config: SamConfig, inputs: List, outputs: List, metadata: Dict[str, str]) -> ModelProto:
        if set(self.used) != set(self.weights):
            raise ValueError(f"The graph and the weights differ in {sorted(set(self.used) ^ set(self.weights))}.")
        arrays = [numpy_helper.from_array(np.ascontiguousarray(v, np.float32), k) for k, v in self.weights.items()]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, arrays)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="foundry/sam")
        model.ir_version = IR_VERSION
        helper.set_model_props(model, {**common_metadata(config), **metadata})
        checker.check_model(model, full_check=True)
        return model


def common_metadata(config: SamConfig) -> Dict[str, str]:
    return {
        "sam.family": "transformers.js",
        "sam.image_size": str(config.size),
        "sam.mask_size": str(config.size // 2),
        "sam.image_mean": json.dumps(sam.IMAGE_MEAN),
        "sam.image_std": json.dumps(sam.IMAGE_STD),
        "sam.box_labels": f"{sam.TOP_LEFT},{sam.BOTTOM_RIGHT}",
        "sam.config": json.dumps(config.as_dict(), sort_keys=True),
    }


def config_of(model: ModelProto) -> SamConfig:
    """The configuration in a file's metadata; ValueError if the file is none of ours."""
    for entry in model.metadata_props:
        if entry.key == "sam.config":
            return SamConfig.from_dict(json.loads(entry.value))
    raise ValueError("The ONNX file has no metadata entry sam.config: it was not written by foundry/sam.")


def _value(name: str, shape: List[object], kind: int = TensorProto.FLOAT):  # noqa: ANN202
    return helper.make_tensor_value_info(name, kind, shape)


def build_encoder(weights: Mapping[str, np.ndarray], config: SamConfig) -> ModelProto:
    """`weights`: state of `Encoder(config, plain=True)`. Float32 throughout."""
    g = _Builder(weights)
    side, d, w = config.side, config.width, config.token

    def residual(name: str, x: str) -> str:
        y = g.conv(f"{name}.second.conv", g.relu(g.conv(f"{name}.first.conv", x)))
        return g.relu(g.add(f"{name}/sum", x, y))

    def pack(name: str, x: str, r: int, c: int) -> str:
        y = g.reshape(f"{name}/blocks", x, (0, c, side, r, side, r))
        return g.reshape(name, g.transpose(f"{name}/turned", y, 0, 3, 5, 1, 2, 4), (0, r * r * c, side, side))

    x = at2 = g.relu(g.conv("stem.conv", "pixel_values", 2))
    seen = []
    for i, blocks in enumerate(config.blocks):
        x = g.relu(g.conv(f"down.{i}.conv", x, 2))
        for k in range(blocks):
            x = residual(f"stages.{i}.{k}", x)
        seen.append(x)
    at4, at8, at16 = seen
    c, n = config.stages[3], (config.size // 16) ** 2
    tokens = g.transpose("context/tokens", g.reshape("context/flat", at16, (0, c, n)), 0, 2, 1)
    tokens = g.add("context/placed", tokens, g.weight("position"))
    for i in range(config.context):
        y = g.norm(f"context.{i}.norm1", tokens)
        tokens = g.add(f"context.{i}/seen", tokens, g.attention(f"context.{i}.attention", y, y, y, config.heads))
        y = g.mlp(f"context.{i}.mlp", g.norm(f"context.{i}.norm2", tokens))
        tokens = g.add(f"context.{i}/thought", tokens, y)
    tokens = g.transpose("context/back", g.norm("context_norm", tokens), 0, 2, 1)
    at16 = g.reshape("context", tokens, (0, c, config.size // 16, config.size // 16))
    mixed = g.add("neck", g.conv("lateral.conv", at8), g.twice(g.conv("top.conv", at16)))
    mixed = g.relu(g.conv("mix.conv", g.relu(mixed)))

    def coloured(name: str, x: str, step: int) -> str:
        colours = g.op(
            "AveragePool", f"{name}/colours", ["pixel_values"], kernel_shape=[step] * 2, strides=[step] * 2
        )
        return g.op("Concat", name, [colours, x], axis=1)

    fine4 = g.add("fine4/sum", g.conv("fine4.conv", at4), g.twice(g.conv("from_mix.conv", mixed)))
    fine4, fine2 = coloured("fine4", fine4, 4), coloured("fine2", g.conv("fine2.conv", at2), 2)
    f4, f2 = config.fine
    parts = [g.conv("meaning", mixed), pack("fine4/packed", fine4, 2, f4), pack("fine2/packed", fine2, 4, f2)]
    g.op("Concat", "image_embeddings", parts, axis=1)

    places = g.positional("places/features", g.constant("places", sam.grid(side).numpy()))
    places = g.reshape("places/plane", g.transpose("places/turned", places, 1, 0), (1, w, side, side))
    batch = g.op("Shape", "batch", ["pixel_values"], start=0, end=1)
    shape = g.op("Concat", "places/each/shape", [batch, g.ints(w, side, side)], axis=0)
    g.op("Expand", "image_positional_embeddings", [places, shape])
    return g.model(
        "sam-encoder",
        config,
        [_value("pixel_values", ["B", 3, config.size, config.size])],
        [
            _value("image_embeddings", ["B", config.channels, side, side]),
            _value("image_positional_embeddings", ["B", w, side, side]),
        ],
        {"sam.part": "encoder"},
    )


def build_decoder(weights: Mapping[str, np.ndarray], config: SamConfig, metadata: Mapping[str, str] = {}) -> ModelProto:
    """`weights`: state of `Decoder(config)`. Float32 throughout. `metadata`: further entries."""
    g = _Builder(weights)
    side, n, (f4, f2) = config.side, config.side**2, config.fine
    d, w = config.width, config.token
    b = g.op("Shape", "B", ["input_labels"], start=0, end=1)
    p = g.op("Shape", "P", ["input_labels"], start=1, end=2)
    k = g.op("Shape", "K", ["input_labels"], start=2, end=3)
    pk, bp = g.mul("PK", p, k), g.mul("BP", b, p)

    def part(name: str, start: int, size: int) -> str:
        return g.slice(name, "image_embeddings", 1, start, start + size)

    def unpack(name: str, x: str) -> str:
        return g.op("DepthToSpace", name, [x], blocksize=2, mode="DCR")

    def flat_plane(name: str, x: str) -> str:
        return g.transpose(f"{name}/flat", g.reshape(f"{name}/rows", x, (0, 0, -1)), 0, 2, 1)

    def half(name: str, x: str) -> str:
        return g.op("AveragePool", f"{name}/half", [x], kernel_shape=[2, 2], strides=[2, 2])

    meaning = flat_plane("meaning", part("meaning", 0, d))
    fine4 = unpack("fine4/plane", part("fine4", d, 4 * f4))
    fine2 = g.op("DepthToSpace", "fine2/plane", [part("fine2", d + 4 * f4, 16 * f2)], blocksize=4, mode="DCR")
    place = flat_plane("place", half("place", "image_positional_embeddings"))

    at = g.mul("points/at", g.add("points/middle", "input_points", g.number(0.5)), g.number(1 / config.size))
    labels = g.op("Unsqueeze", "labels/column", ["input_labels", g.ints(-1)])
    is_ = g.op("Equal", "labels/equal", [labels, g.ints(0, 1, 2, 3)])
    is_ = g.op("Cast", "labels/is", [is_], to=TensorProto.FLOAT)  # [B, P, K, 4]
    one = g.number(1.0)
    background, foreground, corner0, corner1 = (
        g.slice(f"labels/{name}", is_, 3, i, i + 1) for i, name in enumerate(("background", "foreground", "first", "last"))
    )

    first = g.op("ReduceSum", "box/first", [g.mul("box/firsts", at, corner0), g.ints(2)], keepdims=1)
    last = g.op("ReduceSum", "box/last", [g.mul("box/lasts", at, corner1), g.ints(2)], keepdims=1)  # [B, P, 1, 2]
    boxed = g.mul(
        "box/pairs",
        g.op("ReduceSum", "box/count0", [corner0, g.ints(2)], keepdims=0),
        g.op("ReduceSum", "box/count1", [corner1, g.ints(2)], keepdims=0),
    )
    boxed = g.op("Min", "box/there", [boxed, one])  # [B, P, 1]
    soft = g.number(side / sam.SOFT)
    point, positive = g.add("labels/point", background, foreground), g.add("labels/positive", foreground, corner0)
    column = g.op("Unsqueeze", "points/column", [at, g.ints(3)])

    def spot(name: str, away: str, radius: float) -> str:
        return g.op("Exp", name, [g.mul(f"{name}/exponent", away, g.number(-0.5 / radius**2))])

    def look(scale: int) -> Tuple[str, str, str]:
        """Squared distances [B, P, K, N'], the box [B, P, N'] and each point's shares of the places, flat
        [B, PK, N'], at S / (8 / scale)."""
        s = f"at{8 // scale}"
        places = g.constant(f"{s}/places", sam.grid(scale * side).numpy())  # [N', 2]
        away = g.op("Sub", f"{s}/away/steps", [places, column])
        away = g.mul(f"{s}/away/places", away, g.number(float(side)))
        away = g.mul(f"{s}/away/squares", away, away)
        away = g.op("ReduceSum", f"{s}/away", [away, g.ints(-1)], keepdims=0)
        right, left = g.op("Sub", f"{s}/box/from", [places, first]), g.op("Sub", f"{s}/box/to", [last, places])
        edges = g.mul(
            f"{s}/box/edges",
            g.op("Sigmoid", f"{s}/box/right", [g.mul(f"{s}/box/rightness", right, soft)]),
            g.op("Sigmoid", f"{s}/box/left", [g.mul(f"{s}/box/leftness", left, soft)]),
        )  # [B, P, N', 2]
        box = g.op("ReduceProd", f"{s}/box/both", [edges], axes=[3], keepdims=0)
        box = g.mul(f"{s}/box", box, boxed)
        row = g.op("Unsqueeze", f"{s}/box/row", [box, g.ints(2)])
        share = g.mul(f"{s}/share/points", spot(f"{s}/window", away, sam.WINDOW / scale), point)
        share = g.add(f"{s}/share/all", share, g.mul(f"{s}/share/box", row, corner0))
        total = g.op("ReduceSum", f"{s}/share/total", [share, g.ints(-1)], keepdims=1)
        share = g.op("Div", f"{s}/share", [share, g.add(f"{s}/share/sum", total, g.number(1e-6))])
        return away, box, g.reshape(f"{s}/share/flat", share, (b, pk, scale * scale * n))

    def strongest(name: str, x: str, label: str) -> str:
        return g.op("ReduceMax", name, [g.mul(f"{name}/of", x, label)], axes=[2], keepdims=0)

    def likenesses(name: str, count: int, features: str, flat: str, places: int) -> List[str]:
        """Two maps [B, P, N'], of the points inside and of those outside, for each comparison."""
        maps = []
        for i in range(count):
            part = f"{name}.{i}"
            a = g.linear(part, features)
            own = g.op("MatMul", f"{part}/own", [flat, a])
            own2 = g.op("ReduceSum", f"{part}/own2", [g.mul(f"{part}/owns", own, own), g.ints(-1)], keepdims=1)
            all2 = g.op("ReduceSum", f"{part}/all2", [g.mul(f"{part}/alls", a, a), g.ints(-1)], keepdims=0)
            cross = g.op("MatMul", f"{part}/cross", [own, g.transpose(f"{part}/turned", a, 0, 2, 1)])
            gap = g.op("Sub", f"{part}/near", [own2, g.mul(f"{part}/double", cross, g.number(2.0))])
            gap = g.relu(g.add(f"{part}/gap", gap, g.op("Unsqueeze", f"{part}/row", [all2, g.ints(1)])))
            like = g.op("Exp", f"{part}/like", [g.op("Neg", f"{part}/minus", [gap])])
            like = g.reshape(f"{part}/maps", like, (b, p, k, places))
            maps += [strongest(f"{part}/inside", like, positive), strongest(f"{part}/outside", like, background)]
        return maps

    def columns(name: str, maps: Sequence[str]) -> str:
        each = [g.op("Unsqueeze", f"{x}/column", [x, g.ints(-1)]) for x in maps]
        return g.op("Concat", name, each, axis=-1)

    away, box, flat = look(1)
    narrow, wide = spot("narrow", away, sam.NARROW), spot("wide", away, sam.WIDE)
    under = g.linear("under", g.op("MatMul", "under/mean", [flat, meaning]))
    under = g.reshape("under/points", under, (b, p, k, w))
    maps = [
        strongest("drawn/near", narrow, foreground),
        strongest("drawn/around", wide, foreground),
        strongest("drawn/not_near", narrow, background),
        strongest("drawn/not_around", wide, background),
        box,
        *likenesses("alike", 2, meaning, flat, n),
    ]
    like4 = columns("like4", likenesses("like4.alike", sam.COMPARED[0], flat_plane("fine4", fine4), look(2)[2], 4 * n))
    like2 = columns("like2", likenesses("like2.alike", sam.COMPARED[1], flat_plane("fine2", fine2), look(4)[2], 16 * n))
    drawn = g.mlp("drawn", columns("drawn/all", maps))
    x = g.add("x/drawn", g.op("Unsqueeze", "meaning/each", [meaning, g.ints(1)]), drawn)
    plane = g.transpose("plane/turned", g.reshape("plane/rows", x, (bp, n, d)), 0, 2, 1)
    plane = g.reshape("plane", plane, (0, d, side, side))
    x = g.linear("inward", flat_plane("inward", half("plane", plane)))  # [BP, N/4, W]
    shape = g.op("Concat", "place/each/shape", [b, p, g.ints(n // 4, w)], axis=0)
    place = g.op("Expand", "place/each", [g.op("Unsqueeze", "place/row", [place, g.ints(1)]), shape])
    place = g.reshape("place", place, (bp, n // 4, w))

    used = g.op("ReduceSum", "labels/used", [is_, g.ints(-1)], keepdims=1)  # [B, P, K, 1]
    kept = g.mul("under/kept", under, g.op("Sub", "labels/not_last", [one, corner1]))
    prompts = g.mul("prompts/seen", g.add("prompts/sum", g.positional("prompts/place", at), kept), used)
    prompts = g.add("prompts", prompts, g.op("MatMul", "prompts/labels", [is_, g.weight("labels")]))
    count = 1 + MASKS
    shape = g.op("Concat", "outputs/each/shape", [b, p, g.ints(count, w)], axis=0)
    outputs = g.op("Expand", "outputs/each", [g.weight("outputs"), shape])
    origin = g.reshape("origin", g.op("Concat", "origin/all", [outputs, prompts], axis=2), (bp, -1, w))
    ones = g.op(
        "ConstantOfShape",
        "known/outputs",
        [g.op("Concat", "known/outputs/shape", [b, p, g.ints(count, 1)], axis=0)],
        value=numpy_helper.from_array(np.ones(1, np.float32)),
    )
    known = g.reshape("known", g.op("Concat", "known/all", [ones, used], axis=2), (bp, 1, 1, -1))
    bias = g.mul("bias", g.op("Sub", "unknown", [one, known]), g.number(sam.BLOCKED))

    tokens = origin
    for i in range(config.layers):
        name = f"layers.{i}"
        q = g.add(f"{name}/q", tokens, origin)
        y = g.attention(f"{name}.own", q, q, tokens, config.heads, bias)
        tokens = g.norm(f"{name}.norm1", g.add(f"{name}/own", tokens, y))
        placed = g.add(f"{name}/placed", x, place)
        y = g.attention(f"{name}.to_image", g.add(f"{name}/asking", tokens, origin), placed, x, config.heads)
        tokens = g.norm(f"{name}.norm2", g.add(f"{name}/seen", tokens, y))
        tokens = g.norm(f"{name}.norm3", g.add(f"{name}/thought", tokens, g.mlp(f"{name}.mlp", tokens)))
        y = g.attention(f"{name}.to_tokens", placed, g.add(f"{name}/telling", tokens, origin), tokens, config.heads, bias)
        x = g.add(f"{name}/told", x, y)
        y = g.reshape(f"{name}/plane", g.transpose(f"{name}/turned", x, 0, 2, 1), (0, w, side // 2, side // 2))
        y = flat_plane(f"{name}/spread", g.conv(f"{name}.spread", y, group=w))
        x = g.norm(f"{name}.norm4", g.add(f"{name}/spread/sum", x, y))
    y = g.attention("final", g.add("final/asking", tokens, origin), g.add("final/placed", x, place), x, config.heads)
    tokens = g.norm("final_norm", g.add("final/sum", tokens, y))

    def join(name: str, plane: str, fine: str, channels: int, scale: int) -> str:
        """The prompts' planes plus the image's, both at `scale` times the side."""
        size = scale * side
        split = g.reshape(f"{name}/split", plane, (b, p, channels, size, size))
        total = g.add(f"{name}/sum", split, g.op("Unsqueeze", f"{name}/image", [fine, g.ints(1)]))
        return g.relu(g.reshape(f"{name}/joined", total, (-1, channels, size, size)))

    x = g.transpose("outward/turned", g.linear("outward", x), 0, 2, 1)
    x = g.twice(g.reshape("outward/plane", x, (0, d, side // 2, side // 2)))
    plane = g.relu(g.add("plane/sum", plane, x))

    def spread(name: str, plane: str, group: int) -> str:
        return g.add(f"{name}/sum", plane, g.conv(f"{name}.second", g.relu(g.conv(f"{name}.first", plane, group=group))))

    for i in range(sam.SPREAD[0]):
        plane = spread(f"spread8.{i}", plane, d)
    drawn4 = g.transpose("drawn4/turned", g.mlp("drawn4", like4), 0, 1, 3, 2)
    drawn4 = g.reshape("drawn4/plane", drawn4, (-1, f4, 2 * side, 2 * side))
    plane = g.add("enlarge4/drawn", unpack("enlarge4/plane", g.conv("enlarge4", plane)), drawn4)
    plane = join("at4", plane, fine4, f4, 2)
    plane = g.relu(g.conv("join4", plane))
    for i in range(sam.SPREAD[1]):
        plane = spread(f"spread4.{i}", plane, 1)
    plane = join("at2", unpack("enlarge2/plane", g.conv("enlarge2", plane)), fine2, f2, 4)
    like2 = g.transpose("like2/turned", like2, 0, 1, 3, 2)
    like2 = g.reshape("like2/plane", like2, (-1, 2 * sam.COMPARED[1], 4 * side, 4 * side))
    plane = g.relu(g.conv("join2", g.op("Concat", "at2/compared", [plane, like2], axis=1)))
    plane = g.reshape("at2/rows", plane, (0, f2, 16 * n))
    weights_ = g.mlp("weights", g.slice("tokens/masks", tokens, 1, 1, count))
    masks = g.op("MatMul", "masks/product", [g.slice("weights/slope", weights_, 2, 0, f2), plane])
    masks = g.add("masks/flat", masks, g.slice("weights/shift", weights_, 2, f2, f2 + 1))
    g.reshape("pred_masks", masks, (b, p, MASKS, 4 * side, 4 * side))
    scores = g.op("Sigmoid", "scores", [g.mlp("quality", g.slice("tokens/quality", tokens, 1, 0, 1))])
    g.reshape("iou_scores", scores, (b, p, MASKS))
    return g.model(
        "sam-decoder",
        config,
        [
            _value("image_embeddings", ["B", config.channels, side, side]),
            _value("image_positional_embeddings", ["B", w, side, side]),
            _value("input_points", ["B", "P", "K", 2]),
            _value("input_labels", ["B", "P", "K"], TensorProto.INT64),
        ],
        [_value("iou_scores", ["B", "P", MASKS]), _value("pred_masks", ["B", "P", MASKS, 4 * side, 4 * side])],
        {"sam.part": "decoder", **metadata},
    )
