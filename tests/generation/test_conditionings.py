"""Conditionings are kept by content, and read back as they were."""

import pytest
import torch
from pytest_django import Settings

from generation.aims import Aim
from generation.conditionings import Conditioning, conditioning_of
from generation.personalisation import Recipe
from generation.prompt_embeds import PromptEmbeds
from generation.text_encoders import TextEncoders
from registry.models import Version

PROMPT = "a lighthouse at night"
RECIPE = Recipe(steps=3, rate=1e-4)

pytestmark = pytest.mark.usefixtures("one_torch_thread", "broker")


def test_what_was_personalised_once_is_not_personalised_again(measured: Version) -> None:
    done: list[int] = []
    first = conditioning_of(Aim(measured), PROMPT, RECIPE, done.append)
    assert done == [1, 2, 3]
    again = conditioning_of(Aim(measured), PROMPT, RECIPE, done.append)
    assert done == [1, 2, 3]
    assert torch.equal(first.plain.hidden, again.plain.hidden)
    assert torch.equal(first.personalised.hidden, again.personalised.hidden)
    assert (first.agreement, first.drift) == (again.agreement, again.drift)


@pytest.mark.parametrize(
    ("prompt", "recipe"), [("a boat", RECIPE), (PROMPT, Recipe(steps=3, rate=1e-4, anchor=0.5))]
)
def test_another_prompt_or_recipe_is_another_conditioning(
    measured: Version, prompt: str, recipe: Recipe
) -> None:
    conditioning_of(Aim(measured), PROMPT, RECIPE)
    done: list[int] = []
    conditioning_of(Aim(measured), prompt, recipe, done.append)
    assert done == [1, 2, 3]


def test_a_long_prompt_counts_its_steps_once(measured: Version) -> None:
    done: list[int] = []
    found = conditioning_of(Aim(measured), "a tree " * 60, RECIPE, done.append)
    assert found.plain.tokens == 2 * 77
    assert max(done) == 3
    assert len(found.agreement) == 4


def test_without_a_cache_it_is_made_all_the_same(measured: Version, settings: Settings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey.sock"}
    }
    assert len(conditioning_of(Aim(measured), PROMPT, RECIPE).agreement) == 4


def test_the_file_keeps_every_bit() -> None:
    plain, changed = (PromptEmbeds(torch.randn(1, 77, 4)) for _ in range(2))
    made = Conditioning(plain, changed, [0.1, 0.25], 1 / 3, TextEncoders.ONE)
    read = Conditioning.from_file(made.to_file(), torch.device("cpu"))
    assert torch.equal(made.plain.hidden, read.plain.hidden)
    assert torch.equal(made.personalised.hidden, read.personalised.hidden)
    assert read.plain.pooled is None
    assert read.text_encoders is TextEncoders.ONE
    assert (made.agreement, made.drift) == (read.agreement, read.drift)
