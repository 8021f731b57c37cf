"""The matrix products of a step alone, on dense numbers: what training would cost if nothing else had to be done."""

import time

import torch

from benchmarks.training import BATCH_SIZE

SECONDS = 0.3


class Products:
    """W x and its output, the gradients of both weights and of the hidden values; without allocating anything."""

    def __init__(self, n: int, m: int, instances: int, dtype: torch.dtype, device: str = "cpu") -> None:
        def numbers(*shape: int) -> torch.Tensor:
            return torch.rand(instances, *shape, dtype=dtype, device=device)

        self.W, self.x, self.g = numbers(m, n), numbers(n, BATCH_SIZE), numbers(n, BATCH_SIZE)
        self.h, self.gradient_h, self.y = numbers(m, BATCH_SIZE), numbers(m, BATCH_SIZE), numbers(n, BATCH_SIZE)
        self.gradient = numbers(m, n)
        self.flops = 5 * 2 * instances * n * m * BATCH_SIZE

    def run(self) -> None:
        torch.bmm(self.W, self.x, out=self.h)
        torch.bmm(self.W.mT, self.h, out=self.y)
        torch.bmm(self.W, self.g, out=self.gradient_h)
        torch.bmm(self.h, self.g.mT, out=self.gradient)
        torch.bmm(self.gradient_h, self.x.mT, out=self.gradient)

    def seconds(self) -> float:
        """Of all five, mean over a stretch."""
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            self.run()
            done += 1
        return (time.perf_counter() - began) / done
