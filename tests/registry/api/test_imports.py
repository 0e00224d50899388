"""`POST /imports`: a file in, a build to publish out."""

import hashlib

import pytest
import torch
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from registry.models import Aesthetic, Version
from tests import factories
from tests.answers import Answer, errors, problem
from tests.concurrency import in_threads
from tests.registry.made_files import a_vector, json_of, saved

DATA = saved(torch.from_numpy(a_vector()).half())


def post(client: Client, person: User | None, **said: object) -> Answer:
    body = {
        "file": SimpleUploadedFile("fantasy.pt", DATA),
        "space": factories.space().name,
        "slug": "fantasy",
        "title": "Fantasy",
        **said,
    }
    sent = {name: value for name, value in body.items() if value is not None}
    headers = factories.bearer(person) if person else {}
    return client.post("/api/v1/imports", sent, headers=headers)


def test_a_space_that_no_text_can_name_is_none(client: Client, ada: User) -> None:
    assert errors(post(client, ada, space="a\0b")) == {"/space": "does_not_exist"}
    assert not Aesthetic.objects.exists()


def test_who_names_no_space_is_told_which_there_are(client: Client, ada: User) -> None:
    known = factories.space().name
    body = problem(post(client, ada, space="clip-vit"), 422, "invalid")
    assert body["errors"][0]["detail"] == f"There is no space “clip-vit” here; there is {known}."


@pytest.mark.parametrize("space", ["a\0b", "\ud800"])
def test_nor_can_a_file_say_it(client: Client, ada: User, space: str) -> None:
    file = SimpleUploadedFile("x.json", json_of(space=space))
    body = problem(
        post(client, ada, file=file), 422, "unsafe-file" if space == "\ud800" else "foreign-space"
    )
    assert body["detail"].startswith("x.json: ")


def test_a_file_becomes_a_build_of_a_new_aesthetic_and_is_published(
    client: Client, ada: User
) -> None:
    answer = post(client, ada, licence="CC0-1.0", tags=["castle"])
    assert answer.status_code == 201
    body = answer.json()
    assert body["aesthetic"] == "ada/fantasy"
    assert body["version"] == "draft"
    assert body["file_digest"] == f"sha256:{hashlib.sha256(DATA).hexdigest()}"
    assert (body["file_kind"], body["fingerprint"]) == ("pt", "unknown")
    assert "can't be told" in body["finding"]
    assert body["elsewhere"] == []
    headers = factories.bearer(ada)
    job = client.get(answer["Location"], headers=headers).json()
    assert job["state"] == "succeeded"
    published = client.post(
        "/api/v1/aesthetics/ada/fantasy/versions",
        {"build": body["build"]},
        "application/json",
        headers=headers,
    )
    assert published.status_code == 201
    version = published.json()
    assert (version["construction"], version["image_count"]) == ("import", 0)
    assert version["resultant_length"] is None
    assert version["fingerprint"] == "unknown"
    for file in version["files"]:
        assert client.get(file["url"]).status_code == 200
    made = Aesthetic.objects.get()
    assert (made.licence, made.tags) == ("CC0-1.0", ["castle"])


def test_a_file_becomes_a_version_of_an_aesthetic_that_is_there(
    client: Client, version: Version
) -> None:
    answer = post(client, version.aesthetic.owner, slug="sea-mist", title=None)
    assert answer.status_code == 201
    assert version.aesthetic.versions.count() == 2


def test_the_same_again_is_the_same(client: Client, ada: User) -> None:
    first = post(client, ada).json()
    again = post(client, ada, title=None)
    assert again.status_code == 200
    assert again.json()["build"] == first["build"]
    assert again.json()["is_new"] is False


@pytest.mark.django_db(transaction=True)
def test_a_new_slug_asked_for_at_once_is_made_once(ada: User) -> None:
    statuses: list[int] = []
    factories.space()
    in_threads(4, lambda: statuses.append(post(Client(), ada).status_code))
    assert sorted(statuses) == [201, 422, 422, 422]
    assert Aesthetic.objects.get().versions.count() == 1


def test_the_card_of_what_is_there_is_not_changed_by_the_way(
    client: Client, draft: Aesthetic
) -> None:
    assert errors(post(client, draft.owner, slug="sea-mist")) == {"/title": "invalid"}
    draft.refresh_from_db()
    assert draft.title == "Sea Mist"


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"space": "nowhere"}, "/space"),
        ({"space": None}, "/space"),
        ({"file": None}, "/file"),
        ({"slug": "No Slug"}, "/slug"),
        ({"slug": "v3"}, "/slug"),
        ({"title": None}, "/title"),
        ({"licence": "mine"}, "/licence"),
    ],
    ids=str,
)
def test_what_is_missing_or_wrong_is_named(
    client: Client, ada: User, said: dict[str, object], pointer: str
) -> None:
    assert pointer in errors_or_named(post(client, ada, **said))
    assert not Aesthetic.objects.exists()


def errors_or_named(answer: Answer) -> set[str]:
    assert answer.status_code == 422
    return {error["pointer"] for error in answer.json()["errors"]}


def test_it_takes_a_token_that_writes(client: Client, ada: User) -> None:
    problem(post(client, None), 401, "unauthenticated")
    body = {"file": SimpleUploadedFile("x.pt", DATA), "space": "x", "slug": "x"}
    headers = factories.bearer(ada, "read")
    problem(client.post("/api/v1/imports", body, headers=headers), 403, "forbidden")


def test_another_persons_slug_makes_an_aesthetic_of_ones_own(
    client: Client, version: Version, bob: User
) -> None:
    assert post(client, bob, slug="sea-mist").json()["aesthetic"] == "bob/sea-mist"
    assert version.aesthetic.versions.count() == 1
