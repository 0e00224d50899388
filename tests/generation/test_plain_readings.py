"""What prompts say plain is read once, however many aesthetics and doses they are tried with."""

import copy
import gc
import weakref
from collections.abc import Iterator

import pytest
import torch

from generation import plain_readings
from generation.aims import Aim
from generation.conditionings import conditioning_of
from generation.diffusion import Models
from generation.personalisation import Recipe, personalise
from generation.plain_readings import plain_reading
from generation.recipes import LAST, Layer, Optimiser, PersonalisationRefused
from generation.text_towers import Reading, TextTower
from generation.worker_models import text_models_for
from registry.models import Version
from tests.generation.engine import ONE_WORD, PROMPTS, REPEATED, direction

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture
def read(models: Models) -> Iterator[list[int]]:
    """The numbers of rows that the encoder as it is reads; nothing is kept at first."""
    yield from rows_read(models)


def rows_read(models: Models) -> Iterator[list[int]]:
    plain_readings._kept.pop(models.text_encoder, None)
    rows: list[int] = []
    hook = models.text_encoder.register_forward_hook(
        lambda _module, _given, said: rows.append(len(said.text_embeds))
    )
    yield rows
    hook.remove()


def test_a_prompt_is_read_once_for_each_layer(models: Models, read: list[int]) -> None:
    ids = models.tokenize(REPEATED).ids
    first = plain_reading(models.text_encoder, ids, LAST)
    assert plain_reading(models.text_encoder, ids.clone(), LAST) is first
    assert read == [1]
    before = plain_reading(models.text_encoder, ids, Layer(from_end=2))
    assert read == [1, 1]
    assert not torch.equal(before.hidden, first.hidden)
    assert torch.equal(first.hidden, TextTower(models.text_encoder).read(ids).hidden)


def test_what_was_not_asked_for_lately_is_read_again(
    models: Models, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_readings, "MOST", 2)
    one, two, three = (models.tokenize(prompt).ids for prompt in ("a cat", "a dog", "a house"))
    for ids in (one, two, one, three, one):
        plain_reading(models.text_encoder, ids, LAST)
    assert len(read) == 3
    plain_reading(models.text_encoder, two, LAST)
    assert len(read) == 4


def test_nothing_is_kept_of_an_encoder_that_is_gone(models: Models) -> None:
    encoder = copy.deepcopy(models.text_encoder)
    hidden = weakref.ref(plain_reading(encoder, models.tokenize(ONE_WORD).ids, LAST).hidden)
    del encoder
    gc.collect()
    assert hidden() is None


def test_a_layer_that_is_not_there_is_refused_again_and_again(models: Models) -> None:
    for _ in range(2):
        with pytest.raises(PersonalisationRefused, match="clip skip is too large"):
            plain_reading(models.text_encoder, models.tokenize(ONE_WORD).ids, Layer(99))


@pytest.mark.parametrize("optimiser", ["adam", "ascent"])
def test_personalising_takes_what_has_been_read(
    models: Models, read: list[int], optimiser: Optimiser
) -> None:
    ids = torch.cat([models.tokenize(prompt).ids for prompt in PROMPTS])
    recipe = Recipe(optimiser, steps=3, rate=1e-4 if optimiser == "adam" else 0.02, clip_skip=2)
    expected = personalise(models.text_encoder, ids, direction(), recipe)
    rows = len(ids)
    assert sum(read) == rows
    known = Reading.of_all(
        [plain_reading(models.text_encoder, each[None], recipe.layer) for each in ids]
    )
    assert sum(read) == 2 * rows
    found = personalise(models.text_encoder, ids, direction(), recipe, plain=known)
    assert sum(read) == 2 * rows
    assert torch.equal(found.plain, known.hidden)
    torch.testing.assert_close(found.conditioning, expected.conditioning, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.agreement, expected.agreement, rtol=0, atol=1e-5)
    torch.testing.assert_close(found.drift, expected.drift, rtol=1e-3, atol=1e-6)


@pytest.mark.usefixtures("broker")
def test_another_dose_of_a_prompt_reads_it_no_more(measured: Version) -> None:
    models = text_models_for(measured.space)
    for rows in rows_read(models):
        for steps in (0, 1, 2):
            conditioning_of(Aim(measured), "a boat", Recipe(steps=steps))
        assert rows == [1]
        models.negative("")
        models.negative("")
        assert rows == [1, 1]
