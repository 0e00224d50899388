"""From uploaded files to members of a set: each checked, stripped, stored. Request side.

Every file is judged alone: a refusal names the file and the rule, and the others stay.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import Usage, User
from accounts.quotas import QuotaExceeded
from accounts.refusals import Refusal
from registry import archives, blobs
from registry.models import Aesthetic, Image, Member, Side
from registry.pictures import (
    MOST_BYTES,
    THUMBNAIL_SIDE,
    Picture,
    PictureRefused,
    accept,
    thumbnail,
)
from registry.turns import turn

# Pictures a web process decodes at a time: the largest WebP takes 800 MB while it is decoded.
_DECODING = threading.BoundedSemaphore(2)
NAME_LENGTH = 255  # characters of a file's name that are kept


class SetDeleted(Refusal):
    """The set is gone: no picture may come into it any more."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the pictures of one upload are from, as their uploader says."""

    source: str = ""
    licence: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A picture that is now in the set."""

    name: str
    image: str  # digest of the stored bytes
    side: str
    was_there: bool  # the same picture was in the set before
    had_location: bool  # its metadata told where it was taken, and was taken out


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is not in the set, and why."""

    name: str
    code: str
    detail: str


@dataclass(slots=True)
class Report:
    """What became of each file of an upload."""

    accepted: list[Accepted] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)  # litter of archives: .DS_Store and the like


def add_files(
    aesthetic: Aesthetic,
    files: Iterable[UploadedFile],
    *,
    side: Side = Side.TOWARDS,
    provenance: Provenance | None = None,
) -> Report:
    """Put pictures, and the pictures of zip archives, into the set of `aesthetic`.

    When the day's share is used up in between, the report names the file at which it ended, and
    what was added before it stays. Raises QuotaExceeded when not even the first fits, TooBusy where
    too many uploads are under way, and SetDeleted where the set is gone.
    """
    with turn(aesthetic.owner_id):
        return _add_files(aesthetic, files, side, provenance or Provenance())


def _add_files(
    aesthetic: Aesthetic, files: Iterable[UploadedFile], side: Side, provenance: Provenance
) -> Report:
    report = Report()
    for upload in files:
        for name, data in _pictures_of(upload, report):
            try:
                _spend_upload_share(aesthetic.owner, len(data))
                added = add_picture(aesthetic, name, data, side, provenance)
            except PictureRefused as error:
                report.refused.append(Refused(name, error.code, error.detail))
            except QuotaExceeded as error:
                if not report.accepted:
                    raise
                report.refused.append(Refused(name, error.code, error.detail))
                return report
            else:
                report.accepted.append(added)
    return report


def add_picture(
    aesthetic: Aesthetic, name: str, data: bytes, side: Side, provenance: Provenance
) -> Accepted:
    """Store one picture and make it a member; the same one again changes nothing.

    Raises PictureRefused, and SetDeleted where the set was deleted since the upload began.
    """
    with _DECODING:
        picture = accept(name, data)
        small = thumbnail(picture.data, THUMBNAIL_SIDE, name)
    image = ensure_image(picture, small)
    with transaction.atomic():
        _lock_undeleted(aesthetic)
        _, is_new = Member.objects.get_or_create(
            aesthetic=aesthetic,
            image=image,
            side=side,
            defaults={
                "filename": name[-NAME_LENGTH:],
                "source": provenance.source,
                "licence": provenance.licence,
                "credit": provenance.credit,
            },
        )
    return Accepted(name, image.digest, side, not is_new, picture.had_location)


def _lock_undeleted(aesthetic: Aesthetic) -> None:
    """Keep the aesthetic from being deleted until the transaction ends; raise SetDeleted."""
    kept = Aesthetic.objects.select_for_update().filter(pk=aesthetic.pk, deleted_at__isnull=True)
    if kept.values("pk").first() is None:
        raise SetDeleted("not-found", f"{aesthetic.ref} was deleted during the upload.")


def ensure_image(picture: Picture, small: bytes) -> Image:
    """Store the bytes and the thumbnail of a picture, and its row where there is none.

    All of it is made before anybody looks what is there, and the files are written whether or not
    they are there: a quicker answer would tell that somebody else holds the picture. What is left
    of that is one small row, which is written the first time only.
    """
    digest = blobs.write_blob(picture.data)
    blobs.write_file(blobs.thumbnail_path(digest), small)
    image, _ = Image.objects.get_or_create(
        digest=digest,
        defaults={
            "media_type": picture.media_type,
            "size": len(picture.data),
            "width": picture.width,
            "height": picture.height,
        },
    )
    return image


def remove_image(aesthetic: Aesthetic, digest: str) -> int:
    """Take the image `digest` out of the whole set; return on how many sides it was."""
    count, _ = aesthetic.members.filter(image__digest=digest).delete()
    return count


def remove_member(aesthetic: Aesthetic, digest: str, *, side: Side) -> None:
    """Take the image `digest` out of one side of the set; fine when it is not there."""
    aesthetic.members.filter(image__digest=digest, side=side).delete()


def _pictures_of(upload: UploadedFile, report: Report) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each picture of an upload; refusals go into the report."""
    name = upload.name or "unnamed"
    if name.lower().endswith(".zip"):
        yield from _members_of_archive(name, upload, report)
        return
    data = blobs.read_upload(upload, at_most=MOST_BYTES)
    if data is None:
        report.refused.append(_too_large(name))
        return
    yield name, data


def _members_of_archive(
    name: str, upload: UploadedFile, report: Report
) -> Iterator[tuple[str, bytes]]:
    limits = archives.Limits()
    try:
        listing = archives.inspect(upload, limits)
        report.skipped.extend(listing.skipped)
        for entry in listing.entries:
            if entry.size > MOST_BYTES:
                report.refused.append(_too_large(entry.name))
                continue
            yield entry.name, archives.read(upload, entry, limits)
    except archives.ArchiveRefused as error:
        report.refused.append(Refused(name, error.code, error.detail))


def _too_large(name: str) -> Refused:
    limit = MOST_BYTES // 10**6
    return Refused(name, "too-many-bytes", f"{name} is larger than {limit} MB; save it smaller.")


@transaction.atomic
def _spend_upload_share(owner: User, size: int) -> None:
    """Take one picture of `size` bytes from today's share; raise QuotaExceeded when it is used up.

    It is spent before anybody looks at the picture, since the looking is what costs, and stays
    spent when the picture is taken out again, since its bytes stay stored.
    """
    Usage.objects.spend(owner, "pictures", 1, limit=settings.QUOTA_UPLOAD_IMAGES)
    Usage.objects.spend(owner, "bytes of pictures", size, limit=settings.QUOTA_UPLOAD_BYTES)
