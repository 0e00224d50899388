"""What a running drawing looks like so far: kept for a moment, never stored."""

from io import BytesIO
from typing import Any

from generation.keeping import keep, kept
from generation.models import Generation

COUNT = 3  # of a drawing; each takes as long as a step or two
KEPT = 120  # seconds, after which a drawing is done or its worker dead


def is_due(step: int, steps: int) -> bool:
    """Say whether a preview is worth making after this many steps."""
    return step < steps and step * (COUNT + 1) // steps > (step - 1) * (COUNT + 1) // steps


def keep_preview(generation: Generation, picture: Any) -> None:
    """Keep a Pillow image for whoever watches; the next one takes its place."""
    file = BytesIO()
    picture.save(file, "WEBP", quality=80)
    keep(_key(generation), file.getvalue(), KEPT)


def preview_of(generation: Generation) -> bytes | None:
    """Return the latest preview, a WebP file, or None."""
    found: bytes | None = kept(_key(generation))
    return found


def _key(generation: Generation) -> str:
    return f"preview:{generation.pk}"
