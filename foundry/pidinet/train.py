"""Train PiDiNet on the 200 training images of BSDS500.

    python3 -m foundry.pidinet.train --variant small --data ../shared/data/bsds500 --minutes 50

The budget is processor time of the first worker: the learning rate follows the share of it that is
used up (short warm-up, then cosine), so that a run ends annealed on any machine, and other work on
the machine delays it without costing it steps. Batches depend on seed and step alone. A run
started again continues from its last checkpoint; a finished one ends at once. SIGTERM saves and ends.

Each worker process computes the gradient of its share of a step on one thread, and they meet once a
step. On a busy machine that is many times faster than threads within an operator, which wait for
each other hundreds of times a step.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import Dict, List, Tuple

import numpy as np
import torch
import torch.multiprocessing as mp
from torch import Tensor

from foundry.networks.pidinet import VARIANTS, PiDiNet, load_checkpoint, normalise
from foundry.pidinet.bsds500 import CropSource, Sample, read_split
from foundry.pidinet.loss import edge_loss

#: A cycle of batches: (image scale, side of the crops, number of crops), of equal numbers of pixels.
#: The sides are the largest multiples of 16 that fit the shorter image side under every rotation, at
#: scales 1 and 0.5.
BATCHES: Tuple[Tuple[float, int, int], ...] = ((1.0, 224, 1), (1.5, 224, 1), (1.0, 224, 1), (0.5, 112, 4))
PIXELS_PER_BATCH = 224 * 224
WARM_UP_STEPS = 60
LOG_EVERY = 20
VALIDATE_EVERY = 400
VALIDATION_IMAGES = 10
SAVE_SECONDS = 120


def learning_rate(peak: float, step: int, used: float) -> float:
    """Linear warm-up over the first steps, then half a cosine from peak to 1 % of it over `used` 0…1."""
    low = 0.01 * peak
    cosine = low + (peak - low) * 0.5 * (1 + math.cos(math.pi * min(1.0, used)))
    return cosine * min(1.0, (step + 1) / WARM_UP_STEPS)


def draw_batch(source: CropSource, count: int, rng: np.random.Generator) -> Tuple[Tensor, Tensor]:
    crops = [source.draw(rng) for _ in range(count)]
    image = torch.from_numpy(np.stack([c[0] for c in crops]))
    label = torch.from_numpy(np.stack([c[1] for c in crops]))
    return normalise(image).contiguous(memory_format=torch.channels_last), label


class Share:
    """Computes the batches of a step that fall to one worker.

    The parameters are in shared memory; gradients are the worker's own.
    """

    def __init__(self, network: PiDiNet, samples: List[Sample], seed: int, per_step: int = len(BATCHES)) -> None:
        """per_step: batches of one step; the next step takes those that follow in the cycle."""
        self.network = network
        self.seed = seed
        self.per_step = per_step
        sources = {(scale, side): CropSource(samples, scale, side) for scale, side, _ in BATCHES}
        self.batches = [(sources[scale, side], count) for scale, side, count in BATCHES]

    def gradient(self, step: int, first: int, stride: int) -> float:
        """Leave the gradient of the mean loss per batch in `.grad`; return the summed loss.

        Takes the step's batches first, first + stride, …; each draws from a generator of its own, so the
        number of workers changes nothing but the order of summation.
        """
        self.network.zero_grad(set_to_none=True)
        total = 0.0
        for i in range(first, self.per_step, stride):
            source, count = self.batches[(step * self.per_step + i) % len(self.batches)]
            image, label = draw_batch(source, count, np.random.default_rng([self.seed, step, i]))
            loss = edge_loss(self.network(image), label) * count
            (loss / self.per_step).backward()
            total += loss.item()
        return total


class Team:
    """This process and `workers - 1` helpers, which share the gradient of every step.

    Orders and answers go through pipes, so a helper ends when this process does, and the death of a
    helper ends the run with an EOFError instead of a wait for ever.
    """

    def __init__(self, share: Share, workers: int) -> None:
        self.share = share
        self.workers = workers
        size = sum(p.numel() for p in share.network.parameters())
        #: Row per helper: its gradient, flattened.
        self.gradients = torch.zeros(workers - 1, size).share_memory_()
        self.pipes: List[Connection] = []
        self.helpers: List[mp.Process] = []

    def __enter__(self) -> "Team":
        context = mp.get_context("fork")
        for rank in range(1, self.workers):
            ours, theirs = context.Pipe()
            helper = context.Process(target=self._help, args=(rank, theirs, [*self.pipes, ours]), daemon=True)
            helper.start()
            theirs.close()
            self.pipes.append(ours)
            self.helpers.append(helper)
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self.pipes:
            pipe.close()
        for helper in self.helpers:
            helper.join()

    def gradient(self, step: int) -> float:
        """Leave the gradient of the whole step in the network; return the summed loss."""
        for pipe in self.pipes:
            pipe.send(step)
        loss = self.share.gradient(step, 0, self.workers)
        for pipe, row in zip(self.pipes, self.gradients):
            loss += pipe.recv()
            offset = 0
            for p in self.share.network.parameters():
                p.grad += row[offset : offset + p.numel()].view(p.shape)
                offset += p.numel()
        return loss

    def _help(self, rank: int, pipe: Connection, others: List[Connection]) -> None:
        # Ends of the other side, inherited by the fork: while open here, their closing goes unnoticed.
        for other in others:
            other.close()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        torch.set_num_threads(1)
        row = self.gradients[rank - 1]
        try:
            while True:
                loss = self.share.gradient(pipe.recv(), rank, self.workers)
                torch.cat([p.grad.reshape(-1) for p in self.share.network.parameters()], out=row)
                pipe.send(loss)
        except (EOFError, BrokenPipeError):
            return  # the run is over


def validation_loss(network: PiDiNet, samples: List[Sample]) -> float:
    """Mean loss per pixel over whole images; reported only, nothing is chosen by it."""
    losses = []
    with torch.no_grad():
        for sample in samples:
            image = torch.from_numpy(np.asarray(sample.image, np.float32) / 255).permute(2, 0, 1)[None]
            label = torch.from_numpy(sample.label)[None, None]
            logits = network(normalise(image).contiguous(memory_format=torch.channels_last))
            losses.append(edge_loss(logits, label).item() / label.numel())
    return float(np.mean(losses))


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variant", choices=list(VARIANTS), default="small")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/bsds500"))
    parser.add_argument("--minutes", type=float, default=50, help="processor time of one worker in all, restarts included")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=4e-3, help="peak learning rate of Adam")
    parser.add_argument("--init", type=Path, help="checkpoint whose weights to start from")
    parser.add_argument("--run", help="name of the run; default: the variant")
    parser.add_argument("--cache", type=Path, default=Path(".cache/pidinet"))
    parser.add_argument("--logs", type=Path, default=Path("foundry/pidinet/logs"))
    parser.add_argument("--batches", type=int, default=len(BATCHES), help="batches of about 50,000 pixels per step")
    parser.add_argument("--workers", type=int, default=2, help="processes that share a step, of one thread each")
    args = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    run = args.run or args.variant
    args.cache.mkdir(parents=True, exist_ok=True)
    args.logs.mkdir(parents=True, exist_ok=True)
    checkpoint = args.cache / f"{run}.pth"
    log = args.logs / f"{run}.csv"

    network = PiDiNet(args.variant)
    if args.init:
        network.load_state_dict(load_checkpoint(str(args.init)))
    step, seconds = 0, 0.0
    content = torch.load(checkpoint, map_location="cpu") if checkpoint.exists() else None
    if content:
        network.load_state_dict(content["state_dict"])
    network = network.to(memory_format=torch.channels_last)
    network.share_memory()
    optimizer = torch.optim.Adam(network.parameters(), lr=args.rate, betas=(0.9, 0.99), weight_decay=1e-4)
    if content:
        optimizer.load_state_dict(content["optimizer"])
        step, seconds = content["step"], content["seconds"]
        forget_after(log, step)
    else:
        with log.open("w", newline="") as file:
            csv.writer(file).writerow(["step", "seconds", "seed", "rate", "train_loss", "val_loss"])

    budget = args.minutes * 60
    samples = read_split(args.data, "train")
    validation = read_split(args.data, "val")[:VALIDATION_IMAGES]
    share = Share(network, samples, args.seed, args.batches)
    recent: List[float] = []
    saved = seconds
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with Team(share, args.workers) as team:
        clock = time.process_time()
        while seconds < budget and not stop.is_set():
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(args.rate, step, seconds / budget)
            loss = team.gradient(step)
            if not math.isfinite(loss):
                raise RuntimeError(f"The loss is not finite at step {step}. Lower --rate and start again.")
            optimizer.step()
            step += 1
            recent.append(loss / (args.batches * PIXELS_PER_BATCH))
            now = time.process_time()
            seconds, clock = seconds + now - clock, now
            done = seconds >= budget or stop.is_set()
            if step % LOG_EVERY == 0 or done:
                check = validation_loss(network, validation) if step % VALIDATE_EVERY == 0 or done else None
                with log.open("a", newline="") as file:
                    rate = optimizer.param_groups[0]["lr"]
                    row = [step, f"{seconds:.1f}", args.seed, f"{rate:.3e}", f"{np.mean(recent):.5f}"]
                    csv.writer(file).writerow([*row, "" if check is None else f"{check:.5f}"])
                recent.clear()
            if seconds - saved > SAVE_SECONDS or done:
                state = {"state_dict": network.state_dict(), "optimizer": optimizer.state_dict()}
                settings = {k: str(v) for k, v in vars(args).items()}
                save(checkpoint, {**state, "step": step, "seconds": seconds, "settings": settings})
                saved = seconds


if __name__ == "__main__":
    main()
