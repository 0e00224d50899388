"""Refusals of what is asked of drawings point at members that the call has."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from generation.models import Sheet
from registry.models import Version
from tests import factories
from tests.answers import Answer, problem

ASKED: dict[str, dict[str, Any]] = {
    "sheets/looks": {"aesthetics": ["ada/sea-mist"], "prompts": ["a cat"]},
    "sheets/doses": {"aesthetic": "ada/sea-mist", "prompt": "a cat", "steps": [1], "seeds": [1]},
    "generations": {"aesthetic": "ada/sea-mist", "prompt": "a cat"},
    "dose": {"aesthetic": "ada/sea-mist", "prompt": "a cat"},
    "agreement": {"aesthetic": "ada/sea-mist", "prompt": "a cat"},
}


def post(client: Client, person: User, path: str, **said: Any) -> Answer:
    return client.post(
        f"/api/v1/{path}",
        {**ASKED[path], **said},
        content_type="application/json",
        headers=factories.bearer(person),
    )


def pointers(answer: Answer, status: int, kind: str) -> list[str]:
    return [error["pointer"] for error in problem(answer, status, kind)["errors"]]


@pytest.mark.parametrize(
    ("path", "said", "pointer"),
    [
        ("sheets/looks", {"prompts": ["a cat", "(oil:9999)"]}, "/prompts/1"),
        ("sheets/looks", {"prompts": ["a cat", " "]}, "/prompts/1"),
        ("sheets/looks", {"prompts": ["a \0 cat"]}, "/prompts/0"),
        ("sheets/looks", {"prompts": []}, "/prompts"),
        ("sheets/looks", {"negative_prompt": "(oil:9999)"}, "/negative_prompt"),
        ("sheets/looks", {"width": 100}, "/width"),
        ("sheets/doses", {"prompt": "(oil:9999)"}, "/prompt"),
        ("sheets/doses", {"seeds": [1, -1]}, "/seeds/1"),
        ("sheets/doses", {"steps": [1, 51]}, "/steps/1"),
        ("generations", {"prompt": "(oil:9999)"}, "/prompt"),
    ],
)
def test_a_value_that_cannot_be_used_is_pointed_at(
    client: Client, version: Version, path: str, said: dict[str, Any], pointer: str
) -> None:
    answer = post(client, version.aesthetic.owner, path, **said)
    assert pointers(answer, 422, "invalid") == [pointer]
    assert not Sheet.objects.exists()


@pytest.mark.parametrize("path", ["generations", "sheets/doses", "dose", "agreement"])
def test_a_look_of_another_space_is_pointed_at_by_the_calls_own_name(
    client: Client, version: Version, settings: Settings, path: str
) -> None:
    settings.HUB_SPACE = "elsewhere"
    answer = post(client, version.aesthetic.owner, path)
    assert pointers(answer, 422, "incompatible-space") == ["/aesthetic"]


def test_of_several_looks_the_one_that_cannot_be_drawn_is_pointed_at(
    client: Client, version: Version
) -> None:
    factories.shelved(factories.aesthetic(factories.person("eve"), "far"), within="another-space")
    for ref, status, kind in (
        ("eve/far", 422, "incompatible-space"),
        ("eve/nothing", 404, "not-found"),
    ):
        answer = post(
            client,
            version.aesthetic.owner,
            "sheets/looks",
            aesthetics=["ada/sea-mist", ref, "eve/never"],
        )
        assert pointers(answer, status, kind) == ["/aesthetics/1"]
    assert not Sheet.objects.exists()
