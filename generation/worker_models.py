"""The diffusion models of this worker process: loaded once. Worker side.

Where a checkpoint can't be had for now each function here raises ModelsAway.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.conf import settings

from generation import diffusion
from registry.models import Space
from registry.outages import ModelsAway, is_unmounted, raised_as
from registry.worker_encoder import encoder_for

logger = logging.getLogger(__name__)


@cache
def text_models_for(space: Space) -> diffusion.Models:
    """Return what reads prompts of this process's checkpoint: all that a question needs.

    The checkpoint's own text encoder is personalised; it has no projection into the space, so
    that of the space's encoder comes along (METHOD section 2, known defects).
    """
    projection = encoder_for(space).text_projection
    with _reading_checkpoint():
        return diffusion.Models.load_text(settings.DIFFUSION_MODEL, projection, settings.DEVICE)


@cache
def models_for(space: Space) -> diffusion.Models:
    """Return the same with what draws."""
    reading = text_models_for(space)
    with _reading_checkpoint():
        return reading.with_drawing(settings.DIFFUSION_MODEL, settings.DEVICE)


@cache
def checkpoint_digest() -> str:
    """Return the digest of the checkpoint that the settings name."""
    with _reading_checkpoint():
        return diffusion.checkpoint_digest(settings.DIFFUSION_MODEL)


@contextmanager
def _reading_checkpoint() -> Iterator[None]:
    """Read the settings' checkpoint in the block.

    Only an absolute path is known to be a folder where there is none: `owner/name` is the Hub's.
    """
    folder = Path(settings.DIFFUSION_MODEL)
    with raised_as(ModelsAway):
        if (folder.is_absolute() or folder.is_dir()) and is_unmounted(folder):
            raise ModelsAway(f"{folder} is no folder here, or an empty one.")
        yield
