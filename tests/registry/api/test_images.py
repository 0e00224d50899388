"""`/api/v1/aesthetics/{owner}/{slug}/images`: the set, its owner's only."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from registry import turns
from registry.models import Aesthetic, Version
from tests import factories
from tests.answers import Answer, errors, problem
from tests.registry.test_upload_archives import zipped

SET = "/api/v1/aesthetics/ada/sea-mist/images"
picture, upload = factories.picture, factories.upload

Headers = dict[str, str]


@pytest.fixture
def as_ada(ada: User) -> Headers:
    return factories.bearer(ada)


@pytest.fixture
def as_bob(bob: User) -> Headers:
    return factories.bearer(bob)


def add(client: Client, headers: Headers, *files: object, **more: str) -> Answer:
    return client.post(SET, {"files": files, **more}, headers=headers)


def test_pictures_and_zips_are_added_and_each_is_accounted_for(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    archive = upload("more.zip", zipped({"b.png": picture(2), ".DS_Store": b"x", "c.txt": b"x"}))
    response = add(client, as_ada, upload("a.png", picture(1)), archive, side="away")
    assert response.status_code == 200
    body = response.json()
    assert [item["name"] for item in body["accepted"]] == ["a.png", "b.png"]
    assert {item["side"] for item in body["accepted"]} == {"away"}
    assert [(item["name"], item["code"]) for item in body["refused"]] == [
        ("c.txt", "unknown-extension")
    ]
    assert body["skipped"] == [".DS_Store"]
    assert body["total"] == 2


def test_an_empty_file_is_refused_by_its_name_and_the_others_stay(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    response = add(client, as_ada, upload("empty.png", b""), upload("a.png"))
    body = response.json()
    assert response.status_code == 200, body
    assert [item["name"] for item in body["refused"]] == ["empty.png"]
    assert body["total"] == 1


def test_the_same_picture_again_was_there(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    add(client, as_ada, upload())
    body = add(client, as_ada, upload("again.png")).json()
    assert body["accepted"][0]["was_there"] is True
    assert body["total"] == 1


def test_where_a_picture_is_from_is_kept_and_told(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    add(client, as_ada, upload(), source="https://example.org", licence="CC0-1.0", credit="A. P.")
    (item,) = client.get(SET, headers=as_ada).json()["items"]
    member = draft.members.select_related("image").get()
    assert item == {
        "image": member.image.digest,
        "side": "towards",
        "filename": "one.png",
        "source": "https://example.org",
        "licence": "CC0-1.0",
        "credit": "A. P.",
        "width": 48,
        "height": 48,
        "added_at": item["added_at"],
    }


def test_a_call_without_files_or_with_a_third_side_is_refused(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    assert errors(client.post(SET, {}, headers=as_ada)) == {"/files": "required"}
    assert errors(add(client, as_ada, upload(), side="up")) == {"/side": "invalid_choice"}
    assert errors(client.post(SET, {"files": "text"}, headers=as_ada)) == {"/files/0": "invalid"}


def test_json_is_not_read_here(client: Client, as_ada: Headers, draft: Aesthetic) -> None:
    response = client.post(SET, {}, content_type="application/json", headers=as_ada)
    problem(response, 415, "unsupported-media-type")


def test_a_used_up_share_is_429(
    client: Client, as_ada: Headers, draft: Aesthetic, settings: Settings
) -> None:
    settings.QUOTA_UPLOAD_IMAGES = 1
    add(client, as_ada, upload("1.png", picture(1)))
    response = add(client, as_ada, upload("2.png", picture(2)))
    body = problem(response, 429, "quota-exceeded")
    assert body["detail"].startswith("You have used today's 1 pictures.")
    assert body["violated-policies"] == ["pictures"]
    assert 0 < int(response["Retry-After"]) <= 86_400
    assert draft.members.count() == 1


def test_who_uploads_too_much_at_a_time_is_told_to_wait(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    with turns.turn(draft.owner_id), turns.turn(draft.owner_id), turns.turn(draft.owner_id):
        response = add(client, as_ada, upload("1.png", picture(1)))
    problem(response, 503, "busy")
    assert response["Retry-After"] == "5"


def test_a_share_used_up_on_the_way_is_told_in_the_report(
    client: Client, as_ada: Headers, draft: Aesthetic, settings: Settings
) -> None:
    settings.QUOTA_UPLOAD_IMAGES = 1
    response = add(client, as_ada, upload("1.png", picture(1)), upload("2.png", picture(2)))
    assert response.status_code == 200
    (refused,) = response.json()["refused"]
    assert (refused["name"], refused["code"]) == ("2.png", "quota-exceeded")
    assert draft.members.count() == 1


def test_too_many_files_at_once_are_refused_as_a_problem(
    client: Client, as_ada: Headers, draft: Aesthetic, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    files = [upload(f"{seed}.png", picture(seed)) for seed in range(3)]
    problem(add(client, as_ada, *files), 413, "too-large")


def test_a_picture_is_taken_out_by_its_digest(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    digest = factories.member(draft, 1).image.digest
    assert client.delete(f"{SET}/{digest}", headers=as_ada).status_code == 204
    problem(client.delete(f"{SET}/{digest}", headers=as_ada), 404, "not-found")
    assert not draft.members.exists()


def test_a_published_version_keeps_what_it_measured(
    client: Client, as_ada: Headers, version: Version
) -> None:
    for member in version.aesthetic.members.select_related("image"):
        client.delete(f"{SET}/{member.image.digest}", headers=as_ada)
    assert version.members.count() == 5
    assert client.get("/api/v1/aesthetics/ada/sea-mist/versions/v1").status_code == 200


def test_what_is_in_the_set_of_a_published_aesthetic_is_nobody_elses_business(
    client: Client, as_bob: Headers, version: Version
) -> None:
    digest = version.aesthetic.members.select_related("image")[0].image.digest
    for headers in ({}, as_bob):
        problem(client.get(SET, headers=headers), 404, "not-found")
    problem(add(client, as_bob, upload()), 403, "forbidden")
    problem(client.delete(f"{SET}/{digest}", headers=as_bob), 404, "not-found")
    assert version.aesthetic.members.count() == 5


def test_the_set_of_a_draft_is_missing_for_everybody_else(
    client: Client, as_bob: Headers, draft: Aesthetic
) -> None:
    digest = factories.member(draft, 1).image.digest
    problem(client.get(SET, headers=as_bob), 404, "not-found")
    problem(add(client, as_bob, upload()), 404, "not-found")
    problem(client.delete(f"{SET}/{digest}", headers=as_bob), 404, "not-found")


def test_the_bytes_of_a_picture_are_not_served_by_their_digest(
    client: Client, as_ada: Headers, version: Version
) -> None:
    """Whether the hub holds an image is never answered, not even to its owner."""
    digest = version.aesthetic.members.select_related("image")[0].image.digest
    for headers in ({}, as_ada):
        problem(client.get(f"/api/v1/blobs/{digest}", headers=headers), 404, "not-found")
        problem(client.get(f"/api/v1/by-hash/{digest}", headers=headers), 404, "not-found")
