"""Which queue each task waits in, and what beat sends: read by the settings, for Celery."""

from typing import Any

from celery.schedules import schedule

BUILDS, DRAWINGS = "embed", "generate"
QUESTIONS = "encode"  # somebody is waiting; a worker of its own keeps work out of their way

ROUTES = {
    "registry.tasks.*": {"queue": BUILDS},
    "generation.tasks.answer": {"queue": QUESTIONS},
    "generation.tasks.*": {"queue": DRAWINGS},
}

# Each sweep of jobs is sent to both, so that neither a question nor a long build holds it up. Twice
# does no harm.
SWEPT_BY = (QUESTIONS, BUILDS)

NOTICES_SECONDS = 600  # a mail server that is away takes minutes
VISITORS_SECONDS = 3600  # the day that is over is forgotten within the hour


def beat_schedule(sweep_seconds: float) -> dict[str, dict[str, Any]]:
    """Return what beat sends, each with its pause in seconds.

    A message that nobody took is void once the next is due: a worker that was busy for an hour
    drops the old ones unread and does one of each kind, not hundreds.
    """
    return {
        (task if queue == queues[0] else f"{task} by {queue}"): {
            "task": task,
            "schedule": schedule(pause),
            "options": {"queue": queue, "expires": pause},
        }
        for task, queues, pause in (
            ("registry.tasks.sweep_builds", SWEPT_BY, sweep_seconds),
            ("registry.tasks.sweep_verifications", SWEPT_BY, sweep_seconds),
            ("registry.tasks.sweep_notices", (QUESTIONS,), NOTICES_SECONDS),
            ("registry.tasks.forget_visitors", (QUESTIONS,), VISITORS_SECONDS),
            ("generation.tasks.sweep_generations", SWEPT_BY, sweep_seconds),
            ("generation.tasks.ensure_standard_sheets", (DRAWINGS,), sweep_seconds),
        )
        for queue in queues
    }
