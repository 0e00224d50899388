"""`/api/v1/aesthetics`: list, create, look at, change, delete."""

import pytest
from django.test import Client

from accounts.models import User
from registry.models import Aesthetic, Version
from tests import factories
from tests.answers import Answer, errors, problem
from tests.concurrency import in_threads

LIST = "/api/v1/aesthetics"
ONE = f"{LIST}/ada/sea-mist"

Headers = dict[str, str]


@pytest.fixture
def as_ada(ada: User) -> Headers:
    return factories.bearer(ada)


@pytest.fixture
def as_bob(bob: User) -> Headers:
    return factories.bearer(bob)


def create(client: Client, headers: Headers, **values: object) -> Answer:
    sent = {"slug": "sea-mist", "title": "Sea mist", **values}
    return client.post(LIST, sent, content_type="application/json", headers=headers)


def change(client: Client, headers: Headers, **values: object) -> Answer:
    return client.patch(ONE, values, content_type="application/json", headers=headers)


def test_a_draft_is_created_and_its_address_told(client: Client, as_ada: Headers) -> None:
    response = create(client, as_ada, tags=["blue", "fog"], card="*Mornings*.")
    assert response.status_code == 201
    assert response["Location"] == f"http://testserver{ONE}"
    body = response.json()
    assert body["ref"] == "ada/sea-mist"
    assert body["url"] == "/ada/sea-mist"
    assert body["tags"] == ["blue", "fog"]
    assert (body["licence"], body["rating"]) == ("CC-BY-4.0", "general")
    assert (body["visibility"], body["published_at"]) == ("public", None)
    assert client.get(response["Location"], headers=as_ada).json() == body


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"slug": "Sea Mist"}, "/slug"),
        ({"slug": "a--b"}, "/slug"),
        ({"slug": "x"}, "/slug"),
        ({"slug": "v2"}, "/slug"),
        ({"slug": "latest"}, "/slug"),
        ({"slug": "a" * 97}, "/slug"),
        ({"title": ""}, "/title"),
        ({"title": "a" * 121}, "/title"),
        ({"title": "a\0b"}, "/title"),
        ({"card": "a" * 20_001}, "/card"),
        ({"licence": "mine"}, "/licence"),
        ({"rating": "scary"}, "/rating"),
        ({"visibility": "secret"}, "/visibility"),
        ({"tags": ["Blue!"]}, "/tags/0"),
        ({"tags": [f"tag-{number}" for number in range(13)]}, "/tags"),
        ({"tags": "blue"}, "/tags"),
    ],
)
def test_a_value_that_cannot_be_used_is_pointed_at(
    client: Client, as_ada: Headers, values: dict[str, object], pointer: str
) -> None:
    assert list(errors(create(client, as_ada, **values))) == [pointer]
    assert not Aesthetic.objects.exists()


def test_what_is_missing_is_pointed_at(client: Client, as_ada: Headers) -> None:
    response = client.post(LIST, {}, content_type="application/json", headers=as_ada)
    assert errors(response) == {"/slug": "required", "/title": "required"}


def test_a_short_name_is_used_once(client: Client, as_ada: Headers, draft: Aesthetic) -> None:
    answer = create(client, as_ada)
    assert errors(answer) == {"/slug": "unique"}
    assert answer.json()["errors"][0]["detail"] == "You have used this short name before."


def test_another_person_may_use_the_same_short_name(
    client: Client, as_bob: Headers, draft: Aesthetic
) -> None:
    assert create(client, as_bob).json()["ref"] == "bob/sea-mist"


def test_what_the_hub_counts_is_not_set_from_outside(client: Client, as_ada: Headers) -> None:
    create(client, as_ada, download_count=9, published_at="2020-01-01T00:00:00Z", owner="bob")
    made = Aesthetic.objects.get()
    assert (made.download_count, made.published_at) == (0, None)
    assert made.owner.username == "ada"


def test_directions_that_turn_text_around_are_taken_out_of_titles(
    client: Client, as_ada: Headers
) -> None:
    """SPEC section 5: bidirectional controls are stripped from titles."""
    body = create(client, as_ada, title="Sea\u202e mist\u2066").json()
    assert body["title"] == "Sea mist"


def test_a_title_is_one_line_that_can_be_seen(client: Client, as_ada: Headers) -> None:
    body = create(client, as_ada, title="Sea\r\nmist\x1b \U0001f30a\ufe0f").json()
    assert body["title"] == "Sea mist  \U0001f30a\ufe0f"
    problem(create(client, as_ada, slug="other", title="\u200b\u2060"), 422, "invalid")


@pytest.mark.django_db(transaction=True)
def test_the_same_name_asked_for_at_once_is_given_once(as_ada: Headers) -> None:
    statuses: list[int] = []
    in_threads(4, lambda: statuses.append(create(Client(), as_ada).status_code))
    assert sorted(statuses) == [201, 422, 422, 422]


def test_a_card_is_changed_by_its_owner(client: Client, as_ada: Headers, draft: Aesthetic) -> None:
    response = change(client, as_ada, title="Haze", tags=["grey"])
    assert response.status_code == 200
    draft.refresh_from_db()
    assert (draft.title, draft.tags, draft.slug) == ("Haze", ["grey"], "sea-mist")


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"tags": ["Blue!"]}, "/tags/0"),
        ({"tags": [f"tag-{number}" for number in range(13)]}, "/tags"),
        ({"slug": "other"}, "/slug"),
    ],
)
def test_a_change_that_is_refused_changes_nothing(
    client: Client,
    as_ada: Headers,
    draft: Aesthetic,
    values: dict[str, object],
    pointer: str,
) -> None:
    before = Aesthetic.objects.values().get()
    assert list(errors(change(client, as_ada, **values))) == [pointer]
    assert Aesthetic.objects.values().get() == before


def test_only_the_owner_changes_and_deletes(
    client: Client, as_bob: Headers, version: Version
) -> None:
    body = problem(change(client, as_bob, title="Mine"), 403, "forbidden")
    assert body["detail"] == "ada/sea-mist belongs to ada."
    problem(client.delete(ONE, headers=as_bob), 403, "forbidden")


def test_what_one_may_not_know_of_is_missing(
    client: Client, as_bob: Headers, draft: Aesthetic
) -> None:
    for headers in ({}, as_bob):
        unknown = problem(client.get(f"{LIST}/ada/nothing", headers=headers), 404, "not-found")
        private = problem(client.get(ONE, headers=headers), 404, "not-found")
        assert private == {**unknown, "instance": ONE}
    problem(change(client, as_bob, title="Mine"), 404, "not-found")
    problem(client.delete(ONE, headers=as_bob), 404, "not-found")


def test_a_deleted_aesthetic_is_gone_for_its_owner_too(
    client: Client, as_ada: Headers, version: Version
) -> None:
    assert client.delete(ONE, headers=as_ada).status_code == 204
    problem(client.get(ONE, headers=as_ada), 404, "not-found")
    problem(client.delete(ONE, headers=as_ada), 404, "not-found")
    assert client.get(LIST).json()["items"] == []


def test_the_name_of_a_deleted_aesthetic_is_not_issued_again(
    client: Client, as_ada: Headers, draft: Aesthetic
) -> None:
    client.delete(ONE, headers=as_ada)
    problem(create(client, as_ada), 422, "invalid")


def test_everybody_sees_what_is_published(client: Client, version: Version) -> None:
    body = client.get(ONE).json()
    assert body["published_at"] is not None
    assert client.get(LIST).json()["items"] == [body]


def test_the_list_takes_words_tag_owner_space_and_order(client: Client, version: Version) -> None:
    Aesthetic.objects.update(tags=["blue"])
    for name, good, bad in (
        ("q", "mist", "desert"),
        ("tag", "blue", "red"),
        ("owner", "ada", "bob"),
        ("space", version.space.name, "clip"),
    ):
        assert len(client.get(LIST, {name: good}).json()["items"]) == 1
        assert client.get(LIST, {name: bad}).json()["items"] == []
    response = client.get(LIST, {"sort": "colour"})
    assert errors(response) == {"/sort": "invalid"}
    assert "“colour” is none of relevance" in response.json()["errors"][0]["detail"]


def test_methods_that_mean_nothing_are_refused(client: Client, as_ada: Headers) -> None:
    response = client.put(ONE, {}, content_type="application/json", headers=as_ada)
    problem(response, 405, "method-not-allowed")
    assert "PATCH" in response["Allow"]


def test_showing_what_was_published_and_hidden_needs_the_scope_publish(
    client: Client, ada: User, version: Version
) -> None:
    Aesthetic.objects.update(visibility="private")
    body = problem(
        change(client, factories.bearer(ada, "read", "write"), visibility="public"),
        403,
        "forbidden",
    )
    assert body["detail"] == "This token lacks the scope “publish”; it has read, write."
    assert not Aesthetic.objects.get().is_public
    answer = change(client, factories.bearer(ada, "write", "publish"), visibility="public")
    assert answer.status_code == 200
    assert Aesthetic.objects.get().is_public


def test_hiding_and_drafts_need_the_scope_write_alone(
    client: Client, ada: User, version: Version
) -> None:
    writer = factories.bearer(ada, "read", "write")
    assert change(client, writer, visibility="private").status_code == 200
    draft = factories.aesthetic(ada, "draft", visibility="private")
    path = f"{LIST}/{draft.ref}"
    shown = client.patch(
        path, {"visibility": "public"}, content_type="application/json", headers=writer
    )
    assert shown.status_code == 200


def test_deleting_what_was_published_needs_the_scope_publish(
    client: Client, ada: User, version: Version
) -> None:
    for scopes, lacking in ((["read", "write"], "publish"), (["read", "publish"], "write")):
        body = problem(client.delete(ONE, headers=factories.bearer(ada, *scopes)), 403, "forbidden")
        assert f"lacks the scope “{lacking}”" in body["detail"]
        assert Aesthetic.objects.get().deleted_at is None
    headers = factories.bearer(ada, "write", "publish")
    assert client.delete(ONE, headers=headers).status_code == 204
    assert Aesthetic.objects.get().deleted_at is not None


def test_deleting_a_draft_needs_the_scope_write_alone(
    client: Client, ada: User, draft: Aesthetic
) -> None:
    problem(client.delete(ONE, headers=factories.bearer(ada, "publish")), 403, "forbidden")
    assert client.delete(ONE, headers=factories.bearer(ada, "write")).status_code == 204
