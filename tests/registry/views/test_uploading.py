"""Pictures into a set and out of it, by a script and by a plain form."""

from contextlib import ExitStack

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from registry import turns
from registry.models import Aesthetic, Side
from tests import factories
from tests.registry.views.test_workspace import send

SET = "/ada/sea-mist/images"
picture, upload = factories.picture, factories.upload


@pytest.fixture
def as_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def test_pictures_are_uploaded_without_javascript(as_ada: Client, draft: Aesthetic) -> None:
    files = [upload("a.png", picture(1)), upload("b.jpg", picture(2))]
    response = send(as_ada, f"{SET}/upload", files=files, side="towards")
    page = response.content.decode()
    assert "a.png" in page
    assert "b.jpg is a PNG file; rename it or convert it." in page
    assert "wrong-extension" in page
    assert draft.members.count() == 1
    assert "b.jpg is a PNG file" not in as_ada.get(SET).content.decode()


def test_pictures_are_uploaded_by_a_script_that_reads_json(
    as_ada: Client, draft: Aesthetic
) -> None:
    response = as_ada.post(
        f"{SET}/upload",
        {"files": [upload("a.png"), upload("b.txt", b"x")], "side": "away"},
        headers={"Accept": "application/json"},
    )
    body = response.json()
    (accepted,) = body["accepted"]
    assert (accepted["name"], accepted["side"], accepted["had_location"]) == (
        "a.png",
        "away",
        False,
    )
    assert [refused["code"] for refused in body["refused"]] == ["unknown-extension"]
    assert draft.members.get().side == Side.AWAY


def test_a_used_up_share_is_told_to_pages_and_scripts(
    as_ada: Client, draft: Aesthetic, settings: Settings
) -> None:
    settings.QUOTA_UPLOAD_IMAGES = 0
    assert "You have used today" in send(as_ada, f"{SET}/upload", files=[upload()]).content.decode()
    response = as_ada.post(
        f"{SET}/upload", {"files": [upload()]}, headers={"Accept": "application/json"}
    )
    assert [refused["code"] for refused in response.json()["refused"]] == ["quota-exceeded"]


def test_a_script_is_told_to_send_the_file_again_and_a_page_what_is_the_matter(
    as_ada: Client, draft: Aesthetic
) -> None:
    busy = "The hub is looking at other uploads; try again in a moment."
    with ExitStack() as stack:
        for _ in range(turns.MOST_OF_A_PERSON):
            stack.enter_context(turns.turn(draft.owner_id))
        page = send(as_ada, f"{SET}/upload", files=[upload()])
        response = as_ada.post(
            f"{SET}/upload", {"files": [upload()]}, headers={"Accept": "application/json"}
        )
    assert busy in page.content.decode()
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json() == {"detail": busy}


def test_a_picture_is_removed_from_its_side_only(as_ada: Client, draft: Aesthetic) -> None:
    digest = factories.member(draft, 1).image.digest
    factories.member(draft, 1, Side.AWAY)
    send(as_ada, f"{SET}/{digest}/remove", side="away")
    assert [member.side for member in draft.members.all()] == ["towards"]
    assert as_ada.post(f"{SET}/{digest}/remove", {"side": "up"}).status_code == 404
