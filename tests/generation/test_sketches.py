"""What a drawing looks like on its way, and drawing where memory is short."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import EulerDiscreteScheduler, PNDMScheduler, StableDiffusionPipeline
from PIL import Image
from torch import Tensor

from generation.diffusion import (
    Models,
    OutOfMemory,
    Progress,
    PromptEmbeds,
    Sampling,
    draw,
    draw_within_memory,
)
from generation.sketches import without_noise

SAMPLING = Sampling(seed=11, steps=6, guidance=4.0, width=96, height=96)
PROMPTS = ("a boat on the sea", "a house", "a cat")

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def rows(models: Models) -> PromptEmbeds:
    return PromptEmbeds.together([models.condition(prompt) for prompt in PROMPTS])


@pytest.fixture(scope="module")
def negative(models: Models) -> PromptEmbeds:
    return models.negative("")


def with_scheduler(models: Models, kind: Any) -> Models:
    scheduler = kind.from_config(models.pipeline.scheduler.config)
    parts = {**models.pipeline.components, "scheduler": scheduler}
    return replace(models, pipeline=StableDiffusionPipeline(**parts, requires_safety_checker=False))


def distance(first: Image.Image, second: Image.Image) -> float:
    """Return the mean difference of two pictures in levels of 255."""
    return float(np.abs(np.asarray(first, float) - np.asarray(second, float)).mean())


@contextmanager
def memory_for(models: Models, pictures: int) -> Iterator[None]:
    """Let the UNet refuse more pictures at once, as a device does whose memory is full."""

    def refuse(_: Any, given: tuple[Tensor, ...], __: Any) -> None:
        if len(given[0]) > 2 * pictures:  # with and without guidance
            raise torch.OutOfMemoryError("CUDA out of memory.")

    hook = models.pipeline.unet.register_forward_pre_hook(refuse, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


def test_two_places_of_a_path_tell_where_it_leads() -> None:
    picture, noise = torch.randn(2, 3, 4, 4).unbind(0)
    kept = (0.3, 0.6)
    before, after = (math.sqrt(share) * picture + math.sqrt(1 - share) * noise for share in kept)
    torch.testing.assert_close(without_noise(before, after, kept), picture, rtol=0, atol=1e-5)


@pytest.mark.parametrize("sampler", ["", "dpm++"])
def test_later_sketches_are_nearer_to_the_picture_than_early_ones(
    models: Models, rows: PromptEmbeds, negative: PromptEmbeds, sampler: str
) -> None:
    sketches: list[list[Image.Image]] = []
    sampling = replace(SAMPLING, sampler=sampler)
    pictures = draw(
        models,
        rows.split(2)[0],
        negative,
        sampling,
        lambda progress: sketches.append(progress.sketch()),
    )
    away = [distance(sketch[1], pictures[1]) for sketch in sketches]
    assert len(away) == SAMPLING.steps
    assert away[-1] < 1  # the last one is the picture
    assert max(away[3:]) < min(away[:3])


def test_watching_does_not_change_the_picture(
    models: Models, rows: PromptEmbeds, negative: PromptEmbeds
) -> None:
    [alone] = draw(models, rows.split(1)[0], negative, SAMPLING)
    sketches: list[list[Image.Image]] = []
    [watched] = draw(
        models,
        rows.split(1)[0],
        negative,
        SAMPLING,
        lambda progress: sketches.append(progress.sketch()),
    )
    assert all(sketches)
    assert alone.tobytes() == watched.tobytes()


@pytest.mark.parametrize("kind", [EulerDiscreteScheduler, PNDMScheduler])
def test_samplers_of_other_noise_give_pictures_and_no_wrong_sketch(
    models: Models, rows: PromptEmbeds, negative: PromptEmbeds, kind: Any
) -> None:
    drawing = with_scheduler(models, kind)
    sketches: list[list[Image.Image]] = []
    [picture] = draw(
        drawing,
        rows.split(1)[0],
        negative,
        SAMPLING,
        lambda progress: sketches.append(progress.sketch()),
    )
    assert picture.size == (96, 96)
    if kind is EulerDiscreteScheduler:
        assert not any(sketches)
    else:
        assert distance(sketches[-1][0], picture) < 1


def test_where_memory_is_short_the_same_pictures_are_drawn_in_turn(
    models: Models, rows: PromptEmbeds, negative: PromptEmbeds
) -> None:
    whole = draw_within_memory(models, rows, negative, SAMPLING)
    assert whole.together == 3
    done: list[int] = []
    with memory_for(models, 1):
        parts = draw_within_memory(
            models, rows, negative, SAMPLING, lambda progress: done.append(progress.step)
        )
    assert parts.together == 1
    assert done == sorted(done)  # one drawing, to whoever watches
    assert done[-1] == SAMPLING.steps
    for first, second in zip(whole.pictures, parts.pictures, strict=True):
        assert distance(first, second) < 0.1


def test_of_pictures_that_are_drawn_in_turn_the_first_alone_is_sketched(
    models: Models, rows: PromptEmbeds, negative: PromptEmbeds
) -> None:
    sketches: list[list[Image.Image]] = []
    with memory_for(models, 1):
        parts = draw_within_memory(
            models, rows, negative, SAMPLING, lambda progress: sketches.append(progress.sketch())
        )
    counts = [len(sketch) for sketch in sketches]
    assert counts == [1] * SAMPLING.steps + [0] * 2 * SAMPLING.steps
    assert distance(sketches[SAMPLING.steps - 1][0], parts.pictures[0]) < 1


def test_a_picture_too_large_for_the_memory_is_refused_in_words(
    models: Models, rows: PromptEmbeds, negative: PromptEmbeds
) -> None:
    with memory_for(models, 0), pytest.raises(OutOfMemory, match="96 by 96 pixels") as refused:
        draw_within_memory(models, rows, negative, SAMPLING)
    assert refused.value.code == "out-of-memory"


def test_progress_of_parts_is_that_of_one_drawing() -> None:
    halves = [
        Progress(step, 4, list).of_part(part, 2).step for part in range(2) for step in (1, 2, 3, 4)
    ]
    assert halves == [1, 1, 2, 2, 3, 3, 4, 4]
