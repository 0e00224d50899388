"""The project: settings, routes, errors, tasks, embedded services. It holds no feature."""

from hub.celery import app as celery_app

__all__ = ["celery_app"]
