"""From a prompt to a generation in the queue: defaults, refusals by field, quota, versions."""

import math
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from accounts.quotas import QuotaExceeded
from generation.doses import default_dose
from generation.models import Generation
from generation.models.generations import LARGEST_SEED
from generation.prompts import DOSED, find_version, queue_generation
from registry import publishing
from registry.models import Aesthetic, JobState, Version
from tests import factories

PROMPT = "a lighthouse at night"


def errors_of(refused: pytest.ExceptionInfo[ValidationError]) -> dict[str, list[str]]:
    return refused.value.message_dict


# --- What is not given --------------------------------------------------------------------------


def test_what_is_not_given_comes_from_the_dose_of_the_checkpoint(
    ada: User, version: Version
) -> None:
    made = queue_generation(ada, version=version, prompt=PROMPT)
    dose = default_dose()
    assert {name: getattr(made, name) for name in DOSED} == {
        name: getattr(dose, name) for name in DOSED
    }
    assert (made.sampler, made.negative_prompt) == ("", "")
    assert (made.state, made.done, made.total) == (
        JobState.QUEUED,
        0,
        dose.steps + dose.sampling_steps,
    )


def test_what_is_given_goes_before_the_dose_and_none_is_not_given(
    ada: User, version: Version
) -> None:
    made = queue_generation(
        ada, version=version, prompt=PROMPT, steps=0, weight=0.0, guidance=None, seed=0
    )
    made.refresh_from_db()
    assert (made.steps, made.weight, made.seed) == (0, 0.0, 0)
    assert made.guidance == default_dose().guidance


def test_a_seed_that_is_not_given_is_a_new_one_each_time(ada: User, version: Version) -> None:
    seeds = {queue_generation(ada, version=version, prompt=PROMPT).seed for _ in range(4)}
    assert len(seeds) == 4
    assert all(0 <= seed <= LARGEST_SEED for seed in seeds)


def test_a_prompt_is_kept_without_the_space_around_it(ada: User, version: Version) -> None:
    assert queue_generation(ada, version=version, prompt=f"  {PROMPT}\n").prompt == PROMPT


def test_a_generation_is_sent_when_its_row_is_there(
    ada: User,
    version: Version,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        queue_generation(ada, version=version, prompt=PROMPT)
    assert len(callbacks) == 1


# --- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", " "),
        ("prompt", "a" * 1001),
        ("negative_prompt", "a" * 1001),
        ("seed", -1),
        ("seed", LARGEST_SEED + 1),
        ("optimiser", "sgd"),
        ("steps", -1),
        ("steps", 51),
        ("rate", 0.0),
        ("rate", 10.5),
        ("rate", math.nan),
        ("weight", -0.1),
        ("weight", 1.1),
        ("weight", math.nan),
        ("anchor", -0.1),
        ("anchor", 4.1),
        ("anchor", math.nan),
        ("sampler", "euler"),
        ("sampling_steps", 0),
        ("sampling_steps", 101),
        ("guidance", 0.5),
        ("guidance", 31.0),
        ("guidance", math.inf),
        ("guidance", math.nan),
        ("width", 0),
        ("width", 100),
        ("height", 1032),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_field(
    ada: User, version: Version, field: str, value: object
) -> None:
    asked: dict[str, Any] = {"prompt": PROMPT, field: value}
    with pytest.raises(ValidationError) as refused:
        queue_generation(ada, version=version, **asked)
    assert list(errors_of(refused)) == [field]
    assert not Generation.objects.exists()


def test_a_side_that_latents_do_not_have_is_named_with_the_step(
    ada: User, version: Version
) -> None:
    with pytest.raises(ValidationError) as refused:
        queue_generation(ada, version=version, prompt=PROMPT, width=100)
    assert errors_of(refused) == {"width": ["100 is not a multiple of 8 pixels."]}


def test_all_wrong_values_are_named_at_once(ada: User, version: Version) -> None:
    with pytest.raises(ValidationError) as refused:
        queue_generation(ada, version=version, prompt="", steps=99, weight=2.0)
    assert set(errors_of(refused)) == {"prompt", "steps", "weight"}


@pytest.mark.parametrize("field", ["prompt", "negative_prompt"])
def test_an_emphasis_beyond_all_measure_is_refused_by_its_field(
    ada: User, version: Version, field: str
) -> None:
    asked: dict[str, Any] = {"prompt": PROMPT, field: "a (red:200) boat"}
    with pytest.raises(ValidationError) as refused:
        queue_generation(ada, version=version, **asked)
    assert errors_of(refused) == {field: ["“red” has an emphasis of 200; use 100 at most."]}


def test_an_embedding_of_another_space_is_refused_with_both_names(
    ada: User, version: Version, settings: Settings
) -> None:
    settings.HUB_SPACE = "clip-vit-l-14-openai"
    with pytest.raises(ValidationError) as refused:
        queue_generation(ada, version=version, prompt=PROMPT)
    (error,) = refused.value.error_dict["version"]
    assert error.code == "incompatible-space"
    assert f"“{version.space.name}”" in error.message
    assert "“clip-vit-l-14-openai”" in error.message


def test_a_person_draws_no_more_than_the_quota_of_a_day(
    ada: User, bob: User, version: Version, settings: Settings
) -> None:
    settings.QUOTA_GENERATIONS = 2
    for _ in range(2):
        queue_generation(ada, version=version, prompt=PROMPT)
    with pytest.raises(QuotaExceeded) as refused:
        queue_generation(ada, version=version, prompt=PROMPT)
    assert refused.value.code == "quota-exceeded"
    assert "today's 2 pictures" in refused.value.detail
    queue_generation(bob, version=version, prompt=PROMPT)


def test_what_was_drawn_yesterday_does_not_count_today(
    ada: User, version: Version, settings: Settings
) -> None:
    settings.QUOTA_GENERATIONS = 1
    made = queue_generation(ada, version=version, prompt=PROMPT)
    yesterday = made.created_at - timedelta(days=1)
    Generation.objects.filter(pk=made.pk).update(created_at=yesterday)
    queue_generation(ada, version=version, prompt=PROMPT)


# --- Which version is meant ---------------------------------------------------------------------


def test_a_version_is_found_by_number_by_digest_and_as_the_latest(
    ada: User, version: Version
) -> None:
    for name in ("", "@latest", "@v1", f"@{version.version_digest}"):
        assert find_version(f"ada/sea-mist{name}", person=AnonymousUser()) == version


@pytest.mark.parametrize(
    "ref",
    ["", "/", "@", "ada", "ada/", "ada/sea-mist@v2", "ada/sea-mist@v0", "ada/sea-mist@draft",
     "ada/other", "bob/sea-mist", "ada/sea-mist/v1", "ada/sea-mist@v1@v1", "ada/sea-mist@\x00",
     "ada/sea-mist@v" + "9" * 20, "ada/sea-mist@v" + "9" * 5000],
)  # fmt: skip
def test_a_name_that_no_version_has_finds_none(version: Version, ref: str) -> None:
    assert find_version(ref, person=AnonymousUser()) is None


def test_a_private_version_is_found_by_its_owner_only(
    ada: User, bob: User, version: Version
) -> None:
    Aesthetic.objects.update(visibility=Aesthetic.Visibility.PRIVATE)
    assert find_version("ada/sea-mist", person=ada) == version
    assert find_version("ada/sea-mist", person=bob) is None


def test_a_yanked_version_is_not_the_latest_but_still_has_its_name(
    ada: User, version: Version
) -> None:
    publishing.yank(version, reason="A picture was not free.")
    assert find_version("ada/sea-mist", person=ada) is None
    assert find_version("ada/sea-mist@v1", person=ada) == version


def test_a_build_that_was_not_published_is_not_drawn_with(ada: User) -> None:
    factories.built(factories.aesthetic(ada))
    assert find_version("ada/sea-mist", person=ada) is None
