"""Prompts of any length and with emphasis, read by the built-in text encoder."""

import pytest
import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from generation.diffusion import Models, PromptEmbeds, Sampling, draw
from generation.emphasis import EmphasisRefused
from tests.generation.conftest import WEIGHTS

START, END = 4094, 4095

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    """The checkpoint as diffusers alone reads it."""
    return StableDiffusionPipeline.from_pretrained(WEIGHTS / "sd", dtype=torch.float32)


def said(ids: Tensor) -> list[int]:
    """The tokens between begin and end, of all rows."""
    return [token for row in ids.tolist() for token in row[1 : row.index(END)]]


def test_75_tokens_are_one_row_and_76_are_two(models: Models) -> None:
    one, two = models.tokenize("tree " * 75), models.tokenize("tree " * 76)
    assert one.ids.shape == (1, 77)
    assert two.ids.shape == (2, 77)
    assert said(one.ids) == 75 * said(two.ids)[:1]
    assert said(two.ids) == 76 * said(two.ids)[:1]


def test_no_token_of_a_long_prompt_is_lost(models: Models) -> None:
    words = "a cat on a meadow under the moon, a boat at sea, " * 12
    tokens = models.tokenize(words)
    assert len(tokens.ids) > 2
    assert tokens.ids[:, 0].tolist() == [START] * len(tokens.ids)
    tokenizer = models.pipeline.tokenizer
    assert said(tokens.ids) == tokenizer(words, add_special_tokens=False).input_ids
    assert bool((tokens.weights == 1).all())


def test_each_row_of_a_long_prompt_is_read_on_its_own(
    models: Models, pipeline: StableDiffusionPipeline
) -> None:
    whole = models.condition("tree " * 75 + "a boat").hidden
    parts = [
        pipeline.encode_prompt(part, "cpu", 1, do_classifier_free_guidance=False)[0]
        for part in ("tree " * 75, "a boat")
    ]
    torch.testing.assert_close(whole, torch.cat(parts, dim=1))


def test_emphasis_multiplies_the_words_and_keeps_the_length(models: Models) -> None:
    plain, strong, one = (
        models.condition(prompt).hidden
        for prompt in ("a red boat", "a (red:1.5) boat", "a (red:1) boat")
    )
    torch.testing.assert_close(strong.norm(), plain.norm())
    ratio = (strong / plain)[0].mean(-1)  # [77]
    torch.testing.assert_close(ratio[2] / ratio[1], torch.tensor(1.5))
    torch.testing.assert_close(ratio[3] / ratio[1], torch.tensor(1.0))
    assert torch.equal(one, plain)


def test_words_with_emphasis_are_the_same_words(models: Models) -> None:
    assert torch.equal(models.tokenize("a ((red)) [boat]").ids, models.tokenize("a red boat").ids)


def test_an_emphasis_beyond_all_measure_is_refused(models: Models) -> None:
    with pytest.raises(EmphasisRefused, match=r"“red” has an emphasis of 1000; use 100 at most"):
        models.tokenize("a (red:1000) boat")


def test_a_long_prompt_and_a_short_negative_one_are_drawn_together(models: Models) -> None:
    sampling = Sampling(seed=1, steps=2, guidance=4.0, width=64, height=64)
    long, short = models.condition("a boat " * 60), models.condition("a boat")
    [first] = draw(models, long, models.negative("blue"), sampling)
    parts = [models.condition("blue").hidden, models.condition("").hidden]
    [second] = draw(models, long, PromptEmbeds(torch.cat(parts, dim=1)), sampling)
    assert first.tobytes() == second.tobytes()
    [third] = draw(models, short, models.negative("blue " * 100), sampling)
    assert third.size == (64, 64)
