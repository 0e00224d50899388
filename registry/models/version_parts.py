"""What belongs to a version: the pictures as they were when it was queued, and its files."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from registry.models.aesthetics import Side
from registry.models.images import Image
from registry.models.spaces import DIGEST_PATTERN, digest_field
from registry.models.versions import Version

COVER_SIZE = 4  # pictures of a set that everybody sees once it is published


class VersionMember(models.Model):
    """A picture of the set as it was when the version was queued."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="members")
    image = models.ForeignKey(Image, models.PROTECT, related_name="+")
    side = models.CharField(max_length=7, choices=Side.choices)
    # 1 to COVER_SIZE for the most typical ones, which stand for the set in public.
    cover_rank = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "image", "side"], name="versionmember_once_per_side"
            ),
            models.UniqueConstraint(
                fields=["version", "cover_rank"], name="versionmember_cover_rank_once"
            ),
            models.CheckConstraint(
                condition=Q(cover_rank__isnull=True) | Q(cover_rank__range=(1, COVER_SIZE)),
                name="versionmember_cover_rank_is_small",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} of {self.version_id}"


class VersionFile(models.Model):
    """One downloadable file of a version; its bytes are stored under their digest."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="files")
    name = models.CharField(max_length=128)
    media_type = models.CharField(max_length=64)
    size = models.PositiveIntegerField()  # bytes
    digest = digest_field(db_index=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["version", "name"], name="versionfile_name_once"),
            models.CheckConstraint(
                condition=Q(digest__regex=DIGEST_PATTERN), name="versionfile_digest_is_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return reverse(
            "api:file",
            args=[
                self.version.aesthetic.owner.username,
                self.version.aesthetic.slug,
                self.version.name,
                self.name,
            ],
        )
