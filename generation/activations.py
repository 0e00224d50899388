"""What lies between the two linear layers of a text tower's block, forwards and backwards."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.activations import QuickGELUActivation

Backwards = Callable[[Tensor], Tensor]  # the gradient of what came out to that of what went in
Activation = Callable[[Tensor], tuple[Tensor, Backwards]]

SCALE = 1.702  # of quick GELU


def activation_of(module: nn.Module) -> Activation:
    """Return the quickest way to what a module does to each number; it may overwrite its input."""
    return quick_gelu if type(module) is QuickGELUActivation else partial(by_autograd, module)


def quick_gelu(given: Tensor) -> tuple[Tensor, Backwards]:
    """Return x * sigmoid(1.702 x), CLIP's activation (Hendrycks and Gimpel 2016, arXiv:1606.08415).

    It is silu(1.702 x) / 1.702, and silu passes the numbers once and not three times. Its slope is
    silu's, for the two factors cancel.
    """
    scaled = given.mul_(SCALE)
    return F.silu(scaled).div_(SCALE), partial(torch.ops.aten.silu_backward, self=scaled)


def by_autograd(module: nn.Module, given: Tensor) -> tuple[Tensor, Backwards]:
    """Return what any module does."""
    with torch.enable_grad():
        result: Tensor = module(given.requires_grad_())

    def back(gradient: Tensor) -> Tensor:
        (of_given,) = torch.autograd.grad(result, given, gradient)
        return of_given

    return result.detach(), back
