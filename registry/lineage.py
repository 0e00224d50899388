"""A version in; what it was made of and what was made of it out, as far as somebody may see it.

The walk goes over visible versions only: what is hidden ends it, is not counted and not hinted at.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts.models import User
from registry import combinations
from registry.models import Parentage, Version
from registry.models.versions import VersionQuerySet

Direction = Literal["parents", "children"]
DIRECTIONS: tuple[Direction, Direction] = ("parents", "children")

MOST_STEPS = 8  # from a version to its furthest relative that is looked for
MOST_FOUND = 2_000  # relatives that one walk returns
TREE_STEPS = 3
MOST_FORKS = 100  # blends in a tree whose parents it shows
CHILDREN_SHOWN = 6
CREDITS_SHOWN = 50


@dataclass(slots=True)
class Branch:
    """A parent in a tree, what it does in the blend, and what it was made of itself."""

    version: Version
    words: str
    branches: list["Branch"] = field(default_factory=list)
    has_more: bool = False  # it is a blend, and the tree ends before its parents


@dataclass(frozen=True, slots=True)
class Family:
    """What a version's own page shows of its lineage."""

    parents: list[Branch]
    children: list[Version]  # the newest
    has_more_children: bool
    withdrawn_parents: list[Version]
    credits: list[str]  # the nearest
    more_credits: int  # the manifest has them all


def family_of(version: Version, *, person: User | AnonymousUser) -> Family:
    """Return the tree of a version's parents, and some of what was made of it."""
    credited = _credited(version)
    newest = list(children(version, person=person)[: CHILDREN_SHOWN + 1])
    return Family(
        parents=tree(version, person=person),
        children=newest[:CHILDREN_SHOWN],
        has_more_children=len(newest) > CHILDREN_SHOWN,
        withdrawn_parents=withdrawn_parents(version, person=person),
        credits=_credits(_nearest(credited, CREDITS_SHOWN))[:CREDITS_SHOWN],
        more_credits=max(0, len(credited) - CREDITS_SHOWN),
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


def _whole_line(
    start: Collection[UUID], direction: Direction, among: QuerySet[Version]
) -> dict[UUID, int]:
    """Return all ancestors or descendants, however far, with their fewest steps: two queries."""
    links = Parentage.objects
    line = links.ancestry(start) if direction == "parents" else links.progeny(start)
    seen = set(among.filter(pk__in={end for _, end in line}).values_list("pk", flat=True))
    ends = defaultdict(set)
    for near, far in line:
        if far in seen:
            ends[near].add(far)
    found: dict[UUID, int] = {}
    step, edge = 0, set(start)
    while edge:
        step += 1
        edge = set().union(*(ends[each] for each in edge)) - found.keys() - set(start)
        found |= dict.fromkeys(edge, step)
    return found


def shown(found: Iterable[UUID], *, with_recipes: bool = False) -> VersionQuerySet:
    """Return relatives as pages and API show them, newest first, without what is heavy of them."""
    versions: VersionQuerySet = Version.objects.filter(pk__in=found)
    light = versions.light(keep="recipe" if with_recipes else "")
    return light.select_related("aesthetic__owner", "space").order_by("-published_at", "-pk")


def children(version: Version, *, person: User | AnonymousUser) -> VersionQuerySet:
    """Return the versions made of this one, newest first."""
    return shown(relatives(version, "children", among=seen_by(person), steps=1))


def tree(
    version: Version, *, person: User | AnonymousUser, steps: int = TREE_STEPS
) -> list[Branch]:
    """Return the parents in the recipe's order, each with its own parents, up to `steps` deep.

    A parent that stands in the tree already has its branches there, where it is nearest to the
    root, and not again. Each generation is two queries; after MOST_FORKS blends the tree ends.
    """
    root = Branch(version, "")
    known: set[UUID] = set()
    edge, left = [root], MOST_FORKS
    for _ in range(steps):
        forks = _unknown_blends(edge, known)
        for branch in forks[left:]:
            branch.has_more = True
        _grow(forks[:left], seen_by(person))
        edge = [branch for fork in forks[:left] for branch in fork.branches]
        left -= len(forks[:left])
    for branch in _unknown_blends(edge, known):
        branch.has_more = True
    return root.branches


def _unknown_blends(branches: Iterable[Branch], known: set[UUID]) -> list[Branch]:
    """Return the blends that did not stand in the tree before, each once; now they are known."""
    new = []
    for branch in branches:
        if branch.version.is_blend and branch.version.pk not in known:
            known.add(branch.version.pk)
            new.append(branch)
    return new


def _grow(forks: Sequence[Branch], seen: QuerySet[Version]) -> None:
    """Give each of these blends the parents that are seen."""
    if not forks:
        return
    links = Parentage.objects.filter(
        version__in=[fork.version.pk for fork in forks], parent__in=seen
    )
    pairs = set(links.order_by().values_list("version", "parent"))
    parents = {
        parent.version_digest: parent
        for parent in shown({parent for _, parent in pairs}, with_recipes=True)
    }
    for fork in forks:
        for part in parts_of(fork.version):
            parent = parents.get(part.parent)
            if parent is not None and (fork.version.pk, parent.pk) in pairs:
                fork.branches.append(Branch(parent, part.words))


def parts_of(version: Version) -> list[combinations.Part]:
    """Return what a blend's recipe says of its parents; nothing for other constructions."""
    if not version.is_blend:
        return []
    return combinations.parts_of(json.loads(bytes(version.recipe))["parameters"])


def withdrawn_parents(version: Version, *, person: User | AnonymousUser) -> list[Version]:
    """Return the ancestors that were yanked or taken down, newest first."""
    ancestors = shown(relatives(version, "parents", among=seen_by(person)))
    return list(ancestors.filter(Q(yanked_at__isnull=False) | Q(taken_down_at__isnull=False)))


def descendants(version: Version) -> VersionQuerySet:
    """Return all that was made of a version, drafts and private ones too: for keepers alone."""
    kept = Version.objects.filter(aesthetic__deleted_at__isnull=True).order_by()
    return shown(_whole_line({version.pk}, "children", kept))


def attribution(version: Version) -> list[str]:
    """Return a line of credit for each public version that this one was made of, nearest first.

    The licences ask for it: title, author, licence, address, and that it was changed.
    """
    return _credits(_credited(version))


def _credited(version: Version) -> dict[UUID, int]:
    """Return the public ancestors, however far, since what asks for a credit gets it.

    Each with its steps from the nearest parents.
    """
    # By the recipe, since a version that is being made has no rows of parents yet.
    named = [part.parent for part in parts_of(version)]
    if not named:
        return {}
    public = Version.objects.public().order_by()
    parents = set(public.filter(version_digest__in=named).values_list("pk", flat=True))
    return dict.fromkeys(parents, 0) | _whole_line(parents, "parents", public)


def _nearest(found: Mapping[UUID, int], most: int) -> dict[UUID, int]:
    """Return the nearest `most`, and what else is as near as the last of them."""
    last = max(sorted(found.values())[:most], default=0)
    return {each: step for each, step in found.items() if step <= last}


def _credits(found: Mapping[UUID, int]) -> list[str]:
    versions = Version.objects.filter(pk__in=found).order_by().select_related("aesthetic__owner")
    told = versions.only(
        *("number", "aesthetic__slug", "aesthetic__title", "aesthetic__licence"),
        "aesthetic__owner__username",
    )
    ancestors = sorted(told, key=lambda each: (found[each.pk], str(each)))
    return [
        f"{each.aesthetic.title} ({each}) by {each.aesthetic.owner.username}, "
        f"{each.aesthetic.licence}, {each.aesthetic.homepage}; blended"
        for each in ancestors
    ]
