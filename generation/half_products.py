"""Multiply rows by matrices that half precision can hold, on a processor: by FBGEMM, exactly.

CLIP's linear layers were published in half precision (OpenAI's `convert_weights`), and Stable
Diffusion took its text encoder over as it was; a file that has them as float32 has the same
numbers. FBGEMM keeps such a matrix in half precision and in the order in which it is read, widens
it on the way to the multiplication, and adds up float32: half as much is fetched, and nothing is
lost. A dozen rows take less than half the time of PyTorch's usual library.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from generation import onednn_products

MANY = 48  # rows, for which oneDNN is the quicker with AVX-512
ENGINES = ("fbgemm", "x86")  # of torch.backends.quantized, which have the operators


def is_able(weights: Sequence[Tensor]) -> bool:
    """Say whether FBGEMM is here, and half precision holds float32 weights without a loss."""
    return (
        torch.backends.quantized.engine in ENGINES
        and hasattr(torch.ops.quantized, "linear_prepack_fp16")
        and hasattr(torch.ops.quantized, "linear_dynamic_fp16")
        and all(each.device.type == "cpu" and each.dtype == torch.float32 for each in weights)
        and all(_is_exact(each) for each in weights)
    )


def _is_exact(weight: Tensor) -> bool:
    """Say whether half precision holds all numbers; FBGEMM would make infinity finite."""
    half = weight.half()
    return bool(half.isfinite().all()) and torch.equal(half.float(), weight)


class HalfMatrix:
    """A copy of a weight [out, in] that `is_able` to be one, and a bias [out]."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self._packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)

    @staticmethod
    def takes(rows: int) -> bool:
        """Say whether this is the quickest way to multiply so many rows, or nearly."""
        return rows < MANY or not onednn_products.has_avx512()

    def __call__(self, rows: Tensor) -> Tensor:
        """Return rows [..., in] @ weight.T + bias, [..., out]."""
        result: Tensor = torch.ops.quantized.linear_dynamic_fp16(rows, self._packed)
        return result
