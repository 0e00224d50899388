"""The rows and the stored bytes of the hub in, whatever is not what it is called out.

Everything is streamed: rows in chunks with all that belongs to them, so that the number of queries
grows with the chunks; stored bytes piece by piece. Nothing is changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.core.files.storage import default_storage
from django.db.models import Prefetch

from registry import blobs, constructions, digests, strict_json
from registry.combinations import CombinationRefused
from registry.constructions import NotExecutable
from registry.manifests import FileEntry
from registry.models import Feature, Image, JobState, Version, VersionFile, VersionMember
from registry.models.versions import VersionQuerySet
from registry.outages import Outage
from registry.verify.deviations import MISSING, Deviation, differing
from registry.verify.versions import Parts, Said, check_bytes, check_recipe, check_version

CHUNK = 100  # versions, or images, held at a time with all that belongs to them


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at: what kind of thing, and what is wrong with it."""

    kind: str
    deviations: tuple[Deviation, ...]


def audit() -> Iterator[Checked]:
    """Look at every version, every image, and every other stored file."""
    yield from audit_versions()
    yield from audit_images()
    yield from audit_store()


def audit_versions() -> Iterator[Checked]:
    """Look at all versions; one that is being published meanwhile is looked at a second time."""
    for version in _with_parts(Version.objects.order_by("pk")).iterator(chunk_size=CHUNK):
        deviations = tuple(check(version))
        if deviations:
            again = _with_parts(Version.objects.filter(pk=version.pk)).first()
            deviations = tuple(check(again)) if again is not None else ()
        yield Checked("versions", deviations)


def _with_parts(versions: VersionQuerySet) -> VersionQuerySet:
    features = Feature.objects.defer("vector")
    members = VersionMember.objects.select_related("image").prefetch_related(
        Prefetch("image__features", features)
    )
    return versions.select_related("aesthetic__owner", "space").prefetch_related(
        "files", Prefetch("members", members)
    )


def check(version: Version) -> Iterator[Deviation]:
    """Recompute every digest of a version; of one that is not ready, those of its recipe."""
    subject = f"{version} (version {version.pk})"
    said = _said_of(version)
    yield from _check_recipe_by_rows(subject, version)
    if version.state != JobState.SUCCEEDED:
        yield from check_recipe(subject, said, bytes(version.recipe))
        return
    contents = {file.digest: _stored(file.digest) for file in version.files.all()}
    files = {file.name: contents[file.digest] for file in version.files.all()}
    parts = Parts(version.sealed_manifest, bytes(version.recipe), files)
    yield from check_version(subject, said, parts)
    yield from _check_vector(subject, version)
    if version.is_blend:
        yield from _check_blend(subject, version)
    yield from _check_image_set(subject, version)
    for what, digest, size in (
        ("stored manifest", version.version_digest, len(parts.manifest)),
        ("stored recipe", version.recipe_digest, len(parts.recipe)),
    ):
        yield from check_bytes(subject, what, FileEntry(what, "", size, digest), _stored(digest))


def _said_of(version: Version) -> Said:
    return Said(
        ref=version.aesthetic.ref,
        version_digest=version.version_digest,
        vector_digest=version.vector_digest,
        image_set_digest=version.image_set_digest,
        recipe_digest=version.recipe_digest,
        space=version.space.name,
        construction=version.construction,
        images=version.image_count,
        resultant_length=version.resultant_length,
        files=tuple(
            FileEntry(file.name, file.media_type, file.size, file.digest)
            for file in version.files.all()
        ),
    )


def _stored(digest: str) -> bytes | None:
    """Return the stored bytes of a small file, or None where there are none."""
    try:
        return blobs.read_blob(digest)
    except Outage:  # a store that is away says nothing of the file
        raise
    except FileNotFoundError:
        return None


def _check_vector(subject: str, version: Version) -> Iterator[Deviation]:
    try:
        found = digests.vector_digest(version.vector)
    except ValueError as error:
        found = str(error)
    yield from differing(subject, "vector digest", expected=version.vector_digest, found=found)


def _check_blend(subject: str, version: Version) -> Iterator[Deviation]:
    """Make the vector of its parents again: that is arithmetic, and gives the same bits."""
    try:
        found = constructions.execute_again(version).vector_digest
    except (NotExecutable, CombinationRefused, ValueError) as error:
        found = str(error)
    yield from differing(
        subject, "vector, made of its parents again", expected=version.vector_digest, found=found
    )


def _check_recipe_by_rows(subject: str, version: Version) -> Iterator[Deviation]:
    """Compare what the recipe says of the set and the space with the rows of both."""
    try:
        recipe = strict_json.read(bytes(version.recipe))
    except strict_json.JSONRefused:
        return  # `check_recipe` says so
    yield from _check_members(subject, version, recipe.get("members"))
    space = recipe.get("space")
    named = space if isinstance(space, dict) else {}
    for key in ("architecture", "weights", "preprocessing", "width"):
        found = version.space.identity()[key]
        yield from differing(
            subject, f"recipe, {key} of the space", expected=named.get(key), found=found
        )


def _check_members(subject: str, version: Version, named: object) -> Iterator[Deviation]:
    """Compare the snapshot of the set with its digest in the recipe, and with its size."""
    members = [(member.image.digest, member.side) for member in version.members.all()]
    found = digests.members_digest(members)
    yield from differing(subject, "recipe, members of the set", expected=named, found=found)
    if members:
        yield from differing(
            subject, "number of images", expected=version.image_count, found=len(members)
        )


def _check_image_set(subject: str, version: Version) -> Iterator[Deviation]:
    """Recompute the image-set digest, with what the encoder was given of each picture."""
    members = list(version.members.all())
    if not members:
        return  # made of other embeddings, not of pictures
    pixels = {
        member.image_id: feature.pixels
        for member in members
        for feature in member.image.features.all()
        if feature.space_id == version.space_id
    }
    for member in members:
        if member.image_id not in pixels:
            image = member.image.digest
            yield Deviation(subject, f"feature of the image {image}", "a row", MISSING)
            return
    found = digests.image_set_digest(
        (member.image.digest, pixels[member.image_id], member.side) for member in members
    )
    yield from differing(
        subject, "image-set digest", expected=version.image_set_digest, found=found
    )


def audit_images() -> Iterator[Checked]:
    """Look at the stored bytes of every image, and whether it has a thumbnail."""
    for image in Image.objects.order_by("pk").iterator(chunk_size=CHUNK):
        subject = f"image {image.digest} (image {image.pk})"
        yield Checked("images", tuple(_check_image(subject, image)))


def _check_image(subject: str, image: Image) -> Iterator[Deviation]:
    thumbnail = blobs.thumbnail_path(image.digest)
    if not default_storage.exists(thumbnail):
        yield Deviation(subject, "thumbnail", thumbnail, MISSING)
    path = blobs.path_of(image.digest)
    if not default_storage.exists(path):
        yield Deviation(subject, "stored bytes", image.digest, MISSING)
        return
    found = _digest_of_stored(path)
    yield from differing(subject, "stored bytes, sha256", expected=image.digest, found=found)
    size = default_storage.size(path)
    yield from differing(subject, "stored bytes", expected=image.size, found=size)


def _digest_of_stored(path: str) -> str:
    with default_storage.open(path) as file:
        return digests.digest_chunks(file.chunks(digests.PIECE))


def audit_store() -> Iterator[Checked]:
    """Look at the stored files that none of the rows above names, as those of drawings."""
    for first in _listed("blobs").folders:
        named = _named_with(f"sha256:{first}")
        for second in _listed(f"blobs/{first}").folders:
            for name in _listed(f"blobs/{first}/{second}").files:
                digest = f"sha256:{name}"
                # Another name is that of a file being written, or what a crash has left.
                if digests.is_digest(digest) and digest not in named:
                    yield Checked("other files", tuple(_check_stored(digest)))


@dataclass(frozen=True, slots=True)
class _Listed:
    folders: list[str]
    files: list[str]


def _listed(folder: str) -> _Listed:
    """Return what lies in a folder of the store, in order; nothing where there is no folder."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return _Listed([], [])
    return _Listed(sorted(folders), sorted(files))


def _named_with(prefix: str) -> set[str]:
    """Return the digests with this prefix whose bytes were looked at with their rows."""
    ready = Version.objects.filter(state=JobState.SUCCEEDED)
    named: set[str] = set()
    for rows, column in (
        (Image.objects.all(), "digest"),
        (VersionFile.objects.filter(version__in=ready), "digest"),
        (ready, "version_digest"),
        (ready, "recipe_digest"),
    ):
        begins = rows.order_by().filter(**{f"{column}__startswith": prefix})
        named.update(begins.values_list(column, flat=True))
    return named


def _check_stored(digest: str) -> Iterator[Deviation]:
    path = blobs.path_of(digest)
    yield from differing(
        path, "stored bytes, sha256", expected=digest, found=_digest_of_stored(path)
    )
