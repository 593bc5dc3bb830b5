"""Train SAM-nano on the demo scenes, composed scenes and BSDS500.

    python3 -m foundry.sam.train --minutes 35

On a processor the budget is processor time per thread, so that a run in the background of other work does as much as
one alone; with `--device cuda` it is time. The learning rate follows the share of it that is used up, so that a run ends
annealed on any machine. Each step sees some demo photographs and some composed scenes or photographs of BSDS500, with
several prompts each: a short run that sees more kinds of pictures knows none of them. What is in a step depends on seed
and step only. A run started again continues from its last checkpoint; SIGTERM saves and ends. What is shipped is the
moving average of the weights.
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
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from foundry.feeding import Feeder
from foundry.generator.train import forget_after, save
from foundry.networks.sam import Sam, SamConfig, normalise
from foundry.sam import bsds500, composed, demo, losses, prompts
from foundry.sam.measures import click_ious
from foundry.sam.samples import Sample, varied

WARM_UP_STEPS = 100
#: Share of the budget after which the learning rate falls, and after which batch normalisation no longer changes.
FALL_FROM, FREEZE_FROM = 0.3, 0.7
#: How often a picture that is not of the demo is one of BSDS500 rather than a composed scene.
BSDS_SHARE = 0.5
DECAY, CLIP = 0.01, 1.0
AVERAGE_DECAY = 0.998
LOG_EVERY, VALIDATE_EVERY, SAVE_SECONDS = 50, 500, 120
VALIDATION_IMAGES = 8
#: Places compared with each other in an image.
SPOTS = 160
COLUMNS = ["loss", "focal", "dice", "quality", "likeness", "iou_best", "iou_chosen"]

#: Images, points, labels, masks, spots and whose they are; see `Source.one`.
Batch = Tuple[np.ndarray, ...]


class Source:
    """Batches by number."""

    def __init__(
        self,
        demo_samples: Sequence[Sample],
        photographs: Sequence[bsds500.Photograph],
        size: int,
        count: int,
        shares: Tuple[int, int],
    ) -> None:
        """count: prompts a picture. shares: pictures of the demo and others in a batch."""
        self.demo, self.photographs, self.size, self.count = demo_samples, photographs, size, count
        self.shares = shares
        self.surfaces = [p.image for p in photographs]

    def sample(self, kind: str, rng: np.random.Generator) -> Sample:
        if kind == "demo":
            return varied(self.demo[int(rng.integers(len(self.demo)))], self.size, rng, 0.7, mild=True)
        if kind == "bsds":
            photograph = self.photographs[int(rng.integers(len(self.photographs)))]
            return varied(photograph.sample(int(rng.integers(len(photograph.segmentations)))), self.size, rng, 0.6)
        return varied(composed.compose(rng, self.surfaces), self.size, rng, 0.7)

    def one(self, kind: str, rng: np.random.Generator) -> Batch:
        """image uint8 [3, S, S], points [P, K, 2], labels [P, K], masks uint8 [P, S/2, S/2] in quarters of a pixel; and
        `prompts.spots`."""
        drawn = None
        while drawn is None:
            sample = self.sample(kind, rng)
            drawn = prompts.draw(sample, self.count, rng)
        points, labels, truth = drawn
        t = truth.view(np.uint8)
        quarters = t[:, ::2, ::2] + t[:, 1::2, ::2] + t[:, ::2, 1::2] + t[:, 1::2, 1::2]
        image = np.ascontiguousarray(sample.image.transpose(2, 0, 1))
        return (image, points, labels, quarters, *prompts.spots(sample, SPOTS, rng))

    def batch(self, seed: int, step: int) -> Batch:
        rng = np.random.default_rng([seed, step])
        known, others = self.shares
        kinds = ["demo"] * known
        kinds += ["bsds" if self.photographs and rng.random() < BSDS_SHARE else "composed" for _ in range(others)]
        return tuple(np.stack(arrays) for arrays in zip(*(self.one(kind, rng) for kind in kinds)))


def learning_rate(peak: float, step: int, used: float) -> float:
    """Linear warm-up, constant, then half a cosine to 1 % from FALL_FROM of the budget on."""
    falling = max(0.0, min(1.0, (used - FALL_FROM) / (1 - FALL_FROM)))
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * falling))) * min(1.0, (step + 1) / WARM_UP_STEPS)


def update_average(average: Sam, network: Sam, step: int) -> None:
    """Exponential moving average of weights and of batch normalisation's statistics; quick at first."""
    decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
    with torch.no_grad():
        for a, p in zip(average.state_dict().values(), network.state_dict().values()):
            if a.dtype.is_floating_point:
                a.lerp_(p, 1 - decay)


def set_mode(network: Sam, frozen: bool) -> None:
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.03
            module.train(not frozen)


def tensors(batch: Batch, device: str) -> Tuple[Tensor, ...]:
    image, points, labels, quarters, *places = (torch.from_numpy(a).to(device) for a in batch)
    pixels = normalise(image)
    # Padding is black in the samples and zero for the network.
    pixels = torch.where((image == 0).all(1, keepdim=True), pixels.new_zeros(()), pixels)
    return (pixels, points, labels, quarters.float() / 4, *places)


class Trainer:
    def __init__(self, config: SamConfig, rate: float, device: str) -> None:
        self.device = device
        self.network = Sam(config).to(device)
        self.average = copy.deepcopy(self.network).requires_grad_(False).eval()
        gains = [p for p in self.network.parameters() if p.ndim < 2]
        others = [p for p in self.network.parameters() if p.ndim >= 2]
        groups = [{"params": others, "weight_decay": DECAY}, {"params": gains, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99))

    def state(self) -> Dict:
        return {name: getattr(self, name).state_dict() for name in ("network", "average", "optimizer")}

    def load(self, state: Dict) -> None:
        for name in ("network", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])

    def begin_with(self, state: Dict) -> None:
        """Start a new run with those of another run's averaged weights that this network has, too."""
        mine = self.network.state_dict()
        fitting = {k: v for k, v in state["average"].items() if k in mine and v.shape == mine[k].shape}
        for network in (self.network, self.average):
            network.load_state_dict(fitting, strict=False)

    def step(self, batch: Batch, rate: float, frozen: bool) -> Dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        set_mode(self.network, frozen)
        pixels, points, labels, truth, spots, who = tensors(batch, self.device)
        embedding, place = self.network.encoder(pixels.contiguous(memory_format=torch.channels_last))
        scores, masks = self.network.decoder(embedding, place, points, labels)
        loss, values = losses.total(scores, masks, truth)
        likeness = losses.likeness(self.network.decoder, embedding, spots, who)
        loss = loss + losses.LIKENESS_WEIGHT * likeness
        values["likeness"] = likeness.item()
        if not math.isfinite(loss.item()):
            raise RuntimeError("The loss is not finite. Lower --rate and start again.")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
        self.optimizer.step()
        return {"loss": loss.item(), **values}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=35, help="the budget in all, restarts included")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--prompts", type=int, default=10, help="prompts an image")
    parser.add_argument("--demo", type=int, default=2, help="pictures of the demo in a step")
    parser.add_argument("--others", type=int, default=1, help="other pictures in a step")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--feeders", type=int, default=1, help="processes that make batches")
    parser.add_argument("--init", type=Path, help="checkpoint of another run to start from; what it lacks starts afresh")
    parser.add_argument("--run", default="final", help="name of checkpoint and log")
    parser.add_argument("--bsds", type=Path, default=bsds500.DATA)
    parser.add_argument("--cache", type=Path, default=Path(".cache/sam"))
    parser.add_argument("--logs", type=Path, default=Path("foundry/sam/logs"))
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(args.seed)
    args.logs.mkdir(parents=True, exist_ok=True)
    args.cache.mkdir(parents=True, exist_ok=True)
    checkpoint, log = args.cache / f"{args.run}.pth", args.logs / f"{args.run}.csv"
    config = SamConfig()
    source = Source(demo.read_split("train/good"), bsds500.read_split("train", args.bsds), config.size, args.prompts, (args.demo, args.others))
    check = demo.read_split("validation/good")
    validation = {
        "val_demo": check[:: max(1, len(check) // VALIDATION_IMAGES)],
        "val_composed": composed.scenes(VALIDATION_IMAGES, seed=7),
    }

    content = torch.load(checkpoint, map_location="cpu") if checkpoint.exists() else None
    step, seconds = (content["step"], content["seconds"]) if content else (0, 0.0)
    # Processes are made before the device is touched: what a fork inherits of it does not work.
    feeder = Feeder(functools.partial(source.batch, args.seed), step, args.feeders)
    trainer = Trainer(config, args.rate, args.device)
    trainer.network.encoder.to(memory_format=torch.channels_last)
    trainer.average.encoder.to(memory_format=torch.channels_last)
    if content:
        trainer.load(content)
        forget_after(log, step)
    else:
        if args.init:
            trainer.begin_with(torch.load(args.init, map_location="cpu"))
        with log.open("w", newline="") as file:
            csv.writer(file).writerow(["step", "seconds", "seed", "rate", *COLUMNS, *validation])

    asked_to_stop: List[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked_to_stop.append(number))
    budget = args.minutes * 60
    recent: Dict[str, List[float]] = {name: [] for name in COLUMNS}

    def now_used() -> float:
        return time.process_time() / args.threads if args.device == "cpu" else time.monotonic()

    clock, saved = now_used(), time.monotonic()
    while seconds < budget and not asked_to_stop:
        used = seconds / budget
        rate = learning_rate(args.rate, step, used)
        for name, value in trainer.step(feeder.next(), rate, used >= FREEZE_FROM).items():
            recent[name].append(value)
        update_average(trainer.average, trainer.network, step)
        step += 1
        now = now_used()
        seconds, clock = seconds + now - clock, now
        done = seconds >= budget or bool(asked_to_stop)
        if step % LOG_EVERY == 0 or done:
            row: List[object] = [step, f"{seconds:.1f}", args.seed, f"{rate:.3e}"]
            row += [f"{np.mean(recent[name]):.5f}" for name in COLUMNS]
            if step % VALIDATE_EVERY == 0 or done:
                row += [f"{np.mean(click_ious(trainer.average, s)['chosen']):.4f}" for s in validation.values()]
            with log.open("a", newline="") as file:
                csv.writer(file).writerow(row)
            for values in recent.values():
                values.clear()
        if done or time.monotonic() - saved > SAVE_SECONDS:
            content = {**trainer.state(), "step": step, "seconds": seconds, "seed": args.seed, "config": config.as_dict()}
            content["pictures"] = {"demo": len(source.demo), "bsds": len(source.photographs)}
            save(checkpoint, content)
            saved = time.monotonic()
    feeder.close()


if __name__ == "__main__":
    main()
