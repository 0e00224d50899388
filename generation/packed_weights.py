"""Multiply rows by weights that don't change, from copies laid out as the processor likes them.

A product of a dozen rows with a matrix spends most of its time on fetching and rearranging the
matrix. Where half precision holds the weights without a loss, FBGEMM multiplies by a copy in it, in
less than half the time. oneDNN can rearrange any weights once; the product of few rows then takes
half the time with AVX-512, three quarters with AVX2, and that of hundreds a fifth less with
AVX-512, a twentieth less than FBGEMM's. A copy is made when rows first come that it is the quickest
for, one for each direction of the gradient, and kept as long as the text encoder lives: those of
FBGEMM are together as large as the weights, oneDNN's twice as large.
"""

from collections.abc import Callable, Sequence
from typing import Protocol
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextModelWithProjection

from generation import half_products, onednn_products
from generation.half_products import HalfMatrix
from generation.onednn_products import RearrangedMatrix

Version = list[tuple[int, int]]
Given = tuple[Tensor, Tensor | None]  # a weight [out, in] and a bias [out], if any


class PackedMatrix(Protocol):
    """A copy of a weight [out, in], with a bias [out] or without."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None: ...

    @staticmethod
    def takes(rows: int) -> bool:
        """Say whether this is the quickest way to multiply so many rows, or nearly."""

    def __call__(self, rows: Tensor) -> Tensor:
        """Return rows [..., in] @ weight.T + bias, [..., out]."""


def packed(weights: Sequence[Tensor]) -> list[type[PackedMatrix]]:
    """Return the kinds of copies that pay here; the first that takes rows is the quickest."""
    kinds: list[type[PackedMatrix]] = []
    if half_products.is_able(weights):
        kinds.append(HalfMatrix)
    if onednn_products.is_able(weights):
        kinds.append(RearrangedMatrix)
    return kinds


class _Copies:
    """The copies of a weight [out, in], each made when rows come that it is the quickest for."""

    def __init__(self, kinds: Sequence[type[PackedMatrix]], make: Callable[[], Given]) -> None:
        """Prepare; `make` gives a weight, and a bias [out] or None."""
        self._kinds, self._make = kinds, make
        self._made: dict[type[PackedMatrix], PackedMatrix] = {}

    def for_rows(self, rows: Tensor) -> PackedMatrix | None:
        """Return the copy that is the quickest for rows [..., in], if any is."""
        count = rows.shape[:-1].numel()
        kind = next((kind for kind in self._kinds if kind.takes(count)), None)
        if kind is not None and kind not in self._made:
            self._made[kind] = kind(*self._make())
        return None if kind is None else self._made[kind]


class FrozenLinear:
    """Linear layers that are given the same rows, as one: weights [out, in], one over the other."""

    def __init__(
        self, weights: Sequence[Tensor], biases: Sequence[Tensor], *, is_kept: bool
    ) -> None:
        """Prepare; packing pays only for what is kept."""
        self.version = _version(weights)
        self._weights, self._biases = weights, biases
        kinds = packed(weights) if is_kept else []
        self._straight = _Copies(kinds, lambda: (torch.cat([*weights]), torch.cat([*biases])))
        self._transposed = _Copies(kinds, lambda: (torch.cat([*weights]).T.contiguous(), None))

    def __call__(self, rows: Tensor) -> Tensor:
        """Return [..., out of all] of rows [..., in]."""
        if (copy := self._straight.for_rows(rows)) is not None:
            return copy(rows)
        each = zip(self._weights, self._biases, strict=True)
        results = [F.linear(rows, weight, bias) for weight, bias in each]
        return results[0] if len(results) == 1 else torch.cat(results, dim=-1)

    def back(self, gradient: Tensor) -> Tensor:
        """Return the gradient of the rows [..., in], given that of the result."""
        if (copy := self._transposed.for_rows(gradient)) is not None:
            return copy(gradient)
        pieces = gradient.split([len(weight) for weight in self._weights], dim=-1)
        result = pieces[0] @ self._weights[0]
        for piece, weight in zip(pieces[1:], self._weights[1:], strict=True):
            result += piece @ weight
        return result


_kept: WeakKeyDictionary[CLIPTextModelWithProjection, dict[str, FrozenLinear]] = WeakKeyDictionary()


def frozen_linear(
    encoder: CLIPTextModelWithProjection,
    name: str,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
) -> FrozenLinear:
    """Return layers of an encoder as one, from what was kept of them where they have not changed.

    Weights that are not the encoder's own but copies in another precision are not packed or kept.
    """
    if encoder.dtype != torch.float32:
        return FrozenLinear(weights, biases, is_kept=False)
    kept = _kept.setdefault(encoder, {})
    if name not in kept or kept[name].version != _version(weights):
        kept[name] = FrozenLinear(weights, biases, is_kept=True)
    return kept[name]


def _version(weights: Sequence[Tensor]) -> Version:
    """Return where weights lie and PyTorch's own count of their changes in place."""
    return [
        (weight.data_ptr(), int(weight._version))  # noqa: SLF001 (it has no public name)
        for weight in weights
    ]
