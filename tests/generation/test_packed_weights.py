"""Products with packed weights: equal to plain ones, forwards and backwards, and up to date."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from generation.packed_weights import PackedProducts

pytestmark = [
    pytest.mark.usefixtures("one_torch_thread"),
    pytest.mark.skipif(
        not torch.backends.mkldnn.is_available(), reason="This processor's PyTorch has no oneDNN."
    ),
]


@pytest.fixture
def encoder() -> CLIPTextModelWithProjection:
    torch.manual_seed(0)
    config = CLIPTextConfig(
        vocab_size=64, hidden_size=96, intermediate_size=384, num_hidden_layers=2,
        num_attention_heads=4, projection_dim=48, bos_token_id=62, eos_token_id=63,
    )  # fmt: skip
    return CLIPTextModelWithProjection(config).eval().requires_grad_(requires_grad=False)


def first_layer(encoder: CLIPTextModelWithProjection) -> nn.Linear:
    return encoder.text_model.encoder.layers[0].mlp.fc1


@pytest.mark.parametrize("shape", [(12,), (1, 12), (4, 16)], ids=str)
def test_products_and_gradients_are_those_of_the_layer(
    encoder: CLIPTextModelWithProjection, shape: tuple[int, ...]
) -> None:
    layer, rows = first_layer(encoder), torch.randn(*shape, 96)
    plain, packed = rows.clone().requires_grad_(), rows.clone().requires_grad_()
    expected = layer(plain)
    with PackedProducts(encoder):
        found = layer(packed)
    away = torch.randn_like(expected)
    expected.backward(away)
    found.backward(away)
    assert type(found.grad_fn).__name__ == "_ProductBackward"  # the packed way was taken
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(packed.grad, plain.grad, rtol=1e-5, atol=1e-5)


def test_many_rows_are_multiplied_by_the_usual_library(
    encoder: CLIPTextModelWithProjection,
) -> None:
    layer, rows = first_layer(encoder), torch.randn(5, 16, 96)
    with PackedProducts(encoder):
        found = layer(rows)
    assert torch.equal(found, layer(rows))


def test_other_layers_and_functions_are_left_alone(encoder: CLIPTextModelWithProjection) -> None:
    stranger, rows = nn.Linear(96, 10), torch.randn(4, 96)
    with PackedProducts(encoder):
        assert torch.equal(stranger(rows), F.linear(rows, stranger.weight, stranger.bias))
    assert stranger(rows).grad_fn is not None


def test_weights_that_were_changed_are_packed_anew(encoder: CLIPTextModelWithProjection) -> None:
    layer, rows = first_layer(encoder), torch.randn(4, 96)
    with PackedProducts(encoder):
        before = layer(rows)
    with torch.no_grad():
        layer.weight.mul_(2)
    with PackedProducts(encoder):
        torch.testing.assert_close(layer(rows), F.linear(rows, layer.weight, layer.bias))
        assert not torch.allclose(layer(rows), before)


def test_an_encoder_in_half_precision_is_not_packed(encoder: CLIPTextModelWithProjection) -> None:
    half = copy.deepcopy(encoder).bfloat16()
    rows = torch.randn(4, 96, dtype=torch.bfloat16)
    with PackedProducts(half):
        assert torch.equal(first_layer(half)(rows), F.linear(
            rows, first_layer(half).weight, first_layer(half).bias
        ))  # fmt: skip
