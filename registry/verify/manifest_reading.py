"""The bytes of a manifest in, what it lists out; anything but our own kind of manifest refused."""

import re
from dataclasses import dataclass

from registry import strict_json
from registry.digests import is_digest
from registry.manifests import FILE_NAME, MANIFEST_TYPE, PREFIX, FileEntry
from registry.raw_vectors import quoted

RECIPE = "recipe"  # how the config, which has no name of its own, is called
VECTOR_DIGEST = f"{PREFIX}.vector-digest"
IMAGE_SET_DIGEST = f"{PREFIX}.image-set-digest"
SPACE = f"{PREFIX}.space"
CONSTRUCTION = f"{PREFIX}.construction"
IMAGES = f"{PREFIX}.images"
RESULTANT_LENGTH = f"{PREFIX}.resultant-length"
REF = "org.opencontainers.image.ref.name"
# Names of files as the hub gives them; nothing else is looked for in a folder.
NAME_OF_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


class ManifestRefused(Exception):
    """Bytes that are no manifest of a version; the text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a manifest lists: the recipe, the files by their names, and texts by theirs."""

    recipe: FileEntry
    files: dict[str, FileEntry]
    annotations: dict[str, str]


def read_manifest(data: bytes) -> Listing:
    """Return what the manifest lists, or raise ManifestRefused."""
    try:
        manifest = strict_json.read(data)
    except strict_json.JSONRefused as error:
        raise ManifestRefused(f"The manifest can't be read. {error}") from error
    match manifest:
        case {
            "mediaType": str(media_type),
            "config": dict(config),
            "layers": list(layers),
            "annotations": dict(annotations),
        } if media_type == MANIFEST_TYPE:
            files = [_entry(layer, _name(layer)) for layer in layers]
        case _:
            raise ManifestRefused("It is JSON, but no manifest of a version.")
    return Listing(
        recipe=_entry(config, RECIPE),
        files={file.name: file for file in files},
        annotations={str(name): str(text) for name, text in annotations.items()},
    )


def looks_like_one(data: bytes) -> bool:
    """Tell whether the bytes say that they are a manifest of a version; it may be a broken one."""
    try:
        return strict_json.read(data).get("mediaType") == MANIFEST_TYPE
    except strict_json.JSONRefused:
        return False


def _name(layer: object) -> str:
    """Return the name of a file; refuse what could lead out of the folder of the manifest."""
    match layer:
        case {"annotations": {**annotations}} if isinstance(annotations.get(FILE_NAME), str):
            name = str(annotations[FILE_NAME])
        case _:
            raise ManifestRefused("A file in the manifest has no name.")
    if NAME_OF_FILE.fullmatch(name) is None:
        raise ManifestRefused(
            f"The manifest names a file {quoted(name)}, and no file of a version has such a name."
        )
    return name


def _entry(descriptor: object, name: str) -> FileEntry:
    match descriptor:
        case {"mediaType": str(media_type), "digest": str(digest), "size": int(size)} if is_digest(
            digest
        ):
            return FileEntry(name, media_type, size, digest)
        case _:
            raise ManifestRefused(f"The manifest describes {name!a} without digest or size.")
