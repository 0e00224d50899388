"""System checks of the registry: what can be wrong with its settings, found at start."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Error, Tags, register

SHORTEST_LEASE = 6  # seconds: below, three renewals come too close for a busy database


@register(Tags.compatibility)
def check_lease(app_configs: Sequence[AppConfig] | None, **_: object) -> list[Error]:
    """Say when a living worker's job would be given to another one."""
    lease, limit = settings.JOB_LEASE_SECONDS, settings.CELERY_TASK_TIME_LIMIT
    visibility = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout")
    errors = []
    if not SHORTEST_LEASE <= lease < limit:
        errors.append(
            Error(
                f"JOB_LEASE_SECONDS is {lease}; it must lie between {SHORTEST_LEASE} and "
                f"TASK_TIME_LIMIT, {limit}.",
                hint="A worker renews its lease three times in it.",
                id="registry.E001",
            )
        )
    if visibility is not None and visibility <= limit:
        errors.append(
            Error(
                f"The broker's visibility timeout, {visibility} s, is not above TASK_TIME_LIMIT, "
                f"{limit} s: it would give a running task to a second worker.",
                id="registry.E002",
            )
        )
    return errors
