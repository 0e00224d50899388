"""Conditionings, kept by content: one prompt, vector and recipe are personalised once. Worker side.

What is kept is a safetensors file, which is also what `/prompt-embeds` gives to those who draw
themselves.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Self

import torch
from safetensors.torch import load, save
from torch import Tensor

from generation.aiming import direction_of
from generation.aims import Aim
from generation.checkpoint import Models
from generation.emphasis import EmphasisRefused
from generation.keeping import keep, kept
from generation.personalisation import (
    LARGEST_BATCH,
    PersonalisationRefused,
    Personalised,
    Recipe,
    personalise,
)
from generation.plain_readings import plain_reading
from generation.prompt_embeds import PromptEmbeds
from generation.text_encoders import TextEncoders
from generation.text_towers import Reading
from generation.worker_models import checkpoint_digest, text_models_for
from registry.digests import canonical_json, digest_bytes

# A conditioning is kept for so many seconds where it takes no more bytes than this: half a megabyte
# is CLIP ViT-L/14's of a short prompt, 1.3 are SDXL's. A longer prompt's may take fifty, and is
# kept for as much less time, so that whoever asks for many of those fills the cache no further.
KEPT = 3600
USUAL_BYTES = 3 * 2**19


@dataclass(frozen=True, slots=True)
class Conditioning:
    """What conditions a drawing, plain and personalised, and what personalising did."""

    plain: PromptEmbeds  # float32 [1, rows * 77, hidden]
    personalised: PromptEmbeds  # same; what is pooled, if anything, is the plain one's
    agreement: list[float]  # before the first and after every step
    drift: float
    steps_taken: int  # of a prompt of several rows the most of any
    text_encoders: TextEncoders

    def to_file(self) -> bytes:
        """Return a safetensors file with both, and all else as its metadata."""
        tensors = {"plain_prompt_embeds": self.plain.hidden, **self.personalised.arguments()}
        told = {
            "agreement": json.dumps(self.agreement),
            "drift": repr(self.drift),
            "steps_taken": str(self.steps_taken),
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
            int(told["steps_taken"]),
            TextEncoders(told["text_encoders"]),
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A prompt, and what it is moved towards."""

    aim: Aim
    prompt: str


def conditioning_of(
    aim: Aim,
    prompt: str,
    recipe: Recipe,
    on_step: Callable[[int], None] | None = None,
    waiting: Iterable[Wanted] = (),
) -> Conditioning:
    """Return a prompt's conditioning, kept or made; `on_step` gets the number of steps done.

    A prompt of several rows is personalised row by row; agreement and drift are the rows' means.
    What is `waiting` for the same recipe is personalised in the same batch and kept, as far as it
    fits: ascent then reads the weights once for all of them. Raises PersonalisationRefused,
    EmphasisRefused, and JobFailed for another space's encoder.
    """
    models = text_models_for(aim.version.space)
    key = _key(Wanted(aim, prompt), recipe)
    if (file := kept(key)) is not None:
        return Conditioning.from_file(file, models.text_encoder.device)
    own = _Ready.of(models, Wanted(aim, prompt))
    batch = _batch(models, own, recipe, waiting)
    made = _made_together(models, batch, recipe, on_step) or [
        _made_alone(models, own, recipe, on_step)
    ]
    for ready, conditioning in zip(batch, made, strict=False):
        file = conditioning.to_file()
        keep(_key(ready.wanted, recipe), file, seconds_kept(len(file)))
    return made[0]


def ensure_kept(aim: Aim, prompt: str, recipe: Recipe) -> str:
    """Return the key under which the cache has a prompt's conditioning as a file, now made or not.

    Raises what `conditioning_of` does.
    """
    conditioning_of(aim, prompt, recipe)
    return _key(Wanted(aim, prompt), recipe)


def seconds_kept(size: int) -> int:
    """Return how long a file of so many bytes is kept."""
    return min(KEPT, KEPT * USUAL_BYTES // size)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A prompt that can be personalised."""

    wanted: Wanted
    ids: Tensor  # [rows, 77]
    direction: Tensor  # [width]

    @classmethod
    def of(cls, models: Models, wanted: Wanted) -> Self:
        ids = models.tokenize(wanted.prompt).ids
        return cls(wanted, ids, direction_of(wanted.aim, models))


def _batch(models: Models, own: _Ready, recipe: Recipe, waiting: Iterable[Wanted]) -> list[_Ready]:
    """Return `own` and what is waiting, not kept yet and fits into one batch of ascent beside it.

    Adam takes each prompt by itself, so that others would only be in its way.
    """
    batch = [own]
    if recipe.optimiser != "ascent":
        return batch
    free = LARGEST_BATCH - len(own.ids)
    keys = {_key(own.wanted, recipe)}
    for wanted in waiting:
        key = _key(wanted, recipe)
        if key in keys or kept(key) is not None:
            continue
        keys.add(key)
        try:
            ready = _Ready.of(models, wanted)
        except (PersonalisationRefused, EmphasisRefused):
            continue  # Its own job will say why.
        if len(ready.ids) <= free:
            batch.append(ready)
            free -= len(ready.ids)
    return batch


def _made_together(
    models: Models,
    batch: Sequence[_Ready],
    recipe: Recipe,
    on_step: Callable[[int], None] | None,
) -> list[Conditioning]:
    """Return those of several, or nothing: it may be another's prompt that can't be, or is too much
    for the device's memory.
    """
    if len(batch) == 1:
        return []
    try:
        return _made(models, batch, recipe, on_step)
    except (PersonalisationRefused, torch.OutOfMemoryError):
        return []


def _made_alone(
    models: Models, ready: _Ready, recipe: Recipe, on_step: Callable[[int], None] | None
) -> Conditioning:
    torch.cuda.empty_cache()  # of what did not fit, if anything
    try:
        return _made(models, [ready], recipe, on_step)[0]
    except torch.OutOfMemoryError as error:
        raise PersonalisationRefused(
            "out-of-memory",
            "Personalising this prompt needs more memory than this worker's device has; use a "
            "shorter prompt or fewer steps.",
        ) from error


def _made(
    models: Models,
    batch: Sequence[_Ready],
    recipe: Recipe,
    on_step: Callable[[int], None] | None,
) -> list[Conditioning]:
    directions = [ready.direction.expand(len(ready.ids), -1) for ready in batch]
    asked = replace(recipe, reads=models.kind.reads)
    plain = [plain_reading(models.text_encoder, ready.ids, asked.layer) for ready in batch]
    rows = sum(len(ready.ids) for ready in batch)

    def once_for_all_rows(step: int) -> None:
        if on_step is not None and step % rows == 0:
            on_step(step // rows)

    changed = personalise(
        models.text_encoder,
        torch.cat([ready.ids for ready in batch]),  # [rows, 77]
        torch.cat(directions),  # [rows, width]
        asked,
        on_step=once_for_all_rows,
        plain=Reading.of_all(plain),
    )
    made, first = [], 0
    for ready in batch:
        end = first + len(ready.ids)
        made.append(_conditioning(models, ready.wanted.prompt, recipe, changed, slice(first, end)))
        first = end
    return made


def _conditioning(
    models: Models, prompt: str, recipe: Recipe, changed: Personalised, rows: slice
) -> Conditioning:
    """Return what the `rows` of one prompt have become."""
    conditioner = models.conditioner(prompt, recipe.clip_skip)
    return Conditioning(
        plain=conditioner(changed.plain[rows]),
        personalised=conditioner(changed.conditioning[rows]),
        agreement=[round(value, 6) for value in changed.agreement[rows].mean(0).tolist()],
        drift=float(changed.drift[rows].mean()),
        steps_taken=int(changed.steps[rows].max()),
        text_encoders=models.kind.text_encoders,
    )


def _key(wanted: Wanted, recipe: Recipe) -> str:
    """Name everything that decides a conditioning."""
    decisive = {
        "file": 2,  # what it tells, so that one of an earlier day is not read as one of today
        "checkpoint": checkpoint_digest(),
        "aim": wanted.aim.decisive(),
        "prompt": wanted.prompt,
        "recipe": asdict(recipe),
    }
    return f"conditioning:{digest_bytes(canonical_json(decisive))}"
