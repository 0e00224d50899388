"""Multiply small matrices on a processor: by NumPy's library where that is the quickest.

NumPy's wheels have OpenBLAS, and that has kernels for products of up to a million multiplications
on processors with AVX-512 (its kernel/x86_64/sgemm_small_kernel_permit_skylakex.c says which). They
take a product as it lies, where PyTorch's usual library rearranges it first, which for a dozen rows
is most of the work. So larger products are cut into such. These kernels use one thread: with more,
PyTorch's library shares a product out and is the quicker.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from generation.onednn_products import has_avx512

MOST = 10**6  # multiplications of a product
MOST_NUMBERS = 1200  # of a result, where the right matrix lies transposed
LEAST_ROWS, LEAST_COLUMNS = 4, 64  # of a piece; smaller ones aren't worth their calls
LEAST = 2**19  # multiplications in all, for a call to be worth it
# A sum is added to its total afterwards, which reads that once more. So it has to be of many
# products, the total of few rows, and the right matrices such as don't fit in the nearest caches.
LEAST_ADDED, MOST_ROWS, LEAST_NUMBERS = 48, 32, 2**18


def times_transposed(left: Tensor, right: Tensor) -> Tensor:
    """Return left [batch, n, k] @ right [batch, m, k].mT, [batch, n, m]."""
    (batch, n, k), m = left.shape, right.shape[1]
    piece = _piece(m, min(MOST_NUMBERS // n, MOST // (n * k)), LEAST_ROWS)
    if not (piece and batch * n * m * k >= LEAST and _is_quickest(left)):
        return left @ right.mT
    result = left.new_empty(batch, n, m)
    np.matmul(
        left[:, None].numpy(),
        right.unflatten(1, (-1, piece)).mT.numpy(),  # [batch, pieces, k, piece]
        out=result.unflatten(2, (-1, piece)).transpose(1, 2).numpy(),
    )
    return result


def add_product(total: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Add left [batch, n, k] @ right [batch, k, m] to a total [batch, n, m], in place."""
    n, k = left.shape[1:]
    piece = _piece(right.shape[2], MOST // (n * k), LEAST_COLUMNS)
    pays = n <= MOST_ROWS and k >= LEAST_ADDED and right.numel() >= LEAST_NUMBERS
    if not (piece and pays and _is_quickest(left)):
        return total.baddbmm_(left, right)
    result = torch.empty_like(total)
    _by_columns(left[:, None], right, result, piece)
    return total.add_(result)


def product(left: Tensor, right: Tensor, result: Tensor) -> Tensor:
    """Write left [n, k] @ right [k, m] into a result [n, m]."""
    n, k = left.shape
    piece = _piece(right.shape[1], MOST // (n * k), LEAST_COLUMNS)
    if not (piece and _is_quickest(left)):
        return torch.mm(left, right, out=result)
    _by_columns(left, right, result, piece)
    return result


def _by_columns(left: Tensor, right: Tensor, result: Tensor, piece: int) -> None:
    np.matmul(
        left.numpy(),
        right.unflatten(-1, (-1, piece)).transpose(-3, -2).numpy(),  # [..., pieces, k, piece]
        out=result.unflatten(-1, (-1, piece)).transpose(-3, -2).numpy(),
    )


def _is_quickest(one: Tensor) -> bool:
    is_plain = one.device.type == "cpu" and one.dtype == torch.float32
    return is_plain and has_avx512() and torch.get_num_threads() == 1


@lru_cache
def _piece(size: int, most: int, least: int) -> int:
    """Return the largest divisor of a size that is at most so large, or 0 if it's below `least`."""
    divisors = (size // count for count in range(1, size // least + 1) if size % count == 0)
    return next((divisor for divisor in divisors if divisor <= most), 0)
