"""`/api/v1/jobs/{id}`: a build or a generation as its owner sees it."""

import uuid

import pytest
from django.test import Client

from accounts.models import User
from generation.models import Generation
from generation.prompts import queue_generation
from registry import queueing
from registry.leases import Lease
from registry.models import JobState, Verification, Version
from tests import factories
from tests.answers import problem


@pytest.fixture
def ada(db: None) -> User:
    return factories.person("ada")


@pytest.fixture
def build(ada: User) -> Version:
    """A build that waits."""
    factories.space()
    draft = factories.aesthetic(ada)
    factories.members(draft, 2)
    return queueing.queue_build(draft).version


@pytest.fixture
def generation(ada: User) -> Generation:
    """A generation of ada that waits, with the aesthetic of somebody else."""
    version = factories.shelved(factories.aesthetic(factories.person("eve")))
    return queue_generation(ada, version=version, prompt="a boat")


def path_of(job: Version | Generation) -> str:
    return f"/api/v1/jobs/{job.pk}"


def test_a_waiting_build_says_so(client: Client, build: Version) -> None:
    body = client.get(path_of(build), headers=factories.bearer(build.aesthetic.owner)).json()
    assert body["id"] == str(build.pk)
    assert (body["kind"], body["state"], body["reason"]) == ("version", "queued", "")
    assert body["progress"] == {"stage": "", "done": 0, "total": 0}
    assert (body["started_at"], body["finished_at"], body["result"]) == (None, None, None)


def test_a_waiting_generation_says_so(client: Client, generation: Generation) -> None:
    body = client.get(path_of(generation), headers=factories.bearer(generation.owner)).json()
    assert (body["kind"], body["state"], body["result"]) == ("generation", "queued", None)


def test_a_running_build_tells_how_far_it_is(client: Client, build: Version) -> None:
    assert Lease(build).claim()
    Version.objects.update(stage="encoding pictures", done=1, total=2)
    body = client.get(path_of(build), headers=factories.bearer(build.aesthetic.owner)).json()
    assert body["state"] == "running"
    assert body["progress"] == {"stage": "encoding pictures", "done": 1, "total": 2}


def test_a_failed_job_tells_its_reason(client: Client, build: Version) -> None:
    Version.objects.update(state=JobState.FAILED, reason="It rained.")
    body = client.get(path_of(build), headers=factories.bearer(build.aesthetic.owner)).json()
    assert (body["state"], body["reason"], body["result"]) == ("failed", "It rained.", None)


def test_a_finished_build_leads_to_its_result(client: Client, ada: User) -> None:
    version = factories.published(factories.aesthetic(ada))
    body = client.get(path_of(version), headers=factories.bearer(ada)).json()
    assert (body["state"], body["result"]) == ("succeeded", "/ada/sea-mist/versions/v1")


def test_a_job_is_cancelled_once(client: Client, build: Version) -> None:
    headers = factories.bearer(build.aesthetic.owner)
    response = client.delete(path_of(build), headers=headers)
    assert (response.status_code, response.json()["state"]) == (200, "cancelled")
    body = problem(client.delete(path_of(build), headers=headers), 409, "job-ended")
    assert body["detail"] == "A job that succeeded, failed or was cancelled never changes again."


def test_a_generation_is_cancelled_too(client: Client, generation: Generation) -> None:
    headers = factories.bearer(generation.owner)
    assert client.delete(path_of(generation), headers=headers).json()["state"] == "cancelled"
    problem(client.delete(path_of(generation), headers=headers), 409, "job-ended")


def test_a_published_version_is_not_cancelled(client: Client, ada: User) -> None:
    version = factories.published(factories.aesthetic(ada))
    response = client.delete(path_of(version), headers=factories.bearer(ada))
    problem(response, 409, "job-ended")


def test_jobs_of_others_are_missing(client: Client, build: Version, generation: Generation) -> None:
    """The one whose aesthetic is drawn with sees nothing of the drawing either."""
    for who in (factories.person("bob"), User.objects.get(username="eve")):
        headers = factories.bearer(who)
        for job in (build, generation):
            problem(client.get(path_of(job), headers=headers), 404, "not-found")
            problem(client.delete(path_of(job), headers=headers), 404, "not-found")
    problem(client.get(path_of(build)), 404, "not-found")
    problem(client.delete(path_of(build)), 401, "unauthenticated")
    build.refresh_from_db()
    assert build.state == JobState.QUEUED


def test_a_job_that_does_not_exist_is_missing_in_the_same_words(
    client: Client, build: Version
) -> None:
    headers = factories.bearer(factories.person("bob"))
    unknown = problem(client.get(f"/api/v1/jobs/{uuid.uuid4()}", headers=headers), 404, "not-found")
    others = problem(client.get(path_of(build), headers=headers), 404, "not-found")
    assert {**unknown, "instance": ""} == {**others, "instance": ""}


def test_cancelling_needs_the_scope_write(client: Client, build: Version) -> None:
    headers = factories.bearer(build.aesthetic.owner, "read")
    problem(client.delete(path_of(build), headers=headers), 403, "forbidden")


def test_what_draws_cancels_drawings_and_what_writes_cancels_the_rest(
    client: Client, build: Version, generation: Generation
) -> None:
    ada = build.aesthetic.owner
    draws, writes = factories.bearer(ada, "generate"), factories.bearer(ada, "write")
    for job, wrong, scope in ((generation, writes, "generate"), (build, draws, "write")):
        body = problem(client.delete(path_of(job), headers=wrong), 403, "forbidden")
        assert f"lacks the scope “{scope}”" in body["detail"]
        job.refresh_from_db()
        assert job.state == JobState.QUEUED
    for job, right in ((generation, draws), (build, writes)):
        assert client.delete(path_of(job), headers=right).json()["state"] == "cancelled"


def test_a_token_that_only_reads_is_told_both_scopes(
    client: Client, generation: Generation
) -> None:
    headers = factories.bearer(generation.owner, "read")
    body = problem(client.delete(path_of(generation), headers=headers), 403, "forbidden")
    assert body["detail"] == "This token lacks the scope “write” or “generate”; it has read."


def test_a_job_says_where_the_api_tells_of_what_it_makes(
    client: Client, build: Version, generation: Generation
) -> None:
    headers = factories.bearer(generation.owner)

    def href(job: Version | Generation | Verification) -> str | None:
        told = client.get(f"/api/v1/jobs/{job.pk}", headers=headers).json()["href"]
        if told is not None:
            assert client.get(told, headers=headers).status_code == 200
        return str(told) if told else None

    assert href(build) is None
    assert href(generation) == f"/api/v1/generations/{generation.pk}"
    version = factories.published(factories.aesthetic(generation.owner, "ink"))
    assert href(version) == "/api/v1/aesthetics/ada/ink/versions/v1"
    waiting = Verification.objects.create(version=version)
    assert href(waiting) is None
    done = factories.verified(version)
    assert href(done) == f"/api/v1/aesthetics/ada/ink/versions/v1/verify/{done.pk}"
