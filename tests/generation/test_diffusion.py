"""Drawing with the built-in checkpoint, against diffusers' own pipeline."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
)
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessor

from generation.diffusion import (
    Models,
    PictureWithheld,
    Progress,
    PromptEmbeds,
    Sampling,
    SamplingRefused,
    UnknownSampler,
    draw,
)
from generation.personalisation import Recipe, personalise
from registry.encoder import Encoder

WEIGHTS = Path(__file__).parents[2] / "demo" / "weights"
CHECKPOINT = WEIGHTS / "sd"
PROMPT = "a boat on the sea"
SAMPLING = Sampling(seed=11, steps=4, guidance=4.0, width=96, height=96)


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    """The checkpoint as diffusers alone reads it."""
    loaded = StableDiffusionPipeline.from_pretrained(CHECKPOINT, dtype=torch.float32)
    loaded.set_progress_bar_config(disable=True)
    return loaded


@pytest.fixture(scope="module")
def plain(models: Models) -> PromptEmbeds:
    return models.condition(PROMPT)


@pytest.fixture(scope="module")
def negative(models: Models) -> PromptEmbeds:
    return models.negative("")


def difference(first: Image.Image, second: Image.Image) -> int:
    """Return by how many levels of 255 the pictures differ at most."""
    return int(np.abs(np.asarray(first, int) - np.asarray(second, int)).max())


def with_scheduler(models: Models, kind: Any) -> Models:
    # PNDM without its Runge-Kutta turns is what Stable Diffusion 1.x checkpoints have.
    scheduler = kind.from_config(models.pipeline.scheduler.config, skip_prk_steps=True)
    parts = {**models.pipeline.components, "scheduler": scheduler}
    return replace(models, pipeline=StableDiffusionPipeline(**parts, requires_safety_checker=False))


def test_a_picture_is_what_diffusers_draws_for_the_prompt(
    models: Models, pipeline: StableDiffusionPipeline, plain: PromptEmbeds, negative: PromptEmbeds
) -> None:
    [expected] = pipeline(
        PROMPT,
        negative_prompt="",
        num_inference_steps=4,
        guidance_scale=4.0,
        width=96,
        height=96,
        generator=torch.Generator().manual_seed(11),
    ).images
    [picture] = draw(models, plain, negative, SAMPLING)
    assert picture.size == (96, 96)
    assert difference(picture, expected) <= 1


def test_dpm_is_what_diffusers_draws_with_that_scheduler(
    models: Models, pipeline: StableDiffusionPipeline, plain: PromptEmbeds, negative: PromptEmbeds
) -> None:
    scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    other = StableDiffusionPipeline(
        **{**pipeline.components, "scheduler": scheduler}, requires_safety_checker=False
    )
    other.set_progress_bar_config(disable=True)
    [expected] = other(
        PROMPT,
        num_inference_steps=4,
        guidance_scale=4.0,
        width=96,
        height=96,
        generator=torch.Generator().manual_seed(11),
    ).images
    [picture] = draw(models, plain, negative, replace(SAMPLING, sampler="dpm++"))
    [own] = draw(models, plain, negative, SAMPLING)
    assert difference(picture, expected) <= 1
    assert difference(picture, own) > 1


def test_a_seed_always_draws_the_same_and_another_seed_another_picture(
    models: Models, plain: PromptEmbeds, negative: PromptEmbeds
) -> None:
    torch.manual_seed(1)
    [first] = draw(models, plain, negative, SAMPLING)
    torch.manual_seed(2)
    [second] = draw(models, plain, negative, SAMPLING)
    [third] = draw(models, plain, negative, replace(SAMPLING, seed=12))
    assert first.tobytes() == second.tobytes()
    assert difference(first, third) > 30


@pytest.mark.parametrize("kind", [None, EulerAncestralDiscreteScheduler])
def test_rows_of_equal_conditioning_are_equal_pictures(
    models: Models, plain: PromptEmbeds, negative: PromptEmbeds, kind: Any
) -> None:
    """Also where the sampler adds noise on its way."""
    drawing = models if kind is None else with_scheduler(models, kind)
    first, second = draw(drawing, PromptEmbeds.together([plain, plain]), negative, SAMPLING)
    [alone] = draw(drawing, plain, negative, SAMPLING)
    assert difference(first, second) <= 1
    assert difference(first, alone) <= 1


def test_a_personalised_row_is_another_picture(
    models: Models, encoder: Encoder, plain: PromptEmbeds, negative: PromptEmbeds
) -> None:
    neon = torch.from_numpy(encoder.encode_words(["neon"]))[0]
    changed = personalise(models.text_encoder, models.tokenize(PROMPT).ids, neon, Recipe(rate=2e-4))
    both = PromptEmbeds.together([plain, PromptEmbeds(changed.conditioning)])
    pictures = draw(models, both, negative, SAMPLING)
    [alone] = draw(models, plain, negative, SAMPLING)
    assert difference(pictures[0], alone) <= 1
    assert difference(*pictures) > 30


def test_a_negative_prompt_and_guidance_change_the_picture(
    models: Models, plain: PromptEmbeds, negative: PromptEmbeds
) -> None:
    [picture] = draw(models, plain, negative, SAMPLING)
    [without] = draw(models, plain, negative, replace(SAMPLING, guidance=1.0))
    [avoiding] = draw(models, plain, models.negative("blue"), SAMPLING)
    assert difference(picture, without) > 5
    assert difference(picture, avoiding) > 5


def test_pictures_need_not_be_square(
    models: Models, plain: PromptEmbeds, negative: PromptEmbeds
) -> None:
    sampling = replace(SAMPLING, steps=1, width=104, height=64)
    assert draw(models, plain, negative, sampling)[0].size == (104, 64)


@pytest.mark.parametrize(
    ("kind", "expected"), [(None, [1, 2, 3, 4]), (PNDMScheduler, [1, 2, 3, 4, 4])]
)
def test_the_number_of_steps_done_is_reported_and_never_exceeds_the_steps(
    models: Models, plain: PromptEmbeds, negative: PromptEmbeds, kind: Any, expected: list[int]
) -> None:
    drawing = models if kind is None else with_scheduler(models, kind)
    done: list[int] = []
    draw(drawing, plain, negative, SAMPLING, lambda progress: done.append(progress.step))
    assert done == expected


def test_an_exception_while_watching_cancels_and_leaves_the_models_usable(
    models: Models, plain: PromptEmbeds, negative: PromptEmbeds
) -> None:
    [before] = draw(models, plain, negative, SAMPLING)
    done: list[int] = []

    def stop(progress: Progress) -> None:
        done.append(progress.step)
        if progress.step == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        draw(models, plain, negative, SAMPLING, stop)
    assert done == [1, 2]
    assert draw(models, plain, negative, SAMPLING)[0].tobytes() == before.tobytes()


def test_nothing_is_written_to_the_log_while_loading_and_drawing(
    encoder: Encoder, plain: PromptEmbeds, negative: PromptEmbeds, capfd: pytest.CaptureFixture[str]
) -> None:
    models = Models.load(str(CHECKPOINT), encoder.text_projection)
    draw(models, plain, negative, SAMPLING)
    output = capfd.readouterr()
    assert "it/s" not in output.out + output.err
    assert "%|" not in output.out + output.err


def test_half_precision_models_draw_nearly_the_same(
    encoder: Encoder, models: Models, plain: PromptEmbeds, negative: PromptEmbeds
) -> None:
    half = Models.load(str(CHECKPOINT), encoder.text_projection)
    half.pipeline.to(torch.bfloat16)
    [picture] = draw(half, plain, negative, SAMPLING)
    [expected] = draw(models, plain, negative, SAMPLING)
    mean = np.abs(np.asarray(picture, int) - np.asarray(expected, int)).mean()
    assert mean < 8


def test_words_beyond_half_precision_are_refused_and_not_black(
    encoder: Encoder, plain: PromptEmbeds, negative: PromptEmbeds
) -> None:
    half = Models.load(str(CHECKPOINT), encoder.text_projection)
    half.pipeline.to(torch.float16)
    strong = PromptEmbeds(plain.hidden * 1e5)
    with pytest.raises(SamplingRefused, match="lower the rate or the emphasis"):
        draw(half, strong, negative, SAMPLING)
    with pytest.raises(SamplingRefused, match="lower the rate or the emphasis"):
        draw(half, plain, PromptEmbeds(negative.hidden * 1e5), SAMPLING)


def test_a_picture_that_the_safety_checker_withholds_is_refused_and_not_black(
    models: Models, plain: PromptEmbeds, negative: PromptEmbeds
) -> None:
    shape = {"hidden_size": 8, "intermediate_size": 8, "num_attention_heads": 1}
    vision = {**shape, "num_hidden_layers": 1, "image_size": 32, "patch_size": 32}
    config = CLIPConfig(vision_config=vision, text_config={**shape, "num_hidden_layers": 1})
    checker = StableDiffusionSafetyChecker(config).eval()
    checker.concept_embeds_weights.data.fill_(-2.0)  # Below any cosine: everything offends.
    size = {"height": 32, "width": 32}
    parts = {
        **models.pipeline.components,
        "safety_checker": checker,
        "feature_extractor": CLIPImageProcessor(size=size, crop_size=size),
    }
    strict = replace(models, pipeline=StableDiffusionPipeline(**parts))
    with pytest.raises(PictureWithheld, match="withheld 2 of 2 pictures") as caught:
        draw(strict, PromptEmbeds.together([plain, plain]), negative, replace(SAMPLING, steps=1))
    assert caught.value.code == "picture-withheld"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"width": 100}, "width can't be 100 pixels; this checkpoint draws multiples of 8"),
        ({"height": 0}, "height can't be 0 pixels"),
        ({"height": -8}, "height can't be -8 pixels"),
        ({"steps": 1001}, "can't draw in 1001 steps; it was trained on 1000"),
    ],
)
def test_what_the_checkpoint_cannot_do_is_refused(
    models: Models,
    plain: PromptEmbeds,
    negative: PromptEmbeds,
    changes: dict[str, Any],
    sentence: str,
) -> None:
    with pytest.raises(SamplingRefused, match=sentence) as caught:
        draw(models, plain, negative, replace(SAMPLING, **changes))
    assert caught.value.code == "sampling-refused"
    assert caught.value.detail == str(caught.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seed": -1}, "seed -1 is not between 0 and"),
        ({"seed": 2**63}, "seed 9223372036854775808 is not between"),
        ({"steps": 0}, "in 0 steps; use 1 or more"),
        ({"guidance": 0.5}, "guidance can't be 0.5"),
        ({"guidance": float("nan")}, "guidance can't be nan"),
    ],
)
def test_a_sampling_that_makes_no_sense_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SamplingRefused, match=sentence):
        replace(SAMPLING, **changes)


def test_an_unknown_sampler_is_refused_by_name() -> None:
    with pytest.raises(UnknownSampler, match="no sampler 'euler'; use 'dpm") as caught:
        replace(SAMPLING, sampler="euler")
    assert caught.value.code == "unknown-sampler"
