"""What goes into an embedding in, its recipe; what came out in, its manifest. Pure Python.

A recipe is known before any work and names it: the same recipe digest means the same inputs. A
manifest lists what the work made; its digest is the version's permanent id. It is a valid OCI image
manifest (image-spec 1.1), so that any OCI registry can hold and serve a version.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from registry.digests import canonical_json, checked_digest, digest_bytes

CONSTRUCTIONS = ("mean", "contrast", "blend", "import")

# How sums are made: in float64, row after row, images in the order of their digests, rounded once.
ACCUMULATION = "float64-in-digest-order"

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
ARTIFACT_TYPE = "application/vnd.aesthetic-embedding.v1+json"
RECIPE_TYPE = "application/vnd.aesthetic-embedding.recipe.v1+json"

FILE_NAME = "org.opencontainers.image.title"  # OCI's annotation for the name of a layer's file
PREFIX = "vnd.aesthetic-embedding"
RECIPE_DIGEST = f"{PREFIX}.recipe-digest"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as a manifest lists it; size in bytes."""

    name: str
    media_type: str
    size: int
    digest: str


class Facts(TypedDict):
    """What a manifest says of a version; empty or None where a construction has no images."""

    ref: str
    title: str
    licence: str
    vector_digest: str
    image_set_digest: str | None
    recipe_digest: str
    space: str
    construction: str
    images: int
    resultant_length: float | None  # 0..1, see registry.statistics
    parents: Sequence[str]  # version digests
    attribution: Sequence[str]  # a line of credit for each version that it was made of


def recipe(
    space: Mapping[str, object],
    construction: str,
    parameters: Mapping[str, object],
    members: str,
    parents: Sequence[str],
) -> dict[str, object]:
    """Return what decides a vector, ready for `recipe_digest` and `canonical_json`.

    `space` is the space's name with the encoder's architecture, weights digest, preprocessing and
    width; SPEC does not list the name, but it is part of the digest. `members` is `members_digest`
    of the images (of none, for a blend or an import): one digest, since a public list of images
    would tell anyone who asks which images are in the set. `parents` are digests; they are sorted,
    so a blend's weights stand in the parameters by digest, not by place.
    """
    if construction not in CONSTRUCTIONS:
        raise ValueError(f"{construction!a} is not a construction; they are {CONSTRUCTIONS}.")
    if len(set(parents)) != len(parents):
        raise ValueError(f"The same parent is named twice: {sorted(parents)}.")
    return {
        "space": dict(space),
        "construction": construction,
        "parameters": dict(parameters),
        "members": checked_digest(members),
        "parents": sorted(checked_digest(parent) for parent in parents),
        "accumulation": ACCUMULATION,
    }


def annotations(**facts: Unpack[Facts]) -> dict[str, str]:
    """Return the facts under the names that a manifest gives them, all as texts."""
    length = facts["resultant_length"]
    texts = {
        "org.opencontainers.image.ref.name": facts["ref"],
        "org.opencontainers.image.title": facts["title"],
        "org.opencontainers.image.licenses": facts["licence"],
        f"{PREFIX}.vector-digest": facts["vector_digest"],
        f"{PREFIX}.image-set-digest": facts["image_set_digest"],
        RECIPE_DIGEST: facts["recipe_digest"],
        f"{PREFIX}.space": facts["space"],
        f"{PREFIX}.construction": facts["construction"],
        f"{PREFIX}.images": str(facts["images"]),
        f"{PREFIX}.resultant-length": "" if length is None else f"{length:.6f}",
        f"{PREFIX}.parents": " ".join(sorted(facts["parents"])),
        f"{PREFIX}.attribution": "\n".join(facts["attribution"]),
    }
    return {name: str(text) for name, text in texts.items() if text}


def manifest(
    recipe_json: bytes, files: Sequence[FileEntry], annotations: Mapping[str, str]
) -> dict[str, object]:
    """Return the OCI image manifest of a version, ready for `canonical_json`.

    `recipe_json` is the recipe as `canonical_json` writes it, so that its digest is the recipe
    digest, which stands in the annotations in any case. Raise ValueError or TypeError where an OCI
    registry would refuse the result, or where the annotations speak of another recipe.
    """
    # As doubles, since canonical JSON writes large ones as integers too long for an integer.
    if canonical_json(json.loads(recipe_json, parse_int=float)) != recipe_json:
        raise ValueError("The recipe is not in canonical JSON, so its digest would be another.")
    if not files:
        raise ValueError("A manifest lists at least one file.")
    for name, text in annotations.items():
        if not isinstance(text, str):
            raise TypeError(f"The annotation {name} is {text!a}; OCI wants a text.")
    digest = digest_bytes(recipe_json)
    if annotations.get(RECIPE_DIGEST, digest) != digest:
        raise ValueError(
            f"The annotations name {annotations[RECIPE_DIGEST]}, the recipe is {digest}."
        )
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": ARTIFACT_TYPE,
        "config": _descriptor(RECIPE_TYPE, digest, len(recipe_json)),
        "layers": [_layer(file) for file in files],
        "annotations": {**annotations, RECIPE_DIGEST: digest},
    }


def _layer(file: FileEntry) -> dict[str, object]:
    return {
        **_descriptor(file.media_type, file.digest, file.size),
        "annotations": {FILE_NAME: file.name},
    }


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, object]:
    return {"mediaType": media_type, "digest": checked_digest(digest), "size": size}
