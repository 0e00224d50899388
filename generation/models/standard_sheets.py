"""A version's standard sheet: what it does to the same prompts, from the same seeds, as all others.

Nobody asks for it: workers draw it when they have nothing else to do. It belongs to a version and a
checkpoint, and its cells are named by their digests, so that any two looks can be compared.
"""

from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from registry.models import Job, JobState, Version
from registry.models.jobs import JobQuerySet
from registry.models.spaces import DIGEST_PATTERN, digest_field


class StandardSheetQuerySet(JobQuerySet["StandardSheet"]):
    def visible_to(self, person: User | AnonymousUser) -> Self:
        """Return the finished sheets of what `person` may see and was not taken down."""
        version = Version.objects.visible_to(person).standing().filter(pk=OuterRef("version"))
        return self.filter(Exists(version), state=JobState.SUCCEEDED)

    def with_picture(self, digest: str) -> Self:
        """Return the sheets that name `digest`, for the whole or for one of their cells."""
        return self.filter(Q(picture=digest) | Q(cells__contains=[{"digest": digest}]))

    def newest_first(self) -> Self:
        return self.order_by("-finished_at", "-pk")


class StandardSheet(Job):
    """One version drawn by one checkpoint in the standard way. The states are a job's."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="standard_sheets")
    checkpoint = digest_field()
    recipe = models.JSONField(default=dict, blank=True)  # prompts, seeds and doses
    cells = models.JSONField(default=list, blank=True)  # [{prompt, seed, steps, digest}]
    picture = digest_field(blank=True)  # all of it as one WebP

    objects: ClassVar = StandardSheetQuerySet.as_manager()

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(
                fields=["version", "checkpoint"], name="standardsheet_once_for_a_checkpoint"
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.SUCCEEDED) | Q(picture__regex=DIGEST_PATTERN),
                name="standardsheet_ready_has_a_picture",
            ),
        ]

    def __str__(self) -> str:
        return f"the standard sheet of {self.version}"

    def get_absolute_url(self) -> str:
        return self.version.get_absolute_url()
