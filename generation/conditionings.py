"""Conditionings, kept by content: one prompt, vector and recipe are personalised once. Worker side.

What is kept is a safetensors file, which is also what `/prompt-embeds` gives to those who draw
themselves.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Self

import torch
from safetensors.torch import load, save

from generation.aiming import direction_of
from generation.aims import Aim
from generation.checkpoint import Models
from generation.keeping import keep, kept
from generation.personalisation import Recipe, personalise
from generation.prompt_embeds import PromptEmbeds
from generation.text_encoders import TextEncoders
from generation.worker_models import checkpoint_digest, models_for
from registry.digests import canonical_json, digest_bytes

KEPT = 3600  # seconds; half a megabyte each of CLIP ViT-L/14's, 1.3 of SDXL's


@dataclass(frozen=True, slots=True)
class Conditioning:
    """What conditions a drawing, plain and personalised, and what personalising did."""

    plain: PromptEmbeds  # float32 [1, rows * 77, hidden]
    personalised: PromptEmbeds  # same; what is pooled, if anything, is the plain one's
    agreement: list[float]  # before the first and after every step
    drift: float
    text_encoders: TextEncoders

    def to_file(self) -> bytes:
        """Return a safetensors file with both, and all else as its metadata."""
        tensors = {"plain_prompt_embeds": self.plain.hidden, **self.personalised.arguments()}
        told = {
            "agreement": json.dumps(self.agreement),
            "drift": repr(self.drift),
            "text_encoders": self.text_encoders.value,
            "text_encoders_in_words": self.text_encoders.in_words,
        }
        return save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, told)

    @classmethod
    def from_file(cls, data: bytes, on: torch.device) -> Self:
        """Read what `to_file` wrote."""
        length = int.from_bytes(data[:8], "little")
        told = json.loads(data[8 : 8 + length])["__metadata__"]
        tensors = load(data)
        pooled = tensors.get("pooled_prompt_embeds")
        return cls(
            PromptEmbeds(tensors["plain_prompt_embeds"], pooled).to(on),
            PromptEmbeds(tensors["prompt_embeds"], pooled).to(on),
            json.loads(told["agreement"]),
            float(told["drift"]),
            TextEncoders(told["text_encoders"]),
        )


def conditioning_of(
    aim: Aim,
    prompt: str,
    recipe: Recipe,
    on_step: Callable[[int], None] | None = None,
) -> Conditioning:
    """Return a prompt's conditioning, kept or made; `on_step` gets the number of steps done.

    A prompt of several rows is personalised row by row; agreement and drift are the rows' means.
    Raises PersonalisationRefused, EmphasisRefused, and JobFailed for another space's encoder.
    """
    models = models_for(aim.version.space)
    key = _key(aim, prompt, recipe)
    if (file := kept(key)) is not None:
        return Conditioning.from_file(file, models.text_encoder.device)
    made = _made(models, aim, prompt, recipe, on_step)
    keep(key, made.to_file(), KEPT)
    return made


def _made(
    models: Models,
    aim: Aim,
    prompt: str,
    recipe: Recipe,
    on_step: Callable[[int], None] | None,
) -> Conditioning:
    ids = models.tokenize(prompt).ids  # [rows, 77]
    rows = len(ids)
    changed = personalise(
        models.text_encoder,
        ids,
        direction_of(aim, models),  # [width]
        replace(recipe, reads=models.kind.reads),
        on_step=on_step and (lambda step: on_step(step // rows)),
    )
    conditioner = models.conditioner(prompt, recipe.clip_skip)
    return Conditioning(
        plain=conditioner(changed.plain),
        personalised=conditioner(changed.conditioning),
        agreement=[round(value, 6) for value in changed.agreement.mean(0).tolist()],
        drift=float(changed.drift.mean()),
        text_encoders=models.kind.text_encoders,
    )


def _key(aim: Aim, prompt: str, recipe: Recipe) -> str:
    """Name everything that decides a conditioning."""
    decisive = {
        "checkpoint": checkpoint_digest(),
        "aim": aim.decisive(),
        "prompt": prompt,
        "recipe": asdict(recipe),
    }
    return f"conditioning:{digest_bytes(canonical_json(decisive))}"
