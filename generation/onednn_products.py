"""Multiply rows by large matrices on a processor: by oneDNN where it is the quickest.

With AVX-512, and for the dozen rows of a prompt, it takes three quarters of the time that PyTorch's
usual library takes, forwards and backwards, and half of it with two threads; for hundreds it is no
slower. With AVX2 it takes a tenth more, unless it has laid out the matrix before
(generation/packed_weights.py) and the rows are few.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

FEW = 64  # rows; for more, PyTorch's usual library is quicker with AVX2, by a fifth
LAID_OUT_FOR = 16  # rows; others are right as well
VECTOR = 16  # float32 numbers of AVX-512
MOST_SWAPPED = 2 * VECTOR  # rows


def has_avx512() -> bool:
    """Say whether this processor has AVX-512, and PyTorch uses it."""
    return bool(torch.backends.cpu.get_cpu_capability() == "AVX512")


def is_able(weights: Iterable[Tensor]) -> bool:
    """Say whether oneDNN is here, and the weights are what it multiplies: float32, in memory."""
    return (
        torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
        and all(each.device.type == "cpu" and each.dtype == torch.float32 for each in weights)
    )


def product(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return rows [..., in] @ weight.T + bias; `weight` [out, in] may be packed by oneDNN."""
    # What torch.compile calls for the same purpose; PyTorch has no other way to it.
    result: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001
        rows, weight, bias, "none", [], ""
    )
    return result


class RearrangedMatrix:
    """A copy of a weight [out, in] that is laid out for few rows, and a bias [out]."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self._packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, LAID_OUT_FOR)  # noqa: SLF001
        self._bias = bias

    @staticmethod
    def takes(rows: int) -> bool:
        """Say whether this is the quickest way to multiply so many rows."""
        return has_avx512() or rows <= FEW

    def __call__(self, rows: Tensor) -> Tensor:
        """Return rows [..., in] @ weight.T + bias, [..., out]."""
        return product(rows.contiguous(), self._packed, self._bias)


def quickest(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return rows [..., in] @ weight.T + bias, by the library that is the quickest here."""
    if not (has_avx512() and is_able((rows, weight))):
        return F.linear(rows, weight, bias)
    if weight.is_contiguous() and _is_quicker_swapped(rows):
        return _swapped(rows, weight, bias)
    return product(rows.contiguous(), weight, bias)


def _is_quicker_swapped(rows: Tensor) -> bool:
    """Say whether rows [..., in] are few, and fill more than half of the last vector."""
    count = int(rows.shape[:-1].numel())
    return count <= MOST_SWAPPED and (count - 1) % VECTOR >= VECTOR // 2


def _swapped(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Multiply with the places swapped: weight @ rows.T.

    oneDNN rearranges what it multiplies by, but not what is multiplied; so it rearranges the few
    rows, and reads the matrix as it lies. It pads them to whole vectors.
    """
    transposed = product(weight, rows.flatten(end_dim=-2).contiguous())  # [out, rows]
    result = rows.new_empty(*rows.shape[:-1], len(weight))
    flat = result.view(-1, len(weight))
    if bias is None:
        flat.copy_(transposed.T)
    else:
        torch.add(transposed.T, bias, out=flat)
    return result
