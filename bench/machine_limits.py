"""What this machine could do at best: arithmetic and memory, measured, and the work of each way.

A bound, not a goal: no way can be faster than its multiplications at the rate of one large product,
nor than its weights can be fetched and stored, even if the two overlap perfectly.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from transformers import CLIPTextConfig

SIDE = 2_048  # of the large product
WEIGHTS = 64_000_000  # of the memory test; larger than any cache
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Machine:
    arithmetic: float  # floating-point operations a second, float32
    memory: float  # bytes a second, read and written as Adam does it

    @classmethod
    def measured(cls) -> "Machine":
        """Measure with as many threads as PyTorch has now."""
        left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
        weights = torch.zeros(WEIGHTS)
        return cls(
            arithmetic=2 * SIDE**3 / _quickest(lambda: left @ right),
            memory=2 * weights.nbytes / _quickest(lambda: weights.add_(1)),
        )

    def seconds(self, work: "Work") -> float:
        """Return the time that the work takes at least."""
        return max(work.operations / self.arithmetic, work.bytes / self.memory)


@dataclass(frozen=True, slots=True)
class Work:
    """What linear layers cost; attention and norms are left out, since they are small."""

    operations: float
    bytes: float


def adam_work(config: CLIPTextConfig, tokens: int, steps: int) -> Work:
    """Return the work of one prompt: forwards, both gradients, three numbers of each weight."""
    weights, _ = _sizes(config)
    readings = 2 * config.max_position_embeddings  # plain, and at the end
    return Work(
        operations=2 * weights * (3 * tokens * steps + readings),
        bytes=4 * weights * ((2 + 6) * steps + 2),
    )


def ascent_work(config: CLIPTextConfig, tokens: int, steps: int, prompts: int) -> Work:
    """Return the work of one prompt of a batch, which shares the weights' way from memory."""
    weights, sides = _sizes(config)
    longest = config.max_position_embeddings
    dense = 2 * weights * (2 * tokens * steps + 2 * longest)
    kept = [step * tokens for step in range(steps)]  # rows, at each step
    low_rank = 2 * sides * (2 * tokens * sum(kept) + longest * tokens * steps)
    return Work(operations=dense + low_rank, bytes=4 * weights * (2 * steps + 2) / prompts)


def _sizes(config: CLIPTextConfig) -> tuple[int, int]:
    """Return the linear layers' weights, and the sum of their rows and columns."""
    hidden, inner = config.hidden_size, config.intermediate_size
    weights = 4 * hidden * hidden + 2 * hidden * inner
    sides = 4 * (hidden + hidden) + 2 * (hidden + inner)
    return config.num_hidden_layers * weights, config.num_hidden_layers * sides


def _quickest(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
