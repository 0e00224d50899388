"""Guards end the steps of each prompt on its own."""

from dataclasses import replace

import pytest
import torch

from generation.diffusion import Models
from generation.personalisation import Recipe, personalise
from tests.generation.engine import ONE_WORD, REPEATED, direction

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def test_enough_agreement_ends_the_steps(models: Models) -> None:
    input_ids = torch.cat([models.tokenize(prompt).ids for prompt in (ONE_WORD, REPEATED)])
    for free in (Recipe("adam", steps=8, rate=1e-4), Recipe("ascent", steps=8, rate=0.02)):
        whole = personalise(models.text_encoder, input_ids, direction(), free)
        enough = float(whole.agreement[0, 3] + whole.agreement[0, 4]) / 2
        done: list[int] = []
        stopped = personalise(
            models.text_encoder,
            input_ids,
            direction(),
            replace(free, enough_agreement=enough),
            done.append,
        )
        assert done == list(range(1, 17))  # whoever waits for the last step is told
        for row, steps in enumerate(stopped.steps.tolist()):
            trace = stopped.agreement[row]
            assert bool((trace[:steps] < enough).all())
            assert (trace[steps:] - trace[steps]).abs().max() < 1e-6
            torch.testing.assert_close(trace[: steps + 1], whole.agreement[row, : steps + 1])
        assert stopped.steps[0] == 4
        assert whole.steps.tolist() == [8, 8]


def test_a_prompt_that_drifts_too_far_goes_no_further(models: Models) -> None:
    input_ids = models.tokenize(REPEATED).ids
    recipe = Recipe(steps=8)
    whole = personalise(models.text_encoder, input_ids, direction(), recipe)
    shorter = [
        personalise(models.text_encoder, input_ids, direction(), replace(recipe, steps=steps))
        for steps in range(9)
    ]
    most = float(shorter[4].drift + shorter[5].drift) / 2
    stopped = personalise(
        models.text_encoder, input_ids, direction(), replace(recipe, most_drift=most)
    )
    assert stopped.steps.tolist() == [5]
    assert torch.equal(stopped.conditioning, shorter[5].conditioning)
    assert whole.drift > most


def test_the_drift_after_each_step_is_that_of_a_shorter_recipe(models: Models) -> None:
    input_ids = torch.cat([models.tokenize(prompt).ids for prompt in (ONE_WORD, REPEATED)])
    for recipe in (
        Recipe("adam", steps=4, rate=1e-4, weight=0.5),
        Recipe("ascent", steps=4, rate=0.02, slerp=True, weight=0.8),
    ):
        whole = personalise(models.text_encoder, input_ids, direction(), recipe, with_drifts=True)
        assert whole.drifts.shape == (2, 5)
        for steps in range(5):
            shorter = replace(recipe, steps=steps)
            ended = personalise(models.text_encoder, input_ids, direction(), shorter)
            assert ended.drifts.shape == (2, 0)
            torch.testing.assert_close(whole.drifts[:, steps], ended.drift, rtol=1e-4, atol=1e-6)
