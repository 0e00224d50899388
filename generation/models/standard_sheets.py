"""A version's standard sheet: what it does to the same prompts, from the same seeds, as all others.

Nobody asks for it: workers draw it when they have nothing else to do. It belongs to a version and a
checkpoint, and its cells are named by their digests, so that any two looks can be compared.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import User
from registry.models import Job, JobState, Version
from registry.models.jobs import JobQuerySet
from registry.models.spaces import DIGEST_PATTERN, digest_field

# After which a full disk or a bad release may be mended, and before which two workers that disagree
# on the dose don't draw each other's sheets again.
RETRY_HOURS = 6


class StandardSheetQuerySet(JobQuerySet["StandardSheet"]):
    def visible_to(self, person: User | AnonymousUser) -> Self:
        """Return the drawn sheets of what `person` may see and was not taken down.

        One that is drawn again stands until the new one is there.
        """
        version = Version.objects.visible_to(person).standing().filter(pk=OuterRef("version"))
        return self.filter(Exists(version)).exclude(picture="")

    def with_picture(self, digest: str) -> Self:
        """Return the sheets that name `digest`, for the whole or for one of their cells."""
        return self.filter(Q(picture=digest) | Q(cells__contains=[{"digest": digest}]))

    def newest_first(self) -> Self:
        return self.order_by("-finished_at", "-pk")

    def last_failed(self) -> "StandardSheet | None":
        """Return the last of these where it failed; None where it waits, runs or is there."""
        last = self.order_by("created_at").last()
        return last if last is not None and last.state == JobState.FAILED else None

    def queue_again(self, *, most_attempts: int) -> "StandardSheet | None":
        """Let the one of these that failed first wait again, and return it; None where none is due.

        Its attempts go on counting, so that it is begun `most_attempts` times at most.
        """
        return _queue_first(self.filter(state=JobState.FAILED, attempts__lt=most_attempts))

    def queue_outdated(self, recipe: Mapping[str, Any]) -> "StandardSheet | None":
        """Let the one of these that was drawn first, by another recipe, wait again, and return it.

        None where none is due. Nothing failed, so its attempts are counted from the beginning.
        """
        drawn = self.filter(state=JobState.SUCCEEDED)
        return _queue_first(drawn.exclude(recipe=recipe), attempts=0)


def _queue_first(sheets: StandardSheetQuerySet, **changed: Any) -> "StandardSheet | None":
    """Let the one of these that ended first, some hours ago, wait again, and return it.

    When it ended stays, since its picture is that old until the next is there.
    """
    due = sheets.filter(finished_at__lt=Now() - timedelta(hours=RETRY_HOURS))
    sheet = due.order_by("finished_at").first()
    if sheet is None:
        return None
    is_ours = due.filter(pk=sheet.pk).update(
        state=JobState.QUEUED, stage="", reason="", sent_at=None, **changed
    )
    return sheet if is_ours else None


class StandardSheet(Job):
    """One version drawn by one checkpoint in the standard way.

    The states are a job's, and two ways more, since nobody is there to ask again:

        FAILED -> QUEUED (after some hours, as long as it was not begun too often)
        SUCCEEDED -> QUEUED (after as many hours, where sheets are drawn by another recipe by now)
    """

    version = models.ForeignKey(Version, models.CASCADE, related_name="standard_sheets")
    checkpoint = digest_field()
    recipe = models.JSONField(default=dict, blank=True)  # prompts, seeds, steps and the dose
    cells = models.JSONField(default=list, blank=True)  # [{prompt, seed, steps, digest}]
    picture = digest_field(blank=True)  # all of it as one WebP
    # Recipe and cells of what is being drawn, until it is whole and takes the place of the others.
    begun = models.JSONField(default=dict, blank=True)

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
