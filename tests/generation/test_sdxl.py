"""What conditions a small SDXL checkpoint, as diffusers reads it, with one encoder personalised."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionXLPipeline

from generation.checkpoint import CheckpointUnavailable, Models, ProjectionMismatch
from generation.personalisation import PersonalisationRefused, Recipe
from generation.text_encoders import TextEncoders
from registry.encoder import Encoder
from tests.generation.sdxl import (
    HIDDEN,
    PROMPT,
    as_diffusers_reads,
    letter_by_letter,
    personalised,
    save_sdxl,
)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.mark.parametrize("clip_skip", [1, 2, 3])
@pytest.mark.parametrize("prompt", [PROMPT, "", "wow!! a cat !", "日本 🎉 é", "tree " * 75])
def test_plain_conditioning_is_that_of_diffusers(
    sdxl: Models, sdxl_pipeline: StableDiffusionXLPipeline, prompt: str, clip_skip: int
) -> None:
    """Also with words that the second tokenizer pads with, and with each clip skip."""
    hidden, _, pooled, _ = sdxl_pipeline.encode_prompt(
        prompt,
        device="cpu",
        do_classifier_free_guidance=False,
        clip_skip=None if clip_skip == 1 else clip_skip - 1,  # as diffusers counts
    )
    found = sdxl.condition(prompt, clip_skip)
    assert torch.equal(found.hidden, hidden)
    assert found.pooled is not None
    assert torch.equal(found.pooled, pooled)
    assert found.hidden.shape == (1, 77, sum(HIDDEN))


@pytest.mark.parametrize("optimiser", ["adam", "ascent"])
@pytest.mark.parametrize("nothing", [{"steps": 0}, {"weight": 0.0, "steps": 3}])
def test_a_dose_of_nothing_is_plain_to_the_last_bit(
    sdxl: Models, sdxl_pipeline: StableDiffusionXLPipeline, optimiser: Any, nothing: dict[str, Any]
) -> None:
    hidden, _, pooled, _ = sdxl_pipeline.encode_prompt(PROMPT, device="cpu")
    found = personalised(sdxl, PROMPT, Recipe(optimiser, rate=1e-3, **nothing))
    assert torch.equal(found.hidden, hidden)
    assert found.pooled is not None
    assert torch.equal(found.pooled, pooled)


def test_personalising_moves_what_the_first_encoder_says_and_nothing_else(sdxl: Models) -> None:
    second = sdxl.pipeline.text_encoder_2
    before = {name: weight.clone() for name, weight in second.state_dict().items()}
    plain, moved = sdxl.condition(PROMPT), personalised(sdxl, PROMPT, Recipe(rate=1e-3))
    first, other = plain.hidden.split(HIDDEN, dim=-1)
    moved_first, moved_other = moved.hidden.split(HIDDEN, dim=-1)
    assert float((moved_first - first).norm() / first.norm()) > 0.01
    assert torch.equal(moved_other, other)
    assert plain.pooled is not None
    assert moved.pooled is not None
    assert torch.equal(moved.pooled, plain.pooled)
    assert all(torch.equal(weight, before[name]) for name, weight in second.state_dict().items())
    assert sdxl.kind.text_encoders is TextEncoders.FIRST_OF_TWO
    assert sdxl.kind.text_encoders.told["left_alone"] == ["text_encoder_2"]


def test_what_reads_prompts_is_loaded_without_what_draws(
    sdxl: Models, sdxl_folder: Path, encoder: Encoder
) -> None:
    reading = Models.load_text(str(sdxl_folder), encoder.text_projection)
    assert (reading.pipeline.unet, reading.pipeline.vae) == (None, None)
    for prompt in (PROMPT, ""):
        said, expected = reading.negative(prompt), sdxl.negative(prompt)
        assert torch.equal(said.hidden, expected.hidden)
        assert said.pooled is not None
        assert expected.pooled is not None
        assert torch.equal(said.pooled, expected.pooled)
    assert reading.with_drawing(str(sdxl_folder)).pipeline.unet is not None


def test_the_rows_of_a_long_prompt_are_read_each_on_its_own_by_both_encoders(
    sdxl: Models, sdxl_pipeline: StableDiffusionXLPipeline
) -> None:
    parts = ["tree " * 75, "a boat"]
    whole = sdxl.condition(" ".join(parts))
    rows = [sdxl_pipeline.encode_prompt(part, device="cpu") for part in parts]
    torch.testing.assert_close(whole.hidden, torch.cat([row[0] for row in rows], dim=1))
    torch.testing.assert_close(whole.pooled, rows[0][2])  # as in the web UIs


def test_emphasis_multiplies_the_words_of_both_encoders_and_keeps_each_length(
    sdxl: Models,
) -> None:
    plain, strong = sdxl.condition("a red boat"), sdxl.condition("a (red:1.5) boat")
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
    sdxl: Models, sdxl_pipeline: StableDiffusionXLPipeline, tmp_path: Path, encoder: Encoder
) -> None:
    _, zeros, _, pooled = sdxl_pipeline.encode_prompt(PROMPT, device="cpu")
    found = sdxl.negative("")
    assert torch.equal(found.hidden, zeros)
    assert found.pooled is not None
    assert torch.equal(found.pooled, pooled)
    assert found.is_zero
    assert not sdxl.negative("blue").is_zero
    read = save_sdxl(tmp_path / "read", force_zeros=False)
    _, empty, _, pooled = as_diffusers_reads(read).encode_prompt(PROMPT, device="cpu")
    found = Models.load(str(read), encoder.text_projection).negative("")
    assert torch.equal(found.hidden, empty)
    assert found.pooled is not None
    assert torch.equal(found.pooled, pooled)
    assert not found.is_zero


def test_a_clip_skip_that_an_encoder_has_no_layer_for_is_refused(sdxl: Models) -> None:
    assert sdxl.condition(PROMPT, clip_skip=3).tokens == 77
    with pytest.raises(PersonalisationRefused, match=r"layer 5 from the end.*has 4 layers"):
        sdxl.condition(PROMPT, clip_skip=4)
    with pytest.raises(PersonalisationRefused, match=r"layer 6 from the end.*has 5 layers"):
        sdxl.conditioner(PROMPT, clip_skip=5)


# --- What is refused ----------------------------------------------------------------------------


def test_a_first_encoder_of_another_width_is_refused(sdxl_folder: Path) -> None:
    with pytest.raises(ProjectionMismatch, match="is 192 wide and the space's projection starts"):
        Models.load(str(sdxl_folder), torch.zeros(768, 768))


def test_a_checkpoint_with_the_second_encoder_alone_is_refused(
    tmp_path: Path, encoder: Encoder
) -> None:
    """As refiners are: nothing of theirs can be personalised."""
    folder = save_sdxl(tmp_path / "refiner", text_encoder=None, tokenizer=None)
    with pytest.raises(CheckpointUnavailable, match="lacks text_encoder and tokenizer"):
        Models.load(str(folder), encoder.text_projection)
