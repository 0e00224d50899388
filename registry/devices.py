"""What a worker does where its device fails it. Worker side."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from django.conf import settings

from registry.leases import JobFailed

logger = logging.getLogger(__name__)


@contextmanager
def on_device() -> Iterator[None]:
    """Do what needs this worker's device.

    Raises JobFailed where its memory ends, and nobody has said in which way. Where the device
    itself fails (an illegal access, a fault of its memory), the process ends: CUDA refuses it all
    that follows, so it would be the quickest to take the next job, and fail that too. What it had
    begun another worker takes, as from one that was killed.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        logger.warning("The memory of %s is too small.", settings.DEVICE, exc_info=True)
        raise JobFailed(
            "The memory of this worker's device is too small for that, with all else that is on "
            "it. Ask again later; where it happens again, tell the keepers of this hub."
        ) from error
    except torch.AcceleratorError:
        logger.critical("%s has failed, so this process ends.", settings.DEVICE, exc_info=True)
        logging.shutdown()
        os._exit(os.EX_SOFTWARE)  # Leaving in order would ask the device again.
