"""The Celery application: where tasks are found, and what keeps workers and beat from starting."""

import os

from celery import Celery, signals
from django.core.exceptions import ImproperlyConfigured

from hub.startup import refuse_failed_checks, refuse_missing_key

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

app = Celery("hub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.worker_init.connect
@signals.beat_init.connect
def end_on_wrong_settings(**_: object) -> None:
    """End the process with the sentence; any other exception of ours Celery would log and go on."""
    try:
        refuse_missing_key()
        if "CELERY_SKIP_CHECKS" not in os.environ:  # as `celery --skip-checks` sets it
            refuse_failed_checks()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from error
