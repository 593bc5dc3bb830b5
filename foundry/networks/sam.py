"""SAM-nano: a small promptable segmenter with the inputs and outputs of SAM (Kirillov et al., ICCV 2023).

Encoder, once an image: a residual network down to S/16, self-attention there, and a top-down neck. Its embedding at S/8
carries three maps side by side: `width` channels of meaning, and finer maps of S/4 and S/2 packed into channels, so that
masks can have sharp edges although the file format has room for one embedding only.

Decoder, once a set of prompts: tokens (quality, three masks, and one for each prompt point) and the image, at S/16, look
at each other twice; convolutions spread what they saw at S/8, S/4 and S/2; then each mask token becomes the weights of a
dot product over the enlarged image. Beyond SAM,
prompts are also drawn into the image: where they lie, and how like each place is to what lies under them, at every
resolution down to S/2, where colour itself is among what is compared. That is what lets a network learn from few
pictures, and where sharp outlines come from.

Tensors: B images, P prompts an image, K points a prompt, N = (S/8)² places, D = width, W = token.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

IMAGE_MEAN = (123.675, 116.28, 103.53)
IMAGE_STD = (58.395, 57.12, 57.375)
#: Labels of prompt points; any other value, such as -10 or -1, is padding.
BACKGROUND, FOREGROUND, TOP_LEFT, BOTTOM_RIGHT, PADDING = 0, 1, 2, 3, -10
MASKS = 3
STRIDE = 8
#: Added to the attention logits of padding.
BLOCKED = -1e4
EPSILON = 1e-5
#: Maps drawn from the prompts: two spots of each sign, the box, and two likenesses of each sign.
DRAWN = 9
#: Radii of the spots and of the window under a point, and softness of a box's edge, in places.
NARROW, WIDE, WINDOW, SOFT = 1.0, 4.0, 0.5, 0.25
#: Comparisons at S/4 and at S/2; each gives a map of each sign.
COMPARED = (2, 2)
#: The finer maps begin with the picture's colours.
COLOURS = 3
#: Convolution blocks of the decoder at S/8 and at S/4.
SPREAD = (2, 2)


@dataclass(frozen=True)
class SamConfig:
    """size: side S of the input, a multiple of 32. stages: channels at S/2, S/4, S/8, S/16. blocks: residual blocks at
    S/4, S/8, S/16. context: attention blocks at S/16. width: D, channels at S/8. fine: channels of the maps at S/4 and S/2.
    token: W, length of a token. layers: two-way layers. heads: attention heads. cross: channels inside attention between
    tokens and image. likeness: channels in which places are compared, fine_likeness: those of S/4 and S/2."""

    size: int = 256
    stages: Tuple[int, int, int, int] = (16, 32, 64, 128)
    blocks: Tuple[int, int, int] = (1, 2, 2)
    context: int = 2
    width: int = 64
    fine: Tuple[int, int] = (16, 8)
    token: int = 96
    layers: int = 2
    heads: int = 4
    cross: int = 32
    likeness: int = 16
    fine_likeness: int = 8

    @property
    def side(self) -> int:
        return self.size // STRIDE

    @property
    def channels(self) -> int:
        """Channels of `image_embeddings`."""
        return self.width + 4 * self.fine[0] + 16 * self.fine[1]

    def as_dict(self) -> Dict[str, object]:
        return asdict(self)

    @staticmethod
    def from_dict(content: Dict) -> "SamConfig":
        return SamConfig(**{k: tuple(v) if isinstance(v, list) else v for k, v in content.items()})


def pack(x: Tensor, r: int) -> Tensor:
    """[B, C, rh, rw] -> [B, r·r·C, h, w], the order of ONNX's SpaceToDepth."""
    b, c, h, w = x.shape
    return x.reshape(b, c, h // r, r, w // r, r).permute(0, 3, 5, 1, 2, 4).reshape(b, r * r * c, h // r, w // r)


def unpack(x: Tensor, r: int) -> Tensor:
    """The inverse of `pack`: ONNX's DepthToSpace, mode DCR."""
    b, c, h, w = x.shape
    return x.reshape(b, r, r, c // (r * r), h, w).permute(0, 3, 4, 1, 5, 2).reshape(b, c // (r * r), h * r, w * r)


def grid(side: int) -> Tensor:
    """Middles of the places, row by row, (x, y) as shares of the image's side: [side², 2]."""
    line = (torch.arange(side) + 0.5) / side
    return torch.stack([line.repeat(side), line.repeat_interleave(side)], dim=-1)


class Linear(nn.Module):
    """x @ weight + bias with weight [in, out], as ONNX's MatMul wants it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.weight).reshape(*x.shape[:-1], -1)


class Conv(nn.Module):
    """Convolution padded to 'same', then batch normalisation while training; `plain`: a bias instead, folded in."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1, plain: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=plain)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        self.norm: Optional[nn.BatchNorm2d] = None if plain else nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x if self.norm is None else self.norm(x)


class Residual(nn.Module):
    def __init__(self, channels: int, plain: bool) -> None:
        super().__init__()
        self.first = Conv(channels, channels, plain=plain)
        self.second = Conv(channels, channels, plain=plain)
        if not plain:
            nn.init.zeros_(self.second.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(F.relu(self.first(x))))


class Attention(nn.Module):
    """Multi-head attention, queries [A, Q, D], keys and values [A, R, D] -> [A, Q, D], `inner` channels inside."""

    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = (Linear(width, inner) for _ in range(3))
        self.out = Linear(inner, width)

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor] = None) -> Tensor:
        """bias: [A, 1, 1, R], added to the logits."""
        q, k, v = self.split(self.q(q)), self.split(self.k(k)), self.split(self.v(v))
        logits = q @ k.transpose(2, 3) * (q.shape[-1] ** -0.5)
        if bias is not None:
            logits = logits + bias
        x = logits.softmax(-1) @ v
        return self.out(x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1))


class Mlp(nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = Linear(inputs, hidden), Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)))


class Context(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, EPSILON), nn.LayerNorm(width, EPSILON)
        self.attention = Attention(width, width, heads)
        self.mlp = Mlp(width, 2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        x = x + self.attention(y, y, y)
        return x + self.mlp(self.norm2(x))


def twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Encoder(nn.Module):
    """pixel_values [B, 3, S, S] -> image_embeddings [B, channels, S/8, S/8], image_positional_embeddings [B, W, S/8, S/8]."""

    def __init__(self, config: SamConfig, plain: bool = False) -> None:
        super().__init__()
        self.config = config
        s2, s4, s8, s16 = config.stages
        d, (f4, f2) = config.width, config.fine
        self.stem = Conv(3, s2, stride=2, plain=plain)
        self.down = nn.ModuleList(Conv(a, b, stride=2, plain=plain) for a, b in ((s2, s4), (s4, s8), (s8, s16)))
        self.stages = nn.ModuleList(
            nn.ModuleList(Residual(c, plain) for _ in range(n)) for c, n in zip((s4, s8, s16), config.blocks)
        )
        self.position = nn.Parameter(0.2 * torch.randn((config.size // 16) ** 2, s16))
        self.context = nn.ModuleList(Context(s16, config.heads) for _ in range(config.context))
        self.context_norm = nn.LayerNorm(s16, EPSILON)
        self.top, self.lateral = Conv(s16, d, 1, plain=plain), Conv(s8, d, 1, plain=plain)
        self.mix = Conv(d, d, plain=plain)
        self.meaning = nn.Conv2d(d, d, 1)
        self.from_mix, self.fine4 = (Conv(c, f4 - COLOURS, n, plain=plain) for c, n in ((d, 1), (s4, 3)))
        self.fine2 = Conv(s2, f2 - COLOURS, plain=plain)
        self.register_buffer("frequencies", torch.randn(2, config.token // 2))

    def forward(self, pixels: Tensor) -> Tuple[Tensor, Tensor]:
        x = at2 = F.relu(self.stem(pixels))
        seen = []
        for down, stage in zip(self.down, self.stages):
            x = F.relu(down(x))
            for block in stage:
                x = block(x)
            seen.append(x)
        at4, at8, at16 = seen
        b, c, h, w = at16.shape
        tokens = at16.flatten(2).transpose(1, 2) + self.position
        for block in self.context:
            tokens = block(tokens)
        at16 = self.context_norm(tokens).transpose(1, 2).reshape(b, c, h, w)
        mixed = F.relu(self.mix(F.relu(self.lateral(at8) + twice(self.top(at16)))))
        fine4 = torch.cat([F.avg_pool2d(pixels, 4), self.fine4(at4) + twice(self.from_mix(mixed))], dim=1)
        fine2 = torch.cat([F.avg_pool2d(pixels, 2), self.fine2(at2)], dim=1)
        embedding = torch.cat([self.meaning(mixed), pack(fine4, 2), pack(fine2, 4)], dim=1)
        side = self.config.side
        place = positional(grid(side).to(pixels), self.frequencies).t().reshape(1, -1, side, side)
        return embedding, place.expand(b, -1, -1, -1)


def positional(points: Tensor, frequencies: Tensor) -> Tensor:
    """Random Fourier features of points [..., 2] in [0, 1]: [..., W]."""
    angle = (2 * points - 1) @ frequencies * (2 * math.pi)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class TwoWay(nn.Module):
    """Tokens look at each other and at the image, then the image at the tokens; a convolution spreads what it saw."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        d = config.token
        self.own = Attention(d, d, config.heads)
        self.to_image = Attention(d, config.cross, config.heads)
        self.mlp = Mlp(d, 2 * d, d)
        self.to_tokens = Attention(d, config.cross, config.heads)
        self.norm1, self.norm2, self.norm3, self.norm4 = (nn.LayerNorm(d, EPSILON) for _ in range(4))
        self.spread = nn.Conv2d(d, d, 3, padding=1, groups=d)

    def forward(self, tokens: Tensor, origin: Tensor, x: Tensor, place: Tensor, bias: Tensor) -> Tuple[Tensor, Tensor]:
        """tokens, origin [BP, T, W]; x, place [BP, N/4, W]; bias [BP, 1, 1, T]."""
        q = tokens + origin
        tokens = self.norm1(tokens + self.own(q, q, tokens, bias))
        tokens = self.norm2(tokens + self.to_image(tokens + origin, x + place, x))
        tokens = self.norm3(tokens + self.mlp(tokens))
        x = x + self.to_tokens(x + place, tokens + origin, tokens, bias)
        side = math.isqrt(x.shape[1])
        plane = x.transpose(1, 2).reshape(x.shape[0], -1, side, side)
        x = self.norm4(x + self.spread(plane).flatten(2).transpose(1, 2))
        return tokens, x


class Likeness(nn.Module):
    """How like each place is to what lies under the points of a prompt, judged in a few learnt channels."""

    def __init__(self, inputs: int, channels: int, count: int) -> None:
        super().__init__()
        self.alike = nn.ModuleList(Linear(inputs, channels) for _ in range(count))
        with torch.no_grad():
            # Begin with colour, ever more exactly.
            for i, alike in enumerate(self.alike):
                alike.weight *= 0.2
                alike.weight[:COLOURS, :COLOURS] = torch.eye(COLOURS) * (1.5 + 1.5 * i)

    def forward(self, features: Tensor, share: Tensor, positive: Tensor, negative: Tensor) -> List[Tensor]:
        """features [B, N, C], share [B, P, K, N] (of each point, adding up to 1), positive and negative [B, P, K]: which
        points count -> two maps [B, P, N] in [0, 1] for each comparison."""
        b, p, k, n = share.shape
        flat = share.reshape(b, p * k, n)
        maps: List[Tensor] = []
        for alike in self.alike:
            a = alike(features)
            like = likeness(a, flat @ a).reshape(b, p, k, n)
            maps += [(like * positive[..., None]).amax(2), (like * negative[..., None]).amax(2)]
        return maps


def likeness(a: Tensor, own: Tensor) -> Tensor:
    """exp(−‖a − own‖²) of a [B, N, A] and own [B, Q, A]: [B, Q, N]."""
    gap = own.square().sum(-1, keepdim=True) - 2 * own @ a.transpose(1, 2) + a.square().sum(-1)[:, None]
    return torch.exp(-F.relu(gap))


def rows(plane: Tensor) -> Tensor:
    """[B, C, H, W] -> [B, H·W, C]."""
    return plane.flatten(2).transpose(1, 2)


class Spread(nn.Module):
    """x + conv(relu(conv(x))); `separable`: a convolution of each channel, then one of all channels at each place."""

    def __init__(self, channels: int, separable: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, groups=channels if separable else 1)
        self.second = nn.Conv2d(channels, channels, 1 if separable else 3, padding=0 if separable else 1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x)))


class Decoder(nn.Module):
    """(image_embeddings, image_positional_embeddings, input_points [B, P, K, 2], input_labels [B, P, K]) ->
    iou_scores [B, P, 3] in [0, 1], pred_masks [B, P, 3, S/2, S/2] logits. Points are pixel positions of the input."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        self.config = config
        d, w, (f4, f2) = config.width, config.token, config.fine
        self.register_buffer("frequencies", torch.randn(2, w // 2))
        self.labels = nn.Parameter(0.5 * torch.randn(4, w))
        self.outputs = nn.Parameter(0.5 * torch.randn(1 + MASKS, w))
        self.under = Linear(d, w)
        self.alike = nn.ModuleList(Linear(d, config.likeness) for _ in range(2))
        self.drawn = Mlp(DRAWN, d // 2, d)
        self.inward, self.outward = Linear(d, w), Linear(w, d)
        self.layers = nn.ModuleList(TwoWay(config) for _ in range(config.layers))
        self.final = Attention(w, config.cross, config.heads)
        self.final_norm = nn.LayerNorm(w, EPSILON)
        self.spread8 = nn.ModuleList(Spread(d, True) for _ in range(SPREAD[0]))
        self.enlarge4, self.join4 = nn.Conv2d(d, 4 * f4, 1), nn.Conv2d(f4, f4, 3, padding=1)
        self.spread4 = nn.ModuleList(Spread(f4, False) for _ in range(SPREAD[1]))
        self.enlarge2, self.join2 = nn.Conv2d(f4, 4 * f2, 1), nn.Conv2d(f2 + 2 * COMPARED[1], f2, 3, padding=1)
        self.weights = Mlp(w, w, f2 + 1)
        self.quality = Mlp(w, w, MASKS)
        self.like4, self.like2 = (Likeness(f, config.fine_likeness, n) for f, n in zip(config.fine, COMPARED))
        self.drawn4 = Mlp(2 * COMPARED[0], f4, f4)
        for scale in (1, 2, 4):
            self.register_buffer(f"places{scale}", grid(scale * config.side), persistent=False)

    def maps_of(self, embedding: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """The three maps of an embedding: [B, D, S/8, S/8], and the finer ones at S/4 and S/2."""
        f4, f2 = self.config.fine
        meaning, fine4, fine2 = embedding.split([self.config.width, 4 * f4, 16 * f2], dim=1)
        return meaning, unpack(fine4, 2), unpack(fine2, 4)

    def compared(self, embedding: Tensor) -> Sequence[Tuple[Tensor, Linear, int]]:
        """For each resolution its map, the first comparison made on it, and its step in places of S/2."""
        alikes = self.alike[0], self.like4.alike[0], self.like2.alike[0]
        return tuple(zip(self.maps_of(embedding), alikes, (4, 2, 1)))  # type: ignore[arg-type]

    def forward(self, embedding: Tensor, place: Tensor, points: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
        c = self.config
        b, p, k = labels.shape
        side, n, d, (f4, f2) = c.side, c.side**2, c.width, c.fine
        meaning, fine4, fine2 = self.maps_of(embedding)
        meaning = meaning.flatten(2).transpose(1, 2)  # [B, N, D]
        place = F.avg_pool2d(place, 2).flatten(2).transpose(1, 2)  # [B, N/4, W]

        at = (points + 0.5) / c.size
        is_ = torch.stack([(labels == v) for v in range(4)], dim=-1).to(points)  # [B, P, K, 4]
        background, foreground, corner0, corner1 = is_.unbind(-1)

        # Where the prompts lie, and what lies under them: the place at a point, the mean inside a box (kept by its first
        # corner).
        first, last = (at * corner[..., None] for corner in (corner0, corner1))
        first, last = first.sum(2)[:, :, None], last.sum(2)[:, :, None]  # [B, P, 1, 2]
        boxed = (corner0.sum(-1) * corner1.sum(-1)).clamp(0, 1)[..., None]  # [B, P, 1]
        positive, point = foreground + corner0, (background + foreground)[..., None]

        def away_at(scale: int) -> Tensor:
            """Squared distance of points and places, in places of S/8: [B, P, K, N']."""
            return ((getattr(self, f"places{scale}") - at[:, :, :, None]) * side).square().sum(-1)

        def box_at(scale: int) -> Tensor:
            """[B, P, N'], 1 inside the prompt's box."""
            places = getattr(self, f"places{scale}")
            edges = torch.sigmoid((places - first) * (side / SOFT)) * torch.sigmoid((last - places) * (side / SOFT))
            return edges[..., 0] * edges[..., 1] * boxed

        def share_of(away: Tensor, box: Tensor, scale: int) -> Tensor:
            window = torch.exp(away * (-0.5 * (scale / WINDOW) ** 2))
            share = window * point + box[:, :, None] * corner0[..., None]
            return share / (share.sum(-1, keepdim=True) + 1e-6)

        away, box = away_at(1), box_at(1)
        narrow, wide = (torch.exp(away * (-0.5 / r**2)) for r in (NARROW, WIDE))
        share = share_of(away, box, 1)
        flat = share.reshape(b, p * k, n)
        under = self.under(flat @ meaning).reshape(b, p, k, c.token)
        maps = [
            (narrow * foreground[..., None]).amax(2),
            (wide * foreground[..., None]).amax(2),
            (narrow * background[..., None]).amax(2),
            (wide * background[..., None]).amax(2),
            box,
        ]
        for alike in self.alike:
            a = alike(meaning)  # [B, N, A]
            like = likeness(a, flat @ a).reshape(b, p, k, n)
            maps += [(like * positive[..., None]).amax(2), (like * background[..., None]).amax(2)]
        like4, like2 = (
            torch.stack(like(rows(fine), share_of(away_at(scale), box_at(scale), scale), positive, background), dim=-1)
            for like, fine, scale in ((self.like4, fine4, 2), (self.like2, fine2, 4))
        )
        x = meaning[:, None] + self.drawn(torch.stack(maps, dim=-1))  # [B, P, N, D]
        plane = x.reshape(b * p, n, d).transpose(1, 2).reshape(b * p, d, side, side)
        x = self.inward(F.avg_pool2d(plane, 2).flatten(2).transpose(1, 2))  # [BP, N/4, W]
        place = place[:, None].expand(-1, p, -1, -1).reshape(b * p, n // 4, c.token)

        used = is_.sum(-1, keepdim=True)
        prompts = (positional(at, self.frequencies) + under * (1 - corner1[..., None])) * used + is_ @ self.labels
        origin = torch.cat([self.outputs.expand(b, p, -1, -1), prompts], dim=2).reshape(b * p, -1, c.token)
        known = torch.cat([used.new_ones(b, p, 1 + MASKS), used[..., 0]], dim=2).reshape(b * p, 1, 1, -1)
        bias = (1 - known) * BLOCKED
        tokens = origin
        for layer in self.layers:
            tokens, x = layer(tokens, origin, x, place, bias)
        tokens = self.final_norm(tokens + self.final(tokens + origin, x + place, x))

        x = self.outward(x).transpose(1, 2).reshape(b * p, d, side // 2, side // 2)
        plane = F.relu(plane + twice(x))
        for block in self.spread8:
            plane = block(plane)
        drawn4 = self.drawn4(like4).transpose(2, 3).reshape(b, p, f4, 2 * side, 2 * side)
        plane = unpack(self.enlarge4(plane), 2).reshape(b, p, f4, 2 * side, 2 * side) + fine4[:, None] + drawn4
        plane = F.relu(self.join4(F.relu(plane).flatten(0, 1)))
        for block in self.spread4:
            plane = block(plane)
        plane = unpack(self.enlarge2(plane), 2).reshape(b, p, f2, 4 * side, 4 * side) + fine2[:, None]
        like2 = like2.transpose(2, 3).reshape(b * p, -1, 4 * side, 4 * side)
        plane = self.join2(torch.cat([F.relu(plane).flatten(0, 1), like2], dim=1))
        plane = F.relu(plane).flatten(2)
        weights = self.weights(tokens[:, 1 : 1 + MASKS])
        masks = weights[..., :f2] @ plane + weights[..., f2:]
        scores = torch.sigmoid(self.quality(tokens[:, 0]))
        return scores.reshape(b, p, MASKS), masks.reshape(b, p, MASKS, 4 * side, 4 * side)


class Sam(nn.Module):
    """Encoder and decoder; see the module's text. `plain`: batch normalisation is folded into the convolutions."""

    def __init__(self, config: SamConfig, plain: bool = False) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config, plain), Decoder(config)
        self.decoder.frequencies.copy_(self.encoder.frequencies)

    def forward(self, pixels: Tensor, points: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
        return self.decoder(*self.encoder(pixels), points, labels)


def plain_state(network: Sam) -> Dict[str, Tensor]:
    """State of the equal network with `plain=True`: batch normalisation, as in evaluation, folded into weights."""
    state = {name: value.detach().clone() for name, value in network.state_dict().items()}
    for name, module in network.named_modules():
        if isinstance(module, Conv) and module.norm is not None:
            norm = module.norm
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            for key in [k for k in state if k.startswith(f"{name}.norm.")]:
                del state[key]
            state[f"{name}.conv.weight"] = (module.conv.weight * scale.view(-1, 1, 1, 1)).detach()
            state[f"{name}.conv.bias"] = (norm.bias - norm.running_mean * scale).detach()
    return state


def normalise(image: Tensor) -> Tensor:
    """RGB [..., 3, H, W] in 0…255 -> pixel_values."""
    pixels = image.float()
    mean, std = (pixels.new_tensor(v).view(3, 1, 1) for v in (IMAGE_MEAN, IMAGE_STD))
    return (pixels - mean) / std


def parameters_of(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
