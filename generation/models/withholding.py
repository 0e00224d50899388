"""What keepers of the hub take back from everybody, so that its owner does not share it again."""

from django.db import models
from django.db.models import Q


class Withholdable(models.Model):
    """Something that its owner may share (`shared_at`), unless a keeper withholds it.

    The row stays its owner's, who reads the reason.
    """

    withheld_at = models.DateTimeField(null=True, editable=False)  # by a keeper of the hub
    withheld_reason = models.CharField(max_length=500, blank=True, editable=False)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(withheld_at__isnull=True) | Q(shared_at__isnull=True),
                name="%(class)s_withheld_is_not_shared",
            ),
        ]

    @property
    def why_withheld(self) -> str:
        """Say to the owner what a keeper did; empty where none did anything."""
        if self.withheld_at is None:
            return ""
        what = self._meta.verbose_name
        day = f"{self.withheld_at.day} {self.withheld_at:%B %Y}"
        return (
            f"A keeper of the hub took this {what} back on {day}, and it can't be shared again. "
            f"The reason: {self.withheld_reason}"
        )
