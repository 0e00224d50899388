"""Ways to personalise: models, prompts and an aesthetic in, what the engine makes of them out."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generation.checkpoint import Models
from generation.personalisation import Personalised, Recipe, personalise


@dataclass(frozen=True, slots=True)
class Treatment:
    """A recipe of the engine under the name of its method."""

    method: str
    recipe: Recipe

    def __str__(self) -> str:
        by = f" by {self.recipe.anchor:g}" if self.recipe.anchor else ""
        return f"{self.method}{by}, {self.recipe.steps} steps of {self.recipe.rate:g}"


def adam(steps: int, rate: float) -> Treatment:
    """Return the method of the paper's code."""
    return Treatment("adam", Recipe("adam", steps, rate))


def ascent(steps: int, rate: float) -> Treatment:
    """Return the method of the paper's text."""
    return Treatment("ascent", Recipe("ascent", steps, rate))


def anchored(steps: int, rate: float, anchor: float = 1.0) -> Treatment:
    """Return Adam towards a target that keeps `anchor` of the prompt's own feature."""
    return Treatment("anchored", Recipe("adam", steps, rate, anchor=anchor))


def token_ids(models: Models, prompts: Sequence[str]) -> Tensor:
    return torch.cat([models.tokenize(prompt).ids for prompt in prompts])  # [prompts, tokens]


def treated(
    models: Models, prompts: Sequence[str], aesthetic: Tensor, treatment: Treatment
) -> Personalised:
    """Personalise each prompt with one aesthetic [width]."""
    ids = token_ids(models, prompts)  # [prompts, tokens]
    return personalise(models.text_encoder, ids, aesthetic, treatment.recipe)
