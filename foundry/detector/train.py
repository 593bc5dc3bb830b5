"""Train the detector on synthetic anomalies of all scenes at once.

    python3 -m foundry.detector.train --demo public/datasets/demo --scenes pin_tray bottle … \\
        --pairs .cache/detector/semantic .cache/detector/arbitrary --jnd .cache/detector/jnd --minutes 60

`--pairs` names folders that hold one folder of pairs for each scene, as the command line's `synth` writes them; the kinds
are drawn in turn with the same chance. `perlin` in their place pastes DRAEM's opaque patches. No test picture is read:
validation is synthetic anomalies on validation normals (`--validation`, written like the pairs). The budget is time, or
`--steps`; the learning rate follows the share of it that is used. A run started again continues from its last checkpoint;
SIGTERM saves and ends. What is shipped is the moving average of the weights.
"""

from __future__ import annotations

import argparse
import copy
import csv
import dataclasses
import functools
import math
import signal
import time
from pathlib import Path
from typing import Dict, List, Sequence, Union

import numpy as np
import torch
from torch import nn

from foundry.detector import losses
from foundry.detector.data import (
    Normal,
    Pair,
    PairSource,
    PerlinSource,
    Sample,
    batch_of,
    read_normals,
    read_pairs,
    read_rgb,
    untouched,
    varied,
)
from foundry.feeding import Feeder
from foundry.generator.edges import FirstScale
from foundry.generator.train import PIDINET, forget_after, save
from foundry.networks.detector import Detector, DetectorConfig

#: Share of the samples without an anomaly.
NORMAL_SHARE = 0.4
WARM_UP_STEPS = 50
AVERAGE_DECAY = 0.995
LOG_EVERY, VALIDATE_EVERY, SAVE_SECONDS = 25, 250, 120
VALIDATION_PAIRS = 96
COLUMNS = ["loss", "image", "jnd", "edge", "focal"]

Source = Union[PairSource, PerlinSource]


def learning_rate(peak: float, step: int, used: float) -> float:
    """Linear warm-up, constant, then half a cosine to 2 % over the second half of `used` 0…1."""
    falling = max(0.0, min(1.0, (used - 0.5) / 0.5))
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * falling))) * min(1.0, (step + 1) / WARM_UP_STEPS)


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Σ (R_n − R_{n−1}) P_n over the distinct scores. truth: bool."""
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], np.cumsum(truth[order])
    last = np.append(scores[1:] != scores[:-1], True)
    precision = hits[last] / (np.flatnonzero(last) + 1)
    recall = hits[last] / max(1, hits[-1])
    return float(np.sum(np.diff(recall, prepend=0) * precision))


def update_average(average: Detector, network: Detector, step: int) -> None:
    """Exponential moving average of weights and of batch normalisation's statistics; quick at first."""
    decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
    with torch.no_grad():
        for a, p in zip(average.state_dict().values(), network.state_dict().values()):
            if a.dtype.is_floating_point:
                a.lerp_(p, 1 - decay)
            else:
                a.copy_(p)


class Trainer:
    """Network, average and optimizer, and one step."""

    def __init__(self, config: DetectorConfig, rate: float, device: str) -> None:
        self.device = device
        self.network = Detector(config).to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False).eval()
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=rate, betas=(0.9, 0.99))

    def state(self) -> Dict:
        return {name: getattr(self, name).state_dict() for name in ("network", "average", "optimizer")}

    def load(self, state: Dict) -> None:
        for name in ("network", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])

    def step(self, batch: Sample, rate: float) -> Dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        planes = {name: getattr(batch, name).to(self.device) for name in ("shown", "image", "jnd", "edges", "mask")}
        out = self.network(planes.pop("shown").contiguous(memory_format=torch.channels_last))
        loss, values = losses.total(out, **planes)
        if not math.isfinite(loss.item()):
            raise RuntimeError("The loss is not finite. Lower --rate and start again.")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        return {"loss": loss.item(), **values}

    @torch.no_grad()
    def validate(self, pairs: Sequence[Pair], normals: Sequence[Normal]) -> Dict[str, float]:
        """Average precision of pixels on synthetic anomalies of validation normals, and of pictures against those
        normals, scored by the maximum of the map."""
        scores, truth, image_scores = [], [], []
        for pair in pairs:
            found = self._map(read_rgb(pair.image))
            mask = PairSource([[pair]]).draw(np.random.default_rng(0)).mask
            scores.append(found[::4, ::4].ravel())
            truth.append(mask[0].numpy()[::4, ::4].ravel() > 0)
            image_scores.append((float(found.max()), True))
        image_scores += [(float(self._map(normal.image).max()), False) for normal in normals]
        at, is_anomaly = (np.array(v) for v in zip(*image_scores))
        pixels = average_precision(np.concatenate(scores), np.concatenate(truth))
        return {"val_pixel_ap": pixels, "val_image_ap": average_precision(at, is_anomaly)}

    def _map(self, image: np.ndarray) -> np.ndarray:
        shown = torch.from_numpy(image)[None].float().div(255).to(self.device)
        return torch.sigmoid(self.average(shown).anomaly)[0, 0].cpu().numpy()


def draw_batch(source: Source, normals: Sequence[Normal], size: int, seed: int, step: int) -> List[np.ndarray]:
    """The planes of a `Sample`, [size, C, H, W] each."""
    rng = np.random.default_rng([seed, step])
    samples: List[Sample] = []
    for _ in range(size):
        sample = untouched(normals, rng) if rng.random() < NORMAL_SHARE else source.draw(rng)
        samples.append(varied(sample, rng))
    batch = batch_of(samples)
    return [getattr(batch, field.name).numpy() for field in dataclasses.fields(batch)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, default=Path("public/datasets/demo"))
    parser.add_argument("--scenes", nargs="+", required=True)
    parser.add_argument("--pairs", nargs="+", required=True, help="folders of pairs by scene, or `perlin`")
    parser.add_argument("--validation", type=Path, help="folder of pairs by scene on validation normals")
    parser.add_argument("--jnd", type=Path, required=True, help="folder with <scene>/<split>/<stem>.png")
    parser.add_argument("--textures", type=Path, help="folder of pictures for `perlin`")
    parser.add_argument("--minutes", type=float, default=60, help="training time in all, restarts included")
    parser.add_argument("--steps", type=int, help="a number of steps in place of a time")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate of Adam")
    parser.add_argument("--run", default="final", help="name of checkpoint and log")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--feeders", type=int, default=1, help="processes that make batches")
    parser.add_argument("--pidinet", type=Path, default=PIDINET)
    parser.add_argument("--cache", type=Path, default=Path(".cache/detector"))
    parser.add_argument("--logs", type=Path, default=Path("foundry/detector/logs"))
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(args.seed)
    for folder in (args.cache, args.logs):
        folder.mkdir(parents=True, exist_ok=True)
    checkpoint, log = args.cache / f"{args.run}.pth", args.logs / f"{args.run}.csv"
    extractor = FirstScale(args.pidinet)

    def normals_of(split: str) -> Dict[str, Dict[str, Normal]]:
        return {
            scene: read_normals(args.demo / scene / split / "good", args.jnd / scene / split, extractor, args.cache / "edges")
            for scene in args.scenes
        }

    training, checking = normals_of("train"), normals_of("validation")
    normals = [normal for scene in training.values() for normal in scene.values()]
    source: Source
    if args.pairs == ["perlin"]:
        textures = [read_rgb(path) for path in sorted(args.textures.iterdir())] if args.textures else []
        source = PerlinSource(normals, textures)
    else:
        kinds = [
            [pair for scene in args.scenes for pair in read_pairs(Path(folder) / scene, training[scene])]
            for folder in args.pairs
        ]
        source = PairSource(kinds)
    validation: List[Pair] = []
    if args.validation:
        every = [pair for scene in args.scenes for pair in read_pairs(args.validation / scene, checking[scene])]
        validation = every[:: max(1, len(every) // VALIDATION_PAIRS)]
    check_normals = [normal for scene in checking.values() for normal in scene.values()]

    content = torch.load(checkpoint, map_location="cpu") if checkpoint.exists() else None
    step, seconds = (content["step"], content["seconds"]) if content else (0, 0.0)
    # Processes are made before the device is touched: what a fork inherits of it does not work.
    feeder = Feeder(functools.partial(draw_batch, source, normals, args.batch, args.seed), step, args.feeders)
    trainer = Trainer(DetectorConfig(), args.rate, args.device)
    checks = ["val_pixel_ap", "val_image_ap"]
    if content:
        trainer.load(content)
        forget_after(log, step)
    else:
        with log.open("w", newline="") as file:
            csv.writer(file).writerow(["step", "seconds", "seed", "rate", *COLUMNS, *checks])

    asked_to_stop: List[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked_to_stop.append(number))
    recent: Dict[str, List[float]] = {name: [] for name in COLUMNS}
    clock = saved = time.monotonic()

    def share_used() -> float:
        return step / args.steps if args.steps else seconds / (args.minutes * 60)

    while share_used() < 1 and not asked_to_stop:
        rate = learning_rate(args.rate, step, share_used())
        trainer.network.train()
        for name, value in trainer.step(Sample(*(torch.from_numpy(plane) for plane in feeder.next())), rate).items():
            recent[name].append(value)
        update_average(trainer.average, trainer.network, step)
        step += 1
        now = time.monotonic()
        seconds, clock = seconds + now - clock, now
        done = share_used() >= 1 or bool(asked_to_stop)
        if step % LOG_EVERY == 0 or done:
            row: List[object] = [step, f"{seconds:.1f}", args.seed, f"{rate:.3e}"]
            row += [f"{np.mean(recent[name]):.5f}" for name in COLUMNS]
            if validation and (step % VALIDATE_EVERY == 0 or done):
                measured = trainer.validate(validation, check_normals)
                row += [f"{measured[name]:.4f}" for name in checks]
            with log.open("a", newline="") as file:
                csv.writer(file).writerow(row)
            for values in recent.values():
                values.clear()
        if done or now - saved > SAVE_SECONDS:
            content = {**trainer.state(), "step": step, "seconds": seconds, "seed": args.seed}
            save(checkpoint, {**content, "config": trainer.network.config.as_dict(), "scenes": args.scenes})
            saved = now
    feeder.close()


if __name__ == "__main__":
    main()
