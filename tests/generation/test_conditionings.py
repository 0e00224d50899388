"""Conditionings are kept by content, and read back as they were."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import torch
from pytest_django import Settings

from accounts.models import User
from generation.aims import Aim
from generation.conditionings import Conditioning, Wanted, conditioning_of, seconds_kept
from generation.personalisation import LARGEST_BATCH, PersonalisationRefused, Recipe
from generation.prompt_embeds import PromptEmbeds
from generation.prompts import queue_generation
from generation.rendering import recipe_of
from generation.tasks import draw_generation
from generation.text_encoders import TextEncoders
from generation.worker_models import models_for
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
    assert done == [1, 2, 3]
    assert len(found.agreement) == 4


def test_without_a_cache_it_is_made_all_the_same(measured: Version, settings: Settings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey.sock"}
    }
    assert len(conditioning_of(Aim(measured), PROMPT, RECIPE).agreement) == 4


def test_the_file_keeps_every_bit() -> None:
    plain, changed = (PromptEmbeds(torch.randn(1, 77, 4)) for _ in range(2))
    made = Conditioning(plain, changed, [0.1, 0.25], 1 / 3, 1, TextEncoders.ONE)
    read = Conditioning.from_file(made.to_file(), torch.device("cpu"))
    assert torch.equal(made.plain.hidden, read.plain.hidden)
    assert torch.equal(made.personalised.hidden, read.personalised.hidden)
    assert read.plain.pooled is None
    assert read.text_encoders is TextEncoders.ONE
    assert (made.agreement, made.drift) == (read.agreement, read.drift)
    assert made.steps_taken == read.steps_taken


def test_what_is_large_is_kept_for_less_time() -> None:
    """So that in an hour as many large ones as small ones fill the cache no further."""
    assert seconds_kept(500_000) == seconds_kept(1_300_000) == 3600
    for size in (3 * 2**20, 50 * 2**20):
        assert seconds_kept(size) * size <= 3600 * 3 * 2**19
    assert seconds_kept(50 * 2**20) > 60  # time enough to ask again


# --- With what waits beside it ------------------------------------------------------------------

ASCENT = Recipe("ascent", steps=3, rate=0.05)
OTHER = "a boat on the sea"


def test_ascent_takes_along_what_waits_for_the_same_recipe(
    measured: Version, settings: Settings
) -> None:
    aim, done = Aim(measured), list[int]()
    conditioning_of(aim, PROMPT, ASCENT, waiting=[Wanted(aim, OTHER), Wanted(aim, PROMPT)])
    together = conditioning_of(aim, OTHER, ASCENT, done.append)
    assert done == []
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid4().hex}}
    alone = conditioning_of(aim, OTHER, ASCENT, done.append)
    assert done == [1, 2, 3]  # since nothing was kept there
    torch.testing.assert_close(together.personalised.hidden, alone.personalised.hidden)
    assert together.agreement == pytest.approx(alone.agreement, abs=1e-5)


def test_no_more_is_taken_along_than_fits_into_one_batch(measured: Version) -> None:
    aim = Aim(measured)
    waiting = [Wanted(aim, f"a tree number {number}") for number in range(LARGEST_BATCH)]
    conditioning_of(aim, PROMPT, ASCENT, waiting=waiting)
    done: list[int] = []
    for wanted in waiting[:-1]:
        conditioning_of(wanted.aim, wanted.prompt, ASCENT, done.append)
    assert done == []
    conditioning_of(aim, waiting[-1].prompt, ASCENT, done.append)
    assert done == [1, 2, 3]


def test_what_waits_and_cannot_be_personalised_does_no_harm(measured: Version) -> None:
    aim = Aim(measured)
    waiting = [Wanted(Aim(measured, [(measured, -1.0)]), OTHER), Wanted(aim, "(a boat:99)")]
    assert len(conditioning_of(aim, PROMPT, ASCENT, waiting=waiting).agreement) == 4


@pytest.fixture
def little_memory(measured: Version) -> Iterator[list[int]]:
    """A device that has memory for so many rows of a text encoder as stand in the list."""
    rows = [1]

    def refuse(_: Any, __: tuple[Any, ...], given: dict[str, Any]) -> None:
        if len(given["input_ids"]) > rows[0]:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    encoder = models_for(measured.space).text_encoder
    hook = encoder.register_forward_pre_hook(refuse, with_kwargs=True)
    yield rows
    hook.remove()


def test_where_memory_is_too_small_for_others_the_own_prompt_is_done_alone(
    measured: Version, little_memory: list[int]
) -> None:
    recipe = Recipe("ascent", steps=2, rate=0.02)
    waiting = [Wanted(Aim(measured), "a boat")]
    made = conditioning_of(Aim(measured), PROMPT, recipe, waiting=waiting)
    assert len(made.agreement) == 3


def test_a_prompt_that_memory_is_too_small_for_is_refused_in_words(
    measured: Version, little_memory: list[int]
) -> None:
    little_memory[0] = 0
    with pytest.raises(PersonalisationRefused, match="a shorter prompt or fewer steps") as refused:
        conditioning_of(Aim(measured), PROMPT, RECIPE)
    assert refused.value.code == "out-of-memory"


def test_adam_takes_nothing_along(measured: Version) -> None:
    aim, done = Aim(measured), list[int]()
    conditioning_of(aim, PROMPT, RECIPE, waiting=[Wanted(aim, OTHER)])
    conditioning_of(aim, OTHER, RECIPE, done.append)
    assert done == [1, 2, 3]


def test_a_worker_takes_along_the_drawings_that_wait_alike(ada: User, measured: Version) -> None:
    asked: dict[str, Any] = {"optimiser": "ascent", "steps": 2, "rate": 0.05, "sampling_steps": 1}
    first, alike, stronger = (
        queue_generation(ada, version=measured, prompt=prompt, **asked, anchor=anchor)
        for prompt, anchor in ((PROMPT, 0), (OTHER, 0), ("a castle", 1))
    )
    draw_generation(str(first.pk))
    for made, steps in ((alike, []), (stronger, [1, 2])):
        done: list[int] = []
        conditioning_of(Aim.of(made), made.prompt, recipe_of(made), done.append)
        assert done == steps
    alike.refresh_from_db()
    assert alike.state == "queued"


def test_the_steps_of_a_long_prompt_are_those_of_the_row_that_took_most(measured: Version) -> None:
    """Its rows are stopped one by one, at a mean agreement that stops none."""
    prompt = "a lighthouse at night " + "a tree " * 60
    free = conditioning_of(Aim(measured), prompt, replace(RECIPE, steps=5, rate=1e-3))
    assert free.steps_taken == 5
    low, high = free.agreement[0], free.agreement[-1]
    guarded = replace(RECIPE, steps=5, rate=1e-3, enough_agreement=low - 1, most_drift=10)
    assert conditioning_of(Aim(measured), prompt, guarded).steps_taken == 0
    guarded = replace(RECIPE, steps=5, rate=1e-3, most_drift=1e-4)
    assert high > low
    assert conditioning_of(Aim(measured), prompt, guarded).steps_taken == 1
