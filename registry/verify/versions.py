"""What is said of a version and its parts in, every difference between them out.

A version is one chain of digests: its own is that of the manifest, which names the recipe, the
files and the vector; each file holds the vector. The row of a hub, or its answer, says the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry import formats, strict_json
from registry.digests import digest_bytes, vector_digest
from registry.manifests import RECIPE_DIGEST, RECIPE_TYPE, FileEntry
from registry.verify.deviations import MISSING, Deviation, differing
from registry.verify.manifest_reading import (
    CONSTRUCTION,
    IMAGE_SET_DIGEST,
    IMAGES,
    RECIPE,
    REF,
    RESULTANT_LENGTH,
    SPACE,
    VECTOR_DIGEST,
    Listing,
    ManifestRefused,
    read_manifest,
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a version's row, or a hub's answer, says of it; empty where it has no such part."""

    ref: str  # owner/slug
    version_digest: str
    vector_digest: str
    image_set_digest: str
    recipe_digest: str
    space: str
    construction: str
    images: int
    resultant_length: float | None
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The bytes of a version; of each file by its name, None where it is gone."""

    manifest: bytes
    recipe: bytes
    files: Mapping[str, bytes | None]


def check_version(subject: str, said: Said, parts: Parts) -> Iterator[Deviation]:
    """Yield every deviation within a version: digests, sizes, lists, vectors in files."""
    yield from differing(
        subject,
        "version digest, the sha256 of the manifest",
        expected=said.version_digest,
        found=digest_bytes(parts.manifest),
    )
    yield from check_recipe(subject, said, parts.recipe)
    try:
        listing = read_manifest(parts.manifest)
    except ManifestRefused as error:
        yield Deviation(subject, "manifest", "a manifest of a version", str(error))
    else:
        yield from _check_listing(subject, said, listing, len(parts.recipe))
    for entry in said.files:
        data = parts.files.get(entry.name)
        yield from check_bytes(subject, f"file {entry.name}", entry, data)
        if data is not None:
            yield from check_vector_file(subject, entry.name, data, said.vector_digest)


def check_recipe(subject: str, said: Said, recipe: bytes) -> Iterator[Deviation]:
    """Compare a recipe with its digest, and what it says with what is said of the version."""
    yield from differing(
        subject, "recipe digest", expected=said.recipe_digest, found=digest_bytes(recipe)
    )
    try:
        read = strict_json.read(recipe)
    except strict_json.JSONRefused as error:
        yield Deviation(subject, "recipe", "JSON", str(error))
        return
    construction = read.get("construction")
    yield from differing(
        subject, "recipe, construction", expected=said.construction, found=construction
    )
    space = read.get("space")
    name = space.get("name") if isinstance(space, dict) else None
    yield from differing(subject, "recipe, name of the space", expected=said.space, found=name)


def _check_listing(
    subject: str, said: Said, listing: Listing, recipe_size: int
) -> Iterator[Deviation]:
    """Compare what a manifest lists with what is said of the version."""
    recipe = FileEntry(RECIPE, RECIPE_TYPE, recipe_size, said.recipe_digest)
    yield from _check_entries(subject, {RECIPE: recipe}, {RECIPE: listing.recipe})
    yield from _check_entries(subject, {file.name: file for file in said.files}, listing.files)
    length = said.resultant_length
    for name, expected in (
        (VECTOR_DIGEST, said.vector_digest),
        (IMAGE_SET_DIGEST, said.image_set_digest),
        (RECIPE_DIGEST, said.recipe_digest),
        (REF, said.ref),
        (SPACE, said.space),
        (CONSTRUCTION, said.construction),
        (IMAGES, str(said.images)),
        (RESULTANT_LENGTH, "" if length is None else f"{length:.6f}"),
    ):
        yield from differing(
            subject,
            f"manifest, {name}",
            expected=expected,
            found=listing.annotations.get(name, ""),
        )


def _check_entries(
    subject: str, said: Mapping[str, FileEntry], listed: Mapping[str, FileEntry]
) -> Iterator[Deviation]:
    for name in sorted(said.keys() | listed.keys()):
        yield from differing(
            subject,
            f"manifest, entry of {name}",
            expected=_described(said.get(name)),
            found=_described(listed.get(name)),
        )


def _described(entry: FileEntry | None) -> str:
    return f"{entry.digest} ({entry.size} bytes, {entry.media_type})" if entry else MISSING


def check_bytes(
    subject: str, what: str, entry: FileEntry, data: bytes | None
) -> Iterator[Deviation]:
    """Compare bytes with the digest and the size that they should have."""
    if data is None:
        yield Deviation(subject, what, entry.digest, MISSING)
        return
    yield from differing(
        subject, f"{what}, sha256", expected=entry.digest, found=digest_bytes(data)
    )
    yield from differing(subject, f"{what}, bytes", expected=entry.size, found=len(data))


def check_vector_file(subject: str, name: str, data: bytes, expected: str) -> Iterator[Deviation]:
    """Read the vector out of a file, and compare its digest with the one that it should have."""
    try:
        vector = formats.read(data)
    except formats.FileRefused as error:
        yield Deviation(subject, f"file {name}, vector digest", expected, error.detail)
        return
    yield from differing(
        subject,
        f"file {name}, vector digest",
        expected=expected,
        found=vector_digest(vector.tolist()),
    )
