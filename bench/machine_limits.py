"""What this machine could do at best: its products and memory, measured, and the work of each way.

A bound, not a goal: no way can be faster than its multiplications by the quickest library that
there is for so many rows, nor than its weights can be fetched and stored, even if the two overlap
perfectly.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextConfig

from generation.onednn_products import quickest
from generation.packed_weights import packed

WEIGHTS = 64_000_000  # of the memory test; larger than any cache
MATRICES = 24  # in turn, so that none is in the processor's cache when it is its turn again
ROUNDS = 5


class Kind(NamedTuple):
    """Products of so many rows at once, by weights that can be laid out before or that move."""

    rows: int
    is_frozen: bool

    def __str__(self) -> str:
        return f"{self.rows} rows, {'frozen' if self.is_frozen else 'moving'}"


@dataclass(frozen=True, slots=True)
class Work:
    """What linear layers cost; attention and norms are left out, since they are small."""

    operations: dict[Kind, float]
    bytes: float


@dataclass(frozen=True, slots=True)
class Machine:
    arithmetic: dict[Kind, float]  # floating-point operations a second, float32
    memory: float  # bytes a second, read and written as Adam does it

    @classmethod
    def measured(cls, config: CLIPTextConfig, works: list[Work]) -> "Machine":
        """Measure with as many threads as PyTorch has now, for the products of the works."""
        kinds = {each for work in works for each in work.operations}
        weights = torch.zeros(WEIGHTS)
        return cls(
            arithmetic={each: _rate(config.hidden_size, each) for each in sorted(kinds)},
            memory=2 * weights.nbytes / _quickest(lambda: weights.add_(1)),
        )

    def seconds(self, work: Work) -> float:
        """Return the time that the work takes at least."""
        multiplying = sum(
            operations / self.arithmetic[kind] for kind, operations in work.operations.items()
        )
        return max(multiplying, work.bytes / self.memory)


def _rate(side: int, kind: Kind) -> float:
    """Return the operations a second of the quickest library, for matrices [4 * side, side].

    They are such as half precision holds, as CLIP's are.
    """
    matrices = [torch.randn(4 * side, side).half().float() for _ in range(MATRICES)]
    given = torch.randn(kind.rows, side)
    ways: list[Sequence[Callable[[Tensor], Tensor]]] = [
        [partial(library, weight=matrix) for matrix in matrices] for library in (F.linear, quickest)
    ]
    if kind.is_frozen:
        ways += [[copy(matrix) for matrix in matrices] for copy in packed(matrices)]

    def all_products(products: Sequence[Callable[[Tensor], Tensor]]) -> None:
        for product in products:
            product(given)

    seconds = min(_quickest(partial(all_products, way)) for way in ways)
    return MATRICES * 2 * kind.rows * 4 * side * side / seconds


@dataclass(frozen=True, slots=True)
class _Linear:
    """A product of the text tower, and the rows of a prompt that it is needed for."""

    given: int
    made: int
    rows: int

    @property
    def weights(self) -> int:
        return self.given * self.made

    @property
    def sides(self) -> int:
        return self.given + self.made


def adam_work(config: CLIPTextConfig, tokens: int, steps: int) -> Work:
    """Return the work of one prompt: forwards, both gradients, three numbers of each weight.

    What the encoder says of the prompt as it is is known, as it is to the ways beside ours.
    """
    linears = _linears(config, tokens)
    weights = sum(each.weights for each in linears)
    climbing = sum(each.weights * 3 * each.rows * steps for each in linears)
    longest = config.max_position_embeddings
    return Work(
        operations={
            Kind(tokens, is_frozen=False): 2 * climbing,
            Kind(longest, is_frozen=False): 2 * weights * longest,  # at the end
        },
        bytes=4 * weights * ((2 + 6) * steps + 1),
    )


def ascent_work(config: CLIPTextConfig, tokens: int, steps: int, prompts: int) -> Work:
    """Return the work of one prompt of a batch, which shares the weights' way from memory.

    What the encoder says of the prompts as it is is known, as in `adam_work`.
    """
    linears, longest = _linears(config, tokens), config.max_position_embeddings
    weights = sum(each.weights for each in linears)
    kept = sum(range(steps))  # how often each row is multiplied by what a step has kept
    climbing = sum(
        2 * each.rows * (each.weights * steps + each.sides * each.rows * kept) for each in linears
    )
    reading = longest * sum(each.weights + each.sides * each.rows * steps for each in linears)
    return Work(
        operations={
            Kind(tokens * prompts, is_frozen=True): 2 * climbing,
            Kind(longest * prompts, is_frozen=True): 2 * reading,
        },
        bytes=4 * weights * (2 * steps + 1) / prompts,
    )


def _linears(config: CLIPTextConfig, tokens: int) -> list[_Linear]:
    """Return the products of all layers; the feature needs one row of the last."""
    hidden, inner = config.hidden_size, config.intermediate_size
    linears: list[_Linear] = []
    for layers, rows in ((config.num_hidden_layers - 1, tokens), (1, 1)):
        linears += layers * [
            _Linear(hidden, 3 * hidden, tokens),  # query, key and value of all rows
            _Linear(hidden, hidden, rows),
            _Linear(hidden, inner, rows),
            _Linear(inner, hidden, rows),
        ]
    return linears


def _quickest(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
