"""From a queued generation to two stored pictures: personalise, then draw. Worker side."""

from collections.abc import Iterator
from functools import partial

from generation import diffusion, likeness, previews, provenance
from generation.aims import Aim
from generation.conditionings import Wanted, conditioning_of
from generation.doses import RECIPE
from generation.emphasis import EmphasisRefused
from generation.models import Generation
from generation.personalisation import LARGEST_BATCH, PersonalisationRefused, Recipe
from generation.worker_models import checkpoint_digest, models_for
from registry import blobs
from registry.devices import on_device
from registry.leases import JobFailed, Lease


def render(generation: Generation, lease: Lease) -> None:
    """Draw the prompt plain and personalised with the same seed, and end the job.

    Raises JobFailed for what cannot be drawn, in words its owner can act upon, and JobLost when
    the job was cancelled.
    """
    with on_device():
        _render(generation, lease)


def _render(generation: Generation, lease: Lease) -> None:
    lease.report(stage="loading the models", done=0, total=generation.total)
    aim, models = Aim.of(generation), models_for(generation.version.space)
    _refuse_taken_down(aim)
    try:
        found = conditioning_of(
            aim,
            generation.prompt,
            recipe_of(generation),
            on_step=lambda step: lease.report(
                stage="personalising", done=step, total=generation.total
            ),
            waiting=_waiting(generation),
        )
        drawn = diffusion.draw_within_memory(
            models,
            # The first is the one that previews show, also where memory is too short for both.
            diffusion.PromptEmbeds.together([found.personalised, found.plain]),
            models.negative(generation.negative_prompt, generation.clip_skip),
            sampling_of(generation),
            watch=partial(_report, generation, lease),
            clip_skip=generation.clip_skip,
        )
    except (
        diffusion.SamplingRefused,
        diffusion.PictureWithheld,
        diffusion.OutOfMemory,
        PersonalisationRefused,
        EmphasisRefused,
    ) as error:
        raise JobFailed(error.detail) from error
    generation.checkpoint = checkpoint_digest()
    generation.text_encoders = found.text_encoders
    personalised = provenance.personalised_png(generation, drawn.pictures[0])
    plain = provenance.plain_png(generation, drawn.pictures[1])
    lease.succeed(
        checkpoint=generation.checkpoint,
        text_encoders=generation.text_encoders,
        plain=blobs.ensure_blob(plain),
        personalised=blobs.ensure_blob(personalised),
        agreement=found.agreement,
        picture_agreement=likeness.agreements(aim, models, [plain, personalised]),
        drift=found.drift,
        steps_taken=found.steps_taken,
        remark=_remark(drawn),
        done=generation.total,
    )


def _refuse_taken_down(aim: Aim) -> None:
    """Raise JobFailed for a look that was taken down since the drawing was asked for."""
    for version in (aim.version, *(other for other, _ in aim.others)):
        if version.taken_down_at is not None:
            raise JobFailed(f"{version} was taken down, so nothing is drawn with it.")


def _waiting(generation: Generation) -> Iterator[Wanted]:
    """Give the prompts of drawings that wait for the same recipe, oldest first."""
    alike = Generation.objects.waiting_alike(generation, RECIPE).select_related("version__space")
    for each in alike[:LARGEST_BATCH]:
        yield Wanted(Aim.of(each), each.prompt)


def _report(generation: Generation, lease: Lease, progress: diffusion.Progress) -> None:
    done = generation.steps + progress.step
    lease.report(stage="drawing", done=done, total=generation.total)
    if previews.is_due(progress.step, progress.steps) and (sketches := progress.sketch()):
        previews.keep_preview(generation, sketches[0])


def _remark(drawn: diffusion.Drawn) -> str:
    """Tell what was done in another way than it was asked for."""
    if drawn.together == len(drawn.pictures):
        return ""
    return (
        "The worker's memory was too small for both pictures at once, so they were drawn one after "
        "the other. They are the same, it only took longer."
    )


def recipe_of(generation: Generation) -> Recipe:
    """Return how the row wants its text encoder personalised."""
    return Recipe(**{name: getattr(generation, name) for name in RECIPE})


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
