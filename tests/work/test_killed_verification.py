"""A verification whose worker is killed in its middle: the next real worker goes on."""

import pytest
from django.conf import settings

from hub.demo.children import Child
from registry import publishing, queueing, verifying
from registry.models import Aesthetic, Verification, Version
from registry.tasks import build_version
from registry.worker_encoder import ensure_space
from tests.processes import kill_all, wait_for
from tests.samples import add_samples
from tests.work.conftest import StartWorker

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PICTURES = 60
ENOUGH = 5  # pictures after which the verification is in its middle
START = 60.0  # seconds that a worker on a busy machine takes to begin encoding
FINISH = 90.0  # seconds for a lease to end, a message to come, and the rest


def published(aesthetic: Aesthetic) -> Version:
    """Measure sample pictures in this process, and publish."""
    ensure_space(settings.HUB_SPACE)
    add_samples(aesthetic, PICTURES)
    version = queueing.queue_build(aesthetic).version
    build_version(str(version.pk))
    version.refresh_from_db()
    return publishing.publish(version, accepts=())


def is_ready(verification: Verification) -> bool:
    verification.refresh_from_db()
    assert not verification.is_final or verification.has_succeeded, verification.reason
    return verification.is_final


def test_the_next_worker_measures_what_is_left(draft: Aesthetic, worker: StartWorker) -> None:
    version = published(draft)
    asked = verifying.queue_verification(version)
    first: Child = worker(ENCODE_BATCH="1")
    rows = asked.remeasurements
    wait_for(lambda: rows.count() >= ENOUGH, seconds=START, what="middle", worker=first)
    kill_all(first)
    kept = set(rows.values_list("pk", flat=True))
    assert ENOUGH <= len(kept) < PICTURES

    second: Child = worker(ENCODE_BATCH="1")
    wait_for(lambda: is_ready(asked), seconds=START + FINISH, what="verdict", worker=second)
    assert asked.attempts == 2
    assert kept < set(rows.values_list("pk", flat=True))
    assert rows.count() == PICTURES
    assert asked.verdict in {"reproduced", "within-tolerance"}
    assert [(stage["agree"], stage["of"]) for stage in asked.stages] == [
        *((PICTURES, PICTURES), (PICTURES, PICTURES), (1, 1), (PICTURES, PICTURES), (1, 1)),
    ]
