"""Sheets to test with: asked for by the real request side, drawn by nobody."""

from typing import Any

from accounts.models import User
from generation import sheets
from generation.models import Generation, Sheet
from registry import blobs
from registry.models import JobState, Version
from tests import factories

PROMPT = "a lighthouse at night"


def doses(owner: User, version: Version, **asked: Any) -> Sheet:
    given = {"prompt": PROMPT, "steps": [0, 5], "seeds": [7, 8, 9]} | asked
    return sheets.queue_doses_by_seeds(owner, version=version, **given)


def drawn(cell: Generation) -> None:
    """Give a cell its pictures, without drawing them."""
    picture = blobs.ensure_blob(factories.picture(cell.pk.int % 1000))
    Generation.objects.filter(pk=cell.pk).update(
        state=JobState.SUCCEEDED,
        checkpoint=picture,
        plain=picture,
        personalised=picture,
        agreement=[0.1, 0.2],
        drift=0.5,
    )


def drawn_doses(owner: User, version: Version, **asked: Any) -> Sheet:
    """A sheet with all of its pictures."""
    made = doses(owner, version, **asked)
    for cell in made.cells.all():
        drawn(cell)
    return made
