"""The evaluation draws what the hub draws: its numbers hold for people who use the hub."""

import io

import numpy as np
import pytest
import torch
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image as Picture

from accounts.models import User
from demo import world
from demo.studio import Look, Studio
from demo.training import WEIGHTS
from demo.treatments import Treatment, treated
from generation.doses import RECIPE, Preset, presets
from generation.models import Generation
from generation.personalisation import Recipe
from generation.prompts import queue_generation
from generation.tasks import draw_generation
from registry import blobs, publishing, queueing, uploads
from registry.models import Side, Version
from registry.tasks import build_version
from registry.worker_encoder import ensure_space
from tests import factories

pytestmark = [pytest.mark.usefixtures("one_torch_thread"), pytest.mark.django_db]

LOOK = "Evening window"
PROMPT = "a castle under the moon"
SEED = 3


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio.load(WEIGHTS)


@pytest.fixture(scope="module")
def look(studio: Studio) -> Look:
    return studio.look(LOOK, world.AESTHETICS[LOOK], 0)


@pytest.fixture
def ada() -> User:
    return factories.person("ada")


@pytest.fixture
def version(ada: User, look: Look) -> Version:
    """The look's pictures, uploaded, built and published."""
    ensure_space(settings.HUB_SPACE)
    aesthetic = factories.aesthetic(ada, "evening-window", title=LOOK)
    for index, picture in enumerate(look.pictures):
        data = factories.png(Picture.fromarray(picture))
        uploads.add_picture(aesthetic, f"{index}.png", data, Side.TOWARDS, factories.SOMEWHERE)
    build = queueing.queue_build(aesthetic).version
    build_version(str(build.pk))
    return publishing.publish(build)


def stored(digest: str) -> NDArray[np.int16]:
    return np.asarray(Picture.open(io.BytesIO(blobs.read_blob(digest))).convert("RGB"), np.int16)


def drawn_by_the_hub(owner: User, version: Version, recipe: Recipe) -> Generation:
    """Ask for the drawing with everything else as a form first offers it."""
    asked = {name: getattr(recipe, name) for name in RECIPE}
    made = queue_generation(owner, version=version, prompt=PROMPT, seed=SEED, **asked)
    draw_generation(str(made.pk))
    made.refresh_from_db()
    assert made.has_succeeded, made.reason
    return made


def test_a_set_is_measured_as_the_evaluation_measures_it(version: Version, look: Look) -> None:
    found = np.asarray(version.vector)
    np.testing.assert_allclose(found, look.embedding, rtol=0, atol=1e-5)


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_a_preset_draws_what_the_evaluation_judged(
    ada: User, version: Version, studio: Studio, look: Look, preset: Preset
) -> None:
    recipe = Recipe(**{name: getattr(preset, name) for name in RECIPE})
    treatment = Treatment(preset.name, recipe)
    judged = treated(studio.models, [PROMPT], torch.from_numpy(look.embedding), treatment)
    expected = studio.drawn(torch.cat([judged.plain, judged.conditioning]), [SEED])[:, 0]
    made = drawn_by_the_hub(ada, version, recipe)
    assert made.agreement == pytest.approx(judged.agreement[0].tolist(), abs=1e-4)
    for digest, picture in zip((made.plain, made.personalised), expected, strict=True):
        away = np.abs(stored(digest) - picture)
        assert (away.max(), round(float(away.mean()), 3)) <= (2, 0.01)
