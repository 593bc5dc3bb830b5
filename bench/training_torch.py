"""Forward and backward pass of a shipped network's architecture in PyTorch, for bench/training.ts to compare with.

training_torch.py generator|detector SIDE BATCH: on a CUDA device if there is one, else on the processor. Prints JSON:
milliseconds, the median of five after a first one, and the device's name.
"""

import json
import os
import statistics
import sys
import time

import torch

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from foundry.networks.detector import Detector  # noqa: E402
from foundry.networks.generator import Generator  # noqa: E402

RUNS = 5


def main(what, side, batch):
    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    torch.set_num_threads(os.cpu_count() or 1)
    network = {"generator": Generator, "detector": Detector}[what]().to(device).train()
    image = torch.full((batch, 1 if what == "generator" else 3, side, side), 0.5, device=device)
    times = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        network.zero_grad()
        made = network(image)
        sum(output.mean() for output in (made if isinstance(made, tuple) else (made,))).backward()
        if cuda:
            torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - start))
    name = torch.cuda.get_device_name() if cuda else "the processor"
    print(json.dumps({"milliseconds": statistics.median(times[1:]), "device": name}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
