"""The page that blends looks: what it shows, saves and refuses."""

import pytest
from django.test import Client

from accounts.models import User
from registry import publishing
from registry.models import Aesthetic, Version
from tests import factories
from tests.registry.views.test_workspace import messages, send

LOOKS = "ada/fog\nada/neon@v1 -0.5\n"


@pytest.fixture
def looks(ada: User) -> list[Version]:
    return [
        factories.published(factories.aesthetic(ada, slug, **card), direction=direction)
        for direction, (slug, card) in enumerate(
            [("fog", {}), ("neon", {"licence": "CC-BY-SA-4.0", "rating": "mature"})]
        )
    ]


@pytest.fixture
def as_bob(bob: User, looks: list[Version]) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def preview(client: Client, **asked: str) -> str:
    query: dict[str, str] = {"looks": LOOKS, "operation": "weighted-mean", **asked}
    return " ".join(client.get("/new/blend", query).content.decode().split())


def test_it_begins_with_a_look_of_the_address(as_bob: Client) -> None:
    page = as_bob.get("/new/blend", {"looks": "ada/fog@v1"}).content.decode()
    assert "ada/fog@v1</textarea>" in page
    assert "What comes out" not in page
    assert "errorlist" not in page


def test_what_comes_out_is_shown_before_anything_is_kept(as_bob: Client) -> None:
    page = preview(as_bob)
    for shown in (
        "What comes out", "× 1", "× -0.5", "ada/neon@v1", "cosine of the blend and it: 0.",  # noqa: RUF001
        "CC BY-SA 4.0: credit, share alike", "For adults", "Close to it", "Save as a draft",
    ):  # fmt: skip
        assert shown in page
    assert Version.objects.count() == 2


def test_it_is_saved_as_a_draft_of_a_new_look_that_inherits_and_then_published(
    as_bob: Client, looks: list[Version]
) -> None:
    asked = {"looks": LOOKS, "operation": "weighted-mean", "title": "Foggy neon", "aesthetic": ""}
    response = send(as_bob, "/new/blend", **asked)
    assert messages(response) == ["The blend is saved as a draft; look at it, and publish."]
    made = Aesthetic.objects.get(slug="foggy-neon")
    assert (made.licence, made.rating, made.is_published) == ("CC-BY-SA-4.0", "mature", False)
    page = " ".join(response.content.decode().split())
    for shown in ("Blend of", "ada/fog@v1</a> × 1", "ada/neon@v1</a> × -0.5"):  # noqa: RUF001
        assert shown in page
    again = send(as_bob, "/new/blend", **asked | {"aesthetic": made.pk, "title": ""})
    assert messages(again) == ["This blend was made before, so that version stands."]
    build = made.versions.get()
    done = send(as_bob, f"/bob/foggy-neon/builds/{build.pk}/publish")
    assert messages(done) == ["Version 1 is published."]
    assert "Blended of other looks." in done.content.decode()
    assert "Neon (ada/neon@v1) by ada, CC-BY-SA-4.0" in done.content.decode()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"looks": "ada/fog"}, "made of 2 to 16 different looks, not of 1."),
        ({"looks": "ada/fog\nada/nothing"}, "“ada/nothing” is no published look"),
        ({"looks": "ada/fog\nada/fog@v1"}, "ada/fog@v1 is named twice."),
        ({"looks": "ada/fog\nada/neon 0"}, "0 is no weight"),
        ({"operation": "slerp", "looks": "ada/fog\nada/neon"}, "which needs one."),
        ({"operation": "slerp", "share": "2"}, "less than or equal to 1"),
        ({"operation": "difference"}, "Only a weighted mean takes weights."),
        ({"looks": "\n".join(["ada/fog"] * 17)}, "17 looks are too many"),
        ({"looks": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_on_the_page(
    as_bob: Client, asked: dict[str, str], said: str
) -> None:
    page = preview(as_bob, **asked)
    assert said in page
    assert "Save as a draft" not in page


def test_licences_that_forbid_it_are_named_on_the_page(
    as_bob: Client, looks: list[Version]
) -> None:
    Aesthetic.objects.filter(slug="fog").update(licence="CC-BY-NC-4.0")
    assert "ada/fog@v1 and ada/neon@v1 can&#x27;t be blended: CC BY-NC 4.0" in preview(as_bob)


def test_a_look_whose_card_is_too_open_is_refused_beside_its_field(
    as_bob: Client, bob: User
) -> None:
    own = factories.aesthetic(bob, "own", licence="CC0-1.0")
    asked = {"looks": LOOKS, "operation": "weighted-mean", "aesthetic": own.pk}
    response = send(as_bob, "/new/blend", **asked)
    assert "bob/own can&#x27;t be CC0 1.0: ada/neon@v1 is CC BY-SA 4.0" in response.content.decode()
    assert not own.versions.exists()


def test_a_new_look_needs_a_title_and_nobody_elses_look_is_offered(
    as_bob: Client, looks: list[Version]
) -> None:
    asked = {"looks": LOOKS, "operation": "weighted-mean"}
    response = send(as_bob, "/new/blend", **asked)
    assert list(response.context["new_look"].errors) == ["title"]
    theirs = looks[0].aesthetic_id
    response = send(as_bob, "/new/blend", **asked, aesthetic=theirs)
    assert list(response.context["target"].errors) == ["aesthetic"]
    assert Version.objects.count() == 2


def test_a_withdrawn_look_is_not_offered_for_blending(as_bob: Client, looks: list[Version]) -> None:
    publishing.yank(looks[0], reason="Too grey.")
    assert "is no published look" in preview(as_bob)
    assert "/new/blend?looks" not in as_bob.get("/ada/fog/versions/v1").content.decode()
    assert "/new/blend?looks=ada/neon@v1" in as_bob.get("/ada/neon").content.decode()


def test_a_card_of_a_blend_is_not_edited_to_be_more_open(as_bob: Client) -> None:
    asked = {"looks": LOOKS, "operation": "weighted-mean", "title": "Mix"}
    send(as_bob, "/new/blend", **asked)
    publishing.publish(Aesthetic.objects.get(slug="mix").versions.get())
    card = {"title": "Mix", "visibility": "public", "rating": "mature"}
    response = send(as_bob, "/bob/mix/edit", **card, licence="CC0-1.0")
    assert list(response.context["form"].errors) == ["licence"]
    response = send(as_bob, "/bob/mix/edit", **card | {"rating": "general"}, licence="CC-BY-SA-4.0")
    assert list(response.context["form"].errors) == ["rating"]
    assert "Saved." in messages(send(as_bob, "/bob/mix/edit", **card, licence="CC-BY-SA-4.0"))


def test_nobody_in_particular_is_asked_who_they_are(client: Client, db: None) -> None:
    response = client.get("/new/blend")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")
