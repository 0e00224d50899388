"""A verification: a published version measured again from its stored pictures, as a job."""

from datetime import UTC
from typing import ClassVar, Final, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import TruncDate
from pgvector.django import VectorField

from accounts.models import User
from registry.digests import WIDTH
from registry.models.images import Image
from registry.models.jobs import OPEN_STATES, Job, JobQuerySet, JobState
from registry.models.spaces import DIGEST_PATTERN, digest_field
from registry.models.versions import Version
from registry.reproduction import STAGES, TOLERANCE

# What is made of pictures, and so can be measured again.
MEASURED: Final = frozenset({Version.Construction.MEAN, Version.Construction.CONTRAST})


class VerificationQuerySet(JobQuerySet["Verification"]):
    def owned_by(self, person: User) -> Self:
        """Return the verifications of the person's versions; nobody else may ask for one."""
        return self.filter(version__aesthetic__owner=person)

    def finished(self) -> Self:
        """Return those that came to a verdict."""
        return self.filter(state=JobState.SUCCEEDED)

    def newest_first(self) -> Self:
        return self.order_by("-finished_at", "-pk")

    def times_reproduced(self) -> int:
        """Count the workers and days (UTC) of those whose verdict is no deviation.

        The same worker twice on a day says nothing new, so both count once.
        """
        good = self.finished().exclude(verdict=Verification.Verdict.DEVIATES)
        days = good.order_by().annotate(day=TruncDate("finished_at", tzinfo=UTC))
        return days.values("worker", "day").distinct().count()


class Verification(Job):
    """One measuring of a published version anew, and what came out. The states are a job's.

    Everybody who sees the version may read what came out, and by which worker; what it found of
    single pictures is the owner's alone.
    """

    class Verdict(models.TextChoices):
        REPRODUCED = "reproduced", "reproduced bit for bit"
        WITHIN_TOLERANCE = "within-tolerance", "reproduced within tolerance"
        DEVIATES = "deviates", "deviates"

    class StageName(models.TextChoices):
        IMAGE = "image", "stored bytes"
        PIXELS = "pixels", "pixels"
        SET = "set", "image set"
        FEATURES = "features", "features"
        VECTOR = "vector", "vector"

    version = models.ForeignKey(Version, models.CASCADE, related_name="verifications")
    verdict = models.CharField(max_length=16, choices=Verdict.choices, blank=True)
    deviates_at = models.CharField(max_length=8, choices=StageName.choices, blank=True)
    stages = models.JSONField(default=list, blank=True)  # registry.reproduction.Stage, in order

    worker = models.CharField(max_length=64, blank=True)  # says nothing of the machine's own name
    device = models.CharField(max_length=128, blank=True)
    torch = models.CharField(max_length=64, blank=True)  # its version
    encoder = digest_field(blank=True)  # of the weights

    objects: ClassVar = VerificationQuerySet.as_manager()

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(
                fields=["version"],
                condition=Q(state__in=OPEN_STATES),
                name="verification_one_open_per_version",
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.SUCCEEDED)
                | (
                    Q(verdict__in=["reproduced", "within-tolerance", "deviates"])
                    & Q(encoder__regex=DIGEST_PATTERN)
                    & ~Q(worker="")
                ),
                name="verification_ready_has_a_verdict",
            ),
            models.CheckConstraint(
                condition=Q(verdict="deviates", deviates_at__in=STAGES)
                | (~Q(verdict="deviates") & Q(deviates_at="")),
                name="verification_deviates_at_a_stage",
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["version", "-finished_at"], name="verification_newest"),
        ]

    def __str__(self) -> str:
        return f"verification of {self.version}"

    def get_absolute_url(self) -> str:
        return f"{self.version.get_absolute_url()}#reproduced"

    @property
    def told_stages(self) -> list[dict[str, object]]:
        """The stages, each with its name in words."""
        words = dict(Verification.StageName.choices)
        return [{**stage, "words": words[stage["name"]]} for stage in self.stages]

    @property
    def deviates(self) -> bool:
        return self.verdict == Verification.Verdict.DEVIATES


class RemeasurementQuerySet(models.QuerySet["Remeasurement"]):
    def deviating(self) -> Self:
        """Return the pictures of which a stage is not what is kept, in the order of digests."""
        agreeing = Q(found=F("image__digest"), pixels=F("kept_pixels"), deviation__lte=TOLERANCE)
        return self.exclude(agreeing & ~Q(pixels="")).order_by("image__digest")


class Remeasurement(models.Model):
    """What a verification found of one picture; the owner's alone.

    It is written batch by batch, so that a worker that takes over goes on where the last one was.
    """

    verification = models.ForeignKey(Verification, models.CASCADE, related_name="remeasurements")
    image = models.ForeignKey(Image, models.PROTECT, related_name="+")
    found = digest_field(blank=True)  # of the stored bytes; empty where they are gone
    pixels = digest_field(blank=True)  # empty where the bytes are no picture
    kept_pixels = digest_field(blank=True)  # empty where no feature is kept
    is_equal = models.BooleanField()  # the feature, bit for bit
    deviation = models.FloatField(null=True)  # of the feature; None where there are not two
    vector = VectorField(dimensions=WIDTH, null=True)  # until the verdict, which is made of them

    objects: ClassVar = RemeasurementQuerySet.as_manager()

    # Not a column: what the owner calls the picture, for those who tell of it.
    filename: str

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["verification", "image"], name="remeasurement_once_per_picture"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} in {self.verification_id}"

    @property
    def finding(self) -> str:
        """Say what is wrong with the picture, the first stage first; empty where nothing is."""
        if not self.found:
            return "The stored bytes are gone."
        if not self.pixels:
            return "The stored bytes can't be read as the picture that they were."
        if self.found != self.image.digest:
            return "The stored bytes are others."
        return self._finding_in_what_is_kept()

    def _finding_in_what_is_kept(self) -> str:
        if not self.kept_pixels:
            return "No feature of it is kept."
        if self.pixels != self.kept_pixels:
            return "It decodes to other pixels than were measured."
        if self.deviation is not None and self.deviation > TOLERANCE:
            return f"Its feature deviates by {self.deviation:.1e}."
        return ""
