"""Choose doses: a studio goes in, what each treatment of a grid reaches comes out, and presets.

Rates and steps are chosen on other sets and other seeds than the evaluation uses afterwards, so
that no number in its table was picked for being high.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from demo import captions, world
from demo.studio import Studio
from demo.treatments import Treatment, adam, anchored, ascent
from demo.trials import Trial, tried
from generation.doses import RECIPE
from registry.digests import digest_file

# The cat, the balloon, the flower and the lighthouse, which lose their subject first.
PROMPTS = (captions.NEUTRAL[1], *captions.NEUTRAL[4:7])
SEEDS = (101,)
SET_SEED = 1_000  # of the first look's set; the evaluation counts from 0
PICTURES = len(world.AESTHETICS) * len(PROMPTS) * len(SEEDS)  # of each treatment

METHODS = ("adam", "ascent", "anchored")
PRESETS = ("gentle", "balanced", "strong", "anchored", "paper")  # as they are offered

# Under a text agreement of about .65 a picture hardly changes, over about .85 it loses its subject;
# the grid covers what lies between, from both sides.
GRID = (
    *(adam(20, rate) for rate in (3e-5, 6e-5, 1e-4, 1.5e-4, 2.5e-4)),
    *(ascent(20, rate) for rate in (0.005, 0.01, 0.02)),
    *(anchored(20, rate) for rate in (1e-4, 2e-4, 4e-4)),
    *(anchored(20, rate, 0.6) for rate in (1e-4, 2e-4)),
)
QUICK_GRID = (adam(20, 8e-5), ascent(20, 0.01), anchored(20, 2e-4))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the sweep; means over looks, prompts and seeds."""

    treatment: Treatment
    text_before: float
    text_after: float
    drift: float
    agreement: float
    style: float
    subject: float
    both: float

    @classmethod
    def of(cls, treatment: Treatment, trial: Trial) -> "Outcome":
        means, text = trial.scores.means(), trial.text
        return cls(
            treatment,
            text.before,
            text.after,
            text.drift,
            agreement=means["agreement"],
            style=means["style"],
            subject=means["subject"],
            both=means["both"],
        )

    def __str__(self) -> str:
        return (
            f"{self.treatment}: text {self.text_before:.2f} to {self.text_after:.2f}, picture "
            f"{self.agreement:.3f}, style {self.style:.2f}, subject {self.subject:.2f}, both "
            f"{self.both:.2f}"
        )


def remembered_sweep(
    studio: Studio, grid: Sequence[Treatment], path: Path, weights: Path
) -> list[Outcome]:
    """Return the sweep kept in `path`; make it where that was not of all the same."""
    files = sorted(weights.rglob("*.safetensors"))
    named = {
        "weights": {file.relative_to(weights).as_posix(): digest_file(file) for file in files},
        "grid": [asdict(treatment) for treatment in grid],
        "looks": [*world.AESTHETICS],
        "prompts": [words for words, _ in PROMPTS],
        "seeds": [*SEEDS, SET_SEED],
    }
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["of"] == named:
            found = zip(grid, kept["outcomes"], strict=True)
            return [Outcome(treatment=treatment, **figures) for treatment, figures in found]
    outcomes = sweep(studio, grid)
    figures = [asdict(outcome) for outcome in outcomes]
    for each in figures:
        del each["treatment"]
    _write(path, {"of": named, "outcomes": figures})
    return outcomes


def sweep(studio: Studio, grid: Sequence[Treatment]) -> list[Outcome]:
    """Try every treatment on all aesthetics, with sets and seeds of the sweep's own."""
    looks = [
        studio.look(name, style, SET_SEED + index)
        for index, (name, style) in enumerate(world.AESTHETICS.items())
    ]
    outcomes = []
    for treatment in grid:
        outcomes.append(Outcome.of(treatment, tried(studio, treatment, looks, PROMPTS, SEEDS)))
        print("sweep:", outcomes[-1], flush=True)
    return outcomes


def best(outcomes: Sequence[Outcome], method: str) -> Outcome:
    """Return the method's strongest treatment among those that are as good as its best one.

    As good is what the sweep can't tell from the best: within one standard error of its share of
    pictures with both style and subject right (Breiman's rule, turned round: of doses alike in the
    looks that were tried, the one that moves the prompt farthest reaches looks that were not).
    """
    tried = _of(outcomes, method)
    most = max(each.both for each in tried)
    error = math.sqrt(most * (1 - most) / PICTURES)
    alike = [each for each in tried if each.both >= most - error]
    return max(alike, key=lambda outcome: outcome.text_after)


def write_doses(outcomes: Sequence[Outcome], folder: Path) -> None:
    """Write the best of the methods' best as the checkpoint's dose, and the presets beside it.

    What people know from the paper's code is the dose, unless another one is better by more than a
    single picture.
    The presets are a file of their own: `dose.json` holds one dose, and the hub reads every key.
    """
    offered = [best(outcomes, method) for method in METHODS]
    most = max(outcome.both for outcome in offered)
    chosen = next(each for each in offered if round((most - each.both) * PICTURES) <= 1)
    dose = json.loads((folder / "dose.json").read_text(encoding="utf-8"))
    _write(folder / "dose.json", dose | _dose(chosen.treatment))
    _write(folder / "presets.json", presets(outcomes))


def presets(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """Name the treatments that are worth offering, with what each reached in the sweep.

    Gentle is the Adam that keeps the subject best while half the pictures have the style; strong is
    the one that gets the style most often. A dose that one name offers has no second one.
    """
    in_style = [each for each in _of(outcomes, "adam") if each.style >= 0.5]
    named = {
        "balanced": best(outcomes, "adam"),
        "gentle": max(in_style or _of(outcomes, "adam"), key=lambda each: each.subject),
        "strong": max(_of(outcomes, "adam"), key=lambda each: (each.style, each.agreement)),
        "anchored": best(outcomes, "anchored"),
        "paper": best(outcomes, "ascent"),
    }
    first = {outcome.treatment: name for name, outcome in reversed(named.items())}
    offered = [name for name in PRESETS if first[named[name].treatment] == name]
    return [_preset(name, named[name]) for name in offered]


def _preset(name: str, outcome: Outcome) -> dict[str, object]:
    reached = {
        score: round(getattr(outcome, score), 3) for score in ("style", "subject", "agreement")
    }
    return {"name": name} | _dose(outcome.treatment) | reached


def _dose(treatment: Treatment) -> dict[str, object]:
    """Return what of a recipe a dose of the hub has."""
    return {name: getattr(treatment.recipe, name) for name in RECIPE}


def _of(outcomes: Sequence[Outcome], method: str) -> list[Outcome]:
    return [each for each in outcomes if each.treatment.method == method]


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
