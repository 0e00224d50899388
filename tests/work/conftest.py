"""A broker of the test's own, workers that are ended in time, and a job that nobody has begun."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as current

from accounts.models import User
from hub.demo.children import Child
from registry import digests
from registry.models import Aesthetic, Version
from tests import factories
from tests.processes import OwnBroker, kill_all, point_celery_at, start_worker

StartWorker = Callable[..., Child]


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[OwnBroker]:
    """Start a Valkey with empty queues and send this process's tasks there."""
    broker = OwnBroker(tmp_path / "broker")
    broker.start()
    point_celery_at(broker.url)
    yield broker
    point_celery_at(current.CELERY_BROKER_URL)
    broker.stop()


@pytest.fixture
def worker(transactional_db: None, own_broker: OwnBroker, tmp_path: Path) -> Iterator[StartWorker]:
    """Give a function that starts a worker; all are gone before the tables are emptied."""
    started: list[Child] = []

    def start(**variables: str) -> Child:
        folder = tmp_path / f"worker-{len(started)}"
        folder.mkdir()
        started.append(start_worker(folder, own_broker.url, **variables))
        return started[-1]

    yield start
    for child in started:
        kill_all(child)


@pytest.fixture
def ada(db: None) -> User:
    return factories.person("ada")


@pytest.fixture
def draft(ada: User) -> Aesthetic:
    return factories.aesthetic(ada)


@pytest.fixture
def job(draft: Aesthetic) -> Version:
    """A build that waits; there is nothing in it to do, and no worker knows of it."""
    made = Version(
        aesthetic=draft,
        space=factories.space(),
        construction=Version.Construction.MEAN,
        recipe=b"{}",
        recipe_digest=digests.digest_bytes(b"{}"),
        image_count=0,
    )
    made.full_clean()
    made.save()
    return made
