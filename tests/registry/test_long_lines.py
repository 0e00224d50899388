"""Blends of blends of blends: what is shown of a long line, and that it costs a few queries."""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry import digests, identifying, lineage, notices, publishing
from registry.models import Aesthetic, JobState, Parentage, Version
from tests import factories

NOBODY = AnonymousUser()
LENGTH = 60  # blends in a line


def a_blend(of: Aesthetic, number: int, parents: Sequence[Version]) -> Version:
    """Return an invented blend that is not stored yet."""
    named = digests.digest_bytes(f"{of.pk} {number}".encode())
    weights = {parent.version_digest: 1.0 for parent in parents}
    parameters = {"operation": "weighted-mean", "weights": weights}
    blend = Version(
        aesthetic=of,
        space=factories.space(),
        state=JobState.SUCCEEDED,
        construction=Version.Construction.BLEND,
        recipe=digests.canonical_json({"parameters": parameters}),
        recipe_digest=named,
        image_count=0,
        number=number,
        published_at=timezone.now(),
        vector=[1.0] * 768,
        vector_digest=named,
        manifest=b"{}",
        version_digest=named,
    )
    blend.made_of = parents
    return blend


def shelve(*blends: Version) -> None:
    """Store blends as published ones, whose parents are sealed."""
    numbers = [(blend.number, blend.published_at) for blend in blends]
    for blend in blends:
        blend.number = blend.published_at = None
    Version.objects.bulk_create(blends)
    Parentage.objects.bulk_create(
        Parentage(version=blend, parent=parent)
        for blend in blends
        for parent in cast("Sequence[Version]", blend.made_of)
    )
    for blend, (number, published_at) in zip(blends, numbers, strict=True):
        blend.number, blend.published_at = number, published_at
    Version.objects.bulk_update(blends, ["number", "published_at"])
    published = {blend.aesthetic_id for blend in blends}
    Aesthetic.objects.filter(pk__in=published).update(published_at=timezone.now())


@pytest.fixture
def fog(ada: User) -> Version:
    return factories.shelved(factories.aesthetic(ada, "fog"))


@pytest.fixture
def line(fog: Version, bob: User) -> list[Version]:
    """A blend of fog and neon, and then ever another of the last one and neon."""
    neon = factories.shelved(factories.aesthetic(bob, "neon"), direction=1)
    of = factories.aesthetic(bob, "line")
    blends: list[Version] = []
    for number in range(1, LENGTH + 1):
        blends.append(a_blend(of, number, [blends[-1] if blends else fog, neon]))
    shelve(*blends)
    return list(of.versions.order_by("number"))


class Reads(CaptureQueriesContext):
    """The queries of a block."""

    def __init__(self) -> None:
        super().__init__(connection)

    def of(self, column: str) -> list[str]:
        """Return those that answer with this column; to compute with it is another thing."""
        selected = [query["sql"].partition(" FROM ")[0] for query in self.captured_queries]
        return [sql for sql in selected if f'"{column}",' in f"{sql},"]


def test_the_credits_of_a_long_line_are_a_few_queries(
    line: list[Version], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(4), Reads() as reads:
        lines = lineage.attribution(line[-1])
    assert len(lines) == LENGTH + 1  # the blends before it, fog and neon
    refs = [text.partition("(")[2].partition(")")[0] for text in lines]
    assert refs[:4] == ["bob/line@v59", "bob/neon@v1", "bob/line@v58", "bob/line@v57"]
    assert refs[-1] == "ada/fog@v1"
    for column in ("vector", "manifest", "recipe", "card"):
        assert reads.of(column) == []


def test_so_is_finding_whom_to_tell_of_a_withdrawal(
    line: list[Version], fog: Version, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(3), Reads() as reads:
        told = notices._to_descendants(fog, what="withdrawn", reason="Too bright.")
    assert {notice.url for notice in told} == {version.get_absolute_url() for version in line}
    for column in ("vector", "manifest", "recipe", "card"):
        assert reads.of(column) == []


def test_what_is_hidden_ends_a_long_line_too(fog: Version, ada: User, bob: User) -> None:
    secret, public = (factories.aesthetic(bob, slug) for slug in ("secret", "public"))
    hidden = a_blend(secret, 1, [fog])
    middle = a_blend(public, 1, [hidden])
    last = a_blend(public, 2, [middle])
    shelve(hidden, middle, last)
    assert len(lineage.attribution(last)) == 3
    Aesthetic.objects.filter(pk=secret.pk).update(visibility="private")
    assert [line.partition(" ")[0] for line in lineage.attribution(last)] == ["Public"]
    assert lineage.attribution(middle) == []
    publishing.delete(public)
    assert [str(each) for each in lineage.descendants(fog)] == ["bob/secret@v1"]


def test_the_page_of_a_blend_costs_no_more_at_the_end_of_a_line_than_near_its_beginning(
    client: Client, line: list[Version]
) -> None:
    client.get("/bob/line/versions/v1")
    counts = []
    for number in (15, LENGTH - 5):
        with Reads() as reads:
            assert client.get(f"/bob/line/versions/v{number}").status_code == 200
        counts.append(len(reads))
        assert reads.of("manifest") == []
        assert len(reads.of("vector")) == 1  # its own, to find what is near it
    assert counts[0] == counts[1]


def test_a_page_shows_the_nearest_credits_and_says_how_many_more_there_are(
    client: Client, line: list[Version]
) -> None:
    family = lineage.family_of(line[-1], person=NOBODY)
    assert family.credits == lineage.attribution(line[-1])[: lineage.CREDITS_SHOWN]
    assert (len(family.credits), family.more_credits) == (50, LENGTH + 1 - 50)
    page = " ".join(client.get(f"/bob/line/versions/v{LENGTH}").content.decode().split())
    assert "for 11 more, which it is made of by way of them, see the" in page
    assert f'href="/api/v1/aesthetics/bob/line/versions/v{LENGTH}/manifest"' in page
    few = lineage.family_of(line[9], person=NOBODY)
    assert (len(few.credits), few.more_credits) == (11, 0)
    assert (
        "which it is made of by way of them"
        not in client.get("/bob/line/versions/v10").content.decode()
    )


def test_a_tree_is_two_queries_for_each_generation(
    client: Client, line: list[Version], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    last = Version.objects.get(pk=line[-1].pk)
    with django_assert_max_num_queries(16), Reads() as reads:
        first = lineage.tree(last, person=NOBODY, steps=8)
    for column in ("vector", "manifest", "card"):
        assert reads.of(column) == []
    branches, found = first, []
    while branches:
        assert len(branches) == 2  # the one before, and neon
        found += [each for each in branches if each.version.is_blend]
        branches = found[-1].branches
    assert [str(each.version) for each in found] == [f"bob/line@v{LENGTH - n}" for n in range(1, 9)]
    assert [each.has_more for each in found] == [False] * 7 + [True]
    whole = client.get(f"/bob/line/versions/v{LENGTH}/lineage").content.decode()
    assert whole.count("What it is made of</a>") == 1
    assert f'href="/bob/line/versions/v{LENGTH - 8}/lineage"' in whole


def test_a_tree_that_forks_without_end_ends(fog: Version, bob: User) -> None:
    of = factories.aesthetic(bob, "wide")
    leaves = [a_blend(of, number, [fog]) for number in range(1, 161)]
    forks = [a_blend(of, 161 + row, leaves[16 * row : 16 * row + 16]) for row in range(10)]
    root = a_blend(of, 171, forks)
    shelve(*leaves, *forks, root)
    branches = lineage.tree(root, person=NOBODY, steps=8)
    assert len(branches) == 10
    below = [leaf for branch in branches for leaf in branch.branches]
    assert len(below) == 160
    shown = [leaf for leaf in below if leaf.branches]
    assert len(shown) == lineage.MOST_FORKS - 11
    assert [leaf.has_more for leaf in below] == [not leaf.branches for leaf in below]


def test_digests_are_answered_without_what_is_heavy_of_the_versions(
    client: Client, line: list[Version], fog: Version
) -> None:
    publishing.yank(line[0], reason="Too bright.", superseded_by=fog)

    def ask(versions: list[Version]) -> Reads:
        asked = [version.version_digest for version in versions]
        with Reads() as reads:
            answer = client.post("/api/v1/by-hash", {"digests": asked}, "application/json")
        items: list[dict[str, Any]] = answer.json()["items"]
        assert [item["version"]["version_digest"] for item in items] == asked
        return reads

    few, many = ask(line[:1]), ask(line)
    assert len(few) == len(many)
    for column in ("vector", "manifest", "recipe", "card"):
        assert many.of(column) == []
    with Reads() as reads:
        found = identifying.named_by(line[0].vector_digest, person=NOBODY)
    assert found is not None
    assert reads.of("vector") == reads.of("manifest") == []


def test_the_api_lists_a_long_line_without_vectors_and_manifests(
    client: Client, line: list[Version], fog: Version
) -> None:
    path = "/api/v1/aesthetics/ada/fog/versions/v1/lineage?direction=children&depth=8"
    client.get(path)
    with Reads() as reads:
        items = client.get(path).json()["items"]
    assert len(items) == 8
    assert all(len(item["parents"]) == 2 for item in items)
    for column in ("vector", "manifest"):
        assert len(reads.of(column)) <= 1  # that of the version that was asked for
    with Reads() as few:
        client.get(f"{path}&limit=1")
    assert len(few) == len(reads)


def test_the_versions_of_a_look_are_listed_without_what_is_heavy(
    client: Client, line: list[Version], fog: Version
) -> None:
    publishing.yank(line[0], reason="Too bright.", superseded_by=fog)
    with Reads() as reads:
        answer = client.get("/api/v1/aesthetics/bob/line/versions?limit=100")
    assert len(answer.json()["items"]) == LENGTH
    for column in ("vector", "manifest", "recipe"):
        assert reads.of(column) == []
