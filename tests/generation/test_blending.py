"""Plain and personalised rows are mixed along their line or their arc."""

import math

import pytest
import torch
from torch.nn.functional import cosine_similarity

from generation.blending import spherical
from generation.diffusion import Models
from generation.personalisation import Recipe, personalise
from tests.generation.engine import ONE_WORD, direction

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def test_slerp_mixes_along_the_arc() -> None:
    plain, changed = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    half = spherical(plain, changed, 0.5)  # Shoemake's weights at a right angle: sin 45 degrees
    torch.testing.assert_close(half, (plain + changed) * math.sqrt(0.5))
    assert torch.equal(spherical(plain, changed, 0.0), plain)
    assert torch.equal(spherical(plain, changed, 1.0), changed)
    assert torch.equal(spherical(plain, plain, 0.3), plain)
    assert torch.equal(spherical(plain, -plain, 0.5), torch.zeros(1, 2))
    near = plain + torch.tensor([[0.0, 1e-6]])
    torch.testing.assert_close(spherical(plain, near, 0.5), (plain + near) / 2)


def test_slerp_of_a_prompt_lies_between_plain_and_personalised(models: Models) -> None:
    input_ids = models.tokenize(ONE_WORD).ids
    plain = models.read(input_ids)
    recipe = Recipe(weight=0.5, slerp=True)
    whole = personalise(models.text_encoder, input_ids, direction(), Recipe())
    mixed = personalise(models.text_encoder, input_ids, direction(), recipe)
    apart = cosine_similarity(plain, whole.conditioning, dim=-1).acos()  # [1, 77]
    half = cosine_similarity(plain, mixed.conditioning, dim=-1).acos()
    torch.testing.assert_close(half, apart / 2, atol=2e-3, rtol=2e-3)
