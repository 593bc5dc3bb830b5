"""Train the detector on synthetic anomalies of all scenes at once.

    python3 -m foundry.detector.train --demo public/datasets/demo --scenes pin_tray bottle … \\
        --pairs .cache/detector/semantic .cache/detector/arbitrary --jnd .cache/detector/jnd --minutes 60

`--pairs` names folders that hold one folder of pairs for each scene, as the command line's `synth` writes them; the kinds
are drawn in turn with the same chance, and so are, if asked for, `--paste` (pixels of other normals in the outlines of the
pairs) and `--perlin` (DRAEM's opaque patches). Half of all samples are disguised: a region went through a synthesis and
came out as it was. No test picture is read: validation is synthetic anomalies on validation normals (`--validation`,
written like the pairs). The budget is time, or `--steps`; the learning rate follows the share of it that is used. A run
started again continues from its last checkpoint; `--init` starts a new one, at another size for instance, from the weights
of another. SIGTERM saves and ends. What is shipped is the moving average of the weights.
"""

from __future__ import annotations

import argparse
import copy
import csv
import functools
import math
import signal
import time
from pathlib import Path
from typing import Dict, List, Sequence, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from foundry.detector import losses
from foundry.detector.data import SIZE, Normal, Painter, Pair, read_grey, read_normals, read_pairs, read_rgb
from foundry.detector.sources import (
    PLANES,
    MixedSource,
    PairSource,
    PasteSource,
    PerlinSource,
    Rng,
    Sample,
    batch_of,
    disguised,
    untouched,
)
from foundry.detector.variation import reduced, reframed, relit
from foundry.detector.export import average_precision, image_score
from foundry.feeding import Feeder
from foundry.generator.edges import FirstScale
from foundry.generator.train import PIDINET, forget_after, save
from foundry.networks.detector import Detector, DetectorConfig

#: Share of the samples without an anomaly.
NORMAL_SHARE = 0.4
#: Share of the samples, normal or not, with a region that only looks synthesised, and of those that are reframed.
DISGUISED_SHARE, REFRAMED_SHARE = 0.5, 0.7
WARM_UP_STEPS = 50
AVERAGE_DECAY = 0.995
LOG_EVERY, VALIDATE_EVERY, SAVE_SECONDS = 25, 250, 120
VALIDATION_PAIRS = 96
COLUMNS = ["loss", "image", "jnd", "edge", "focal"]

def learning_rate(peak: float, step: int, used: float) -> float:
    """Linear warm-up, constant, then half a cosine to 2 % over the second half of `used` 0…1."""
    falling = max(0.0, min(1.0, (used - 0.5) / 0.5))
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * falling))) * min(1.0, (step + 1) / WARM_UP_STEPS)


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

    def begin_from(self, weights: Dict[str, torch.Tensor]) -> None:
        self.network.load_state_dict(weights)
        self.average.load_state_dict(weights)

    def step(self, batch: Sample, rate: float) -> Dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        planes = {name: getattr(batch, name).to(self.device) for name in PLANES}
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
    def validate(self, pairs: Sequence[Pair], normals: Sequence[Normal], size: int) -> Dict[str, float]:
        """Average precision of pixels on synthetic anomalies of validation normals, and of pictures against those
        normals, by the image score; at `size` px."""
        scores, truth, image_scores = [], [], []
        for pair in pairs:
            found = self._map(read_rgb(pair.image), size)
            scores.append(found[::4, ::4].ravel())
            truth.append(read_grey(pair.mask, nearest=True)[0, ::4, ::4].ravel() > 127)
            image_scores.append((float(image_score(torch.from_numpy(found))), True))
        image_scores += [(image_score(torch.from_numpy(self._map(normal.image, size))), False) for normal in normals]
        at, is_anomaly = (np.array(v) for v in zip(*image_scores))
        pixels = average_precision(np.concatenate(scores), np.concatenate(truth))
        return {"val_pixel_ap": pixels, "val_image_ap": average_precision(at, is_anomaly)}

    def _map(self, image: np.ndarray, size: int) -> np.ndarray:
        """At the picture's own size."""
        shown = torch.from_numpy(image)[None].float().div(255)
        small = F.avg_pool2d(shown, SIZE // size).to(self.device)
        found = F.interpolate(self.average(small).anomaly, (SIZE, SIZE), mode="bilinear", align_corners=False)
        return torch.sigmoid(found)[0, 0].cpu().numpy()


class Samples:
    """Draws samples at `size` px: normal or not, disguised or not, varied."""

    def __init__(self, source: MixedSource, normals: Sequence[Normal], outlines: PairSource, size: int) -> None:
        """outlines: pairs whose masks are the outlines of what is disguised."""
        self.source, self.normals, self.outlines, self.size = source, normals, outlines, size

    def draw(self, rng: Rng) -> Sample:
        sample = untouched(self.normals, rng) if rng.random() < NORMAL_SHARE else self.source.draw(rng)
        if rng.random() < DISGUISED_SHARE:
            sample = disguised(sample, read_grey(self.outlines.pick(rng).mask, nearest=True)[0], rng)
        if rng.random() < REFRAMED_SHARE:
            sample = reframed(sample, rng)
        return reduced(relit(sample, rng), self.size)


def draw_batch(samples: Samples, count: int, seed: int, step: int) -> List[np.ndarray]:
    """The planes of a batch, [count, C, H, W] each, in the order of `PLANES`."""
    rng = np.random.default_rng([seed, step])
    batch = batch_of([samples.draw(rng) for _ in range(count)])
    return [getattr(batch, name).numpy() for name in PLANES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, default=Path("public/datasets/demo"))
    parser.add_argument("--scenes", nargs="+", required=True)
    parser.add_argument("--pairs", nargs="+", required=True, type=Path, help="folders of pairs by scene")
    parser.add_argument("--no-pairs", action="store_true", help="take nothing of the pairs but outlines of disguises")
    parser.add_argument("--paste", action="store_true", help="paste other normals into the outlines of pairs, too")
    parser.add_argument("--perlin", action="store_true", help="paste opaque Perlin patches, too")
    parser.add_argument("--validation", type=Path, help="folder of pairs by scene on validation normals")
    parser.add_argument("--jnd", type=Path, required=True, help="folder with <scene>/<split>/<stem>.png")
    parser.add_argument("--textures", type=Path, help="folder of pictures for --perlin; other normals if left out")
    parser.add_argument("--repaint", nargs="*", default=[], help="scenes that the generator knows")
    parser.add_argument("--generator", type=Path, default=Path("public/models/generator.onnx"))
    parser.add_argument("--minutes", type=float, default=60, help="training time in all, restarts included")
    parser.add_argument("--steps", type=int, help="a number of steps in place of a time")
    parser.add_argument("--size", type=int, default=SIZE, help=f"side to train at, px; divides {SIZE}")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--init", type=Path, help="checkpoint whose averaged weights a new run starts from")
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

    painter = Painter(args.generator) if args.repaint else None

    def normals_of(split: str) -> Dict[str, Dict[str, Normal]]:
        return {
            scene: read_normals(
                args.demo / scene / split / "good",
                args.jnd / scene / split,
                extractor,
                args.cache / "edges",
                painter if scene in args.repaint and split == "train" else None,
            )
            for scene in args.scenes
        }

    training, checking = normals_of("train"), normals_of("validation")
    normals = [normal for scene in training.values() for normal in scene.values()]
    by_scene = [[read_pairs(folder / scene, training[scene]) for folder in args.pairs] for scene in args.scenes]
    kinds = [[pair for scene in by_scene for pair in scene[k]] for k in range(len(args.pairs))]
    outlines = PairSource(kinds)
    sources: List[Union[PairSource, PasteSource, PerlinSource]] = []
    if not args.no_pairs:
        # One for each kind, so that what is mixed in does not count as much as all of them.
        sources += [PairSource([kind]) for kind in kinds]
    if args.paste:
        sources.append(PasteSource([[pair for kind in scene for pair in kind] for scene in by_scene]))
    if args.perlin:
        textures = [read_rgb(path) for path in sorted(args.textures.iterdir())] if args.textures else []
        sources.append(PerlinSource(normals, textures))
    if not sources:
        parser.error("Nothing is left to make anomalies of. Give --paste or --perlin, or leave out --no-pairs.")
    samples = Samples(MixedSource(sources), normals, outlines, args.size)
    validation: List[Pair] = []
    if args.validation:
        every = [pair for scene in args.scenes for pair in read_pairs(args.validation / scene, checking[scene])]
        validation = every[:: max(1, len(every) // VALIDATION_PAIRS)]
    check_normals = [normal for scene in checking.values() for normal in scene.values()]

    content = torch.load(checkpoint, map_location="cpu") if checkpoint.exists() else None
    step, seconds = (content["step"], content["seconds"]) if content else (0, 0.0)
    # Processes are made before the device is touched: what a fork inherits of it does not work.
    feeder = Feeder(functools.partial(draw_batch, samples, args.batch, args.seed), step, args.feeders)
    trainer = Trainer(DetectorConfig(), args.rate, args.device)
    checks = ["val_pixel_ap", "val_image_ap"]
    if content:
        trainer.load(content)
        forget_after(log, step)
    else:
        if args.init:
            trainer.begin_from(torch.load(args.init, map_location="cpu")["average"])
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
                measured = trainer.validate(validation, check_normals, args.size)
                row += [f"{measured[name]:.4f}" for name in checks]
            with log.open("a", newline="") as file:
                csv.writer(file).writerow(row)
            for values in recent.values():
                values.clear()
        if done or now - saved > SAVE_SECONDS:
            content = {**trainer.state(), "step": step, "seconds": seconds, "seed": args.seed}
            save(checkpoint, {**content, "config": trainer.network.config.as_dict(), "size": args.size})
            saved = now
    feeder.close()


if __name__ == "__main__":
    main()
