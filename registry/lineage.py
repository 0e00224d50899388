"""A version in; what it was made of and what was made of it out, as far as somebody may see it.

The walk goes over visible versions only: what is hidden ends it, is not counted and not hinted at.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts.models import User
from registry import combinations
from registry.models import Parentage, Version

Direction = Literal["parents", "children"]
DIRECTIONS: tuple[Direction, Direction] = ("parents", "children")

MOST_STEPS = 8  # from a version to its furthest relative that is looked for
MOST_FOUND = 2_000  # relatives that one walk returns
TREE_STEPS = 3
CHILDREN_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Branch:
    """A parent in a tree, what it does in the blend, and what it was made of itself."""

    version: Version
    words: str
    branches: list["Branch"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Family:
    """What a version's own page shows of its lineage."""

    parents: list[Branch]
    children: list[Version]  # the newest
    has_more_children: bool
    withdrawn_parents: list[Version]
    credits: list[str]


def family_of(version: Version, *, person: User | AnonymousUser) -> Family:
    """Return the tree of a version's parents, and some of what was made of it."""
    newest = list(children(version, person=person)[: CHILDREN_SHOWN + 1])
    return Family(
        parents=tree(version, person=person),
        children=newest[:CHILDREN_SHOWN],
        has_more_children=len(newest) > CHILDREN_SHOWN,
        withdrawn_parents=withdrawn_parents(version, person=person),
        credits=attribution(version),
    )


def seen_by(person: User | AnonymousUser) -> QuerySet[Version]:
    """Return the published versions that `person` may know of."""
    seen: QuerySet[Version] = Version.objects.visible_to(person).published()
    return seen.order_by()


def relatives(
    version: Version,
    direction: Direction,
    *,
    among: QuerySet[Version],
    steps: int = MOST_STEPS,
) -> dict[UUID, int]:
    """Return ancestors or descendants by their keys, each with its steps from here, nearest first.

    At most MOST_FOUND; a relative that is reached in several ways has the fewest steps.
    """
    found: dict[UUID, int] = {}
    for step, new in enumerate(_walk({version.pk}, direction, among), 1):
        found |= dict.fromkeys(sorted(new)[: MOST_FOUND - len(found)], step)
        if step >= min(steps, MOST_STEPS) or len(found) == MOST_FOUND:
            break
    return found


def _walk(
    start: Collection[UUID], direction: Direction, among: QuerySet[Version]
) -> Iterator[set[UUID]]:
    """Yield the relatives one step away, then two, to the last; each once, at its fewest steps."""
    known, edge = set(start), set(start)
    while edge := set(_next(edge, direction, among)) - known:
        known |= edge
        yield edge


def _next(
    edge: Collection[UUID], direction: Direction, among: QuerySet[Version]
) -> QuerySet[Parentage, UUID]:
    links = Parentage.objects.order_by()
    if direction == "parents":
        return links.filter(version__in=edge, parent__in=among).values_list("parent", flat=True)
    return links.filter(parent__in=edge, version__in=among).values_list("version", flat=True)


def shown(found: Iterable[UUID]) -> QuerySet[Version]:
    """Return relatives as pages and API show them, newest first."""
    versions: QuerySet[Version] = Version.objects.filter(pk__in=found)
    return versions.select_related("aesthetic__owner", "space").order_by("-published_at", "-pk")


def children(version: Version, *, person: User | AnonymousUser) -> QuerySet[Version]:
    """Return the versions made of this one, newest first."""
    return shown(relatives(version, "children", among=seen_by(person), steps=1))


def tree(
    version: Version, *, person: User | AnonymousUser, steps: int = TREE_STEPS
) -> list[Branch]:
    """Return the parents in the recipe's order, each with its own parents, up to `steps` deep.

    A parent that stands in the tree already has its branches there and not again.
    """
    return _branches(version, seen_by(person), steps, {version.pk})


def _branches(
    version: Version, seen: QuerySet[Version], steps: int, known: set[UUID]
) -> list[Branch]:
    parts = parts_of(version)
    if not parts or not steps:
        return []
    parents = {
        parent.version_digest: parent for parent in shown(_next({version.pk}, "parents", seen))
    }
    branches = [Branch(parents[p.parent], p.words) for p in parts if p.parent in parents]
    for branch in branches:
        if branch.version.pk not in known:
            known.add(branch.version.pk)
            branch.branches.extend(_branches(branch.version, seen, steps - 1, known))
    return branches


def parts_of(version: Version) -> list[combinations.Part]:
    """Return what a blend's recipe says of its parents; nothing for other constructions."""
    if not version.is_blend:
        return []
    return combinations.parts_of(json.loads(bytes(version.recipe))["parameters"])


def withdrawn_parents(version: Version, *, person: User | AnonymousUser) -> list[Version]:
    """Return the ancestors that were yanked or taken down, newest first."""
    ancestors = shown(relatives(version, "parents", among=seen_by(person)))
    return list(ancestors.filter(Q(yanked_at__isnull=False) | Q(taken_down_at__isnull=False)))


def descendants(version: Version) -> QuerySet[Version]:
    """Return all that was made of a version, drafts and private ones too: for keepers alone."""
    kept = Version.objects.filter(aesthetic__deleted_at__isnull=True).order_by()
    return shown(chain.from_iterable(_walk({version.pk}, "children", kept)))


def attribution(version: Version) -> list[str]:
    """Return a line of credit for each public version that this one was made of, nearest first.

    The licences ask for it: title, author, licence, address, and that it was changed.
    """
    public = Version.objects.public().order_by()
    # By the recipe, since a version that is being made has no rows of parents yet.
    named = [part.parent for part in parts_of(version)]
    parents = set(public.filter(version_digest__in=named).values_list("pk", flat=True))
    found = dict.fromkeys(parents, 0)
    for step, new in enumerate(_walk(parents, "parents", public), 1):
        found |= dict.fromkeys(new, step)  # however far: what asks for a credit gets it
    ancestors = sorted(shown(found), key=lambda each: (found[each.pk], str(each)))
    return [
        f"{each.aesthetic.title} ({each}) by {each.aesthetic.owner.username}, "
        f"{each.aesthetic.licence}, {each.aesthetic.homepage}; blended"
        for each in ancestors
    ]
