"""What the set doctor found in the pictures of a version."""

from django.db import models

from registry.models.versions import Version


class QualityReport(models.Model):
    """The findings of `registry.quality` on one version, kept since they never change.

    It is no part of what publishing seals: anyone with the features makes it again.
    """

    version = models.OneToOneField(
        Version, models.CASCADE, primary_key=True, related_name="quality_report"
    )
    summary = models.JSONField()  # of the set as a whole; some of it is public
    details = models.JSONField()  # of each picture: its owner's alone, never public
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"report on {self.version_id}"
