"""From a file made elsewhere to a version that can be published. Request side.

The file is read by the strict readers of `formats`, which never unpickle, and what is stored is
our own writing of its vector. Of the file itself only the digest is kept.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.quotas import check_quota, start_of_day
from accounts.refusals import Refusal
from registry import (
    blobs,
    digests,
    fingerprints,
    formats,
    identifying,
    manifests,
    packaging,
    queueing,
    search,
    takedowns,
)
from registry.file_names import shown
from registry.models import Aesthetic, ImportedFile, JobState, Space, Version

MOST_BYTES = 256 * 1024  # of a file; the readers take 64 kB of most kinds
MOST_COMPARED = 64  # looks, the newest, of whose means a space's signature is made


class ImportRefused(Refusal):
    """The file is not imported: `unsafe-file` or `foreign-space`, with the file's name."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be imported: its vector, what it looks like, and where it is already."""

    vector: np.ndarray  # float32 [768]
    vector_digest: str
    space: Space
    finding: fingerprints.Finding
    digest: str  # of the file
    kind: str  # of the file, a key of formats.MEDIA_TYPES
    size: int  # bytes
    elsewhere: list[Version]  # published versions with the same vector, which the importer may see


@dataclass(frozen=True, slots=True)
class Imported:
    """The version that an import made, or made before."""

    version: Version
    candidate: Candidate
    is_new: bool


def examine(name: str, data: bytes, *, space: Space, person: User) -> Candidate:
    """Read a file and say what its vector looks like in `space`; nothing is stored.

    Raises ImportRefused, TakenDown or VectorTakenDown for what was taken down here, QuotaExceeded.
    """
    queueing.check_build_quota(person)
    _check_import_quota(person)
    try:
        content = formats.read_content(data)
    except formats.FileRefused as refused:
        raise ImportRefused(refused.code, f"{shown(name)}: {refused.detail}") from refused
    _refuse_foreign(shown(name), content, space)
    vector_digest = digests.vector_digest(content.vector)
    takedowns.refuse_vector_taken_down(vector_digest, person=person)
    named = identifying.named_by(vector_digest, person=person)
    return Candidate(
        vector=content.vector,
        vector_digest=vector_digest,
        space=space,
        finding=fingerprints.find(content.vector, signature_of(space)),
        digest=digests.digest_bytes(data),
        kind=formats.kind_of(data),
        size=len(data),
        elsewhere=named.versions if named else [],
    )


def _check_import_quota(person: User) -> None:
    """Raise QuotaExceeded when `person` may import nothing more today.

    Files are counted, not versions: the same vector in ever new files is one version.
    """
    today = ImportedFile.objects.filter(
        version__aesthetic__owner=person, imported_at__gte=start_of_day()
    )
    check_quota("imported files", used=today.count(), asked=1, limit=settings.QUOTA_IMPORTS)


def read_upload(upload: UploadedFile) -> bytes:
    """Return the bytes of an uploaded file; raise ImportRefused where they are too many."""
    data = blobs.read_upload(upload, at_most=MOST_BYTES)
    if data is None:
        raise _too_large(upload.name or "The file")
    return data


def read_file(path: Path) -> bytes:
    """Return the bytes of a file on this machine; raise ImportRefused as for an upload."""
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _too_large(path.name)
    return data


def _too_large(name: str) -> ImportRefused:
    return ImportRefused(
        "unsafe-file",
        f"{shown(name)} has more than {MOST_BYTES:,} bytes; one vector takes a few thousand.",
    )


def _refuse_foreign(name: str, content: formats.Content, space: Space) -> None:
    if content.space is not None and content.space != space.name:
        raise ImportRefused(
            "foreign-space",
            f"{name} says that it belongs to the space “{shown(content.space)}”, not to "
            f"“{space.name}”; vectors of different spaces are never mixed.",
        )
    if not content.vector.any():
        raise ImportRefused("foreign-space", f"{name}: all {len(content.vector)} numbers are 0.")
    if not search.is_comparable(content.vector):
        raise ImportRefused(
            "foreign-space",
            f"{name}: its vector has the length {search.length_of(content.vector):.2g}; no encoder "
            f"makes such, and only lengths from {search.SHORTEST:g} to {search.LONGEST:g} can be "
            "compared here.",
        )


def signature_of(space: Space) -> fingerprints.Signature | None:
    """Return what the newest public means of the space share, those that were measured here.

    One of each look, its newest: a mean of the same pictures says nothing of what others share.
    """
    means = (
        Version.objects.public()
        .offered()
        .filter(space=space, construction=Version.Construction.MEAN)
    )
    newest = Version.objects.filter(pk__in=means.newest_of_each().values("pk"))
    ordered = newest.order_by("-published_at", "-pk").values_list("vector", flat=True)
    vectors = list(ordered[:MOST_COMPARED])
    return fingerprints.signature_of(
        space.name, np.array(vectors, dtype=np.float32).reshape(-1, space.width)
    )


def import_into(aesthetic: Aesthetic, candidate: Candidate) -> Imported:
    """Make the file's vector a version of `aesthetic`, ready to be published.

    The same vector again is the same version; its file is remembered beside the first one. Raises
    ImportRefused, and QuotaExceeded for what other requests have used up meanwhile.
    """
    version = _version_of(aesthetic, candidate)
    contents = packaging.package(version)  # before the transaction, since the store may be slow
    version.manifest, version.version_digest = contents.manifest, contents.version_digest
    with transaction.atomic():
        locked = Aesthetic.objects.select_for_update().get(pk=aesthetic.pk)
        if locked.deleted_at is not None:
            raise ImportRefused("not-found", f"{aesthetic.ref} was deleted.")
        same = aesthetic.versions.with_same_inputs(version.recipe_digest).first()
        aesthetic.owner.hold_share()
        if same is None:
            queueing.check_build_quota(aesthetic.owner)
            version.full_clean(exclude=["vector"])
            version.save()
            packaging.replace_files(version, contents)
        kept = same or version
        if not kept.imported_files.filter(digest=candidate.digest).exists():
            _check_import_quota(aesthetic.owner)
            kept.imported_files.create(
                digest=candidate.digest, kind=candidate.kind, size=candidate.size
            )
    return Imported(kept, candidate, is_new=same is None)


def _version_of(aesthetic: Aesthetic, candidate: Candidate) -> Version:
    recipe = manifests.recipe(
        space=candidate.space.identity(),
        construction=Version.Construction.IMPORT,
        parameters={"vector": candidate.vector_digest},
        members=digests.members_digest([]),
        parents=[],
    )
    return Version(
        aesthetic=aesthetic,
        space=candidate.space,
        construction=Version.Construction.IMPORT,
        recipe=digests.canonical_json(recipe),
        recipe_digest=digests.recipe_digest(recipe),
        image_count=0,
        state=JobState.SUCCEEDED,
        finished_at=timezone.now(),
        vector=candidate.vector,
        vector_digest=candidate.vector_digest,
        fingerprint=candidate.finding.label,
        finding=candidate.finding.sentence,
    )
