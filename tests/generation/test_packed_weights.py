"""Products with packed weights: equal to plain ones, forwards and backwards, and up to date."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from generation import half_products, onednn_products
from generation.half_products import HalfMatrix
from generation.onednn_products import RearrangedMatrix
from generation.packed_weights import FrozenLinear, frozen_linear, packed

pytestmark = pytest.mark.usefixtures("one_torch_thread")
needs_onednn = pytest.mark.skipif(
    not onednn_products.is_able([torch.zeros(1)]), reason="This processor's PyTorch has no oneDNN."
)
needs_fbgemm = pytest.mark.skipif(
    not half_products.is_able([torch.zeros(1)]), reason="This processor's PyTorch has no FBGEMM."
)


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


def of_first_layer(encoder: CLIPTextModelWithProjection) -> FrozenLinear:
    layer = first_layer(encoder)
    return frozen_linear(encoder, "fc1", [layer.weight], [layer.bias])


# Few rows are multiplied by packed weights, and so are many where half precision holds those.
@pytest.mark.parametrize("shape", [(1, 12), (4, 16), (5, 16)], ids=str)
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("fits_in_half", [False, True])
def test_products_and_gradients_are_those_of_the_layers(
    encoder: CLIPTextModelWithProjection, shape: tuple[int, ...], count: int, *, fits_in_half: bool
) -> None:
    layers = [nn.Linear(96, 64 * (each + 1)) for each in range(count)]
    if fits_in_half:
        layers = [layer.half().float() for layer in layers]
    rows = torch.randn(*shape, 96, requires_grad=True)
    expected = torch.cat([layer(rows) for layer in layers], dim=-1)
    gradient = torch.randn_like(expected)
    expected.backward(gradient)
    with torch.no_grad():
        weights, biases = zip(*((each.weight, each.bias) for each in layers), strict=True)
        frozen = frozen_linear(encoder, "some", weights, biases)
        torch.testing.assert_close(frozen(rows), expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(frozen.back(gradient), rows.grad, rtol=1e-5, atol=1e-5)


@needs_fbgemm
@needs_onednn
def test_only_weights_that_lose_nothing_are_packed_in_half_precision() -> None:
    exact = torch.randn(64, 96).half().float()
    assert packed([exact, exact]) == [HalfMatrix, RearrangedMatrix]
    almost = exact.clone()
    almost[5, 7] *= 1.0001
    assert packed([exact, almost]) == [RearrangedMatrix]
    too_large = exact.clone()
    too_large[5, 7] = 70_000.0
    assert packed([too_large]) == [RearrangedMatrix]
    too_large[5, 7] = torch.inf
    assert packed([too_large]) == [RearrangedMatrix]
    assert packed([exact.double()]) == []


@needs_fbgemm
@needs_onednn
def test_many_rows_have_a_copy_of_their_own_where_it_is_quicker() -> None:
    weight, bias = torch.randn(64, 96).half().float(), torch.randn(64)
    frozen = FrozenLinear([weight], [bias], is_kept=True)
    few, many = torch.randn(12, 96), torch.randn(60, 96)
    expected = F.linear(few, weight, bias), F.linear(many, weight, bias)
    torch.testing.assert_close(frozen(few), expected[0])
    weight.zero_()  # which the copy that is there does not see, and a later one does
    torch.testing.assert_close(frozen(few), expected[0])
    if onednn_products.has_avx512():
        torch.testing.assert_close(frozen(many), bias.expand(60, -1))
    else:
        torch.testing.assert_close(frozen(many), expected[1])


@needs_fbgemm
@pytest.mark.parametrize("rows", [1, 12, 300])
def test_a_product_in_half_precision_is_exact(rows: int) -> None:
    weight, bias = torch.randn(64, 96).half().float(), torch.randn(64)
    weight[0] *= 2.0**-24  # Half precision holds the smallest numbers too, though fewer digits.
    weight = weight.half().float()
    given = torch.randn(rows, 2, 96).transpose(0, 1)  # as no memory lies
    expected = F.linear(given.double(), weight.double(), bias.double())
    result = HalfMatrix(weight, bias)(given).double()
    torch.testing.assert_close(result, expected, rtol=0, atol=2e-5)  # as far as float32 adds up


@needs_onednn
def test_a_packed_copy_multiplies_as_many_rows_as_it_is_quick_with(
    encoder: CLIPTextModelWithProjection,
) -> None:
    layer, rows = first_layer(encoder), torch.randn(1, 12, 96)
    frozen = of_first_layer(encoder)
    assert float(frozen(rows).abs().max()) > 1  # which makes the copy
    layer.weight.zero_()  # which the copy does not see
    assert float(frozen(rows).abs().max()) > 1
    many = frozen(rows.expand(6, -1, -1))
    assert (float(many.abs().max()) > 1) == onednn_products.has_avx512()
    torch.testing.assert_close(
        many[5], frozen(rows)[0] if onednn_products.has_avx512() else layer(rows)[0]
    )


def test_copies_are_kept_until_the_weights_change(encoder: CLIPTextModelWithProjection) -> None:
    layer, rows = first_layer(encoder), torch.randn(1, 4, 96)
    kept = of_first_layer(encoder)
    assert of_first_layer(encoder) is kept
    layer.weight.mul_(2)
    anew = of_first_layer(encoder)
    assert anew is not kept
    torch.testing.assert_close(anew(rows), F.linear(rows, layer.weight, layer.bias))


def test_nothing_is_kept_of_an_encoder_in_half_precision(
    encoder: CLIPTextModelWithProjection,
) -> None:
    half = copy.deepcopy(encoder).bfloat16()

    def as_float32() -> tuple[list[Tensor], list[Tensor]]:
        layer = first_layer(half)
        return [layer.weight.float()], [layer.bias.float()]

    first, second = (frozen_linear(half, "fc1", *as_float32()) for _ in range(2))
    assert first is not second
    rows = torch.randn(1, 4, 96)
    torch.testing.assert_close(first(rows), F.linear(rows, *(each[0] for each in as_float32())))


def test_copies_that_are_not_kept_are_not_packed(encoder: CLIPTextModelWithProjection) -> None:
    half = copy.deepcopy(encoder).bfloat16()
    weight, bias = torch.randn(384, 96), torch.zeros(384)
    frozen = frozen_linear(half, "fc1", [weight], [bias])
    weight.zero_()  # which a packed copy would not see
    assert float(frozen(torch.randn(1, 4, 96)).abs().max()) == 0
