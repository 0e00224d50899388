"""A small SDXL checkpoint, read and drawn as diffusers does it, with one encoder personalised."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline
from PIL import Image
from safetensors import safe_open

from generation.checkpoint import CheckpointUnavailable, ProjectionMismatch
from generation.diffusion import Models, PromptEmbeds, Sampling, draw, draw_within_memory
from generation.personalisation import PersonalisationRefused, Recipe, personalise
from generation.text_encoders import TextEncoders
from registry.encoder import Encoder
from tests.generation.engine import direction
from tests.generation.sdxl import (
    HIDDEN,
    as_diffusers_reads,
    autoencoder,
    letter_by_letter,
    save_sdxl,
)

PROMPT = "a boat on the sea"
LONG = "a boat on the sea, " * 20  # two rows of tokens
SAMPLING = Sampling(seed=11, steps=4, guidance=4.0, width=96, height=64)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sdxl(tmp_path_factory.mktemp("sdxl"))


@pytest.fixture(scope="module")
def models(folder: Path, encoder: Encoder) -> Models:
    return Models.load(str(folder), encoder.text_projection)


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> StableDiffusionXLPipeline:
    return as_diffusers_reads(folder)


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


def personalised(models: Models, prompt: str, recipe: Recipe) -> PromptEmbeds:
    recipe = replace(recipe, reads=models.kind.reads)
    ids = models.tokenize(prompt).ids
    made = personalise(models.text_encoder, ids, direction(), recipe)
    return models.conditioner(prompt, recipe.clip_skip)(made.conditioning)


# --- What conditions ----------------------------------------------------------------------------


@pytest.mark.parametrize("clip_skip", [1, 2, 3])
@pytest.mark.parametrize("prompt", [PROMPT, "", "wow!! a cat !", "日本 🎉 é", "tree " * 75])
def test_plain_conditioning_is_that_of_diffusers(
    models: Models, pipeline: StableDiffusionXLPipeline, prompt: str, clip_skip: int
) -> None:
    """Also with words that the second tokenizer pads with, and with each clip skip."""
    hidden, _, pooled, _ = pipeline.encode_prompt(
        prompt,
        device="cpu",
        do_classifier_free_guidance=False,
        clip_skip=None if clip_skip == 1 else clip_skip - 1,  # as diffusers counts
    )
    found = models.condition(prompt, clip_skip)
    assert torch.equal(found.hidden, hidden)
    assert found.pooled is not None
    assert torch.equal(found.pooled, pooled)
    assert found.hidden.shape == (1, 77, sum(HIDDEN))


@pytest.mark.parametrize("optimiser", ["adam", "ascent"])
@pytest.mark.parametrize("nothing", [{"steps": 0}, {"weight": 0.0, "steps": 3}])
def test_a_dose_of_nothing_is_plain_to_the_last_bit(
    models: Models, pipeline: StableDiffusionXLPipeline, optimiser: Any, nothing: dict[str, Any]
) -> None:
    hidden, _, pooled, _ = pipeline.encode_prompt(PROMPT, device="cpu")
    found = personalised(models, PROMPT, Recipe(optimiser, rate=1e-3, **nothing))
    assert torch.equal(found.hidden, hidden)
    assert found.pooled is not None
    assert torch.equal(found.pooled, pooled)


def test_personalising_moves_what_the_first_encoder_says_and_nothing_else(models: Models) -> None:
    second = models.pipeline.text_encoder_2
    before = {name: weight.clone() for name, weight in second.state_dict().items()}
    plain, moved = models.condition(PROMPT), personalised(models, PROMPT, Recipe(rate=1e-3))
    first, other = plain.hidden.split(HIDDEN, dim=-1)
    moved_first, moved_other = moved.hidden.split(HIDDEN, dim=-1)
    assert float((moved_first - first).norm() / first.norm()) > 0.01
    assert torch.equal(moved_other, other)
    assert plain.pooled is not None
    assert moved.pooled is not None
    assert torch.equal(moved.pooled, plain.pooled)
    assert all(torch.equal(weight, before[name]) for name, weight in second.state_dict().items())
    assert models.kind.text_encoders is TextEncoders.FIRST_OF_TWO
    assert models.kind.text_encoders.told["left_alone"] == ["text_encoder_2"]


def test_the_rows_of_a_long_prompt_are_read_each_on_its_own_by_both_encoders(
    models: Models, pipeline: StableDiffusionXLPipeline
) -> None:
    parts = ["tree " * 75, "a boat"]
    whole = models.condition(" ".join(parts))
    rows = [pipeline.encode_prompt(part, device="cpu") for part in parts]
    torch.testing.assert_close(whole.hidden, torch.cat([row[0] for row in rows], dim=1))
    torch.testing.assert_close(whole.pooled, rows[0][2])  # as in the web UIs


def test_emphasis_multiplies_the_words_of_both_encoders_and_keeps_each_length(
    models: Models,
) -> None:
    plain, strong = models.condition("a red boat"), models.condition("a (red:1.5) boat")
    halves = (each.hidden.split(HIDDEN, -1) for each in (plain, strong))
    for before, after in zip(*halves, strict=True):
        torch.testing.assert_close(after.norm(), before.norm())
        ratio = (after / before)[0].mean(-1)  # [77]
        torch.testing.assert_close(ratio[2] / ratio[1], torch.tensor(1.5))
        torch.testing.assert_close(ratio[3] / ratio[1], torch.tensor(1.0))
    assert plain.pooled is not None
    assert strong.pooled is not None
    assert torch.equal(strong.pooled, plain.pooled)


def test_tokenizers_that_need_different_numbers_of_rows_go_on_with_empty_ones(
    tmp_path: Path, encoder: Encoder
) -> None:
    other = letter_by_letter(tmp_path / "letters")
    odd = Models.load(str(save_sdxl(tmp_path / "odd", tokenizer_2=other)), encoder.text_projection)
    prompt = "lighthouse " * 16
    assert len(odd.tokenize(prompt).ids) == 3  # 64 tokens of the first, 160 of the second
    found = odd.condition(prompt)
    assert found.hidden.shape == (1, 3 * 77, sum(HIDDEN))
    first = odd.condition("").hidden.split(HIDDEN, -1)[0]
    torch.testing.assert_close(found.hidden[:, 77:154].split(HIDDEN, -1)[0], first)


def test_an_empty_negative_prompt_is_zeros_where_the_checkpoint_says_so(
    models: Models, pipeline: StableDiffusionXLPipeline, tmp_path: Path, encoder: Encoder
) -> None:
    _, zeros, _, pooled = pipeline.encode_prompt(PROMPT, device="cpu")
    found = models.negative("")
    assert torch.equal(found.hidden, zeros)
    assert found.pooled is not None
    assert torch.equal(found.pooled, pooled)
    assert found.is_zero
    assert not models.negative("blue").is_zero
    read = save_sdxl(tmp_path / "read", force_zeros=False)
    _, empty, _, pooled = as_diffusers_reads(read).encode_prompt(PROMPT, device="cpu")
    found = Models.load(str(read), encoder.text_projection).negative("")
    assert torch.equal(found.hidden, empty)
    assert found.pooled is not None
    assert torch.equal(found.pooled, pooled)
    assert not found.is_zero


def test_a_clip_skip_that_an_encoder_has_no_layer_for_is_refused(models: Models) -> None:
    assert models.condition(PROMPT, clip_skip=3).tokens == 77
    with pytest.raises(PersonalisationRefused, match=r"layer 5 from the end.*has 4 layers"):
        models.condition(PROMPT, clip_skip=4)
    with pytest.raises(PersonalisationRefused, match=r"layer 6 from the end.*has 5 layers"):
        models.conditioner(PROMPT, clip_skip=5)


# --- What is drawn ------------------------------------------------------------------------------


@pytest.mark.parametrize("clip_skip", [1, 2])
@pytest.mark.parametrize("negative", ["", "blue"])
def test_a_picture_is_what_diffusers_draws(
    models: Models, pipeline: StableDiffusionXLPipeline, negative: str, clip_skip: int
) -> None:
    expected = drawn_by_diffusers(
        pipeline,
        prompt=PROMPT,
        negative_prompt=negative or None,
        clip_skip=None if clip_skip == 1 else clip_skip - 1,
    )
    [picture] = draw(
        models,
        models.condition(PROMPT, clip_skip),
        models.negative(negative, clip_skip),
        SAMPLING,
        clip_skip=clip_skip,
    )
    assert picture.size == (96, 64)
    assert difference(picture, expected) <= 1
    [other] = draw(models, models.condition("a cat"), models.negative(negative), SAMPLING)
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
    models: Models, pipeline: StableDiffusionXLPipeline
) -> None:
    long = models.condition(LONG)
    assert long.tokens == 2 * 77
    expected = drawn_by_diffusers(pipeline, **long.arguments())
    [picture] = draw(models, long, models.negative(""), SAMPLING)
    assert difference(picture, expected) <= 1


def test_a_short_prompt_is_filled_up_beside_a_long_negative_one(
    models: Models, pipeline: StableDiffusionXLPipeline
) -> None:
    short, negative = models.condition(PROMPT), models.negative(LONG)
    filled = torch.cat([short.hidden, models.condition("").hidden], dim=1)
    expected = drawn_by_diffusers(
        pipeline,
        **PromptEmbeds(filled, short.pooled).arguments(),
        **negative.arguments("negative_"),
    )
    [picture] = draw(models, short, negative, SAMPLING)
    assert difference(picture, expected) <= 1


def test_a_personalised_row_is_another_picture_beside_the_same_plain_one(models: Models) -> None:
    plain, moved = models.condition(PROMPT), personalised(models, PROMPT, Recipe(rate=2e-3))
    both = draw(models, PromptEmbeds.together([plain, moved]), models.negative(""), SAMPLING)
    [alone] = draw(models, plain, models.negative(""), SAMPLING)
    assert difference(both[0], alone) <= 1
    assert distance(*both) > 1


def test_sketches_end_in_the_picture_and_leave_it_as_it_is(models: Models) -> None:
    plain, negative = models.condition(PROMPT), models.negative("")
    [alone] = draw(models, plain, negative, SAMPLING)
    sketches: list[list[Image.Image]] = []
    [watched] = draw(
        models, plain, negative, SAMPLING, lambda progress: sketches.append(progress.sketch())
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


def test_nothing_is_held_twice(folder: Path, encoder: Encoder) -> None:
    values = encoder.text_projection.numel()
    for path in folder.glob("*/*.safetensors"):
        with safe_open(path, "pt") as file:
            values += sum(file.get_tensor(name).numel() for name in file.keys())  # noqa: SIM118
    before = held()
    loaded = Models.load(str(folder), encoder.text_projection)
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
    folder: Path, encoder: Encoder
) -> None:
    """In half precision too, where the autoencoder decodes in another for a while."""
    models = Models.load(str(folder), encoder.text_projection)
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
    assert distance(sketches[-1][0], parts.pictures[1]) < 1


# --- What is refused ----------------------------------------------------------------------------


def test_a_first_encoder_of_another_width_is_refused(folder: Path) -> None:
    with pytest.raises(ProjectionMismatch, match="is 192 wide and the space's projection starts"):
        Models.load(str(folder), torch.zeros(768, 768))


def test_a_checkpoint_with_the_second_encoder_alone_is_refused(
    tmp_path: Path, encoder: Encoder
) -> None:
    """As refiners are: nothing of theirs can be personalised."""
    folder = save_sdxl(tmp_path / "refiner", text_encoder=None, tokenizer=None)
    with pytest.raises(CheckpointUnavailable, match="lacks text_encoder and tokenizer"):
        Models.load(str(folder), encoder.text_projection)
