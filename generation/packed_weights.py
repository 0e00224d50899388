"""Multiply few rows by weights that don't change, from a copy laid out as the processor likes it.

A product of a dozen rows with a matrix spends most of its time on fetching and rearranging the
matrix. oneDNN can rearrange it once: the product then takes half the time with AVX-512, three
quarters with AVX2. The copies, one for each direction of the gradient, are twice as large as the
weights, and are kept as long as the text encoder lives.
"""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextModelWithProjection

from generation.onednn_products import is_able, is_few, packed_copy, product

ROWS = 16  # for which the layout is chosen; others are right as well

Version = list[tuple[int, int]]


class FrozenLinear:
    """Linear layers that are given the same rows, as one: weights [out, in], one over the other."""

    def __init__(
        self, weights: Sequence[Tensor], biases: Sequence[Tensor], *, is_kept: bool
    ) -> None:
        """Prepare; packing pays only for what is kept."""
        self.version = _version(weights)
        self._weights, self._biases = weights, biases
        self._bias = torch.cat([*biases])  # [out of all]
        self._is_packed = is_kept and is_able(weights)
        if self._is_packed:
            together = torch.cat([*weights])  # [out of all, in]
            self._straight = packed_copy(together, ROWS)
            self._transposed = packed_copy(together.T.contiguous(), ROWS)

    def __call__(self, rows: Tensor) -> Tensor:
        """Return [..., out of all] of rows [..., in]."""
        if self._is_packed and is_few(rows):
            return product(rows, self._straight, self._bias)
        each = zip(self._weights, self._biases, strict=True)
        results = [F.linear(rows, weight, bias) for weight, bias in each]
        return results[0] if len(results) == 1 else torch.cat(results, dim=-1)

    def back(self, gradient: Tensor) -> Tensor:
        """Return the gradient of the rows [..., in], given that of the result."""
        if self._is_packed and is_few(gradient):
            return product(gradient.contiguous(), self._transposed)
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
