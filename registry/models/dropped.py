"""What the set doctor took out of a set, until it is put back or the set is measured again."""

from django.db import models
from django.db.models import Func, IntegerField

from registry.models.aesthetics import Aesthetic
from registry.models.versions import Version


class DroppedPicturesQuerySet(models.QuerySet["DroppedPictures"]):
    def count_of(self, aesthetic: Aesthetic) -> int:
        """Return how many pictures of `aesthetic` can be put back."""
        # Counted by the database: they may be megabytes, and the page shows the number alone.
        number = Func("pictures", function="jsonb_array_length", output_field=IntegerField())
        return self.filter(aesthetic=aesthetic).values_list(number, flat=True).first() or 0


class DroppedPictures(models.Model):
    """What one set knew of the pictures that were dropped from it last; one row a set at most.

    A row stays until they are put back, or the set is measured anew (`queue_build`).
    """

    aesthetic = models.OneToOneField(
        Aesthetic, models.CASCADE, primary_key=True, related_name="dropped_pictures"
    )
    build = models.ForeignKey(Version, models.CASCADE, related_name="+")  # of what was left
    pictures = models.JSONField()  # as `registry.dropping.Dropped` has them

    objects = DroppedPicturesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"dropped from {self.aesthetic_id}"
