"""The files and the manifest of a version: what is downloaded, and what names it for good."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from registry import blobs, digests, formats, lineage, manifests
from registry.models import Version, VersionFile

MOST_CREDITS = 50  # lines in a file, whose header may have 64 kB; the manifest has them all


@dataclass(frozen=True, slots=True)
class Package:
    """The stored files of a version and the manifest over them."""

    files: tuple[manifests.FileEntry, ...]
    manifest: bytes
    version_digest: str
    stored: tuple[bytes, ...]  # the files, the recipe and the manifest


def package(version: Version) -> Package:
    """Write the files of a measured version into the store and return them with their manifest.

    Needs the vector and its digests on `version`; the same card gives the same bytes.
    """
    contents = contents_of(version)
    for data in contents.stored:
        blobs.ensure_blob(data)
    return contents


def contents_of(version: Version) -> Package:
    """Return what `package` would store for the version as it is now; nothing is stored."""
    aesthetic, attribution = version.aesthetic, lineage.attribution(version)
    vector = np.asarray(version.vector, dtype=np.float32)  # the database gives a list
    card = formats.Card(
        ref=aesthetic.ref,
        title=aesthetic.title,
        author=aesthetic.owner.username,
        licence=aesthetic.licence,
        homepage=aesthetic.homepage,
        space=version.space.name,
        encoder_sha256=version.space.weights,
        construction=version.construction,
        images=version.image_count,
        attribution=credits_in_file(attribution, aesthetic.homepage),
    )
    written = formats.write_all(vector, card)
    files = tuple(
        manifests.FileEntry(
            name=f"{aesthetic.slug}.{suffix}",
            media_type=formats.MEDIA_TYPES[suffix],
            size=len(data),
            digest=digests.digest_bytes(data),
        )
        for suffix, data in written.items()
    )
    recipe = bytes(version.recipe)
    manifest = digests.canonical_json(
        manifests.manifest(recipe, files, _annotations(version, attribution))
    )
    stored = (*written.values(), recipe, manifest)
    return Package(files, manifest, digests.digest_bytes(manifest), stored)


def credits_in_file(lines: Sequence[str], homepage: str) -> str:
    """Return the credits as a text, the nearest first; of very many it says where the rest are."""
    if (more := len(lines) - MOST_CREDITS) <= 0:
        return "\n".join(lines)
    return "\n".join([*lines[:MOST_CREDITS], f"and {more} more, see the manifest and {homepage}"])


def _annotations(version: Version, attribution: Sequence[str]) -> dict[str, str]:
    """Return what the manifest says of a version beyond its files."""
    return manifests.annotations(
        ref=version.aesthetic.ref,
        title=version.aesthetic.title,
        licence=version.aesthetic.licence,
        vector_digest=version.vector_digest,
        image_set_digest=version.image_set_digest,
        recipe_digest=version.recipe_digest,
        space=version.space.name,
        construction=version.construction,
        images=version.image_count,
        resultant_length=version.resultant_length,
        parents=[part.parent for part in lineage.parts_of(version)],
        attribution=attribution,
    )


def replace_files(version: Version, contents: Package) -> None:
    """Make the file rows of `version` those of the package."""
    version.files.all().delete()
    VersionFile.objects.bulk_create(
        VersionFile(
            version=version,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            digest=file.digest,
        )
        for file in contents.files
    )
