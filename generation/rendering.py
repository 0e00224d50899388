"""From a queued generation to two stored pictures: personalise, then draw. Worker side."""

from typing import Literal

import torch

from generation import diffusion, provenance
from generation.models import Generation
from generation.personalisation import PersonalisationRefused, Recipe, personalise
from generation.worker_models import checkpoint_digest, models_for
from registry import blobs
from registry.leases import JobFailed, Lease

OPTIMISERS: dict[str, Literal["adam", "ascent"]] = {
    Generation.Optimiser.ADAM: "adam",
    Generation.Optimiser.ASCENT: "ascent",
}


def render(generation: Generation, lease: Lease) -> None:
    """Draw the prompt plain and personalised with the same seed, and end the job.

    Raises JobFailed for what cannot be drawn, in words its owner can act upon, and JobLost when
    the job was cancelled.
    """
    lease.report(stage="loading the models", done=0, total=generation.total)
    models = models_for(generation.version.space)
    try:
        conditioning, agreement, drift = condition(generation, models, lease)
        plain, personalised = diffusion.draw(
            models,
            conditioning,
            models.condition(models.tokenize(generation.negative_prompt)),
            sampling_of(generation),
            on_step=lambda step: lease.report(
                stage="drawing", done=generation.steps + step, total=generation.total
            ),
        )
    except (
        diffusion.PromptTooLong,
        diffusion.SamplingRefused,
        diffusion.PictureWithheld,
        PersonalisationRefused,
    ) as error:
        raise JobFailed(error.detail) from error
    generation.checkpoint = checkpoint_digest()
    lease.succeed(
        checkpoint=generation.checkpoint,
        plain=blobs.ensure_blob(provenance.plain_png(generation, plain)),
        personalised=blobs.ensure_blob(provenance.personalised_png(generation, personalised)),
        agreement=agreement,
        drift=drift,
        done=generation.total,
    )


def condition(
    generation: Generation, models: diffusion.Models, lease: Lease
) -> tuple[torch.Tensor, list[float], float]:
    """Return plain and personalised conditioning [2, 77, hidden], the trace and the drift."""
    input_ids = models.tokenize(generation.prompt)  # [1, 77]
    personalised = personalise(
        models.text_encoder,
        input_ids,
        torch.tensor(generation.version.vector),  # [768]
        recipe_of(generation),
        on_step=lambda step: lease.report(stage="personalising", done=step, total=generation.total),
    )
    both = torch.cat([models.condition(input_ids), personalised.conditioning])  # [2, 77, hidden]
    trace = [round(value, 6) for value in personalised.agreement[0].tolist()]
    return both, trace, float(personalised.drift[0])


def recipe_of(generation: Generation) -> Recipe:
    """Return how the row wants its text encoder personalised."""
    return Recipe(
        optimiser=OPTIMISERS[generation.optimiser],
        steps=generation.steps,
        rate=generation.rate,
        weight=generation.weight,
        anchor=generation.anchor,
    )


def sampling_of(generation: Generation) -> diffusion.Sampling:
    """Return how the row wants its pictures sampled."""
    return diffusion.Sampling(
        seed=generation.seed,
        steps=generation.sampling_steps,
        guidance=generation.guidance,
        width=generation.width,
        height=generation.height,
        sampler=generation.sampler,
    )
