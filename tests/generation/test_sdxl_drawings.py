"""A hub that draws with an SDXL checkpoint: the worker's function, and what it tells of itself."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as current
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image as Picture
from pytest_django import Settings
from safetensors import safe_open
from safetensors.torch import load

from accounts.models import User
from generation import previews, standard_sheets, worker_models
from generation.aims import Aim
from generation.conditionings import conditioning_of
from generation.models import Generation
from generation.models.generations import LEAST_DRIFT
from generation.personalisation import Recipe
from generation.prompts import queue_generation
from generation.questions import Kind, ask, kept_answer
from generation.tasks import answer, draw_generation, draw_standard_sheet
from generation.text_encoders import TextEncoders
from registry import blobs
from registry.models import Version
from tests.generation.loaded_models import forget_models
from tests.generation.sdxl import DOSE, HIDDEN, POOLED

PROMPT = "a lighthouse at night"
SAID = "The first, CLIP-L, was personalised; the second, OpenCLIP bigG, was left alone"

pytestmark = pytest.mark.usefixtures("one_torch_thread", "broker")


@pytest.fixture
def sdxl_hub(sdxl_folder: Path, settings: Settings) -> Iterator[None]:
    """Let this process draw with it, as with any checkpoint that the settings name."""
    settings.DIFFUSION_MODEL, settings.DOSE_FILE = str(sdxl_folder), sdxl_folder / "dose.json"
    _forget()
    yield
    _forget()


def _forget() -> None:
    forget_models()
    worker_models.checkpoint_digest.cache_clear()


def drawn(owner: User, version: Version, prompt: str = PROMPT, **parameters: Any) -> Generation:
    made = queue_generation(owner, version=version, prompt=prompt, rate=2e-3, **parameters)
    draw_generation(str(made.pk))
    made = Generation.objects.with_look(made.owner).get(pk=made.pk)
    assert made.has_succeeded, made.reason
    return made


def picture(digest: str) -> Any:
    return Picture.open(io.BytesIO(blobs.read_blob(digest)))


def pixels(digest: str) -> np.ndarray[Any, Any]:
    return np.asarray(picture(digest), dtype=np.int16)  # [height, width, 3]


def page(client: Client, made: Generation) -> str:
    return " ".join(client.get(made.get_absolute_url()).content.decode().split())


@pytest.mark.usefixtures("sdxl_hub")
def test_a_drawing_is_moved_by_its_look_in_the_size_that_the_checkpoint_likes(
    ada: User, measured: Version
) -> None:
    made = drawn(ada, measured, seed=11)
    assert picture(made.plain).size == picture(made.personalised).size == (64, 48)
    assert made.steps == DOSE["steps"]
    assert made.agreement[-1] > made.agreement[0] + 0.01
    assert made.drift is not None
    assert made.drift > LEAST_DRIFT
    assert np.abs(pixels(made.plain) - pixels(made.personalised)).mean() > 0.5
    nothing = drawn(ada, measured, seed=11, weight=0.0, negative_prompt="")
    assert np.array_equal(pixels(nothing.personalised), pixels(made.plain))


@pytest.mark.usefixtures("sdxl_hub")
def test_a_drawing_says_everywhere_which_encoder_was_personalised(
    ada: User, measured: Version, client: Client
) -> None:
    made = drawn(ada, measured, seed=11, negative_prompt="a boat")
    expected = TextEncoders.FIRST_OF_TWO.told
    assert expected["personalised"] == ["text_encoder"]
    assert expected["left_alone"] == ["text_encoder_2"]
    assert SAID in expected["in_words"]
    client.force_login(ada)
    assert SAID in page(client, made)
    told = client.get(f"/api/v1/generations/{made.pk}").json()
    assert told["text_encoders"] == expected
    assert json.loads(picture(made.personalised).text["aesthetic"])["text_encoders"] == expected


def test_a_checkpoint_with_one_encoder_has_nothing_to_tell(
    ada: User, measured: Version, client: Client
) -> None:
    made = drawn(ada, measured, steps=1, sampling_steps=1)
    client.force_login(ada)
    assert "text encoder" not in page(client, made)
    told = client.get(f"/api/v1/generations/{made.pk}").json()["text_encoders"]
    assert told == {"personalised": ["text_encoder"], "left_alone": [], "in_words": ""}


def test_before_it_is_drawn_nothing_is_said_of_encoders(
    ada: User, measured: Version, client: Client
) -> None:
    made = queue_generation(ada, version=measured, prompt=PROMPT)
    client.force_login(ada)
    assert client.get(f"/api/v1/generations/{made.pk}").json()["text_encoders"] is None


@pytest.mark.usefixtures("sdxl_hub")
def test_a_long_prompt_with_emphasis_is_drawn_and_sketched_on_the_way(
    ada: User, measured: Version
) -> None:
    prompt = "a (lighthouse:1.3) at night, " * 16
    made = drawn(ada, measured, prompt, seed=11, sampling_steps=4)
    assert made.agreement[-1] > made.agreement[0]
    preview = previews.preview_of(made)
    assert preview is not None
    assert Picture.open(io.BytesIO(preview)).size == (64, 48)


@pytest.mark.usefixtures("sdxl_hub")
def test_a_clip_skip_that_no_layer_answers_to_is_told_its_owner(
    ada: User, measured: Version
) -> None:
    made = queue_generation(ada, version=measured, prompt=PROMPT, clip_skip=4)
    draw_generation(str(made.pk))
    made.refresh_from_db()
    assert "layer 5 from the end" in made.reason


@pytest.mark.usefixtures("sdxl_hub")
def test_the_picture_of_such_a_drawing_is_read_back(
    ada: User, measured: Version, client: Client
) -> None:
    made = drawn(ada, measured, seed=11)
    client.force_login(ada)
    file = SimpleUploadedFile("a.png", blobs.read_blob(made.personalised))
    told = client.post("/api/v1/picture-info", {"file": file}).json()
    assert told["drawing"] == str(made.pk)
    assert told["generation"]["seed"] == 11
    assert told["checkpoint"]["is_ours"]
    assert told["remarks"] == []


@pytest.mark.usefixtures("sdxl_hub")
def test_the_conditioning_is_kept_and_given_away_with_what_is_pooled(
    measured: Version, tmp_path: Path
) -> None:
    question = ask(Kind.CONDITIONING, version=measured, prompt=PROMPT, rate=2e-3)
    answer(question.key, question.kind, question.aim.to_json(), PROMPT, question.recipe)
    given = kept_answer(question)
    assert given is not None
    path = tmp_path / "prompt-embeds.safetensors"
    path.write_bytes(given["file"])
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert metadata["text_encoders"] == "first-of-two"
    assert SAID in metadata["text_encoders_in_words"]
    tensors = load(given["file"])
    plain = worker_models.models_for(measured.space).condition(PROMPT)
    assert plain.pooled is not None
    assert tensors["pooled_prompt_embeds"].shape == (1, POOLED)
    assert tensors["pooled_prompt_embeds"].equal(plain.pooled)
    assert tensors["plain_prompt_embeds"].equal(plain.hidden)
    moved = (tensors["prompt_embeds"] - plain.hidden).abs().split(HIDDEN, -1)
    assert moved[0].max() > 0.01
    assert moved[1].max() == 0
    done: list[int] = []
    kept = conditioning_of(Aim(measured), PROMPT, Recipe(**question.recipe), done.append)
    assert done == []  # nothing was personalised again
    assert kept.personalised.hidden.equal(tensors["prompt_embeds"])
    assert kept.plain.pooled is not None
    assert kept.plain.pooled.equal(plain.pooled)


@pytest.mark.usefixtures("sdxl_hub")
def test_the_dose_before_drawing_is_that_of_the_drawing(ada: User, measured: Version) -> None:
    made = drawn(ada, measured, seed=11)
    question = ask(Kind.DOSE, version=measured, prompt=PROMPT, rate=2e-3)
    answer(question.key, question.kind, question.aim.to_json(), PROMPT, question.recipe)
    given = kept_answer(question)
    assert given is not None
    assert given["agreement"] == pytest.approx(made.agreement, abs=1e-5)
    assert given["drift"][-1] == pytest.approx(made.drift, rel=1e-4)


@pytest.mark.parametrize("name", ["stable_diffusion_dose.json", "stable_diffusion_xl_dose.json"])
def test_the_doses_that_come_along_are_ones_that_can_be_asked_for(
    ada: User, version: Version, settings: Settings, name: str
) -> None:
    settings.DOSE_FILE = current.BASE_DIR / "generation" / name
    made = queue_generation(ada, version=version, prompt=PROMPT)
    side = 1024 if "xl" in name else 512
    assert (made.width, made.height) == (side, side)


@pytest.mark.usefixtures("sdxl_hub")
def test_standard_sheets_are_drawn_too(measured: Version) -> None:
    sheet = standard_sheets.ensure_next()
    assert sheet is not None
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert sheet.has_succeeded, sheet.reason
    assert measured.space.name == current.HUB_SPACE
    assert sheet.recipe["doses"] == [0, 1, 3]
