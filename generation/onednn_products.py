"""Multiply few rows by large matrices on a processor: by oneDNN where it is the quickest.

With AVX-512, and for the dozen rows of a prompt, it takes three quarters of the time that PyTorch's
usual library takes, forwards and backwards. With AVX2 it takes a tenth more.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

FEW = 64  # rows; for more PyTorch's usual library is as quick or quicker, with AVX2 by a fifth


def is_few(rows: Tensor) -> bool:
    """Say whether oneDNN is the better way to multiply rows [..., in]."""
    return int(rows.shape[:-1].numel()) <= FEW


def is_able(weights: Iterable[Tensor]) -> bool:
    """Say whether oneDNN is here, and the weights are what it multiplies: float32, in memory."""
    return (
        torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
        and all(each.device.type == "cpu" and each.dtype == torch.float32 for each in weights)
    )


def packed_copy(weight: Tensor, rows: int) -> Tensor:
    """Return a copy of a weight [out, in] for `product` alone, laid out for so many rows."""
    result: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, rows)  # noqa: SLF001
    return result


def product(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return rows [..., in] @ weight.T + bias; `weight` [out, in] may be packed by oneDNN."""
    # What torch.compile calls for the same purpose; PyTorch has no other way to it.
    result: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001
        rows, weight, bias, "none", [], ""
    )
    return result


def _quickest(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return rows [..., in] @ weight.T + bias, by the library that is the quickest here."""
    if is_few(rows) and torch.backends.cpu.get_cpu_capability() == "AVX512":
        return product(rows.contiguous(), weight, bias)
    return F.linear(rows, weight, bias)


class TrainedProducts(TorchFunctionMode):  # type: ignore[misc]  # mypy does not follow torch
    """While it is entered, linear layers whose weights are trained pass on their gradients at once.

    `take` gets each weight with its gradient, at once and instead of `weight.grad`: all gradients
    are written to the same memory, one after the other, since fetching fresh memory for each takes
    longer than computing it. It may change the weight, which must be used once in a reading.
    """

    def __init__(self, take: Callable[[Tensor, Tensor], None]) -> None:
        super().__init__()
        self._take, self._memory = take, torch.empty(0)

    def __torch_function__(
        self,
        function: Callable[..., Any],
        _types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if function is F.linear and not kwargs:
            rows, weight, *bias = args
            if weight.requires_grad and is_able((rows, weight)):
                return _Product.apply(rows, weight, *bias or [None], self._learn)
        return function(*args, **(kwargs or {}))

    def _learn(self, weight: Tensor, left: Tensor, right: Tensor) -> None:
        """Pass on the gradient left @ right of a weight."""
        if self._memory.numel() < weight.numel():
            self._memory = weight.new_empty(weight.numel())
        gradient = self._memory[: weight.numel()].view_as(weight)
        torch.mm(left, right, out=gradient)
        self._take(weight, gradient)


Learn = Callable[[Tensor, Tensor, Tensor], None]


class _Product(torch.autograd.Function):  # type: ignore[misc]  # mypy does not follow torch
    @staticmethod
    def forward(
        context: Any, rows: Tensor, weight: Tensor, bias: Tensor | None, learn: Learn
    ) -> Tensor:
        context.save_for_backward(rows, weight)
        context.has_bias, context.learn = bias is not None, learn
        return _quickest(rows, weight, bias)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, Tensor | None, None]:
        rows, weight = context.saved_tensors
        flat = gradient.flatten(0, -2)  # [n, out]
        of_rows = _quickest(gradient, weight.T)
        context.learn(weight, flat.T, rows.flatten(0, -2))  # last, since it may change the weight
        return of_rows, None, flat.sum(0) if context.has_bias else None, None
