"""Where pictures are from: stated for one or for all, and asked for before publishing."""

import pytest
from django.test import Client

from accounts.models import User
from registry import blending, origins, publishing
from registry.models import Aesthetic, Side, Version
from tests import factories
from tests.answers import problem
from tests.concurrency import in_threads
from tests.registry.picture_factory import encoded, exif_with_gps, photo

ONE = "/ada/sea-mist"
API = "/api/v1/aesthetics/ada/sea-mist"


@pytest.fixture
def as_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def build(draft: Aesthetic) -> Version:
    """A build of five pictures of which nobody said anything."""
    built = factories.built(draft)
    draft.members.update(source="", licence="", credit="")
    return built


def refusal(version: Version) -> str:
    with pytest.raises(origins.OriginMissing) as caught:
        publishing.publish(version)
    assert caught.value.code == "no-provenance"
    return caught.value.detail


@pytest.mark.parametrize(
    ("said", "is_enough"),
    [
        ({"licence": "CC0-1.0"}, False),
        ({"source": "a book", "credit": "Ada"}, False),
        ({"licence": "all mine", "source": "my camera"}, True),
        ({"licence": "CC-BY-4.0", "credit": "Ada"}, True),
    ],
)
def test_a_licence_and_a_source_or_a_credit_are_asked_for(
    build: Version, said: dict[str, str], is_enough: bool
) -> None:
    assert refusal(build).startswith("Of 5 pictures nobody said where they are from (")
    origins.state_for_all(build.aesthetic.members.all(), **said)
    assert (origins.unstated(build.aesthetic).count() == 0) == is_enough
    if is_enough:
        assert publishing.publish(build).number == 1
    else:
        refusal(build)


def test_one_picture_is_enough_to_be_refused_and_is_named(build: Version) -> None:
    members = build.aesthetic.members.all()
    members.update(source="a book", licence="CC0-1.0")
    last = members.last()
    assert last is not None
    members.filter(pk=last.pk).update(licence="")
    assert refusal(build).startswith(
        f"Of 1 picture nobody said where it is from ({last.filename}):"
    )


def test_a_picture_that_left_the_set_can_be_credited_no_more(build: Version) -> None:
    members = build.aesthetic.members.all()
    members.update(source="a book", licence="CC0-1.0")
    members[0].delete()
    assert refusal(build).endswith("1 of them left the set, so build it again.")


def test_the_refusal_has_a_type_of_its_own_in_the_api(
    client: Client, ada: User, build: Version
) -> None:
    headers = factories.bearer(ada)
    body = {"build": str(build.pk), "accept_few": True}
    asked = client.post(f"{API}/versions", body, "application/json", headers=headers)
    problem(asked, 409, "no-provenance")
    changed = client.patch(
        f"{API}/origin", {"source": "a book", "licence": "CC0-1.0"}, "application/json",
        headers=headers,
    )  # fmt: skip
    assert changed.json() == {"changed": 5, "unstated": 0}
    done = client.post(f"{API}/versions", body, "application/json", headers=headers)
    assert done.status_code == 201


def test_imports_and_blends_have_no_pictures_to_ask_of(ada: User) -> None:
    looks = [factories.shelved(factories.aesthetic(ada, slug)) for slug in ("one", "two")]
    order = blending.Order("difference", [(look, None) for look in looks])
    into = factories.aesthetic(ada, "blend")
    version = blending.blend_into(into, blending.examine(order)).version
    origins.refuse_unstated(version)
    assert publishing.publish(version).number == 1


def test_the_api_says_it_of_one_picture_or_of_those_of_which_nobody_did(
    client: Client, ada: User, draft: Aesthetic
) -> None:
    first, second = factories.members(draft, 2)
    draft.members.filter(pk=second.pk).update(source="", licence="", credit="")
    headers = factories.bearer(ada)
    path = f"{API}/images/{first.image.digest}"
    (one,) = client.patch(path, {"credit": "Ada"}, "application/json", headers=headers).json()
    assert (one["credit"], one["licence"]) == ("Ada", "CC0-1.0")
    only = {"licence": "all mine", "source": "my camera", "unstated_only": True}
    answer = client.patch(f"{API}/origin", only, "application/json", headers=headers)
    assert answer.json() == {"changed": 1, "unstated": 0}
    first.refresh_from_db()
    assert first.licence == "CC0-1.0"
    none = client.patch(f"{API}/origin", {}, "application/json", headers=headers)
    assert none.json() == {"changed": 0, "unstated": 0}
    gone = f"{API}/images/{factories.member(draft, 9).image.digest}"
    draft.members.filter(filename="9.png").delete()
    problem(
        client.patch(gone, {"credit": "x"}, "application/json", headers=headers), 404, "not-found"
    )


def test_pages_say_it_of_all_and_of_one(as_ada: Client, build: Version) -> None:
    page = as_ada.get(f"{ONE}/images").content.decode()
    assert "Of 5 pictures nobody said where they are from." in page
    page = as_ada.get(f"{ONE}/images/origins").content.decode()
    assert "5 pictures lack it." in " ".join(page.split())
    digest = build.members.select_related("image")[0].image.digest
    said = {"licence": "CC-BY-4.0", "credit": "B. Painter", "source": ""}
    assert as_ada.post(f"{ONE}/images/{digest}/origin", said).status_code == 302
    as_ada.post(
        f"{ONE}/images/origins",
        {"licence": "CC0-1.0", "source": "a book", "credit": "", "unstated_only": "on"},
    )
    rest = build.aesthetic.members.exclude(image__digest=digest)
    assert build.aesthetic.members.get(image__digest=digest).credit == "B. Painter"
    assert set(rest.values_list("source", flat=True)) == {"a book"}
    assert "nobody said" not in as_ada.get(f"{ONE}/images").content.decode()
    too_long = as_ada.post(f"{ONE}/images/{digest}/origin", {"licence": "x" * 65}, follow=True)
    assert "Source, licence or credit is too long." in too_long.content.decode()


def test_of_many_at_once_what_is_left_empty_stays_as_it_is(as_ada: Client, build: Version) -> None:
    members = build.aesthetic.members
    members.update(source="a book", credit="B. Painter", licence="")
    empty = {"source": "", "licence": "", "credit": "", "unstated_only": "on"}
    answer = as_ada.post(f"{ONE}/images/origins", empty)
    assert "Fill in the source, the licence or whom to credit." in answer.content.decode()
    as_ada.post(f"{ONE}/images/origins", {**empty, "licence": "CC0-1.0"})
    said = set(members.values_list("source", "credit", "licence"))
    assert said == {("a book", "B. Painter", "CC0-1.0")}


def test_what_is_said_of_no_picture_is_told_and_stays_in_the_form(
    as_ada: Client, build: Version
) -> None:
    build.aesthetic.members.update(source="a book", licence="CC0-1.0")
    said = {"source": "another book", "licence": "", "credit": "", "unstated_only": "on"}
    answer = as_ada.post(f"{ONE}/images/origins", said)
    page = answer.content.decode()
    assert "No picture lacks it, so nothing has changed; untick this to change it." in page
    assert 'value="another book"' in page
    assert set(build.aesthetic.members.values_list("source", flat=True)) == {"a book"}


def test_after_saying_it_of_one_picture_the_page_stands_where_it_stood(
    as_ada: Client, build: Version
) -> None:
    digest = build.members.select_related("image")[0].image.digest
    place = f"{ONE}/images/{digest}/origin?page=2"
    answer = as_ada.post(place, {"licence": "CC0-1.0", "source": "a book"})
    assert answer["Location"] == f"{ONE}/images/origins?page=2#{digest}-towards"


def test_an_upload_says_it_of_its_pictures_and_tells_of_places(
    as_ada: Client, draft: Aesthetic
) -> None:
    files = [
        factories.upload("a.jpg", encoded(photo(), "JPEG", exif=exif_with_gps())),
        factories.upload("b.png"),
    ]
    said = {"source": "my camera", "licence": "all mine", "credit": "Ada"}
    answer = as_ada.post(f"{ONE}/images/upload", {"files": files, **said}, follow=True)
    page = answer.content.decode()
    assert "a.jpg: the place where it was taken was removed." in page
    assert set(draft.members.values_list("source", "licence", "credit")) == {
        ("my camera", "all mine", "Ada")
    }
    assert not origins.unstated(draft).exists()


def test_a_picture_moves_between_the_sides_with_its_origin(
    as_ada: Client, client: Client, ada: User, draft: Aesthetic
) -> None:
    member = factories.member(draft, 1)
    digest = member.image.digest
    assert as_ada.post(f"{ONE}/images/{digest}/move", {"side": "away"}).status_code == 302
    member.refresh_from_db()
    assert (member.side, member.licence) == ("away", "CC0-1.0")
    factories.member(draft, 1, Side.TOWARDS)
    path, headers = f"{API}/images/{digest}", factories.bearer(ada)
    for _ in range(2):  # it is on both sides; then on the one already
        answer = client.patch(path, {"side": "towards"}, "application/json", headers=headers)
        assert [each["side"] for each in answer.json()] == ["towards"]
    assert draft.members.count() == 1
    assert as_ada.post(f"{ONE}/images/{digest}/move", {"side": "up"}).status_code == 404
    unknown = digest.replace(digest[10:14], "ffff" if digest[10:14] != "ffff" else "0000")
    assert as_ada.post(f"{ONE}/images/{unknown}/move", {"side": "away"}).status_code == 404


def test_a_contrast_is_built_and_told_in_words(as_ada: Client, draft: Aesthetic) -> None:
    factories.members(draft, 5)
    factories.members(draft, 6, first=100)
    for member in draft.members.filter(filename__startswith="10")[:5]:
        as_ada.post(f"{ONE}/images/{member.image.digest}/move", {"side": "away"})
    version = publishing.publish(factories.built(draft), accepts={"accept_few"})
    assert version.construction == "contrast"
    page = " ".join(as_ada.get(ONE).content.decode().split())
    assert "minus the mean of 5 of what it is not" in page
    assert "11 pictures, contrast" in " ".join(as_ada.get("/").content.decode().split())


@pytest.mark.parametrize("by_page", [True, False])
def test_a_licence_without_a_source_stays_where_only_what_is_missing_is_said(
    as_ada: Client, client: Client, ada: User, draft: Aesthetic, *, by_page: bool
) -> None:
    half, none = factories.members(draft, 2)
    draft.members.filter(pk=half.pk).update(source="", credit="", licence="CC-BY-SA-4.0")
    draft.members.filter(pk=none.pk).update(source="", credit="", licence="")
    said = {"licence": "CC0-1.0", "source": "my camera", "unstated_only": "on"}
    if by_page:
        as_ada.post(f"{ONE}/images/origins", {**said, "credit": ""})
    else:
        headers = factories.bearer(ada)
        answer = client.patch(f"{API}/origin", said, "application/json", headers=headers)
        assert answer.json() == {"changed": 2, "unstated": 0}
    assert set(draft.members.values_list("pk", "licence", "source")) == {
        (half.pk, "CC-BY-SA-4.0", "my camera"),
        (none.pk, "CC0-1.0", "my camera"),
    }


@pytest.mark.django_db(transaction=True)
def test_a_picture_moved_both_ways_at_once_stays_in_the_set() -> None:
    draft = factories.aesthetic(factories.person("ada"))
    digest = factories.member(draft, 1).image.digest
    ways: list[Side] = []

    def move() -> None:
        origins.move(draft, digest, to=ways.pop())

    for _ in range(5):
        ways += [Side.AWAY, Side.TOWARDS] * 4
        in_threads(len(ways), move)
        assert draft.members.count() == 1
