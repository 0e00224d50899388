"""A version: one computed embedding, as a job while it is made and sealed once published."""

import re
from collections.abc import Sequence
from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from pgvector.django import VectorField

from accounts.models import User
from registry.digests import WIDTH, is_digest
from registry.models.aesthetics import Aesthetic
from registry.models.jobs import OPEN_STATES, Job, JobQuerySet, JobState
from registry.models.spaces import DIGEST_PATTERN, Space, digest_field
from registry.names import VERSION_PATTERN

# Longer than any name of a version; Python refuses to read numbers of thousands of digits.
LONGEST_REF = 128
# What only a version itself is asked for: each is kilobytes, and the manifest of a blend grows with
# its ancestors. A list needs none of it.
HEAVY = ("vector", "manifest", "recipe", "aesthetic__card", "aesthetic__words")
BUILD_PATTERN = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class VersionQuerySet(JobQuerySet["Version"]):
    def published(self) -> Self:
        """Return the versions that have a number, yanked ones included."""
        return self.filter(number__isnull=False)

    def standing(self) -> Self:
        """Return what was not taken down; of what was, only the tombstone is served."""
        return self.filter(taken_down_at__isnull=True)

    def taken_down(self) -> Self:
        """Return what was taken down, of hidden and deleted aesthetics too."""
        return self.filter(taken_down_at__isnull=False)

    def offered(self) -> Self:
        """Return the published versions that were neither yanked nor taken down."""
        return self.published().standing().filter(yanked_at__isnull=True)

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

        `latest` (the newest that is offered), `v3`, a version digest, or an alias. Ordered, so
        that the first is the one.
        """
        if len(ref) > LONGEST_REF:
            return self.none()
        if ref == "latest":
            return self.offered().order_by("-number")
        if re.fullmatch(VERSION_PATTERN, ref):
            return self.published().filter(number=int(ref[1:]))
        if is_digest(ref):
            return self.published().filter(version_digest=ref)
        return self.published().filter(aliases__name=ref)

    def named_in_full(self, ref: str) -> "Version | None":
        """Return what `owner/slug[@version]` names here; without a version the latest."""
        name, _, version = ref.partition("@")
        owner, _, slug = name.partition("/")
        chosen = self.standing().of(owner, slug).named(version or "latest")
        return chosen.select_related("aesthetic__owner", "space").first()

    def measured(self, ref: str, person: User | AnonymousUser) -> Self:
        """Return what `ref` names for `person`: also a ready build of their own, by its id."""
        if re.fullmatch(BUILD_PATTERN, ref):
            own = Aesthetic.objects.owned_by(person)
            return self.filter(pk=ref, state=JobState.SUCCEEDED, aesthetic__in=own)
        return self.named(ref)

    def newest_of_each(self) -> Self:
        """Return of each aesthetic the newest version that is offered."""
        return self.offered().order_by("aesthetic_id", "-number").distinct("aesthetic_id")

    def light(self, *related: str, keep: str = "") -> Self:
        """Leave out what is HEAVY, but `keep`; also of the versions in `related` columns."""
        own = [name for name in HEAVY if name != keep]
        return self.defer(*own, *(f"{column}__{name}" for column in related for name in HEAVY))

    def with_same_inputs(self, recipe_digest: str) -> Self:
        """Return the versions that have, or will have, this recipe's result."""
        return self.filter(
            recipe_digest=recipe_digest, state__in=[*OPEN_STATES, JobState.SUCCEEDED]
        )


class Version(Job):
    """One embedding of an aesthetic: recipe first, then vector, digests, files and manifest.

    The states are a job's; SUCCEEDED means ready. Publishing gives the number. From then on a
    database trigger (migrations 0002 and 0003) lets nothing change but yank and takedown.

    An imported version and a blend are ready at once: they have a vector and no images.
    """

    class Construction(models.TextChoices):
        MEAN = "mean", "mean of the pictures"
        CONTRAST = "contrast", "mean towards minus mean away"
        IMPORT = "import", "imported from a file"
        BLEND = "blend", "blend of other versions"

    class Fingerprint(models.TextChoices):
        """Whether an imported vector looks like those measured in its space."""

        CONSISTENT = "consistent", "consistent with its space"
        UNUSUAL = "unusual", "unusual for its space"
        UNKNOWN = "unknown", "can't be told"

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
    fingerprint = models.CharField(
        max_length=10, choices=Fingerprint.choices, blank=True, editable=False
    )
    finding = models.CharField(max_length=500, blank=True, editable=False)  # the same in words

    published_at = models.DateTimeField(null=True, editable=False)
    yanked_at = models.DateTimeField(null=True, editable=False)
    yank_reason = models.CharField(max_length=500, blank=True)
    superseded_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="supersedes"
    )
    taken_down_at = models.DateTimeField(null=True, editable=False)
    takedown_reason = models.CharField(max_length=500, blank=True)

    # Not a column: what its publisher must agree to, for the pages that ask.
    cautions: Sequence[object]
    # Nor this: the parents of a blend, for the same pages.
    made_of: Sequence[object]

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
                    vector_digest__regex=DIGEST_PATTERN,
                    version_digest__regex=DIGEST_PATTERN,
                ),
                name="version_ready_is_complete",
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.SUCCEEDED)
                | Q(construction__in=["import", "blend"])
                | Q(resultant_length__isnull=False, image_set_digest__regex=DIGEST_PATTERN),
                name="version_measured_has_images",
            ),
            models.CheckConstraint(
                condition=Q(
                    construction="import",
                    image_count=0,
                    image_set_digest="",
                    resultant_length__isnull=True,
                    fingerprint__in=["consistent", "unusual", "unknown"],
                )
                | (~Q(construction="import") & Q(fingerprint="", finding="")),
                name="version_import_has_no_images",
            ),
            models.CheckConstraint(
                condition=~Q(construction="blend")
                | Q(image_count=0, image_set_digest="", resultant_length__isnull=True),
                name="version_blend_has_no_images",
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
            models.CheckConstraint(
                condition=Q(superseded_by__isnull=True)
                | (Q(yanked_at__isnull=False) & ~Q(superseded_by=F("id"))),
                name="version_superseded_is_yanked",
            ),
            models.CheckConstraint(
                condition=Q(taken_down_at__isnull=True, takedown_reason="")
                | (Q(taken_down_at__isnull=False, number__isnull=False) & ~Q(takedown_reason="")),
                name="version_taken_down_has_a_reason",
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["version_digest"], name="version_by_digest"),
            # For whole digests and for their first digits, whatever the database's collation.
            models.Index(
                fields=["vector_digest"],
                opclasses=["varchar_pattern_ops"],
                name="version_by_vector_prefix",
            ),
            models.Index(fields=["recipe_digest"], name="version_by_recipe_digest"),
            models.Index(fields=["image_set_digest"], name="version_by_image_set_digest"),
        ]
        permissions = [("take_down_version", "Can take down a published version")]

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
    def is_offered(self) -> bool:
        """Whether it is published, and neither withdrawn nor taken down; as `offered()` asks."""
        return self.is_published and self.yanked_at is None and self.taken_down_at is None

    @property
    def is_imported(self) -> bool:
        return self.construction == Version.Construction.IMPORT

    @property
    def is_blend(self) -> bool:
        return self.construction == Version.Construction.BLEND

    @property
    def is_contrast(self) -> bool:
        return self.construction == Version.Construction.CONTRAST

    @property
    def public_successor(self) -> "Version | None":
        """What to take instead of this withdrawn version, as long as it is offered to everybody."""
        successor = self.superseded_by
        if successor is None or not successor.is_offered:
            return None
        return successor if successor.aesthetic.is_public else None

    @property
    def sealed_manifest(self) -> bytes:
        """The manifest of a version that is ready; before, there is none to ask for."""
        if self.manifest is None:
            raise ValueError(f"{self} is {self.state}, so it has no manifest yet.")
        return bytes(self.manifest)
