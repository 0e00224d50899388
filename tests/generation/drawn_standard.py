"""Standard sheets to test with, as a worker leaves them; nobody had to draw."""

from typing import Any

from django.utils import timezone

from generation.models import StandardSheet
from generation.worker_models import checkpoint_digest
from registry import blobs
from registry.models import JobState, Version
from tests import factories

PROMPTS = ("a house by a tree", "a boat on the sea")


def html(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def finished(
    version: Version, number: int = 1, checkpoint: str = "sha256:" + "0" * 64
) -> StandardSheet:
    """A whole one."""
    picture = factories.picture(number)
    return StandardSheet.objects.create(
        version=version,
        checkpoint=checkpoint,
        state=JobState.SUCCEEDED,
        recipe={"prompts": list(PROMPTS), "seeds": [1, 2], "doses": [0, 10, 20]},
        picture=blobs.ensure_blob(picture),
    )


def failed(version: Version, attempts: int = 1) -> StandardSheet:
    """One that this worker could not draw, just now."""
    return StandardSheet.objects.create(
        version=version,
        checkpoint=checkpoint_digest(),
        state=JobState.FAILED,
        reason="The disk was full.",
        attempts=attempts,
        finished_at=timezone.now(),
    )
