"""Bodies with members that nobody knows."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from registry.models import Aesthetic
from tests import factories
from tests.answers import errors

LIST = "/api/v1/aesthetics"
CARD = {"slug": "sea-mist", "title": "Sea mist", "licence": "CC0-1.0"}


def post(client: Client, ada: User, path: str, body: Any) -> Any:
    return client.post(path, body, "application/json", headers=factories.bearer(ada))


def test_a_mistyped_member_is_told_with_the_one_that_was_meant(client: Client, ada: User) -> None:
    answer = post(client, ada, LIST, {**CARD, "licnece": "CC-BY-4.0"})
    assert errors(answer) == {"/licnece": "unknown-member"}
    (error,) = answer.json()["errors"]
    assert error["detail"] == "This call takes no “licnece”; did you mean “licence”?"
    assert not Aesthetic.objects.exists()


def test_a_member_like_no_other_is_told_with_all_that_there_are(client: Client, ada: User) -> None:
    asked = {"aesthetic": "ada/sea-mist", "prompt": "a boat", "steps": [1], "seeds": [2], "q": 5}
    answer = post(client, ada, "/api/v1/sheets/doses", asked)
    assert errors(answer) == {"/q": "unknown-member"}
    detail = answer.json()["errors"][0]["detail"]
    assert detail.startswith("This call takes no “q”; use aesthetic, others, prompt, steps, seeds,")


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("generations", {"negativ_prompt": "a dog"}, "/negativ_prompt"),
        ("dose", {"seed": 3}, "/seed"),
        ("agreement", {"steps": 3}, "/steps"),
        ("generations", {"others": [{"aesthetic": "a/b", "wieght": 1}]}, "/others/0/wieght"),
        ("generations", {"a/b~c": 1}, "/a~1b~0c"),
    ],
)
def test_a_call_that_draws_or_asks_is_closed(
    client: Client, ada: User, path: str, body: dict[str, Any], pointer: str
) -> None:
    asked = {"aesthetic": "ada/sea-mist", "prompt": "a boat", **body}
    (found, code), *others = errors(post(client, ada, f"/api/v1/{path}", asked)).items()
    assert found == pointer
    assert code in {"unknown-member", "required"}  # the weight is missing too
    assert not others


def test_what_the_hub_sets_may_be_sent_back(client: Client, ada: User, draft: Aesthetic) -> None:
    card = client.get(f"{LIST}/ada/sea-mist", headers=factories.bearer(ada)).json()
    changed = client.patch(
        f"{LIST}/ada/sea-mist",
        {**card, "title": "Fog"},
        "application/json",
        headers=factories.bearer(ada),
    )
    assert (changed.status_code, changed.json()["title"]) == (200, "Fog")


def test_many_and_long_names_are_told_in_part(client: Client, ada: User) -> None:
    answer = post(client, ada, LIST, {**CARD, **{f"{'x' * 5000}{n}": n for n in range(30)}})
    assert len(errors(answer)) == 10
    assert all(len(error["detail"]) < 300 for error in answer.json()["errors"])


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("generations", {"prompt": 7}, {"/prompt": "invalid"}),
        ("generations", {"rate": True, "seed": "7"}, {"/rate": "invalid", "/seed": "invalid"}),
        ("generations", {"rate": True, "steps": -1}, {"/rate": "invalid", "/steps": "min_value"}),
        ("generations", {"others": [{"aesthetic": "a/b", "weight": "1"}]}, "/others/0/weight"),
        ("sheets/doses", {"steps": [0, True], "seeds": [1]}, {"/steps/1": "invalid"}),
        ("sheets/looks", {"aesthetics": ["a/b"], "prompts": ["a", 1.5]}, {"/prompts/1": "invalid"}),
    ],
    ids=str,
)
def test_a_value_of_another_type_is_not_taken_for_what_it_may_mean(
    client: Client, ada: User, path: str, body: dict[str, Any], expected: Any
) -> None:
    said = {"aesthetic": "ada/sea-mist", "prompt": "a boat"}
    known = {} if path == "sheets/looks" else said
    found = errors(post(client, ada, f"/api/v1/{path}", {**known, **body}))
    assert found == (expected if isinstance(expected, dict) else {expected: "invalid"})


def test_a_card_says_texts_in_texts(client: Client, ada: User) -> None:
    answer = post(client, ada, LIST, {**CARD, "title": 7, "tags": ["sea", 8]})
    assert errors(answer) == {"/title": "invalid", "/tags/1": "invalid"}
    (told, _) = answer.json()["errors"]
    assert told["detail"] == "This is not a text; put it in quotation marks."


@pytest.mark.parametrize(
    ("path", "code", "detail"),
    [
        (f"{LIST}?tga=sea", "/tga", "This call takes no “tga”; did you mean “tag”?"),
        (f"{LIST}?licence=CC0-1.0", "/licence", "; use cursor, limit, q, owner, tag, space, sort."),
        ("/api/v1/generations?q=boat", "/q", "This call takes no “q”; use cursor, limit."),
    ],
)
def test_a_list_does_not_pass_over_a_parameter_that_it_does_not_know(
    client: Client, ada: User, path: str, code: str, detail: str
) -> None:
    answer = client.get(path, headers=factories.bearer(ada))
    assert errors(answer) == {code: "unknown-parameter"}
    assert answer.json()["errors"][0]["detail"].endswith(detail)


def test_a_mistyped_dry_run_makes_nothing(client: Client, ada: User) -> None:
    answer = post(client, ada, "/api/v1/blends?dryrun=true", {})
    assert errors(answer) == {"/dryrun": "unknown-parameter"}
    assert answer.json()["errors"][0]["detail"].endswith("did you mean “dry_run”?")
