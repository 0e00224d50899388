"""A version: one computed embedding, as a job while it is made and sealed once published."""

import re
from collections.abc import Sequence
from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.urls import reverse
from pgvector.django import VectorField

from accounts.models import User
from registry.digests import WIDTH
from registry.models.aesthetics import Aesthetic, Side
from registry.models.images import Image
from registry.models.jobs import OPEN_STATES, Job, JobQuerySet, JobState
from registry.models.spaces import DIGEST_PATTERN, Space, digest_field
from registry.names import VERSION_PATTERN

# Longer than any name of a version; Python refuses to read numbers of thousands of digits.
LONGEST_REF = 128
BUILD_PATTERN = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
COVER_SIZE = 4  # pictures of a set that everybody sees once it is published


class VersionQuerySet(JobQuerySet["Version"]):
    def published(self) -> Self:
        """Return the versions that have a number, yanked ones included."""
        return self.filter(number__isnull=False)

    def offered(self) -> Self:
        """Return the published versions that were not yanked."""
        return self.published().filter(yanked_at__isnull=True)

    def public(self) -> Self:
        """Return the published versions of public aesthetics."""
        return self.published().filter(aesthetic__in=Aesthetic.objects.public())

    def visible_to(self, person: User | AnonymousUser) -> Self:
        """Return what `person` may know of: published ones, and all of their own."""
        if not isinstance(person, User):
            return self.public()
        own = Aesthetic.objects.owned_by(person)
        return self.filter(
            Q(number__isnull=False, aesthetic__in=Aesthetic.objects.public()) | Q(aesthetic__in=own)
        )

    def of(self, owner: str, slug: str) -> Self:
        """Return the versions of the aesthetic `owner/slug`."""
        return self.filter(aesthetic__owner__username=owner, aesthetic__slug=slug)

    def named(self, ref: str) -> Self:
        """Return what `ref` names among the versions of one aesthetic, published ones only.

        `latest` (the newest that was not yanked), `v3`, or a version digest. Ordered, so that
        the first is the one.
        """
        if len(ref) > LONGEST_REF:
            return self.none()
        if ref == "latest":
            return self.offered().order_by("-number")
        if re.fullmatch(VERSION_PATTERN, ref):
            return self.published().filter(number=int(ref[1:]))
        return self.published().filter(version_digest=ref)

    def measured(self, ref: str, person: User | AnonymousUser) -> Self:
        """Return what `ref` names for `person`: also a ready build of their own, by its id."""
        if re.fullmatch(BUILD_PATTERN, ref):
            own = Aesthetic.objects.owned_by(person)
            return self.filter(pk=ref, state=JobState.SUCCEEDED, aesthetic__in=own)
        return self.named(ref)

    def newest_of_each(self) -> Self:
        """Return of each aesthetic the newest version that is offered."""
        return self.offered().order_by("aesthetic_id", "-number").distinct("aesthetic_id")

    def with_same_inputs(self, recipe_digest: str) -> Self:
        """Return the versions that have, or will have, this recipe's result."""
        return self.filter(
            recipe_digest=recipe_digest, state__in=[*OPEN_STATES, JobState.SUCCEEDED]
        )


class Version(Job):
    """One embedding of an aesthetic: recipe first, then vector, digests, files and manifest.

    The states are a job's; SUCCEEDED means ready. Publishing gives the number. From then on a
    database trigger (migration 0002) lets nothing change but the yank.
    """

    class Construction(models.TextChoices):
        MEAN = "mean", "mean of the pictures"
        CONTRAST = "contrast", "mean towards minus mean away"

    aesthetic = models.ForeignKey(Aesthetic, models.PROTECT, related_name="versions")
    space = models.ForeignKey(Space, models.PROTECT, related_name="versions")
    construction = models.CharField(max_length=8, choices=Construction.choices)
    recipe = models.BinaryField()  # canonical JSON
    recipe_digest = digest_field()
    image_count = models.PositiveIntegerField()
    number = models.PositiveIntegerField(null=True, editable=False)

    vector = VectorField(dimensions=WIDTH, null=True, editable=False)
    vector_digest = digest_field(blank=True)
    image_set_digest = digest_field(blank=True)
    resultant_length = models.FloatField(
        null=True, blank=True, editable=False
    )  # 0 scattered, 1 alike
    manifest = models.BinaryField(null=True, editable=False)  # canonical JSON, an OCI manifest
    version_digest = digest_field(blank=True)

    published_at = models.DateTimeField(null=True, editable=False)
    yanked_at = models.DateTimeField(null=True, editable=False)
    yank_reason = models.CharField(max_length=500, blank=True)

    # Not a column: what its publisher must agree to, for the pages that ask.
    cautions: Sequence[object]

    objects: ClassVar = VersionQuerySet.as_manager()

    class Meta(Job.Meta):
        ordering = ["-created_at"]
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(
                fields=["aesthetic", "recipe_digest"],
                condition=Q(state__in=[*OPEN_STATES, JobState.SUCCEEDED]),
                name="version_once_per_recipe",
            ),
            models.UniqueConstraint(
                fields=["aesthetic", "number"], name="version_number_once_per_aesthetic"
            ),
            models.CheckConstraint(
                condition=Q(recipe_digest__regex=DIGEST_PATTERN),
                name="version_recipe_digest_is_a_digest",
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.SUCCEEDED)
                | Q(
                    vector__isnull=False,
                    manifest__isnull=False,
                    resultant_length__isnull=False,
                    vector_digest__regex=DIGEST_PATTERN,
                    image_set_digest__regex=DIGEST_PATTERN,
                    version_digest__regex=DIGEST_PATTERN,
                ),
                name="version_ready_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True, published_at__isnull=True)
                | Q(number__gte=1, published_at__isnull=False, state=JobState.SUCCEEDED),
                name="version_published_is_ready",
            ),
            models.CheckConstraint(
                condition=Q(yanked_at__isnull=True, yank_reason="")
                | (Q(yanked_at__isnull=False, number__isnull=False) & ~Q(yank_reason="")),
                name="version_yanked_has_a_reason",
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["version_digest"], name="version_by_digest"),
            models.Index(fields=["vector_digest"], name="version_by_vector_digest"),
            models.Index(fields=["recipe_digest"], name="version_by_recipe_digest"),
            models.Index(fields=["image_set_digest"], name="version_by_image_set_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.aesthetic}@{self.name}"

    def get_absolute_url(self) -> str:
        owner, slug = self.aesthetic.owner.username, self.aesthetic.slug
        if self.number is None:
            return reverse("registry:images", args=[owner, slug])
        return reverse("registry:version", args=[owner, slug, self.name])

    @property
    def name(self) -> str:
        """`v3`, or `draft` before it is published."""
        return f"v{self.number}" if self.number else "draft"

    @property
    def is_published(self) -> bool:
        return self.number is not None

    @property
    def sealed_manifest(self) -> bytes:
        """The manifest of a version that is ready; before, there is none to ask for."""
        if self.manifest is None:
            raise ValueError(f"{self} is {self.state}, so it has no manifest yet.")
        return bytes(self.manifest)


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
