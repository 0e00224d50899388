"""The set doctor's pages: what it found, dropping by one click, putting back, two versions."""

import re
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from registry import formats, importing, publishing, queueing
from registry.models import Aesthetic, QualityReport, Version
from registry.tasks import build_version
from tests import factories
from tests.answers import Answer
from tests.registry.made_files import a_vector
from tests.registry.test_quality import alike, lose_picture, turn

ONE = "/ada/sea-mist"
SET = f"{ONE}/images"


@pytest.fixture
def as_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def build(draft: Aesthetic) -> Version:
    """A build of twelve pictures, one of which stands apart."""
    stranger = factories.members(draft, 12)[4].image
    factories.features(draft, factories.space())
    turn(stranger, dimension=5, by=6.0)
    return factories.built(draft)


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def ticked(text: str) -> list[str]:
    """Return the values of the boxes that are ticked at first."""
    boxes = re.findall(r"<input[^>]*type=\"checkbox\"[^>]*>", text)
    return [re.findall(r'value="([^"]*)"', box)[0] for box in boxes if "checked" in box]


def drop(client: Client, build: Version, values: list[str]) -> Answer:
    return client.post(f"{ONE}/builds/{build.pk}/drop", {"picture": values}, follow=True)


def messages(response: Answer) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_the_workspace_leads_to_the_check_and_says_what_was_found(
    as_ada: Client, build: Version
) -> None:
    text = page(as_ada, SET)
    assert f"{ONE}/builds/{build.pk}/check" in text
    assert "1 picture stands apart" in " ".join(text.split())


def test_where_a_picture_is_lost_the_check_says_so_in_the_workspace(
    as_ada: Client, build: Version, media_folder: Path
) -> None:
    lose_picture(build, media_folder)
    QualityReport.objects.all().delete()
    response = as_ada.get(f"{ONE}/builds/{build.pk}/check", follow=True)
    assert response.redirect_chain == [(SET, 302)]
    (said,) = messages(response)
    assert "a picture that it was measured from is lost" in said


def test_one_click_drops_what_stands_apart_and_measures_the_rest(
    as_ada: Client, build: Version
) -> None:
    text = page(as_ada, f"{ONE}/builds/{build.pk}/check")
    (value,) = ticked(text)
    response = drop(as_ada, build, [value])
    assert response.redirect_chain[-1][0] == SET
    after = response.content.decode()
    assert "1 picture dropped, and the rest is measured." in after
    newest = build.aesthetic.versions.first()
    assert newest is not None
    assert newest.image_count == 11
    build_version(str(newest.pk))
    assert "Nothing stands out" in page(as_ada, f"{ONE}/builds/{newest.pk}/check")


def test_what_was_dropped_is_put_back_by_one_click(as_ada: Client, build: Version) -> None:
    (value,) = ticked(page(as_ada, f"{ONE}/builds/{build.pk}/check"))
    drop(as_ada, build, [value])
    assert build.aesthetic.members.count() == 11
    response = as_ada.post(f"{SET}/put-back", follow=True)
    assert messages(response) == ["1 picture is back in the set; the build of before stands."]
    assert build.aesthetic.members.count() == 12
    assert "dropped" not in page(as_ada, SET)
    assert messages(as_ada.post(f"{SET}/put-back", follow=True)) == [
        "There is nothing to put back."
    ]


def test_putting_back_is_offered_where_what_is_left_was_measured_before(
    as_ada: Client, build: Version
) -> None:
    added = factories.member(build.aesthetic, 99)
    newer = factories.built(build.aesthetic)
    response = drop(as_ada, newer, [f"towards {added.image.digest}"])
    after = response.content.decode()
    assert "1 picture dropped, and the rest is measured." in after
    assert f'action="{SET}/put-back"' in after
    as_ada.post(f"{SET}/put-back")
    kept = build.aesthetic.members.get(image=added.image)
    assert (kept.source, kept.licence, kept.credit) == (added.source, added.licence, added.credit)
    assert f'action="{SET}/put-back"' not in page(as_ada, SET)


def test_what_was_dropped_is_no_burden_on_the_session(
    as_ada: Client, ada: User, build: Version
) -> None:
    """Each request reads the session: it holds nothing of them, and another browser knows them."""
    before = dict(as_ada.session)
    drop(as_ada, build, ticked(page(as_ada, f"{ONE}/builds/{build.pk}/check")))
    assert dict(as_ada.session) == before
    other_browser = Client()
    other_browser.force_login(ada)
    assert "1 picture dropped" in page(other_browser, SET)
    response = other_browser.post(f"{SET}/put-back", follow=True)
    assert messages(response) == ["1 picture is back in the set; the build of before stands."]


def test_what_was_dropped_here_is_not_put_back_there(as_ada: Client, build: Version) -> None:
    other = factories.aesthetic(build.aesthetic.owner, "other")
    drop(as_ada, build, ticked(page(as_ada, f"{ONE}/builds/{build.pk}/check")))
    assert "dropped" not in page(as_ada, "/ada/other/images")
    response = as_ada.post("/ada/other/images/put-back", follow=True)
    assert messages(response) == ["There is nothing to put back."]
    assert not other.members.exists()


def test_pictures_stand_in_the_order_of_their_influence(as_ada: Client, build: Version) -> None:
    text = page(as_ada, f"{ONE}/builds/{build.pk}/check").partition('id="all"')[2]
    turns = [float(number) for number in re.findall(r"turns it by ([0-9.]+)°", text)]
    assert len(turns) == 12
    assert turns == sorted(turns, reverse=True)


def test_two_styles_are_shown_as_two_groups(as_ada: Client, draft: Aesthetic) -> None:
    members = factories.members(draft, 20)
    factories.features(draft, factories.space())
    for member in members[12:]:
        turn(member.image, dimension=9, by=9.0)
    build = factories.built(draft)
    text = page(as_ada, f"{ONE}/builds/{build.pk}/check")
    assert "This looks like two styles" in text
    assert len(ticked(text)) == 20  # each group with all its pictures, in a form of its own


def test_frames_of_one_shot_are_shown_once_as_a_group(as_ada: Client, draft: Aesthetic) -> None:
    build = alike(draft, 16)
    text = page(as_ada, f"{ONE}/builds/{build.pk}/check")
    assert "In all 120 pairs of pictures show the same, in 1 group." in " ".join(text.split())
    assert "16 pictures, each of which is the same as some other of them" in text
    assert text.count('name="picture"') == 2 * 16  # once in the group, once among all
    assert len(ticked(text)) == 15


def test_of_two_that_are_the_same_the_less_typical_is_ticked(
    as_ada: Client, draft: Aesthetic
) -> None:
    build = alike(draft, 2)
    text = page(as_ada, f"{ONE}/builds/{build.pk}/check")
    assert "In all 1 pair of pictures shows the same, in 1 group." in " ".join(text.split())
    assert "0 of 64 bits of the outlines differ" in text
    assert len(ticked(text)) == 1


def test_a_picture_that_left_the_set_cannot_be_dropped_again(
    as_ada: Client, build: Version
) -> None:
    (value,) = ticked(page(as_ada, f"{ONE}/builds/{build.pk}/check"))
    drop(as_ada, build, [value])
    text = page(as_ada, f"{ONE}/builds/{build.pk}/check")
    assert ticked(text) == []
    assert "no longer in the set" in text
    response = drop(as_ada, build, [value, "towards", "nonsense sha256:00"])
    assert messages(response) == ["None of these pictures is in the set any more."]


def test_dropping_too_many_drops_none(as_ada: Client, build: Version) -> None:
    values = [f"{each.side} {each.image.digest}" for each in build.members.all()]
    response = drop(as_ada, build, values[1:])
    assert messages(response)[0].startswith("The side “towards” has 1 picture;")
    assert build.aesthetic.members.count() == 12


def test_thousands_are_dropped_by_one_form(as_ada: Client, build: Version) -> None:
    (value,) = ticked(page(as_ada, f"{ONE}/builds/{build.pk}/check"))
    gone = [f"towards sha256:{number:064x}" for number in range(5_000)]
    response = drop(as_ada, build, [*gone, value])
    assert response.status_code == 200
    assert "1 picture dropped, and the rest is measured." in response.content.decode()


def test_a_build_from_before_is_checked_too(as_ada: Client, build: Version) -> None:
    QualityReport.objects.all().delete()
    assert "Check this set" in page(as_ada, SET)
    assert len(ticked(page(as_ada, f"{ONE}/builds/{build.pk}/check"))) == 1


def test_a_build_that_waits_is_not_checked(as_ada: Client, draft: Aesthetic) -> None:
    factories.space()
    factories.members(draft, 2)
    waiting = queueing.queue_build(draft).version
    assert as_ada.get(f"{ONE}/builds/{waiting.pk}/check").status_code == 404


def test_where_one_of_two_is_no_mean_of_pictures_the_page_says_so(
    as_ada: Client, version: Version
) -> None:
    said = importing.examine(
        "x.npy", formats.write_npy(a_vector()), space=version.space, person=version.aesthetic.owner
    )
    publishing.publish(importing.import_into(version.aesthetic, said).version)
    for first, second in (("v1", "v2"), ("v2", "v1")):
        text = " ".join(page(as_ada, f"{ONE}/versions/{first}/difference/{second}").split())
        assert "The vector turned by" in text
        assert "v2 was imported from a file, not measured from pictures" in text
        assert "The same pictures are in both." not in text
        assert 'class="pictures"' not in text


def test_others_are_refused(bob: User, version: Version) -> None:
    client = Client()
    client.force_login(bob)
    assert client.get(f"{ONE}/builds/{version.pk}/check").status_code == 403
    assert drop(client, version, []).status_code == 403
    assert client.post(f"{SET}/put-back").status_code == 403
    assert version.aesthetic.members.count() == 5


def test_the_public_page_says_what_more_pictures_would_change(
    client: Client, version: Version
) -> None:
    assert "25 pictures more" in page(client, ONE)
    QualityReport.objects.all().delete()
    assert "25 pictures more" not in page(client, ONE)


def test_everybody_sees_how_far_two_versions_lie_apart_and_the_owner_why(
    client: Client, as_ada: Client, version: Version
) -> None:
    factories.members(version.aesthetic, 3, first=900)
    factories.published(version.aesthetic)
    path = f"{ONE}/versions/v1/difference/v2"
    assert path in page(client, ONE)
    public, own = page(client, path), page(as_ada, path)
    for text in (public, own):
        assert "The vector turned by" in text
    assert "came and went" not in public
    assert "thumbnails" not in public
    assert own.count("badge--good") == 3
    assert client.get(f"{ONE}/versions/v1/difference/v9").status_code == 404


def test_a_build_is_compared_with_the_published_version_by_its_owner(
    client: Client, as_ada: Client, version: Version
) -> None:
    factories.members(version.aesthetic, 3, first=900)
    build = factories.built(version.aesthetic)
    path = f"{ONE}/versions/v1/difference/{build.pk}"
    assert path in page(as_ada, f"{ONE}/builds/{build.pk}/check")
    assert "to\n" in page(as_ada, path)
    assert client.get(path).status_code == 404
