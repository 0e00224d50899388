"""The dose of a drawing that is being asked for: how near each step brings words and look."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.refusals import Refusal
from accounts.requests import PersonRequest
from generation.doses import default_dose
from generation.forms import DoseForm
from generation.looks import find_look
from generation.models.generations import AESTHETIC_TEXT, MOST_STEPS
from generation.questions import Kind, answer_to, ask
from registry.models import Version

WORDS_SHOWN = 3  # that pull away from the look
LEAST_PULL = 0.02  # of agreement; less is nothing to rewrite a prompt for
HEIGHT = 40.0  # of the drawn curves, in a box 100 wide


@dataclass(frozen=True, slots=True)
class Curves:
    """Agreement and drift after 0 to `most` steps, and the step that is chosen."""

    agreement: list[float]
    drift: list[float]
    steps: int

    @property
    def most(self) -> int:
        return len(self.agreement) - 1

    @property
    def agreement_points(self) -> str:
        return self._points(self.agreement)

    @property
    def drift_points(self) -> str:
        return self._points(self.drift)

    @property
    def chosen_x(self) -> float:
        return 100 * self.steps / max(1, self.most)

    @property
    def agreement_now(self) -> float:
        return self.agreement[self.steps]

    @property
    def drift_now(self) -> float:
        return self.drift[self.steps]

    def _points(self, values: list[float]) -> str:
        """Return values from 0 to the largest of all, at least 1, as points of a polyline."""
        top = max(1.0, *self.agreement, *self.drift)
        return " ".join(
            f"{100 * step / max(1, self.most):.1f},{HEIGHT * (1 - max(0.0, value) / top):.1f}"
            for step, value in enumerate(values)
        )


@never_cache
@login_required
@require_POST
def dose(request: PersonRequest) -> HttpResponse:
    """A fragment of the form: the slider, its curves, and the words that pull away.

    It changes nothing; a prompt of a thousand characters is longer than an address may be.
    """
    form = DoseForm(request.POST, person=request.user)
    named = request.POST.get("aesthetic", "").strip()
    version = find_look(named, person=request.user)
    context: dict[str, Any] = {}
    if not named or not request.POST.get("prompt", "").strip():
        return render(request, "generation/_dose.html", context)
    if version is None:
        context = {"refused": f"There is no published look “{named}”."}
        return render(request, "generation/_dose.html", context)
    try:
        context = _said_of(version, form, request.user)
    except ValidationError as error:
        context = {"refused": " ".join(error.messages)}
    except Refusal as refusal:
        context = {"refused": refusal.detail}
    return render(request, "generation/_dose.html", context)


def _said_of(version: Version, form: DoseForm, person: User) -> dict[str, Any]:
    return _answers(version, form.parameters(), person=person) if form.is_valid() else _wrong(form)


def _wrong(form: DoseForm) -> dict[str, Any]:
    """Name the first field that no dose can be told of."""
    name, errors = next(iter(form.errors.items()))
    return {"refused": f"{form[name].label}: {errors[0]}"}


def _answers(version: Version, parameters: dict[str, Any], *, person: User) -> dict[str, Any]:
    """Return what the fragment shows; `pending` where a worker has not answered yet."""
    chosen = min(parameters.pop("steps", default_dose().steps), MOST_STEPS)
    usual = min(MOST_STEPS, 2 * default_dose().steps)
    # Not the chosen step itself: the slider's end would come down with it, by a question each time.
    most = usual if chosen <= usual else MOST_STEPS
    aimed = {name: parameters[name] for name in ("others", *AESTHETIC_TEXT) if name in parameters}
    words = ask(Kind.AGREEMENT, version=version, prompt=parameters["prompt"], **aimed)
    answer_to(words, person=person, patience=0)  # Sent first, so that the worker has it next.
    asked = ask(Kind.DOSE, version=version, steps=most, **parameters)
    curves = answer_to(asked, person=person)
    said = answer_to(words, person=person, patience=0.1)
    if curves is None or said is None:
        return {"pending": True}
    reasons = [told[no] for told in (curves, said) for no in ("refused", "failed") if no in told]
    if reasons:
        return {"refused": reasons[0]}
    return {
        "curves": Curves(curves["agreement"], curves["drift"], chosen),
        "pulling": _pulling(said["agreement"], said["words"]),
        "remark": said.get("remark"),
    }


def _pulling(whole: float, words: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the words without which the prompt would be nearer to the look, the worst first."""
    if len(words) < 2:  # noqa: PLR2004 (a single word can't be left out)
        return []
    away = {
        each["word"]: each
        for each in sorted(words, key=lambda each: each["without"])
        if each["without"] - whole >= LEAST_PULL
    }  # a word that is said twice once, with the place where it pulls most
    return sorted(away.values(), key=lambda each: -each["without"])[:WORDS_SHOWN]
