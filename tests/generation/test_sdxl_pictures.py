"""Pictures of a small SDXL checkpoint, drawn as diffusers does it, also where memory is short."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline
from PIL import Image
from safetensors import safe_open

from generation.diffusion import Models, PromptEmbeds, Sampling, draw, draw_within_memory
from generation.personalisation import Recipe
from registry.encoder import Encoder
from tests.generation.sdxl import (
    PROMPT,
    as_diffusers_reads,
    autoencoder,
    personalised,
    save_sdxl,
)

LONG = "a boat on the sea, " * 20  # two rows of tokens
SAMPLING = Sampling(seed=11, steps=4, guidance=4.0, width=96, height=64)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def drawn_by_diffusers(pipeline: StableDiffusionXLPipeline, **said: Any) -> Image.Image:
    picture: Image.Image = pipeline(
        num_inference_steps=SAMPLING.steps,
        guidance_scale=SAMPLING.guidance,
        width=SAMPLING.width,
        height=SAMPLING.height,
        generator=torch.Generator().manual_seed(SAMPLING.seed),
        **said,
    ).images[0]
    return picture


def difference(first: Image.Image, second: Image.Image) -> int:
    """Return by how many levels of 255 the pictures differ at most."""
    return int(np.abs(np.asarray(first, int) - np.asarray(second, int)).max())


def distance(first: Image.Image, second: Image.Image) -> float:
    """Return the mean difference of two pictures in levels of 255."""
    return float(np.abs(np.asarray(first, float) - np.asarray(second, float)).mean())


@pytest.mark.parametrize("clip_skip", [1, 2])
@pytest.mark.parametrize("negative", ["", "blue"])
def test_a_picture_is_what_diffusers_draws(
    sdxl: Models, sdxl_pipeline: StableDiffusionXLPipeline, negative: str, clip_skip: int
) -> None:
    expected = drawn_by_diffusers(
        sdxl_pipeline,
        prompt=PROMPT,
        negative_prompt=negative or None,
        clip_skip=None if clip_skip == 1 else clip_skip - 1,
    )
    [picture] = draw(
        sdxl,
        sdxl.condition(PROMPT, clip_skip),
        sdxl.negative(negative, clip_skip),
        SAMPLING,
        clip_skip=clip_skip,
    )
    assert picture.size == (96, 64)
    assert difference(picture, expected) <= 1
    [other] = draw(sdxl, sdxl.condition("a cat"), sdxl.negative(negative), SAMPLING)
    assert distance(picture, other) > 5


def test_a_picture_is_what_diffusers_draws_with_the_sampler_that_sdxl_has(
    encoder: Encoder, tmp_path: Path
) -> None:
    scheduler = EulerDiscreteScheduler(beta_schedule="scaled_linear", steps_offset=1)
    folder = save_sdxl(tmp_path / "euler", scheduler=scheduler, force_zeros=False)
    models = Models.load(str(folder), encoder.text_projection)
    expected = drawn_by_diffusers(as_diffusers_reads(folder), prompt=PROMPT)
    [picture] = draw(models, models.condition(PROMPT), models.negative(""), SAMPLING)
    assert difference(picture, expected) <= 1


def test_a_long_prompt_is_drawn_with_zeros_beside_all_of_it(
    sdxl: Models, sdxl_pipeline: StableDiffusionXLPipeline
) -> None:
    long = sdxl.condition(LONG)
    assert long.tokens == 2 * 77
    expected = drawn_by_diffusers(sdxl_pipeline, **long.arguments())
    [picture] = draw(sdxl, long, sdxl.negative(""), SAMPLING)
    assert difference(picture, expected) <= 1


def test_a_short_prompt_is_filled_up_beside_a_long_negative_one(
    sdxl: Models, sdxl_pipeline: StableDiffusionXLPipeline
) -> None:
    short, negative = sdxl.condition(PROMPT), sdxl.negative(LONG)
    filled = torch.cat([short.hidden, sdxl.condition("").hidden], dim=1)
    expected = drawn_by_diffusers(
        sdxl_pipeline,
        **PromptEmbeds(filled, short.pooled).arguments(),
        **negative.arguments("negative_"),
    )
    [picture] = draw(sdxl, short, negative, SAMPLING)
    assert difference(picture, expected) <= 1


def test_a_personalised_row_is_another_picture_beside_the_same_plain_one(sdxl: Models) -> None:
    plain, moved = sdxl.condition(PROMPT), personalised(sdxl, PROMPT, Recipe(rate=2e-3))
    both = draw(sdxl, PromptEmbeds.together([plain, moved]), sdxl.negative(""), SAMPLING)
    [alone] = draw(sdxl, plain, sdxl.negative(""), SAMPLING)
    assert difference(both[0], alone) <= 1
    assert distance(*both) > 1


def test_sketches_end_in_the_picture_and_leave_it_as_it_is(sdxl: Models) -> None:
    plain, negative = sdxl.condition(PROMPT), sdxl.negative("")
    [alone] = draw(sdxl, plain, negative, SAMPLING)
    sketches: list[list[Image.Image]] = []
    [watched] = draw(
        sdxl, plain, negative, SAMPLING, lambda progress: sketches.append(progress.sketch())
    )
    assert alone.tobytes() == watched.tobytes()
    away = [distance(sketch[0], watched) for sketch in sketches]
    assert len(away) == SAMPLING.steps
    assert away[-1] < 1
    assert away[-1] < away[0]


def test_sketches_are_decoded_as_the_pipeline_decodes_pictures(
    encoder: Encoder, tmp_path: Path
) -> None:
    """In float32 where half precision overflows, from latents with a mean of their own."""
    moments = {"latents_mean": [0.5, -0.5, 0.2, 0.0], "latents_std": [1.5, 0.5, 1.0, 2.0]}
    folder = save_sdxl(tmp_path / "moments", vae=autoencoder(**moments))
    models = Models.load(str(folder), encoder.text_projection)
    models.pipeline.to(torch.float16)
    seen: list[torch.dtype] = []
    models.pipeline.vae.decoder.register_forward_pre_hook(
        lambda _, given: seen.append(given[0].dtype)
    )
    sketches: list[list[Image.Image]] = []
    [picture] = draw(
        models,
        models.condition(PROMPT),
        models.negative(""),
        SAMPLING,
        lambda progress: sketches.append(progress.sketch()),
    )
    assert distance(sketches[-1][0], picture) < 1
    assert seen == [torch.float32] * (SAMPLING.steps + 1)
    assert models.pipeline.vae.dtype == torch.float16


# --- Memory -------------------------------------------------------------------------------------


def held() -> int:
    """Return the bytes of all tensors that are alive, those that share memory counted once."""
    gc.collect()
    kinds = (torch.Tensor, torch.nn.Parameter)
    tensors = [each for each in gc.get_objects() if type(each) in kinds]
    storages = [each.untyped_storage() for each in tensors if each.layout == torch.strided]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def test_nothing_is_held_twice(sdxl_folder: Path, encoder: Encoder) -> None:
    values = encoder.text_projection.numel()
    for path in sdxl_folder.glob("*/*.safetensors"):
        with safe_open(path, "pt") as file:
            values += sum(file.get_tensor(name).numel() for name in file.keys())  # noqa: SIM118
    before = held()
    loaded = Models.load(str(sdxl_folder), encoder.text_projection)
    assert abs(held() - before - 4 * values) < 100_000  # positions and the sampler's tables
    assert loaded.pipeline.text_encoder is None


@contextmanager
def memory_for(module: torch.nn.Module, rows: int) -> Iterator[None]:
    """Let a module refuse more rows at once, as a device does whose memory is full."""

    def refuse(_: Any, given: tuple[torch.Tensor, ...], __: Any) -> None:
        if len(given[0]) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    hook = module.register_forward_pre_hook(refuse, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


def test_where_memory_ends_while_decoding_the_same_pictures_are_drawn_in_turn(
    sdxl_folder: Path, encoder: Encoder
) -> None:
    """In half precision too, where the autoencoder decodes in another for a while."""
    models = Models.load(str(sdxl_folder), encoder.text_projection)
    rows = PromptEmbeds.together([models.condition(PROMPT), models.condition("a cat")])
    negative = models.negative("")
    models.pipeline.to(torch.float16)
    whole = draw_within_memory(models, rows, negative, SAMPLING)
    assert whole.together == 2
    sketches: list[list[Image.Image]] = []
    with memory_for(models.pipeline.vae.decoder, 1):
        parts = draw_within_memory(
            models, rows, negative, SAMPLING, lambda progress: sketches.append(progress.sketch())
        )
    assert parts.together == 1
    assert models.pipeline.vae.dtype == torch.float16
    for first, second in zip(whole.pictures, parts.pictures, strict=True):
        assert distance(first, second) < 1
    shown = [sketch[0] for sketch in sketches if sketch]
    assert distance(shown[-1], parts.pictures[0]) < 1
