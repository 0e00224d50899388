"""Products of trained weights by oneDNN: those of PyTorch, forwards and backwards."""

import pytest
import torch
from torch import Tensor, nn

from generation.onednn_products import TrainedProducts, is_able, product

pytestmark = [
    pytest.mark.usefixtures("one_torch_thread"),
    pytest.mark.skipif(
        not is_able([torch.zeros(1)]), reason="This processor's PyTorch has no oneDNN."
    ),
]


def refuse(weight: Tensor, gradient: Tensor) -> None:
    raise AssertionError("This weight is not oneDNN's.")


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("shape", [(12,), (1, 12), (3, 77)], ids=str)
def test_products_and_gradients_are_those_of_the_layer(
    shape: tuple[int, ...], *, has_bias: bool
) -> None:
    torch.manual_seed(0)
    layer, rows = nn.Linear(96, 384, bias=has_bias), torch.randn(*shape, 96, requires_grad=True)
    wanted = [rows, *layer.parameters()]
    expected = layer(rows)
    away = torch.randn_like(expected)
    expected_gradients = torch.autograd.grad(expected, wanted, away)
    taken: dict[Tensor, Tensor] = {}
    with TrainedProducts(lambda weight, gradient: taken.update({weight: gradient.clone()})):
        found = layer(rows)
    assert type(found.grad_fn).__name__ == "_ProductBackward"  # ours, not the layer's own
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    others = [each for each in wanted if each is not layer.weight]
    gradients = dict(zip(others, torch.autograd.grad(found, others, away), strict=True)) | taken
    for each, expected_gradient in zip(wanted, expected_gradients, strict=True):
        torch.testing.assert_close(gradients[each], expected_gradient, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 12), (3, 77)], ids=str)
def test_onednn_multiplies_by_weights_as_they_are(shape: tuple[int, ...]) -> None:
    rows, layer = torch.randn(*shape, 96), nn.Linear(96, 384).requires_grad_(requires_grad=False)
    expected = layer(rows)
    torch.testing.assert_close(product(rows, layer.weight, layer.bias), expected)
    torch.testing.assert_close(product(expected, layer.weight.T), expected @ layer.weight)


def test_a_weight_may_be_moved_as_soon_as_its_gradient_is_there() -> None:
    first, second = nn.Linear(96, 384, bias=False), nn.Linear(384, 10, bias=False)
    rows = torch.randn(12, 96)
    second(first(rows)).sum().backward()
    expected = {each.weight: each.weight.detach() + each.weight.grad for each in (first, second)}

    def move(weight: Tensor, gradient: Tensor) -> None:
        weight.add_(gradient)

    with TrainedProducts(move):
        second(first(rows)).sum().backward()
    for weight, moved in expected.items():
        torch.testing.assert_close(weight.detach(), moved, rtol=1e-4, atol=1e-4)


def test_layers_that_are_not_trained_are_left_alone() -> None:
    layer, rows = nn.Linear(96, 10).requires_grad_(requires_grad=False), torch.randn(4, 96)
    with TrainedProducts(refuse):
        found = layer(rows.requires_grad_())
    assert type(found.grad_fn).__name__ == "AddmmBackward0"
    assert torch.equal(found, layer(rows))


def test_weights_in_half_precision_are_left_alone() -> None:
    layer, rows = nn.Linear(96, 10).bfloat16(), torch.randn(4, 96, dtype=torch.bfloat16)
    with TrainedProducts(refuse):
        found = layer(rows)
    assert torch.equal(found, layer(rows))
    found.sum().backward()
    assert layer.weight.grad is not None
    assert not is_able(layer.parameters())
