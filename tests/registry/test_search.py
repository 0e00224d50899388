"""Finding by words and tags; what is private never shows."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from registry import publishing, search
from registry.models import Aesthetic, Version
from tests import factories

ANYBODY = AnonymousUser()


def look(owner: User, slug: str, **card: object) -> Aesthetic:
    """Publish an aesthetic."""
    made = factories.aesthetic(owner, slug, **card)
    factories.shelved(made)
    return made


@pytest.fixture
def looks(ada: User, bob: User) -> None:
    look(ada, "sea-mist", title="Sea mist", tags=["blue", "fog"], card="Mornings at the *shore*.")
    look(ada, "red-brick", title="Red brick walls", tags=["red"], card="Houses in the north.")
    look(bob, "neon-rain", title="Neon rain", tags=["blue", "night"], card="Wet streets.")


@pytest.fixture
def hidden(ada: User) -> None:
    """A draft, a private one and a deleted one, all about mist."""
    factories.aesthetic(ada, "draft", title="Draft of mist", tags=["fog"])
    look(ada, "private", title="Private mist", tags=["fog"], visibility="private")
    publishing.delete(look(ada, "deleted", title="Deleted mist", tags=["fog"]))


def found(person: User | AnonymousUser = ANYBODY, **criteria: str) -> list[str]:
    results = search.browse(search.Criteria(**criteria), person=person)
    return [aesthetic.slug for aesthetic in results]


def test_without_words_the_newest_come_first(looks: None) -> None:
    assert found() == ["neon-rain", "red-brick", "sea-mist"]


def test_what_was_withdrawn_altogether_is_no_longer_offered(looks: None, ada: User) -> None:
    withdrawn = Aesthetic.objects.get(slug="sea-mist")
    publishing.yank(withdrawn.versions.get(), reason="The licence was wrong.")
    assert found() == ["neon-rain", "red-brick"]
    assert "sea-mist" in found(ada, owner="ada")


def test_a_new_version_brings_an_aesthetic_to_the_front(looks: None) -> None:
    old = Aesthetic.objects.get(slug="sea-mist")
    factories.shelved(old)
    assert found() == ["sea-mist", "neon-rain", "red-brick"]


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("mist", ["sea-mist"]),
        ("MIST", ["sea-mist"]),
        ("shore", ["sea-mist"]),
        ("house", ["red-brick"]),
        ("night", ["neon-rain"]),
        ("bob", ["neon-rain"]),
        ('"wet streets"', ["neon-rain"]),
        ('"streets wet"', []),
        ("blue -night", ["sea-mist"]),
        ("desert", []),
    ],
)
def test_words_are_found_in_title_card_tags_and_owner(
    looks: None, query: str, slugs: list[str]
) -> None:
    assert found(query=query) == slugs


@pytest.mark.parametrize("query", ["sea mits", "neom rain", "brik"])
def test_a_typo_is_forgiven(looks: None, query: str) -> None:
    assert len(found(query=query)) == 1


def test_a_long_text_is_read_as_far_as_anybody_types(looks: None) -> None:
    assert set(found(query="sepia" + " " * 150 + "or neon")) == set(found(query="sepia or neon"))
    assert found(query="sepia" + " " * 200 + "or neon") == found(query="sepia")


def test_either_word_will_do_when_asked_so(looks: None) -> None:
    assert set(found(query="brick or mist")) == {"red-brick", "sea-mist"}


def test_a_word_of_the_title_weighs_more_than_one_of_the_card(ada: User) -> None:
    look(ada, "one", title="Copper", card="Of copper and tin.")
    look(ada, "two", title="Tin", card="Of tin, and some copper.")
    assert found(query="copper") == ["one", "two"]
    assert found(query="tin") == ["two", "one"]


def test_a_tag_is_matched_as_a_whole(looks: None) -> None:
    assert found(tag="blue") == ["neon-rain", "sea-mist"]
    assert found(tag="blu") == []
    assert found(tag="blue", query="mist") == ["sea-mist"]


def test_an_owner_is_matched_as_a_whole(looks: None) -> None:
    assert found(owner="ada") == ["red-brick", "sea-mist"]
    assert found(owner="ad") == []


def test_a_space_is_matched_by_what_is_offered_in_it(looks: None) -> None:
    assert len(found(space=settings.HUB_SPACE)) == 3
    assert found(space="clip") == []


@pytest.mark.parametrize(
    ("sort", "slugs"),
    [
        ("title", ["neon-rain", "red-brick", "sea-mist"]),
        ("newest", ["neon-rain", "red-brick", "sea-mist"]),
        ("downloads", ["red-brick", "neon-rain", "sea-mist"]),
    ],
)
def test_results_come_in_the_order_that_was_asked_for(
    looks: None, sort: str, slugs: list[str]
) -> None:
    Aesthetic.objects.filter(slug="red-brick").update(download_count=7)
    Aesthetic.objects.filter(slug="neon-rain").update(download_count=3)
    assert found(sort=sort) == slugs


@pytest.mark.parametrize(
    "query", ["", " ", "'", "&", "!!!", "a & | b", "\\", "%", "-", '"', "a" * 5000, "<->"]
)
def test_no_query_breaks_the_search(looks: None, query: str) -> None:
    found(query=query)
    found(tag=query)
    found(owner=query)
    found(space=query)


@pytest.mark.parametrize("criteria", [{}, {"query": "mist"}, {"tag": "fog"}, {"owner": "ada"}])
def test_what_is_private_shows_to_nobody_else(
    hidden: None, bob: User, criteria: dict[str, str]
) -> None:
    assert found(ANYBODY, **criteria) == []
    assert found(bob, **criteria) == []


def test_a_person_finds_their_own_drafts_among_their_own(hidden: None, ada: User) -> None:
    assert found(ada, owner="ada") == ["private", "draft"]
    assert found(ada, owner="ada", query="mist", sort="title") == ["draft", "private"]
    assert found(ada, query="mist") == []


def test_tags_of_private_things_are_not_counted(hidden: None, looks: None) -> None:
    counts = search.tag_counts(search.offered(), most=10)
    assert counts == [("blue", 2), ("fog", 1), ("night", 1), ("red", 1)]
    assert search.tag_counts(search.offered(), most=1) == [("blue", 2)]


def test_tags_lead_to_nothing_that_was_withdrawn(looks: None) -> None:
    publishing.yank(Aesthetic.objects.get(slug="red-brick").versions.get(), reason="Torn down.")
    assert "red" not in dict(search.tag_counts(search.offered(), most=10))


def test_words_are_found_by_the_indexes_that_are_there_for_them(looks: None) -> None:
    with connection.cursor() as cursor:
        # Three rows are otherwise read one after the other.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    plan = search.browse(search.Criteria("mist"), person=ANYBODY).explain()
    assert "aesthetic_words" in plan
    assert "aesthetic_title_trigrams" in plan
    assert "user_username_trigrams" in plan


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        (Aesthetic.objects.filter(title__iexact="sea MIST"), "aesthetic_title_upper"),
        (Version.objects.filter(vector_digest=f"sha256:{'0' * 64}"), "version_by_vector_prefix"),
        (
            Version.objects.filter(vector_digest__startswith="sha256:0123456789"),
            "version_by_vector_prefix",
        ),
    ],
    ids=["title", "digest", "first digits of a digest"],
)
def test_what_is_named_is_found_by_its_index(db: None, asked: QuerySet[Any], index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = asked.explain()
    assert index in plan
    assert "Index Cond" in plan


def test_blanks_ask_for_nothing(looks: None) -> None:
    assert found(query=" ", tag=" ") == found()
    assert found(tag=" red ") == ["red-brick"]
