"""`/api/v1/generations`: ask, wait, look; what is refused, and what others see."""

import io
from typing import Any

import pytest
from django.test import Client
from PIL import Image as Picture
from pytest_django import Settings

from accounts.models import User
from generation.models import Generation
from generation.prompts import queue_generation
from generation.tasks import draw_generation
from registry.digests import digest_bytes
from registry.models import JobState, Version
from tests import factories

GENERATIONS = "/api/v1/generations"
ASKED = {"aesthetic": "ada/sea-mist", "prompt": "a lighthouse at night"}


@pytest.fixture
def headers(ada: User) -> dict[str, str]:
    return factories.bearer(ada)


def post(client: Client, headers: dict[str, str], **asked: Any) -> Any:
    return client.post(GENERATIONS, asked, content_type="application/json", headers=headers)


def problem(answer: Any) -> str:
    """Return the last part of the problem's type; the answer must be problem details."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return str(answer.json()["type"]).rpartition("/")[2]


def pointers(answer: Any) -> dict[str, str]:
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


# --- From asking to the pictures ----------------------------------------------------------------


def test_a_generation_is_asked_for_waited_for_and_looked_at(
    client: Client, headers: dict[str, str], measured: Version
) -> None:
    asked = {**ASKED, "aesthetic": "ada/nebulae@v1", "steps": 2, "sampling_steps": 2, "seed": 3}
    accepted = post(client, headers, **asked)
    assert accepted.status_code == 202, accepted.content
    assert int(accepted["Retry-After"]) >= 1
    pk = accepted.json()["id"]
    assert accepted["Location"] == f"/api/v1/jobs/{pk}"
    waiting = client.get(accepted["Location"], headers=headers).json()
    assert (waiting["kind"], waiting["state"], waiting["result"]) == ("generation", "queued", None)

    draw_generation(pk)

    job = client.get(accepted["Location"], headers=headers).json()
    assert (job["state"], job["reason"]) == ("succeeded", "")
    assert job["progress"]["done"] == job["progress"]["total"] == 4
    made = client.get(f"{GENERATIONS}/{pk}", headers=headers).json()
    assert (made["aesthetic"], made["seed"], made["steps"]) == ("ada/nebulae@v1", 3, 2)
    assert len(made["agreement"]) == 3
    for which in ("plain", "personalised"):
        answer = client.get(made[which]["url"], headers=headers)
        assert answer["Content-Type"] == "image/png"
        data = b"".join(answer) if answer.streaming else answer.content
        assert digest_bytes(data) == made[which]["digest"]
        assert Picture.open(io.BytesIO(data)).format == "PNG"


def test_what_is_not_given_has_the_values_of_the_dose(
    client: Client, headers: dict[str, str], version: Version
) -> None:
    pk = post(client, headers, **ASKED).json()["id"]
    made = client.get(f"{GENERATIONS}/{pk}", headers=headers).json()
    assert (made["optimiser"], made["steps"], made["guidance"]) == ("adam", 20, 4.0)
    assert made["state"] == "queued"
    assert (made["plain"], made["personalised"], made["drift"]) == (None, None, None)


def test_a_failed_generation_says_why(
    client: Client, headers: dict[str, str], version: Version
) -> None:
    pk = post(client, headers, **ASKED).json()["id"]
    Generation.objects.filter(pk=pk).update(state=JobState.FAILED, reason="The prompt is too long.")
    for path in (f"{GENERATIONS}/{pk}", f"/api/v1/jobs/{pk}"):
        told = client.get(path, headers=headers).json()
        assert (told["state"], told["reason"]) == ("failed", "The prompt is too long.")


def test_the_list_has_your_own_newest_first_in_pages(
    client: Client, ada: User, bob: User, version: Version
) -> None:
    for number in range(3):
        queue_generation(ada, version=version, prompt=f"picture {number}")
    queue_generation(bob, version=version, prompt="picture of bob")
    headers = factories.bearer(ada)
    first = client.get(f"{GENERATIONS}?limit=2", headers=headers).json()
    assert [made["prompt"] for made in first["items"]] == ["picture 2", "picture 1"]
    second = client.get(first["next"], headers=headers).json()
    assert [made["prompt"] for made in second["items"]] == ["picture 0"]


# --- Cancelling ---------------------------------------------------------------------------------


def test_a_waiting_generation_is_cancelled_by_deleting_its_job(
    client: Client, headers: dict[str, str], version: Version
) -> None:
    job = post(client, headers, **ASKED)["Location"]
    cancelled = client.delete(job, headers=headers)
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    again = client.delete(job, headers=headers)
    assert (again.status_code, problem(again)) == (409, "job-ended")


# --- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"prompt": ""}, "/prompt"),
        ({"aesthetic": "sea-mist"}, "/aesthetic"),
        ({"steps": 51}, "/steps"),
        ({"steps": "many"}, "/steps"),
        ({"rate": "NaN"}, "/rate"),
        ({"weight": "nan"}, "/weight"),
        ({"guidance": "Infinity"}, "/guidance"),
        ({"seed": -1}, "/seed"),
        ({"width": 100}, "/width"),
        ({"sampler": "euler"}, "/sampler"),
        ({"prompt": "a \x00 b"}, "/prompt"),
    ],
)
def test_a_value_that_cannot_be_used_is_pointed_at(
    client: Client,
    headers: dict[str, str],
    version: Version,
    asked: dict[str, Any],
    pointer: str,
) -> None:
    answer = post(client, headers, **{**ASKED, **asked})
    assert (answer.status_code, problem(answer)) == (422, "invalid")
    assert list(pointers(answer)) == [pointer]
    assert not Generation.objects.exists()


@pytest.mark.parametrize("missing", ["aesthetic", "prompt"])
def test_what_is_missing_is_pointed_at(
    client: Client, headers: dict[str, str], version: Version, missing: str
) -> None:
    asked = {name: value for name, value in ASKED.items() if name != missing}
    answer = post(client, headers, **asked)
    assert answer.status_code == 422
    assert pointers(answer) == {f"/{missing}": "required"}


def test_a_version_that_is_not_there_is_a_404_that_points_at_its_name(
    client: Client, headers: dict[str, str], version: Version
) -> None:
    answer = post(client, headers, **{**ASKED, "aesthetic": "ada/sea-mist@v9"})
    assert (answer.status_code, problem(answer)) == (404, "not-found")
    assert pointers(answer) == {"/aesthetic": "not-found"}
    assert "ada/sea-mist@v9" in answer.content.decode()


def test_a_version_of_another_space_is_refused_by_that_name_at_its_own_place(
    client: Client, headers: dict[str, str], version: Version, settings: Settings
) -> None:
    settings.HUB_SPACE = "clip-vit-l-14-openai"
    answer = post(client, headers, **ASKED)
    assert problem(answer) == "incompatible-space"
    assert pointers(answer) == {"/aesthetic": "incompatible-space"}


def test_the_quota_is_a_problem_of_its_own(
    client: Client, headers: dict[str, str], version: Version, settings: Settings
) -> None:
    settings.QUOTA_GENERATIONS = 1
    assert post(client, headers, **ASKED).status_code == 202
    answer = post(client, headers, **ASKED)
    assert (answer.status_code, problem(answer)) == (429, "quota-exceeded")
    assert answer.json()["violated-policies"] == ["drawings"]
    assert 0 < int(answer["Retry-After"]) <= 86_400


# --- Who may ------------------------------------------------------------------------------------


def test_drawing_needs_a_person(client: Client, version: Version) -> None:
    answer = post(client, {}, **ASKED)
    assert (answer.status_code, problem(answer)) == (401, "unauthenticated")
    assert client.get(GENERATIONS).status_code == 401


def test_a_token_needs_the_scope_generate_to_draw_and_read_to_look(
    client: Client, ada: User, version: Version
) -> None:
    looks = factories.bearer(ada, "read", "write", "publish")
    refused = post(client, looks, **ASKED)
    assert (refused.status_code, problem(refused)) == (403, "forbidden")
    assert "generate" in refused.json()["detail"]
    assert client.get(GENERATIONS, headers=looks).status_code == 200

    draws = factories.bearer(ada, "generate")
    assert post(client, draws, **ASKED).status_code == 202
    assert client.get(GENERATIONS, headers=draws).status_code == 403


def test_drawings_of_others_are_not_there(client: Client, bob: User, finished: Generation) -> None:
    paths = [
        f"{GENERATIONS}/{finished.pk}",
        f"{GENERATIONS}/{finished.pk}/pictures/plain",
        f"/api/v1/jobs/{finished.pk}",
    ]
    for headers in (factories.bearer(bob), {}):
        for path in paths:
            assert client.get(path, headers=headers).status_code in {401, 404}, path
    assert client.delete(paths[2], headers=factories.bearer(bob)).status_code == 404
    assert client.get(GENERATIONS, headers=factories.bearer(bob)).json()["items"] == []


def test_a_picture_has_two_kinds_and_no_other(
    client: Client, headers: dict[str, str], finished: Generation
) -> None:
    place = f"{GENERATIONS}/{finished.pk}/pictures"
    assert client.get(f"{place}/plain", headers=headers).status_code == 200
    assert client.get(f"{place}/checkpoint", headers=headers).status_code == 404


def test_a_picture_that_the_client_has_is_not_sent_again(
    client: Client, headers: dict[str, str], finished: Generation
) -> None:
    path = f"{GENERATIONS}/{finished.pk}/pictures/personalised"
    first = client.get(path, headers=headers)
    again = client.get(path, headers={**headers, "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert "private" in first["Cache-Control"]
