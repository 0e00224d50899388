"""A queue that is full: what would wait in it as well is refused, and nothing of it is kept."""

from collections.abc import Iterator
from copy import copy

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from generation import sheets
from generation.models import Generation, Sheet
from generation.prompts import queue_generation
from registry import dropping, queueing, verifying
from registry.jobs import QueueFull
from registry.models import Aesthetic, JobState, Side, Version
from tests import factories
from tests.answers import problem

HISTORY = 50  # rows that are over
BOAT = {"aesthetic": "ada/sea-mist", "prompt": "a boat"}


@pytest.fixture
def version(draft: Aesthetic, settings: Settings) -> Version:
    """Something to draw with and to verify, in a hub where two jobs of a kind may wait."""
    published = factories.published(draft)
    settings.JOB_MOST_WAITING = 2
    return published


def a_set(owner: User, slug: str) -> Aesthetic:
    made = factories.aesthetic(owner, slug)
    factories.members(made, 2, first=1000 * made.pk)
    return made


def test_a_build_is_refused_until_one_that_waits_has_begun(version: Version, ada: User) -> None:
    sets = [a_set(ada, f"look-{number}") for number in range(3)]
    waiting = [queueing.queue_build(each).version for each in sets[:2]]
    with pytest.raises(QueueFull, match="The queue is full: 2 are waiting"):
        queueing.queue_build(sets[2])
    assert not sets[2].versions.exists()
    assert queueing.queue_build(sets[0]).version == waiting[0]  # nothing new would wait
    assert Version.objects.cancel(waiting[0].pk)
    assert queueing.queue_build(sets[2]).is_new


def test_what_would_be_done_with_the_build_is_not_done_either(version: Version, ada: User) -> None:
    """Pictures leave the set only where the rest is measured."""
    for number in range(2):
        queueing.queue_build(a_set(ada, f"look-{number}"))
    first = version.members.select_related("image")[0].image.digest
    with pytest.raises(QueueFull):
        dropping.drop_and_build(version.aesthetic, {(first, Side.TOWARDS)})
    assert version.aesthetic.members.count() == 5


def test_each_kind_has_its_own_room(version: Version, ada: User) -> None:
    for number in range(2):
        queueing.queue_build(a_set(ada, f"look-{number}"))
        queue_generation(ada, version=version, prompt="a boat")
    assert verifying.queue_verification(version).state == JobState.QUEUED


def test_a_sheet_that_has_no_room_is_refused_whole(version: Version, ada: User) -> None:
    with pytest.raises(QueueFull):
        sheets.queue_doses_by_seeds(
            ada, version=version, prompt="a boat", steps=[0], seeds=[1, 2, 3]
        )
    assert not Sheet.objects.exists()
    assert not Generation.objects.exists()
    sheets.queue_doses_by_seeds(ada, version=version, prompt="a boat", steps=[0], seeds=[1, 2])


def test_api_and_page_say_so(version: Version, ada: User) -> None:
    headers = factories.bearer(ada)
    for _ in range(2):
        queue_generation(ada, version=version, prompt="a boat")
    client = Client()
    answer = client.post("/api/v1/generations", BOAT, "application/json", headers=headers)
    assert "The queue is full" in problem(answer, 503, "busy")["detail"]
    assert answer["Retry-After"] == "60"
    client.force_login(ada)
    assert "The queue is full" in client.post("/draw", BOAT).content.decode()
    assert Generation.objects.count() == 2
    for number in range(2):
        queueing.queue_build(a_set(ada, f"look-{number}"))
    last = a_set(ada, "last")
    problem(client.post(f"/api/v1/aesthetics/{last.ref}/builds", headers=headers), 503, "busy")
    page = client.post(f"/{last.ref}/builds", follow=True)
    assert "The queue is full" in page.content.decode()


def test_what_waits_is_counted_by_an_index(version: Version, ada: User) -> None:
    """Beside a history of which the planner knows: of a single row it may take any index."""
    queue_generation(ada, version=version, prompt="a boat")
    cancelled = Generation.objects.get()
    cancelled.state = JobState.CANCELLED
    Generation.objects.bulk_create(copies(cancelled))
    for _ in range(HISTORY):
        factories.shelved(version.aesthetic)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE registry_version, generation_generation")
        cursor.execute("SET LOCAL enable_seqscan = off")
    for model, index in ((Version, "version_open"), (Generation, "generation_open")):
        assert index in model.objects.filter(state=JobState.QUEUED)[:3].explain()


def copies(generation: Generation) -> Iterator[Generation]:
    for _ in range(HISTORY):
        copied = copy(generation)
        copied.pk = None
        yield copied
