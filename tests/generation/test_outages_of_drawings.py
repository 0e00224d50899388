"""Drawings and standard sheets while the store or the models are away."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as current
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.models import User
from generation.models import Generation, StandardSheet
from generation.prompts import queue_generation
from generation.tasks import draw_generation, draw_standard_sheet
from generation.worker_models import checkpoint_digest
from registry import blobs, jobs, worker_encoder
from registry.models import JobState, Version
from tests.bucket import Bucket
from tests.generation.loaded_models import forget_models

pytestmark = pytest.mark.usefixtures("one_torch_thread", "broker")

QUICK: dict[str, Any] = {"steps": 1, "rate": 1e-3, "sampling_steps": 1, "seed": 11}
MODELS = "The worker could not use its models. "
STORE = "The worker could not use the store of pictures and files. "


def forget_all() -> None:
    """Let this process load its models and its encoder anew, as one that has just begun."""
    forget_models()
    checkpoint_digest.cache_clear()
    worker_encoder._loaded_encoder.cache_clear()


@pytest.fixture
def models_folder(measured: Version, settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A folder of this test's own in which checkpoint and encoder lie, as on a volume."""
    folder = tmp_path / "volume"
    folder.mkdir()
    for name, place in (("sd", current.DIFFUSION_MODEL), ("clip", current.ENCODER_MODEL)):
        (folder / name).symlink_to(place.removeprefix("local-dir:"))
    settings.DIFFUSION_MODEL = str(folder / "sd")
    settings.ENCODER_MODEL = f"local-dir:{folder / 'clip'}"
    forget_all()
    yield folder
    forget_all()


@pytest.fixture
def asked(ada: User, measured: Version) -> Generation:
    return queue_generation(ada, version=measured, prompt="a lighthouse at night", **QUICK)


def drawn(asked: Generation) -> Generation:
    """Let a pause be over and a worker take the drawing."""
    Generation.objects.update(leased_until=Now() - timedelta(seconds=1))
    draw_generation(str(asked.pk))
    return Generation.objects.get(pk=asked.pk)


@pytest.mark.parametrize("what", ["sd", "clip"])
def test_a_drawing_waits_until_the_models_are_mounted_again(
    models_folder: Path, asked: Generation, what: str
) -> None:
    volume = (models_folder / what).rename(models_folder / "elsewhere")
    found = drawn(asked)
    assert (found.state, found.attempts) == (JobState.QUEUED, 1)
    assert found.reason == f"{MODELS}This waits for 1 minute and is tried again by itself."
    (models_folder / what).mkdir()  # a mount point
    assert drawn(asked).reason == f"{MODELS}This waits for 2 minutes and is tried again by itself."
    (models_folder / what).rmdir()
    volume.rename(models_folder / what)
    found = drawn(asked)
    assert (found.state, found.reason, found.attempts) == (JobState.SUCCEEDED, "", 3)


def test_models_that_stay_away_fail_the_drawing_in_words(
    models_folder: Path, asked: Generation, settings: Settings
) -> None:
    settings.JOB_ATTEMPTS = 2
    (models_folder / "sd").unlink()
    assert drawn(asked).state == JobState.QUEUED
    found = drawn(asked)
    assert found.state == JobState.FAILED
    assert found.reason.startswith(f"{MODELS}This was begun 2 times. Ask again later;")
    assert str(models_folder) not in found.reason


@pytest.mark.parametrize(
    ("what", "broken"), [("sd", "model_index.json"), ("clip", "open_clip_model.safetensors")]
)
def test_models_that_are_broken_fail_the_drawing_at_once(
    models_folder: Path, asked: Generation, what: str, broken: str
) -> None:
    whole = (models_folder / what).resolve()
    (models_folder / what).unlink()
    (models_folder / what).mkdir()
    for file in whole.iterdir():
        (models_folder / what / file.name).symlink_to(file)
    (models_folder / what / broken).unlink()
    (models_folder / what / broken).write_bytes(b"{ no model")
    found = drawn(asked)
    assert (found.state, found.attempts, found.reason) == (JobState.FAILED, 1, jobs.OUR_FAULT)


def test_a_checkpoint_that_lacks_files_fails_the_drawing_at_once(
    models_folder: Path, asked: Generation
) -> None:
    (models_folder / "sd").unlink()
    (models_folder / "sd").mkdir()
    (models_folder / "sd" / "README.md").touch()
    found = drawn(asked)
    assert (found.state, found.attempts, found.reason) == (JobState.FAILED, 1, jobs.OUR_FAULT)


def test_a_drawing_waits_until_a_bucket_takes_its_pictures(
    asked: Generation, settings: Settings
) -> None:
    bucket = Bucket()
    settings.STORAGES = {**settings.STORAGES, "default": bucket.storages()}
    bucket.takes = False
    assert drawn(asked).reason.startswith(STORE)
    bucket.takes = True
    found = drawn(asked)
    assert found.has_succeeded, found.reason
    assert blobs.read_blob(found.plain)
    bucket.stop()


def test_a_standard_sheet_fails_in_words_and_has_attempts_left_for_later(
    models_folder: Path, measured: Version
) -> None:
    sheet = StandardSheet.objects.create(version=measured, checkpoint=checkpoint_digest())
    forget_all()
    (models_folder / "sd").rename(models_folder / "elsewhere")
    draw_standard_sheet(str(sheet.pk))
    sheet.refresh_from_db()
    assert (sheet.state, sheet.attempts) == (JobState.FAILED, 1)
    assert sheet.reason == MODELS.strip()
