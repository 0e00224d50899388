"""Pages for everybody: browse, one person, one aesthetic, one version."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from registry import publishing, takedowns
from registry.models import Aesthetic, Side, Version
from tests import factories


def text(client: Client, path: str, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == 200, path
    content = response.content.decode()
    assert content.rstrip().endswith("</html>")
    return content


@pytest.fixture
def as_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def as_bob(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def test_an_empty_hub_says_so(client: Client, db: None) -> None:
    assert "Nothing has been published here yet." in text(client, "/")


def test_what_is_published_is_on_the_front_page(client: Client, version: Version) -> None:
    page = text(client, "/")
    assert "Sea Mist" in page
    assert "5 pictures" in page
    assert page.count("/ada/sea-mist/thumbnails/") >= 4


def test_a_draft_is_on_no_front_page(client: Client, as_ada: Client, draft: Aesthetic) -> None:
    assert "Sea Mist" not in text(client, "/")
    assert "Sea Mist" not in text(as_ada, "/")


def test_a_search_shows_what_was_found_and_how_many(client: Client, version: Version) -> None:
    page = text(client, "/", q="mist")
    assert "1 found" in page
    assert "Sea Mist" in page


def test_a_search_without_results_says_so(client: Client, version: Version) -> None:
    page = text(client, "/", q="desert")
    assert "0 found" in page
    assert "Nothing close." in page
    assert "Sea Mist" not in page


def test_what_somebody_searches_for_is_not_run(client: Client, db: None) -> None:
    page = text(client, "/", q="<script>alert(1)</script>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "title"},
        {"sort": "no such order"},
        {"page": "0"},
        {"page": "99"},
        {"page": "x"},
        {"tag": "blue"},
        {"q": "mist", "tag": "blue", "sort": "relevance"},
    ],
)
def test_any_query_has_a_page(client: Client, version: Version, query: dict[str, str]) -> None:
    text(client, "/", **query)


def test_tags_lead_to_what_carries_them(client: Client, version: Version) -> None:
    Aesthetic.objects.update(tags=["blue"])
    assert "?tag=blue" in text(client, "/")
    assert "Sea Mist" in text(client, "/", tag="blue")
    assert "Sea Mist" not in text(client, "/", tag="red")


def test_tags_beside_a_search_are_counted_within_it(client: Client, ada: User) -> None:
    for slug, tags in (
        ("winter-sea", ["blue"]),
        ("winter-town", ["blue", "ink"]),
        ("dusk", ["ink"]),
    ):
        look = factories.aesthetic(ada, slug, title=slug.replace("-", " "), tags=tags)
        factories.shelved(look)
    assert client.get("/").context["tags"] == [("blue", 2), ("ink", 2)]
    assert client.get("/", {"q": "winter"}).context["tags"] == [("blue", 2), ("ink", 1)]


def test_the_front_page_asks_the_database_no_more_for_more(
    client: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        factories.shelved(factories.aesthetic(ada, f"look-{number}", tags=["blue"]))
    with django_assert_max_num_queries(5):
        assert text(client, "/").count('class="card"') == 12


def test_results_come_in_pages(client: Client, ada: User) -> None:
    for number in range(25):
        factories.shelved(factories.aesthetic(ada, f"look-{number}"))
    assert text(client, "/").count('class="card"') == 24
    assert text(client, "/", page="2").count('class="card"') == 1


def test_a_person_has_a_page(client: Client, version: Version) -> None:
    page = text(client, "/ada")
    assert "Sea Mist" in page
    assert "drafts included" not in page


def test_a_look_that_is_all_withdrawn_is_called_no_draft(as_ada: Client, version: Version) -> None:
    assert ">Withdrawn</li>" not in text(as_ada, "/ada")
    publishing.yank(version, reason="A picture was not ours.")
    page = text(as_ada, "/ada")
    assert ">Withdrawn</li>" in page
    assert "not published yet" not in page


def test_drafts_are_on_ones_own_page_only(
    client: Client, as_ada: Client, as_bob: Client, draft: Aesthetic
) -> None:
    assert "Sea Mist" in text(as_ada, "/ada")
    assert "drafts included" in text(as_ada, "/ada")
    for other in (client, as_bob):
        page = text(other, "/ada")
        assert "Sea Mist" not in page
        assert "0 looks" in page


@pytest.mark.parametrize("path", ["/nobody", "/ada/nothing", "/Ada", "/a/b/c/d"])
def test_what_is_not_there_has_a_page_that_says_so(client: Client, ada: User, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "There is nothing at this address." in response.content.decode()


def test_a_person_who_left_has_no_page(client: Client, ada: User) -> None:
    User.objects.update(is_active=False)
    assert client.get("/ada").status_code == 404


def test_a_published_aesthetic_shows_files_digests_and_facts(
    client: Client, version: Version
) -> None:
    page = text(client, "/ada/sea-mist")
    for file in version.files.all():
        assert file.name in page
        assert f"/api/v1/aesthetics/ada/sea-mist/versions/v1/files/{file.name}" in page
        assert file.digest.removeprefix("sha256:") in page
    assert version.vector_digest.removeprefix("sha256:") in page
    assert "Measured from 5 pictures." in " ".join(page.split())
    assert "trained" not in page


def test_only_the_owner_is_offered_to_change_it(
    client: Client, as_ada: Client, as_bob: Client, version: Version
) -> None:
    assert "/ada/sea-mist/edit" in text(as_ada, "/ada/sea-mist")
    assert "/ada/sea-mist/edit" not in text(as_bob, "/ada/sea-mist")
    assert "/ada/sea-mist/edit" not in text(client, "/ada/sea-mist")


def test_a_draft_is_its_owners_only(
    client: Client, as_ada: Client, as_bob: Client, draft: Aesthetic
) -> None:
    assert "nothing is published yet" in text(as_ada, "/ada/sea-mist")
    assert client.get("/ada/sea-mist").status_code == 404
    assert as_bob.get("/ada/sea-mist").status_code == 404


def test_a_page_that_only_its_owner_sees_is_kept_by_no_cache(
    client: Client, as_ada: Client, version: Version
) -> None:
    paths = ["/ada/sea-mist", "/ada/sea-mist/versions/v1", "/ada/sea-mist/versions/v1/lineage"]
    for path in paths:
        assert "no-store" not in client.get(path).headers.get("Cache-Control", "")
        assert as_ada.get(path)["Cache-Control"] == "private, no-store"  # it tells her more
    Aesthetic.objects.update(visibility="private")
    for path in (*paths, "/ada"):
        assert as_ada.get(path)["Cache-Control"] == "private, no-store"
    takedowns.take_down(version, reason="It was not ada's.")
    for path in paths:
        answer = as_ada.get(path)
        assert (answer.status_code, answer["Cache-Control"]) == (451, "private, no-store")


def test_the_card_is_markdown_and_harmless(client: Client, version: Version) -> None:
    Aesthetic.objects.update(card="*Mist* <img src=x onerror=alert(1)> [x](javascript:alert(2))")
    page = text(client, "/ada/sea-mist")
    assert "<em>Mist</em>" in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page


def test_each_version_has_a_page(client: Client, version: Version) -> None:
    factories.member(version.aesthetic, 99)
    second = factories.published(version.aesthetic)
    assert "v2" in text(client, "/ada/sea-mist")
    for path in ("v1", "v2", "latest", second.version_digest):
        text(client, f"/ada/sea-mist/versions/{path}")
    assert "Measured from 5" in text(client, "/ada/sea-mist/versions/v1")
    assert "Measured from 6" in text(client, "/ada/sea-mist")
    assert client.get("/ada/sea-mist/versions/v3").status_code == 404


def test_a_person_who_left_is_named_without_a_page(client: Client, version: Version) -> None:
    link = '<a href="/ada">ada</a>'
    for path in ("/", "/ada/sea-mist"):
        assert link in text(client, path)
    User.objects.update(is_active=False)
    for path in ("/", "/ada/sea-mist"):
        page = text(client, path)
        assert link not in page
        assert "ada" in page


def test_a_look_of_another_space_is_not_offered_to_draw_with(
    client: Client, version: Version, ada: User, settings: Settings
) -> None:
    assert "Draw with this look" in text(client, "/ada/sea-mist")
    client.force_login(ada)
    assert 'value="ada/sea-mist"' in text(client, "/draw")
    settings.HUB_SPACE = "another"
    for path in ("/ada/sea-mist", "/ada/sea-mist/drawings"):
        assert "Draw with this look" not in text(client, path)
    assert 'value="ada/sea-mist"' not in text(client, "/draw")


def test_a_withdrawn_version_says_why(client: Client, version: Version) -> None:
    publishing.yank(version, reason="The licence was wrong.")
    for path in ("/ada/sea-mist", "/ada/sea-mist/versions/v1"):
        assert "The licence was wrong." in text(client, path)


def test_what_is_near_is_shown_with_its_cosine(client: Client, version: Version, bob: User) -> None:
    factories.shelved(factories.aesthetic(bob, "near", title="A near look"))
    page = text(client, "/ada/sea-mist")
    assert "A near look" in page
    assert "/bob/near" in page


def test_a_contrast_has_a_page_too(client: Client, draft: Aesthetic) -> None:
    factories.members(draft, 5)
    factories.members(draft, 5, Side.AWAY, first=50)
    factories.published(draft)
    assert "Measured from 10 pictures" in text(client, "/ada/sea-mist")


def test_no_page_for_others_names_a_picture_that_is_not_a_cover(
    client: Client, version: Version
) -> None:
    """Not even its digest: it would tell who holds the picture that it is in the set."""
    hidden = version.members.get(cover_rank=None).image.digest.removeprefix("sha256:")
    added = factories.member(version.aesthetic, 99).image.digest.removeprefix("sha256:")
    for reason in ("", "Too grey."):
        if reason:
            publishing.yank(version, reason=reason)
        for path in ("/", "/ada", "/ada/sea-mist", "/ada/sea-mist/versions/v1"):
            page = text(client, path)
            assert hidden not in page
            assert added not in page


def test_a_search_that_finds_nothing_suggests_a_tag_written_almost_like_it(
    client: Client, version: Version
) -> None:
    Aesthetic.objects.update(tags=["mountains"])
    page = text(client, "/", q="mountians")
    assert "Did you mean" in page
    assert 'href="/?q=mountains"' in page
    assert "Most used" not in page  # there is nothing to put in order
    assert "Did you mean" not in text(client, "/", q="zzzqqq")
