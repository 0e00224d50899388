"""Multiply few rows by large matrices on a processor: by oneDNN instead of PyTorch's own choice.

For the dozen rows of a prompt oneDNN takes three quarters of the time that PyTorch's usual library
takes, forwards and backwards.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


def is_able(weights: Iterable[Tensor]) -> bool:
    """Say whether oneDNN is here, and the weights are what it multiplies: float32, in memory."""
    return (
        torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and all(each.device.type == "cpu" and each.dtype == torch.float32 for each in weights)
    )


def product(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return rows [..., in] @ weight.T + bias; `weight` [out, in] may be packed by oneDNN."""
    # What torch.compile calls for the same purpose; PyTorch has no other way to it.
    result: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001
        rows, weight, bias, "none", [], ""
    )
    return result


class TrainedProducts(TorchFunctionMode):  # type: ignore[misc]  # mypy does not follow torch
    """While it is entered, linear layers whose weights are trained multiply by oneDNN."""

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
                return _Product.apply(rows, weight, *bias or [None])
        return function(*args, **(kwargs or {}))


class _Product(torch.autograd.Function):  # type: ignore[misc]  # mypy does not follow torch
    @staticmethod
    def forward(context: Any, rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        context.save_for_backward(rows, weight)
        context.has_bias = bias is not None
        return product(rows, weight, bias)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        rows, weight = context.saved_tensors
        flat = gradient.flatten(0, -2)  # [n, out]
        return (
            product(gradient.contiguous(), weight.T),
            flat.T @ rows.flatten(0, -2),
            flat.sum(0) if context.has_bias else None,
        )
