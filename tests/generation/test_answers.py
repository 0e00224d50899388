"""Dose and agreement as the worker's side answers them: what is said, refused, and done once."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings
from safetensors.torch import load_file, save_file

from accounts.models import User
from generation import tasks
from generation.checkpoint_files import stamps
from generation.keeping import is_taken, keep, let_go, take
from generation.models import Generation
from generation.prompts import queue_generation
from generation.questions import Kind, answer_to, ask, kept_answer
from generation.worker_models import checkpoint_digest
from registry import digests
from registry.jobs import OUR_FAULT
from registry.models import Space, Version
from tests.generation.asked_questions import NOW, PROMPT, answer_now, answered, work_on
from tests.generation.conftest import WEIGHTS
from tests.generation.loaded_models import forget_models

pytestmark = pytest.mark.usefixtures("one_torch_thread", "broker")


# --- What is said -------------------------------------------------------------------------------


def test_the_dose_is_that_of_a_drawing_step_by_step(ada: User, measured: Version) -> None:
    dose = answered(ask(Kind.DOSE, version=measured, prompt=PROMPT, steps=3, rate=1e-4))
    assert (len(dose["agreement"]), len(dose["drift"])) == (4, 4)
    assert dose["drift"][0] == 0
    assert dose["drift"] == sorted(dose["drift"])
    drawing = queue_generation(
        ada, version=measured, prompt=PROMPT, steps=2, rate=1e-4, sampling_steps=1
    )
    tasks.draw_generation(str(drawing.pk))
    drawn = Generation.objects.get(pk=drawing.pk)
    assert drawn.agreement == pytest.approx(dose["agreement"][:3], abs=1e-5)
    assert drawn.drift == pytest.approx(dose["drift"][2], rel=1e-3)


def test_agreement_is_told_whole_and_without_each_word(measured: Version) -> None:
    whole = answered(ask(Kind.AGREEMENT, version=measured, prompt="a  (big:1.2) boat"))
    assert [each["word"] for each in whole["words"]] == ["a", "(big:1.2)", "boat"]
    part = answered(ask(Kind.AGREEMENT, version=measured, prompt="a (big:1.2)"))
    assert whole["words"][2]["without"] == pytest.approx(part["agreement"], abs=1e-5)
    dose = answered(ask(Kind.DOSE, version=measured, prompt="a (big:1.2) boat", steps=0))
    assert whole["agreement"] == pytest.approx(dose["agreement"][0], abs=1e-5)


def test_a_prompt_too_long_to_leave_out_each_word_is_told_whole(
    measured: Version,
) -> None:
    prompt = " ".join(["a"] * 500)  # 500 tokens in 7 rows
    told = answered(ask(Kind.AGREEMENT, version=measured, prompt=prompt))
    dose = answered(ask(Kind.DOSE, version=measured, prompt=prompt, steps=0))
    assert told["agreement"] == pytest.approx(dose["agreement"][0], abs=1e-5)
    assert told["words"] == []
    assert "each of 500 words" in told["remark"]
    assert "3,500 rows, and 150 are the most." in told["remark"]
    short = answered(ask(Kind.AGREEMENT, version=measured, prompt=PROMPT))
    assert short["remark"] == ""


@pytest.mark.parametrize(
    ("prompt", "word", "same"),
    [
        ("a (red car:1.3) at night", "(red", "a car at night"),
        ("a (red car:1.3) at night", "car:1.3)", "a red at night"),
        ("a (red car :91) at night", "(red", "a car at night"),
        (r"a [red \(car\)] at night", "[red", r"a \(car\) at night"),
        ("a (red (car:1.2) at night", "(red", "a car at night"),
    ],
)
def test_a_word_is_left_out_without_the_brackets_around_it(
    measured: Version, prompt: str, word: str, same: str
) -> None:
    told = answered(ask(Kind.AGREEMENT, version=measured, prompt=prompt))
    (without,) = (each["without"] for each in told["words"] if each["word"] == word)
    part = answered(ask(Kind.AGREEMENT, version=measured, prompt=same))
    assert without == pytest.approx(part["agreement"], abs=1e-5)
    assert ":91)" not in {each["word"] for each in told["words"]}


@pytest.mark.parametrize("kind", [Kind.DOSE, Kind.CONDITIONING])
def test_rows_and_steps_that_would_hold_up_all_other_questions_are_refused_in_words(
    measured: Version, kind: Kind
) -> None:
    prompt = "𓀀" * 1000  # four tokens each
    told = answered(ask(kind, version=measured, prompt=prompt, steps=50))
    assert told["refused"].startswith("The prompt is too long to be personalised")
    assert (
        "in 54 rows, with 50 steps for each, 2,700 in all, and 200 are the most."
        in (told["refused"])
    )


def test_a_prompt_of_a_thousand_usual_characters_is_not_refused(measured: Version) -> None:
    prompt = ("the old house by a tree under the evening clouds " * 21)[:1000].strip()
    asked = ask(Kind.DOSE, version=measured, prompt=prompt, steps=50, rate=1e-9, most_drift=0.0)
    assert len(answered(asked)["agreement"]) == 51


def test_to_answer_nothing_is_loaded_that_only_draws(
    measured: Version, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "sd"
    shutil.copytree(WEIGHTS / "sd", folder)
    for part in ("unet", "vae"):
        shutil.rmtree(folder / part)
    settings.DIFFUSION_MODEL = str(folder)
    forget_models()
    told = [
        answered(ask(Kind.DOSE, version=measured, prompt=PROMPT, steps=1)),
        answered(ask(Kind.CONDITIONING, version=measured, prompt=PROMPT, steps=1)),
    ]
    forget_models()
    assert len(told[0]["agreement"]) == 2
    assert len(told[1]["file"]) > 0


def test_where_another_checkpoint_has_come_to_lie_in_the_folder_all_is_asked_anew(
    measured: Version, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "sd"
    shutil.copytree(WEIGHTS / "sd", folder, ignore=shutil.ignore_patterns("unet", "vae"))
    settings.DIFFUSION_MODEL = str(folder)
    start_anew()
    asked: dict[str, Any] = {"version": measured, "prompt": PROMPT, "steps": 1}
    before = answered(ask(Kind.DOSE, **asked)), answered(ask(Kind.CONDITIONING, **asked))
    (folder / "dose.json").touch()
    start_anew()
    assert kept_answer(ask(Kind.DOSE, **asked)) == before[0]
    weights = folder / "text_encoder" / "model.safetensors"
    size = weights.stat().st_size
    halved = {name: each / 2 for name, each in load_file(weights).items()}
    save_file(halved, weights, {"format": "pt"})
    assert weights.stat().st_size == size
    start_anew()
    assert kept_answer(ask(Kind.DOSE, **asked)) is None
    after = answered(ask(Kind.DOSE, **asked)), answered(ask(Kind.CONDITIONING, **asked))
    start_anew()
    for one, other in zip(before, after, strict=True):
        assert one != other


def start_anew() -> None:
    """Let web process and worker know as little of the checkpoint as when they began."""
    forget_models()
    checkpoint_digest.cache_clear()
    stamps.cache_clear()


def test_what_cannot_be_answered_is_told_in_words(measured: Version) -> None:
    other = digests.digest_bytes(b"another encoder")
    Space.objects.update(weights=other)
    forget_models()
    answer = answered(ask(Kind.DOSE, version=measured, prompt=PROMPT))
    forget_models()
    assert other in answer["failed"]


def test_what_goes_wrong_on_our_side_is_told_vaguely_and_logged(
    measured: Version, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DIFFUSION_MODEL = "/nowhere/at/all"
    forget_models()
    answer = answered(ask(Kind.DOSE, version=measured, prompt=PROMPT))
    forget_models()
    assert answer == {"failed": OUR_FAULT}
    assert "/nowhere/at/all is no folder here" in caplog.text


def test_a_worker_that_does_not_know_what_is_asked_says_that_something_is_wrong(
    measured: Version,
) -> None:
    newer = ask(Kind.DOSE, version=measured, prompt=PROMPT)
    newer.recipe["said_by_a_newer_web_process"] = 1
    assert answered(newer) == {"failed": OUR_FAULT}


def test_a_conditioning_is_kept_once_and_asked_for_anew_where_the_cache_has_dropped_it(
    measured: Version, ada: User
) -> None:
    asked = ask(Kind.CONDITIONING, version=measured, prompt=PROMPT, steps=1, rate=1e-4)
    file = answered(asked)["file"]
    said = cache.get(asked.key)
    assert len(str(said)) < 200  # it refers to the file
    (key,) = said.values()
    assert cache.get(key) == file
    cache.delete(key)
    assert answer_to(asked, person=ada, patience=NOW) is None
    assert len(answered(asked)["file"]) == len(file)


# --- Once ---------------------------------------------------------------------------------------


def test_what_is_answered_or_under_way_is_not_computed_again(measured: Version) -> None:
    asked = ask(Kind.AGREEMENT, version=measured, prompt=PROMPT)
    assert take(asked.key, 60)  # by another worker
    work_on(asked)
    assert answer_now(asked) is None
    let_go(asked.key)
    kept = {"agreement": 2.0, "words": []}  # which no computing gives
    keep(asked.key, kept, 60)
    assert answered(asked) == kept
    assert not is_taken(asked.key)
