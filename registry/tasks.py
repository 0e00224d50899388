"""Celery's edge of the registry: each task takes an id, or nothing, and calls one function."""

from celery import shared_task

from registry import downloads, jobs, notice_mail
from registry.leases import Lease
from registry.models import Verification, Version


@shared_task
def build_version(pk: str) -> None:
    """Measure the pictures of the version `pk`."""
    jobs.run(Version, pk, _build)


@shared_task
def sweep_builds() -> None:
    """Send again the builds that wait too long."""
    jobs.sweep(Version, build_version)


@shared_task
def mail_notices() -> None:
    """Send the notices that wait for it by e-mail."""
    notice_mail.mail_waiting()


@shared_task
def sweep_notices() -> None:
    """Have the notices sent whose message was lost."""
    if notice_mail.is_overdue():
        jobs.hand_over(mail_notices)


@shared_task
def verify_version(pk: str) -> None:
    """Measure the version of the verification `pk` again."""
    jobs.run(Verification, pk, _remeasure)


@shared_task
def sweep_verifications() -> None:
    """Send again the verifications that wait too long."""
    jobs.sweep(Verification, verify_version)


@shared_task
def forget_visitors() -> None:
    """Forget who downloaded on earlier days."""
    downloads.forget_visitors()


def _build(version: Version, lease: Lease) -> None:
    # Imported once the job is ours: torch takes seconds, and where it is broken the job says so.
    from registry.building import build

    build(version, lease)


def _remeasure(verification: Verification, lease: Lease) -> None:
    from registry.remeasuring import remeasure

    remeasure(verification, lease)
