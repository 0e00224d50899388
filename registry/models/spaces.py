"""An encoder's embedding space: vectors of one space can be compared, of two never."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from registry.digests import WIDTH

DIGEST_PATTERN = r"^sha256:[0-9a-f]{64}$"
DIGEST_LENGTH = 71


def digest_field(
    *, blank: bool = False, unique: bool = False, db_index: bool = False
) -> models.CharField[str, str]:
    """Return a column for a digest in the one notation, `sha256:<hex>`."""
    return models.CharField(max_length=DIGEST_LENGTH, blank=blank, unique=unique, db_index=db_index)


class Space(models.Model):
    """An encoder's architecture, weights and preprocessing under a name; never changed later."""

    name = models.SlugField(max_length=64, unique=True)
    architecture = models.CharField(max_length=128)
    weights = digest_field()
    preprocessing = models.JSONField()
    width = models.PositiveSmallIntegerField(default=WIDTH)
    image_size = models.PositiveSmallIntegerField()  # pixels a side of what the encoder sees
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weights__regex=DIGEST_PATTERN), name="space_weights_are_a_digest"
            ),
            models.CheckConstraint(condition=Q(width=WIDTH), name="space_width_is_768"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_in_use(self) -> bool:
        """Tell whether it is the one that the hub measures and draws in."""
        return self.name == settings.HUB_SPACE

    def identity(self) -> dict[str, object]:
        """Return what a recipe says of the space (SPEC section 2, recipe digest), and its name."""
        return {
            "name": self.name,
            "architecture": self.architecture,
            "weights": self.weights,
            "preprocessing": self.preprocessing,
            "width": self.width,
        }
