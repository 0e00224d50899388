"""A digest or a file in; the published versions that it names, or that are near it, out.

Only what the asker may see is found, so nothing tells whether somebody else holds a thing; the
digests of single images name nothing here. Request side.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import User
from registry import digests, formats, search
from registry.models import ImportedFile, Space, Version, VersionFile
from registry.models.versions import VersionQuerySet

MOST_NAMED = 100  # versions; copies of a set share its digests
MOST_ASKED = 1_000  # digests in one question
NEAREST = 6

# The names that a version itself has, and those of its files.
COLUMNS = {
    "version": "version_digest",
    "vector": "vector_digest",
    "recipe": "recipe_digest",
    "image-set": "image_set_digest",
}
FILES: dict[str, type[VersionFile] | type[ImportedFile]] = {
    "file": VersionFile,
    "imported-file": ImportedFile,
}
KINDS = ("version", "file", "imported-file", "vector", "recipe", "image-set")


@dataclass(frozen=True, slots=True)
class Named:
    """What a digest is the name of, and the versions that it leads to, oldest first."""

    digest: str
    kind: str  # one of KINDS
    versions: list[Version]


@dataclass(frozen=True, slots=True)
class Identified:
    """What is known of a file: its bytes by name, else its vector by name, else what is near it."""

    digest: str  # of the file
    file: Named | None
    vector_digest: str = ""  # empty where the file could not be read
    vector: Named | None = None
    space: Space | None = None  # in which the nearest were looked for
    nearest: list[search.Neighbour] = field(default_factory=list)
    refusal: str = ""  # why the file could not be read, in a sentence


def as_digest(text: str) -> str:
    """Return a digest as the hub writes it, of a bare sha256 too; other texts as they are."""
    bare = f"sha256:{text.strip().lower()}"
    return bare if digests.is_digest(bare) else text.strip()


def seen_by(person: User | AnonymousUser) -> VersionQuerySet:
    """Return the published versions that `person` may know of, oldest first."""
    seen: VersionQuerySet = Version.objects.visible_to(person).published()
    return seen.order_by("published_at", "pk")


def named_by(digest: str, *, person: User | AnonymousUser) -> Named | None:
    """Return what `digest` names, the first 100; None for a digest of nothing that is seen."""
    digest = as_digest(digest)
    if not digests.is_digest(digest):
        return None
    # A union, so that each column's index is used; an `or` with the files would read all versions.
    anything = Version.objects.order_by().values("pk")
    own = [anything.filter(**{column: digest}) for column in COLUMNS.values()]
    files = [table.objects.order_by().filter(digest=digest) for table in FILES.values()]
    named = own[0].union(*own[1:], *(rows.values("version") for rows in files))
    found = list(_shown(seen_by(person).filter(pk__in=named))[:MOST_NAMED])
    return Named(digest, _kind(digest, found[0]), found) if found else None


def named_by_each(asked: Sequence[str], *, person: User | AnonymousUser) -> list[Named | None]:
    """Return, in order, what each digest names, with its oldest version alone."""
    names = [as_digest(text) for text in asked]
    wanted = [name for name in set(names) if digests.is_digest(name)]
    found: dict[str, tuple[str, UUID]] = {}
    for kind in KINDS:
        for digest, pk in _oldest_of_each(kind, wanted, seen_by(person)):
            found.setdefault(digest, (kind, pk))
    versions = {
        version.pk: version
        for version in _shown(Version.objects.filter(pk__in={pk for _, pk in found.values()}))
    }
    return [
        Named(name, found[name][0], [versions[found[name][1]]]) if name in found else None
        for name in names
    ]


def identify(data: bytes, *, person: User | AnonymousUser) -> Identified:
    """Say what a file is here; a file that can't be read is still found by its bytes."""
    digest = digests.digest_bytes(data)
    file = named_by(digest, person=person)
    try:
        content = formats.read_content(data)
    except formats.FileRefused as refused:
        return Identified(digest, file, refusal=refused.detail)
    vector_digest = digests.vector_digest(content.vector)
    vector = named_by(vector_digest, person=person)
    space = Space.objects.filter(name=content.space or settings.HUB_SPACE).first()
    nearest = []
    if vector is None and space is not None:
        nearest = search.nearest(content.vector, space=space, person=person, most=NEAREST)
    return Identified(digest, file, vector_digest, vector, space, nearest)


def _kind(digest: str, version: Version) -> str:
    """Tell which of the names of a version the digest is."""
    for kind, column in COLUMNS.items():
        if getattr(version, column) == digest:
            return kind
    return "file" if any(file.digest == digest for file in version.files.all()) else "imported-file"


def _oldest_of_each(
    kind: str, wanted: Iterable[str], seen: QuerySet[Version]
) -> Iterator[tuple[str, UUID]]:
    """Yield each of the wanted digests that is a name of this kind, with its oldest version."""
    if kind in COLUMNS:
        column = COLUMNS[kind]
        rows = seen.filter(**{f"{column}__in": wanted})
        yield from rows.order_by(column, "published_at").distinct(column).values_list(column, "pk")
        return
    files = FILES[kind].objects.filter(digest__in=wanted, version__in=seen.order_by())
    oldest = files.order_by("digest", "version__published_at").distinct("digest")
    yield from oldest.values_list("digest", "version")


def _shown(versions: VersionQuerySet) -> VersionQuerySet:
    light = versions.select_related("aesthetic__owner", "space", "superseded_by__aesthetic__owner")
    return light.light("superseded_by").prefetch_related("files")
