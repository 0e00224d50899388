"""The looks that a drawing mixes into its own, with their weights."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from registry.models import Version

LARGEST_WEIGHT = 2.0  # beside 1 for the drawing's own look
MOST_OTHERS = 7


class Ingredient(models.Model):
    """Another look in what a prompt is moved towards; a negative weight leads away from it."""

    generation = models.ForeignKey(
        "generation.Generation", models.CASCADE, related_name="ingredients"
    )
    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    weight = models.FloatField(
        validators=[MinValueValidator(-LARGEST_WEIGHT), MaxValueValidator(LARGEST_WEIGHT)]
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "version"], name="ingredient_once_in_a_generation"
            ),
            models.CheckConstraint(
                condition=Q(weight__range=(-LARGEST_WEIGHT, LARGEST_WEIGHT)) & ~Q(weight=0),
                name="ingredient_weight_counts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weight:g} of {self.version}"
