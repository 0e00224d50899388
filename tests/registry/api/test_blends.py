"""`POST /blends`."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from registry.models import Aesthetic, Version
from tests import factories
from tests.answers import Answer, errors, problem


@pytest.fixture
def looks(ada: User) -> list[Version]:
    return [
        factories.published(factories.aesthetic(ada, slug), direction=direction)
        for direction, slug in enumerate(["fog", "neon"])
    ]


def ask(client: Client, person: User, path: str = "/api/v1/blends", **said: Any) -> Answer:
    return client.post(path, said, "application/json", headers=factories.bearer(person))


def two(looks: list[Version], *weights: float) -> list[dict[str, object]]:
    return [
        {"version": look.version_digest, **({"weight": weight} if weight else {})}
        for look, weight in zip(looks, weights or (0, 0), strict=True)
    ]


def test_a_blend_is_made_published_and_the_same_again(
    client: Client, looks: list[Version], bob: User
) -> None:
    said: dict[str, Any] = {"looks": two(looks, 1, -0.5), "slug": "mix", "title": "Mix"}
    answer = ask(client, bob, **said)
    body = answer.json()
    assert (answer.status_code, body["is_new"], body["aesthetic"]) == (201, True, "bob/mix")
    assert [parent["part"] for parent in body["blend"]["parents"]] == ["× 1", "× -0.5"]  # noqa: RUF001
    assert body["blend"]["licence"] == "CC-BY-4.0"
    assert "CC-BY-SA-4.0" in body["blend"]["licences"]
    assert {near["version"]["ref"] for near in body["nearest"]} == {"ada/fog@v1", "ada/neon@v1"}
    job = client.get(answer["Location"], headers=factories.bearer(bob)).json()
    assert (job["id"], job["state"]) == (body["build"], "succeeded")
    again = ask(client, bob, looks=two(looks, 1, -0.5), slug="mix")
    assert (again.status_code, again.json()["build"]) == (200, body["build"])
    done = ask(client, bob, "/api/v1/aesthetics/bob/mix/versions", build=body["build"])
    assert done.status_code == 201
    assert done.json()["construction"] == "blend"
    assert done.json()["vector_digest"] == body["blend"]["vector_digest"]
    assert done.json()["recipe_digest"] == body["blend"]["recipe_digest"]
    recipe = client.get("/api/v1/aesthetics/bob/mix/versions/v1/recipe").json()
    assert recipe["parents"] == sorted(look.version_digest for look in looks)


def test_a_dry_run_says_what_it_would_be_and_makes_nothing(
    client: Client, looks: list[Version], bob: User
) -> None:
    said: dict[str, Any] = {"looks": two(looks), "operation": "slerp", "share": 0.25}
    body = ask(client, bob, "/api/v1/blends?dry_run=true", **said).json()
    assert (body["build"], body["aesthetic"], body["is_new"]) == (None, None, False)
    cosines = [parent["cosine"] for parent in body["blend"]["parents"]]
    assert cosines[0] > cosines[1]
    assert Version.objects.count() == 2


@pytest.mark.parametrize("yes", ["True", "TRUE", "yes", "on", "1", "t"])
def test_a_dry_run_is_one_however_yes_is_written(
    client: Client, looks: list[Version], bob: User, yes: str
) -> None:
    said: dict[str, Any] = {"looks": two(looks), "slug": "mix", "title": "Mix"}
    answer = ask(client, bob, f"/api/v1/blends?dry_run={yes}", **said)
    assert (answer.status_code, answer.json()["build"]) == (200, None)
    assert not Aesthetic.objects.filter(owner=bob).exists()


@pytest.mark.parametrize("neither", ["x", "", "2", "tru"])
def test_what_is_neither_yes_nor_no_is_named_and_nothing_is_made(
    client: Client, looks: list[Version], bob: User, neither: str
) -> None:
    said: dict[str, Any] = {"looks": two(looks), "slug": "mix", "title": "Mix"}
    assert errors(ask(client, bob, f"/api/v1/blends?dry_run={neither}", **said)) == {
        "/dry_run": "invalid"
    }
    assert not Aesthetic.objects.filter(owner=bob).exists()


def test_no_dry_run_is_none(client: Client, looks: list[Version], bob: User) -> None:
    said: dict[str, Any] = {"looks": two(looks), "slug": "mix", "title": "Mix"}
    assert ask(client, bob, "/api/v1/blends?dry_run=false", **said).status_code == 201


def test_looks_too_long_for_their_difference_are_refused(client: Client, ada: User) -> None:
    """Such were imported before lengths were looked at."""
    long = [
        factories.shelved(factories.aesthetic(ada, slug), scale=scale)
        for slug, scale in (("fog", 5e37), ("neon", -5e37))
    ]
    said: dict[str, Any] = {"looks": two(long), "operation": "difference"}
    body = problem(ask(client, ada, "/api/v1/blends?dry_run=true", **said), 422, "wrong-parents")
    assert "the length inf" in body["detail"]


@pytest.mark.parametrize(
    ("said", "status", "kind"),
    [
        ({"operation": "sum"}, 422, "invalid"),
        ({"operation": "slerp", "slug": "mix"}, 422, "wrong-parents"),
        ({"operation": "difference", "looks": [{"version": "ada/fog"}]}, 422, "wrong-parents"),
        ({"looks": [{"version": "ada/none"}, {"version": "ada/fog"}]}, 422, "invalid"),
        ({"looks": []}, 422, "wrong-parents"),
        ({}, 422, "invalid"),  # no aesthetic is named
        ({"slug": "mix"}, 422, "invalid"),  # a new one, without a title
        ({"slug": "mix", "title": "Mix", "licence": "CC0-1.0"}, 409, "licence-not-inherited"),
    ],
)
def test_what_cannot_be_is_refused_by_its_type_and_leaves_nothing(
    client: Client,
    looks: list[Version],
    bob: User,
    said: dict[str, Any],
    status: int,
    kind: str,
) -> None:
    problem(ask(client, bob, **{"looks": two(looks), **said}), status, kind)
    assert not Aesthetic.objects.filter(owner=bob).exists()


def test_spaces_and_licences_are_refused_by_their_types(
    client: Client, looks: list[Version], ada: User, bob: User
) -> None:
    said: dict[str, Any] = {"looks": two(looks), "slug": "mix", "title": "Mix"}
    Aesthetic.objects.filter(slug="fog").update(licence="CC-BY-NC-ND-4.0")
    body = problem(ask(client, bob, **said), 422, "incompatible-licences")
    assert body["detail"].startswith("ada/fog@v1 can't be blended")
    Aesthetic.objects.filter(slug="fog").update(licence="CC-BY-4.0")
    elsewhere = factories.aesthetic(ada, "elsewhere")
    made = factories.shelved(elsewhere)
    copy = Version.objects.get(pk=made.pk)
    copy.pk, copy.number, copy.space = None, 2, factories.space("another")
    copy.recipe_digest = copy.version_digest = looks[0].recipe_digest
    copy._state.adding = True
    copy.save(force_insert=True)
    said["looks"] = [{"version": "ada/fog"}, {"version": "ada/elsewhere@v2"}]
    problem(ask(client, bob, **said), 422, "incompatible-space")


def test_it_takes_a_token_that_may_write(client: Client, looks: list[Version], bob: User) -> None:
    problem(client.post("/api/v1/blends", {}, "application/json"), 401, "unauthenticated")
    headers = factories.bearer(bob, "read")
    asked = client.post("/api/v1/blends", {}, "application/json", headers=headers)
    problem(asked, 403, "forbidden")
