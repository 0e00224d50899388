"""Celery's edge of the generation app: each task takes an id and calls one function."""

from celery import shared_task

from generation.models import Generation
from registry import jobs


@shared_task
def draw_generation(pk: str) -> None:
    """Draw the generation `pk`."""
    from generation.rendering import render

    jobs.run(Generation, pk, render)


@shared_task
def sweep_generations() -> None:
    """Send again the generations that wait too long."""
    jobs.sweep(Generation, draw_generation)
