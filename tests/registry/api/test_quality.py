"""The set doctor over the API: the set for everybody, its pictures for the owner alone."""

import pytest
from django.test import Client

from accounts.models import User
from registry import queueing, takedowns
from registry.models import Aesthetic, QualityReport, Version
from tests import factories
from tests.answers import problem
from tests.registry.test_quality import alike

VERSIONS = "/api/v1/aesthetics/ada/sea-mist/versions"
OF_THE_SET = {
    "ref", "images", "resultant_length", "standard_error", "sufficiency", "enough", "fingerprint",
}  # fmt: skip

Headers = dict[str, str]


@pytest.fixture
def as_ada(ada: User) -> Headers:
    return factories.bearer(ada)


@pytest.fixture
def second(version: Version) -> Version:
    factories.members(version.aesthetic, 3, first=900)
    return factories.published(version.aesthetic)


def test_everybody_sees_what_is_true_of_the_set(client: Client, version: Version) -> None:
    body = client.get(f"{VERSIONS}/v1/quality").json()
    assert body.pop("private") is None
    assert set(body) == OF_THE_SET
    assert (body["ref"], body["images"]) == ("ada/sea-mist@v1", 5)
    assert body["resultant_length"] == pytest.approx(version.resultant_length)
    assert body["sufficiency"][2]["more"] == 25


def test_nobody_but_the_owner_reads_of_single_pictures(
    client: Client, version: Version, second: Version, bob: User
) -> None:
    for path in (f"{VERSIONS}/v2/quality", f"{VERSIONS}/v1/difference/v2"):
        for headers in ({}, factories.bearer(bob)):
            text = client.get(path, headers=headers).content.decode()
            assert "influence" not in text
            assert '"share"' not in text
            for member in second.members.select_related("image"):
                assert member.image.digest not in text


def test_the_owner_reads_of_each_picture(client: Client, as_ada: Headers, version: Version) -> None:
    private = client.get(f"{VERSIONS}/v1/quality", headers=as_ada).json()["private"]
    assert {picture["image"] for picture in private["pictures"]} == set(
        version.members.values_list("image__digest", flat=True)
    )
    assert (private["outliers"], private["near_duplicates"], private["two_styles"]) == (0, [], None)


def test_the_owner_reads_of_many_frames_as_of_one_group(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    build = alike(draft, 16)
    path = f"{VERSIONS}/{build.pk}/quality"
    private = client.get(path, headers=as_ada).json()["private"]
    assert (len(private["near_duplicates"]), private["near_duplicate_pairs"]) == (100, 120)
    assert [sorted(group) for group in private["alike"]] == [list(range(16))]


def test_the_owner_checks_before_publishing(
    client: Client, as_ada: Headers, draft: Aesthetic, bob: User
) -> None:
    build = factories.built(draft)
    path = f"{VERSIONS}/{build.pk}/quality"
    assert len(client.get(path, headers=as_ada).json()["private"]["pictures"]) == 5
    problem(client.get(path), 404, "not-found")
    factories.published(draft)
    problem(client.get(path, headers=factories.bearer(bob)), 404, "not-found")


def test_a_build_that_is_not_ready_has_no_report(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    factories.space()
    factories.members(draft, 2)
    build = queueing.queue_build(draft).version
    problem(client.get(f"{VERSIONS}/{build.pk}/quality", headers=as_ada), 404, "not-found")


def test_a_version_without_pictures_says_so(client: Client, draft: Aesthetic) -> None:
    factories.shelved(draft)
    body = problem(client.get(f"{VERSIONS}/v1/quality"), 404, "not-found")
    assert "no direction that came from pictures" in body["detail"]


def test_a_report_from_before_is_made_when_it_is_asked_for(
    client: Client, version: Version
) -> None:
    before = client.get(f"{VERSIONS}/v1/quality").json()
    QualityReport.objects.all().delete()
    assert client.get(f"{VERSIONS}/v1/quality").json() == before


def test_two_versions_are_compared(client: Client, second: Version) -> None:
    body = client.get(f"{VERSIONS}/v1/difference/v2").json()
    assert (body["before"], body["after"]) == ("ada/sea-mist@v1", "ada/sea-mist@v2")
    assert (body["before_images"], body["after_images"]) == (5, 8)
    assert 0.9 < body["cosine"] < 1
    assert body["angle"] > 0
    assert body["moves"] is None
    back = client.get(f"{VERSIONS}/v2/difference/v1").json()
    assert (back["cosine"], back["angle"]) == pytest.approx((body["cosine"], body["angle"]))


def test_the_owner_reads_which_pictures_moved_it(
    client: Client, as_ada: Headers, second: Version
) -> None:
    moves = client.get(f"{VERSIONS}/v1/difference/v2", headers=as_ada).json()["moves"]
    assert len(moves) == 3
    assert sum(move["share"] for move in moves) == pytest.approx(1.0, abs=1e-3)


def test_a_build_is_compared_with_a_version_by_its_owner_only(
    client: Client, as_ada: Headers, version: Version, bob: User
) -> None:
    factories.members(version.aesthetic, 3, first=900)
    build = factories.built(version.aesthetic)
    path = f"{VERSIONS}/latest/difference/{build.pk}"
    assert client.get(path, headers=as_ada).json()["after"] == "ada/sea-mist@draft"
    problem(client.get(path, headers=factories.bearer(bob)), 404, "not-found")


def test_a_version_that_is_not_there_is_not_compared(client: Client, version: Version) -> None:
    problem(client.get(f"{VERSIONS}/v1/difference/v9"), 404, "not-found")
    problem(client.get(f"{VERSIONS}/v9/quality"), 404, "not-found")


def test_of_a_version_that_was_taken_down_nothing_is_told(
    client: Client, version: Version, second: Version
) -> None:
    takedowns.take_down(version, reason="It was not hers.")
    for path in (f"{VERSIONS}/v1/quality", f"{VERSIONS}/v2/difference/v1"):
        assert client.get(path).json()["reason"] == "It was not hers."
    assert client.get("/ada/sea-mist/versions/v2/difference/v1").status_code == 404
