"""What a finished drawing shows: pictures, numbers, and in words what changed, or why nothing."""

from dataclasses import dataclass

from django.urls import reverse

from generation.models import Generation
from generation.models.generations import LEAST_DRIFT


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished drawing shows."""

    plain_url: str
    personalised_url: str
    agreement_before: float
    agreement_after: float
    pictures: list[float]  # the agreement of both pictures, or nothing
    drift: float
    has_effect: bool
    sentence: str
    trace_points: str


def result_of(found: Generation) -> Result:
    return Result(
        plain_url=reverse("generation:picture", args=[found.pk, "plain"]),
        personalised_url=reverse("generation:picture", args=[found.pk, "personalised"]),
        agreement_before=found.agreement[0],
        agreement_after=found.agreement[-1],
        pictures=found.picture_agreement,
        drift=found.drift or 0.0,
        has_effect=found.has_effect,
        sentence=_what_changed(found) if found.has_effect else _why_nothing_did(found),
        trace_points=_trace_points(found.agreement),
    )


def _what_changed(found: Generation) -> str:
    moved = (
        f"brought the words from {found.agreement[0]:.2f} to {found.agreement[-1]:.2f} towards the "
        "look, and moved the picture with them"
    )
    if found.was_guarded:
        return f"{found.steps_taken} of {_in_words(found.steps)} {moved}; {_guard(found)}."
    return f"{_in_words(found.steps)} {moved}."


def _why_nothing_did(found: Generation) -> str:
    """Say why a drawing shows no effect (METHOD section 4)."""
    if found.steps == 0 or found.weight == 0:
        nothing = "has no steps" if found.steps == 0 else "has the weight 0"
        return f"No effect: the dose {nothing}, so both pictures are the plain one."
    if found.was_guarded:
        taken = _in_words(found.steps_taken or 0)
        return f"No effect to speak of: the dose ended after {taken}, since {_guard(found)}."
    return (
        f"No effect to speak of: the conditioning moved by {found.drift:.2%}, and below "
        f"{LEAST_DRIFT:.0%} nobody sees a difference. Try more steps or a higher rate."
    )


def _guard(found: Generation) -> str:
    """Say what guards the dose has, one of which ended the steps, of each row of the prompt."""
    guards = []
    if found.enough_agreement is not None:
        guards.append(f"an agreement of {found.enough_agreement:g} was enough")
    if found.most_drift is not None:
        guards.append(f"a drift of {found.most_drift:g} was the most")
    return ", or ".join(guards)


def _in_words(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _trace_points(agreement: list[float]) -> str:
    """Return the agreement after each step as points of a polyline in a box of 100 by 30."""
    low, high = min(agreement), max(agreement)
    if high == low:
        return ""
    return " ".join(
        f"{100 * step / (len(agreement) - 1):.1f},{29 - 28 * (value - low) / (high - low):.1f}"
        for step, value in enumerate(agreement)
    )
