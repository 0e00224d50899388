"""The dose a checkpoint likes: from its `dose.json` to the first values of forms and calls.

Rates and steps are specific to a text encoder, so they travel with the weights, as data.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

# How strongly to personalise: what a dose, a generation and the engine's recipe have in common.
RECIPE = (
    *("optimiser", "steps", "rate", "weight", "anchor"),
    *("slerp", "clip_skip", "enough_agreement", "most_drift"),
)

# How the pictures are sampled: what else a dose and a generation have in common.
SAMPLING = ("sampling_steps", "guidance", "width", "height")

# What is the same in all cells of a standard sheet, which differ in the steps.
BESIDE_STEPS = tuple(name for name in (*RECIPE, *SAMPLING) if name != "steps")

GUARDS = ("enough_agreement", "most_drift")  # those of it that None switches off


def given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is given of a dose's or a drawing's parameters; what is not has first values.

    None is not given, but for a guard: there it says that nothing ends the steps early.
    """
    return {
        name: value for name, value in parameters.items() if value is not None or name in GUARDS
    }


@dataclass(frozen=True)  # with defaults that can be asked for
class Dose:
    """How strongly to personalise, and how to sample: the values used where none are given."""

    optimiser: str
    steps: int  # gradient steps on the text encoder
    rate: float  # step size of the optimiser
    weight: float  # 0 the plain conditioning, 1 the personalised one
    sampling_steps: int
    guidance: float
    width: int  # pixels
    height: int
    anchor: float = 0.0  # how much of the prompt's own feature its target keeps
    slerp: bool = False  # whether the weight mixes along the arc
    clip_skip: int = 1  # the layer that conditions, from the end
    enough_agreement: float | None = None  # at which the steps end
    most_drift: float | None = None
    # What standard sheets show: words that any checkpoint can draw something from.
    standard_prompts: tuple[str, ...] = ("a house by a tree", "a boat on the sea", "a cat")
    hint: str = ""  # for people: what the checkpoint is good at drawing


@dataclass(frozen=True, slots=True)
class Preset:
    """A dose with a name, and what it reached when it was measured, as shares of pictures."""

    name: str
    optimiser: str
    steps: int
    rate: float
    weight: float
    anchor: float
    style: float  # drawn in the look
    subject: float  # still showing what the words say
    agreement: float  # of the pictures with the embedding
    slerp: bool = False
    clip_skip: int = 1
    enough_agreement: float | None = None
    most_drift: float | None = None

    @property
    def fields(self) -> str:
        """Return what it sets in the form of a drawing, as JSON."""
        return json.dumps({name: getattr(self, name) for name in RECIPE})


@cache
def read_dose(path: Path) -> Dose:
    """Return the dose in the JSON file at `path`."""
    said = json.loads(path.read_text(encoding="utf-8"))
    prompts = said.pop("standard_prompts", Dose.standard_prompts)
    return Dose(**said, standard_prompts=tuple(prompts))


def default_dose() -> Dose:
    """Return the dose of the checkpoint that the settings name."""
    return read_dose(settings.DOSE_FILE)


@cache
def read_presets(path: Path) -> tuple[Preset, ...]:
    """Return the presets in the JSON file at `path`, none where there is no such file."""
    if not path.exists():
        return ()
    return tuple(Preset(**preset) for preset in json.loads(path.read_text(encoding="utf-8")))


def presets() -> tuple[Preset, ...]:
    """Return the presets of the checkpoint that the settings name: they lie beside its dose."""
    return read_presets(settings.DOSE_FILE.with_name("presets.json"))
