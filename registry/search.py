"""Finding aesthetics: by words, by tags, and by nearness in one space."""

import math
from dataclasses import dataclass

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.search import SearchQuery, SearchRank, TrigramWordSimilarity
from django.db.models import Count, DecimalField, Exists, F, Func, OuterRef, QuerySet
from django.db.models.functions import Cast, Greatest
from numpy.typing import NDArray
from pgvector.django import CosineDistance

from accounts.models import User
from registry.models import Aesthetic, Space, Version
from registry.models.aesthetics import SEARCH_CONFIG

LONGEST_QUERY = 200  # characters
RELEVANCE = "relevance"
NEWEST = "newest"
SORTS = {
    RELEVANCE: ("-score", "-pk"),  # of words; without words the newest come first
    NEWEST: ("-published_at", "-pk"),
    "downloads": ("-download_count", "-pk"),
    "title": ("title", "pk"),
}
# Of vectors that are compared; encoders make lengths from 1 to some 30. pgvector adds up squares in
# float32, so that the cosines of much shorter or longer ones are noise or no number at all.
SHORTEST, LONGEST = 1e-6, 1e6
NEWEST_DRAFTS = ("-created_at", "-pk")  # a draft has no day of publishing


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A published version near another one of the same space."""

    version: Version
    cosine: float


@dataclass(frozen=True, slots=True)
class Criteria:
    """What somebody looks for; an empty text asks for nothing. `sort` is a key of SORTS."""

    query: str = ""
    owner: str = ""
    tag: str = ""
    space: str = ""
    sort: str = RELEVANCE


def browse(criteria: Criteria, *, person: User | AnonymousUser) -> QuerySet[Aesthetic]:
    """Return the public aesthetics that meet the criteria, in order, for pages and API alike.

    One whose versions were all withdrawn is no longer offered here; its own page still tells.
    A person who asks for their own gets their drafts too, the last that was begun first.
    """
    aesthetics: QuerySet[Aesthetic]
    if isinstance(person, User) and criteria.owner == person.username:
        aesthetics = Aesthetic.objects.owned_by(person)
        orders = {**SORTS, NEWEST: NEWEST_DRAFTS}
    else:
        aesthetics = offered()
        orders = SORTS
    aesthetics = aesthetics.select_related("owner")
    if criteria.owner:
        aesthetics = aesthetics.filter(owner__username=criteria.owner)
    if tag := criteria.tag.strip():
        aesthetics = aesthetics.filter(tags__contains=[tag])
    if criteria.space:
        in_space = Version.objects.offered().filter(space__name=criteria.space)
        aesthetics = aesthetics.filter(pk__in=in_space.values("aesthetic"))
    if query := criteria.query.strip():
        aesthetics = by_words(aesthetics, query)
    elif criteria.sort == RELEVANCE:
        return aesthetics.order_by(*orders[NEWEST])
    return aesthetics.order_by(*orders[criteria.sort])


def offered() -> QuerySet[Aesthetic]:
    """Return the public aesthetics that have a version which was not withdrawn."""
    versions = Version.objects.offered().filter(aesthetic=OuterRef("pk"))
    return Aesthetic.objects.public().filter(Exists(versions))


def by_words(aesthetics: QuerySet[Aesthetic], query: str) -> QuerySet[Aesthetic]:
    """Keep those whose title, tags, name or card match the words; `score` says how well.

    Words are matched by PostgreSQL's full text search (quotes, `or` and `-` work as people know
    them), and titles and owners by trigrams too, which forgives typos. What comes after the first
    200 characters is not looked for: the time for each row grows with the text.
    """
    query = query[:LONGEST_QUERY]
    words = SearchQuery(query, config=SEARCH_CONFIG, search_type="websearch")
    # A union, since PostgreSQL takes an index for each part of it, and none for an `or` over two
    # tables.
    anything = Aesthetic.objects.order_by().values("pk")
    found = anything.filter(words=words).union(
        anything.filter(title__trigram_word_similar=query),
        anything.filter(owner__username__trigram_word_similar=query),
    )
    return (
        aesthetics.filter(pk__in=found)
        .annotate(
            rank=SearchRank(F("words"), words),
            likeness=Greatest(
                TrigramWordSimilarity(query, "title"),
                TrigramWordSimilarity(query, "owner__username"),
            ),
        )
        # A decimal, so that a cursor can name a place in the order exactly.
        .annotate(
            score=Cast(F("rank") + F("likeness"), DecimalField(max_digits=9, decimal_places=6))
        )
    )


def tag_counts(aesthetics: QuerySet[Aesthetic], *, most: int) -> list[tuple[str, int]]:
    """Return the most used tags with how many aesthetics carry each."""
    tags = (
        aesthetics.order_by()
        .annotate(tag=Func(F("tags"), function="unnest"))
        .values("tag")
        .annotate(count=Count("pk", distinct=True))
        .order_by("-count", "tag")
    )
    return list(tags.values_list("tag", "count")[:most])


def length_of(vector: NDArray[np.float32]) -> float:
    """Return the length of a vector [768], without an overflow on the way."""
    return float(np.linalg.norm(np.asarray(vector, np.float64)))


def is_comparable(vector: NDArray[np.float32]) -> bool:
    """Tell whether the cosines of a vector [768] mean something: not where it is 0 or extreme."""
    return SHORTEST <= length_of(vector) <= LONGEST


def neighbours(version: Version, *, person: User | AnonymousUser, most: int) -> list[Neighbour]:
    """Return the published versions of other aesthetics nearest to `version`, nearest first."""
    others = Aesthetic.objects.visible_to(person).exclude(pk=version.aesthetic_id)
    return _nearest(version.vector, version.space, others, most)


def nearest(
    vector: NDArray[np.float32], *, space: Space, person: User | AnonymousUser, most: int
) -> list[Neighbour]:
    """Return the published versions of `space` nearest to a vector [768] of it, nearest first."""
    return _nearest(vector, space, Aesthetic.objects.visible_to(person), most)


def _nearest(
    vector: NDArray[np.float32], space: Space, among: QuerySet[Aesthetic], most: int
) -> list[Neighbour]:
    """One version stands for an aesthetic: its newest of this space that is offered.

    Nothing is near what can't be compared. Imports of any length were taken once, so a cosine may
    still be no number; to look at all lengths first would take as long again as the cosines.
    """
    if not is_comparable(vector):
        return []
    newest = Version.objects.filter(space=space, aesthetic__in=among).newest_of_each()
    candidates = Version.objects.filter(pk__in=newest.values("pk"))
    # By their keys alone: to carry manifests and cards through the sort takes as long as the rest.
    distances = dict(
        candidates.annotate(distance=CosineDistance("vector", vector))
        .order_by("distance", "pk")
        .values_list("pk", "distance")[:most]
    )
    shown = Version.objects.select_related("aesthetic__owner", "space").light()
    found = shown.in_bulk(distances)
    return [
        Neighbour(found[pk], 1.0 - distance)
        for pk, distance in distances.items()
        if not math.isnan(distance)
    ]
