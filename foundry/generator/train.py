"""Train the edge-to-image generator on the normal photographs of several scenes at once.

    python3 -m foundry.generator.train --scenes public/datasets/demo/pin_tray public/datasets/demo/bottle --minutes 60

The budget is time: learning rate and the discriminator's entry follow the share of it that is used up, so a run ends
annealed on any machine. Every step's samples depend on seed, step and the photographs there are. A run started again
continues from its last checkpoint, with photographs added since; a finished one ends at once. SIGTERM saves and ends.
What is shipped is the moving average of the weights.
"""

from __future__ import annotations

import argparse
import copy
import csv
import functools
import math
import os
import signal
import time
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from foundry.feeding import Feeder
from foundry.generator import losses
from foundry.generator.edges import FirstScale
from foundry.generator.export import load_onnx
from foundry.generator.measures import ssim
from foundry.generator.pairs import Pair, PairSource, Photograph, image_files, load_split
from foundry.networks.discriminator import Discriminator
from foundry.networks.generator import Generator, GeneratorConfig

PIDINET = Path("public/models/pidinet-small.onnx")

#: Weights of the losses, for images in [0, 1].
L1_WEIGHT, COLOUR_WEIGHT, GRADIENT_WEIGHT, EDGE_WEIGHT = 20.0, 20.0, 20.0, 2.0
ADVERSARIAL_WEIGHT, MATCHING_WEIGHT = 1.0, 10.0
#: Share of the budget before the discriminator comes in, and over which its weight then grows to full.
GAN_START, GAN_RAMP = 0.6, 0.1
WARM_UP_STEPS = 20
#: The parts of the generator that turn averages over the picture into its colours, and how much faster they learn.
CONTEXT_PARTS, CONTEXT_FACTOR = ("context.", "scale.", "shift."), 5.0
#: The discriminator's fine scale and the edge loss look at a random square of this side; the coarse scale at all of it.
CROP = 160
#: Until this share of the budget the generator, too, sees such squares only: 2.6 times as many steps a second. The
#: relations of distant parts are learnt afterwards, from whole images.
CROPS_UNTIL = 0.6
#: The edge loss is computed every so many steps, with its weight as many times larger.
EDGE_EVERY = 3
#: Reach of e1's convolutions: how far a crop's border disturbs its edge map.
EDGE_REACH = 16
AVERAGE_DECAY = 0.995
LOG_EVERY = 25
VALIDATE_EVERY = 250
VALIDATION_IMAGES = 8
SAVE_SECONDS = 120

LAST = torch.channels_last
COLUMNS = ["l1", "colour", "gradient", "edge", "adversarial", "matching", "discriminator"]


def learning_rate(peak: float, step: int, used: float) -> float:
    """Linear warm-up over the first steps, constant, then half a cosine to 2 % over the second half of `used` 0…1."""
    falling = max(0.0, min(1.0, (used - 0.5) / 0.5))
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * falling))) * min(1.0, (step + 1) / WARM_UP_STEPS)


def gan_share(used: float, start: float) -> float:
    """Weight of the discriminator's losses relative to their full weight."""
    return min(1.0, max(0.0, (used - start) / GAN_RAMP))


def update_average(average: Generator, network: Generator, step: int) -> None:
    """Exponential moving average; quick at first, so that the random start is soon forgotten."""
    decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
    with torch.no_grad():
        for a, p in zip(average.parameters(), network.parameters()):
            a.lerp_(p, 1 - decay)


def crop(planes: Tensor, corner: Tuple[int, int]) -> Tensor:
    y, x = corner
    return planes[..., y : y + CROP, x : x + CROP]


def half(planes: Tensor) -> Tensor:
    return torch.nn.functional.avg_pool2d(planes, 2)


def validate(network: Generator, photographs: Sequence[Photograph]) -> Tuple[float, float]:
    """Mean L1 and SSIM against the photographs."""
    l1, similarity = [], []
    with torch.no_grad():
        for photograph in photographs:
            device = next(network.parameters()).device
            image = photograph.image[None].to(device).float() / 255
            result = network(photograph.edges[None].to(device).float().contiguous(memory_format=LAST))
            l1.append((result - image).abs().mean().item())
            similarity.append(ssim(result, image))
    return float(np.mean(l1)), float(np.mean(similarity))


def save(path: Path, content: Dict) -> None:
    """Write beside, then rename: a kill never leaves half a checkpoint."""
    part = path.with_suffix(".part")
    torch.save(content, part)
    os.replace(part, path)


def forget_after(log: Path, step: int) -> None:
    """Drop rows that a continued run will write again."""
    head, *rows = log.read_text().splitlines()
    kept = [row for row in rows if int(row.split(",")[0]) <= step]
    log.write_text("\n".join([head, *kept]) + "\n")


def draw_batch(source: PairSource, count: int, seed: int, step: int) -> Tuple:
    """`count` pairs, the planes of a `Pair` as arrays [count, C, H, W], and the corner (y, x) of the step's crop."""
    rng = np.random.default_rng([seed, step])
    pairs = [source.draw(rng) for _ in range(count)]
    planes = [torch.stack(list(each)).numpy() for each in zip(*((p.edges, p.image, p.known, p.empty) for p in pairs))]
    height, width = planes[0].shape[-2:]
    return (*planes, (int(rng.integers(height - CROP + 1)), int(rng.integers(width - CROP + 1))))


class Trainer:
    """Networks, their averages and optimizers, and one step of both."""

    def __init__(self, config: GeneratorConfig, extractor: FirstScale, rate: float, device: str) -> None:
        self.device = device
        self.generator = Generator(config).to(device, memory_format=LAST)
        self.discriminator = Discriminator().to(device, memory_format=LAST)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.extractor = extractor.to(device, memory_format=LAST)
        self.rate = rate
        # Single pictures of different scenes pull the colours apart; momentum averages over them.
        # What the picture is as a whole is told by few weights, each through averages: they may move faster.
        context = [p for name, p in self.generator.named_parameters() if name.startswith(CONTEXT_PARTS)]
        others = [p for name, p in self.generator.named_parameters() if not name.startswith(CONTEXT_PARTS)]
        groups = [{"params": others, "factor": 1.0}, {"params": context, "factor": CONTEXT_FACTOR}]
        self.g_optimizer = torch.optim.Adam(groups, lr=rate, betas=(0.9, 0.99))
        self.d_optimizer = torch.optim.Adam(self.discriminator.parameters(), lr=rate, betas=(0.5, 0.99))

    def start_from(self, photographs: Sequence[Photograph]) -> None:
        """Begin with the photographs' mean colour and the spread of what is seen in some of their edge maps."""
        colour = torch.stack([p.image.float().mean((1, 2)) / 255 for p in photographs]).mean(0)
        self.generator.start_from(colour.to(self.device), self._examples(photographs, 32))
        self.average.load_state_dict(self.generator.state_dict())

    def refresh_context(self, photographs: Sequence[Photograph]) -> int:
        return self.generator.refresh_context(self._examples(photographs, 64), [self.average])

    def _examples(self, photographs: Sequence[Photograph], count: int) -> List[Tensor]:
        return [p.edges.to(self.device) for p in photographs[:: max(1, len(photographs) // count)]]

    def state(self) -> Dict:
        names = ("generator", "discriminator", "average", "g_optimizer", "d_optimizer")
        return {name: getattr(self, name).state_dict() for name in names}

    def load(self, state: Dict) -> None:
        for name in ("generator", "discriminator", "average", "g_optimizer", "d_optimizer"):
            getattr(self, name).load_state_dict(state[name])

    def begin_with(self, path: Path) -> None:
        """Start a new run with the weights that another run shipped or would ship; its optimizers are left behind, and
        of an .onnx file the discriminator, which is not in it."""
        if path.suffix == ".onnx":
            weights = load_onnx(path).state_dict()
        else:
            state = torch.load(path, map_location="cpu")
            self.discriminator.load_state_dict(state["discriminator"])
            weights = state["average"]
        for network in (self.generator, self.average):
            network.load_state_dict(weights)

    def _judge(self, edges: Tensor, image: Tensor, corner: Tuple[int, int]) -> losses.Outputs:
        """Fine scale on a crop, coarse scale on the whole pair at half size."""
        fine = self.discriminator.judge(0, crop(edges, corner), crop(image, corner))
        return [fine, self.discriminator.judge(1, half(edges), half(image))]

    def step(self, pair: Pair, corner: Tuple[int, int], rate: float, gan: float, with_edges: bool) -> Dict[str, float]:
        """One step of both networks on a batch; returns the losses, unweighted."""
        for optimizer in (self.g_optimizer, self.d_optimizer):
            for group in optimizer.param_groups:
                group["lr"] = rate * group.get("factor", 1.0)
        edges, image, known, empty = (
            p.to(self.device).contiguous(memory_format=LAST) for p in (pair.edges, pair.image, pair.known, pair.empty)
        )
        result = self.generator(edges)
        l1 = losses.masked_l1(result, image, known)
        gradient = losses.gradient_loss(result, image, known, empty)
        colour = losses.colour_loss(result, image, known)
        total = L1_WEIGHT * l1 + COLOUR_WEIGHT * colour + GRADIENT_WEIGHT * gradient
        values = {"l1": l1.item(), "colour": colour.item(), "gradient": gradient.item()}
        if with_edges:
            edge = losses.edge_loss(self.extractor.logits(crop(result, corner)), crop(edges, corner), EDGE_REACH)
            total = total + EDGE_EVERY * EDGE_WEIGHT * edge
            values["edge"] = edge.item()

        # Where the truth is unknown there is no real pair to show to the discriminator.
        whole = pair.fully_known
        if gan > 0 and whole.any():
            edges, image, result = (p[whole.to(self.device)] for p in (edges, image, result))
            self.discriminator.requires_grad_(True)
            real = self._judge(edges, image, corner)
            fake = self._judge(edges, result.detach(), corner)
            d_loss = 0.5 * (losses.adversarial_loss(real, True) + losses.adversarial_loss(fake, False))
            self.d_optimizer.zero_grad(set_to_none=True)
            d_loss.backward()

            self.discriminator.requires_grad_(False)
            fake = self._judge(edges, result, corner)
            adversarial = losses.adversarial_loss(fake, True)
            matching = losses.matching_loss(fake, real)
            total = total + gan * (ADVERSARIAL_WEIGHT * adversarial + MATCHING_WEIGHT * matching)
            values.update(adversarial=adversarial.item(), matching=matching.item(), discriminator=d_loss.item())

        if not math.isfinite(total.item()):
            raise RuntimeError("The generator's loss is not finite. Lower --rate and start again.")
        self.g_optimizer.zero_grad(set_to_none=True)
        total.backward()
        self.g_optimizer.step()
        if "discriminator" in values:
            # Only now: the generator's backward pass needs the discriminator as it was.
            self.d_optimizer.step()
        return values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, nargs="+", required=True, help="folders with train/good and validation/good")
    parser.add_argument("--minutes", type=float, default=60, help="training time in all, restarts included")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--feeders", type=int, default=1, help="processes that make batches")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate of Adam, both networks")
    parser.add_argument("--gan-start", type=float, default=GAN_START, help="share of the budget before the discriminator")
    parser.add_argument("--crops-until", type=float, default=CROPS_UNTIL, help="share of the budget with crops only")
    parser.add_argument("--init", type=Path, help="checkpoint of another run, or a generator's .onnx, to start from")
    parser.add_argument("--run", default="final", help="name of checkpoint and log")
    parser.add_argument("--pidinet", type=Path, default=PIDINET)
    parser.add_argument("--cache", type=Path, default=Path(".cache/generator"))
    parser.add_argument("--logs", type=Path, default=Path("foundry/generator/logs"))
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(args.seed)
    args.logs.mkdir(parents=True, exist_ok=True)
    checkpoint, log = args.cache / f"{args.run}.pth", args.logs / f"{args.run}.csv"
    extractor = FirstScale(args.pidinet).to(memory_format=LAST)
    training = load_split(args.scenes, "train/good", extractor, args.cache / "edges")
    source = PairSource(training)
    validation: List[Photograph] = []
    for scene in args.scenes:
        if image_files(scene / "validation/good"):
            validation += load_split([scene], "validation/good", extractor, args.cache / "edges")[:VALIDATION_IMAGES]
        else:
            print(f"{scene} has no validation/good yet; it takes no part in validation.", flush=True)

    content = torch.load(checkpoint, map_location="cpu") if checkpoint.exists() else None
    step, seconds, best, refreshed = 0, 0.0, math.inf, False
    if content:
        step, seconds, best = content["step"], content["seconds"], content["best"]
        refreshed = content.get("refreshed", False)
    # Processes are made before the device is touched: what a fork inherits of it does not work.
    feeder = Feeder(functools.partial(draw_batch, source, args.batch, args.seed), step, args.feeders)
    trainer = Trainer(GeneratorConfig(), extractor, args.rate, args.device)
    if content:
        trainer.load(content)
        forget_after(log, step)
    else:
        if args.init:
            trainer.begin_with(args.init)
        else:
            trainer.start_from(training)
        with log.open("w", newline="") as file:
            csv.writer(file).writerow(["step", "seconds", "seed", "images", "rate", *COLUMNS, "val_l1", "val_ssim"])

    asked_to_stop: List[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked_to_stop.append(number))
    budget = args.minutes * 60
    recent: Dict[str, List[float]] = {name: [] for name in COLUMNS}
    clock, saved = time.monotonic(), seconds
    while seconds < budget and not asked_to_stop:
        used = seconds / budget
        *planes, corner = feeder.next()
        pair = Pair(*(torch.from_numpy(plane) for plane in planes))
        if used >= args.crops_until and not refreshed:
            print(f"Step {step}: whole images from here; {trainer.refresh_context(training)} silent context units renewed.", flush=True)
            refreshed = True
        if used < args.crops_until:
            pair = Pair(*(crop(plane, corner) for plane in (pair.edges, pair.image, pair.known, pair.empty)))
            corner = (0, 0)
        rate, gan = learning_rate(args.rate, step, used), gan_share(used, args.gan_start)
        for name, value in trainer.step(pair, corner, rate, gan, step % EDGE_EVERY == 0).items():
            recent[name].append(value)
        update_average(trainer.average, trainer.generator, step)
        step += 1
        now = time.monotonic()
        seconds, clock = seconds + now - clock, now
        done = seconds >= budget or bool(asked_to_stop)
        better = False
        if step % LOG_EVERY == 0 or done:
            row: List[object] = [step, f"{seconds:.1f}", args.seed, len(training), f"{rate:.3e}"]
            row += [f"{np.mean(recent[name]):.5f}" if recent[name] else "" for name in COLUMNS]
            check: Tuple[object, object] = ("", "")
            if validation and (step % VALIDATE_EVERY == 0 or seconds >= budget):
                l1, similarity = validate(trainer.average, validation)
                score = l1 + 1 - similarity
                better, best = score < best, min(score, best)
                check = (f"{l1:.5f}", f"{similarity:.5f}")
            with log.open("a", newline="") as file:
                csv.writer(file).writerow([*row, *check])
            for values in recent.values():
                values.clear()
        if better or done or seconds - saved > SAVE_SECONDS:
            content = {**trainer.state(), "step": step, "seconds": seconds, "best": best, "seed": args.seed, "images": len(training), "refreshed": refreshed}
            content.update(config=trainer.generator.config.as_dict(), pidinet=extractor.sha256)
            save(checkpoint, content)
            if better:
                save(args.cache / f"{args.run}.best.pth", content)
            saved = seconds
    feeder.close()


if __name__ == "__main__":
    main()
