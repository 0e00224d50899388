"""The diffusion models of this worker process: loaded once. Worker side."""

import logging
from functools import cache

from django.conf import settings

from generation import diffusion
from registry.models import Space
from registry.worker_encoder import encoder_for

logger = logging.getLogger(__name__)


@cache
def text_models_for(space: Space) -> diffusion.Models:
    """Return what reads prompts of this process's checkpoint: all that a question needs.

    The checkpoint's own text encoder is personalised; it has no projection into the space, so
    that of the space's encoder comes along (METHOD section 2, known defects).
    """
    return diffusion.Models.load_text(
        settings.DIFFUSION_MODEL, encoder_for(space).text_projection, settings.DEVICE
    )


@cache
def models_for(space: Space) -> diffusion.Models:
    """Return the same with what draws."""
    return text_models_for(space).with_drawing(settings.DIFFUSION_MODEL, settings.DEVICE)


@cache
def checkpoint_digest() -> str:
    """Return the digest of the checkpoint that the settings name."""
    return diffusion.checkpoint_digest(settings.DIFFUSION_MODEL)
