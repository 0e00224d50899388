"""Multiply rows by weights that don't change, from copies laid out as the processor likes them.

A product of a dozen rows with a matrix spends most of its time on fetching and rearranging the
matrix. Where half precision holds the weights without a loss, FBGEMM multiplies by a copy in it, in
less than half the time; other weights oneDNN can rearrange once, and the product of few rows then
takes half the time with AVX-512, three quarters with AVX2, that of hundreds still a fifth less with
AVX-512. The copies, one for each direction of
the gradient, are together as large as the weights or twice as large, and are kept as long as the
text encoder lives.
"""

from collections.abc import Sequence
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


class PackedMatrix(Protocol):
    """A copy of a weight [out, in], with a bias [out] or without."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None: ...

    def takes(self, rows: Tensor) -> bool:
        """Say whether this is the quickest way to multiply rows [..., in]."""

    def __call__(self, rows: Tensor) -> Tensor:
        """Return rows [..., in] @ weight.T + bias, [..., out]."""


def packed(weights: Sequence[Tensor]) -> type[PackedMatrix] | None:
    """Return the best kind of copy that there is for weights on this machine."""
    if half_products.is_able(weights):
        return HalfMatrix
    return RearrangedMatrix if onednn_products.is_able(weights) else None


class FrozenLinear:
    """Linear layers that are given the same rows, as one: weights [out, in], one over the other."""

    def __init__(
        self, weights: Sequence[Tensor], biases: Sequence[Tensor], *, is_kept: bool
    ) -> None:
        """Prepare; packing pays only for what is kept."""
        self.version = _version(weights)
        self._weights, self._biases = weights, biases
        self._straight: PackedMatrix | None = None
        self._transposed: PackedMatrix | None = None
        kind = packed(weights) if is_kept else None
        if kind is not None:
            together = torch.cat([*weights])  # [out of all, in]
            self._straight = kind(together, torch.cat([*biases]))
            self._transposed = kind(together.T.contiguous())

    def __call__(self, rows: Tensor) -> Tensor:
        """Return [..., out of all] of rows [..., in]."""
        if self._straight is not None and self._straight.takes(rows):
            return self._straight(rows)
        each = zip(self._weights, self._biases, strict=True)
        results = [F.linear(rows, weight, bias) for weight, bias in each]
        return results[0] if len(results) == 1 else torch.cat(results, dim=-1)

    def back(self, gradient: Tensor) -> Tensor:
        """Return the gradient of the rows [..., in], given that of the result."""
        if self._transposed is not None and self._transposed.takes(gradient):
            return self._transposed(gradient)
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
