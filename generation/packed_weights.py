"""Multiply few rows by weights that don't change, from a copy laid out as the processor likes it.

A product of a dozen rows with a matrix spends most of its time on fetching and rearranging the
matrix. oneDNN can rearrange it once: on AVX-512 the product then takes half the time. The copies,
one for each direction of the gradient, are twice as large as the weights, and are kept as long as
the text encoder lives.
"""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from transformers import CLIPTextModelWithProjection

from generation.onednn_products import is_able, is_few, packed_copy, product

ROWS = 16  # for which the layout is chosen; others are right as well


class _Packed:
    """One matrix [out, in], for products with it and with its transpose."""

    def __init__(self, weight: Tensor) -> None:
        self.version = _version_of(weight)
        self.straight = packed_copy(weight.detach(), ROWS)
        self.transposed = packed_copy(weight.detach().T.contiguous(), ROWS)


class _Product(torch.autograd.Function):  # type: ignore[misc]  # mypy does not follow torch
    """rows @ weight.T + bias; weight and bias get no gradient."""

    @staticmethod
    def forward(context: Any, rows: Tensor, packed: _Packed, bias: Tensor | None) -> Tensor:
        context.packed = packed
        return product(rows, packed.straight, bias)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return product(gradient.contiguous(), context.packed.transposed), None, None


class PackedProducts(TorchFunctionMode):  # type: ignore[misc]  # mypy does not follow torch
    """While it is entered, linear layers of a text encoder multiply by their packed weights."""

    def __init__(self, encoder: CLIPTextModelWithProjection) -> None:
        super().__init__()
        # Weights of another type are read as copies, whose addresses mean nothing later.
        is_read = is_able(encoder.text_model.parameters())
        self._packed = _packed_weights(encoder) if is_read else {}

    def __torch_function__(
        self,
        function: Callable[..., Any],
        _types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if function is F.linear and not kwargs:
            rows, weight, *bias = args
            packed = self._packed.get(weight.data_ptr())
            if packed is not None and is_few(rows):
                return _Product.apply(rows, packed, *bias or [None])
        return function(*args, **(kwargs or {}))


_kept: WeakKeyDictionary[CLIPTextModelWithProjection, dict[int, _Packed]] = WeakKeyDictionary()


def _packed_weights(encoder: CLIPTextModelWithProjection) -> dict[int, _Packed]:
    """Return the packed matrices of all linear layers by the address of the weights."""
    kept, current = _kept.get(encoder, {}), dict[int, _Packed]()
    for module in encoder.text_model.modules():
        if type(module) is torch.nn.Linear:
            weight = module.weight
            packed = kept.get(weight.data_ptr())
            if packed is None or packed.version != _version_of(weight):
                packed = _Packed(weight)
            current[weight.data_ptr()] = packed
    _kept[encoder] = current
    return current


def _version_of(weight: Tensor) -> int:
    """Return PyTorch's own count of the changes in place."""
    return int(weight._version)  # noqa: SLF001 (as autograd counts, which has no public name)
