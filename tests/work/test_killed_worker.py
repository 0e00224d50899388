"""Work that outlives its workers: real Celery processes, killed in the middle of a build.

A worker here is the demo's own: prefork, two children, the timer of the sweep inside.
"""

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import User
from hub.demo.children import Child
from registry import queueing
from registry.models import Aesthetic, Feature, JobState, Version
from registry.worker_encoder import ensure_space
from tests import factories
from tests.processes import OwnBroker, kill_all, kill_busiest_child, wait_for
from tests.samples import add_samples
from tests.work.conftest import StartWorker

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PICTURES = 80
ENOUGH = 5  # features after which the build is in its middle
BATCH = 1  # pictures, the least; so a build is slow enough to be met in its middle
START = 60.0  # seconds that a worker on a busy machine takes to begin encoding
FINISH = 90.0  # seconds for a lease to end, a message to come, a child to start, and the rest


@pytest.fixture
def build(draft: Aesthetic, own_broker: OwnBroker) -> Version:
    """A build of many pictures in the queue."""
    return queued(draft, PICTURES)


def queued(aesthetic: Aesthetic, pictures: int, look: str = "*") -> Version:
    """Queue the measuring of sample pictures in the space of the real encoder."""
    ensure_space(settings.HUB_SPACE)
    add_samples(aesthetic, pictures, look)
    return queueing.queue_build(aesthetic).version


def is_ready(version: Version) -> bool:
    version.refresh_from_db()
    if version.is_final:
        assert version.has_succeeded, version.reason
    return version.is_final


def wait_for_middle(version: Version, worker: Child) -> None:
    stored = Feature.objects.filter(image__memberships__aesthetic=version.aesthetic_id)
    wait_for(
        lambda: stored.count() >= ENOUGH,
        seconds=START,
        what=f"{ENOUGH}th feature",
        worker=worker,
    )
    version.refresh_from_db()
    assert version.state == JobState.RUNNING, "The build was over too soon to be disturbed."


def wait_for_end(version: Version, worker: Child) -> None:
    wait_for(lambda: is_ready(version), seconds=FINISH, what="end of the build", worker=worker)


def attempts_to_store_features() -> int:
    """Return how many features were ever sent to the table: each takes a number, kept or not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value, is_called FROM registry_feature_id_seq")
        value, is_called = cursor.fetchone()
    return int(value) if is_called else 0


def test_the_build_of_a_killed_worker_is_finished_by_the_next_one(
    build: Version, worker: StartWorker
) -> None:
    before = attempts_to_store_features()
    first = worker(ENCODE_BATCH=str(BATCH))
    wait_for_middle(build, first)
    kill_all(first)
    kept = dict(Feature.objects.values_list("image_id", "pk"))
    assert ENOUGH <= len(kept) < PICTURES

    second = worker(ENCODE_BATCH=str(BATCH))
    wait_for(lambda: attempts_of(build) == 2, seconds=START, what="new start", worker=second)
    wait_for_end(build, second)

    assert Feature.objects.count() == PICTURES
    assert kept.items() <= dict(Feature.objects.values_list("image_id", "pk")).items()
    assert attempts_to_store_features() - before <= PICTURES + BATCH
    assert build.files.exists()


def attempts_of(version: Version) -> int:
    """Return how many workers have begun the build."""
    version.refresh_from_db()
    return version.attempts


def test_a_build_survives_the_death_of_the_child_that_encodes(
    build: Version, worker: StartWorker
) -> None:
    running = worker(ENCODE_BATCH=str(BATCH))
    wait_for_middle(build, running)
    kill_busiest_child(running)
    kept = Feature.objects.count()
    assert kept < PICTURES
    wait_for_end(build, running)
    assert running.status is None, "The main process must live on."
    assert (build.attempts, Feature.objects.count()) == (2, PICTURES)


def test_a_restart_of_the_broker_loses_nothing(
    ada: User, build: Version, worker: StartWorker, own_broker: OwnBroker
) -> None:
    waiting = queued(factories.aesthetic(ada, "in-the-queue"), 5, "cold-peaks")
    running = worker(ENCODE_BATCH=str(BATCH))
    wait_for_middle(build, running)
    own_broker.stop()
    unsent = queued(factories.aesthetic(ada, "not-sent"), 5, "painted-nebulae")
    unsent.refresh_from_db()
    assert unsent.sent_at is None
    own_broker.start()
    for version in (build, waiting, unsent):
        wait_for_end(version, running)
    assert running.status is None, "The main process must live on."
    assert Version.objects.filter(state=JobState.SUCCEEDED).count() == 3


def test_a_build_that_outlives_the_time_limit_each_time_ends_with_that_reason(
    draft: Aesthetic, worker: StartWorker, own_broker: OwnBroker
) -> None:
    # A message brings its sender's time limit along, so it must be the worker's sweep that sends.
    own_broker.stop()
    build = queued(draft, PICTURES)
    own_broker.start()
    # Importing torch alone takes longer than this task may; no lease is as short.
    running = worker(TASK_TIME_LIMIT="1", JOB_ATTEMPTS="2", CELERY_SKIP_CHECKS="1")
    wait_for(lambda: has_failed(build), seconds=FINISH, what="giving up", worker=running)
    assert build.reason == "The worker stopped 2 times while it worked on this."
    assert build.attempts == 2
    assert running.status is None, "The main process must live on."


def has_failed(version: Version) -> bool:
    version.refresh_from_db()
    assert not version.has_succeeded
    return version.state == JobState.FAILED
