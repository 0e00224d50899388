"""What a version was made of: its parents, which a recipe names by their digests."""

from django.db import models
from django.db.models import F, Q

from registry.models.versions import Version


class Parentage(models.Model):
    """One parent of a blend. A database trigger seals the rows of a published version."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="parentage")
    parent = models.ForeignKey(Version, models.PROTECT, related_name="offspring")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "parent"], name="parentage_once_per_version"
            ),
            models.CheckConstraint(
                condition=~Q(version=F("parent")), name="parentage_of_another_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parent_id} of {self.version_id}"
