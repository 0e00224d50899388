"""Celery's edge of the generation app: each task takes an id and calls one function."""

from typing import Any

from celery import shared_task
from django.conf import settings

from generation.models import Generation, StandardSheet
from registry import jobs
from registry.leases import JobFailed, Lease
from registry.outages import Outage


@shared_task
def draw_generation(pk: str) -> None:
    """Draw the generation `pk`."""
    jobs.run(Generation, pk, _render)


@shared_task
def answer(key: str, kind: str, aim: dict[str, Any], prompt: str, recipe: dict[str, Any]) -> None:
    """Answer a question about a prompt and a look, into the cache."""
    from generation import answers

    answers.answer(key, kind, aim, prompt, recipe)


@shared_task
def draw_standard_sheet(pk: str) -> None:
    """Draw the standard sheet `pk`."""
    jobs.run(StandardSheet, pk, _draw_standard)


@shared_task
def ensure_standard_sheets() -> None:
    """Begin the next standard sheet where nobody waits for anything, and send lost ones again."""
    if not settings.STANDARD_SHEETS:
        return
    from generation.standard_sheets import ensure_next

    jobs.sweep(StandardSheet, draw_standard_sheet)
    if sheet := ensure_next():
        jobs.send(draw_standard_sheet, sheet)


@shared_task
def sweep_generations() -> None:
    """Send again the generations that wait too long."""
    jobs.sweep(Generation, draw_generation)


def _render(generation: Generation, lease: Lease) -> None:
    # Imported once the job is ours: torch takes seconds, and where it is broken the job says so.
    from generation.rendering import render

    render(generation, lease)


def _draw_standard(sheet: StandardSheet, lease: Lease) -> None:
    from generation.standard_sheets import draw

    try:
        draw(sheet, lease)
    except Outage as outage:
        # It waits for hours, not minutes, as after all else: nobody waits for it.
        raise JobFailed(outage.told) from outage
