"""From a queued generation to two stored pictures, by the real task and the built-in models."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image as Picture

from accounts.models import User
from generation import previews
from generation.models import Generation
from generation.models.generations import LEAST_DRIFT
from generation.prompts import queue_generation
from generation.rendering import render
from generation.tasks import draw_generation
from generation.worker_models import checkpoint_digest, models_for, text_models_for
from registry import blobs, digests, jobs, takedowns
from registry.leases import Lease
from registry.models import JobState, Space, Version
from registry.pixels import pixels as encoder_pixels
from registry.worker_encoder import encoder_for
from tests.generation.loaded_models import forget_models

PROMPT = "a lighthouse at night"
STEPS = 3  # of personalisation
QUICK: dict[str, Any] = {"steps": STEPS, "rate": 1e-3, "sampling_steps": 2, "seed": 11}


def drawn(owner: User, version: Version, prompt: str = PROMPT, **parameters: Any) -> Generation:
    """Queue a generation and run its task, as a worker does."""
    made = queue_generation(owner, version=version, prompt=prompt, **{**QUICK, **parameters})
    draw_generation(str(made.pk))
    return Generation.objects.select_related("version__aesthetic__owner").get(pk=made.pk)


def ready(owner: User, version: Version, **parameters: Any) -> Generation:
    made = drawn(owner, version, **parameters)
    assert made.has_succeeded, made.reason
    return made


def picture(digest: str) -> Picture.Image:
    return Picture.open(io.BytesIO(blobs.read_blob(digest)))


def pixels(digest: str) -> np.ndarray[Any, Any]:
    return np.asarray(picture(digest).convert("RGB"), dtype=np.int16)  # [height, width, 3]


# --- What is drawn ------------------------------------------------------------------------------


def test_both_pictures_are_stored_under_the_digests_of_their_bytes(
    ada: User, measured: Version
) -> None:
    made = ready(ada, measured, width=96, height=64)
    for digest in (made.plain, made.personalised):
        assert digests.digest_bytes(blobs.read_blob(digest)) == digest
        assert (picture(digest).format, picture(digest).size) == ("PNG", (96, 64))
    assert made.plain != made.personalised
    assert (made.done, made.total) == (STEPS + 2, STEPS + 2)
    assert made.checkpoint == checkpoint_digest()
    assert made.finished_at is not None


def test_the_words_come_closer_to_the_look_with_every_step(ada: User, measured: Version) -> None:
    made = ready(ada, measured)
    assert len(made.agreement) == STEPS + 1
    assert made.agreement == sorted(made.agreement)
    assert made.agreement[-1] > made.agreement[0] + 0.01
    assert all(-1 <= value <= 1 for value in made.agreement)


def test_a_dose_with_effect_changes_the_picture_and_says_so(ada: User, measured: Version) -> None:
    made = ready(ada, measured)
    assert made.has_effect
    assert made.drift is not None
    assert made.drift >= LEAST_DRIFT
    assert np.abs(pixels(made.plain) - pixels(made.personalised)).mean() > 0.5


def test_the_same_parameters_draw_the_same_pixels(ada: User, measured: Version) -> None:
    first, second = ready(ada, measured), ready(ada, measured)
    assert first.plain == second.plain
    assert np.array_equal(pixels(first.personalised), pixels(second.personalised))
    assert first.agreement == second.agreement


def test_another_seed_draws_another_picture(ada: User, measured: Version) -> None:
    first, second = ready(ada, measured), ready(ada, measured, seed=12)
    assert not np.array_equal(pixels(first.plain), pixels(second.plain))


@pytest.mark.parametrize("nothing", [{"weight": 0.0}, {"steps": 0}])
def test_a_dose_of_nothing_draws_the_plain_picture_twice(
    ada: User, measured: Version, nothing: dict[str, float]
) -> None:
    made = ready(ada, measured, **nothing)
    assert np.array_equal(pixels(made.plain), pixels(made.personalised))
    assert (made.drift, made.has_effect) == (0.0, False)


def test_the_plain_picture_is_the_same_whatever_the_look_or_the_dose(
    ada: User, measured: Version
) -> None:
    assert ready(ada, measured).plain == ready(ada, measured, rate=1e-4, steps=1).plain


def test_an_anchor_keeps_the_prompt_nearer_to_its_own_words(ada: User, measured: Version) -> None:
    free, kept = ready(ada, measured), ready(ada, measured, anchor=4.0)
    assert free.plain == kept.plain
    assert free.personalised != kept.personalised
    assert kept.agreement[-1] < free.agreement[-1]
    assert "Aesthetic anchor: 4," in picture(kept.personalised).text["parameters"]  # type: ignore[attr-defined]


def test_the_other_sampler_and_optimiser_draw_too(ada: User, measured: Version) -> None:
    made = ready(
        ada, measured, sampler="dpm++", optimiser="ascent", rate=0.5, negative_prompt="a boat"
    )
    assert made.agreement[-1] > made.agreement[0]


# --- What the pictures say of themselves --------------------------------------------------------


def test_the_personalised_picture_carries_all_that_draws_it_again(
    ada: User, measured: Version
) -> None:
    made = ready(ada, measured, negative_prompt="a boat")
    texts = picture(made.personalised).text  # type: ignore[attr-defined]  # PNG files have it
    said = json.loads(texts["aesthetic"])
    assert said["generation"] == str(made.pk)
    assert said["version_digest"] == measured.version_digest
    assert said["vector_digest"] == measured.vector_digest
    assert said["checkpoint"] == made.checkpoint
    again = {name: said[name] for name in ("prompt", "negative_prompt", "seed", "steps", "rate")}
    assert again == {
        "prompt": PROMPT,
        "negative_prompt": "a boat",
        "seed": 11,
        "steps": STEPS,
        "rate": 1e-3,
    }


def test_the_web_uis_find_their_parameters_in_both_pictures(ada: User, measured: Version) -> None:
    made = ready(ada, measured)
    plain = picture(made.plain).text  # type: ignore[attr-defined]
    personalised = picture(made.personalised).text  # type: ignore[attr-defined]
    for texts in (plain, personalised):
        assert texts["parameters"].startswith(f"{PROMPT}\n")
        assert "Steps: 2" in texts["parameters"]
        assert "Seed: 11" in texts["parameters"]
    assert "Aesthetic embedding: ada/nebulae@v1" in personalised["parameters"]
    assert "Aesthetic" not in plain["parameters"]
    assert "aesthetic" not in plain


def test_a_prompt_longer_than_the_encoder_reads_at_once_is_drawn_whole(
    ada: User, measured: Version
) -> None:
    whole = ready(ada, measured, prompt="a tree " * 40 + "and a boat")
    assert (whole.done, whole.total) == (STEPS + 2, STEPS + 2)
    assert whole.agreement[-1] > whole.agreement[0] + 0.01
    without_end = ready(ada, measured, prompt="a tree " * 40)
    assert not np.array_equal(pixels(whole.plain), pixels(without_end.plain))


def test_emphasis_changes_the_picture(ada: User, measured: Version) -> None:
    strong = ready(ada, measured, prompt=f"({PROMPT}:1.4)")
    assert not np.array_equal(pixels(strong.plain), pixels(ready(ada, measured).plain))


# --- What cannot be drawn -----------------------------------------------------------------------


def test_a_space_of_another_encoder_fails_with_both_digests(ada: User, measured: Version) -> None:
    other = digests.digest_bytes(b"another encoder")
    Space.objects.update(weights=other)
    forget_models()
    made = drawn(ada, measured)
    forget_models()
    assert made.state == JobState.FAILED
    assert other in made.reason


def test_with_what_was_taken_down_meanwhile_nothing_is_drawn(ada: User, measured: Version) -> None:
    made = queue_generation(ada, version=measured, prompt=PROMPT, **QUICK)
    takedowns.take_down(measured, reason="Not hers.")
    draw_generation(str(made.pk))
    made.refresh_from_db()
    assert made.state == JobState.FAILED
    assert made.reason.endswith("was taken down, so nothing is drawn with it.")


IN_WORDS_OF_MEMORY = "The memory of this worker's device is too small for that"


def test_where_memory_ends_while_the_models_are_loaded_its_owner_is_told_so(
    ada: User, measured: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = StableDiffusionPipeline.to

    def refuse(pipeline: Any, *given: Any, **named: Any) -> Any:
        if pipeline.unet is not None:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(pipeline, *given, **named)

    forget_models()
    with monkeypatch.context() as patched:
        patched.setattr(StableDiffusionPipeline, "to", refuse)
        made = drawn(ada, measured)
    assert made.state == JobState.FAILED
    assert made.reason.startswith(IN_WORDS_OF_MEMORY)
    assert ready(ada, measured).plain


def test_where_memory_ends_at_the_negative_prompt_its_owner_is_told_so(
    ada: User, measured: Version
) -> None:
    models = text_models_for(measured.space)
    ids = models.tokenize("fog").ids

    def refuse(_: Any, __: tuple[Any, ...], given: dict[str, Any]) -> None:
        if torch.equal(given["input_ids"], ids):
            raise torch.OutOfMemoryError("CUDA out of memory.")

    hook = models.text_encoder.register_forward_pre_hook(refuse, with_kwargs=True)
    try:
        made = drawn(ada, measured, negative_prompt="fog")
    finally:
        hook.remove()
    assert made.reason.startswith(IN_WORDS_OF_MEMORY)


# --- Twice, and stopped -------------------------------------------------------------------------


def test_drawing_twice_is_harmless(ada: User, measured: Version) -> None:
    made = ready(ada, measured)
    before = Generation.objects.values().get(pk=made.pk)
    draw_generation(str(made.pk))
    assert Generation.objects.values().get(pk=made.pk) == before


class CancelledAt(Lease):
    """The hold of a worker whose job is cancelled by its owner during one stage."""

    def __init__(self, lease: Lease, stage: str) -> None:
        super().__init__(lease.job)
        self.token = lease.token
        self.stage = stage
        self.reported: list[tuple[str, int]] = []

    def report(self, *, stage: str, done: int, total: int, **results: Any) -> None:
        if stage == self.stage:
            Generation.objects.cancel(self.job.pk)
        super().report(stage=stage, done=done, total=total, **results)
        self.reported.append((stage, done))


@pytest.fixture
def waiting(ada: User, measured: Version) -> Generation:
    return queue_generation(ada, version=measured, prompt=PROMPT, **QUICK)


@pytest.mark.parametrize(
    ("stage", "last"),
    [("personalising", ("loading the models", 0)), ("drawing", ("personalising", STEPS))],
)
def test_a_drawing_that_is_cancelled_stops_at_its_next_step(
    waiting: Generation, stage: str, last: tuple[str, int]
) -> None:
    leases: list[CancelledAt] = []

    def work(generation: Generation, lease: Lease) -> None:
        leases.append(CancelledAt(lease, stage))
        render(generation, leases[0])

    jobs.run(Generation, waiting.pk, work)
    waiting.refresh_from_db()
    assert leases[0].reported[-1] == last
    assert (waiting.state, waiting.reason) == (JobState.CANCELLED, "")
    assert (waiting.plain, waiting.personalised) == ("", "")


def test_the_models_are_as_they_were_after_a_drawing_was_stopped(
    ada: User, waiting: Generation, measured: Version
) -> None:
    undisturbed = ready(ada, measured)
    jobs.run(
        Generation, waiting.pk, lambda made, lease: render(made, CancelledAt(lease, "drawing"))
    )
    after = ready(ada, measured)
    assert after.plain == undisturbed.plain
    assert np.array_equal(pixels(after.personalised), pixels(undisturbed.personalised))


# --- While it is drawn --------------------------------------------------------------------------


def test_previews_are_due_three_times_and_never_for_the_finished_picture() -> None:
    assert [step for step in range(1, 21) if previews.is_due(step, 20)] == [5, 10, 15]
    assert [step for step in range(1, 3) if previews.is_due(step, 2)] == [1]
    assert not previews.is_due(1, 1)


@pytest.mark.usefixtures("broker")
def test_a_running_drawing_keeps_a_preview_of_the_personalised_picture(
    ada: User, measured: Version
) -> None:
    made = ready(ada, measured, width=96, height=64, sampling_steps=4)
    preview = previews.preview_of(made)
    assert preview is not None
    shown = Picture.open(io.BytesIO(preview))
    assert (shown.format, shown.size) == ("WEBP", (96, 64))


@contextmanager
def memory_for_one_picture(measured: Version) -> Iterator[None]:
    def refuse(_: Any, given: tuple[Any, ...], __: Any) -> None:
        if len(given[0]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    unet = models_for(measured.space).pipeline.unet
    hook = unet.register_forward_pre_hook(refuse, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


class Watching(Lease):
    """The hold of a worker that looks, when it first reports how much is done, at the preview."""

    def __init__(self, lease: Lease, generation: Generation) -> None:
        super().__init__(lease.job)
        self.token = lease.token
        self.generation = generation
        self.seen: dict[int, bytes | None] = {}

    def report(self, *, stage: str, done: int, total: int, **results: Any) -> None:
        super().report(stage=stage, done=done, total=total, **results)
        self.seen.setdefault(done, previews.preview_of(self.generation))


@pytest.mark.usefixtures("broker")
def test_where_the_pictures_are_drawn_in_turn_the_preview_is_the_personalised_one(
    ada: User, measured: Version
) -> None:
    asked = {**QUICK, "steps": 12, "sampling_steps": 4}
    made = queue_generation(ada, version=measured, prompt=PROMPT, **asked)
    leases: list[Watching] = []

    def work(generation: Generation, lease: Lease) -> None:
        leases.append(Watching(lease, generation))
        render(generation, leases[0])

    with memory_for_one_picture(measured):
        jobs.run(Generation, made.pk, work)
    made.refresh_from_db()
    assert made.has_succeeded, made.reason
    # The first half of the steps drew one picture, the other half the other.
    shown = [leases[0].seen[12 + step] for step in (3, 4)]
    for preview in shown:
        assert preview is not None
        seen = np.asarray(Picture.open(io.BytesIO(preview)).convert("RGB"), dtype=np.int16)
        plain, personalised = (
            np.abs(seen - pixels(digest)).mean() for digest in (made.plain, made.personalised)
        )
        assert personalised < plain / 2


def test_what_the_memory_made_slower_is_told(ada: User, measured: Version) -> None:
    with memory_for_one_picture(measured):
        made = ready(ada, measured)
    assert "one after the other" in made.remark
    assert made.done == made.total
    assert ready(ada, measured).remark == ""


def test_how_near_each_picture_is_to_the_look_is_measured_as_an_upload_would_be(
    ada: User, measured: Version
) -> None:
    made = ready(ada, measured, steps=12)
    encoder = encoder_for(measured.space)
    side = encoder.description.image_size
    files = [blobs.read_blob(digest) for digest in (made.plain, made.personalised)]
    features = encoder.encode_pictures([encoder_pixels(file, side) for file in files])
    look = np.array(measured.vector)
    expected = features @ look / np.linalg.norm(features, axis=1) / np.linalg.norm(look)
    assert made.picture_agreement == pytest.approx(expected.tolist(), abs=1e-5)
    assert made.picture_agreement[1] > made.picture_agreement[0]
