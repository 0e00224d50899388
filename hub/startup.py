"""What web, worker and beat ask of the settings before they begin; no service is asked."""

from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured


def refuse_missing_key() -> None:
    """Raise ImproperlyConfigured where SECRET_KEY is the one that everybody knows."""
    if not settings.DEBUG and settings.SECRET_KEY == settings.INSECURE_SECRET_KEY:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Sessions and tokens are signed with it: set it to a long "
            "random text, the same for all web processes and workers, and keep it to yourself."
        )


def refuse_failed_checks() -> None:
    """Raise ImproperlyConfigured, in the words of the system checks, where one finds an error.

    Warnings stop nobody. Only `manage.py` asks these checks by itself: gunicorn does not, and
    Celery drops what they say.
    """
    errors = [found for found in run_checks() if found.is_serious() and not found.is_silenced()]
    if errors:
        raise ImproperlyConfigured("\n".join(str(found) for found in errors))
