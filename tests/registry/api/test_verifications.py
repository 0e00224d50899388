"""`…/versions/{ref}/verify` over the API: ask, watch, cancel, read."""

import pytest
from django.test import Client

from accounts.models import User
from registry import publishing, takedowns
from registry.models import Aesthetic, Verification, Version
from registry.tasks import verify_version
from tests import factories
from tests.answers import Answer, problem
from tests.registry.test_importing import imported

VERSION = "/api/v1/aesthetics/ada/sea-mist/versions/v1"
VERIFY = f"{VERSION}/verify"

Headers = dict[str, str]


@pytest.fixture
def as_ada(ada: User) -> Headers:
    return factories.bearer(ada)


def post(client: Client, headers: Headers) -> Answer:
    return client.post(VERIFY, content_type="application/json", headers=headers)


def test_a_verification_is_accepted_with_the_place_to_ask(
    client: Client, as_ada: Headers, version: Version
) -> None:
    response = post(client, as_ada)
    assert (response.status_code, response["Retry-After"]) == (202, "1")
    job = response.json()
    assert response["Location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["kind"], job["state"], job["result"]) == ("verification", "queued", None)
    assert post(client, as_ada).json()["id"] == job["id"]
    verify_version(job["id"])  # of an invented space, which no worker has
    job = client.get(response["Location"], headers=as_ada).json()
    assert job["state"] == "failed"
    assert job["reason"].startswith("This worker's encoder has the weights sha256:")


def test_the_job_leads_to_the_versions_page(
    client: Client, as_ada: Headers, version: Version
) -> None:
    done = factories.verified(version)
    job = client.get(f"/api/v1/jobs/{done.pk}", headers=as_ada).json()
    assert job["result"] == "/ada/sea-mist/versions/v1#reproduced"


def test_the_job_is_the_owners_who_can_cancel_it(
    client: Client, as_ada: Headers, version: Version, bob: User
) -> None:
    path = post(client, as_ada)["Location"]
    for method in (client.get, client.delete):
        problem(method(path, headers=factories.bearer(bob)), 404, "not-found")
    reader = factories.bearer(version.aesthetic.owner, "read")
    problem(client.delete(path, headers=reader), 403, "forbidden")
    assert client.delete(path, headers=as_ada).json()["state"] == "cancelled"
    problem(client.delete(path, headers=as_ada), 409, "job-ended")


def test_only_the_owner_asks_and_with_the_scope_write(
    client: Client, ada: User, version: Version, bob: User
) -> None:
    problem(post(client, factories.bearer(bob)), 403, "forbidden")
    problem(post(client, factories.bearer(ada, "read")), 403, "forbidden")
    problem(post(client, {}), 401, "unauthenticated")
    assert not Verification.objects.exists()
    assert post(client, factories.bearer(ada, "write")).status_code == 202


def test_what_cannot_be_measured_is_refused_by_name(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    version = publishing.publish(imported(draft).version)
    body = problem(post(client, as_ada), 422, "nothing-to-measure")
    assert "there are no pictures to measure" in body["detail"]
    takedowns.take_down(version, reason="It was not ada's.")
    problem(post(client, as_ada), 451, "taken-down")


def test_everybody_reads_counts_and_the_owner_reads_of_pictures(
    client: Client, as_ada: Headers, version: Version, bob: User
) -> None:
    found = factories.verified(version, verdict="deviates", deviates_at="image")
    member = version.members.select_related("image")[0]
    found.remeasurements.create(image=member.image, is_equal=False)
    one = f"{VERIFY}/{found.pk}"
    for headers in ({}, factories.bearer(bob)):
        (listed,) = client.get(VERIFY, headers=headers).json()["items"]
        answer = client.get(one, headers=headers)
        assert answer.json() == {**listed, "pictures": None}
        assert member.image.digest not in answer.content.decode()
    assert (listed["verdict"], listed["deviates_at"]) == ("deviates", "image")
    assert [stage["name"] for stage in listed["stages"]] == [
        *("image", "pixels", "set", "features", "vector"),
    ]
    (picture,) = client.get(one, headers=as_ada).json()["pictures"]
    assert (picture["image"], picture["found"]) == (member.image.digest, "")
    assert picture["finding"] == "The stored bytes are gone."
    assert picture["filename"].endswith(".png")


def test_what_has_no_verdict_is_not_listed(
    client: Client, as_ada: Headers, version: Version
) -> None:
    job = post(client, as_ada).json()
    assert client.get(VERIFY, headers=as_ada).json()["items"] == []
    problem(client.get(f"{VERIFY}/{job['id']}", headers=as_ada), 404, "not-found")


def test_a_verification_is_found_under_its_own_version_alone(
    client: Client, ada: User, version: Version
) -> None:
    other = factories.verified(factories.published(factories.aesthetic(ada, "other")))
    problem(client.get(f"{VERIFY}/{other.pk}"), 404, "not-found")


def test_the_version_says_how_often_it_was_reproduced(client: Client, version: Version) -> None:
    assert client.get(VERSION).json()["reproduced"] == {"times": 0, "newest": None}
    factories.verified(version, worker="worker-1")
    factories.verified(version, worker="worker-2", verdict="within-tolerance")
    said = client.get(VERSION).json()["reproduced"]
    assert (said["times"], said["newest"]["verdict"]) == (2, "within-tolerance")
