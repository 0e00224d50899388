"""Personalise a prompt: text encoder, tokens and an aesthetic go in, conditioning and trace out.

Aesthetic gradients (Gallego 2022, arXiv:2209.12330): for each prompt, a throw-away copy of the text
encoder's weights climbs the cosine of the prompt's feature and the aesthetic; what the changed
encoder then says of the prompt conditions the diffusion model.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional as F
from transformers import CLIPTextModelWithProjection

OPTIMISERS = {
    "adam": torch.optim.Adam,  # What the paper's code and every preset of the web UIs mean.
    "ascent": torch.optim.SGD,  # What the paper writes: each weight moves by rate times gradient.
}

Weights = dict[str, Tensor]

# Checkpoints from before transformers 4.31 name this end-of-text token, and mean the highest id.
LEGACY_END_OF_TEXT = 2


class PersonalisationRefused(ValueError):
    """A recipe, prompt or aesthetic that can't be used; `code` says which to machines."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Recipe:
    """How strongly a prompt is personalised.

    `rate` is Adam's step size or ascent's factor of the gradient; the two can't be compared.
    `weight` mixes the personalised conditioning (1) into the plain one (0). `anchor` keeps the
    subject: the prompt is moved towards normalise(aesthetic + anchor * its own plain feature), both
    of unit length, instead of towards the aesthetic alone (0, the paper).
    """

    optimiser: Literal["adam", "ascent"] = "adam"
    steps: int = 10
    rate: float = 1e-4
    weight: float = 1.0
    anchor: float = 0.0

    def __post_init__(self) -> None:
        if self.optimiser not in OPTIMISERS:
            raise PersonalisationRefused(
                "unknown-optimiser",
                f"There is no optimiser {self.optimiser!r}; there are {', '.join(OPTIMISERS)}.",
            )
        if self.steps < 0:
            raise PersonalisationRefused(
                "steps-out-of-range", f"A recipe can't have {self.steps} steps; use 0 or more."
            )
        if not 0 < self.rate < math.inf:
            raise PersonalisationRefused(
                "rate-out-of-range", f"A recipe's rate can't be {self.rate}; it must be above 0."
            )
        if not 0 <= self.weight <= 1:
            raise PersonalisationRefused(
                "weight-out-of-range", f"A recipe's weight can't be {self.weight}; use 0 to 1."
            )
        if not 0 <= self.anchor < math.inf:
            raise PersonalisationRefused(
                "anchor-out-of-range", f"A recipe's anchor can't be {self.anchor}; use 0 or more."
            )


@dataclass(frozen=True, slots=True)
class Personalised:
    """What the diffusion model gets, and what was done to it; float32, on the encoder's device.

    `agreement` is the cosine of prompt and aesthetic before the first and after every step, and not
    that of prompt and anchored target. `drift`
    is the length of the conditioning's change over that of the plain conditioning, after mixing.
    """

    conditioning: Tensor  # [batch, tokens, hidden]
    agreement: Tensor  # [batch, steps + 1]
    drift: Tensor  # [batch]


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
    device = text_encoder.text_projection.weight.device
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if on_step is not None:
            on_step(done)

    # The caller may have switched gradients off, and may pass tensors that were made without them.
    with torch.inference_mode(mode=False), torch.enable_grad():
        ids = input_ids.to(device).clone()  # [batch, tokens]
        _refuse_endless(text_encoder, ids)
        directions = _directions(text_encoder, aesthetic.to(device), len(ids))  # [batch, width]
        rows = [
            _personalise_one(text_encoder, ids[row : row + 1], directions[row], recipe, count)
            for row in range(len(ids))
        ]
    return Personalised(
        conditioning=torch.cat([row.conditioning for row in rows]),
        agreement=torch.cat([row.agreement for row in rows]),
        drift=torch.cat([row.drift for row in rows]),
    )


def _personalise_one(
    text_encoder: CLIPTextModelWithProjection,
    ids: Tensor,  # [1, tokens]
    direction: Tensor,  # [width]
    recipe: Recipe,
    count: Callable[[], None],
) -> Personalised:
    frozen = {name: weight.detach().float() for name, weight in text_encoder.named_parameters()}
    trained = {
        name: weight.clone().requires_grad_()
        for name, weight in frozen.items()
        if not name.startswith("text_projection.")
    }

    def read(ids: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
        output = functional_call(text_encoder, frozen | weights, kwargs={"input_ids": ids})
        return output.last_hidden_state, output.text_embeds  # [1, tokens, hidden], [1, width]

    with torch.no_grad():
        plain, feature = read(ids, {})  # [1, tokens, hidden], [1, width]
    target = direction  # [width]
    if recipe.anchor:
        target = direction + recipe.anchor * F.normalize(feature[0], dim=0)  # its length is free
    # Attention is causal: what follows the end of the text changes neither feature nor gradient.
    said = ids[:, : _end(text_encoder, ids) + 1]  # [1, tokens up to the end]
    features = [*_climb(partial(read, said), trained, target, recipe, count)]
    with torch.no_grad():
        changed, feature = read(ids, trained)  # [1, tokens, hidden], [1, width]
        # lerp is exact at both ends and for equal tensors, which the written-out mix is not.
        conditioning = torch.lerp(plain, changed, recipe.weight)  # [1, tokens, hidden]
        drift = (conditioning - plain).norm() / plain.norm()
    _refuse_diverged(conditioning, recipe)
    trace = torch.cat([*features, feature])  # [steps + 1, width]
    agreement = F.cosine_similarity(trace, direction, dim=-1)  # [steps + 1]
    return Personalised(conditioning, agreement[None], drift.reshape(1))


def _climb(
    read: Callable[[Weights], tuple[Tensor, Tensor]],
    weights: Weights,
    target: Tensor,  # [width]
    recipe: Recipe,
    count: Callable[[], None],
) -> Iterator[Tensor]:
    """Change `weights` in place, step by step; yield the feature before each step, [1, width]."""
    optimiser = OPTIMISERS[recipe.optimiser](
        weights.values(), lr=recipe.rate, maximize=True, fused=True
    )
    for _ in range(recipe.steps):
        _, feature = read(weights)  # [1, width]
        optimiser.zero_grad()
        F.cosine_similarity(feature, target, dim=-1).sum().backward()
        optimiser.step()
        count()
        yield feature.detach()


def _end(text_encoder: CLIPTextModelWithProjection, ids: Tensor) -> int:
    """Return where the prompt [1, tokens] ends, as the encoder itself finds it."""
    end = text_encoder.config.eos_token_id
    return int(ids.argmax() if end == LEGACY_END_OF_TEXT else (ids == end).int().argmax())


def _refuse_endless(text_encoder: CLIPTextModelWithProjection, ids: Tensor) -> None:
    """Refuse prompts without an end-of-text token: their feature would be read at the start."""
    end = text_encoder.config.eos_token_id
    has_end = (ids == end).any(dim=1)  # [batch]
    if end != LEGACY_END_OF_TEXT and not bool(has_end.all()):
        raise PersonalisationRefused(
            "no-end-of-text",
            f"Prompt {int(has_end.int().argmin())} has no end-of-text token {end}; tokenise it "
            "with the text encoder's own tokenizer.",
        )


def _directions(text_encoder: CLIPTextModelWithProjection, aesthetic: Tensor, batch: int) -> Tensor:
    """Return the aesthetics [batch, width] at unit length."""
    width = text_encoder.config.projection_dim
    if aesthetic.shape not in {(width,), (batch, width)}:
        raise PersonalisationRefused(
            "wrong-shape",
            f"The aesthetic has the shape {list(aesthetic.shape)}; {batch} prompts of this encoder "
            f"need [{width}] or [{batch}, {width}].",
        )
    lengths = aesthetic.float().norm(dim=-1, keepdim=True)  # [1] or [batch, 1]
    if not bool(((lengths > 0) & lengths.isfinite()).all()):
        raise PersonalisationRefused(
            "no-direction", "The aesthetic is zero or not finite, so it points nowhere."
        )
    return (aesthetic.float() / lengths).expand(batch, width).clone()  # [batch, width]


def _refuse_diverged(conditioning: Tensor, recipe: Recipe) -> None:
    if not bool(conditioning.isfinite().all()):
        raise PersonalisationRefused(
            "diverged",
            f"The text encoder diverged in {recipe.steps} steps of {recipe.optimiser} at a rate of "
            f"{recipe.rate}; lower the rate.",
        )
