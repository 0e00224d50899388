"""Who downloaded what, without anybody's address: SPEC section 4, download count."""

from django.db import models

from registry.models.versions import Version


class Download(models.Model):
    """One visitor fetched a file of one version on one day; counted once."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="downloads")
    day = models.DateField()
    visitor = models.CharField(max_length=64)  # a hash with a salt that changes daily

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "day", "visitor"], name="download_once_per_visitor_and_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} on {self.day}"
