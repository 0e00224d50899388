"""A sheet: drawings beside each other, which differ in two things and share all others."""

import uuid
from typing import TYPE_CHECKING, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.urls import reverse

from accounts.models import User

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from generation.models.generations import Generation

MOST_CELLS = 36


class SheetQuerySet(models.QuerySet["Sheet"]):
    def owned_by(self, person: User | AnonymousUser) -> Self:
        """Return the sheets of `person`; nobody sees another's."""
        return self.filter(owner=person) if isinstance(person, User) else self.none()


class Sheet(models.Model):
    """Drawings in rows and columns; each cell is a generation with its place in the sheet."""

    class Kind(models.TextChoices):
        DOSES = "doses", "doses by seeds"
        LOOKS = "looks", "looks by prompts"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="sheets")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    rows = models.JSONField()  # what each row has in common, in words, from the top down
    columns = models.JSONField()  # and each column, from left to right
    created_at = models.DateTimeField(auto_now_add=True)

    if TYPE_CHECKING:
        cells: RelatedManager[Generation]

    objects: ClassVar = SheetQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="sheet_of_owner")]

    def __str__(self) -> str:
        return f"{len(self.rows)} by {len(self.columns)} {self.get_kind_display()}"

    def get_absolute_url(self) -> str:
        return reverse("generation:sheet", args=[self.pk])

    @property
    def placed_cells(self) -> "models.QuerySet[Generation]":
        """Return the cells row by row."""
        return self.cells.order_by("row", "column")
