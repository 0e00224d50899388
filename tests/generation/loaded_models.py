"""The models that a worker's process has loaded, for tests that want others."""

from generation.worker_models import models_for, text_models_for


def forget_models() -> None:
    """Let the process load them anew, from what the settings name."""
    models_for.cache_clear()
    text_models_for.cache_clear()
