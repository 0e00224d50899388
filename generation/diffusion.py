"""Draw pictures: loaded models, conditioning and a seed go in; one picture per row comes out."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DPMSolverMultistepScheduler
from PIL import Image
from torch import Tensor

from generation.checkpoint import (
    CheckpointKindUnknown,
    CheckpointUnavailable,
    DiffusionRefused,
    Models,
    ProjectionMismatch,
    checkpoint_digest,
)
from generation.checkpoint_kinds import precision_kept
from generation.prompt_embeds import PromptEmbeds
from generation.sketches import Progress, Watcher

__all__ = [
    "CheckpointKindUnknown",
    "CheckpointUnavailable",
    "DiffusionRefused",
    "Models",
    "OutOfMemory",
    "PictureWithheld",
    "Progress",
    "ProjectionMismatch",
    "PromptEmbeds",
    "Sampling",
    "SamplingRefused",
    "UnknownSampler",
    "checkpoint_digest",
    "draw",
    "draw_within_memory",
]

OWN_SAMPLER = ""
SAMPLERS = (OWN_SAMPLER, "dpm++")
LARGEST_SEED = 2**63 - 1  # what a database's integer holds; PyTorch takes more


class SamplingRefused(DiffusionRefused):
    code = "sampling-refused"


class UnknownSampler(SamplingRefused):
    code = "unknown-sampler"


class PictureWithheld(DiffusionRefused):
    code = "picture-withheld"


class OutOfMemory(DiffusionRefused):
    code = "out-of-memory"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How noise becomes a picture. `sampler` is "" for the checkpoint's own, or "dpm++"."""

    seed: int
    steps: int
    guidance: float  # 1 is none
    width: int  # pixels
    height: int  # pixels
    sampler: str = OWN_SAMPLER

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise UnknownSampler(
                f"There is no sampler {self.sampler!r}; use 'dpm++' or '', the checkpoint's own."
            )
        if not 0 <= self.seed <= LARGEST_SEED:
            raise SamplingRefused(f"The seed {self.seed} is not between 0 and {LARGEST_SEED}.")
        if self.steps < 1:
            raise SamplingRefused(f"A picture can't be drawn in {self.steps} steps; use 1 or more.")
        if not 1 <= self.guidance < math.inf:
            raise SamplingRefused(f"The guidance can't be {self.guidance}; use 1, none, or more.")


def draw(
    models: Models,
    conditioning: PromptEmbeds,
    negative: PromptEmbeds,
    sampling: Sampling,
    watch: Callable[[Progress], None] | None = None,
    clip_skip: int = 1,
) -> list[Image.Image]:
    """Draw one picture for each row of `conditioning`, in one batch.

    All rows start from the same noise, made on the CPU from the seed, so that only the conditioning
    tells them apart and a seed means the same on every device. `negative`, of one row, is shared;
    the shorter of the two is filled up with the empty prompt, read with `clip_skip`. `watch` gets
    each step's progress and may raise to stop. Raises SamplingRefused, PictureWithheld.
    """
    _refuse_unfit(models, sampling)
    pipeline = _pipeline(models, sampling.sampler)
    rows, precision = len(conditioning), pipeline.unet.dtype
    longest, skip = max(conditioning.tokens, negative.tokens), models.kind.negative_clip_skip
    conditioning = conditioning.filled(longest, lambda: models.condition("", clip_skip))
    negative = negative.filled(longest, lambda: models.condition("", skip(clip_skip)))
    conditioning, negative = conditioning.to(precision), negative.to(precision).repeated(rows)
    if not (conditioning.is_finite and negative.is_finite):
        raise SamplingRefused(
            "The words are beyond the numbers that this checkpoint computes with; lower the rate "
            "or the emphasis."
        )
    generators = [torch.Generator().manual_seed(sampling.seed) for _ in range(rows)]
    noise = _noise(models, sampling, generators).to(precision)
    with precision_kept(pipeline.vae):  # which some pipelines change while they decode
        drawn = pipeline(
            **conditioning.arguments(),
            **negative.arguments("negative_"),
            latents=noise,
            generator=generators,  # For samplers that add noise on the way.
            num_inference_steps=sampling.steps,
            guidance_scale=sampling.guidance,
            width=sampling.width,
            height=sampling.height,
            callback_on_step_end=watch and Watcher(watch, sampling.steps, noise, models.kind),
        )
    if withheld := sum(getattr(drawn, "nsfw_content_detected", None) or []):
        raise PictureWithheld(
            f"The checkpoint's safety checker withheld {withheld} of {rows} pictures; try another "
            "seed or prompt."
        )
    pictures: list[Image.Image] = drawn.images
    return pictures


@dataclass(frozen=True, slots=True)
class Drawn:
    pictures: list[Image.Image]
    together: int  # of them were drawn at once, at most


def draw_within_memory(
    models: Models,
    conditioning: PromptEmbeds,
    negative: PromptEmbeds,
    sampling: Sampling,
    watch: Callable[[Progress], None] | None = None,
    clip_skip: int = 1,
) -> Drawn:
    """Draw as `draw` does, in smaller and smaller batches where the device's memory is too small.

    A row's picture is the same in every batch, but for rounding. Raises OutOfMemory where one
    picture is too large, and what `draw` raises.
    """

    def in_parts(parts: list[PromptEmbeds]) -> list[Image.Image]:
        pictures = []
        for index, part in enumerate(parts):
            watcher = _share(watch, index, len(parts))
            pictures += draw(models, part, negative, sampling, watcher, clip_skip)
        return pictures

    together = len(conditioning)
    while True:
        try:
            return Drawn(in_parts(conditioning.split(together)), together)
        except torch.OutOfMemoryError as error:
            if together == 1:
                raise OutOfMemory(
                    f"A picture of {sampling.width} by {sampling.height} pixels needs more memory "
                    "than this worker's device has; ask for a smaller one."
                ) from error
        together = math.ceil(together / 2)  # Here, since the error holds on to what did not fit.
        torch.cuda.empty_cache()


def _share(
    watch: Callable[[Progress], None] | None, index: int, parts: int
) -> Callable[[Progress], None] | None:
    """Return a watcher of one part of several, to which all of them are one drawing."""
    if watch is None or parts == 1:
        return watch
    return lambda progress: watch(progress.of_part(index, parts))


def _refuse_unfit(models: Models, sampling: Sampling) -> None:
    for name, side in (("width", sampling.width), ("height", sampling.height)):
        if side < 1 or side % models.size_step:
            raise SamplingRefused(
                f"The {name} can't be {side} pixels; this checkpoint draws multiples of "
                f"{models.size_step}."
            )
    most = models.pipeline.scheduler.config.num_train_timesteps
    if sampling.steps > most:
        raise SamplingRefused(
            f"This checkpoint can't draw in {sampling.steps} steps; it was trained on {most}."
        )


def _pipeline(models: Models, sampler: str) -> Any:
    """Return a pipeline around the loaded models with a sampler of its own, which keeps state."""
    loaded = models.pipeline
    kind = DPMSolverMultistepScheduler if sampler == "dpm++" else type(loaded.scheduler)
    pipeline = models.kind.assembled(loaded, kind.from_config(loaded.scheduler.config))
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _noise(models: Models, sampling: Sampling, generators: list[torch.Generator]) -> Tensor:
    """Return the same noise in each row, float32 on the CPU."""
    factor = models.pipeline.vae_scale_factor
    shape = (
        models.pipeline.unet.config.in_channels,
        sampling.height // factor,
        sampling.width // factor,
    )
    rows = [torch.randn(shape, generator=generator) for generator in generators]
    return torch.stack(rows)  # [batch, channels, height / factor, width / factor]
