"""Personalise a prompt: text encoder, tokens and an aesthetic go in, conditioning and trace out.

Aesthetic gradients (Gallego 2022, arXiv:2209.12330): for each prompt, weights of the text encoder
of its own climb the cosine of the prompt's feature and the aesthetic; what the changed encoder then
says of the prompt conditions the diffusion model. Pure torch, usable without Django.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextModelWithProjection

from generation import blending
from generation.low_rank import LowRankAscent
from generation.recipes import OPTIMISERS, PersonalisationRefused, Recipe
from generation.scratch_adam import scratch_of
from generation.text_towers import Climber, TextTower

__all__ = ["OPTIMISERS", "PersonalisationRefused", "Personalised", "Recipe", "personalise"]

LARGEST_BATCH = 8  # prompts of one ascent at a time; each keeps about 80 MB of CLIP ViT-L/14


@dataclass(frozen=True, slots=True)
class Personalised:
    """What the diffusion model gets, and what was done to it; float32, on the encoder's device.

    `agreement` is the cosine of prompt and aesthetic (never of the anchored target) before the
    first and after every step; after a guard has stopped a prompt its last value is repeated.
    `drift` is the length of the conditioning's change over that of the plain one, after mixing.
    """

    conditioning: Tensor  # [batch, tokens, hidden]
    agreement: Tensor  # [batch, steps + 1]
    drift: Tensor  # [batch]
    steps: Tensor  # int64 [batch], taken


def personalise(
    text_encoder: CLIPTextModelWithProjection,
    input_ids: Tensor,
    aesthetic: Tensor,
    recipe: Recipe,
    on_step: Callable[[int], None] | None = None,
) -> Personalised:
    """Personalise each prompt of `input_ids` [batch, tokens] on its own, as if it were alone.

    `aesthetic` is one embedding [width] for all prompts or one for each [batch, width], of any
    length but zero. All weights of the text tower are trained, its projection is not. Gradients are
    float32 whatever the encoder's dtype. `text_encoder` is left as it was; while this runs, no
    other thread may use it. `on_step` gets the number of steps done, of batch * steps, and may
    raise to stop. Raises PersonalisationRefused.
    """
    done = 0

    def count(prompts: int) -> None:
        nonlocal done
        for _ in range(prompts):
            done += 1
            if on_step is not None:
                on_step(done)

    # The caller may have switched gradients off, and may pass tensors that were made without them.
    with torch.inference_mode(mode=False), torch.enable_grad():
        tower = TextTower(text_encoder)
        ids = input_ids.to(tower.device).clone()  # [batch, tokens]
        directions = _directions(tower, aesthetic.to(tower.device), len(ids))  # [batch, width]
        lengths = tower.ends(ids) + 1  # [batch]
        together = LARGEST_BATCH if recipe.optimiser == "ascent" else 1
        parts = [
            # Attention is causal: what follows the end of the text changes no feature, no gradient.
            _personalise_together(tower, rows, int(longest.max()), towards, recipe, count)
            for rows, longest, towards in zip(
                *(tensor.split(together) for tensor in (ids, lengths, directions)), strict=True
            )
        ]
    return Personalised(
        conditioning=torch.cat([part.conditioning for part in parts]),
        agreement=torch.cat([part.agreement for part in parts]),
        drift=torch.cat([part.drift for part in parts]),
        steps=torch.cat([part.steps for part in parts]),
    )


def _personalise_together(
    tower: TextTower,
    ids: Tensor,  # [batch, tokens]
    length: int,  # tokens up to the end of the longest
    directions: Tensor,  # [batch, width]
    recipe: Recipe,
    count: Callable[[int], None],
) -> Personalised:
    said = ids[:, :length]
    with torch.no_grad():
        plain = tower.read(ids)
    targets = directions + recipe.anchor * F.normalize(plain.features, dim=1)  # of any length
    trace, taken = [], torch.zeros(len(ids), dtype=torch.long, device=ids.device)
    with _climber(tower, said, recipe) as changed:
        for _ in range(recipe.steps):
            features = changed.read(said).features  # [batch, width]
            trace.append(features.detach())
            goes_on = ~_is_enough(changed, ids, plain.hidden, trace[-1], directions, recipe)
            if not bool(goes_on.any()):
                break
            cosines = F.cosine_similarity(features, targets, dim=1)  # [batch]
            changed.climb((cosines * goes_on).sum())
            taken += goes_on
            count(len(ids))
        with torch.no_grad():
            after = changed.read(ids)
    count((recipe.steps - int(taken.max())) * len(ids))  # what guards have saved
    with torch.no_grad():
        mix = blending.spherical if recipe.slerp else blending.linear
        conditioning = mix(plain.hidden, after.hidden, recipe.weight)  # [batch, tokens, hidden]
    _refuse_diverged(after.hidden, recipe)
    trace += [after.features] * (recipe.steps + 1 - len(trace))
    features = torch.stack(trace, dim=1)  # [batch, steps + 1, width]
    agreement = F.cosine_similarity(features, directions[:, None], dim=-1)  # [batch, steps + 1]
    return Personalised(conditioning, agreement, _drift(conditioning, plain.hidden), taken)


def _climber(tower: TextTower, said: Tensor, recipe: Recipe) -> AbstractContextManager[Climber]:
    if recipe.optimiser == "ascent":
        return LowRankAscent(tower, len(said), recipe.steps, recipe.rate).attached()
    return scratch_of(tower).attached(tower, said, recipe.rate)


@torch.no_grad()
def _is_enough(
    changed: Climber,
    ids: Tensor,  # [batch, tokens]
    plain: Tensor,  # [batch, tokens, hidden]
    features: Tensor,  # [batch, width]
    directions: Tensor,  # [batch, width]
    recipe: Recipe,
) -> Tensor:
    """Return bool [batch]: which prompts the recipe's guards stop here."""
    stops = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    if recipe.enough_agreement is not None:
        stops |= F.cosine_similarity(features, directions, dim=1) >= recipe.enough_agreement
    if recipe.most_drift is not None:
        stops |= _drift(changed.read(ids).hidden, plain) >= recipe.most_drift
    return stops


def _drift(conditioning: Tensor, plain: Tensor) -> Tensor:
    """Return how far conditionings [batch, tokens, hidden] are from plain ones, [batch]."""
    return (conditioning - plain).flatten(1).norm(dim=1) / plain.flatten(1).norm(dim=1)


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


def _refuse_diverged(hidden: Tensor, recipe: Recipe) -> None:
    if not bool(hidden.isfinite().all()):
        raise PersonalisationRefused(
            "diverged",
            f"The text encoder diverged in {recipe.steps} steps of {recipe.optimiser} at a rate of "
            f"{recipe.rate}; lower the rate.",
        )
