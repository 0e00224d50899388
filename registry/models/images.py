"""Stored pictures, named by the sha256 of their bytes, and what an encoder saw in them."""

from django.db import models
from django.db.models import Q
from pgvector.django import VectorField

from registry.digests import WIDTH
from registry.models.spaces import DIGEST_PATTERN, Space, digest_field


class Image(models.Model):
    """The stripped bytes of one picture. Sets of different people share it without being told."""

    digest = digest_field(unique=True)
    media_type = models.CharField(max_length=32)
    size = models.PositiveIntegerField()  # bytes
    width = models.PositiveIntegerField()  # pixels, as it is shown
    height = models.PositiveIntegerField()
    # 16 hexadecimal digits, once a set with it was checked; see `near_duplicates`.
    perceptual_hash = models.CharField(max_length=16, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(digest__regex=DIGEST_PATTERN), name="image_digest_is_a_digest"
            ),
            models.CheckConstraint(
                condition=Q(perceptual_hash__regex=r"^([0-9a-f]{16})?$"),
                name="image_perceptual_hash_is_64_bits",
            ),
        ]

    def __str__(self) -> str:
        return self.digest


class Feature(models.Model):
    """The vector of one image in one space: private, computed once, kept.

    It is stored as the encoder gave it, not normalised: the mean is taken over such vectors.
    """

    image = models.ForeignKey(Image, models.CASCADE, related_name="features")
    space = models.ForeignKey(Space, models.PROTECT, related_name="features")
    pixels = digest_field()  # of the array that entered the encoder
    vector = VectorField(dimensions=WIDTH)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["space", "image"], name="feature_once_per_space"),
            models.CheckConstraint(
                condition=Q(pixels__regex=DIGEST_PATTERN), name="feature_pixels_is_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} in {self.space_id}"
