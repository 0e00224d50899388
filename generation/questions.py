"""Ask a worker what its text encoder says of a prompt and a look, without drawing. Request side.

An answer depends on nothing but what is asked, so it is kept under the digest of the question, and
the same question is not sent twice while it waits or a worker is at it.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core.cache import cache

from accounts.models import Usage, User
from accounts.refusals import Refusal
from generation.aims import Aim, Weighted
from generation.checkpoint_files import stamps
from generation.doses import RECIPE, default_dose, given
from generation.keeping import AWAY, KEPT_AT, REFUSAL_KEPT, is_taken
from generation.models import Generation
from generation.models.generations import AESTHETIC_TEXT, PARAMETERS
from generation.prompts import check_emphasis, check_numbers, check_others, check_space
from generation.tasks import answer
from registry.digests import canonical_json, digest_bytes
from registry.jobs import BROKER_ERRORS
from registry.models import Version

logger = logging.getLogger(__name__)

OTHERS = frozenset(PARAMETERS) - {"prompt", *RECIPE, *AESTHETIC_TEXT}

PATIENCE = 0.8  # seconds that a request waits for a worker before it says “ask again”
PAUSE = 0.02  # seconds between two looks into the cache
ASKED = 10  # seconds after which a question that no worker has taken is sent again
PAID = 3600  # seconds for which whoever asks the same again pays nothing


class AnswerFailed(Refusal):
    """A worker could not answer, for no fault of the asker's."""

    wait = REFUSAL_KEPT

    def __init__(self, detail: str) -> None:
        super().__init__("no-answer", detail)


class Kind(StrEnum):
    DOSE = "dose"
    AGREEMENT = "agreement"
    CONDITIONING = "conditioning"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a prompt and an aim; `recipe` has the fields of personalisation's."""

    kind: Kind
    aim: Aim
    prompt: str
    recipe: dict[str, Any]

    @property
    def key(self) -> str:
        """Name everything that decides the answer.

        Of a checkpoint in a folder the files count too, since another may come to lie there.
        """
        decisive = {
            "kind": self.kind,
            "prompt": self.prompt,
            "recipe": self.recipe,
            "aim": self.aim.decisive(),
            "checkpoint": [settings.DIFFUSION_MODEL, stamps(settings.DIFFUSION_MODEL)],
        }
        return f"question:{digest_bytes(canonical_json(decisive))}"


def ask(
    kind: Kind,
    *,
    version: Version,
    prompt: str,
    others: Sequence[Weighted] = (),
    **parameters: Any,
) -> Question:
    """Return a question that a worker can answer.

    Raises ValidationError by field for what no drawing could have either.
    """
    check_space(version)
    dose = default_dose()
    values = {name: getattr(dose, name) for name in RECIPE} | given(parameters)
    asked = Generation(version=version, prompt=prompt.strip(), **values)
    asked.clean_fields(exclude={*OTHERS, "owner", "version"})
    check_numbers(asked)
    check_emphasis(asked)
    check_others(version, others)
    recipe = {name: getattr(asked, name) for name in RECIPE} if kind is not Kind.AGREEMENT else {}
    return Question(kind, Aim.told(asked, others), asked.prompt, recipe)


def answer_to(
    question: Question, *, person: User, patience: float = PATIENCE
) -> dict[str, Any] | None:
    """Return a worker's answer, or None where there is none within `patience` seconds.

    An answer is {"refused": sentence} for what the asker can mend, {"failed": sentence} for what
    only the hub can, or what generation.answers gives for its kind; a conditioning is {"file":
    bytes}. One that is not there yet costs `person` a share of their day; raises QuotaExceeded.
    """
    key, until = question.key, time.monotonic() + patience
    try:
        found = kept_answer(question)
        if found is None:
            _spend_share(question, person)
            _send(question, key)
        while found is None and time.monotonic() < until:
            time.sleep(PAUSE)
            found = kept_answer(question)
    except (*BROKER_ERRORS, *AWAY) as error:
        logger.warning("Broker or cache did not take %s: %s", key, error)
        return None
    return found


def kept_answer(question: Question) -> dict[str, Any] | None:
    """Return the answer that is there; None where there is none, or what it refers to is gone."""
    found: dict[str, Any] | None = cache.get(question.key)
    if found is None or KEPT_AT not in found:
        return found
    file = cache.get(found[KEPT_AT])
    if file is None:
        cache.delete(question.key)  # or no worker would answer anew
        return None
    return {"file": file}


def _spend_share(question: Question, person: User) -> None:
    """Take a question from the asker's share of the day, once for as long as answers are kept.

    The mark is set after the share was taken: two requests at once may pay twice, and none gets by.
    """
    paid = f"{question.key}:paid:{person.pk}"
    if cache.get(paid) is None:
        what, limit = _share(question.kind)
        Usage.objects.spend(person, what, 1, limit=limit)
        cache.set(paid, value=True, timeout=PAID)


def _share(kind: Kind) -> tuple[str, int]:
    """Return which share a question counts for, and how much of it there is in a day.

    Conditionings take as much work as drawings, and megabytes; all else is a line of numbers, asked
    for at each pause of whoever writes a prompt.
    """
    if kind is Kind.CONDITIONING:
        return "conditionings", settings.QUOTA_CONDITIONINGS
    return "questions about prompts", settings.QUOTA_QUESTIONS


def _send(question: Question, key: str) -> None:
    """Send the question, unless that was done a moment ago or a worker is at it."""
    if not is_taken(key) and cache.add(f"{key}:asked", value=True, timeout=ASKED):
        answer.apply_async(
            (key, question.kind, question.aim.to_json(), question.prompt, question.recipe),
            expires=ASKED,
        )
