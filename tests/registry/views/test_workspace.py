"""Pages for the owner of an aesthetic: card, set, builds, publishing."""

import pytest
from django.test import Client

from accounts.models import User
from registry import digests, publishing, queueing, takedowns
from registry.models import Aesthetic, JobState, Version
from tests import factories
from tests.answers import Answer

ONE = "/ada/sea-mist"
SET = f"{ONE}/images"
CARD = {"title": "Sea mist", "slug": "sea-mist", "licence": "CC-BY-4.0", "rating": "general"}


@pytest.fixture
def as_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def messages(response: Answer) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def send(client: Client, path: str, **values: object) -> Answer:
    """Send a form and follow where it leads."""
    response = client.post(path, values, follow=True)
    assert response.status_code == 200, path
    return response


def create(client: Client, **values: str) -> Answer:
    return client.post("/new", {**CARD, "visibility": "public", **values})


def test_a_new_aesthetic_leads_to_its_pictures(as_ada: Client) -> None:
    assert as_ada.get("/new").status_code == 200
    response = create(as_ada, tags="Blue, fog  blue", card="*Mornings*.")
    assert (response.status_code, response["Location"]) == (302, SET)
    made = Aesthetic.objects.get()
    assert (made.ref, made.tags) == ("ada/sea-mist", ["blue", "fog"])


def test_a_short_name_is_made_from_the_title(as_ada: Client) -> None:
    assert create(as_ada, slug="")["Location"] == SET


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"slug": "Sea Mist"}, "slug"),
        ({"slug": "edit"}, "slug"),
        ({"slug": "", "title": "海霧"}, "slug"),
        ({"slug": "", "title": "Latest"}, "slug"),
        ({"title": ""}, "title"),
        ({"title": "\u202e"}, "title"),
        ({"title": "\u200b\u2060"}, "title"),
        ({"tags": "blue, #fog"}, "tags"),
        ({"tags": " ".join(f"tag-{number}" for number in range(13))}, "tags"),
        ({"licence": "mine"}, "licence"),
    ],
)
def test_a_wrong_value_is_shown_beside_its_field(
    as_ada: Client, values: dict[str, str], field: str
) -> None:
    response = create(as_ada, **values)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert not Aesthetic.objects.exists()


@pytest.mark.parametrize("slug", ["sea-mist", ""])
def test_a_short_name_that_was_used_before_is_refused(
    as_ada: Client, draft: Aesthetic, slug: str
) -> None:
    for _ in range(2):
        response = create(as_ada, slug=slug)
        assert response.context["form"].errors["slug"] == ["You have used this short name before."]
        as_ada.post(f"{ONE}/delete")


def test_a_card_is_changed_but_not_its_address(as_ada: Client, draft: Aesthetic) -> None:
    assert as_ada.get(f"{ONE}/edit").status_code == 200
    changed = {**CARD, "slug": "x", "title": "Haze", "visibility": "private"}
    response = send(as_ada, f"{ONE}/edit", **changed)
    assert "Saved." in messages(response)
    draft.refresh_from_db()
    assert (draft.slug, draft.title, draft.visibility) == ("sea-mist", "Haze", "private")


def test_a_refused_change_names_the_look_by_its_stored_title(
    as_ada: Client, draft: Aesthetic
) -> None:
    refused = {**CARD, "title": "Haze", "licence": "mine", "visibility": "public"}
    page = " ".join(as_ada.post(f"{ONE}/edit", refused).content.decode().split())
    assert 'value="Haze"' in page  # what was typed is still there
    for sentence in ("Edit Sea Mist", "← Sea Mist", "Delete Sea Mist for good"):
        assert sentence in page


def test_deleting_takes_a_post_and_is_for_good(as_ada: Client, draft: Aesthetic) -> None:
    assert as_ada.get(f"{ONE}/delete").status_code == 405
    response = send(as_ada, f"{ONE}/delete")
    assert messages(response) == ["Sea Mist is deleted."]
    assert as_ada.get(ONE).status_code == 404


def test_the_workspace_says_why_a_build_cannot_start(as_ada: Client, draft: Aesthetic) -> None:
    factories.space()
    factories.member(draft, 1)
    assert "has 1 picture; 2 are the least" in as_ada.get(SET).content.decode()
    response = send(as_ada, f"{ONE}/builds")
    assert messages(response)[0].startswith("The side “towards” has 1 picture;")


def test_the_way_from_pictures_to_a_published_version(as_ada: Client, draft: Aesthetic) -> None:
    factories.members(draft, 5)
    factories.features(draft, factories.space())
    page = send(as_ada, f"{ONE}/builds").content.decode()
    assert "Waiting for a worker." in page
    build = draft.versions.get()
    status = f"{ONE}/builds/{build.pk}"
    assert "every 1s" in as_ada.get(status).content.decode()
    assert factories.built(draft) == build
    fragment = as_ada.get(status).content.decode()
    assert "every 1s" not in fragment
    assert "Publish for good" in fragment
    assert "<html" not in fragment
    response = send(as_ada, f"{status}/publish")
    assert messages(response) == ["Version 1 is published."]
    assert response.redirect_chain[-1][0] == f"{ONE}/versions/v1"
    assert "Version 1" in as_ada.get(SET).content.decode()


def test_the_same_set_again_says_that_nothing_changed(as_ada: Client, draft: Aesthetic) -> None:
    factories.built(draft)
    response = send(as_ada, f"{ONE}/builds")
    assert messages(response) == ["Nothing has changed since that build, so it stands."]


def test_after_a_withdrawal_the_same_set_needs_other_pictures(
    as_ada: Client, version: Version
) -> None:
    publishing.yank(version, reason="Too grey.")
    (told,) = messages(send(as_ada, f"{ONE}/builds"))
    assert "version 1, which was withdrawn; a new version needs other pictures" in told


def test_what_was_taken_down_is_called_so_and_not_built_again(
    as_ada: Client, version: Version
) -> None:
    takedowns.take_down(version, reason="The pictures were not ada's.")
    page = as_ada.get(SET).content.decode()
    assert "taken down</span>" in page
    assert "published</span>" not in page
    (told,) = messages(send(as_ada, f"{ONE}/builds"))
    assert "was taken down" in told
    assert version.aesthetic.versions.count() == 1


def test_few_pictures_are_published_with_consent_only(as_ada: Client, draft: Aesthetic) -> None:
    build = factories.built(draft, pictures=3)
    assert "This is few" in as_ada.get(SET).content.decode()
    path = f"{ONE}/builds/{build.pk}/publish"
    assert messages(send(as_ada, path))[0].startswith("This is few: with fewer than 5")
    assert messages(send(as_ada, path, accept_few="on")) == ["Version 1 is published."]


def test_a_refused_publishing_keeps_what_was_agreed_to(as_ada: Client, draft: Aesthetic) -> None:
    build = factories.built(draft, pictures=3)
    draft.members.update(source="", licence="")
    path = f"{ONE}/builds/{build.pk}/publish"
    asked = send(as_ada, path, accept_few="on")
    assert messages(asked)[0].startswith("Of 3 pictures nobody said where they are from")
    form = " ".join(asked.content.decode().split())
    assert '<details class="publish" open>' in form
    assert 'name="accept_few" checked' in form
    anew = " ".join(as_ada.get(SET).content.decode().split())
    assert '<details class="publish" open>' not in anew
    assert 'name="accept_few" checked' not in anew


def test_a_build_is_cancelled_once(as_ada: Client, draft: Aesthetic) -> None:
    factories.space()
    factories.members(draft, 2)
    build = queueing.queue_build(draft).version
    path = f"{ONE}/builds/{build.pk}/cancel"
    assert messages(send(as_ada, path)) == ["The build is cancelled; what was measured is kept."]
    assert messages(send(as_ada, path)) == []
    build.refresh_from_db()
    assert build.state == JobState.CANCELLED


def test_a_build_that_was_done_before_it_could_be_cancelled_stands(
    as_ada: Client, draft: Aesthetic
) -> None:
    build = factories.built(draft)
    response = send(as_ada, f"{ONE}/builds/{build.pk}/cancel")
    assert messages(response) == ["The build was done already; it stands."]
    build.refresh_from_db()
    assert build.has_succeeded


def test_a_version_is_withdrawn_with_a_reason_only(as_ada: Client, version: Version) -> None:
    path = f"{ONE}/versions/v1/withdraw"
    assert "Withdraw version 1" in as_ada.get(ONE).content.decode()
    said = as_ada.post(path, {"reason": " ", "superseded_by": ""}).content.decode()
    assert "A version is withdrawn with a reason only; please give one." in said
    version.refresh_from_db()
    assert version.yanked_at is None
    response = send(as_ada, path, reason="A picture was not ours.")
    assert messages(response) == ["Version 1 is withdrawn."]
    page = response.content.decode()
    assert "A picture was not ours." in page
    assert "Withdraw version 1" not in page
    assert "Draw with this look" not in page
    assert "withdrawn" in as_ada.get(SET).content.decode()
    assert as_ada.post(f"{ONE}/versions/v9/withdraw", {"reason": "x"}).status_code == 404


def test_latest_withdraws_the_newest_of_several(as_ada: Client, version: Version) -> None:
    newest = factories.shelved(version.aesthetic)
    response = send(as_ada, f"{ONE}/versions/latest/withdraw", reason="Too grey.")
    assert messages(response) == [f"Version {newest.number} is withdrawn."]
    assert list(version.aesthetic.versions.offered()) == [version]


def test_nobody_else_can_withdraw_a_version(bob: User, version: Version) -> None:
    client = Client()
    assert "Withdraw version" not in client.get(ONE).content.decode()
    client.force_login(bob)
    path = f"{ONE}/versions/v1/withdraw"
    assert client.post(path, {"reason": "Spite."}).status_code == 403
    version.refresh_from_db()
    assert version.yanked_at is None


def test_a_wrong_tag_is_named(as_ada: Client) -> None:
    errors = create(as_ada, tags="blue, #fog").context["form"].errors["tags"]
    assert errors == [
        "“#fog” is no tag: lower-case letters a to z, digits, and single hyphens between them."
    ]


def test_a_picture_of_a_zip_is_shown_without_its_folders(as_ada: Client, draft: Aesthetic) -> None:
    member = factories.member(draft, 1)
    member.filename = "holiday/sea.png"
    member.save()
    page = as_ada.get(SET).content.decode()
    assert "sea.png" in page
    assert "holiday" not in page


def test_older_builds_are_on_further_pages(as_ada: Client, draft: Aesthetic) -> None:
    failed = {"space": factories.space(), "state": JobState.FAILED, "image_count": 2}
    for number in range(12):
        recipe = digests.digest_bytes(f"{number}".encode())
        Version.objects.create(
            aesthetic=draft, reason=f"Fog {number}.", recipe_digest=recipe, **failed
        )
    newest, oldest = (as_ada.get(f"{SET}?page={page}").content.decode() for page in (1, 2))
    assert "Fog 11." in newest
    assert "Fog 1." not in newest
    assert 'href="?page=2"' in newest
    assert "Fog 1." in oldest
    assert "Fog 2." not in oldest


def test_a_failed_build_tells_its_reason(as_ada: Client, draft: Aesthetic) -> None:
    build = factories.built(draft)
    Version.objects.filter(pk=build.pk).update(state=JobState.FAILED, reason="It rained.")
    assert "It rained." in as_ada.get(SET).content.decode()


def test_others_are_refused_where_they_may_know_of_it(bob: User, version: Version) -> None:
    client = Client()
    client.force_login(bob)
    assert client.get(SET).status_code == 403
    assert client.get(f"{ONE}/edit").status_code == 403
    for path in (f"{SET}/upload", f"{ONE}/builds", f"{ONE}/delete"):
        assert client.post(path).status_code == 403
    assert "Only its owner can change a look." in client.get(SET).content.decode()


def test_the_workspace_is_kept_by_no_cache(as_ada: Client, draft: Aesthetic) -> None:
    for path in (SET, f"{ONE}/edit"):
        assert "no-store" in as_ada.get(path)["Cache-Control"]


def test_a_form_without_its_token_changes_nothing(ada: User, draft: Aesthetic) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    response = client.post(f"{ONE}/delete")
    assert response.status_code == 403
    assert "This form has been open too long." in response.content.decode()
    assert Aesthetic.objects.owned_by(ada).exists()
