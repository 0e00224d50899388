"""The engine and the checkpoint on a CUDA device, beside what the CPU computes.

The CPU adds up in another order, and the pipeline on CUDA draws in half precision, so results agree
within the bounds that stand here and not bit for bit.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from generation.checkpoint import Models
from generation.diffusion import Sampling, draw
from generation.personalisation import Personalised, Recipe, personalise
from generation.prompt_embeds import PromptEmbeds
from generation.recipes import Optimiser
from registry.encoder import Encoder
from tests.generation.engine import REPEATED

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here"),
]

CHECKPOINT = Path(__file__).parents[2] / "demo" / "weights" / "sd"
RATES: dict[Optimiser, float] = {"adam": 1e-4, "ascent": 0.02}
SAMPLING = Sampling(seed=11, steps=4, guidance=4.0, width=96, height=96)
# Of float32 that was added up in another order, after ten steps that each build on the last.
MOST_APART = 1e-3
# Levels of 255, in the mean over a picture: what half precision may change.
MOST_LEVELS = 1


@pytest.fixture(scope="module")
def on_cuda(encoder: Encoder) -> Models:
    return Models.load(str(CHECKPOINT), encoder.text_projection, "cuda")


def personalised(models: Models, encoder: Encoder, optimiser: Optimiser) -> Personalised:
    neon = torch.from_numpy(encoder.encode_words(["neon"]))[0]  # [768]
    ids = models.tokenize(REPEATED).ids
    recipe = Recipe(optimiser=optimiser, rate=RATES[optimiser])
    return personalise(models.text_encoder, ids, neon, recipe)


@pytest.mark.parametrize("optimiser", RATES)
def test_personalising_does_what_it_does_on_the_cpu(
    models: Models, on_cuda: Models, encoder: Encoder, optimiser: Optimiser
) -> None:
    expected = personalised(models, encoder, optimiser)
    found = personalised(on_cuda, encoder, optimiser)
    assert found.conditioning.is_cuda
    assert found.conditioning.dtype == torch.float32
    assert (found.agreement.cpu() - expected.agreement).abs().max() < MOST_APART
    apart = (found.conditioning.cpu() - expected.conditioning).norm()
    moved = (expected.conditioning - expected.plain).norm()
    assert apart < MOST_APART * expected.conditioning.norm()
    assert moved > 10 * apart  # or standing still would pass


def test_a_picture_is_the_cpus_but_for_half_precision(
    models: Models, on_cuda: Models, encoder: Encoder
) -> None:
    assert on_cuda.pipeline.unet.dtype == torch.float16
    pictures = []
    for each in (models, on_cuda):
        changed = personalised(each, encoder, "adam")
        both = PromptEmbeds(torch.cat([changed.plain, changed.conditioning]))
        drawn = draw(each, both, each.negative(""), SAMPLING)
        pictures.append(np.stack([np.asarray(picture, np.float64) for picture in drawn]))
    expected, found = pictures  # [2, 96, 96, 3]
    # A number that is none turns black on its way into a picture.
    assert found.std(axis=(1, 2, 3)).min() > 0.5 * expected.std(axis=(1, 2, 3)).min() > 0
    assert np.abs(found - expected).mean(axis=(1, 2, 3)).max() < MOST_LEVELS
