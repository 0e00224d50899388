"""Jobs of each kind and state, and the service document, are what docs/openapi.json says."""

import pytest

from accounts.models import User
from generation.prompts import queue_generation
from registry import queueing
from registry.models import JobState, Verification
from tests import factories
from tests.described import Record


@pytest.fixture
def ada(db: None) -> User:
    return factories.person("ada")


def test_every_answer_about_jobs_is_as_described(ada: User) -> None:
    record = Record()
    owner, stranger = record.client(ada), record.client()
    version = factories.published(factories.aesthetic(ada))
    draft = factories.aesthetic(ada, "draft")
    factories.members(draft, 2)
    failed = Verification.objects.create(
        version=version, state=JobState.FAILED, reason="Its pictures were gone."
    )
    jobs = [
        version,
        failed,
        factories.verified(version),
        queueing.queue_build(draft).version,
        queue_generation(ada, version=version, prompt="a boat"),
        Verification.objects.create(version=version),
    ]

    for client in (owner, stranger):
        client.get("/api/v1/")
        for job in jobs:
            for call in (client.get, client.delete, client.get):
                call(f"/api/v1/jobs/{job.pk}")

    record.check("hub")
