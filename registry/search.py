"""Finding aesthetics: by words, by tags, and by nearness in one space."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.search import SearchQuery, SearchRank, TrigramWordSimilarity
from django.db.models import Count, DecimalField, Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Greatest
from pgvector.django import CosineDistance

from accounts.models import User
from registry.models import Aesthetic, Version
from registry.models.aesthetics import SEARCH_CONFIG

RELEVANCE = "relevance"
NEWEST = "newest"
SORTS = {
    RELEVANCE: ("-score", "-pk"),  # of words; without words the newest come first
    NEWEST: ("-published_at", "-pk"),
    "downloads": ("-download_count", "-pk"),
    "title": ("title", "pk"),
}
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
        offered = Version.objects.offered().filter(aesthetic=OuterRef("pk"))
        aesthetics = Aesthetic.objects.public().filter(Exists(offered))
        orders = SORTS
    aesthetics = aesthetics.select_related("owner")
    if criteria.owner:
        aesthetics = aesthetics.filter(owner__username=criteria.owner)
    if criteria.tag:
        aesthetics = aesthetics.filter(tags__contains=[criteria.tag])
    if criteria.space:
        in_space = Version.objects.offered().filter(space__name=criteria.space)
        aesthetics = aesthetics.filter(pk__in=in_space.values("aesthetic"))
    if criteria.query:
        aesthetics = by_words(aesthetics, criteria.query)
    elif criteria.sort == RELEVANCE:
        return aesthetics.order_by(*orders[NEWEST])
    return aesthetics.order_by(*orders[criteria.sort])


def by_words(aesthetics: QuerySet[Aesthetic], query: str) -> QuerySet[Aesthetic]:
    """Keep those whose title, tags, name or card match the words; `score` says how well.

    Words are matched by PostgreSQL's full text search (quotes, `or` and `-` work as people know
    them), and titles and owners by trigrams too, which forgives typos.
    """
    words = SearchQuery(query, config=SEARCH_CONFIG, search_type="websearch")
    return (
        aesthetics.annotate(
            rank=SearchRank(F("words"), words),
            likeness=Greatest(
                TrigramWordSimilarity(query, "title"),
                TrigramWordSimilarity(query, "owner__username"),
            ),
        )
        .filter(
            Q(words=words)
            | Q(title__trigram_word_similar=query)
            | Q(owner__username__trigram_word_similar=query)
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


def neighbours(version: Version, *, person: User | AnonymousUser, most: int) -> list[Neighbour]:
    """Return the published versions nearest to `version` in its space, nearest first.

    One version stands for an aesthetic: its newest that was not yanked.
    """
    others = Aesthetic.objects.visible_to(person).exclude(pk=version.aesthetic_id)
    newest = Version.objects.newest_of_each().filter(aesthetic__in=others)
    candidates: QuerySet[Version] = Version.objects.filter(
        pk__in=newest.values("pk"), space=version.space
    )
    nearest = (
        candidates.annotate(distance=CosineDistance("vector", version.vector))
        .select_related("aesthetic__owner", "space")
        .order_by("distance", "pk")[:most]
    )
    return [Neighbour(found, 1.0 - found.distance) for found in nearest]
