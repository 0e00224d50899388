"""Products of a dozen rows, cut into pieces or not: those of double precision."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from generation.small_products import add_product, product, times_transposed


@pytest.fixture(autouse=True, params=[1, 2], ids=["one thread", "two threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set the number that decides which library multiplies, where the processor has AVX-512."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _random() -> None:
    torch.manual_seed(0)


# As in CLIP ViT-L/14's encoder, forwards and backwards, for few and many steps and tokens; then
# some that have no pieces, or one.
@pytest.mark.parametrize(
    ("batch", "tokens", "width", "kept"),
    [
        (1, 12, 3072, 120),
        (8, 12, 768, 60),
        (3, 12, 2304, 108),
        (2, 77, 3072, 120),
        (1, 77, 768, 770),
        (2, 40, 3072, 400),
        (1, 71, 3072, 71),
        (1, 1, 768, 10),
        (2, 13, 1019, 13 * 7),
        (1, 1300, 96, 520),
    ],
    ids=str,
)
def test_products_with_what_was_kept(batch: int, tokens: int, width: int, kept: int) -> None:
    given = torch.randn(batch, tokens, width)
    # A part of the room for more.
    rows = torch.full((batch, kept + 5, width), torch.nan)[:, :kept].normal_()
    overlaps = times_transposed(given, rows)
    assert_is(overlaps, given.double() @ rows.double().mT)
    total = torch.randn(batch, tokens, width)
    expected = total.double() + overlaps.double() @ rows.double()
    assert add_product(total, overlaps, rows) is total
    assert_is(total, expected)


@pytest.mark.parametrize(
    ("out", "width"), [(342, 768), (86, 3072), (384, 768), (80, 3072), (9, 32), (400, 1019)]
)
@pytest.mark.parametrize("rows", [1, 12, 77])
def test_a_gradient_of_a_piece(out: int, width: int, rows: int) -> None:
    of_all, given = torch.randn(rows, out + 50), torch.randn(rows, width)
    left, result = of_all.T[20 : 20 + out], torch.empty(out, width)
    assert product(left, given, result) is result
    assert_is(result, left.double() @ given.double())


def test_other_numbers_than_float32() -> None:
    given, rows = torch.randn(2, 12, 3072).double(), torch.randn(2, 120, 3072).double()
    assert times_transposed(given, rows).dtype == torch.float64
    torch.testing.assert_close(times_transposed(given, rows), given @ rows.mT)


def assert_is(result: Tensor, expected: Tensor) -> None:
    """Compare as float32 can add up so many numbers."""
    error = (result.double() - expected).norm() / expected.norm()
    assert float(error) < 1e-6
