"""Training batches made by processes of their own, so that a fast device need not wait for them."""

from __future__ import annotations

import multiprocessing
import queue as queues
import signal
from typing import Callable, Generic, List, TypeVar

Batch = TypeVar("Batch")


def _feed(make: Callable[[int], Batch], first: int, stride: int, queue: "multiprocessing.Queue[Batch]") -> None:
    """Runs in a process of its own until it is ended."""
    import torch

    torch.set_num_threads(1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    step = first
    while True:
        queue.put(make(step))
        step += stride


class Feeder(Generic[Batch]):
    """Gives `make(step)` for step = first, first + 1, …, in order, however many processes make them.

    `make` depends on nothing but the step, and gives NumPy arrays: tensors would be handed over by file descriptors, of
    which there are few.
    """

    def __init__(self, make: Callable[[int], Batch], first: int, processes: int) -> None:
        context = multiprocessing.get_context("fork")
        self.queues: List["multiprocessing.Queue[Batch]"] = [context.Queue(maxsize=8) for _ in range(processes)]
        self.processes = [
            context.Process(target=_feed, args=(make, first + k, processes, queue), daemon=True)
            for k, queue in enumerate(self.queues)
        ]
        for process in self.processes:
            process.start()
        self.turn = 0

    def next(self) -> Batch:
        """RuntimeError if the process whose turn it is has ended."""
        queue, process = self.queues[self.turn], self.processes[self.turn]
        while True:
            try:
                batch = queue.get(timeout=5)
                break
            except queues.Empty:
                if not process.is_alive():
                    raise RuntimeError("A process that makes batches has ended; its traceback is above.") from None
        self.turn = (self.turn + 1) % len(self.queues)
        return batch

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
