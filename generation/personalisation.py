"""Personalise a prompt: text encoder, tokens and an aesthetic go in, conditioning and trace out.

Aesthetic gradients (Gallego 2022, arXiv:2209.12330): for each prompt, weights of the text encoder
of its own climb the cosine of the prompt's feature and the aesthetic; what the changed encoder then
says of the prompt conditions the diffusion model. Pure torch, usable without Django.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextModelWithProjection

from generation import blending
from generation.climbing import Climber
from generation.low_rank import low_rank_ascent, memory_of
from generation.recipes import OPTIMISERS, PersonalisationRefused, Recipe
from generation.scratch_adam import scratch_of
from generation.text_towers import Reading, TextTower

__all__ = ["OPTIMISERS", "PersonalisationRefused", "Personalised", "Recipe", "personalise"]

# Prompts of one ascent at a time: eight of a dozen tokens and ten steps of CLIP ViT-L/14, which
# keep 66 MB each, or fewer that keep more.
LARGEST_BATCH = 8
LARGEST_MEMORY = 2**30  # bytes


@dataclass(frozen=True, slots=True)
class Personalised:
    """What the diffusion model gets, and what was done to it; float32, on the encoder's device.

    `agreement` is the cosine of prompt and aesthetic (never of the anchored target) before the
    first and after every step; after a guard has stopped a prompt its last value is repeated.
    `drift` is the length of the conditioning's change over that of the plain one, after mixing.
    """

    conditioning: Tensor  # [batch, tokens, hidden]
    plain: Tensor  # same, before the first step
    agreement: Tensor  # [batch, steps + 1]
    drift: Tensor  # [batch]
    steps: Tensor  # int64 [batch], taken
    drifts: Tensor  # [batch, steps + 1] where they were asked for, else [batch, 0]


def personalise(  # noqa: PLR0913 (four ask, the others are for who wants them)
    text_encoder: CLIPTextModelWithProjection,
    input_ids: Tensor,
    aesthetic: Tensor,
    recipe: Recipe,
    on_step: Callable[[int], None] | None = None,
    *,
    plain: Reading | None = None,
    with_drifts: bool = False,
) -> Personalised:
    """Personalise each prompt of `input_ids` [batch, tokens] on its own, as if it were alone.

    `aesthetic` is one embedding [width] for all prompts or one for each [batch, width], of any
    length but zero. All weights of the text tower are trained, its projection is not. Gradients are
    float32 whatever the encoder's dtype. `text_encoder` is left as it was; while this runs, no
    other thread may use it. `on_step` gets the number of steps done, of batch * steps, and may
    raise to stop. `plain` is what the encoder as it is says of the prompts at the recipe's layer,
    for whoever has read them already (generation/plain_readings.py). `with_drifts` measures the
    drift after each step too, which takes about half as much time again. Raises
    PersonalisationRefused.
    """
    done = 0

    def count(prompts: int) -> None:
        nonlocal done
        for _ in range(prompts):
            done += 1
            if on_step is not None:
                on_step(done)

    # The caller may have switched gradients off, and may pass tensors that were made without them.
    with torch.inference_mode(mode=False), torch.no_grad():
        tower = TextTower(text_encoder)
        ids = input_ids.to(tower.device).clone()  # [batch, tokens]
        directions = _directions(tower, aesthetic.to(tower.device), len(ids))  # [batch, width]
        lengths = tower.ends(ids) + 1  # [batch]
        together = _together(tower, recipe, int(lengths.max()))
        parts = []
        for first in range(0, len(ids), together):
            rows = slice(first, first + together)
            part = ids[rows]
            read = tower.read(part, recipe.layer) if plain is None else plain.of(rows)
            prompts = _Prompts(
                tower, part, int(lengths[rows].max()), directions[rows], read, recipe
            )
            parts.append(prompts.personalised(count, with_drifts=with_drifts))
    return Personalised(
        conditioning=torch.cat([part.conditioning for part in parts]),
        plain=torch.cat([part.plain for part in parts]),
        agreement=torch.cat([part.agreement for part in parts]),
        drift=torch.cat([part.drift for part in parts]),
        steps=torch.cat([part.steps for part in parts]),
        drifts=torch.cat([part.drifts for part in parts]),
    )


def _together(tower: TextTower, recipe: Recipe, tokens: int) -> int:
    """Return how many prompts of at most so many tokens climb together."""
    if recipe.optimiser != "ascent":
        return 1
    memory = memory_of(tower, recipe.steps, tokens)
    return max(1, min(LARGEST_BATCH, LARGEST_MEMORY // max(1, memory)))


class _Prompts:
    """Prompts that climb together, each towards a direction of its own."""

    def __init__(
        self,
        tower: TextTower,
        ids: Tensor,  # [batch, tokens]
        length: int,  # tokens up to the end of the longest
        directions: Tensor,  # [batch, width]
        plain: Reading,
        recipe: Recipe,
    ) -> None:
        self.tower, self.ids, self.directions, self.recipe = tower, ids, directions, recipe
        # Attention is causal: what follows the end of the text changes no feature and no gradient.
        self.said = ids[:, :length]
        self.plain = plain
        own = F.normalize(self.plain.features, dim=1)  # [batch, width]
        self.targets = directions + recipe.anchor * own  # of any length

    def personalised(self, count: Callable[[int], None], *, with_drifts: bool) -> Personalised:
        follows_drift = with_drifts or self.recipe.most_drift is not None
        trace, drifts, taken = [], [], torch.zeros_like(self.ids[:, 0])  # taken: [batch]
        changed = self._climber()
        for _ in range(self.recipe.steps):
            if follows_drift:
                drifts.append(self._drift(self._mixed(self._whole(changed).hidden)))
            trace.append(changed.features(self.said))  # [batch, width]
            goes_on = ~self._is_enough(trace[-1], drifts)  # [batch]
            if not bool(goes_on.any()):
                break
            changed.climb(goes_on[:, None] * self._uphill(trace[-1]))
            taken += goes_on
            count(len(self.ids))
        after = self._after(changed, taken)
        count((self.recipe.steps - int(taken.max())) * len(self.ids))  # what guards have saved
        conditioning = self._mixed(after.hidden)  # [batch, tokens, hidden]
        drift, readings = self._drift(conditioning), self.recipe.steps + 1
        # That of each reading: [batch, steps + 1, width].
        features = torch.stack(_filled(trace, after.features, readings), dim=1)
        return Personalised(
            conditioning,
            self.plain.hidden,
            F.cosine_similarity(features, self.directions[:, None], dim=-1),
            drift,
            taken,
            torch.stack(_filled(drifts, drift, readings), dim=1)
            if with_drifts
            else drift.new_empty(len(drift), 0),
        )

    def _climber(self) -> Climber:
        recipe = self.recipe
        if recipe.optimiser == "ascent":
            return low_rank_ascent(self.tower, self.said, recipe.steps, recipe.rate)
        return scratch_of(self.tower).started(self.tower, self.said, recipe.rate)

    def _uphill(self, features: Tensor) -> Tensor:
        """Return the gradient of the cosine of features and targets, [batch, width]."""
        with torch.enable_grad():
            features = features.detach().requires_grad_()
            cosines = F.cosine_similarity(features, self.targets, dim=1)  # [batch]
            (gradient,) = torch.autograd.grad(cosines.sum(), features)
        return gradient

    def _after(self, changed: Climber, taken: Tensor) -> Reading:
        """Read all tokens of prompts that have `taken` [batch] steps; without any, as they were."""
        if not bool(taken.any()):
            return self.plain
        reading, moved = self._whole(changed), taken[:, None] > 0  # [batch, 1]
        return Reading(
            torch.where(moved[..., None], reading.hidden, self.plain.hidden),
            torch.where(moved, reading.features, self.plain.features),
        )

    def _whole(self, changed: Climber) -> Reading:
        """Read all tokens with the weights as they are now."""
        reading = changed.read(self.ids, self.recipe.layer)
        if not bool(reading.hidden.isfinite().all()):
            raise PersonalisationRefused(
                "diverged",
                f"The text encoder diverged in {self.recipe.steps} steps of "
                f"{self.recipe.optimiser} at a rate of {self.recipe.rate}; lower the rate.",
            )
        return reading

    def _mixed(self, hidden: Tensor) -> Tensor:
        """Return [batch, tokens, hidden] between plain and changed hidden states."""
        mix = blending.spherical if self.recipe.slerp else blending.linear
        return mix(self.plain.hidden, hidden, self.recipe.weight)

    def _drift(self, conditioning: Tensor) -> Tensor:
        """Return how far conditionings [batch, tokens, hidden] are from the plain ones, [batch]."""
        plain = self.plain.hidden.flatten(1)
        return (conditioning.flatten(1) - plain).norm(dim=1) / plain.norm(dim=1)

    def _is_enough(self, features: Tensor, drifts: list[Tensor]) -> Tensor:
        """Return bool [batch]: which prompts the recipe's guards stop here."""
        recipe, stops = self.recipe, torch.zeros_like(self.ids[:, 0], dtype=torch.bool)
        if recipe.enough_agreement is not None:
            agreement = F.cosine_similarity(features, self.directions, dim=1)
            stops |= agreement >= recipe.enough_agreement
        if recipe.most_drift is not None:
            stops |= drifts[-1] >= recipe.most_drift
        return stops


def _filled(values: list[Tensor], last: Tensor, count: int) -> list[Tensor]:
    """Return `count` values, those that are missing like the last."""
    return values + [last] * (count - len(values))


def _directions(tower: TextTower, aesthetic: Tensor, batch: int) -> Tensor:
    """Return the aesthetics [batch, width] at unit length."""
    if aesthetic.shape not in {(tower.width,), (batch, tower.width)}:
        raise PersonalisationRefused(
            "wrong-shape",
            f"The aesthetic has the shape {list(aesthetic.shape)}; {batch} prompts of this encoder "
            f"need [{tower.width}] or [{batch}, {tower.width}].",
        )
    lengths = aesthetic.float().norm(dim=-1, keepdim=True)  # [1] or [batch, 1]
    if not bool(((lengths > 0) & lengths.isfinite()).all()):
        raise PersonalisationRefused(
            "no-direction", "The aesthetic is zero or not finite, so it points nowhere."
        )
    return (aesthetic.float() / lengths).expand(batch, -1).clone()  # [batch, width]
