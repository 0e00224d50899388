"""Celery's edge of the registry: each task takes an id and calls one function."""

from celery import shared_task

from registry import jobs
from registry.models import Version


@shared_task
def build_version(pk: str) -> None:
    """Measure the pictures of the version `pk`."""
    from registry.building import build

    jobs.run(Version, pk, build)


@shared_task
def sweep_builds() -> None:
    """Send again the builds that wait too long."""
    jobs.sweep(Version, build_version)
