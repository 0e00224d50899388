"""What a worker says where its device's memory ends. Worker side."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from django.conf import settings

from registry.leases import JobFailed

logger = logging.getLogger(__name__)


@contextmanager
def within_memory() -> Iterator[None]:
    """Raise JobFailed where the device's memory ends, and nobody has said in which way."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        logger.warning("The memory of %s is too small.", settings.DEVICE, exc_info=True)
        raise JobFailed(
            "The memory of this worker's device is too small for that, with all else that is on "
            "it. Ask again later; where it happens again, tell the keepers of this hub."
        ) from error
