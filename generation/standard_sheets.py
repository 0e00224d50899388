"""Draw what every published version does to the same prompts. Worker side.

`ensure_next` runs now and then: where nobody waits for a drawing, a build or a verification it
takes one version that has no sheet of the worker's checkpoint yet, or a sheet that failed some
hours ago, or one that was drawn at another dose than today's. So a sheet never stands in anybody's
way for longer than one of its rows takes, and none is ever asked for.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from itertools import product
from typing import Any

from django.conf import settings
from PIL import Image

from generation import diffusion
from generation.aims import Aim
from generation.conditionings import conditioning_of
from generation.doses import BESIDE_STEPS, RECIPE, default_dose
from generation.models import Generation, StandardSheet
from generation.personalisation import PersonalisationRefused, Recipe
from generation.worker_models import checkpoint_digest, models_for
from registry import blobs
from registry.devices import on_device
from registry.leases import JobFailed, Lease
from registry.models import Verification, Version

logger = logging.getLogger(__name__)

SEEDS = (1, 2)
QUALITY = 82  # of the WebP
GAP = 4  # pixels between the cells


@dataclass(frozen=True, slots=True)
class Cell:
    prompt: str
    seed: int
    steps: int  # of personalisation; 0 is the plain picture
    digest: str


def ensure_next() -> StandardSheet | None:
    """Return a sheet to draw, or None: others wait, one is being drawn, or all are there.

    A sheet of another checkpoint may wait for ever, and is in nobody's way.
    """
    if somebody_waits():
        return None
    checkpoint = checkpoint_digest()
    sheets = StandardSheet.objects.filter(checkpoint=checkpoint)
    if sheets.unfinished().exists():
        return None
    wanted = Version.objects.public().offered().filter(space__name=settings.HUB_SPACE)
    missing = wanted.exclude(pk__in=sheets.values("version"))
    version = missing.order_by("-published_at").first()
    if version is None:
        there = sheets.filter(version__in=wanted)
        failed = there.queue_again(most_attempts=settings.JOB_ATTEMPTS)
        return failed or there.queue_outdated(recipe_today())
    sheet, is_new = StandardSheet.objects.get_or_create(version=version, checkpoint=checkpoint)
    return sheet if is_new else None


def somebody_waits() -> bool:
    """Tell whether anybody's job waits or runs, of any kind, on this worker or another."""
    kinds = (Generation, Version, Verification)
    return any(kind.objects.unfinished().exists() for kind in kinds)


def recipe_today() -> dict[str, Any]:
    """Return all that decides a sheet's pictures, next to the version and the checkpoint.

    The checkpoint's digest says nothing of its dose, which may become another beside the same
    weights. So only sheets of one checkpoint and one recipe can be compared.
    """
    dose = default_dose()
    return {
        "prompts": list(dose.standard_prompts),
        "seeds": list(SEEDS),
        "doses": [0, dose.steps // 2, dose.steps],
        **{name: getattr(dose, name) for name in BESIDE_STEPS},
    }


def draw(sheet: StandardSheet, lease: Lease) -> None:
    """Draw every cell and the whole, and end the job; give it back where somebody waits.

    The cells are stored row by row, so that a worker that is ended costs one row of them; what was
    drawn before, at another dose, is shown until the last is there.

    Another checkpoint's is given back too, as while workers are replaced one by one; the sweep
    offers it again minutes later. Raises JobFailed, of a version that is no longer offered too,
    and JobLost.
    """
    if sheet.checkpoint != checkpoint_digest():
        logger.info("%s is for a worker with the checkpoint %s.", sheet.pk, sheet.checkpoint)
        lease.give_back()
        return
    recipe = recipe_today()
    doses = recipe["doses"]
    rows = list(product(recipe["prompts"], recipe["seeds"]))
    # Those of an earlier worker, unless the dose is another one since.
    begun = sheet.begun if sheet.begun.get("recipe") == recipe else {"cells": []}
    cells = [Cell(**cell) for cell in begun["cells"]]
    for prompt, seed in rows[len(cells) // len(doses) :]:
        lease.report(
            stage="drawing",
            done=len(cells) // len(doses),
            total=len(rows),
            begun={"recipe": recipe, "cells": [asdict(cell) for cell in cells]},
        )
        _refuse_unoffered(sheet)
        if somebody_waits():
            lease.give_back()
            return
        for steps, picture in zip(doses, _row(sheet.version, prompt, seed, doses), strict=True):
            cells.append(Cell(prompt, seed, steps, blobs.ensure_blob(_webp(picture))))
    lease.succeed(
        recipe=recipe,
        cells=[asdict(cell) for cell in cells],
        picture=blobs.ensure_blob(_webp(_joined(cells, len(doses)))),
        begun={},
        done=len(rows),
    )


def _refuse_unoffered(sheet: StandardSheet) -> None:
    """Raise JobFailed where not everybody is offered the version any more.

    Such a sheet is queued again by `ensure_next` only once everybody is.
    """
    if not Version.objects.public().offered().filter(pk=sheet.version_id).exists():
        raise JobFailed(f"{sheet.version} is not public any more, or was withdrawn.")


def _row(version: Version, prompt: str, seed: int, doses: Sequence[int]) -> list[Image.Image]:
    """Draw one prompt from one seed at each dose. Raises JobFailed."""
    with on_device():
        return _drawn(version, prompt, seed, doses)


def _drawn(version: Version, prompt: str, seed: int, doses: Sequence[int]) -> list[Image.Image]:
    dose, models = default_dose(), models_for(version.space)
    recipe = Recipe(**{name: getattr(dose, name) for name in RECIPE})
    sampling = diffusion.Sampling(seed, dose.sampling_steps, dose.guidance, dose.width, dose.height)
    try:
        conditioning = [
            conditioning_of(Aim(version), prompt, replace(recipe, steps=steps)).personalised
            for steps in doses
        ]
        return diffusion.draw_within_memory(
            models,
            diffusion.PromptEmbeds.together(conditioning),
            models.negative("", dose.clip_skip),
            sampling,
            clip_skip=dose.clip_skip,
        ).pictures
    except (
        PersonalisationRefused,
        diffusion.SamplingRefused,
        diffusion.PictureWithheld,
        diffusion.OutOfMemory,
    ) as error:
        raise JobFailed(error.detail) from error


def _joined(cells: Sequence[Cell], columns: int) -> Image.Image:
    """Return the cells on one picture, a row for each prompt and seed, a column for each dose."""
    pictures = [Image.open(BytesIO(blobs.read_blob(cell.digest))) for cell in cells]
    width, height = (side + GAP for side in pictures[0].size)
    rows = len(pictures) // columns
    whole = Image.new("RGB", (columns * width - GAP, rows * height - GAP), "white")
    for place, picture in enumerate(pictures):
        whole.paste(picture, (place % columns * width, place // columns * height))
    return whole


def _webp(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=4)
    return file.getvalue()
