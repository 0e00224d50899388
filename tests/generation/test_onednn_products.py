"""Products by oneDNN and by whichever library is the quickest: those of PyTorch."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from generation.onednn_products import is_able, product, quickest

pytestmark = pytest.mark.usefixtures("one_torch_thread")

needs_onednn = pytest.mark.skipif(
    not is_able([torch.zeros(1)]), reason="This processor's PyTorch has no oneDNN."
)


@needs_onednn
@pytest.mark.parametrize("shape", [(1, 12), (3, 77)], ids=str)
def test_onednn_multiplies_by_weights_as_they_are(shape: tuple[int, ...]) -> None:
    rows, layer = torch.randn(*shape, 96), nn.Linear(96, 384).requires_grad_(requires_grad=False)
    expected = layer(rows)
    torch.testing.assert_close(product(rows, layer.weight, layer.bias), expected)
    torch.testing.assert_close(product(expected, layer.weight.T), expected @ layer.weight)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(1, 1), (1, 12), (2, 14), (1, 17), (3, 77)], ids=str)
def test_the_quickest_way_is_right(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    rows, weight = torch.randn(*shape, 96, dtype=dtype), torch.randn(384, 96, dtype=dtype)
    weight /= 384**0.5  # as in an encoder, so that what comes out is about as large as what goes in
    bias = torch.randn(384, dtype=dtype)
    for added in (bias, None):
        result = quickest(rows, weight, added)
        torch.testing.assert_close(result, F.linear(rows, weight, added))
        assert result.is_contiguous()
    gradient = torch.randn(*shape, 384, dtype=dtype)
    torch.testing.assert_close(quickest(gradient, weight.T), gradient @ weight)


def test_onednn_is_not_asked_about_half_precision() -> None:
    assert not is_able([torch.zeros(1, dtype=torch.bfloat16)])
