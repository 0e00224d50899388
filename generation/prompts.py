"""From a prompt and a published version to a generation in the queue. Request side."""

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from accounts.quotas import check_quota, start_of_day
from generation.doses import GUARDS, RECIPE, default_dose, given
from generation.emphasis import EmphasisRefused, spans
from generation.models import Generation, Ingredient
from generation.models.generations import LARGEST_SEED, SIZE_STEP
from generation.models.ingredients import LARGEST_WEIGHT, MOST_OTHERS
from generation.recipes import NOWHERE
from generation.tasks import draw_generation
from registry import jobs
from registry.models import Version

FLOATS = (
    *("rate", "weight", "anchor", *GUARDS),
    *("aesthetic_text_angle", "guidance"),
)

# Parameters of a generation whose value comes from the checkpoint's dose when none is given.
DOSED = (*RECIPE, "sampling_steps", "guidance", "width", "height")


def find_version(ref: str, *, person: User | AnonymousUser) -> Version | None:
    """Return the published version of `owner/slug[@version]` that `person` may use, or None.

    Where a name led to a version that was taken down, it leads nowhere.
    """
    if "\0" in ref:  # which no text in the database can hold
        return None
    found: Version | None = Version.objects.visible_to(person).named_in_full(ref)
    return found


@transaction.atomic
def queue_generation(
    owner: User,
    *,
    version: Version,
    prompt: str,
    others: Sequence[tuple[Version, float]] = (),
    **parameters: Any,
) -> Generation:
    """Queue the drawing of `prompt` with `version`; what is not given comes from the dose.

    None is not given, but for a guard of the dose, which it switches off.
    `others` are mixed into the look of `version`, which has the weight 1. Raises ValidationError by
    field, QuotaExceeded and QueueFull.
    """
    check_share(owner, asked=1)
    generation = new_generation(owner, version=version, prompt=prompt, others=others, **parameters)
    queue_all([generation], others)
    return generation


def check_share(owner: User, *, asked: int) -> None:
    """Raise QuotaExceeded where `asked` drawings are more than is left of today's share.

    For the transaction that adds them.
    """
    owner.hold_share()
    check_quota(
        "pictures",
        used=drawn_today(owner),
        asked=asked,
        limit=settings.QUOTA_GENERATIONS,
        bucket="drawings",  # uploaded pictures have a share as well
    )


def new_generation(
    owner: User,
    *,
    version: Version,
    prompt: str,
    others: Sequence[tuple[Version, float]] = (),
    **parameters: Any,
) -> Generation:
    """Return a drawing that is complete and checked, but not saved; see `queue_generation`.

    Raises ValidationError by field.
    """
    check_space(version)
    dose = default_dose()
    values = {name: getattr(dose, name) for name in DOSED} | given(parameters)
    values.setdefault("seed", new_seed())
    generation = Generation(owner=owner, version=version, prompt=prompt.strip(), **values)
    generation.total = generation.steps + generation.sampling_steps
    # Not full_clean: it would ask the database once for each constraint of each cell of a sheet,
    # and nothing that somebody may choose is left to the constraints alone.
    generation.clean_fields(exclude={"owner", "version", "sheet"})
    check_numbers(generation)
    check_emphasis(generation)
    check_others(version, others)
    return generation


def queue_all(generations: Sequence[Generation], others: Sequence[tuple[Version, float]]) -> None:
    """Save new drawings that all mix in `others`, and send them once their rows are there."""
    Generation.objects.bulk_create(generations)
    Ingredient.objects.bulk_create(
        Ingredient(generation=generation, version=other, weight=weight)
        for generation in generations
        for other, weight in others
    )
    jobs.send_all_after_commit(draw_generation, generations)


def drawn_today(owner: User) -> int:
    """Return how many drawings of `owner` count for today's share."""
    return owner.generations.filter(created_at__gte=start_of_day()).count()


def new_seed() -> int:
    return random.randint(0, LARGEST_SEED)  # noqa: S311 (not a secret)


def check_space(version: Version) -> None:
    """Raise ValidationError for a version of another space than the hub draws in."""
    if not version.space.is_in_use:
        raise ValidationError(
            {
                "version": ValidationError(
                    f"This embedding lives in the space “{version.space.name}”, and the hub draws "
                    f"in “{settings.HUB_SPACE}”.",
                    code="incompatible-space",
                )
            }
        )


def check_others(version: Version | None, others: Sequence[tuple[Version, float]]) -> None:
    """Raise ValidationError for looks that can't be mixed into that of `version`, if known."""
    seen = {version.pk} if version else set()
    for other, weight in others:
        if not (weight and abs(weight) <= LARGEST_WEIGHT):
            sentence = f"{other} has the weight {weight:g}; use -2 to 2, but not 0."
            raise ValidationError({"others": ValidationError(sentence, code="weight")})
        if version and other.space_id != version.space_id:
            sentence = f"{other} and {version} live in different spaces, so they can't be mixed."
            raise ValidationError({"others": ValidationError(sentence, code="incompatible-space")})
        if other.pk in seen:
            sentence = f"{other} is named twice."
            raise ValidationError({"others": ValidationError(sentence, code="twice")})
        seen.add(other.pk)
    if len(others) > MOST_OTHERS:
        sentence = too_many(len(others))
        raise ValidationError({"others": ValidationError(sentence, code="too-many")})
    if version and others:
        _check_direction([(version, 1.0), *others])


def _check_direction(looks: Sequence[tuple[Version, float]]) -> None:
    """Raise ValidationError for looks whose weighted sum has no direction."""
    vectors = np.array([look.vector for look, _ in looks], dtype=np.float64)  # [looks, width]
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    if np.linalg.norm([weight for _, weight in looks] @ units) <= NOWHERE:
        sentence = "With these weights the looks cancel out, so that they point nowhere."
        raise ValidationError({"others": ValidationError(sentence, code="no-direction")})


def too_many(count: int) -> str:
    return f"{count} looks are too many to mix in; use {MOST_OTHERS} at most."


def check_numbers(generation: Generation) -> None:
    """Raise ValidationError for what the fields' own limits let through, where it is given."""
    for name in FLOATS:
        number = getattr(generation, name)
        if number is not None and math.isnan(number):  # neither below a least nor above a most
            raise ValidationError({name: ValidationError("This is not a number.", code="nan")})
    for side in ("width", "height"):
        pixels = getattr(generation, side)
        if pixels is not None and pixels % SIZE_STEP:
            sentence = f"{pixels} is not a multiple of {SIZE_STEP} pixels."
            raise ValidationError({side: ValidationError(sentence, code="size")})


def check_emphasis(generation: Generation) -> None:
    """Raise ValidationError for words that no text encoder can read so strongly.

    Words that a look is turned towards are a direction, in which none of them can count more.
    """
    for name in ("prompt", "negative_prompt", "aesthetic_text"):
        try:
            read = spans(getattr(generation, name))
        except EmphasisRefused as error:
            raise ValidationError({name: ValidationError(error.detail, code=error.code)}) from error
        if name == "aesthetic_text" and any(span.weight != 1 for span in read):
            sentence = r"Brackets have no effect on these words; write \( for a bracket itself."
            raise ValidationError({name: ValidationError(sentence, code="emphasis")})
