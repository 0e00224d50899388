"""The diffusion models of this worker process: loaded once. Worker side."""

from functools import cache

from django.conf import settings

from generation import diffusion
from registry.models import Space
from registry.worker_encoder import encoder_for


@cache
def models_for(space: Space) -> diffusion.Models:
    """Return this process's checkpoint with the text projection of `space`'s encoder.

    The checkpoint's own text encoder is personalised; it has no projection into the space, so
    that of the space's encoder comes along (METHOD section 2, known defects).
    """
    return diffusion.Models.load(
        settings.DIFFUSION_MODEL, encoder_for(space).text_projection, settings.DEVICE
    )


@cache
def checkpoint_digest() -> str:
    """Return the digest of the checkpoint that the settings name."""
    return diffusion.checkpoint_digest(settings.DIFFUSION_MODEL)
