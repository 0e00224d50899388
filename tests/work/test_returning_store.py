"""A build that a real worker meets while the disk is away, and ends once it is back."""

from pathlib import Path

import pytest
from django.conf import settings

from registry import queueing
from registry.models import Aesthetic, JobState, Version
from registry.worker_encoder import ensure_space
from tests.processes import wait_for
from tests.samples import add_samples
from tests.work.conftest import StartWorker

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

START = 60.0  # seconds that a worker on a busy machine takes to begin
FINISH = 90.0  # seconds for the pauses to end, messages to come, and the rest


def test_a_worker_takes_a_build_again_until_the_disk_is_back(
    draft: Aesthetic, worker: StartWorker, media_folder: Path
) -> None:
    ensure_space(settings.HUB_SPACE)
    add_samples(draft, 3)
    build = queueing.queue_build(draft).version
    elsewhere = media_folder.rename(media_folder.with_name("elsewhere"))
    running = worker()
    wait_for(lambda: waits(build, 2), seconds=START, what="second attempt", worker=running)
    assert build.reason.startswith("The worker could not use the store of pictures and files.")
    elsewhere.rename(media_folder)
    wait_for(lambda: is_final(build), seconds=FINISH, what="end of the build", worker=running)
    assert (build.state, build.reason) == (JobState.SUCCEEDED, "")


def waits(version: Version, attempts: int) -> bool:
    """Tell whether the build waits after so many attempts."""
    version.refresh_from_db()
    assert not version.is_final, version.reason
    return (version.state, version.attempts) == (JobState.QUEUED, attempts)


def is_final(version: Version) -> bool:
    version.refresh_from_db()
    return version.is_final
